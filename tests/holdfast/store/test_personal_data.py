"""Personal data: concealed in the log, readable aside, and really gone once it is erased."""

from __future__ import annotations

import base64
import random
from hashlib import sha256
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import PersonalErased
from holdfast.evidence.notes import VerifierKey
from holdfast.evidence.personal import Concealed
from holdfast.store import aside, database
from holdfast.store.audit import audit_bundle
from holdfast.store.bundle import export, read_bundle
from tests.holdfast.store.home import Home, phase

NAME = "Ada Lovelace, Operations, +44 20 7946 0018"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def refusal(code: str) -> pytest.RaisesExc[HoldfastError]:
    """Return a block that must raise this code."""
    return pytest.raises(HoldfastError, check=lambda error: error.code == code)


def salt_of(home: Home, digest: str) -> bytes:
    """Return the salt as the log keeps it."""
    connection = apsw.Connection(str(home.database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        concealed = aside.find(connection, digest)
        assert concealed is not None
        assert len(concealed.salt) == 32
        assert sha256(concealed.salt + concealed.value).hexdigest() == digest
        return concealed.salt
    finally:
        connection.close()


def found_on_disk(directory: Path, secrets: list[bytes]) -> list[tuple[str, bytes]]:
    """Return which of these bytes, as they are, in hex or in base64, lie in which file below a directory."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    found = []
    for path in files:
        content = path.read_bytes()
        for secret in secrets:
            forms = (secret, secret.hex().encode(), base64.b64encode(secret))
            found += [(path.name, secret) for form in forms if form in content]
    return found


def test_what_is_concealed_is_revealed_by_its_digest_only(home: Home) -> None:
    with home.open() as log:
        assert log.revealed("0" * 64) is None
        first, second = log.conceal(NAME), log.conceal(NAME)
        assert first != second
        assert log.revealed(first) == log.revealed(second) == NAME
        assert log.revealed(first.upper()) is None
        assert log.revealed("") is None
        assert log.conceal("") != log.conceal("")
        assert log.size() == 1
        assert sha256(salt_of(home, first) + NAME.encode()).hexdigest() == first
        with refusal("HF206"):
            log.conceal("\ud800")
    with home.open() as log:
        assert log.revealed(first) == NAME
    assert home.audit().held


def test_nothing_is_kept_aside_that_no_entry_could_name(home: Home) -> None:
    """A machine without the key can record nothing: a name would stay there, and nobody would know its digest."""
    home.open().close()
    next(home.outside.keys.glob("*.key")).unlink()
    with home.open() as log:
        with refusal("HF204"):
            log.conceal(NAME)
        with log.snapshot() as held:
            assert list(held.aside) == []
    assert found_on_disk(home.log, [NAME.encode()]) == []


def test_an_altered_value_is_not_revealed(home: Home) -> None:
    with home.open() as log:
        digest = log.conceal(NAME)
        connection = apsw.Connection(str(home.database))
        connection.execute("UPDATE aside SET value = CAST('Charles Babbage' AS BLOB)")
        connection.close()
        with refusal("HF233"):
            log.revealed(digest)
        with refusal("HF233"):
            export(log, home.base / "bundle", personal=True)
        assert not (home.base / "bundle").exists()


def test_what_is_erased_is_gone_from_every_file(home: Home) -> None:
    with home.open() as log:
        digest, kept = log.conceal(NAME), log.conceal("Charles Babbage")
        log.append([phase(f"called by {digest}")], actor="runner", subject="exercise-1")
        secrets = [NAME.encode(), salt_of(home, digest)]
        assert {secret for _, secret in found_on_disk(home.base, secrets)} == set(secrets)
        seq = log.erase([digest, digest], why="retention ended", by="privacy-officer")
        assert found_on_disk(home.base, secrets) == []
        entry = log.read(after=seq - 1)[0]
        assert event_of(entry) == PersonalErased((digest,), "retention ended")
        assert (entry.kind, entry.actor, entry.subject) == ("personal.erased", "privacy-officer", log.origin)
        assert log.revealed(digest) is None
        assert log.revealed(kept) == "Charles Babbage"
        assert found_on_disk(home.base, [b"Charles Babbage"])
    assert found_on_disk(home.base, secrets) == []
    assert home.audit().held


@given(
    lengths=st.lists(st.integers(10, 6000), min_size=1, max_size=60),
    seed=st.integers(0, 2**32),
    at_a_time=st.integers(1, 20),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_stays_whatever_the_sizes_and_the_order(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], seed: int, at_a_time: int
) -> None:
    """Values of a few bytes share a page, large ones take several: neither leaves a copy anywhere."""
    home, dice = Home(tmp_path_factory.mktemp("home")), random.Random(seed)
    with home.open() as log:
        texts = [
            f"{number:04d}{dice.randbytes(length // 2).hex()}"[: max(length, 10)]
            for number, length in enumerate(lengths)
        ]
        digests = {log.conceal(text): text for text in texts}
        secrets = {digest: [text.encode()[:40], salt_of(home, digest)] for digest, text in digests.items()}
        order = list(digests)
        dice.shuffle(order)
        leaving = order[: len(order) // 2 + 1]
        for part in (leaving[first : first + at_a_time] for first in range(0, len(leaving), at_a_time)):
            log.erase(part, why="asked", by="tester")
            gone = [secret for digest in part for secret in secrets[digest]]
            assert found_on_disk(home.base, gone) == []
        for digest in order:
            assert log.revealed(digest) == (None if digest in leaving else digests[digest])


@pytest.mark.parametrize("seed", range(12))
def test_nothing_stays_of_hundreds_that_share_pages(tmp_path: Path, seed: int) -> None:
    """Were rows deleted, SQLite would merge pages: for some of these seeds a value that was erased would then stay."""
    dice = random.Random(seed)
    (tmp_path / "file").touch()
    connection = database.connect(tmp_path / "file", write=True)
    connection.pragma("journal_mode", "WAL")
    connection.pragma("synchronous", "OFF")
    sizes = (dice.choice([20, 60, 200, 900]) for _ in range(300))
    values = [Concealed.of(dice.randbytes(size).hex()[:size], dice.randbytes(32)) for size in sizes]
    for concealed in values:
        aside.keep(connection, concealed)
    dice.shuffle(values)
    for concealed in values[:250]:
        aside.overwrite(connection, [concealed.digest])
    aside.scrub(connection)
    gone = [secret for concealed in values[:250] for secret in (concealed.salt, concealed.value)]
    assert found_on_disk(tmp_path, gone) == []
    assert sorted(kept.digest for kept in aside.kept(connection)) == sorted(each.digest for each in values[250:])
    connection.close()


def test_erasing_is_all_or_none(home: Home) -> None:
    with home.open() as log:
        for digests in ([], ["0" * 64]):
            with refusal("HF234"):
                log.erase(digests, why="asked", by="tester")
        digest = log.conceal(NAME)
        with refusal("HF234"):
            log.erase([digest, "0" * 64], why="asked", by="tester")
        with refusal("HF206"):
            log.erase([digest], why="x" * 70_000, by="tester")
        assert log.revealed(digest) == NAME
        assert log.size() == 1
        assert log.erase([digest], why="asked", by="tester") == 1
        assert log.erase([digest], why="asked again", by="tester") == 2


def test_somebody_who_still_reads_an_older_state_is_named(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    with home.open() as log:
        digest = log.conceal(NAME)
        with log.snapshot() as held:
            next(held.entries)
            with refusal("HF235"):
                log.erase([digest], why="asked", by="tester")
        assert log.size() == 1
        log.erase([digest], why="asked", by="tester")
    assert found_on_disk(home.base, [NAME.encode()]) == []


def test_an_erasure_that_was_interrupted_before_the_end_is_finished_by_doing_it_again(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded, and the bytes are still in the write-ahead log: nobody was told that they are gone."""
    scrub = aside.scrub
    scrubbed: list[apsw.Connection] = []

    def once(connection: apsw.Connection) -> None:
        if scrubbed:
            raise KeyboardInterrupt
        scrubbed.append(connection)
        scrub(connection)

    with home.open() as log:
        digest = log.conceal(NAME)
        with monkeypatch.context() as interrupted:
            interrupted.setattr(aside, "scrub", once)
            with pytest.raises(KeyboardInterrupt):
                log.erase([digest], why="asked", by="tester")
        assert found_on_disk(home.base, [NAME.encode()])
        assert log.revealed(digest) is None
        assert event_of(log.read()[-1]) == PersonalErased((digest,), "asked")
        log.erase([digest], why="asked, and interrupted", by="tester")
        assert found_on_disk(home.base, [NAME.encode()]) == []
    assert home.audit().held


def test_a_bundle_carries_personal_data_only_if_asked(home: Home) -> None:
    with home.open() as log:
        digest, erased = log.conceal(NAME), log.conceal("Charles Babbage")
        log.append([phase(digest)], actor="runner", subject="exercise-1")
        log.erase([erased], why="asked", by="tester")
        assert export(log, home.base / "plain").personal == 0
        assert export(log, home.base / "told", personal=True).personal == 1
    key = VerifierKey.parse(home.key())
    plain, told = read_bundle(home.base / "plain"), read_bundle(home.base / "told")
    assert plain.revealed(digest) is None
    assert found_on_disk(home.base / "plain", [NAME.encode()]) == []
    assert told.revealed(digest) == NAME
    assert told.revealed(erased) is None
    assert told.revealed("../checkpoint") is None
    assert audit_bundle(home.base / "told", key).findings == ()
    path = home.base / "told" / "aside" / digest
    path.write_bytes(path.read_bytes() + b".")
    with refusal("HF233"):
        told.revealed(digest)
    assert [(found.code, found.place) for found in audit_bundle(home.base / "told", key).findings] == [
        ("HF232", f"aside/{digest}")
    ]


def test_a_log_from_before_there_was_anything_aside(home: Home) -> None:
    """The table comes with the first value, so a log that was begun without it takes one too."""
    home.fill((2,))
    connection = apsw.Connection(str(home.database))
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    connection.close()
    assert tables == {"entry", "checkpoint", "frontier"}
    with home.open() as log:
        assert log.revealed("0" * 64) is None
        with log.snapshot() as held:
            assert list(held.aside) == []
        assert log.revealed(log.conceal(NAME)) == NAME
        with log.snapshot() as held:
            assert [concealed.text() for concealed in held.aside] == [NAME]
