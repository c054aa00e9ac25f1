"""The manifest of an observation: what ran, and for each file of its records what it is, from where and by whose clock.

Mistakes are findings with the line of the manifest, all of them at once; with an error among them there is no manifest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from holdfast.errors import Place
from holdfast.evidence.observed import MILESTONES, ObservedKind, RecordKind
from holdfast.model.documents import Node, compose
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import Findings, listed, shown
from holdfast.model.keys import Key
from holdfast.model.quantities import duration_ms
from holdfast.model.vocabulary import Vocabulary
from holdfast.state.observed import keys
from holdfast.state.observed.times import ISO, Time, is_form, read_time

FILE = "observation.yaml"
MAX_SOURCES = 200
_US_PER_MS = 1_000
_STATUSES = ("settled", "rejected", "queued", "none")
_WORDS: Mapping[RecordKind, tuple[str, ...]] = {
    "availability": (),
    "participant": (*_STATUSES, "normal", "priority"),
    "settlement": ("settled", "rejected", "queued", "normal", "priority"),
    "positions": ("yes", "no"),
    "timeline": (*MILESTONES, "planned", "contingency", "improvised"),
}
_TIMED: frozenset[RecordKind] = frozenset({"availability", "participant", "timeline"})


@dataclass(frozen=True, slots=True)
class Good:
    """Which samples are good: all that is given here must hold. Values are compared as decimal numbers."""

    state: tuple[str, ...]
    at_least: str | None
    at_most: str | None
    latency_ms: int | None

    def __str__(self) -> str:
        """Return it in words."""
        parts = [f"it says {listed(self.state)}"] if self.state else []
        parts += [f"its value is at least {self.at_least}"] if self.at_least is not None else []
        parts += [f"its value is at most {self.at_most}"] if self.at_most is not None else []
        parts += [f"it took at most {self.latency_ms:,} ms"] if self.latency_ms is not None else []
        return " and ".join(parts)


@dataclass(frozen=True, slots=True)
class Source:
    """One file: how it is written, and by whose clock; ``zone`` is the name of its time zone."""

    name: str
    place: Place
    record: RecordKind
    file: str
    format: Literal["csv", "prometheus", "ndjson"]
    participant: str | None
    zone: str
    times: str
    ahead_us: int
    within_us: int
    exported_by: str
    exported_at: Time
    exported_with: str
    every_us: int
    good: Good | None
    series: Mapping[str, str]
    columns: Mapping[str, str]
    words: Mapping[str, str]  # theirs to ours
    decimal: str
    rows: int | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What ran, between which times (of ``zone`` unless they say it), and its sources in the order of the file."""

    what: ObservedKind
    title: str
    lead: str
    knew: tuple[str, ...]
    began: Time
    ended: Time
    cut_off: Time | None
    close_by: Time | None
    zone: str
    names: Mapping[str, str]
    sources: tuple[Source, ...]
    place: Place

    def of(self, record: RecordKind) -> tuple[Source, ...]:
        """Return the sources of one kind of record."""
        return tuple(source for source in self.sources if source.record == record)

    @property
    def zones(self) -> frozenset[str]:
        """Every time zone that it names."""
        return frozenset({self.zone, *(source.zone for source in self.sources)})


def read_manifest(file: str, data: bytes, findings: Findings) -> Manifest | None:
    """Return the manifest in these bytes; ``None`` with an error among the findings."""
    node = compose(file, data, findings)
    if node is None:
        if not findings.has_errors:
            findings.error("HF106", Place(file, 1), "expected a manifest, got an empty file", "See docs/observe.md.")
        return None
    fields = Fields(Reading(findings, Vocabulary({}, frozenset())), node, keys.MANIFEST, "the manifest")
    zone = _zone(fields, "UTC")
    day = fields.sub("day", keys.DAY) if "day" in fields else None
    read = (_read_source(fields, name, inner, zone) for name, inner in fields.named("sources"))
    sources = tuple(source for source in read if source is not None)
    _check_sources(fields, sources)
    began, ended = _time(fields, "from"), _time(fields, "to")
    manifest = Manifest(
        what=cast("ObservedKind", fields.word("observed")),
        title=fields.text("title"),
        lead=fields.text("lead"),
        knew=fields.texts("knew"),
        began=began,
        ended=ended,
        cut_off=_time(day, "cut_off") if day else None,
        close_by=_time(day, "close_by") if day else None,
        zone=zone,
        names=_texts_by_text(fields, "names"),
        sources=sources,
        place=node.place,
    )
    return None if findings.has_errors else manifest


