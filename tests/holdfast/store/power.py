"""A disk that loses power: an apsw VFS that keeps every write in memory until SQLite syncs it.

When the power goes, what was not synced since is lost, except a random part of it: a disk may have written any of it,
in any order, and half a sector run of the write it was at. Afterwards every call fails, as it does for a process that
is no more, and the files hold what a machine would find when it starts again.
"""

# ruff: noqa: N802 -- the methods are named as SQLite names them
from __future__ import annotations

import random
from pathlib import Path

import apsw

SECTOR_BYTES = 512


class PowerLost(Exception):
    """The machine is off."""


class Disk:
    """All files of one machine, and the instant at which its power goes."""

    def __init__(self, dice: random.Random) -> None:
        """Begin with the power on."""
        self.dice = dice
        self.files: list[File] = []
        self.off = False
        self.left: int | None = None  # operations until the power goes
        self.operations = 0

    def tick(self) -> None:
        """Count one operation; the power may go at it."""
        if self.off:
            raise PowerLost
        self.operations += 1
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.cut()
                raise PowerLost

    def cut(self) -> None:
        """Take the power away: each pending write survives whole, torn, or not at all."""
        self.off = True
        for file in self.files:
            file.lose()


class File(apsw.VFSFile):
    """A file whose writes reach the system only when they are synced."""

    def __init__(self, disk: Disk, name: apsw.URIFilename | str | None, flags: list[int]) -> None:
        """Open the file as the system does."""
        super().__init__("", name, flags)
        self.disk = disk
        self.writable = not flags[1] & apsw.SQLITE_OPEN_READONLY
        self.pending: list[tuple[int, bytes | None]] = []  # position and bytes, or the size of a truncation
        disk.files.append(self)

    def lose(self) -> None:
        """Let a random part of the pending writes reach the system, and forget the rest."""
        keep = self.disk.dice.choice((0.0, 0.5, 1.0))
        for position, data in self.pending:
            if self.disk.dice.random() >= keep:
                continue
            if data is None:
                super().xTruncate(position)
                continue
            whole = self.disk.dice.random() < 0.7
            cut = len(data) if whole else self.disk.dice.randrange(0, len(data) + SECTOR_BYTES, SECTOR_BYTES)
            if data[:cut]:
                super().xWrite(data[:cut], position)
        self.pending.clear()

    def xRead(self, amount: int, offset: int) -> bytes:
        if self.disk.off:
            raise PowerLost
        size = self.xFileSize()
        amount = max(0, min(amount, size - offset))
        content = bytearray(super().xRead(amount, offset).ljust(amount, b"\0"))
        for position, data in self.pending:
            if data is None:
                keep = max(0, position - offset)
                content[keep:] = bytes(len(content) - min(keep, len(content)))
                continue
            start, end = max(position, offset), min(position + len(data), offset + amount)
            if start < end:
                content[start - offset : end - offset] = data[start - position : end - position]
        return bytes(content)

    def xWrite(self, data: bytes, offset: int) -> None:
        self.pending.append((offset, bytes(data)))  # first, so that the write at which the power goes can be torn
        self.disk.tick()

    def xTruncate(self, size: int) -> None:
        self.pending.append((size, None))
        self.disk.tick()

    def xSync(self, flags: int) -> None:
        self.disk.tick()
        for position, data in self.pending:
            if data is None:
                super().xTruncate(position)
            else:
                super().xWrite(data, position)
        self.pending.clear()
        super().xSync(flags)

    def xLock(self, level: int) -> None:
        # SQLite tries this when a reader closes, to tidy up; the system has no write lock for a read-only file.
        if level == apsw.SQLITE_LOCK_EXCLUSIVE and not self.writable:
            raise apsw.BusyError
        super().xLock(level)

    def xFileSize(self) -> int:
        size = super().xFileSize()
        for position, data in self.pending:
            size = position if data is None else max(size, position + len(data))
        return size

    def xClose(self) -> None:
        # Closing is no syncing: what is pending then stays pending on a real disk, and here it is gone.
        if self in self.disk.files:
            self.disk.files.remove(self)
            if not self.disk.off:
                self.lose()
        super().xClose()


class Machine(apsw.VFS):
    """The file layer of a machine that can lose power, under a name that ``open_log`` takes."""

    def __init__(self, name: str, disk: Disk) -> None:
        """Register the layer."""
        self.disk = disk
        super().__init__(name, "")

    def xOpen(self, name: apsw.URIFilename | str | None, flags: list[int]) -> File:
        return File(self.disk, name, flags)

    def xDelete(self, name: str, sync_directory: bool) -> None:  # noqa: FBT001 -- SQLite's signature
        self.disk.tick()
        super().xDelete(name, sync_directory)


def restart(directory: Path) -> None:
    """Do what a restart does: shared memory is gone."""
    for path in directory.glob("*-shm"):
        path.unlink()
