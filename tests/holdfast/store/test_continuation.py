"""Going on in a new log where an older one is refused: the link holds, and what was lost is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import apsw
import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope, body_of, decode, encode, event_of
from holdfast.evidence.events import Continued, LogOpened, PersonalErased
from holdfast.evidence.notes import VerifierKey, read_checkpoint
from holdfast.store.audit import Audit, audit_bundle, audit_log
from holdfast.store.bundle import export
from holdfast.store.continuation import continued, erase_in_older, with_link
from holdfast.store.keys import load_key
from holdfast.store.opening import open_log
from holdfast.store.succession import name_successor
from tests.holdfast.store.home import Home, codes, phase


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a log of which five entries are left, restored from a backup; eight were acknowledged."""
    home = Home(tmp_path)
    home.fill((3,))
    with home.open() as log:
        export(log, tmp_path / "bundle")
    shutil.copytree(home.log, tmp_path / "backup")
    with home.open() as log:
        log.append([phase("lost")] * 3, actor="tester", subject="s")
        export(log, tmp_path / "newer")
    shutil.rmtree(home.log)
    (tmp_path / "backup").rename(home.log)
    return home


def refusal(code: str) -> pytest.RaisesExc[HoldfastError]:
    """Return a block that must raise this code."""
    return pytest.raises(HoldfastError, check=lambda error: error.code == code)


def go_on(home: Home, old: Path, why: str | None = None) -> Continued:
    """Begin the new log and return what its first entry says of the older one."""
    link = continued(old, None, home.outside, why)
    outside = home.outside
    open_log(new(home), create=True, keys=outside.keys, anchors=outside.anchors, continues=link).close()
    with open_log(new(home), keys=outside.keys, anchors=outside.anchors) as log:
        first = event_of(log.read(limit=1)[0])
    assert isinstance(first, LogOpened)
    assert first.continues == link
    return link


def new(home: Home) -> Path:
    return home.base / "new"


def audit(home: Home) -> Audit:
    return audit_log(new(home), None, home.outside)


def test_a_restored_log_is_continued_and_what_is_missing_is_said(home: Home) -> None:
    with refusal("HF208"):
        home.open()
    link = go_on(home, home.log)
    key = VerifierKey.parse(home.key())
    checkpoint = read_checkpoint(link.checkpoint.encode(), key)
    assert (link.origin, link.size, link.root) == (checkpoint.origin, 5, checkpoint.root.hex())
    assert (link.acknowledged, link.missing) == (8, 3)
    assert link.why.startswith("HF208 the log has 5 entries, but 8 were acknowledged")
    verified = audit(home)
    assert verified.held
    assert verified.continues == link
    assert with_link(verified, home.log, home.outside).findings == ()
    assert with_link(verified, home.base / "bundle", home.outside).findings == ()
    with refusal("HF208"):
        home.open()


def test_the_new_log_goes_on(home: Home) -> None:
    go_on(home, home.log)
    outside = home.outside
    with open_log(new(home), keys=outside.keys, anchors=outside.anchors) as log:
        assert log.origin != VerifierKey.parse(home.key()).name
        assert log.append([phase("x")], actor="tester", subject="s") == (1,)
        export(log, home.base / "exported")
    key = VerifierKey.parse((outside.keys / f"{log.origin.replace('/', '%2F')}.vkey").read_text())
    exported = audit_bundle(home.base / "exported", key)
    assert exported.held
    assert exported.continues is not None
    assert with_link(exported, home.log, outside).held


def test_a_log_of_which_only_a_bundle_is_left(home: Home) -> None:
    shutil.rmtree(home.log)
    link = go_on(home, home.base / "bundle", "the disk is gone")
    assert (link.size, link.missing, link.why) == (5, 3, "the disk is gone")
    assert with_link(audit(home), home.base / "bundle", home.outside).held


def test_without_an_anchor_nobody_knows_what_is_missing(home: Home) -> None:
    next(home.outside.anchors.iterdir()).unlink()
    link = go_on(home, home.log)
    assert (link.acknowledged, link.missing) == (None, 0)
    assert link.why.startswith("HF228")


def test_the_last_good_checkpoint_lies_before_what_was_altered(home: Home) -> None:
    connection = apsw.Connection(str(home.database))
    connection.execute("UPDATE entry SET data = x'00', leaf = x'00' WHERE seq = 4")
    connection.close()
    link = go_on(home, home.log)
    assert (link.size, link.missing) == (4, 4)
    assert link.why.startswith("HF223")
    assert with_link(audit(home), home.base / "bundle", home.outside).held