def _check_sources(fields: Fields, sources: tuple[Source, ...]) -> None:
    """Find no sources at all, too many, and two of a kind where one is judged."""
    if not fields.reading.findings.has_errors and not 1 <= len(sources) <= MAX_SOURCES:
        message = f"expected 1 to {MAX_SOURCES} sources, got {len(sources)}"
        fields.error("HF107", "sources", message, "Name the files of one observation.")
    seen: dict[object, Source] = {}
    for source in sources:
        what: object = source.participant if source.record == "participant" else source.record
        if source.record == "timeline":
            continue
        if what in seen:
            message = f"expected one source of {what}, got {source.name} after {seen[what].name}"
            remedy = "Give the one that the service is judged by; export both into one file if it takes both."
            fields.reading.findings.error("HF104", source.place, message, remedy)
        seen[what] = source


def _read_source(manifest: Fields, name: str, node: Node, zone: str) -> Source | None:
    """Return one source; ``None`` when it does not say what it is a record of, which is then a finding."""
    fields = Fields(manifest.reading, node, keys.SOURCE, f"source {shown(name)}")
    clock = fields.sub("clock", keys.CLOCK)
    exported = fields.sub("exported", keys.EXPORTED)
    record = cast("RecordKind", fields.word("record"))
    times = _times(fields)
    source = Source(
        name=name,
        place=node.place,
        record=record,
        file=_file(fields),
        format=cast("Literal['csv', 'prometheus', 'ndjson']", fields.word("format")),
        participant=fields.optional_name("participant"),
        zone=_zone(fields, zone),
        times=times,
        ahead_us=_ahead(clock),
        within_us=(clock.optional_number("within") or 0) * _US_PER_MS,
        exported_by=exported.text("by"),
        exported_at=_time(exported, "at"),
        exported_with=exported.text("with"),
        every_us=(fields.optional_number("every") or 0) * _US_PER_MS,
        good=_read_good(fields) if "good" in fields else None,
        series=_texts_by_text(fields, "series"),
        columns=fields.short_texts("columns"),
        words=_read_words(fields, record),
        decimal=fields.word("decimal"),
        rows=fields.optional_number("rows"),
    )
    if fields.sound("record", "format"):
        _check_fitting(fields, source)
    return source if fields.sound("record") else None


_FORMATS: Mapping[RecordKind, tuple[str, ...]] = {
    "availability": ("csv", "prometheus"),
    "participant": ("csv", "ndjson"),
    "settlement": ("csv",),
    "positions": ("csv",),
    "timeline": ("csv",),
}


def _check_fitting(fields: Fields, source: Source) -> None:
    """Find keys that a source of this kind and format needs or does not take."""
    allowed = _FORMATS[source.record]
    if source.format not in allowed:
        message = f"expected {listed(allowed)} for a record of {source.record}, got {source.format}"
        fields.error("HF109", "format", message, "Export it in a format that is read.")
    only = {
        "participant": source.record == "participant",
        "every": source.record == "availability",
        "good": source.record == "availability",
        "columns": source.format == "csv",
        "clock": source.record in _TIMED,
        "series": source.format == "prometheus",
    }
    for key, takes in only.items():
        if takes and key not in fields and key != "series":
            fields.error("HF106", key, f"missing key {shown(key)} in {fields.what}", "Add it: see docs/observe.md.")
        elif not takes and key in fields:
            message = f"{key} is nothing that {source.format} of {source.record} has"
            fields.error("HF105", key, message, "Remove it.")
    if source.every_us == 0 and only["every"] and "every" in fields and fields.sound("every"):
        fields.error("HF108", "every", "expected a time between samples above zero", "Write a duration such as 15s.")
    if source.format == "csv" and "columns" in fields and fields.sound("columns"):
        _check_columns(fields, source)


