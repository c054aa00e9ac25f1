"""The verifier of base backups: whatever is done to a backup or to the log that it needs, it is noticed."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meridian.vault import manifest
from meridian.vault.manifest import MANIFEST, PAGE_BYTES, SEGMENT_BYTES, NoManifestError, WalRange

FILES = {"PG_VERSION": b"18\n", "base/1/1259": bytes(range(256)) * 64, "global/empty": b""}
START, END = 3 * SEGMENT_BYTES + 0x28, 5 * SEGMENT_BYTES + 3 * PAGE_BYTES + 0x120
NAMES = [f"0000000100000000{number:08X}" for number in (3, 4, 5)]


def written(files: list[dict[str, object]], ranges: list[dict[str, object]] | None = None, version: int = 2) -> bytes:
    """Return a manifest as PostgreSQL lays it out: the checksum of all lines before it on the last one."""
    usual = [{"Timeline": 1, "Start-LSN": manifest.lsn_text(START), "End-LSN": manifest.lsn_text(END)}]
    body = (
        f'{{ "PostgreSQL-Backup-Manifest-Version": {version},\n"System-Identifier": 7,\n'
        f'"Files": {json.dumps(files)},\n"WAL-Ranges": {json.dumps(usual if ranges is None else ranges)},\n'
    ).encode()
    return body + f'"Manifest-Checksum": "{hashlib.sha256(body).hexdigest()}"}}\n'.encode()


def entry(path: str, content: bytes) -> dict[str, object]:
    digest = hashlib.sha256(content).hexdigest()
    return {"Path": path, "Size": len(content), "Checksum-Algorithm": "SHA256", "Checksum": digest}


def segment(path: Path, number: int, received_to: int = SEGMENT_BYTES) -> None:
    """Write a WAL segment whose pages say where they belong, up to a place; the rest is zeros."""
    with path.open("wb") as file:
        file.truncate(SEGMENT_BYTES)
        for offset in range(0, received_to, PAGE_BYTES):
            file.seek(offset)
            file.write(struct.pack("=HHIQ", 0xD118, 0, 1, number * SEGMENT_BYTES + offset))


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """Return a sound backup; the log that it needs lies beside it in ``wal``."""
    directory = tmp_path / "backup"
    for name, content in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
    (directory / "pg_wal" / "archive_status").mkdir(parents=True)
    (directory / MANIFEST).write_bytes(written([entry(name, content) for name, content in FILES.items()]))
    wal = tmp_path / "wal"
    wal.mkdir()
    for name, number in zip(NAMES[:-1], (3, 4), strict=True):
        segment(wal / name, number)
    segment(wal / f"{NAMES[-1]}.partial", 5, 4 * PAGE_BYTES)
    return directory


def found(backup: Path) -> str:
    return "; ".join(manifest.problems(backup, backup.parent / "wal"))


def test_a_sound_backup_has_no_problems(backup: Path) -> None:
    assert found(backup) == ""
    said = manifest.read((backup / MANIFEST).read_bytes())
    assert said.size_bytes == sum(map(len, FILES.values()))
    assert said.ranges == (WalRange(1, START, END),)


def test_a_flipped_byte_is_noticed(backup: Path) -> None:
    content = bytearray(FILES["base/1/1259"])
    content[5000] ^= 1
    (backup / "base/1/1259").write_bytes(content)
    assert found(backup) == "base/1/1259 is not what was backed up: its SHA-256 differs"


def test_a_missing_file_is_noticed(backup: Path) -> None:
    (backup / "global/empty").unlink()
    assert found(backup) == "global/empty is missing"


@pytest.mark.parametrize("name", ["base/1/1260", "pg_wal/000000010000000000000003", "standby.signal"])
def test_an_added_file_is_noticed_wherever_it_lies(backup: Path, name: str) -> None:
    (backup / name).write_bytes(b"x")
    assert found(backup) == f"{name} is not in the manifest"


def test_a_file_that_grew_or_became_a_link_is_noticed(backup: Path) -> None:
    (backup / "global/empty").write_bytes(b"x")
    (backup / "PG_VERSION").rename(backup.parent / "elsewhere")
    (backup / "PG_VERSION").symlink_to(backup.parent / "elsewhere")
    assert found(backup) == "PG_VERSION is no ordinary file; global/empty has 1 bytes, not 0"


def test_an_edited_manifest_is_noticed(backup: Path) -> None:
    octets = (backup / MANIFEST).read_bytes()
    (backup / MANIFEST).write_bytes(octets.replace(b'"Size": 0', b'"Size": 1'))
    assert found(backup) == "the manifest cannot be used: its own checksum does not match what it says"
    (backup / MANIFEST).write_bytes(octets[:-20])
    assert "its last line is no checksum" in found(backup)
    (backup / MANIFEST).unlink()
    assert "the manifest cannot be used" in found(backup)


@given(place=st.integers(0, 2000), bit=st.integers(0, 7))
def test_no_bit_of_a_manifest_can_be_changed(place: int, bit: int) -> None:
    octets = bytearray(written([entry(name, content) for name, content in FILES.items()]))
    place %= len(octets) - 1
    octets[place] ^= 1 << bit
    with pytest.raises(NoManifestError):
        manifest.read(bytes(octets))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", "a//b"])
def test_a_path_out_of_the_backup_is_refused(path: str) -> None:
    with pytest.raises(NoManifestError, match="no path inside a backup"):
        manifest.read(written([entry(path, b"")]))


def test_what_a_manifest_must_say_is_demanded() -> None:
    twice = [entry("a", b""), entry("a", b"")]
    other = entry("a", b"") | {"Checksum-Algorithm": "CRC32C"}
    for octets in (
        written([], ranges=[]), written([], version=3), written(twice), written([other]), written([{"Path": "a"}]), b"",
    ):  # fmt: skip
        with pytest.raises(NoManifestError):
            manifest.read(octets)


def test_a_missing_segment_is_a_gap(backup: Path) -> None:
    (backup.parent / "wal" / NAMES[1]).unlink()
    assert found(backup) == f"the write-ahead log has a gap: {NAMES[1]} is not there"


def test_only_the_last_segment_may_be_partial(backup: Path) -> None:
    wal = backup.parent / "wal"
    (wal / NAMES[1]).rename(wal / f"{NAMES[1]}.partial")
    assert found(backup) == f"the write-ahead log has a gap: {NAMES[1]} is not there"


def test_a_partial_segment_must_reach_the_end(backup: Path) -> None:
    last = backup.parent / "wal" / f"{NAMES[-1]}.partial"
    segment(last, 5, 3 * PAGE_BYTES)
    assert found(backup) == f"the write-ahead log has a gap: {last.name} ends before 0/506000"
    # What lay in a file that was used again belongs elsewhere in the log.
    segment(last, 2)
    assert found(backup) == f"the write-ahead log has a gap: {last.name} ends before 0/500000"
    last.write_bytes(b"")
    assert "has 0 bytes, not 1,048,576" in found(backup)


def test_a_whole_segment_may_end_in_zeros_where_the_log_went_on_in_the_next(backup: Path) -> None:
    middle = backup.parent / "wal" / NAMES[1]
    segment(middle, 4, 5 * PAGE_BYTES)
    assert found(backup) == ""
    with middle.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    assert found(backup) == f"the write-ahead log has a gap: {middle.name} ends before 0/40A000"
    segment(middle, 4, 0)
    assert found(backup) == f"the write-ahead log has a gap: {middle.name} ends before 0/400000"


def test_the_log_of_another_timeline_does_not_serve(backup: Path) -> None:
    wal = backup.parent / "wal"
    for path in list(wal.iterdir()):
        path.rename(wal / path.name.replace("00000001", "00000002", 1))
    assert found(backup).count("is not there") == 3


@given(number=st.integers(1, 1 << 20), timeline=st.integers(1, 1 << 16))
def test_segments_are_named_as_postgresql_names_them(number: int, timeline: int) -> None:
    name = manifest.segment_name(timeline, number)
    # As the manual describes it: the upper half of the position, and the segment within it.
    position = number * SEGMENT_BYTES
    assert name == f"{timeline:08X}{position // 2**32:08X}{position % 2**32 // SEGMENT_BYTES:08X}"
    assert manifest.segment_number(name) == number
    assert manifest.lsn(manifest.lsn_text(position)) == position
    assert list(WalRange(timeline, position, position).segments()) == [number]
    assert list(WalRange(timeline, position + 5, position + SEGMENT_BYTES).segments()) == [number]
    assert list(WalRange(timeline, position + 5, position + SEGMENT_BYTES + 1).segments()) == [number, number + 1]
