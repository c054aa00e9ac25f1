"""The log as its users see it: appended, read, opened again, refused."""

from __future__ import annotations

import os
import signal
import stat
import threading
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import EvidenceAttached, LogOpened
from holdfast.evidence.merkle import leaf_hash
from holdfast.store import attachments, clock
from holdfast.store.anchor import SLOT_BYTES, Anchor
from holdfast.store.bundle import export, read_bundle
from holdfast.store.opening import open_log
from holdfast.store.places import Outside, state_directory
from holdfast.store.port import Log, LogReader
from tests.holdfast.store.home import Home, phase

DEADLINE_S = 30


def refusal(code: str) -> pytest.RaisesExc[HoldfastError]:
    """Return a block that must raise this code."""
    return pytest.raises(HoldfastError, check=lambda error: error.code == code)


def test_the_first_entry_says_what_log_this_is(home: Home) -> None:
    with home.open() as log:
        first = log.read()[0]
        assert event_of(first) == LogOpened(log.origin, home.key(), "0.1.0")
        assert (first.seq, first.log, first.cause) == (0, log.origin, None)


def test_events_come_back_in_their_order_with_who_and_why(home: Home) -> None:
    with home.open() as log:
        assert log.append([phase("a"), phase("b")], actor="runner", subject="exercise-1") == (1, 2)
        assert log.append([phase("c")], actor="guard", subject="exercise-1", cause=2) == (3,)
        read = log.read(after=0)
        assert [event_of(envelope) for envelope in read] == [phase("a"), phase("b"), phase("c")]
        assert [(envelope.actor, envelope.cause) for envelope in read] == [("runner", None)] * 2 + [("guard", 2)]
        assert {envelope.clock_id for envelope in read} == {clock.clock_id()}
        times = [envelope.mono_us for envelope in log.read()]
        assert times == sorted(times)
        assert [envelope.seq for envelope in log.read(after=1, limit=1)] == [2]
        assert log.read(after=3) == []
        assert log.size() == 4
        assert log.append([], actor="runner", subject="x") == ()


def test_an_append_is_recorded_whole_or_not_at_all(home: Home) -> None:
    with home.open() as log:
        for bad in (replace(phase("x"), detail="x" * 70_000), replace(phase("x"), detail=1.5)):  # type: ignore[arg-type]
            with refusal("HF206"):
                log.append([phase("good"), bad], actor="runner", subject="x")
        for cause in (1, -1, 99):
            with refusal("HF206"):
                log.append([phase("x")], actor="runner", subject="x", cause=cause)
        with refusal("HF206"):
            log.append([phase("x")] * 10_001, actor="runner", subject="x")
        assert log.size() == 1
        assert log.append([phase("next")], actor="runner", subject="x") == (1,)
    assert home.audit().held


def test_threads_readers_and_verification_share_a_log(home: Home) -> None:
    with home.open() as log, home.open() as other:
        taken: list[int] = []

        def work(writer: Log) -> None:
            for _ in range(20):
                taken.extend(writer.append([phase("x")], actor="runner", subject="x"))

        threads = [threading.Thread(target=work, args=(writer,)) for writer in (log, log, other)]
        for thread in threads:
            thread.start()
        seen = 0
        while any(thread.is_alive() for thread in threads):
            page = log.read(after=seen)
            seen = page[-1].seq if page else seen
            audit = home.audit()
            assert audit.held, audit.findings
        for thread in threads:
            thread.join()
        assert sorted(taken) == list(range(1, 61))
    assert home.audit().held


def test_a_reader_neither_blocks_a_writer_nor_waits_for_one(home: Home) -> None:
    with home.open() as log:
        with home.half_written():
            assert [envelope.seq for envelope in log.read()] == [0]  # while somebody else is in the middle of writing
        with log.snapshot() as snapshot:
            first = next(snapshot.entries)
            log.append([phase("meanwhile")], actor="runner", subject="x")  # while somebody else is in mid-reading
            assert [first.seq, *(entry.seq for entry in snapshot.entries)] == [0]
        assert log.size() == 2


