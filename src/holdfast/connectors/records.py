"""Record files that somebody else is still writing: followed line by line, or taken whole.

Nothing is judged here, and a line that makes no sense is passed over: what counts is judged from the attachment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

READ_LIMIT_BYTES = 8 * 1024 * 1024  # at one look; the rest is read at the next
LAST_LINES_BYTES = 65_536
SUFFIX = ".ndjson"


class Tail:
    """One file of JSON lines, followed from its beginning. It need not exist yet."""

    def __init__(self, path: Path) -> None:
        """Name the file."""
        self.path = path
        self._offset = 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the objects in all whole lines since the last look."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._offset)
                whole = whole_lines(file.read(READ_LIMIT_BYTES))
        except OSError:
            return
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


class Tails:
    """All record files of a directory but those named in ``without``, by their names; new ones are followed too."""

    def __init__(self, directory: Path, without: frozenset[str] = frozenset()) -> None:
        """Name the directory."""
        self._directory = directory
        self._without = without
        self._tails: dict[str, Tail] = {}

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield file name (without its suffix) and row for everything that was written since the last look."""
        for path in record_files(self._directory):
            if path.name not in self._without:
                tail = self._tails.setdefault(path.stem, Tail(path))
                yield from ((path.stem, row) for row in tail.rows())


def record_files(directory: Path) -> tuple[Path, ...]:
    """Return the record files of a directory by name, none if it is not there."""
    return tuple(sorted(directory.glob(f"*{SUFFIX}")))


def whole_lines(data: bytes) -> bytes:
    """Return ``data`` up to its last line feed: what comes after is still being written."""
    return data[: data.rfind(b"\n") + 1]


def last_row(path: Path) -> dict[str, Any] | None:
    """Return the object in the last whole line of a file, ``None`` if there is none."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LAST_LINES_BYTES))
            lines = whole_lines(file.read()).splitlines()
        row = json.loads(lines[-1]) if lines else None
    except (OSError, ValueError):
        return None
    return row if isinstance(row, dict) else None
