"""From the bytes of a YAML file to nodes that know their line: bounded, typed by nobody yet, never a traceback.

The nodes are composed here from the parser's events, because the library's own composer recurses in C and dies of a
file that nests deeply enough, types scalars by YAML 1.1's implicit rules, and keeps the last of two equal keys. The C
parser is taken where it is built, the Python one otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from holdfast.errors import Place
from holdfast.model.findings import Findings, shown

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 32
MAX_NODES = 2_000_000
MAX_ALIASED_NODES = 100_000  # nodes that a file may have through aliases, on top of those it spells out

# What YAML does not allow, and what it takes for the end of a line where editors do not: places would be wrong.
_UNWANTED = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|\r(?!\n)"
)

_Parser: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text as it was written; ``plain`` when it stood without quotes."""

    text: str
    plain: bool
    place: Place

    @property
    def empty(self) -> bool:
        """Whether nothing was given: no text at all or one of YAML's words for it, without quotes."""
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(frozen=True, slots=True)
class Items:
    """A list of nodes."""

    items: tuple[Node, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping with distinct keys; the place of each value is the line of its key."""

    entries: Mapping[str, Node]
    place: Place


Node = Scalar | Items | Table


@dataclass(slots=True)
class _Open:
    """A collection that is still being read; ``key`` is the key whose value comes next."""

    is_table: bool
    place: Place
    anchor: str | None
    nodes_before: int
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    key: Scalar | None = None


class _Refused(Exception):
    """This file cannot be read any further."""

    def __init__(self, code: str, line: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.line, self.message, self.remedy = code, line, message, remedy


def compose(file: str, data: bytes, findings: Findings) -> Node | None:
    """Return the one document of ``data``; ``None`` when it is empty or unreadable, which is then a finding."""
    try:
        text = _decoded(data)
        return _Composer(file, findings).run(_events(text))
    except _Refused as refused:
        findings.error(refused.code, Place(file, refused.line), refused.message, refused.remedy)
    return None


def _decoded(data: bytes) -> str:
    """Return the text; a byte order mark at its start is dropped."""
    if len(data) > MAX_FILE_BYTES:
        raise _Refused(
            "HF101",
            1,
            f"expected at most {MAX_FILE_BYTES:,} bytes, got {len(data):,}",
            "Split the file: every *.yaml file of the directory is read.",
        )
    try:
        text = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, got byte 0x{data[error.start]:02x}"
        raise _Refused("HF101", line, message, "Save the file as UTF-8.") from None
    if (unwanted := _UNWANTED.search(text)) is not None:
        line = text.count("\n", 0, unwanted.start()) + 1
        message = f"expected printable text, got character U+{ord(unwanted[0]):04X}"
        raise _Refused("HF101", line, message, "Remove the character; lines end in a line feed.")
    return text


def _events(text: str) -> Iterator[yaml.Event]:
    """Yield the parser's events; what the parser refuses becomes a refusal with its line."""
    try:
        yield from yaml.parse(text, Loader=_Parser)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = ", ".join(filter(None, [error.context, error.problem])) or "it cannot be read"
        message = f"expected YAML, got text that is none: {problem}"
        remedy = "Correct the line, or the one above it: indentation by spaces, text with ': ' or '#' in quotes."
        # A text that ends too early is refused behind its end, where nobody can look.
        last = text.rstrip("\n").count("\n") + 1
        raise _Refused("HF102", min((mark.line if mark else 0) + 1, last), message, remedy) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise _Refused("HF102", 1, f"expected YAML: {shown(str(error))}", "Correct the file.") from None


class _Composer:
    """Builds nodes from events with a stack of its own, so that depth is a limit and not a crash."""

    def __init__(self, file: str, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._last = Place(file, 1)
        self._stack: list[_Open] = []
        self._root: Node | None = None
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._nodes = 0
        self._aliased = 0

    def run(self, events: Iterator[yaml.Event]) -> Node | None:
        documents = 0
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.ScalarEvent):
                if event.tag is not None:
                    self._refuse_tag(event.tag, line)
                self._add(Scalar(event.value, not event.style, self._place(line)), event.anchor, 1)
            elif isinstance(event, yaml.CollectionStartEvent):
                self._open(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._close()
            elif isinstance(event, yaml.AliasEvent):
                self._add_alias(event.anchor, line)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused(
                        "HF103", line, "expected one document in a file, got another", 'Remove the line "---".'
                    )
        return self._root

    def _place(self, line: int) -> Place:
        """Return where a node that begins in ``line`` is said to stand: a value stands where its key stands."""
        key = self._stack[-1].key if self._stack else None
        if key is not None:
            return key.place
        # What stands in one line shares one place: a declaration has several values a line.
        if self._last.line != line:
            self._last = Place(self._file, line)
        return self._last

    def _refuse_tag(self, tag: str, line: int) -> None:
        message = f"expected a value without a tag, got {shown(tag)}"
        self._findings.error("HF103", Place(self._file, line), message, "Remove the tag: the schema types values.")

    def _open(self, event: yaml.CollectionStartEvent, line: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            message = f"expected at most {MAX_DEPTH} levels of nesting, got more"
            raise _Refused("HF103", line, message, "Flatten the declaration.")
        if event.tag is not None:
            self._refuse_tag(event.tag, line)
        is_table = isinstance(event, yaml.MappingStartEvent)
        self._stack.append(_Open(is_table, self._place(line), event.anchor, self._nodes))

    def _close(self) -> None:
        done = self._stack.pop()
        node = Table(done.entries, done.place) if done.is_table else Items(tuple(done.items), done.place)
        self._add(node, done.anchor, self._nodes - done.nodes_before + 1)

    def _add_alias(self, anchor: str | None, line: int) -> None:
        if anchor is None or anchor not in self._anchors:
            message = f"expected the alias of a complete value above, got {shown(f'*{anchor}')}"
            raise _Refused("HF103", line, message, "Write the value out.")
        node, size = self._anchors[anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES:
            message = f"expected aliases that stand for at most {MAX_ALIASED_NODES:,} values, got more"
            raise _Refused("HF103", line, message, "Write the values out instead of multiplying them by aliases.")
        if self._depth(node) + len(self._stack) > MAX_DEPTH:
            raise _Refused("HF103", line, f"expected at most {MAX_DEPTH} levels of nesting", "Flatten the declaration.")
        self._nodes += size - 1
        self._add(replace(node, place=self._place(line)), None, 1)

    def _depth(self, node: Node) -> int:
        """Return how many levels a complete node nests; it nests at most ``MAX_DEPTH``."""
        level = [node]
        depth = 0
        while level := [inner for inner in level if not isinstance(inner, Scalar)]:
            depth += 1
            # The same node reached twice adds nothing to the depth, but would multiply the work.
            level = list({id(child): child for parent in level for child in _children(parent)}.values())
        return depth

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            message = f"expected at most {MAX_NODES:,} values, got more"
            raise _Refused("HF103", node.place.line, message, "Split the model into several files.")
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            self._root = node
        elif not (top := self._stack[-1]).is_table:
            top.items.append(node)
        elif top.key is None:
            top.key = self._as_key(node)
        else:
            self._add_entry(top, top.key, node)
            top.key = None

    def _as_key(self, node: Node) -> Scalar:
        """Return the key; anything but a text is a finding and stands for no key."""
        if isinstance(node, Scalar) and node.plain and node.text == "<<":
            remedy = "Write the values out, or give the whole value by its alias."
            self._findings.error("HF103", node.place, 'expected no merge key, got "<<"', remedy)
            return Scalar("", plain=True, place=node.place)
        if isinstance(node, Scalar) and node.text and not node.empty:
            return node
        got = "nothing" if isinstance(node, Scalar) else "a list" if isinstance(node, Items) else "a mapping"
        self._findings.error(
            "HF103", node.place, f"expected a name as key, got {got}", "Write a name before the colon."
        )
        return Scalar("", plain=True, place=node.place)

    def _add_entry(self, top: _Open, key: Scalar, node: Node) -> None:
        if key.text in top.entries:
            first = top.entries[key.text].place
            message = f"expected each key once, got {shown(key.text)} again after {first}"
            self._findings.error("HF104", key.place, message, "Remove one of the two, or merge them.")
        elif key.text:
            top.entries[key.text] = node


def _children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly inside ``node``."""
    if isinstance(node, Table):
        return tuple(node.entries.values())
    return node.items if isinstance(node, Items) else ()
