"""The files of an observation, each read by what the manifest says of it: typed rows, or findings with their lines.

Nothing is guessed and nothing is passed over: a row that cannot be read, a word that nobody explained, a total that
does not agree, or a time after the file was exported makes the file one that cannot be relied on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, cast

from holdfast.errors import Place
from holdfast.evidence.observed import MILESTONES, UTC_CLOCK
from holdfast.model.findings import Findings, shown
from holdfast.model.importing.tables import Row
from holdfast.state.history import Operation, Record, read_record
from holdfast.state.observed.files import (
    WORKAROUNDS,
    OpenFile,
    amount,
    instant,
    priority_of,
    rows_of,
    says_priority,
    word,
)
from holdfast.state.observed.manifest import Manifest
from holdfast.state.observed.rows import Line, Offsets, PositionRow, Read
from holdfast.state.observed.samples import read_samples
from holdfast.state.observed.times import read_time
from holdfast.state.rows import Answer, Clock, Instruction, Offer

MAX_FINDINGS_PER_FILE = 50
MAX_TIMELINE_LINES = 2_000
MAX_ACTOR_CHARS, MAX_WHAT_CHARS = 200, 2_000


def read_sources(manifest: Manifest, files: Mapping[str, bytes | str], offsets_s: Offsets, findings: Findings) -> Read:
    """Return what all files say. ``files`` maps a source's name to its bytes, or to why they are not there."""
    read = Read()
    for source in manifest.sources:
        data = files.get(source.name, "its file is not there")
        own = Findings()
        if isinstance(data, str):
            own.error("HF520", source.place, f"the file of source {source.name} cannot be read: {data}", "Add it.")
        else:
            file = OpenFile(source, data, manifest, offsets_s.get(source.zone, 0), own)
            rows = _READERS[source.record](file, read)
            read.rows[source.name] = rows
            _check_total(file, rows)
        told = own.by_place()
        for finding in told[:MAX_FINDINGS_PER_FILE]:
            findings.add(finding.severity, finding.code, finding.place, finding.message, finding.remedy)
        if len(told) > MAX_FINDINGS_PER_FILE:
            message = f"{len(told) - MAX_FINDINGS_PER_FILE:,} more findings in this file are not listed"
            findings.add("note", "HF100", Place(source.file, told[-1].place.line), message, "Correct these first.")
        if own.has_errors:
            read.unread[source.name] = str(next(each for each in told if each.severity == "error"))
    return read


def _check_total(file: OpenFile, rows: int) -> None:
    declared = file.source.rows
    if declared is not None and declared != rows:
        message = f"expected {declared:,} rows, as the exporting tool counted, got {rows:,}"
        remedy = f"Export {file.source.file} again, or correct rows."
        file.findings.error("HF525", file.source.place, message, remedy)


# -- what participants and the institution hold --


def _read_participant(file: OpenFile, read: Read) -> int:
    source = file.source
    bank = source.participant or source.name
    if source.format == "ndjson":
        record = read_record(file.data, bank)
        if isinstance(record, str):
            file.error("HF521", 1, f"expected the record of {bank}, got one that is none: {record}", "Copy it again.")
            return 0
        read.records[bank] = _on_utc(record, source.ahead_us, said=says_priority(file.manifest))
        return len(record.operations)
    operations: dict[str, Operation] = {}
    number = 0
    for row, cell in rows_of(file):
        number += 1
        operation = _operation(file, row, cell, bank)
        if operation is None:
            continue
        if operation.offer.key in operations:
            message = f"expected each key once, got {shown(operation.offer.key)} again"
            file.error("HF525", row.number, message, "Export one row for each instruction.")
        operations[operation.offer.key] = operation
    ordered = tuple(sorted(operations.values(), key=lambda each: (each.offer.t_us, each.offer.key)))
    last_us = max((max([each.offer.t_us, *(a.t_us for a in each.answers)]) for each in ordered), default=0)
    # Only a total that its exporter counted shows that no row is missing.
    clock = Clock("clock", bank, UTC_CLOCK, 0, 0, 0, 0)
    read.records[bank] = Record(clock, ordered, (), last_us, ended=source.rows is not None)
    return number


def _operation(file: OpenFile, row: Row, cell: Callable[[str], str], bank: str) -> Operation | None:
    key, status = cell("key"), word(file, row, "status", cell("status"))
    offered_us = instant(file, row, cell("offered"), "this offer")
    amount_cents = amount(file, row, cell("amount"))
    priority = priority_of(file, row, cell)
    if not key:
        file.error(
            "HF522", row.number, "expected a key, got nothing", "Every instruction has the key that it was sent with."
        )
    if not key or status is None or offered_us is None or amount_cents is None or priority is None:
        return None
    to = file.manifest.names.get(cell("to"), cell("to"))
    offer = Offer("offer", offered_us, key, to, amount_cents, priority)
    if status == "none":
        return Operation(bank, offer, (), ())
    at_us = instant(file, row, cell("acknowledged"), "this acknowledgement")
    if at_us is None:
        return None
    if at_us < offered_us:
        message = f"{shown(key)} was acknowledged before it was offered"
        file.error("HF523", row.number, message, "Look at the columns and at how their times are written.")
    definite = cast("Literal['settled', 'queued', 'rejected']", status)
    return Operation(bank, offer, (Answer("answer", at_us, key, 1, "", definite, None, None),), ())


