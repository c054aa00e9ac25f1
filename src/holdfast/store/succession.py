"""Which log goes on from which, remembered beside the anchors: on one machine a log has one successor and then ends.

A log that was continued and is written on all the same is a fork, and so are two logs that both go on from it. Other
machines know nothing of this file: what they write is found when the new log is verified with ``--continues``.
"""

from __future__ import annotations

from pathlib import Path

from holdfast.errors import HoldfastError, UsageError
from holdfast.store.anchor import Anchor
from holdfast.store.durable import make_directory, write_file
from holdfast.store.keys import DIRECTORY_MODE, PRIVATE_MODE
from holdfast.store.places import Outside, file_name


def refuse_if_continued(outside: Outside, origin: str) -> None:
    """Raise HF246 if another log goes on from the one of this origin."""
    path = _path(outside, origin)
    if path.exists():
        raise _continued(path, origin)


def name_successor(outside: Outside, origin: str, successor: str) -> None:
    """Remember durably which log goes on from the one of this origin; HF246 if another does, HF203 if it is itself.

    One that was named and never began, because that was interrupted, is replaced.
    """
    if origin == successor:
        message = f"a log that goes on from {origin} cannot have the same origin: the two would pass for one another"
        raise UsageError("HF203", message, remedy="leave the origin out, or name another")
    path = _path(outside, origin)
    if path.exists() and (begun := Anchor(outside.anchors, path.read_text().strip()).read()) and begun.size:
        raise _continued(path, origin)
    make_directory(path.parent, DIRECTORY_MODE)
    write_file(path, f"{successor}\n".encode(), PRIVATE_MODE)


def _path(outside: Outside, origin: str) -> Path:
    return outside.anchors / file_name(origin, ".continued")


def _continued(path: Path, origin: str) -> HoldfastError:
    message = (
        f"the log {origin} was continued by {path.read_text().strip()}, and is not written any more (so says {path})"
    )
    remedy = "write to that one; if it is lost for good, continue it in its turn; if it was a trial, remove that file"
    return HoldfastError("HF246", message, remedy=remedy)
