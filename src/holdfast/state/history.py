"""From an exercise's attachments to typed histories, each whole or not at all.

A file that is missing, altered or malformed is never half believed: what rests on it becomes *unknown*, with the
reason that stands in ``History.problems`` under the file's name. Reading never raises. Members that are not known here
are passed over; everything else is refused: a wrong type, an unknown operation, an answer to what was never offered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from holdfast.errors import HoldfastError
from holdfast.state import rows
from holdfast.state.exercise import Exercise
from holdfast.state.fencing import AFTER, BEFORE, FENCER, FencerLine, Running, read_fencer, read_running
from holdfast.state.inbox import Content, Inbox, InboxClock, InboxRow, Looked, Message
from holdfast.state.ndjson import Malformed, adapter, read_lines, read_row, read_rows
from holdfast.state.rows import (
    Account,
    Alarm,
    Answer,
    BusinessDay,
    Clock,
    Instruction,
    JournalLine,
    JournalRow,
    LedgerEntry,
    Offer,
    Position,
    PositionSeen,
    Source,
    Stopped,
    Update,
)

RECORDS = "records/"
JOURNALS = "journal/"
INBOXES = "inbox/"
ALARMS = "alarms.ndjson"
LEDGER = "ledger.ndjson"
SUFFIX = ".ndjson"

ReadAttachment = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Operation:
    """One instruction as its sender saw it: offered, tried perhaps many times, answered, seen final."""

    bank: str
    offer: Offer
    answers: tuple[Answer, ...]
    updates: tuple[Update, ...]

    @property
    def acknowledged(self) -> Answer | None:
        """The acknowledgement: the first definite answer."""
        return min((a for a in self.answers if a.definite), key=lambda a: a.t_us, default=None)

    @property
    def outcome(self) -> str | None:
        """What the sender believes in the end: settled, rejected, queued, or nothing definite."""
        said = [*((a.t_us, a.status) for a in self.answers if a.definite), *((u.t_us, u.status) for u in self.updates)]
        final = [status for _, status in sorted(said) if status != "queued"]
        return final[-1] if final else ("queued" if said else None)


@dataclass(frozen=True, slots=True)
class Record:
    """What one participant kept on its own side, operations in the order in which they were offered.

    One that is not ``ended`` breaks off before the participant had stopped offering: what it says is so, and more may
    have been. It stands in ``History.problems`` too, so that what it does not say is held against nobody.
    """

    clock: Clock
    operations: tuple[Operation, ...]
    positions: tuple[PositionSeen, ...]
    last_us: int  # when its last line was written
    ended: bool


@dataclass(frozen=True, slots=True)
class Ledger:
    """The extract that the auditor read on the primary, in one transaction."""

    source: Source
    accounts: tuple[Account, ...]
    instructions: tuple[Instruction, ...]
    entries: tuple[LedgerEntry, ...]
    journal: tuple[JournalRow, ...]
    days: tuple[BusinessDay, ...]
    positions: tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class GatewayLine:
    """A line of an instruction journal with the canonical bytes that its hash covers."""

    line: JournalLine
    covered: bytes


@dataclass(frozen=True, slots=True)
class History:
    """All histories of an exercise. What could not be read is in ``problems``: file name -> why.

    ``told_in_words``: each of these says by itself what it is about.
    """

    records: Mapping[str, Record]  # by participant
    alarms: tuple[Alarm, ...] | None
    ledger: Ledger | None
    journals: Mapping[str, tuple[GatewayLine, ...]]  # by gateway, as the vault holds them
    problems: Mapping[str, str] = field(default_factory=dict)
    told_in_words: bool = False
    inboxes: Mapping[str, Inbox] = field(default_factory=dict)  # by participant, where the range keeps them
    fencer: tuple[FencerLine, ...] | None = None  # where the range has one
    running: Mapping[str, Running] = field(default_factory=dict)  # by the inventory that says so

    def why(self, prefix: str) -> str | None:
        """Return why something whose name begins so cannot be relied on, or ``None`` if all of it can."""
        found = [(name, why) for name, why in sorted(self.problems.items()) if name.startswith(prefix)]
        reasons = [why if self.told_in_words else f"{name}: {why}" for name, why in found]
        return "; ".join(reasons) or None


_RECORD_ROW = adapter(rows.RecordRow, Clock, Offer, Answer, Update, PositionSeen, Stopped)
_ALARM = adapter(Alarm, Alarm)
_LEDGER_TYPES = (Source, Account, Instruction, LedgerEntry, JournalRow, BusinessDay, Position)
_LEDGER_ROW = adapter(rows.LedgerRow, *_LEDGER_TYPES)
_JOURNAL_LINE = adapter(JournalLine, JournalLine)
_INBOX_ROW = adapter(InboxRow, InboxClock, Content, Message, Looked)


def read_history(exercise: Exercise, read_attachment: ReadAttachment) -> History:
    """Return the histories that an exercise committed; ``read_attachment`` maps a SHA-256 digest to bytes."""
    problems = {name: f"not collected ({gap.event.why})" for name, gap in exercise.gaps.items()}
    records: dict[str, Record] = {}
    journals: dict[str, tuple[GatewayLine, ...]] = {}
    inboxes = _inboxes(exercise, read_attachment, problems)
    alarms: tuple[Alarm, ...] | None = None
    ledger: Ledger | None = None
    fencer, running = _fencing(exercise, read_attachment, problems)
    for name, recorded in sorted(exercise.evidence.items()):
        if name in problems:
            continue
        try:
            if name.startswith(RECORDS):
                records[_stem(name, RECORDS)] = _record(_data(recorded, read_attachment), _stem(name, RECORDS))
            elif name.startswith(JOURNALS):
                journals[_stem(name, JOURNALS)] = _journal(_data(recorded, read_attachment), _stem(name, JOURNALS))
            elif name == ALARMS:
                data = _data(recorded, read_attachment)
                # That no alarm was ever raised is an answer too.
                alarms = tuple(read_rows(data, _ALARM)) if data else ()
            elif name == LEDGER:
                ledger = _ledger(_data(recorded, read_attachment))
        except (Malformed, HoldfastError) as problem:
            problems[name] = str(problem)
    cut = (bank for bank, record in records.items() if not record.ended)
    problems |= {f"{RECORDS}{bank}{SUFFIX}": "it breaks off before the load was stopped" for bank in cut}
    for name, absent in ((RECORDS, not records), (JOURNALS, not journals), (ALARMS, alarms is None)):
        if absent and not any(known.startswith(name) for known in problems):
            problems[name] = "nothing of it is in the log"
    if ledger is None:
        problems.setdefault(LEDGER, "it is not in the log")
    for participant in sorted(_participants(records, ledger, journals) - records.keys()):
        problems.setdefault(f"{RECORDS}{participant}{SUFFIX}", "it is not in the log")
    return History(records, alarms, ledger, journals, problems, inboxes=inboxes, fencer=fencer, running=running)


def _participants(
    records: Mapping[str, Record], ledger: Ledger | None, journals: Mapping[str, tuple[GatewayLine, ...]]
) -> frozenset[str]:
    """Return everybody whom any history names: a record that is not there is missed by what others say of its owner."""
    paid = {operation.offer.to for record in records.values() for operation in record.operations}
    sent = {covered.line.participant for lines in journals.values() for covered in lines}
    held = {account.participant for account in ledger.accounts} if ledger else set()
    return frozenset(paid | sent | held)


def _data(recorded: Any, read_attachment: ReadAttachment) -> bytes:  # noqa: ANN401
    return read_attachment(recorded.event.attachment.sha256)


def _stem(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).removesuffix(SUFFIX)


def _record(data: bytes, bank: str) -> Record:
    """Return a participant's record; every answer belongs to an offer of its own, and no key is offered twice."""
    read = list(read_rows(data, _RECORD_ROW))
    clock, *rest = read
    if not isinstance(clock, Clock) or clock.bank != bank:
        raise Malformed(f"line 1: expected the clock of {bank}")
    offers: dict[str, Offer] = {}
    answers: dict[str, list[Answer]] = {}
    updates: dict[str, list[Update]] = {}
    positions: list[PositionSeen] = []
    ended = False
    for number, row in enumerate(rest, start=2):
        match row:
            case Offer() if row.key not in offers:
                offers[row.key] = row
                ended = False
            case Stopped() if row.rows == number - 1:
                ended = True
            case Stopped():
                raise Malformed(f"line {number}: {row.rows:,} rows were written before it, {number - 1:,} are here")
            case Answer() if row.key in offers and row.t_us >= offers[row.key].t_us:
                answers.setdefault(row.key, []).append(row)
            case Update() if row.key in offers:
                updates.setdefault(row.key, []).append(row)
            case PositionSeen():
                positions.append(row)
            case Clock():
                raise Malformed(f"line {number}: a second clock: its times are not on one clock")
            case Offer():
                raise Malformed(f"line {number}: key {row.key!r} is offered twice")
            case _:
                raise Malformed(f"line {number}: {row.op} to key {row.key!r}, which was not offered before it")
    operations = tuple(
        Operation(bank, offer, tuple(answers.get(key, ())), tuple(updates.get(key, ())))
        for key, offer in sorted(offers.items(), key=lambda item: (item[1].t_us, item[0]))
    )
    last_us = max((row.t_us for row in rest), default=clock.mono_us)
    return Record(clock, operations, tuple(positions), last_us, ended)