def _on_utc(record: Record, ahead_us: int, *, said: bool) -> Record:
    """Return a record of ours with its monotonic times on UTC; all are *normal* where not every record says more."""
    shift_us = record.clock.utc_us - record.clock.mono_us - ahead_us
    operations = tuple(
        Operation(
            each.bank,
            replace(each.offer, t_us=each.offer.t_us + shift_us, priority=each.offer.priority if said else "normal"),
            tuple(replace(answer, t_us=answer.t_us + shift_us) for answer in each.answers),
            tuple(replace(update, t_us=update.t_us + shift_us) for update in each.updates),
        )
        for each in record.operations
    )
    clock = replace(record.clock, clock_id=UTC_CLOCK, utc_us=0, mono_us=0)
    return replace(record, clock=clock, operations=operations, last_us=record.last_us + shift_us)


def _read_settlement(file: OpenFile, read: Read) -> int:
    found: list[Instruction] = []
    number = 0
    for row, cell in rows_of(file):
        number += 1
        key, status = cell("key"), word(file, row, "status", cell("status"))
        amount_cents, priority = amount(file, row, cell("amount")), priority_of(file, row, cell)
        if not key:
            file.error("HF522", row.number, "expected a key, got nothing", "Export the key of every instruction.")
        if not key or status is None or amount_cents is None or priority is None:
            continue
        names = file.manifest.names
        sender, receiver = (names.get(cell(end), cell(end)) for end in ("from", "to"))
        definite = cast("Literal['settled', 'queued', 'rejected']", status)
        reason = cell("reason") or None
        found.append(
            Instruction("instruction", key, 1, sender, receiver, amount_cents, priority, definite, reason, None, None)
        )
    read.instructions = tuple(found)
    return number


def _read_positions(file: OpenFile, read: Read) -> int:
    found: dict[str, PositionRow] = {}
    number = 0
    for row, cell in rows_of(file):
        number += 1
        bank = file.manifest.names.get(cell("participant"), cell("participant"))
        amounts = [amount(file, row, cell(name), signed=True) for name in ("opening", "debits", "credits", "closing")]
        confirmed = word(file, row, "confirmed", cell("confirmed"))
        if bank in found:
            message = f"expected one position of {bank}, got another"
            file.error("HF525", row.number, message, "Export the positions of one day.")
        if confirmed is None or any(amount is None for amount in amounts):
            continue
        opening, debits, credited, closing = (amount or 0 for amount in amounts)
        found[bank] = PositionRow(bank, opening, debits, credited, closing, confirmed == "yes")
    read.positions = tuple(found.values())
    return number


# -- the timeline --


def _read_timeline(file: OpenFile, read: Read) -> int:
    number = 0
    for row, cell in rows_of(file):
        number += 1
        time = read_time(cell("time"), file.source.times)
        at_us = instant(file, row, cell("time"), "this line")
        kind = word(file, row, "kind", cell("kind")) if cell("kind") else None
        manual = word(file, row, "workaround", cell("workaround")) if cell("workaround") else None
        if not cell("actor") or not cell("what"):
            file.error("HF522", row.number, "expected who and what, got nothing", "A timeline says who did what.")
        if len(cell("actor")) > MAX_ACTOR_CHARS or len(cell("what")) > MAX_WHAT_CHARS:
            message = f"expected at most {MAX_ACTOR_CHARS} characters of who and {MAX_WHAT_CHARS:,} of what, got more"
            file.error("HF522", row.number, message, "Shorten it, or split the line.")
        if at_us is None or time is None:
            continue
        milestone = next((each for each in MILESTONES if each == kind), None)
        workaround = next((each for each in WORKAROUNDS if each == manual), None)
        actor, what = cell("actor"), cell("what")
        said = (file.source.name, row.number, at_us, time.written_to_us, actor, what)
        read.lines.append(Line(*said, milestone, workaround, time.zoned))
    if number > MAX_TIMELINE_LINES:
        message = f"expected at most {MAX_TIMELINE_LINES:,} lines, got {number:,}"
        file.error("HF521", 1, message, "Export what was decided, done and seen; not what machines log.")
    return number


_READERS: Mapping[str, Callable[[OpenFile, Read], int]] = {
    "availability": read_samples,
    "participant": _read_participant,
    "settlement": _read_settlement,
    "positions": _read_positions,
    "timeline": _read_timeline,
}