def test_a_newer_copy_that_turns_up_is_pointed_out(home: Home) -> None:
    go_on(home, home.log)
    verified = with_link(audit(home), home.base / "newer", home.outside)
    assert verified.held
    assert [(found.code, found.severity) for found in verified.findings] == [("HF241", "warning")]
    assert "3 entries after the 5" in verified.findings[0].message


def test_another_history_is_not_what_is_continued(home: Home) -> None:
    go_on(home, home.log)
    for statement in ("UPDATE entry SET data = x'00' WHERE seq = 2", "DELETE FROM entry WHERE seq >= 4"):
        connection = apsw.Connection(str(home.database))
        connection.execute(statement)
        connection.close()
        verified = with_link(audit(home), home.log, home.outside)
        assert codes(verified) == {"HF241"}
    other = Home(home.base / "elsewhere")
    other.fill((9,))
    assert codes(with_link(audit(home), other.log, home.outside)) == {"HF241"}
    with refusal("HF201"):
        with_link(audit(home), home.base / "nothing", home.outside)


def test_a_log_that_continues_none(home: Home) -> None:
    other = Home(home.base / "elsewhere")
    other.fill((1,))
    verified = other.audit()
    assert verified.continues is None
    assert codes(with_link(verified, home.log, home.outside)) == {"HF241"}


def test_a_link_that_says_other_than_its_checkpoint(home: Home) -> None:
    """Whoever wrote the new log signed this; the older log's key did not."""
    link = continued(home.log, None, home.outside)
    outside = home.outside
    older = home.sql("SELECT note FROM checkpoint WHERE size = 4")[0][0]
    assert isinstance(older, bytes)
    lies = (
        (Continued(link.origin, link.size, link.root, older.decode(), "x"), "HF241"),
        (Continued(link.origin, 4, link.root, link.checkpoint, "x"), "HF241"),
        (Continued(link.origin, link.size, "00" * 32, link.checkpoint, "x"), "HF241"),
        (Continued(link.origin, 5, link.root, link.checkpoint.replace("\n5\n", "\n6\n"), "x"), "HF221"),
    )
    for number, (lie, code) in enumerate(lies):
        place = home.base / f"new-{number}"
        for mark in outside.anchors.glob("*.continued"):
            mark.unlink()
        open_log(place, create=True, keys=outside.keys, anchors=outside.anchors, continues=lie).close()
        assert code in codes(with_link(audit_log(place, None, outside), home.log, outside))


def test_a_reader_without_the_older_key_is_told(home: Home) -> None:
    go_on(home, home.log)
    (verifier,) = (path for path in home.outside.keys.glob("*.vkey") if path.read_text().strip() == home.key())
    verifier.unlink()
    verified = with_link(audit(home), home.log, home.outside)
    assert verified.held
    assert [(found.code, found.severity) for found in verified.findings] == [("HF220", "warning")]
    with refusal("HF240"):
        continued(home.log, None, home.outside)


def test_nothing_that_is_signed_is_nothing_to_go_on_from(home: Home) -> None:
    connection = apsw.Connection(str(home.database))
    connection.execute("UPDATE entry SET data = x'00', leaf = x'00' WHERE seq = 0")
    connection.close()
    with refusal("HF240"):
        continued(home.log, None, home.outside)
    with refusal("HF201"):
        continued(home.base / "nothing", None, home.outside)


def test_a_log_that_exists_continues_no_other(home: Home) -> None:
    link = go_on(home, home.log)
    outside = home.outside
    with refusal("HF239"):
        open_log(new(home), create=True, keys=outside.keys, anchors=outside.anchors, continues=link)


def test_an_opening_without_a_link_keeps_its_bytes() -> None:
    """An entry as every version wrote it before there was such a member."""
    opened = LogOpened("bank.example/a", "key", "0.1.0")
    assert body_of(opened) == {"origin": "bank.example/a", "verifier_key": "key", "version": "0.1.0"}
    old = (
        b'{"actor":"holdfast","at_utc_us":1,"body":{"origin":"bank.example/a","verifier_key":"key","version":"0.1.0"},'
        b'"cause":null,"clock_id":"boot","kind":"log.opened","log":"bank.example/a","mono_us":2,"os_user":"u","seq":0,'
        b'"subject":"bank.example/a","v":1}'
    )
    assert event_of(decode(old)) == opened
    assert encode(decode(old)) == old
    envelope = decode(old)
    again = Envelope(**{**{name: getattr(envelope, name) for name in Envelope.__slots__}, "body": body_of(opened)})
    assert encode(again) == old
    link = Continued("o", 1, "00", "note", "why")
    assert json.loads(encode(decode(old)))["body"] == body_of(opened)
    assert body_of(LogOpened("o", "k", "v", link))["continues"] == {
        "origin": "o",
        "size": 1,
        "root": "00",
        "checkpoint": "note",
        "why": "why",
    }