def test_a_writer_that_waits_too_long_is_told(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.be_impatient(monkeypatch)
    with home.open() as log:
        with home.half_written(), refusal("HF211"):
            log.append([phase("x")], actor="runner", subject="x")
        assert log.append([phase("x")], actor="runner", subject="x") == (1,)


def test_one_holds_a_log_exclusively_until_it_ends(home: Home) -> None:
    """And neither appends nor readers are concerned."""
    with home.open() as log:
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            with home.open() as other, other.exclusive():
                os.write(writing, b"held")
                signal.pause()
            os._exit(1)
        held = threading.Event()

        def hold() -> None:
            with log.exclusive():
                held.set()

        waiting = threading.Thread(target=hold)
        try:
            assert os.read(reading, 4) == b"held"
            waiting.start()
            assert log.append([phase("meanwhile")], actor="runner", subject="x") == (1,)
            assert len(log.read()) == 2
            assert not held.is_set()
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(reading)
            os.close(writing)
        assert held.wait(DEADLINE_S)
        waiting.join()


def test_where_there_is_no_log_none_is_opened(home: Home) -> None:
    with refusal("HF201"):
        home.open(create=False)
    with refusal("HF201"):
        home.audit()
    assert not list(home.base.iterdir())


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.log.mkdir()
    home.database.write_bytes(b"not a database, but long enough to look at" * 100)
    with refusal("HF211"):
        home.open()
    home.database.unlink()
    other = apsw.Connection(str(home.database))
    other.execute("CREATE TABLE t(x); PRAGMA application_id = 7")
    other.close()
    with refusal("HF202"):
        home.open()
    with refusal("HF202"):
        open_log(tmp_path / "log2", create=True, keys=tmp_path / "log2" / "keys", anchors=tmp_path / "anchors")


@pytest.mark.parametrize("place", ["postgresql+psycopg://u:opensesame@h/db", "postgresql:/u:opensesame@h/db"])
def test_an_address_of_another_kind_is_no_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HoldfastError) as refused:
        open_log(place, create=True, keys=tmp_path / "keys", anchors=tmp_path / "anchors")
    assert refused.value.code == "HF244"
    assert "opensesame" not in f"{refused.value} {refused.value.remedy}"
    assert not list(tmp_path.iterdir())


def test_only_its_owner_can_read_what_holds_personal_data(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with home.open() as log:
        digest = log.conceal("Ada Lovelace")
        export(log, tmp_path / "bundle", personal=True)
        kept = [*home.log.glob("log.sqlite3*"), tmp_path / "bundle" / "aside"]
        assert len(kept) == 4
        assert {
            path.name: stat.S_IMODE(path.stat().st_mode) & 0o077 for path in kept if path.stat().st_mode & 0o077
        } == {}
        assert (tmp_path / "bundle" / "aside" / digest).is_file()


def test_a_log_keeps_its_origin(home: Home) -> None:
    with refusal("HF203"):
        home.open(origin="a b")
    with home.open(origin="bank.example/a") as log:
        assert log.origin == "bank.example/a"
    with home.open() as log:
        assert log.origin == "bank.example/a"
    for origin in ("bank.example/b", "bank example"):
        with refusal("HF203"):
            home.open(origin=origin)


def test_an_acknowledged_log_that_vanished_does_not_begin_again(home: Home) -> None:
    home.open(origin="bank.example/a").close()
    home.vanish()
    with refusal("HF208"):
        home.open(origin="bank.example/a")


def test_the_key_is_private_and_needed_only_to_write(home: Home) -> None:
    home.open().close()
    key = next(home.outside.keys.glob("*.key"))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.outside.keys.stat().st_mode) == 0o700
    key.chmod(0o640)
    with home.open() as log, refusal("HF204"):
        log.append([phase("x")], actor="runner", subject="x")
    key.chmod(0o600)
    content = key.read_bytes()
    key.unlink()
    with home.open() as log:
        assert len(log.read()) == 1
        with refusal("HF204"):
            log.append([phase("x")], actor="runner", subject="x")
    key.write_bytes(b"-----BEGIN NONSENSE-----")
    key.chmod(0o600)
    with home.open() as log, refusal("HF204"):
        log.append([phase("x")], actor="runner", subject="x")
    key.write_bytes(content)
    with home.open() as log:
        assert log.append([phase("x")], actor="runner", subject="x") == (1,)


def test_another_key_does_not_go_on_with_a_log(home: Home, tmp_path: Path) -> None:
    other = home.another(tmp_path / "other")
    for one in (home, other):
        one.open(origin="bank.example/a").close()
    with open_log(home.place, keys=other.outside.keys, anchors=home.outside.anchors) as log, refusal("HF205"):
        log.append([phase("x")], actor="runner", subject="x")


