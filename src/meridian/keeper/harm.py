"""What the hypervisor's owner can do to a host beside taking its power.

Its disks are filled, what lies on them is changed, a process is kept down or slowed down, its processors are kept
busy. Every harm has its undoing, which may be asked for again and without the harm.
What is overwritten is saved first, below the range's own directory: it never travels, so no log can hold it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from meridian.errors import MeridianError
from meridian.keeper import disks
from meridian.keeper.range import Range
from meridian.keeper.request import Operations, Request, count, known, octets, text, wrong
from meridian.topology import HOSTS

OVERWRITTEN_LIMIT_BYTES = 16 << 10
SHARE_LIMIT_PPM = 1_000_000
SLOW_LIMIT_MS = 600_000
BURNERS_LIMIT = 256
BURN_LIMIT_MS = 3 * 3_600_000
PATH_LIMIT = 512


class Harm:
    """The operations of one range that harm, and those that undo; ``admit`` refuses what may not be injected."""

    def __init__(self, held: Range, admit: Callable[[Request], None]) -> None:
        """Take the range."""
        self._range = held
        self._admit = admit
        self._saved = held.directory / "saved"

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {
            "admit": self._admitted,
            "fill": self._fill,
            "drain": self._drain,
            "overwrite": self._overwrite,
            "write_back": self._write_back,
            "hold": self._hold,
            "slow": self._slow,
            "burn": self._burn,
            "cool": self._cool,
        }

    def _admitted(self, request: Request) -> dict[str, Any]:
        """Refuse what may not be injected, for whoever harms in another way than through the keeper."""
        self._admit(request)
        return {}

    def _fill(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        disks.fill(self._volume(request))
        return {}

    def _drain(self, request: Request) -> dict[str, Any]:
        disks.drain(self._volume(request))
        return {}

    def _overwrite(self, request: Request) -> dict[str, Any]:
        """Put bytes into a file of a host's disk: in the place of as many at ``offset``, or of the ``whole`` file."""
        self._admit(request)
        path, whole = self._file(request), bool(request.get("whole"))
        offset = 0 if whole else count(request, "offset", 1 << 40)
        becomes = octets(request, "hex", OVERWRITTEN_LIMIT_BYTES)
        data = path.read_bytes() if whole else _read(path, offset, len(becomes))
        saved = {"host": request["host"], "file": request["file"], "offset": offset, "whole": whole}
        unfinished = self._save(request).with_suffix(".new")
        unfinished.parent.mkdir(mode=0o700, exist_ok=True)
        unfinished.write_text(json.dumps({**saved, "was": data.hex(), "becomes": becomes.hex()}), encoding="ascii")
        unfinished.replace(self._save(request))
        _write(path, offset, becomes, whole=whole)
        return {}

    def _write_back(self, request: Request) -> dict[str, Any]:
        """Put back what was overwritten, unless somebody else has replaced it meanwhile."""
        try:
            saved = json.loads(self._save(request).read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}
        becomes, was = bytes.fromhex(saved["becomes"]), bytes.fromhex(saved["was"])
        try:
            path = self._file(saved)
            found = path.read_bytes() if saved["whole"] else _read(path, saved["offset"], len(becomes))
        except (MeridianError, OSError):
            return {}
        if found == becomes:
            _write(path, saved["offset"], was, whole=saved["whole"])
        return {}

    def _hold(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        process = text(request, "process")
        self._range.power_of(self._range.host_of(process)).ask({"op": "hold", "process": process})
        return {}

    def _slow(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        process = text(request, "process")
        share_ppm, for_ms = count(request, "share_ppm", SHARE_LIMIT_PPM), count(request, "for_ms", SLOW_LIMIT_MS)
        message = {"op": "slow", "process": process, "share_ppm": share_ppm, "for_ms": for_ms}
        self._range.power_of(self._range.host_of(process)).ask(message)
        return {}

    def _burn(self, request: Request) -> dict[str, Any]:
        """Have so many processes of a host compute and do nothing else, until they are ended or ``for_ms`` is over."""
        self._admit(request)
        host, for_ms = known(request, "host", HOSTS), count(request, "for_ms", BURN_LIMIT_MS)
        burners = count(request, "count", BURNERS_LIMIT)
        self._range.power_of(host).ask({"op": "burn", "count": burners, "for_ms": for_ms})
        return {}

    def _cool(self, request: Request) -> dict[str, Any]:
        """End them. A host without power has none."""
        host = known(request, "host", HOSTS)
        if host in self._range.on:
            self._range.power_of(host).ask({"op": "burn", "count": 0, "for_ms": 0})
        return {}

    def _volume(self, request: Request) -> Path:
        host = known(request, "host", HOSTS)
        found = self._range.ground.volumes(self._range.context.disk[host], host)
        return found[known(request, "volume", found)]

    def _file(self, request: Request) -> Path:
        """Return a file of a host's disk. Raise MR107 for one that is not there, or leads out of the disk."""
        host, name = known(request, "host", HOSTS), text(request, "file", PATH_LIMIT)
        disk = self._range.context.disk[host]
        path = (disk / name).resolve()
        if not path.is_relative_to(disk) or not path.is_file():
            raise MeridianError("MR107", f"{host} has no file {name!r} on its disk", remedy="name it below the disk")
        return path

    def _save(self, request: Request) -> Path:
        name = text(request, "id")
        if not name.replace("-", "").replace("_", "").isalnum():
            raise wrong("id", name, "letters, digits, - and _")
        return self._saved / f"{name}.json"


def _read(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        data = file.read(size)
    if len(data) != size:
        raise MeridianError("MR108", f"{path.name} has no {size} bytes at {offset}", remedy="stay within the file")
    return data


def _write(path: Path, offset: int, data: bytes, *, whole: bool) -> None:
    with path.open("r+b", buffering=0) as file:
        file.seek(offset)
        file.write(data)
        if whole:
            file.truncate()
