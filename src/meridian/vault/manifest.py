"""Whether a base backup is what its manifest says, and whether the write-ahead log that it needs is there.

``pg_verifybackup`` would say the same of the files, but the one at hand does not start. The manifest's form is that of
PostgreSQL's manual, chapter "Backup Manifest Format". Stricter than that program: a file that the manifest does not
name is a finding wherever it lies, and the pages of the log are looked at, not only its files' names.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

MANIFEST = "backup_manifest"
VERSIONS = (1, 2)
SEGMENT_BYTES = 1 << 20
"""The size of a WAL segment, as the stack tells initdb (``meridian.stack.postgresql``)."""
PAGE_BYTES = 8192  # XLOG_BLCKSZ
_PAGE_HEADER = struct.Struct("=HHIQ")  # xlp_magic, xlp_info, xlp_tli, xlp_pageaddr of xlog_internal.h
_SEGMENTS_IN_LOG = (1 << 32) // SEGMENT_BYTES
_LAST_LINE = re.compile(rb'"Manifest-Checksum": "([0-9a-f]{64})"\}\n?')


class NoManifestError(Exception):
    """There is no manifest that could be read; the message says why."""


@dataclass(frozen=True, slots=True)
class WalRange:
    """The part of the write-ahead log without which a backup is of no use: from ``start`` up to before ``end``."""

    timeline: int
    start: int
    end: int

    def segments(self) -> Iterator[int]:
        """Yield the numbers of the segments that it lies in."""
        yield from range(self.start // SEGMENT_BYTES, (max(self.end, self.start + 1) - 1) // SEGMENT_BYTES + 1)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says: each file's size in bytes and SHA-256 by its path, and the log it needs."""

    files: Mapping[str, tuple[int, str]]
    ranges: tuple[WalRange, ...]

    @property
    def size_bytes(self) -> int:
        """Return how big all its files are together."""
        return sum(size for size, _ in self.files.values())


def read(octets: bytes) -> Manifest:
    """Return what a manifest says. Raise NoManifestError when it was altered, or is none."""
    body, last = _parted(octets)
    match = _LAST_LINE.fullmatch(last)
    if match is None:
        raise NoManifestError("its last line is no checksum")
    if hashlib.sha256(body).hexdigest().encode() != match[1]:
        raise NoManifestError("its own checksum does not match what it says")
    try:
        document = json.loads(octets)
        if document["PostgreSQL-Backup-Manifest-Version"] not in VERSIONS:
            raise NoManifestError(f"version {document['PostgreSQL-Backup-Manifest-Version']} is not known")
        files: dict[str, tuple[int, str]] = {}
        for entry in document["Files"]:
            path = _path(entry)
            if path in files:
                raise NoManifestError(f"it names {path} twice")
            files[path] = int(entry["Size"]), _sha256(entry)
        ranges = tuple(
            WalRange(int(each["Timeline"]), lsn(each["Start-LSN"]), lsn(each["End-LSN"]))
            for each in document["WAL-Ranges"]
        )
        if not ranges:
            raise NoManifestError("it names no write-ahead log")
        return Manifest(files, ranges)
    except (ValueError, KeyError, TypeError) as error:
        raise NoManifestError(f"it cannot be read: {error!r}") from error


def problems(backup: Path, wal: Path) -> list[str]:
    """Return everything that is wrong with a backup and with the log kept for it, one sentence each; [] if nothing."""
    return [*file_problems(backup), *log_problems(backup, wal)]


def file_problems(backup: Path) -> list[str]:
    """Return everything that is wrong with a backup itself: its manifest, and its files against it."""
    try:
        manifest = read((backup / MANIFEST).read_bytes())
    except (OSError, NoManifestError) as error:
        return [f"the manifest cannot be used: {error}"]
    return list(_files(backup, manifest))


def log_problems(backup: Path, wal: Path) -> list[str]:
    """Return what is missing in ``wal`` of the log that a backup needs; nothing is known of one without a manifest."""
    try:
        ranges = read((backup / MANIFEST).read_bytes()).ranges
    except (OSError, NoManifestError):
        return []
    try:
        return [problem for needed in ranges for problem in missing_log(needed, wal)]
    except FileNotFoundError as error:
        # The receiver gives a segment its final name when it is whole.
        return [f"the write-ahead log has a gap: {error.filename} is gone"]