def test_nothing_is_appended_to_another_history_that_took_the_place_of_the_log(home: Home, tmp_path: Path) -> None:
    """A server that failed over to a copy which had not everything yet, and was written on there."""
    with home.open() as log:
        log.append([phase("before")], actor="runner", subject="x")
        log.close()  # PostgreSQL copies a database only while nobody is connected to it
        copy = home.copy(tmp_path / "copy")
        log.append([phase("acknowledged here only")], actor="runner", subject="x")
    with open_log(copy.place, keys=copy.outside.keys, anchors=copy.outside.anchors) as log:
        for anchor in copy.outside.anchors.iterdir():
            anchor.write_bytes((home.outside.anchors / anchor.name).read_bytes())
        with refusal("HF208"):
            log.append([phase("x")], actor="runner", subject="x")
        for anchor in copy.outside.anchors.iterdir():
            anchor.unlink()
        log.append([phase("acknowledged there only")], actor="runner", subject="x")
        log.append([phase("and more")], actor="runner", subject="x")
        for anchor in copy.outside.anchors.iterdir():
            anchor.write_bytes((home.outside.anchors / anchor.name).read_bytes())
        with refusal("HF209"):
            log.append([phase("x")], actor="runner", subject="x")
        assert log.size() == 4


def test_nothing_is_appended_to_a_head_that_was_altered_beneath_an_open_log(home: Home) -> None:
    """The note is the one that was checked before; what lies beside it is not what it signs any more."""
    with home.open() as log:
        log.append([phase("before")], actor="runner", subject="x")
        home.set_frontier(bytes(32))
        with refusal("HF218"):
            log.append([phase("on sand")], actor="runner", subject="x")
        assert log.size() == 2


@pytest.mark.parametrize("grown", [False, True])
def test_what_was_altered_with_the_hash_beside_it_is_not_read(home: Home, *, grown: bool) -> None:
    """Whoever can write rows, but has no key, is not believed: neither at once nor by a reader that follows."""
    home.fill((3, 2))
    forged = b'{"forged":true}'
    with home.open() as log:
        if grown:
            assert len(log.read(limit=2)) == 2
            log.append([phase("more")] * 2, actor="runner", subject="x")
        seq = 8 if grown else 4
        home.sql("UPDATE entry SET data = ?, leaf = ? WHERE seq = ?", forged, leaf_hash(forged), seq)
        with pytest.raises(HoldfastError, match="do not lead to the root that was signed") as refused:
            log.read(after=6 if grown else -1)
        assert refused.value.code == "HF219"


def test_what_nobody_signed_is_not_read(home: Home) -> None:
    home.fill((2,))
    unsigned = b'{"unsigned":true}'
    home.sql("INSERT INTO entry VALUES (4, ?, ?)", leaf_hash(unsigned), unsigned)
    with home.open() as log:
        assert len(log.read(limit=4)) == 4
        with pytest.raises(HoldfastError, match="entry 4 is signed by nobody"):
            log.read()
        home.sql("DELETE FROM entry WHERE seq = 1")
        assert len(log.read(limit=1)) == 1


def test_what_is_read_without_the_key_is_whole_in_itself(home: Home) -> None:
    home.fill((2,))
    for key in home.outside.keys.iterdir():
        key.unlink()
    with home.open(create=False) as log:
        assert len(log.read()) == 4
        with refusal("HF204"):
            log.own_key()
        home.sql("UPDATE entry SET data = ? WHERE seq = 2", b"{}")
        with refusal("HF219"):
            log.read()


