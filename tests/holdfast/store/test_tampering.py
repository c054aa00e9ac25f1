"""Whoever alters a log without its key is found out; what is not found is stated as well, by a test."""

# ruff: noqa: S608 -- the statements are made of constants
from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.errors import HoldfastError
from holdfast.evidence import tiles
from holdfast.evidence.merkle import Frontier, leaf_hash
from holdfast.evidence.notes import Checkpoint, Signer, VerifierKey
from holdfast.store import verify_bundle
from holdfast.store.audit import audit_bundle
from holdfast.store.bundle import export, read_bundle
from holdfast.store.keys import load_key
from tests.holdfast.store.conftest import Homes
from tests.holdfast.store.home import FULL, Home, codes, phase

APPENDS = (3, 1, 4)  # after entry 0; then one that names an attachment: checkpoints at 1, 4, 5, 9, 10
SIZES = (1, 4, 5, 9, 10)
Change = str | tuple[str, *tuple[object, ...]]  # a statement, and its values if there are any


@pytest.fixture(scope="module")
def home(homes: Homes, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = homes(tmp_path_factory.mktemp("home"))
    home.fill(APPENDS)
    with home.open() as log:
        export(log, home.base / "bundle")
    return home


@pytest.fixture
def copy(home: Home, tmp_path: Path) -> Iterator[Home]:
    made = home.copy(tmp_path / "copy")
    yield made
    made.leave()


def change(home: Home, *changes: Change) -> list[str]:
    """Alter the database and return what verification finds, as 'code place'."""
    for each in changes:
        home.sql(*((each,) if isinstance(each, str) else each))
    return found(home)


def found(home: Home) -> list[str]:
    return [f"{finding.code} {finding.place}" for finding in home.audit().findings]


@given(cell=st.integers(0, 10_000), row=st.integers(0, 10_000), where=st.integers(0, 10_000), mask=st.integers(1, 255))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_byte_of_any_row_is_found_and_named(home: Home, cell: int, row: int, where: int, mask: int) -> None:
    table, key, column = home.cells[cell % len(home.cells)]
    ((many,),) = home.sql(f"SELECT count(*) FROM {table}")
    ((row,),) = home.sql(f"SELECT {key} FROM {table} ORDER BY {key} LIMIT 1 OFFSET ?", row % many)
    ((content,),) = home.sql(f"SELECT {column} FROM {table} WHERE {key} = ?", row)
    altered = bytearray(content)
    altered[where % len(content)] ^= mask
    update = f"UPDATE {table} SET {column} = ? WHERE {key} = ?"
    findings = change(home, (update, bytes(altered), row))
    home.sql(update, content, row)
    expected = {
        "leaf": f"HF224 entry {row}",
        "data": f"HF222 entry {row}",
        "note": f"HF221 checkpoint {row}",
        "hashes": "HF218 frontier",
        "frontier": "HF218 frontier",
    }[column]
    assert expected in findings
    named = {finding for finding in findings if finding[:5] in {"HF222", "HF223", "HF224"}}
    assert named <= {expected}


def test_the_untouched_log_holds(home: Home) -> None:
    assert home.audit().findings == ()


@pytest.mark.parametrize("seq", range(10))
def test_a_dropped_entry_is_named(copy: Home, seq: int) -> None:
    assert f"HF225 entry {seq}" in change(copy, f"DELETE FROM entry WHERE seq = {seq}")


@pytest.mark.parametrize("number", range(5))
def test_a_dropped_checkpoint_is_found(copy: Home, number: int) -> None:
    findings = change(copy, f"DELETE FROM checkpoint WHERE number = {number}")
    assert findings[0] == ("HF226 entry 9" if number == 4 else f"HF225 checkpoint {number + 1}")


def test_a_superseded_checkpoint_dropped_and_renumbered_is_not_found(copy: Home) -> None:
    """It is no evidence of its own: it only narrows down where a change lies."""
    later = "UPDATE checkpoint SET number = number - 1 WHERE number = "
    assert change(copy, "DELETE FROM checkpoint WHERE number = 2", f"{later} 3", f"{later} 4") == []


def test_swapped_bytes_are_both_named(copy: Home) -> None:
    swap = "UPDATE entry SET data = old.data FROM (SELECT seq, data FROM entry) AS old WHERE old.seq = 9 - entry.seq"
    assert change(copy, f"{swap} AND entry.seq IN (2, 7)") == ["HF222 entry 2", "HF222 entry 7"]


def test_swapped_rows_lie_between_two_checkpoints(copy: Home) -> None:
    findings = change(
        copy,
        "UPDATE entry SET seq = 99 WHERE seq = 6",
        "UPDATE entry SET seq = 6 WHERE seq = 8",
        "UPDATE entry SET seq = 8 WHERE seq = 99",
    )
    assert findings[0] == "HF223 entries 5 to 8"


def test_an_entry_altered_with_its_stored_hash_lies_between_two_checkpoints(copy: Home) -> None:
    forged = b'{"forged":true}'
    update = "UPDATE entry SET data = ?, leaf = ? WHERE seq = 7"
    assert change(copy, (update, forged, leaf_hash(forged)))[0] == "HF223 entries 5 to 8"


def test_every_problem_is_shown_at_once(copy: Home) -> None:
    copy.set_frontier(b"\0")
    findings = change(
        copy,
        ("UPDATE entry SET data = ? WHERE seq = 1", b"\0"),
        ("UPDATE entry SET leaf = ? WHERE seq = 4", b"\0"),
        "DELETE FROM checkpoint WHERE number = 3",
    )
    assert findings == ["HF225 checkpoint 4", "HF222 entry 1", "HF224 entry 4", "HF218 frontier"]


@pytest.mark.parametrize("size", range(1, 10))
def test_a_cut_off_end_is_found(copy: Home, size: int) -> None:
    findings = change(copy, f"DELETE FROM entry WHERE seq >= {size}")
    missing = f"entry {size}" if size + 1 in SIZES else f"entries {size} to {next(s for s in SIZES if s > size) - 1}"
    assert findings[0] == f"HF225 {missing}"
    assert "HF208 anchor" in findings


@pytest.mark.parametrize("size", SIZES[:-1])
def test_an_older_copy_is_refused_and_explained(copy: Home, size: int) -> None:
    copy.rewind(size)
    assert found(copy) == ["HF208 anchor"]
    with pytest.raises(HoldfastError, match=f"has {size} entries, but 10 were acknowledged.*older backup") as refused:
        copy.open()
    assert refused.value.code == "HF208"
    assert "bring back the newer copy" in refused.value.remedy


def rewrite(home: Home, signer: Signer, size: int = 11) -> None:
    """Make the log another history that this key signed: consistent in itself, entry 2 is a lie."""
    lie = [b'{"lie":%d}' % seq for seq in range(size)]
    frontier = Frontier().extended(leaf_hash(data) for data in lie)
    home.rewrite(lie, frontier, signer.sign(Checkpoint(signer.key.name, size, frontier.root())))


def test_a_rewrite_with_another_key_is_found(copy: Home) -> None:
    origin = VerifierKey.parse(copy.key()).name
    rewrite(copy, Signer.of(origin, Ed25519PrivateKey.generate()))
    assert found(copy)[0] == "HF221 checkpoint 0"


def test_a_rewrite_with_the_key_is_found_only_against_an_anchor_or_a_bundle(copy: Home) -> None:
    origin = VerifierKey.parse(copy.key()).name
    rewrite(copy, load_key(copy.outside.keys, origin))
    assert found(copy) == ["HF209 anchor"]
    with pytest.raises(HoldfastError, match="another history"):
        copy.open()

    # This is what is NOT found: whoever has the key and removes the anchor can write any history.
    for anchor in copy.outside.anchors.iterdir():
        anchor.unlink()
    assert found(copy) == ["HF228 anchor"]

    # A bundle that left the house before tells.
    assert codes(copy.audit(copy.base / "bundle")) == {"HF228", "HF231"}


def test_an_entry_without_a_checkpoint_is_signed_by_nobody(copy: Home) -> None:
    assert change(copy, ("INSERT INTO entry VALUES (10, ?, ?)", b"\0", b"\0"))[0] == "HF226 entry 10"


def test_nothing_is_appended_to_an_altered_head(copy: Home) -> None:
    copy.set_frontier(bytes(64))
    with copy.open() as log, pytest.raises(HoldfastError) as refused:
        log.append([phase("on sand")], actor="tester", subject="s")
    assert refused.value.code == "HF218"
    assert found(copy) == ["HF218 frontier"]


def test_an_altered_entry_is_not_read_as_if_it_were_good(copy: Home) -> None:
    change(copy, "UPDATE entry SET data = (SELECT data FROM entry WHERE seq = 3) WHERE seq = 2")
    with copy.open() as log:
        assert [envelope.seq for envelope in log.read(limit=2)] == [0, 1]
        with pytest.raises(HoldfastError, match="entry 2 was altered"):
            log.read()


# --- the bundle, and the verifier that shares nothing with us ---


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("small"))
    home.fill((1,))
    with home.open() as log:
        export(log, home.base / "bundle")
    return home


