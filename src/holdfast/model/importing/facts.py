"""What a source says: things, links between them, and the rows that were left, each with where it stood.

All sources produce this and nothing else. Things and links know each other by ``key``, the source's own identity of a
thing (an id where the export has one, else its name), so that names of the model can stay when the source renames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from holdfast.model.types import Kind

# A value of the declaration before it is written: texts, lists and mappings of them.
Plain = str | Sequence["Plain"] | Mapping[str, "Plain"]

Sort = Literal["service", "resource", "site", "segment"]

# What the source of a link is to its target. ``contains`` is read by what the container is: a site houses, a facility,
# host or network carries its content, and anything else needs its parts. A ``cluster`` goes on with most of its members
# and a ``collection`` needs all of them. A ``flow`` sends data, a ``subcontract`` hands work on.
Meaning = Literal["needs", "contains", "cluster", "collection", "at", "within", "flow", "subcontract", "substitute"]

AGAIN = "said already by another row"
NOT_PRODUCTION = "not in production"
MAX_PORT = 65_535
_MAX_DIGITS = 9
MAX_TEXT_CHARS = 500  # of what an export says in words; the model takes more, a reader of a map does not


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something stood: the file as the user named it and the row, line or address in it."""

    file: str
    at: str

    def __str__(self) -> str:
        """Return ``file, row 7``."""
        return f"{self.file}, {self.at}"


@dataclass(frozen=True, slots=True)
class Said:
    """A value, and why it was guessed; ``None`` where the source itself gives it."""

    value: Plain
    guessed: str | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that becomes an entry; ``values`` are keys of that entry which need no look at other things."""

    key: str
    name: str
    sort: Sort
    origin: Origin
    values: Mapping[str, Said] = field(default_factory=dict)

    def value(self, key: str) -> Plain | None:
        """Return what was said for a key."""
        said = self.values.get(key)
        return said.value if said else None


@dataclass(frozen=True, slots=True)
class Link:
    """Something between two things, by their keys; ``what`` is how the source words it."""

    meaning: Meaning
    source: str
    target: str
    origin: Origin
    what: str
    guessed: str | None = None
    port: str | None = None
    protocol: str | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """A row that was not taken: ``reason`` is the same for all rows of its sort, ``detail`` is of this one."""

    origin: Origin
    what: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row that went into something that another row is the origin of."""

    origin: Origin
    what: str


@dataclass(slots=True)
class Facts:
    """What the sources of one import said, in the order in which they said it.

    ``left_keys`` are the keys of things that were left, with why, so that a link to one can say so. ``notes`` are
    sentences on a whole file. ``institution`` is the institution's name where a source gives it.
    """

    things: list[Thing] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    left_keys: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    institution: str | None = None
    _once: set[str] = field(default_factory=set)

    def add_once(self, thing: Thing) -> None:
        """Add a thing that several rows speak of, at the first of them."""
        if thing.key not in self._once:
            self._once.add(thing.key)
            self.things.append(thing)

    def take(self, origin: Origin, what: str) -> None:
        """Remember a row that went into something that is there already."""
        self.taken.append(Taken(origin, what))

    def leave(self, origin: Origin, what: str, reason: str, detail: str = "", key: str | None = None) -> None:
        """Remember a row that is not taken, and the thing that it would have been."""
        self.left.append(Left(origin, what, reason, detail))
        if key is not None:
            self.left_keys.setdefault(key, reason)


def words_of(text: str) -> str:
    """Return a text as one printable line, shortened: exports carry line breaks, tabs and worse."""
    if text.isprintable() and len(text) <= MAX_TEXT_CHARS and "  " not in text:
        return text.strip()
    printable = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(printable.split())
    return line if len(line) <= MAX_TEXT_CHARS else f"{line[: MAX_TEXT_CHARS - 1].rstrip()}…"


def said(guessed: str | None = None, /, **values: str | None) -> dict[str, Said]:
    """Return the values that were given, with the same standing; ``None`` and empty texts are left out."""
    return {key: Said(words_of(text), guessed) for key, text in values.items() if text and words_of(text)}


def kind_said(kind: Kind, guessed: str | None = None) -> dict[str, Said]:
    """Return a resource's kind as a value."""
    return {"kind": Said(kind, guessed)}


def whole(text: str) -> int | None:
    """Return the whole number that a text is, ``None`` for any other and for those beyond every use."""
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


def port_said(text: str) -> str | None:
    """Return a port as the model takes it, ``None`` for what is no port."""
    number = whole(text)
    return str(number) if number is not None and 0 < number <= MAX_PORT else None