def test_attachments_are_kept_by_their_content(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with home.open() as log:
        attachment = log.attach("records/AURUM.ndjson", b"content", "application/x-ndjson")
        assert log.attach("again", b"content", "text/plain").sha256 == attachment.sha256
        assert (attachment.name, attachment.size_bytes) == ("records/AURUM.ndjson", 7)
        assert log.attachment(attachment.sha256) == b"content"
        for name in ("0" * 64, "../../keys/x", "", attachment.sha256.upper()):
            with refusal("HF213"):
                log.attachment(name)
        home.alter_attachment(attachment.sha256, b"cOntent")
        with refusal("HF214"):
            log.attachment(attachment.sha256)
        monkeypatch.setattr(attachments, "ATTACHMENT_LIMIT_BYTES", 6)
        with refusal("HF212"):
            log.attach("large", b"content", "text/plain")
        empty = log.attach("empty", b"", "text/plain")
        assert log.attachment(empty.sha256) == b""
        assert home.kept_attachments() == sorted([attachment.sha256, empty.sha256])


def test_an_attachment_is_synced_before_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    order: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        order.append("sync directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "sync file")
        fsync(descriptor)

    def noted_rename(old: Path, new: Path) -> Path:
        order.append("rename")
        return rename(old, new)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_rename)
    with home.open() as log:
        log.attach("first", b"makes the directory", "text/plain")
        order.clear()
        log.attach("records", b"content", "text/plain")
    assert order == ["sync file", "rename", "sync directory"]


# --- the anchor ---


def test_the_anchor_never_goes_back(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path / "anchors", "bank.example/a")
    assert anchor.read() is None
    for size in (0, 3, 2, 7, 7, 5):
        anchor.advance(size, bytes([size]) * 32, begun_at=0)
    assert anchor.read() == (7, b"\7" * 32, 0)
    with refusal("HF209"):
        anchor.advance(7, b"\1" * 32, begun_at=0)


def test_a_torn_write_leaves_the_state_before_it(tmp_path: Path) -> None:
    anchor = Anchor(tmp_path, "bank.example/a")
    for size in (0, 1, 2):
        anchor.advance(size, bytes([size]) * 32, begun_at=0)
    before = anchor.path.read_bytes()
    anchor.advance(3, b"\3" * 32, begun_at=0)
    after = anchor.path.read_bytes()
    (slot,) = (i for i in (0, SLOT_BYTES) if before[i : i + SLOT_BYTES] != after[i : i + SLOT_BYTES])
    for torn in range(slot, slot + SLOT_BYTES + 1):
        anchor.path.write_bytes(after[:torn] + before[torn:])
        state = anchor.read()
        assert state is not None
        assert state.size in {2, 3}


def test_an_altered_anchor_is_not_taken_for_none(home: Home) -> None:
    home.open().close()
    path = next(home.outside.anchors.iterdir())
    path.write_bytes(path.read_bytes().replace(b"holdfast-anchor", b"holdfast_anchor"))
    with refusal("HF210"):
        home.open()
    assert [finding.code for finding in home.audit().findings] == ["HF210"]


def test_a_lost_anchor_stays_known(home: Home) -> None:
    home.fill((2,))
    next(home.outside.anchors.iterdir()).unlink()
    assert [(found.code, found.severity) for found in home.audit().findings] == [("HF228", "error")]
    with home.open() as log:
        assert not log.anchored()
        log.append([phase("x")], actor="runner", subject="x")
        assert log.anchored()
    audit = home.audit()
    assert audit.held
    assert [(found.code, found.severity) for found in audit.findings] == [("HF228", "warning")]
    assert "size 4" in audit.findings[0].message


# --- the bundle ---


def test_a_bundle_reads_like_the_log(home: Home) -> None:
    home.fill((300, 5, 250))
    bundle = home.base / "new" / "bundle"
    with home.open() as log:
        exported = export(log, bundle)
        copy = read_bundle(bundle)
        assert (exported.checkpoint.size, exported.attachments, exported.problems) == (557, 1, ())
        assert (copy.origin, copy.size()) == (log.origin, log.size())
        for after in (-1, 0, 254, 255, 256, 511, 512, 555, 556, 9999):
            assert copy.read(after, 300) == log.read(after, 300)
        named = event_of(copy.read(555)[0])
        assert isinstance(named, EvidenceAttached)
        assert copy.attachment(named.attachment.sha256) == b'{"op":"offer"}\n'
        with refusal("HF216"):
            export(log, bundle)
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["bundle"]


def test_an_export_says_which_attachments_it_could_not_take(home: Home) -> None:
    home.fill((1,))
    home.drop_attachments()
    with home.open() as log:
        exported = export(log, home.base / "bundle")
    assert [problem.code for problem in exported.problems] == ["HF213"]
    assert exported.attachments == 0


def test_an_altered_log_is_not_exported(home: Home) -> None:
    home.fill((3,))
    home.sql("UPDATE entry SET data = ? WHERE seq = 2", b"\0")
    with home.open() as log, refusal("HF219"):
        export(log, home.base / "bundle")
    assert {path.name for path in home.base.iterdir()} - {"log"} == {"anchors", "keys"}


def test_what_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with refusal("HF215"):
        read_bundle(tmp_path)


def test_both_stores_fit_the_port(home: Home) -> None:
    home.fill((1,))
    log: Log = home.open()
    export(log, home.base / "bundle")
    reader: LogReader = read_bundle(home.base / "bundle")
    assert reader.read() == log.read()
    log.close()


def test_keys_and_anchors_are_found_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("HOLDFAST_STATE", raising=False)
    assert state_directory() == tmp_path / "xdg" / "holdfast"
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    assert Outside.of(tmp_path / "log") == Outside(tmp_path / "state" / "keys", tmp_path / "state" / "anchors")
    monkeypatch.delenv("HOLDFAST_STATE")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory() == tmp_path / ".local" / "state" / "holdfast"


def test_a_machine_goes_by_a_pseudonym(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: set[str] = set()
    for text in ("f81d4fae7dec11d0a76500a0c91e6bf6\n", "f81d4fae7dec11d0a76500a0c91e6bf7\n", None):
        path = tmp_path / str(len(named))
        if text is not None:
            path.write_text(text)
        monkeypatch.setattr(clock, "_MACHINE_ID", path)
        pseudonym = clock.machine_id.__wrapped__()
        assert len(pseudonym) == 16
        assert pseudonym not in (text or "")
        named.add(pseudonym)
    assert len(named) == 3
