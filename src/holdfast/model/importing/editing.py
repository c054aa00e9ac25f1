"""One entry changed in place: the keys that the source changed, and not a character of the rest lost.

Round trips by ``ruamel.yaml``, which keeps comments and quotes. It is given one entry at a time, never a whole file,
and types no scalar, so that what looks like a number or a date stays as it was written.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tag import Tag
from ruamel.yaml.tokens import CommentToken

from holdfast.model.importing.facts import Plain
from holdfast.model.importing.rendering import GUESSED, INDENT, scalar


@dataclass(frozen=True, slots=True)
class Edit:
    """One value of an entry to be set, by its keys from the top; ``None`` removes the key.

    ``guessed`` is why the new value is a guess.
    """

    path: tuple[str, ...]
    value: Plain | None
    guessed: str | None = None


class _Texts(VersionedResolver):
    """Takes every plain scalar for a text."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:  # noqa: ANN401  (as the library has it)
        """Return the tag of a node."""
        return Tag(suffix="tag:yaml.org,2002:str") if kind is ScalarNode else super().resolve(kind, value, implicit)


class _Sink:
    """What the library writes to."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, part: bytes) -> None:
        """Keep a part."""
        self.parts.append(part)


def edited(text: str, edits: Sequence[Edit]) -> str | None:
    """Return the block of an entry with the edits applied; ``None`` if its text does not allow it."""
    yaml = YAML(typ="rt")
    yaml.Resolver = _Texts
    yaml.preserve_quotes = True
    yaml.width = 10**6
    yaml.indent(mapping=2, sequence=4, offset=2)
    depth = _depth(text)
    try:
        whole = yaml.load(textwrap.dedent(text) if depth else text)
        entry = next(iter(whole.values()))
        for edit in edits:
            _apply(entry, edit)
        sink = _Sink()
        yaml.dump(whole, sink)
    except (YAMLError, AttributeError, TypeError, KeyError, StopIteration):
        return None
    return textwrap.indent(b"".join(sink.parts).decode(), INDENT)


def _depth(text: str) -> int:
    return len(text) - len(textwrap.dedent(text))


def _apply(entry: CommentedMap, edit: Edit) -> None:
    """Set or remove one value; mappings on the way to it are made where they are missing."""
    inner: Any = entry
    for key in edit.path[:-1]:
        if key not in inner:
            inner[key] = CommentedMap()
            inner[key].fa.set_flow_style()
        inner = inner[key]
    key = edit.path[-1]
    if edit.value is None:
        inner.pop(key, None)
        return
    new, here = _commented(edit.value), inner.get(key)
    if isinstance(new, CommentedSeq) and isinstance(here, CommentedSeq) and not here.fa.flow_style():
        # One item a line: each may have a comment, which goes with it and with nothing else.
        for position in reversed([position for position, item in enumerate(here) if item not in new]):
            del here[position]
        here += [item for item in new if item not in here]
    else:
        inner[key] = new
    _say(entry, edit.path[0], edit.guessed)


def _say(entry: CommentedMap, key: str, guessed: str | None) -> None:
    """Bring the reason of a guess up to date; a comment of anybody else is left alone."""
    tokens = entry.ca.items.get(key)
    there = tokens[2] if tokens and len(tokens) > 2 else None  # noqa: PLR2004  (the library keeps line ends third)
    if isinstance(there, CommentToken) and there.value.lstrip().startswith(GUESSED):
        rest = there.value.partition("\n")[2]
        line = f"{GUESSED} {guessed}, confirm\n" if guessed else "\n"
        there.value = f"{line}{rest}"


def _commented(value: Plain) -> str | CommentedMap | CommentedSeq:
    """Return a value as the library wants it, collections on one line."""
    if isinstance(value, str):
        return DoubleQuotedScalarString(value) if scalar(value) != value else value
    if isinstance(value, Mapping):
        table = CommentedMap({key: _commented(inner) for key, inner in value.items()})
        table.fa.set_flow_style()
        return table
    items = CommentedSeq([_commented(inner) for inner in value])
    items.fa.set_flow_style()
    return items