def test_a_log_has_one_successor_and_then_ends(home: Home) -> None:
    """Also one that is in order: whoever gives up its key or its server says why."""
    sound = home.another(home.base / "sound")
    sound.fill((1,))
    outside = sound.outside
    with refusal("HF247"):
        continued(sound.place, None, outside)
    link = continued(sound.place, None, outside, "its key is in other hands")
    keys, anchors = outside.keys, outside.anchors
    with sound.open() as log:
        for elsewhere, code in ((anchors, "HF208"), (home.base / "other-anchors", "HF203")):
            with refusal(code):
                open_log(
                    home.base / "own", create=True, origin=log.origin, keys=keys, anchors=elsewhere, continues=link
                )
        assert log.append([phase("until here")], actor="tester", subject="s")
        open_log(home.base / "first", create=True, keys=keys, anchors=anchors, continues=link).close()
        with refusal("HF246"):
            log.append([phase("a fork")], actor="tester", subject="s")
        with refusal("HF246"):
            open_log(home.base / "second", create=True, keys=keys, anchors=anchors, continues=link)
        assert len(log.read()) == 4
    with sound.open() as log, refusal("HF246"):
        log.append([phase("a fork")], actor="tester", subject="s")


def test_a_continuation_that_was_interrupted_before_it_began_is_taken_up(home: Home) -> None:
    link = continued(home.log, None, home.outside)
    name_successor(home.outside, link.origin, "bank.example/never-began")
    assert go_on(home, home.log).origin == link.origin
    with refusal("HF246"):
        name_successor(home.outside, link.origin, "bank.example/another")


def test_personal_data_of_a_restored_log_is_erased_by_its_successor(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    with other.open() as log:
        digest, kept = log.conceal("Ada Lovelace"), log.conceal("Charles Babbage")
    shutil.copytree(other.log, tmp_path / "copy")
    with other.open() as log:
        log.erase([digest], why="asked", by="privacy-officer")
    shutil.rmtree(other.log)
    (tmp_path / "copy").rename(other.log)
    with refusal("HF208"):
        other.open()
    with open_log(other.place, keys=other.outside.keys, anchors=other.outside.anchors, reading=True) as log:
        assert log.revealed(digest) == "Ada Lovelace"
        with refusal("HF208"):
            log.erase([digest], why="asked again", by="privacy-officer")
    go_on(other, other.log)
    outside = other.outside
    with open_log(new(other), keys=outside.keys, anchors=outside.anchors) as log:
        for wrong in ([], ["0" * 64], [digest, "0" * 64]):
            with refusal("HF234"):
                erase_in_older(log, other.place, wrong, "asked", "privacy-officer")
        with refusal("HF206"):
            erase_in_older(log, other.place, [digest], "x" * 70_000, "privacy-officer")
        with refusal("HF241"):
            erase_in_older(log, str(home.log), [digest], "asked", "privacy-officer")
        assert log.size() == 1
        assert erase_in_older(log, other.place, [digest, digest], "restored, asked before", "privacy-officer") == 1
        assert event_of(log.read()[-1]) == PersonalErased((digest,), "restored, asked before")
    assert not [path for path in other.log.rglob("*") if path.is_file() and b"Ada" in path.read_bytes()]
    with open_log(other.place, keys=outside.keys, anchors=outside.anchors, reading=True) as log:
        assert (log.revealed(digest), log.revealed(kept)) == (None, "Charles Babbage")


def test_the_key_of_the_older_log_can_be_given(home: Home) -> None:
    key = load_key(home.outside.keys, VerifierKey.parse(home.key()).name).key
    for path in home.outside.keys.glob("*.vkey"):
        path.unlink()
    for old in (home.log, home.base / "bundle"):
        assert continued(old, key, home.outside, "the disk is gone").size == 5
