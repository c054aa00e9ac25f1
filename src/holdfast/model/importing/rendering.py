"""Entries as text: the same text for the same entry, every key on its line, every guess with its reason beside it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from holdfast.model.importing.account import Entry, Section
from holdfast.model.importing.facts import Plain, Said, words_of

WIDTH = 110
INDENT = "  "
GUESSED = "# guessed:"

# Written without quotes: what neither YAML nor a reader could take for anything but a text.
_SAFE = re.compile(r"\w(?:[\w./+%() -]*[\w./+%()])?")
_WORDS = frozenset({"null", "yes", "no", "on", "off", "y", "n"})

_ORDER: Mapping[Section, tuple[str, ...]] = {
    "sites": ("title", "environment", "shares"),
    "segments": ("title",),
    "services": ("title", "owner", "why_important", "impact", "impact_tolerance", "rto", "rpo", "modes"),
    "resources": (
        *("kind", "title", "environment", "site", "owner", "tier", "segment", "members", "active", "quorum"),
        *("shares", "headcount", "minimum", "needs", "contract", "continuity", "substitutability", "substitute"),
        *("exit", "subcontracts"),
    ),
    "flows": ("from", "to", "port", "protocol", "states"),
}
ORDER: Mapping[Section, Mapping[str, int]] = {
    section: {key: position for position, key in enumerate(keys)} for section, keys in _ORDER.items()
}


def scalar(text: str) -> str:
    """Return a text as a YAML scalar, in quotes wherever something else could be read into it."""
    if _SAFE.fullmatch(text) and text.casefold() not in _WORDS:
        return text
    # Double quotes with JSON's escapes are YAML; what JSON leaves as it is must not be beyond what a file may hold.
    return json.dumps(text, ensure_ascii=not text.isprintable())


def flow(value: Plain) -> str:
    """Return a value on one line."""
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(inner)}" for key, inner in value.items()) + "}"
    return "[" + ", ".join(flow(inner) for inner in value) + "]"


def rendered(entry: Entry) -> str:
    """Return the lines of an entry as they stand below their section, each ended by a line feed."""
    order = ORDER[entry.section]
    values = sorted(entry.values.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    if entry.section == "flows":
        told = "; ".join(dict.fromkeys(filter(None, (said.guessed for said in entry.values.values()))))
        return f"{INDENT}- {flow({key: said.value for key, said in values})}{_comment(told or None)}\n"
    body = "".join(f"{line}\n" for key, said in values for line in _lines(key, said))
    return f"{INDENT}{scalar(entry.name)}:\n{body}" if body else f"{INDENT}{scalar(entry.name)}: {{}}\n"


def plain(entry: Entry) -> dict[str, Plain]:
    """Return the values of an entry without their standing."""
    return {key: said.value for key, said in entry.values.items()}


def digest(text: str) -> str:
    """Return what tells whether a block was touched since it was written."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lines(key: str, said: Said) -> Iterator[str]:
    """Yield the lines of one key of an entry: one line where it fits, else one a part."""
    comment = _comment(said.guessed)
    line = f"{INDENT * 2}{scalar(key)}: {flow(said.value)}"
    nested = isinstance(said.value, Mapping) and any(isinstance(inner, Mapping) for inner in said.value.values())
    if isinstance(said.value, str) or (len(line) <= WIDTH and not nested):
        yield line + comment
        return
    yield f"{INDENT * 2}{scalar(key)}:{comment}"
    yield from _block(said.value, 3)


def _block(value: Mapping[str, Plain] | Sequence[Plain], depth: int) -> Iterator[str]:
    """Yield the lines of a collection that does not fit on one."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            line = f"{INDENT * depth}{scalar(key)}: {flow(inner)}"
            if isinstance(inner, str) or len(line) <= WIDTH:
                yield line
            else:
                yield f"{INDENT * depth}{scalar(key)}:"
                yield from _block(inner, depth + 1)
    else:
        yield from (f"{INDENT * depth}- {flow(inner)}" for inner in value)


def _comment(guessed: str | None) -> str:
    return f"  {GUESSED} {words_of(guessed)}, confirm" if guessed else ""