def read_record(data: bytes, bank: str) -> Record | str:
    """Return the record that a participant kept in our own form, or why these bytes are none."""
    try:
        return _record(data, bank)
    except Malformed as problem:
        return str(problem)


def _inboxes(exercise: Exercise, read_attachment: ReadAttachment, problems: dict[str, str]) -> dict[str, Inbox]:
    """Return the participants' inboxes that can be read; why others cannot joins the problems."""
    found: dict[str, Inbox] = {}
    for name, recorded in sorted(exercise.evidence.items()):
        if name.startswith(INBOXES) and name not in problems:
            try:
                found[_stem(name, INBOXES)] = _inbox(_data(recorded, read_attachment), _stem(name, INBOXES))
            except (Malformed, HoldfastError) as problem:
                problems[name] = str(problem)
    return found


def _fencing(
    exercise: Exercise, read_attachment: ReadAttachment, problems: dict[str, str]
) -> tuple[tuple[FencerLine, ...] | None, dict[str, Running]]:
    """Return the fencer's record and who ran before and after, what of it can be read; why the rest cannot is said."""
    fencer: tuple[FencerLine, ...] | None = None
    running: dict[str, Running] = {}
    for name in sorted({FENCER, BEFORE, AFTER} & exercise.evidence.keys() - problems.keys()):
        try:
            data = _data(exercise.evidence[name], read_attachment)
            if name == FENCER:
                fencer = read_fencer(data)
            else:
                running[name] = read_running(data)
        except (Malformed, HoldfastError) as problem:
            problems[name] = str(problem)
    return fencer, running


