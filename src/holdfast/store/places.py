"""Where what belongs to a log lies *outside* its directory: keys and anchors, by the log's origin."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from holdfast.errors import UsageError

DATABASE = "log.sqlite3"
ATTACHMENTS = "attachments"
ASIDE = "aside"


def state_directory() -> Path:
    """Return where keys and anchors are kept: HOLDFAST_STATE, else holdfast below XDG_STATE_HOME."""
    if chosen := os.environ.get("HOLDFAST_STATE"):
        return Path(chosen)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "holdfast"


@dataclass(frozen=True, slots=True)
class Outside:
    """The two directories that a log's own directory must not contain."""

    keys: Path
    anchors: Path

    @classmethod
    def of(cls, place: str | Path, keys: Path | None = None, anchors: Path | None = None) -> Outside:
        """Return where to look, by default below the state directory; HF202 if it lies inside the log's directory."""
        outside = cls(keys or state_directory() / "keys", anchors or state_directory() / "anchors")
        if is_address(place):
            return outside
        for path in (outside.keys, outside.anchors):
            if path.resolve().is_relative_to(Path(place).resolve()):
                message = f"{path} lies inside the log's directory {place}: whoever alters the log could alter it too"
                remedy = "set HOLDFAST_STATE to a directory outside the log, best on another disk"
                raise UsageError("HF202", message, remedy=remedy)
        return outside


def is_address(place: str | Path) -> bool:
    """Return whether a log's place is the address of a database, not a directory."""
    return str(place).startswith(("postgresql://", "postgres://"))


def file_name(origin: str, suffix: str) -> str:
    """Return the name of a log's file among those of other logs."""
    return quote(origin, safe="") + suffix