def agree(bundle: Path, key: str | None) -> bool:
    """Return whether a bundle holds; both verifiers must say the same."""
    ours = audit_bundle(bundle, None if key is None else VerifierKey.parse(key))
    theirs = verify_bundle.verify(bundle, key)
    assert ours.held == (not theirs), (ours.findings, theirs)
    return ours.held


def committed(bundle: Path) -> list[Path]:
    return sorted(path for path in bundle.rglob("*") if path.is_file() and path.name != "verify.py")


def test_every_byte_of_a_bundle_counts(small: Home) -> None:
    bundle, key = small.base / "bundle", small.key()
    assert agree(bundle, key)
    assert not agree(bundle, None)
    for path in committed(bundle):
        path.chmod(0o644)
        content = path.read_bytes()
        for position in range(len(content)):
            for mask in (1, 32, 128) if FULL else (1 << position % 8,):
                altered = bytearray(content)
                altered[position] ^= mask
                path.write_bytes(altered)
                assert not agree(bundle, key), (path, position, mask)
        path.write_bytes(content)
    assert agree(bundle, key)


def test_every_missing_cut_or_longer_file_of_a_bundle_is_found(small: Home) -> None:
    bundle, key = small.base / "bundle", small.key()
    for path in committed(bundle):
        path.chmod(0o644)
        content = path.read_bytes()
        for altered in (content[:-1], content + b"\n", b"", content * 2):
            path.write_bytes(altered)
            assert not agree(bundle, key), path
        path.unlink()
        if path.name == "checkpoint":
            with pytest.raises(HoldfastError, match="cannot be read"):
                audit_bundle(bundle, None)
            assert verify_bundle.verify(bundle, key)
        else:
            assert not agree(bundle, key), path
        path.write_bytes(content)
    assert agree(bundle, key)