def missing_log(needed: WalRange, wal: Path) -> Iterator[str]:
    """Yield what of a part of the log is not in ``wal``. Only the last segment of it may be ``.partial``."""
    *_, last = numbers = tuple(needed.segments())
    for number in numbers:
        name = segment_name(needed.timeline, number)
        path = wal / name
        if not path.exists() and number == last:
            path = wal / f"{name}.partial"
        if not path.exists():
            yield f"the write-ahead log has a gap: {name} is not there"
            continue
        start, end = number * SEGMENT_BYTES, (number + 1) * SEGMENT_BYTES
        yield from _pages(path, start, max(start, needed.start), min(end, needed.end))


def segment_name(timeline: int, number: int) -> str:
    """Return the file name of a WAL segment (XLogFileName)."""
    return f"{timeline:08X}{number // _SEGMENTS_IN_LOG:08X}{number % _SEGMENTS_IN_LOG:08X}"


def segment_number(name: str) -> int:
    """Return the number of a WAL segment, from its file name."""
    return int(name[8:16], 16) * _SEGMENTS_IN_LOG + int(name[16:24], 16)


def lsn(text: str) -> int:
    """Return a position in the log that is written like ``0/2000028``."""
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)


def lsn_text(position: int) -> str:
    """Return a position in the log as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def sha256(octets: bytes) -> str:
    """Return what identifies a manifest, and with it every file that it names."""
    return hashlib.sha256(octets).hexdigest()


def _parted(octets: bytes) -> tuple[bytes, bytes]:
    """Return a manifest without its last line, and that line."""
    end = octets.rstrip(b"\n").rfind(b"\n") + 1
    return octets[:end], octets[end:]


def _path(entry: Mapping[str, Any]) -> str:
    """Return a file's path. Raise NoManifestError for one that leads out of the backup."""
    path = str(entry["Path"]) if "Path" in entry else os.fsdecode(bytes.fromhex(entry["Encoded-Path"]))
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or ".." in pure.parts or str(pure) != path:
        raise NoManifestError(f"{path!r} is no path inside a backup")
    return path


def _sha256(entry: Mapping[str, Any]) -> str:
    if entry["Checksum-Algorithm"] != "SHA256":
        raise NoManifestError(f"{entry['Checksum-Algorithm']} is not the checksum that was asked for")
    return str(entry["Checksum"]).lower()


def _files(backup: Path, manifest: Manifest) -> Iterator[str]:
    """Yield which files are missing, different, or too many."""
    there = dict(_walk(backup))
    for path, (size, digest) in sorted(manifest.files.items()):
        if path not in there:
            yield f"{path} is missing"
        elif not there.pop(path):
            yield f"{path} is no ordinary file"
        elif (actual := (backup / path).stat().st_size) != size:
            yield f"{path} has {actual:,} bytes, not {size:,}"
        elif _digest(backup / path) != digest:
            yield f"{path} is not what was backed up: its SHA-256 differs"
    yield from (f"{path} is not in the manifest" for path in sorted(there.keys() - {MANIFEST}))


def _walk(backup: Path) -> Iterator[tuple[str, bool]]:
    """Yield every path below a backup that is no directory, and whether it is an ordinary file."""
    for directory, directories, files in os.walk(backup):
        here = Path(directory)
        for name in (*files, *(each for each in directories if (here / each).is_symlink())):
            path = here / name
            yield path.relative_to(backup).as_posix(), path.is_file() and not path.is_symlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _pages(path: Path, segment_start: int, start: int, end: int) -> Iterator[str]:
    """Yield what is wrong with a segment between two positions: each page must say where in the log it belongs.

    A segment has its whole size from the beginning; what was not received yet, or was received before and belongs
    elsewhere, shows in the address that a page carries. Only a whole segment may end in zeros: that is what PostgreSQL
    leaves behind a switch to the next one.
    """
    if (size := path.stat().st_size) != SEGMENT_BYTES:
        yield f"{path.name} has {size:,} bytes, not {SEGMENT_BYTES:,}"
        return
    with path.open("rb") as file:
        for position in range(start - start % PAGE_BYTES, end, PAGE_BYTES):
            file.seek(position - segment_start)
            _, _, _, address = _PAGE_HEADER.unpack(file.read(_PAGE_HEADER.size))
            if address != position:
                file.seek(position - segment_start)
                switched = not path.suffix and position > segment_start and not any(file.read())
                if not switched:
                    yield f"the write-ahead log has a gap: {path.name} ends before {lsn_text(position)}"
                return
