"""The keys of one mapping, read by name and form: whatever is missing, unknown or of the wrong form is a finding.

A reader always returns a value, so that one mistake hides no other; after a finding it is a placeholder, and
``Fields.sound`` tells. A model with errors is never handed out, so no placeholder leaves this room.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from holdfast.errors import Place
from holdfast.model.documents import Items, Node, Scalar, Table
from holdfast.model.findings import Findings, listed, shown
from holdfast.model.keys import RESERVED_NAMES, Key, Section
from holdfast.model.quantities import FORMS, MONEY, MONEY_REMEDY, TEXTS, money
from holdfast.model.types import Money
from holdfast.model.vocabulary import Vocabulary

MAX_TEXT_CHARS = 4_000
MAX_NAME_CHARS = 63
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?", re.ASCII)

Sort = Literal[
    "node",  # a resource or group
    "resource",
    "team",  # a resource of kind people
    "third-party",  # a resource of kind third-party or fmi
    "segment",
    "endpoint",  # a resource or segment
    "dependent",  # a resource, group or service
    "site",
    "place",  # a site or host
    "attribute",  # what sites or resources share
    "service",
    "scenario",
    "person",
    "role",
    "strategy",  # a recovery strategy of anything
    "practice",  # a recovery strategy or a playbook
    "subject",  # anything that has a name
]


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that something else must declare, and as what."""

    sort: Sort
    name: str
    place: Place


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading carries along: its findings, the words it may meet, and the names to look up at its end."""

    findings: Findings
    vocabulary: Vocabulary
    references: list[Reference] = field(default_factory=list)
    # Resources and sites of which the kind or the environment could not be read: nothing is held against them.
    unclear: set[str] = field(default_factory=set)
    # Modes that need nothing, as messages call them, and where.
    needless: list[tuple[str, Place]] = field(default_factory=list)

    def refer(self, sort: Sort, name: Scalar) -> None:
        """Remember that ``name`` must be declared somewhere."""
        if name.text:
            self.references.append(Reference(sort, name.text, name.place))

    def refer_at(self, sort: Sort, name: str, place: Place) -> None:
        """Remember that a name that stands as a key must be declared somewhere."""
        self.references.append(Reference(sort, name, place))

    def scalar(self, node: Node, expected: str) -> Scalar | None:
        """Return a node that holds one value; anything else, or nothing at all, is a finding."""
        if isinstance(node, Scalar) and not node.empty:
            return node
        message = f"expected {expected}, got {kind_of(node)}"
        self.findings.error("HF107", node.place, message, "Give the value, or leave the key out if it may be left out.")
        return None

    def word(self, node: Node, expected: str) -> Scalar | None:
        """Return a node that holds one short printable text; anything else is a finding."""
        scalar = self.scalar(node, expected)
        if scalar is None or (scalar.text.isprintable() and len(scalar.text) <= MAX_TEXT_CHARS):
            return scalar
        message = f"expected {expected} in printable characters, got {shown(scalar.text)}"
        self.findings.error("HF107", scalar.place, message, "Shorten it, or remove what cannot be printed.")
        return None

    def name(self, scalar: Scalar) -> bool:
        """Return whether the text can be a name; if not, that is a finding."""
        if len(scalar.text) <= MAX_NAME_CHARS and _NAME.fullmatch(scalar.text) and scalar.text not in RESERVED_NAMES:
            return True
        message = f"expected a name, got {shown(scalar.text)}"
        remedy = (
            f"Use letters, digits, '-', '_' and '.', at most {MAX_NAME_CHARS}, beginning and ending with a letter or "
            f"digit; {listed(sorted(RESERVED_NAMES))} cannot be names."
        )
        self.findings.error("HF110", scalar.place, message, remedy)
        return False

    def named(self, table: Table) -> Iterator[tuple[str, Node]]:
        """Yield the entries of a section whose keys are names that the author chose."""
        for name, node in table.entries.items():
            if self.name(Scalar(name, plain=False, place=node.place)):
                yield name, node


def kind_of(node: Node) -> str:
    """Return what a node is, in the words of a message."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Table):
        return "a mapping"
    return "nothing" if node.empty else shown(node.text)


