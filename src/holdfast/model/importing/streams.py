"""YAML and JSON of other programs, several documents in a file: bounded like our own files, but less strict.

Their tags are ignored, their merge keys (``<<``) followed, and of two equal keys the last counts, as those programs do.
Nothing in them is ever constructed: what comes out are the same nodes that our own files become, with their lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from holdfast.errors import Place
from holdfast.model.documents import Items, Node, Scalar, Table
from holdfast.model.findings import Findings

MAX_STREAM_BYTES = 64 * 1024 * 1024
MAX_STREAM_DEPTH = 100
MAX_STREAM_NODES = 2_000_000
MAX_STREAM_ALIASED = 200_000

_Parser: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE = "<<"
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_AGAIN = "Export the file again."


class _Refused(Exception):
    """This file is beyond a limit."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.line, self.message, self.remedy = line, message, remedy


@dataclass(slots=True)
class _Open:
    """A collection that is still being read."""

    line: int
    anchor: str | None
    table: dict[str, Node] | None
    before: int
    items: list[Node] = field(default_factory=list)
    key: str | None = None


def read_stream(file: str, data: bytes, findings: Findings) -> tuple[Node, ...] | None:
    """Return the documents of a file; ``None`` and finding HF154 when it cannot be read or is beyond a limit."""
    try:
        return tuple(_Stream(file).documents(_events(data)))
    except _Refused as refused:
        findings.error("HF154", Place(file, refused.line), refused.message, refused.remedy)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"expected YAML or JSON, got text that is none: {error.problem or error.context}"
        remedy = "It looks like a template: render it first, as with helm template." if b"{{" in data else _AGAIN
        findings.error("HF154", Place(file, (mark.line if mark else 0) + 1), message, remedy)
    except (yaml.YAMLError, UnicodeError):
        findings.error("HF154", Place(file, 1), "expected YAML or JSON in UTF-8", "Save the file as UTF-8.")
    return None


def _events(data: bytes) -> Iterator[yaml.Event]:
    """Yield the parser's events of a file that is not too long."""
    if len(data) > MAX_STREAM_BYTES:
        raise _Refused(1, f"expected at most {MAX_STREAM_BYTES:,} bytes, got {len(data):,}", "Split the file.")
    # Shells of some systems write UTF-16 into files.
    text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    # JSON may write one character as two escapes, which the parser of YAML does not know.
    yield from yaml.parse(_PAIR.sub(lambda pair: json.loads(f'"{pair[0]}"'), text), Loader=_Parser)


class _Stream:
    """Builds nodes from events with a stack of its own, so that depth is a limit and not a crash."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._root: Node | None = None
        self._nodes = 0
        self._aliased = 0

    def documents(self, events: Iterator[yaml.Event]) -> Iterator[Node]:
        """Yield each document that says anything."""
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.DocumentStartEvent):
                self._root, self._anchors = None, {}
            elif isinstance(event, yaml.DocumentEndEvent) and self._root is not None:
                yield self._root
            elif isinstance(event, yaml.ScalarEvent):
                scalar = Scalar(event.value, not event.style, Place(self._file, line))
                self._add(scalar, event.anchor, 1)
            elif isinstance(event, yaml.CollectionStartEvent):
                if len(self._stack) >= MAX_STREAM_DEPTH:
                    message = f"expected at most {MAX_STREAM_DEPTH} levels of nesting, got more"
                    raise _Refused(line, message, "Leave that document out.")
                table: dict[str, Node] | None = {} if isinstance(event, yaml.MappingStartEvent) else None
                self._stack.append(_Open(line, event.anchor, table, self._nodes))
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            elif isinstance(event, yaml.AliasEvent):
                self._add_alias(event.anchor, line)

    def _close(self) -> None:
        done = self._stack.pop()
        place = Place(self._file, done.line)
        node = Items(tuple(done.items), place) if done.table is None else Table(done.table, place)
        self._add(node, done.anchor, self._nodes - done.before + 1)

    def _add_alias(self, anchor: str | None, line: int) -> None:
        if anchor is None or anchor not in self._anchors:
            raise _Refused(line, "expected the alias of a value above", "Write the value out.")
        node, size = self._anchors[anchor]
        self._aliased += size
        if self._aliased > MAX_STREAM_ALIASED:
            message = f"expected aliases that stand for at most {MAX_STREAM_ALIASED:,} values, got more"
            raise _Refused(line, message, "Write the values out.")
        self._nodes += size - 1
        self._add(node, None, 1)

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_STREAM_NODES:
            message = f"expected at most {MAX_STREAM_NODES:,} values, got more"
            raise _Refused(node.place.line, message, "Split the file.")
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            self._root = node
            return
        top = self._stack[-1]
        if top.table is None:
            top.items.append(node)
        elif top.key is None:
            top.key = node.text if isinstance(node, Scalar) else ""
        else:
            key, top.key = top.key, None
            if key == _MERGE:
                _merge(top.table, node)
            else:
                top.table[key] = node


def _merge(table: dict[str, Node], node: Node) -> None:
    """Take over the keys of a merged mapping that are not there; of several, the first that has a key counts."""
    for merged in node.items if isinstance(node, Items) else (node,):
        if isinstance(merged, Table):
            for key, inner in merged.entries.items():
                table.setdefault(key, inner)


def at(node: Node | None, *path: str) -> Node | None:
    """Return what stands at a path of keys, or ``None``."""
    for key in path:
        node = node.entries.get(key) if isinstance(node, Table) else None
    return node


def text_at(node: Node | None, *path: str) -> str:
    """Return the text at a path of keys; an empty one where there is none."""
    found = at(node, *path)
    return found.text.strip() if isinstance(found, Scalar) and not found.empty else ""


def table_at(node: Node | None, *path: str) -> Mapping[str, Node]:
    """Return the mapping at a path of keys; an empty one where there is none."""
    found = at(node, *path)
    return found.entries if isinstance(found, Table) else {}


def items_at(node: Node | None, *path: str) -> tuple[Node, ...]:
    """Return the members of the list at a path of keys; none where there is none."""
    found = at(node, *path)
    return found.items if isinstance(found, Items) else ()


def texts_at(node: Node | None, *path: str) -> tuple[str, ...]:
    """Return the texts of the list, the keys of the mapping, or the one text at a path of keys."""
    found = at(node, *path)
    if isinstance(found, Items):
        return tuple(item.text.strip() for item in found.items if isinstance(item, Scalar) and item.text.strip())
    if isinstance(found, Table):
        return tuple(found.entries)
    text = text_at(node, *path)
    return (text,) if text else ()
