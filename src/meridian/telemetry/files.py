"""What becomes of files on the hosts' disks, as the kernel tells it (inotify(7)): seen from beside, by nobody's leave.

Watched are a host's disk and its own directory down to two levels: secrets, configuration, the agent's channel, the
top of a database's directory and of its log, journals, records, the vault's keep. What lies deeper (pages, indexes) is
too busy to be told. A file that its service holds open to append to tells nothing until somebody else has written to
it: so *written* at a journal or a record is worth a look. Who did it is not known.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from meridian.telemetry.rows import SUCCESS, Event, event, gap, shortened
from meridian.topology import HOSTS

DEPTH = 2
_CLOEXEC_NONBLOCK = os.O_CLOEXEC | os.O_NONBLOCK
# inotify.h
_ATTRIB, _CLOSE_WRITE, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x4, 0x8, 0x40, 0x80, 0x100, 0x200
_OVERFLOW, _IGNORED, _IS_DIRECTORY = 0x4000, 0x8000, 0x40000000
_ONLY_DIRECTORIES, _NO_LINKS = 0x01000000, 0x02000000
_ACTIONS = {
    _CREATE: "created",
    _DELETE: "deleted",
    _MOVED_FROM: "moved_from",
    _MOVED_TO: "moved_to",
    _CLOSE_WRITE: "written",
    _ATTRIB: "attributes",
}
_MASK = sum(_ACTIONS) | _ONLY_DIRECTORIES | _NO_LINKS
_READ_BYTES = 1 << 16

_libc = ctypes.CDLL(None, use_errno=True)


class Files:
    """The watched directories of a range."""

    def __init__(self, directory: Path) -> None:
        """Watch what is there in a range's directory; what comes later is watched as it comes. Raise OSError."""
        self._root = directory
        self._inotify = _libc.inotify_init1(_CLOEXEC_NONBLOCK)
        if self._inotify < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._watched: dict[int, tuple[str, Path, int]] = {}
        for host in HOSTS:
            for place in ("disk", "hosts"):
                self._watch(host, directory / place / host, DEPTH)

    def look(self) -> Iterator[tuple[str, Event]]:
        """Yield host and event for everything since the last look; a loss is told at every host."""
        for number, mask, name in self._read():
            if mask & _OVERFLOW:
                yield from ((host, gap("files", "overflow")) for host in HOSTS)
            elif mask & _IGNORED:
                self._watched.pop(number, None)
            elif number in self._watched:
                yield from self._changed(number, mask, name)

    def close(self) -> None:
        """Watch no more."""
        os.close(self._inotify)

    def _changed(self, number: int, mask: int, name: str) -> Iterator[tuple[str, Event]]:
        host, directory, depth = self._watched[number]
        path = directory / name
        action = next((word for bit, word in _ACTIONS.items() if mask & bit), None)
        if action is None or not name:
            return
        is_directory = bool(mask & _IS_DIRECTORY)
        yield host, self._told(path, action, is_directory=is_directory)
        if is_directory and action == "moved_from":
            self._leave(path)
        elif is_directory and action in {"created", "moved_to"} and depth:
            for found in self._watch(host, path, depth - 1):
                yield host, found

    def _told(self, path: Path, action: str, *, is_directory: bool) -> Event:
        text = os.fsencode(path.relative_to(self._root)).decode(errors="replace")
        kind = "directory" if is_directory else "file"
        return event("file_change", action, SUCCESS, file_path=shortened(text), file_type=kind)

    def _watch(self, host: str, directory: Path, depth: int) -> list[Event]:
        """Watch a directory and those in it; return what was found there, of which nobody saw how it came."""
        number = _libc.inotify_add_watch(self._inotify, os.fsencode(directory), _MASK)
        if number < 0:
            # It is gone again; or the machine allows no more, and then its files are not seen.
            return [gap("files", "unwatched")] if os.path.lexists(directory) else []
        self._watched[number] = (host, directory, depth)
        found: list[Event] = []
        try:
            with os.scandir(directory) as entries:
                present = [(Path(entry.path), entry.is_dir(follow_symlinks=False)) for entry in entries]
        except OSError:
            return found
        for path, is_directory in present:
            found.append(self._told(path, "found", is_directory=is_directory))
            if is_directory and depth:
                found += self._watch(host, path, depth - 1)
        return found

    def _leave(self, directory: Path) -> None:
        """Forget a directory that has gone elsewhere, and those in it: their names are not true any more."""
        for number, (_, path, _) in list(self._watched.items()):
            if path.is_relative_to(directory):
                del self._watched[number]
                _libc.inotify_rm_watch(self._inotify, number)

    def _read(self) -> Iterator[tuple[int, int, str]]:
        """Yield watch, mask and name of everything that waits."""
        while True:
            try:
                data = os.read(self._inotify, _READ_BYTES)
            except BlockingIOError:
                return
            offset = 0
            while offset < len(data):
                number, mask, _, length = struct.unpack_from("iIII", data, offset)
                name = data[offset + 16 : offset + 16 + length].rstrip(b"\0")
                yield number, mask, os.fsdecode(name)
                offset += 16 + length