def _check_columns(fields: Fields, source: Source) -> None:
    must, may = keys.COLUMNS[source.record]
    for column in must:
        if column not in source.columns:
            message = f"missing column {shown(column)} in columns of {fields.what}"
            fields.error("HF106", "columns", message, "Say which heading of the file holds it.")
    for column in source.columns:
        if column not in {*must, *may}:
            remedy = f"{fields.reading.findings.did_you_mean(column, (*must, *may))}It takes {listed((*must, *may))}."
            fields.error("HF105", "columns", f"unknown column {shown(column)} in {fields.what}", remedy)
    good = source.good
    if source.record == "availability" and good is not None:
        needs: tuple[tuple[str, object], ...] = (
            ("state", good.state),
            ("latency_ms", good.latency_ms),
            ("value", good.at_least or good.at_most),
        )
        for column, wanted in needs:
            if wanted and column not in source.columns:
                message = f"good asks for {column}, and no column of {fields.what} holds it"
                fields.error("HF106", "columns", message, f"Add {column} to columns.")


def _read_good(fields: Fields) -> Good:
    good = fields.sub("good", keys.GOOD)
    found = Good(
        good.texts("state"),
        good.optional_text("at_least"),
        good.optional_text("at_most"),
        good.optional_number("latency"),
    )
    for key, value in (("at_least", found.at_least), ("at_most", found.at_most)):
        if value is not None and _NUMBER.fullmatch(value) is None:
            good.error("HF108", key, f"expected a number for {key}, got {shown(value)}", "Write a number such as 0.95.")
    if not str(found) and not good.reading.findings.has_errors:
        message = "expected a rule in good, got none: every sample would be good"
        fields.error("HF107", "good", message, "Say which state, value or latency is good.")
    return found


_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)


def _read_words(fields: Fields, record: RecordKind) -> Mapping[str, str]:
    """Return what the source's words mean: its own, and ours as they are."""
    ours = _WORDS[record]
    found = {word: word for word in ours}
    table = fields.table("words")
    if table is None:
        return found
    section = {word: Key("list", of="text") for word in ours}
    given = Fields(fields.reading, table, section, f"words of {fields.what}")
    for word in ours:
        for theirs in given.texts(word) if word in given else ():
            if theirs in found and found[theirs] != word and theirs not in ours:
                message = f"{shown(theirs)} is said to mean {found[theirs]} and {word}"
                given.error("HF104", word, message, "Remove one of the two.")
            found[theirs] = word
    return found


def _texts_by_text(fields: Fields, key: str) -> Mapping[str, str]:
    """Return a mapping of what other tools call something, which need not be a name here, to a text."""
    table = fields.table(key)
    found = {}
    for theirs, node in table.entries.items() if table is not None else ():
        scalar = fields.reading.word(node, f"a text for {theirs} in {key}")
        if scalar is not None:
            found[theirs] = scalar.text
    return found


def _file(fields: Fields) -> str:
    """Return the name of a file in the directory or below it, and nowhere else."""
    name = fields.text("file")
    parts = name.split("/")
    if fields.sound("file") and (name.startswith("/") or "\\" in name or {"", ".", ".."} & set(parts) or name == FILE):
        message = f"expected a file in this directory, got {shown(name)}"
        fields.error(
            "HF108", "file", message, "Put the file below the manifest's directory and write the way to it with /."
        )
    return name


def _zone(fields: Fields, default: str) -> str:
    return fields.optional_text("time_zone") or default


def _times(fields: Fields) -> str:
    times = fields.optional_text("times") or "iso"
    if fields.sound("times") and not is_form(times):
        message = f"expected iso, unix, unix-ms or a pattern for times, got {shown(times)}"
        remedy = "A pattern has %Y, %m, %d, %H and %M, and may have %S, %f and %z."
        fields.error("HF108", "times", message, remedy)
        return "iso"
    return times


def _time(fields: Fields, key: str) -> Time:
    text = fields.optional_text(key)
    time = read_time(text, ISO) if text else None
    if time is None and text:
        message = f"expected a date and a time for {key}, got {shown(text)}"
        fields.error("HF108", key, message, 'Write it such as "2026-11-21 10:15:00", in the time zone that is named.')
    return time or Time(0, zoned=True, written_to_us=1)


def _ahead(clock: Fields) -> int:
    """Return how far a clock is ahead of UTC, in µs; negative for one that is behind."""
    text = clock.optional_text("ahead") or "0ms"
    behind = text.startswith("-")
    value = duration_ms(text.removeprefix("-").removeprefix("+"))
    if value is None:
        message = f"expected a duration such as 350ms or -2s for ahead, got {shown(text)}"
        clock.error("HF108", "ahead", message, "Write one whole number and one unit, with a minus if it is behind UTC.")
    return (value or 0) * _US_PER_MS * (-1 if behind else 1)
