"""The keys of a manifest, section by section; ``docs/observe.md`` lists them, and a test compares."""

from __future__ import annotations

from typing import get_args

from holdfast.evidence.observed import ObservedKind, RecordKind
from holdfast.model.keys import Key, Section
from holdfast.model.keys.form import entries, mapping, needed

FORMATS = ("csv", "prometheus", "ndjson")

MANIFEST: Section = {
    "observed": needed(
        "words",
        get_args(ObservedKind),
        meaning="A `recovery-test` is production-like; `live-test`, `incident` are live.",
    ),
    "title": needed("text", meaning="What it was, in a line."),
    "lead": needed("text", meaning="The role that answers for these records."),
    "knew": Key("list", of="text", meaning="Who knew beforehand: that they noticed shows nothing."),
    "from": needed("text", meaning="When the observation begins. Samples before it are not looked at."),
    "to": needed("text", meaning="When it ends. Samples after it are not looked at."),
    "time_zone": Key("text", default="UTC", meaning="Of `from` and `to`, and of every source that names none."),
    "day": mapping("day", meaning="The business day that was rehearsed, if one was."),
    "names": entries("text", meaning="What records call a participant, and what that participant is called here."),
    "sources": Key("entries", required=True, of="source", meaning="The files, by a name that you choose."),
}

DAY: Section = {
    "cut_off": needed("text", meaning="No instruction is accepted after it."),
    "close_by": needed("text", meaning="The day must be closed by then."),
}

SOURCE: Section = {
    "record": needed("words", get_args(RecordKind), meaning="What the file is a record of."),
    "file": needed("text", meaning="The file, in this directory or below it."),
    "format": needed("words", FORMATS, meaning="How it is written."),
    "participant": Key("name", meaning="Whose record it is. Only, and always, for `participant`."),
    "time_zone": Key("text", meaning="Of its times, where they do not say it themselves."),
    "times": Key(
        "text",
        default="iso",
        meaning='How its times are written: `iso`, `unix`, `unix-ms`, or a pattern such as `"%d-%m-%Y %H:%M:%S"`.',
    ),
    "clock": mapping(
        "clock", meaning="How the clock that wrote its times stood to UTC. Always, where a record has times."
    ),
    "exported": Key("section", required=True, of="exported", meaning="By whom, when and with what the file was made."),
    "every": Key("duration", meaning="The time from one sample to the next. Only, and always, for `availability`."),
    "good": mapping("good", meaning="Which samples are good. Only, and always, for `availability`."),
    "series": entries("text", meaning="The labels that choose one series. Only for `prometheus`."),
    "columns": entries("text", meaning="Which column holds what. Only, and always, for `csv`."),
    "words": entries("list", meaning="What its words mean: our word, and the words that it uses."),
    "decimal": Key("words", words=("point", "comma"), default="point", meaning="What its amounts are written with."),
    "rows": Key(
        "count", meaning="How many rows the exporting tool counted: without it nothing shows that none is missing."
    ),
}

CLOCK: Section = {
    "ahead": Key("text", default="0ms", meaning="How much it was ahead of UTC, such as `350ms`, or `-2s` behind."),
    "within": needed("duration", meaning="How far that may be wrong, either way, at any time of the record."),
}

EXPORTED: Section = {
    "by": needed("text", meaning="The role that exported it."),
    "at": needed("text", meaning="When, in the source's time zone; no clock correction is made."),
    "with": needed("text", meaning="The tool, with its version."),
}

GOOD: Section = {
    "state": Key("list", of="text", meaning="The words in the column `state` that mean good."),
    "at_least": Key("text", meaning="The least value that is good."),
    "at_most": Key("text", meaning="The greatest value that is good."),
    "latency": Key("duration", meaning="The longest good answer: the column `latency_ms`."),
}

# By kind of record: the columns that a CSV file must have, and those that it may have.
COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "availability": (("time",), ("state", "value", "latency_ms")),
    "participant": (("key", "offered", "to", "amount", "status", "acknowledged"), ("priority",)),
    "settlement": (("key", "from", "to", "amount", "status"), ("priority", "reason")),
    "positions": (("participant", "opening", "debits", "credits", "closing", "confirmed"), ()),
    "timeline": (("time", "actor", "what"), ("kind", "workaround")),
}

SECTIONS = {
    "manifest": MANIFEST,
    "day": DAY,
    "source": SOURCE,
    "clock": CLOCK,
    "exported": EXPORTED,
    "good": GOOD,
}