def _inbox(data: bytes, bank: str) -> Inbox:
    """Return a participant's inbox; every look counts the rows before it."""
    clock, *rest = read_rows(data, _INBOX_ROW)
    if not isinstance(clock, InboxClock) or clock.bank != bank:
        raise Malformed(f"line 1: expected the clock of {bank}")
    for number, row in enumerate(rest, start=2):
        if isinstance(row, InboxClock):
            raise Malformed(f"line {number}: a second clock: its times are not on one clock")
        if isinstance(row, Looked) and row.rows != number - 1:
            raise Malformed(f"line {number}: {row.rows:,} rows were written before it, {number - 1:,} are here")
    messages = tuple(row for row in rest if isinstance(row, Message))
    return Inbox(clock, messages, tuple(row for row in rest if isinstance(row, Looked)))


def _ledger(data: bytes) -> Ledger:
    """Return the extract; it says first which server was read, and no row comes twice."""
    read: dict[type, list[Any]] = {kind: [] for kind in _LEDGER_TYPES}
    for number, row in enumerate(read_rows(data, _LEDGER_ROW), start=1):
        if isinstance(row, Source) != (number == 1):
            raise Malformed(f"line {number}: expected the source in the first line and nowhere else")
        read[type(row)].append(row)
    if not read[Source]:
        raise Malformed("line 1: expected the source")
    source: Source = read[Source][0]
    if source.in_recovery:
        raise Malformed(f"it was read on {source.node}, which was in recovery: not on the primary")
    for kind, name in ((Account, "participant"), (BusinessDay, "day")):
        names = Counter(getattr(row, name) for row in read[kind])
        twice = [value for value, count in names.items() if count > 1]
        if twice:
            raise Malformed(f"{kind.__name__} {twice[0]!r} comes {names[twice[0]]} times")
    if not read[Account]:
        raise Malformed("it has no accounts")
    return Ledger(
        source,
        tuple(read[Account]),
        tuple(read[Instruction]),
        tuple(read[LedgerEntry]),
        tuple(sorted(read[JournalRow], key=lambda row: row.seq)),
        tuple(read[BusinessDay]),
        tuple(read[Position]),
    )


def _journal(data: bytes, gateway: str) -> tuple[GatewayLine, ...]:
    """Return a gateway's journal, unverified: whether its chain holds is for a check to say. It may be empty."""
    lines: list[GatewayLine] = []
    for number, text in read_lines(data) if data else ():
        line: JournalLine = read_row(number, text, _JOURNAL_LINE)
        if line.gateway != gateway:
            raise Malformed(f"line {number}: expected gateway {gateway!r}, got {line.gateway!r}")
        members = {name: value for name, value in from_json(text).items() if name not in {"prev", "hash"}}
        lines.append(GatewayLine(line, _canonical(members)))
    return tuple(lines)


def _canonical(members: Mapping[str, Any]) -> bytes:
    """Return the form in which gateways hash a line: JSON with sorted keys and no spaces."""
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