class Fields:
    """The keys of one mapping of a section. Unknown and missing keys are found at once, values as they are read."""

    def __init__(self, reading: Reading, node: Node | None, section: Section, what: str) -> None:
        """Take the mapping apart; ``what`` names it in messages. No node at all reads as placeholders, silently."""
        self.reading = reading
        self.what = what
        self._findings = reading.findings
        self._section = section
        self._unsound: set[str] = set()
        self._silent = not isinstance(node, Table)
        self.place = node.place if node else Place("", 1)
        self.entries: Mapping[str, Node] = node.entries if isinstance(node, Table) else {}
        if isinstance(node, Table):
            self._check_keys()
        elif node is not None:
            message = f"expected a mapping for {what}, got {kind_of(node)}"
            self._findings.error("HF107", node.place, message, f"It takes the keys {listed(section)}.")

    def _check_keys(self) -> None:
        for key, node in self.entries.items():
            if key not in self._section:
                meant = self._findings.did_you_mean(key, self._section.keys())
                message = f"unknown key {shown(key)} in {self.what}"
                remedy = f"{meant}Otherwise remove it." if meant else f"It takes {listed(self._section)}."
                self._findings.error("HF105", node.place, message, remedy)
        for key, rule in self._section.items():
            if rule.required and key not in self.entries:
                self._unsound.add(key)
                remedy = f"Add {key}: {_expected(rule)}."
                self._findings.error("HF106", self.place, f"missing key {shown(key)} in {self.what}", remedy)

    def __contains__(self, key: str) -> bool:
        """Return whether the key was given."""
        return key in self.entries

    def sound(self, *keys: str) -> bool:
        """Return whether all of these were read without a finding (a default is sound)."""
        return not self._silent and self._unsound.isdisjoint(keys)

    def doubt(self, key: str) -> None:
        """Remember that something inside the key's value was not sound."""
        self._unsound.add(key)

    def place_of(self, key: str) -> Place:
        """Return where the key stands, or the whole mapping if it was not given."""
        return self.entries[key].place if key in self.entries else self.place

    def error(self, code: str, key: str, message: str, remedy: str) -> None:
        """Keep an error about one key."""
        self._unsound.add(key)
        self._findings.error(code, self.place_of(key), message, remedy)

    def scalar(self, key: str) -> Scalar | None:
        """Return what was given for the key, else its default; ``None`` when there is neither."""
        rule, node = self._section[key], self.entries.get(key)
        if node is None:
            return None if rule.default is None else Scalar(rule.default, plain=True, place=self.place)
        if isinstance(node, Scalar) and not node.empty:
            return node
        self._unsound.add(key)
        return self.reading.scalar(node, f"{_expected(rule)} for {key}")

    def optional_number(self, key: str) -> int | None:
        """Return the integer of a quantity, in its form's unit; ``None`` when it was not given and has no default.

        A duration that varies (form ``spread``) is read here where it is written as one value.
        """
        scalar = self.scalar(key)
        if scalar is None:
            return None
        rule = self._section[key]
        form = FORMS["duration" if rule.form == "spread" else rule.form]
        value = form.parse(scalar.text)
        if value is None:
            message = f"expected {_expected(rule)} for {key}, got {shown(scalar.text)}"
            self.error("HF108", key, message, form.remedy)
        return value

    def number(self, key: str) -> int:
        """Return the integer of a quantity that is required or has a default."""
        return self.optional_number(key) or 0

    def optional_money(self, key: str) -> Money | None:
        """Return an amount of money; ``None`` when it was not given."""
        scalar = self.scalar(key)
        if scalar is None:
            return None
        amount = money(scalar.text)
        if amount is None:
            message = f"expected {MONEY} for {key}, got {shown(scalar.text)}"
            self.error("HF108", key, message, MONEY_REMEDY)
        return amount

    def optional_date(self, key: str) -> str | None:
        """Return a date (ISO 8601); ``None`` when it was not given."""
        scalar = self.scalar(key)
        return None if scalar is None else self._as_text(key, scalar, "date")

    def date(self, key: str) -> str:
        """Return a date (ISO 8601) that is required."""
        return self.optional_date(key) or ""

    def optional_code(self, key: str) -> str | None:
        """Return the code of a finding; ``None`` when it was not given."""
        scalar = self.scalar(key)
        return None if scalar is None else self._as_text(key, scalar, "code")

    def optional_gap(self, key: str) -> Scalar | None:
        """Return a scenario and a check with a stroke between them; ``None`` when it was not given."""
        scalar = self.scalar(key)
        if scalar is not None:
            self._as_text(key, scalar, "gap")
        return scalar if self.sound(key) else None

    def dates(self, key: str) -> tuple[str, ...]:
        """Return a list of dates, earliest first."""
        return tuple(sorted(self._as_text(key, scalar, "date") for scalar in self.scalars(key)))

    def _as_text(self, key: str, scalar: Scalar, form: str) -> str:
        if TEXTS[form].parse(scalar.text) is None:
            self._unsound.add(key)
            expected = TEXTS[form].expected
            message = f"expected {expected} for {key}, got {shown(scalar.text)}"
            self._findings.error("HF108", scalar.place, message, f"Write {expected}.")
        return scalar.text

    def optional_text(self, key: str) -> str | None:
        """Return a text for people; ``None`` when it was not given. Control characters do not belong in one."""
        scalar = self.scalar(key)
        if scalar is None:
            return None
        text = scalar.text.strip()
        if not text or len(text) > MAX_TEXT_CHARS or not all(c.isprintable() or c == "\n" for c in text):
            message = f"expected a text of 1 to {MAX_TEXT_CHARS:,} printable characters for {key}, got {shown(text)}"
            self.error("HF107", key, message, "Shorten it, or remove what cannot be printed.")
        return text

    def text(self, key: str) -> str:
        """Return a text for people that is required."""
        return self.optional_text(key) or ""

    def optional_name(self, key: str, sort: Sort | None = None) -> str | None:
        """Return a name, to be looked up among those of ``sort`` when everything is read."""
        scalar = self.scalar(key)
        if scalar is None:
            return None
        if not self.reading.name(scalar):
            self._unsound.add(key)
        elif sort is not None:
            self.reading.refer(sort, scalar)
        return scalar.text

    def name(self, key: str, sort: Sort | None = None) -> str:
        """Return a name that is required."""
        return self.optional_name(key, sort) or ""

    def flag(self, key: str) -> bool:
        """Return a yes or no, which is written ``true`` or ``false`` and in no other way."""
        return self._one_of(key, ("true", "false")) == "true"

    def word(self, key: str) -> str:
        """Return one of the words that the section allows for this key."""
        return self._one_of(key, self._section[key].words)

    def _one_of(self, key: str, words: tuple[str, ...]) -> str:
        scalar = self.scalar(key)
        if scalar is not None and self._is_one_of(scalar, key, words):
            return scalar.text
        if scalar is not None:
            self._unsound.add(key)
        return words[0]

    def _is_one_of(self, scalar: Scalar, key: str, words: tuple[str, ...]) -> bool:
        if scalar.text in words:
            return True
        message = f"expected {listed(words)} for {key}, got {shown(scalar.text)}"
        remedy = self._findings.did_you_mean(scalar.text, words)
        self._findings.error("HF109", scalar.place, message, f"{remedy}Write one of them.")
        return False

    def items(self, key: str) -> tuple[Node, ...]:
        """Return the members of a list; one value without brackets is a list of one."""
        node = self.entries.get(key)
        if node is None and (default := self._section[key].default) is not None:
            return (Scalar(default, plain=True, place=self.place),)
        if isinstance(node, Items):
            return node.items
        if isinstance(node, Scalar) and not node.empty:
            return (node,)
        if node is not None:
            self.error("HF107", key, f"expected a list for {key}, got {kind_of(node)}", "Write [one, two].")
        return ()

    def scalars(self, key: str) -> tuple[Scalar, ...]:
        """Return the members of a list of texts, each of them once."""
        found: dict[str, Scalar] = {}
        for node in self.items(key):
            scalar = self.reading.word(node, f"a text in {key}")
            if scalar is None:
                self._unsound.add(key)
            elif scalar.text in found:
                self._unsound.add(key)
                message = f"expected each value of {key} once, got {shown(scalar.text)} again"
                self._findings.error("HF104", scalar.place, message, "Remove one of the two.")
            else:
                found[scalar.text] = scalar
        return tuple(found.values())

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of the words that the section allows for this key."""
        allowed = self._section[key].words
        scalars = self.scalars(key)
        for scalar in scalars:
            if not self._is_one_of(scalar, key, allowed):
                self._unsound.add(key)
        return tuple(scalar.text for scalar in scalars)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of short texts, each of them once."""
        return tuple(scalar.text for scalar in self.scalars(key))

    def names(self, key: str, sort: Sort) -> tuple[str, ...]:
        """Return a list of names, to be looked up among those of ``sort`` when everything is read."""
        given = self.scalars(key)
        scalars = [scalar for scalar in given if self.reading.name(scalar)]
        if len(scalars) < len(given):
            self._unsound.add(key)
        for scalar in scalars:
            self.reading.refer(sort, scalar)
        return tuple(scalar.text for scalar in scalars)

    def some(self, key: str) -> None:
        """Refuse a list or mapping that was given and is empty: it would say nothing."""
        node = self.entries.get(key)
        if (isinstance(node, Items) and not node.items) or (isinstance(node, Table) and not node.entries):
            empty = "list" if isinstance(node, Items) else "mapping"
            message = f"expected something in {key} of {self.what}, got an empty {empty}"
            self.error("HF107", key, message, "Name something, or leave the key out if it may be left out.")

    def table(self, key: str) -> Table | None:
        """Return a mapping whose keys the author chose; ``None`` when it was not given."""
        node = self.entries.get(key)
        if node is None or isinstance(node, Table):
            return node
        self.error("HF107", key, f"expected a mapping for {key}, got {kind_of(node)}", "Write the entries below it.")
        return None

    def named(self, key: str) -> Iterator[tuple[str, Node]]:
        """Yield the entries of a mapping whose keys are names that the author chose."""
        table = self.table(key)
        if table is not None:
            yield from self.reading.named(table)

    def short_texts(self, key: str) -> dict[str, str]:
        """Return a mapping of names that the author chose to short texts."""
        found = {}
        for name, node in self.named(key):
            scalar = self.reading.word(node, f"a text for {name} in {key}")
            if scalar is None:
                self._unsound.add(key)
            else:
                found[name] = scalar.text
        return found

    def quantities(self, key: str) -> dict[str, int]:
        """Return a mapping of names that the author chose to quantities."""
        return {name: self.quantity(key, node) for name, node in self.named(key)}

    def quantity(self, key: str, node: Node) -> int:
        """Return the quantity of one entry of a mapping, in the unit of its form."""
        form = FORMS[self._section[key].of]
        scalar = self.reading.scalar(node, f"{form.expected} in {key}")
        value = None if scalar is None else form.parse(scalar.text)
        if scalar is not None and value is None:
            message = f"expected {form.expected} in {key}, got {shown(scalar.text)}"
            self._findings.error("HF108", node.place, message, form.remedy)
        if value is None:
            self._unsound.add(key)
        return value or 0

    def by_quantity(self, key: str) -> Iterator[tuple[int, Node]]:
        """Return the entries of a mapping whose keys are quantities, each of them once, in ascending order."""
        form = FORMS[self._section[key].by]
        table = self.table(key)
        found: dict[int, Node] = {}
        for text, node in table.entries.items() if table is not None else ():
            value = form.parse(text)
            if value is None:
                message = f"expected {form.expected} as key in {key}, got {shown(text)}"
                self._findings.error("HF108", node.place, message, form.remedy)
            elif value in found:
                message = f"expected each key of {key} once, got {shown(text)}, which says the same as another"
                self._findings.error("HF104", node.place, message, "Remove one of the two.")
            else:
                found[value] = node
        return iter(sorted(found.items(), key=lambda entry: entry[0]))

    def sub(self, key: str, section: Section) -> Fields:
        """Return the keys of a section inside this one."""
        inner = Fields(self.reading, self.entries.get(key), section, f"{key} of {self.what}")
        if key in self.entries and not isinstance(self.entries[key], Table):
            self._unsound.add(key)
        return inner


def _expected(rule: Key) -> str:
    """Return what a key takes, in the words of a message."""
    if rule.form in FORMS:
        return FORMS[rule.form].expected
    if rule.form in TEXTS:
        return TEXTS[rule.form].expected
    if rule.words and rule.form == "words":
        return listed(rule.words)
    return _WRITTEN.get(rule.form, "a text")


_WRITTEN: Mapping[str, str] = {
    "flag": "true or false",
    "name": "a name",
    "list": "a list",
    "section": "a mapping",
    "entries": "a mapping of names",
    "needs": "needs",
    "money": MONEY,
    "spread": "a duration such as 2h, {p50: 2m, p95: 15m} or {min: 1m, mode: 2m, max: 9m}",
}
