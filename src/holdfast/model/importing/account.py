"""The account of an import: what became of every row, and what became of every entry in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from holdfast.model.importing.facts import Origin, Said, words_of

Section = Literal["sites", "segments", "services", "resources", "flows"]
SECTIONS: tuple[Section, ...] = ("sites", "segments", "services", "resources", "flows")

Standing = Literal["taken", "guessed", "left"]
STANDINGS: tuple[Standing, ...] = ("taken", "guessed", "left")

Became = Literal["taken", "guessed", "left in part", "left"]
BECAME: tuple[Became, ...] = ("taken", "guessed", "left in part", "left")

# What a merge did with an entry. ``kept``: a person changed it and the source did too, or lost it; ``yours``: a person
# wrote it; ``unwanted``: a person removed it and the source still has it.
Fate = Literal["new", "updated", "unchanged", "removed", "kept", "yours", "unwanted"]
FATES: tuple[Fate, ...] = ("new", "updated", "unchanged", "removed", "kept", "yours", "unwanted")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a declaration, proposed; ``name`` identifies it in its section, also where that is a list."""

    section: Section
    name: str
    values: Mapping[str, Said]
    origin: Origin


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row; ``why`` says what was guessed, or begins with the reason for which it was left."""

    origin: Origin
    what: str
    standing: Standing
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a merge did with one entry, and what there is to know about it."""

    section: Section
    name: str
    fate: Fate
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """Everything there is to say of one import."""

    rows: tuple[Row, ...]
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()
    mapping_guesses: int = 0

    def standings(self) -> Mapping[str, Mapping[Became, int]]:
        """Return for each file, in order, how many of its rows became what.

        A row may say several things: where it is, what it needs. It is left if all of them were, and left in part if
        some were.
        """
        said: dict[tuple[str, str], set[Standing]] = {}
        for row in self.rows:
            said.setdefault((row.origin.file, row.origin.at), set()).add(row.standing)
        found: dict[str, Counter[Became]] = {}
        for (file, _), standings in said.items():
            found.setdefault(file, Counter())[_became(standings)] += 1
        return {file: {became: counts[became] for became in BECAME} for file, counts in found.items()}

    def fates(self) -> Mapping[Fate, int]:
        """Return how many entries had each fate."""
        counts = Counter(change.fate for change in self.changes)
        return {fate: counts[fate] for fate in FATES if counts[fate]}

    def reasons(self, standing: Standing) -> tuple[tuple[str, int], ...]:
        """Return why rows were left, or what was guessed, most frequent first."""
        counts = Counter(why for row in self.rows if row.standing == standing for why in _reasons(row))
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def took_anything(self) -> bool:
        """Whether any row was taken."""
        return any(row.standing != "left" for row in self.rows)


@dataclass(slots=True)
class Ledger:
    """Rows as they come in while an import is assembled: guesses on the same row add up."""

    _rows: dict[tuple[Origin, str], Row] = field(default_factory=dict)

    def took(self, origin: Origin, what: str, guesses: Iterable[str] = ()) -> None:
        """Count a row as taken, guessed where there is any guess, now or before."""
        before = self._rows.get((origin, what))
        known = before.why if before is not None and before.standing == "guessed" else ()
        whys = tuple(dict.fromkeys((*known, *guesses)))
        standing: Standing = "guessed" if whys else "taken"
        self._rows[origin, what] = Row(origin, words_of(what), standing, tuple(words_of(why) for why in whys))

    def left(self, origin: Origin, what: str, reason: str, detail: str = "") -> None:
        """Count a row as left."""
        why = (reason, words_of(detail)) if words_of(detail) else (reason,)
        self._rows[origin, what] = Row(origin, words_of(what), "left", why)

    def rows(self) -> tuple[Row, ...]:
        """Return the rows in the order of their files and positions in them."""
        return tuple(sorted(self._rows.values(), key=lambda row: (row.origin.file, _position(row.origin.at), row.what)))


def _became(standings: set[Standing]) -> Became:
    if "left" in standings:
        return "left" if standings == {"left"} else "left in part"
    return "guessed" if "guessed" in standings else "taken"


def _reasons(row: Row) -> tuple[str, ...]:
    """Return the reasons of a row without what is only its own: a detail, or what stands behind a semicolon."""
    return row.why[:1] if row.standing == "left" else tuple(why.partition(";")[0] for why in row.why)


def _position(at: str) -> tuple[int, str]:
    """Return a sort key that puts row 9 before row 10."""
    digits = at.rpartition(" ")[2]
    return (int(digits), at) if digits.isdecimal() else (0, at)