def signed_by_a_stranger(directory: Path, entries: list[bytes], size: int | None = None) -> str:
    """Write a bundle of these entries that a key of its own signs, whatever they are; return that key."""
    signer = Signer.of("stranger.example/log", Ed25519PrivateKey.generate())
    leaves = [leaf_hash(data) for data in entries]
    for path, content in (*tiles.entry_bundles(entries), *tiles.hash_tiles(leaves)):
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(content)
    root = Frontier().extended(leaves).root()
    (directory / "checkpoint").write_bytes(signer.sign(Checkpoint(signer.key.name, size or len(entries), root)))
    return str(signer.key)


def test_a_checkpoint_may_claim_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as far as there are entries, and no further: not for as many as it claims."""
    paths = tiles.bundle_paths

    def few(size: int) -> Iterator[tuple[str, str, int]]:
        for number, path in enumerate(paths(size)):
            assert number < 3, "more paths are gone through than there are files"
            yield path

    monkeypatch.setattr(tiles, "bundle_paths", few)
    key = signed_by_a_stranger(tmp_path, [b"{}"], size=10**18)
    assert not agree(tmp_path, key)
    assert not agree(tmp_path, None)


def test_both_verifiers_say_the_same_of_odd_entries(tmp_path: Path) -> None:
    digest, another = sha256(b"x").hexdigest(), "0" * 64

    def named(digest: str, size: int, name: object = "a") -> dict[str, object]:
        return {"name": name, "sha256": digest, "size_bytes": size, "media_type": "text/plain"}

    for number, (entry, held) in enumerate(
        (
            (b"not JSON", True),
            (json.dumps(named(another, 1)).encode("utf-16"), True),
            (json.dumps(named("no digest", 1)).encode(), True),
            (json.dumps(named(another, 1, name=7)).encode(), True),
            (json.dumps(named(digest, 1)).encode(), True),
            (json.dumps([named(digest, 2), named(digest, 1)]).encode(), False),
            (json.dumps(named(another, 1)).encode(), False),
        )
    ):
        bundle = tmp_path / str(number)
        key = signed_by_a_stranger(bundle, [entry])
        (bundle / "attachments").mkdir()
        (bundle / "attachments" / digest).write_bytes(b"x")
        assert agree(bundle, key) is held, entry


def test_a_pipe_in_a_bundle_is_not_waited_for(small: Home, tmp_path: Path) -> None:
    shutil.copytree(small.base / "bundle", tmp_path / "bundle")
    for name in ("tile/entries/000.p/3", "tile/0/000.p/3"):
        file = tmp_path / "bundle" / name
        content = file.read_bytes()
        file.unlink()
        os.mkfifo(file)
        assert not agree(tmp_path / "bundle", small.key())
        file.unlink()
        file.write_bytes(content)
    (tmp_path / "bundle" / "tile/0/000.p/3").write_bytes(bytes(10_000))
    assert not agree(tmp_path / "bundle", small.key())


def test_a_bundle_is_held_against_an_older_one(copy: Home, tmp_path: Path) -> None:
    key = VerifierKey.parse(copy.key())
    with copy.open() as log:
        log.append([phase("later")] * 2, actor="tester", subject="s")
        export(log, tmp_path / "newer")
    older, newer = copy.base / "bundle", tmp_path / "newer"
    assert audit_bundle(newer, key, older).findings == ()
    assert audit_bundle(older, key, older).findings == ()
    assert codes(audit_bundle(older, key, newer)) == {"HF231"}
    other = signed_by_a_stranger(tmp_path / "other", [b"{}"])
    assert "HF221" in codes(audit_bundle(newer, key, tmp_path / "other"))
    assert "HF221" in codes(audit_bundle(newer, VerifierKey.parse(other), older))
    rewrite(copy, load_key(copy.outside.keys, key.name), size=12)
    for anchor in copy.outside.anchors.iterdir():
        anchor.unlink()
    with copy.open() as log:
        export(log, tmp_path / "rewritten")
    assert audit_bundle(tmp_path / "rewritten", key).held
    assert codes(audit_bundle(tmp_path / "rewritten", key, older)) == {"HF231"}


def test_a_machine_without_an_anchor_is_told_how_far_a_bundle_confirms_the_log(copy: Home) -> None:
    for anchor in copy.outside.anchors.iterdir():
        anchor.unlink()
    assert found(copy) == ["HF228 anchor"]
    assert not copy.audit().held
    audit = copy.audit(copy.base / "bundle")
    assert audit.held
    assert [(each.code, each.severity) for each in audit.findings] == [("HF228", "warning")]
    assert "up to size 10" in audit.findings[0].message


def test_another_key_does_not_verify_it(small: Home, home: Home) -> None:
    assert not agree(small.base / "bundle", home.key())
    name = VerifierKey.parse(small.key()).name
    other = Signer.of(name, Ed25519PrivateKey.generate())
    assert not agree(small.base / "bundle", str(other.key))


def test_a_bundle_altered_with_its_hashes_names_the_whole_interval(copy: Home) -> None:
    bundle = copy.base / "bundle"
    tile = bundle / "tile/0/000.p/10"
    tile.write_bytes(bytes(len(tile.read_bytes())))
    entries = bundle / "tile/entries/000.p/10"
    entries.write_bytes(entries.read_bytes().replace(b'"0.1"', b'"9.9"'))
    audit = audit_bundle(bundle, VerifierKey.parse(copy.key()))
    assert (audit.findings[0].code, audit.findings[0].place) == ("HF223", "entries 0 to 9")
    with pytest.raises(HoldfastError, match="was altered"):
        read_bundle(bundle)


def test_an_altered_entry_or_tile_of_a_larger_bundle_is_named_alone(tmp_path: Path) -> None:
    large = Home(tmp_path)
    large.fill((300,))
    bundle, key = large.base / "bundle", VerifierKey.parse(large.key())
    with large.open() as log:
        export(log, bundle)
    for file, position, expected in (
        ("tile/entries/001.p/46", 500, "HF222 entry 257"),
        ("tile/0/000", 32 * 7, "HF224 entry 7"),
        ("tile/1/000.p/1", 3, "HF230 tile/1/000.p/1"),
    ):
        content = (bundle / file).read_bytes()
        (bundle / file).write_bytes(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
        assert [f"{found.code} {found.place}" for found in audit_bundle(bundle, key).findings] == [expected]
        assert not agree(bundle, str(key))
        (bundle / file).write_bytes(content)
    assert agree(bundle, str(key))


def test_a_stray_file_is_pointed_out(copy: Home) -> None:
    bundle = copy.base / "bundle"
    (bundle / "attachments" / "readme.txt").write_text("trust me")
    (bundle / "verify.py").write_text("print('VERIFIED')")
    audit = audit_bundle(bundle, VerifierKey.parse(copy.key()))
    assert audit.held
    assert [finding.place for finding in audit.findings] == ["attachments/readme.txt", "verify.py"]


def test_the_verifier_in_the_bundle_runs_alone(copy: Home, tmp_path: Path) -> None:
    """In an interpreter that cannot find Holdfast, from another directory."""
    program = copy.base / "bundle" / "verify.py"
    hide = "import runpy, sys; sys.modules['holdfast'] = None; sys.argv.pop(0)"
    alone = f"{hide}; runpy.run_path(sys.argv[0], run_name='__main__')"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", alone, str(program), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    held = run(copy.key())
    assert held.returncode == 0, held.stderr
    assert "10 entries lead to the signed root hash" in held.stdout
    assert "1 attachments held" in held.stdout
    assert held.stdout.endswith("VERIFIED: every entry is what the owner of this key signed\n")
    attachment = next((copy.base / "bundle" / "attachments").iterdir())
    attachment.chmod(0o644)
    attachment.write_bytes(b"other")
    broken = run(copy.key(), str(copy.base / "bundle"))
    assert broken.returncode == 1
    assert "was altered" in broken.stdout
    assert broken.stdout.endswith("NOT VERIFIED\n")
    assert run().returncode == 2
    (tmp_path / "a+b.vkey").write_text(copy.key())
    assert "checkpoint signed by" in run("a+b.vkey", str(copy.base / "bundle")).stdout
    assert "not an Ed25519 key" in run("no+key").stdout
    swapped = run(str(copy.base / "bundle"), copy.key())
    assert (swapped.returncode, "Traceback" in swapped.stderr) == (2, False)


def test_the_verifier_imports_nothing_of_holdfast() -> None:
    spec = importlib.util.find_spec("holdfast.store.verify_bundle")
    assert spec is not None
    assert spec.origin is not None
    assert "holdfast" not in Path(spec.origin).read_text()
