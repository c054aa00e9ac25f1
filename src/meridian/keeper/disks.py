"""The hosts' disks: a file system in memory for each, limited in size, so that one that is full fills no other.

A database host has three: the system's with etcd on it, the data's and the write-ahead log's, as a database is set up
that must not stop for its log. Memory is used only for what is stored: a limit is no reservation.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from meridian.linux import MS_NODEV, MS_NOSUID, mount
from meridian.topology import HOSTS

DISK_BYTES = 1 << 30
VOLUME_BYTES = 1 << 30
DATA, WAL = "data", "wal"
_DATABASE = "meridian-db"
_BALLAST = ".ballast"
_LEAST_BYTES = 4096
_OF_ALL = 0o1777


def volumes(disk: Path, host: str) -> Mapping[str, Path]:
    """Return the file systems of a host that can be full, by what is kept there; ``disk`` is the host's own."""
    if HOSTS[host].account == _DATABASE:
        return {DATA: disk / DATA, WAL: disk / WAL}
    return {DATA: disk}


def make(disk: Path, host: str) -> None:
    """Make a host's disk at ``disk``; this process must have its own mounts."""
    _mount(disk, DISK_BYTES)
    for volume in volumes(disk, host).values():
        if volume != disk:
            _mount(volume, VOLUME_BYTES)


def make_directory(disk: Path) -> None:
    """Make a directory that stands for a disk where there can be none."""
    disk.mkdir()
    disk.chmod(_OF_ALL)


def fill(volume: Path) -> None:
    """Fill a file system with one file of ballast, to its last page."""
    descriptor = os.open(volume / _BALLAST, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        step = _free_bytes(volume)
        while step >= _LEAST_BYTES:
            try:
                os.posix_fallocate(descriptor, size, step)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                # Others write meanwhile, and a file system needs some of itself: what is left is taken by halves.
                step //= 2
            else:
                size += step
    finally:
        os.close(descriptor)


def drain(volume: Path) -> None:
    """Remove the ballast, if there is any."""
    (volume / _BALLAST).unlink(missing_ok=True)


def _free_bytes(volume: Path) -> int:
    free = os.statvfs(volume)
    return max(free.f_bavail * free.f_frsize, _LEAST_BYTES)


def _mount(path: Path, size_bytes: int) -> None:
    path.mkdir()
    # Every account of a host makes its own files here; outside, only the owner of the range gets this far.
    mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={_OF_ALL:o},size={size_bytes}")
