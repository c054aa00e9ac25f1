"""Write the example set of an observed recovery test, from a drill of the range: in other tools' names and formats.

    python tools/observed_example.py LOG DIRECTORY

LOG is the log of one finished drill of a site (see examples/observed/README.md for how the one here was run). What the
machines did is taken from its record: a probe's answers are those that a payment sent at that moment would have had.
What people did is written here: they are simulated, and the files say so. Nothing is drawn: one log gives one set.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from holdfast.cli.record import entries, opened
from holdfast.state.exercise import Exercise, fold
from holdfast.state.history import History, Operation, read_history

ZONE = ZoneInfo("Europe/Amsterdam")
SECOND = 1_000_000
PROBE_EVERY_S = 5
ANSWER_WITHIN_US = 2 * SECOND
DUTCH = frozenset({"AURUM", "BOREAL", "CASTOR", "DELTA"})
DUTCH_AHEAD_US = 350_000
CHANNEL_AHEAD_US = -2 * SECOND
_CODES = {"settled": "ACSC", "queued": "PDNG", "rejected": "RJCT", None: "-"}


@dataclass(frozen=True)
class Played:
    """A drill of the range: its fold, its histories, and what has to be added to its clock to give UTC."""

    exercise: Exercise
    history: History
    utc_minus_mono_us: int

    @property
    def operations(self) -> list[Operation]:
        """Every instruction of the first day, in the order in which it was offered."""
        ledger = self.history.ledger
        later = {row.key for row in ledger.instructions if row.day != 1} if ledger else set()
        every = [each for record in self.history.records.values() for each in record.operations]
        return sorted((each for each in every if each.offer.key not in later), key=lambda each: each.offer.t_us)


def main(place: str, directory: Path) -> None:
    """Write every file of the set."""
    played = _played(place)
    inventory = {
        "monitoring/probe_success.json": _probe(played),
        "settlement/extract.csv": _extract(played),
        "settlement/positions.csv": _positions(played),
        "incident/channel.csv": _channel(played),
    }
    counts = {}
    for bank in played.history.records:
        own = [each for each in played.operations if each.bank == bank]
        counts[bank] = len(own)
        inventory[f"banks/{bank.lower()}.csv"] = (_dutch if bank in DUTCH else _english)(played, own)
    inventory["observation.yaml"] = _manifest(played, counts)
    for name, text in inventory.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{len(text):9,}  {path}\n")


def _played(place: str) -> Played:
    with opened(place) as log:
        exercise = list(fold(entries(log)).values())[-1]
        history = read_history(exercise, log.attachment)
    clock = next(iter(history.records.values())).clock
    return Played(exercise, history, clock.utc_us - clock.mono_us)


# -- how times are written --


def _local(utc_us: int, pattern: str, cut: int = 0) -> str:
    at = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(microseconds=utc_us)
    text = at.astimezone(ZONE).strftime(pattern)
    return text[:-cut] if cut else text


def _iso(utc_us: int) -> str:
    at = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(microseconds=utc_us)
    return at.astimezone(ZONE).isoformat(sep=" ", timespec="milliseconds")


# -- machines --


def _probe(played: Played) -> str:
    """Return what Prometheus answers to a range query for two probes, five seconds apart."""
    operations = played.operations
    first, last = _window(played)
    values = []
    step_us = PROBE_EVERY_S * SECOND
    for at_us in range(first, last + 1, step_us):
        sent = next(each for each in operations if each.offer.t_us + played.utc_minus_mono_us >= at_us)
        answer = sent.acknowledged
        served = answer is not None and answer.t_us - sent.offer.t_us <= ANSWER_WITHIN_US
        values.append([at_us / SECOND, "1" if served else "0"])
    labels = {"__name__": "probe_success", "job": "blackbox", "module": "settlement_instruction"}
    asked = {"metric": labels | {"instance": "gateway.meridian.example:8443"}, "values": values}
    other = {"metric": labels | {"instance": "reports.meridian.example:443"}, "values": [[at, "1"] for at, _ in values]}
    whole = {"status": "success", "data": {"resultType": "matrix", "result": [asked, other]}}
    return json.dumps(whole, separators=(",", ":")) + "\n"


def _window(played: Played) -> tuple[int, int]:
    """Return when the records begin and end, UTC µs, on whole seconds."""
    times = [each.offer.t_us + played.utc_minus_mono_us for each in played.operations]
    step_us = PROBE_EVERY_S * SECOND
    # From the probe's first sample to its last: with the load the probe ended, too.
    return -(-min(times) // step_us) * step_us, max(times) // step_us * step_us


def _closed_us(played: Played) -> int:
    days = played.history.ledger.days if played.history.ledger else ()
    return next(day.closed_us for day in days if day.day == 1 and day.closed_us is not None)


# -- banks --


def _bic(bank: str) -> str:
    return f"{bank[:4]}NL2A"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue()


def _dutch(played: Played, operations: Sequence[Operation]) -> str:
    headings = ("Kenmerk", "Verzonden", "Tegenpartij", "Bedrag EUR", "Status", "Bevestigd")

    def shown(mono_us: int) -> str:
        return _local(mono_us + played.utc_minus_mono_us + DUTCH_AHEAD_US, "%d-%m-%Y %H:%M:%S.%f", cut=3)

    return _table(headings, (_row(each, shown, _comma) for each in operations), ";")


def _english(played: Played, operations: Sequence[Operation]) -> str:
    headings = ("end_to_end_id", "sent_at", "creditor_agent", "amount", "tx_status", "status_at")

    def shown(mono_us: int) -> str:
        return _iso(mono_us + played.utc_minus_mono_us)

    return _table(headings, (_row(each, shown, _point) for each in operations), ",")


def _row(each: Operation, shown: Callable[[int], str], amount: Callable[[int], str]) -> tuple[str, ...]:
    answer = each.acknowledged
    status = _CODES[each.outcome if answer else None]
    told = shown(answer.t_us) if answer else ""
    return each.offer.key, shown(each.offer.t_us), _bic(each.offer.to), amount(each.offer.amount_cents), status, told


def _point(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _comma(cents: int) -> str:
    return f"{cents // 100:,}".replace(",", ".") + f",{cents % 100:02d}"


# -- the institution --


def _extract(played: Played) -> str:
    """Return what is in the ledger afterwards, of the day: one row for each instruction."""
    ledger = played.history.ledger
    rows = sorted((row for row in ledger.instructions if row.day == 1), key=lambda row: row.key) if ledger else []
    headings = ("instruction", "debtor_agent", "creditor_agent", "amount_eur", "state", "reason")
    told = (
        (row.key, _bic(row.sender), _bic(row.receiver), _point(row.amount_cents), row.status.upper(), row.reason or "")
        for row in rows
    )
    return _table(headings, told, ",")


def _positions(played: Played) -> str:
    ledger = played.history.ledger
    rows = [row for row in ledger.positions if row.day == 1] if ledger else []
    headings = ("participant", "opening_balance", "sent", "received", "closing_balance", "confirmed")
    told = (
        (
            _bic(row.participant),
            _point(row.opening_cents),
            _point(row.debits_cents),
            _point(row.credits_cents),
            _point(row.closing_cents),
            "Y" if row.confirmed else "N",
        )
        for row in rows
    )
    return _table(headings, told, ",")


# -- people, who are simulated --


def _channel(played: Played) -> str:
    """Return the incident channel: what machines posted, and what simulated people wrote, to the second."""
    exercise = played.exercise
    effect = exercise.faults[0].effect
    undone, rearmed = exercise.faults[0].undone, exercise.rearmed
    if effect is None or undone is None or rearmed is None:
        message = "this drill broke nothing, or did not undo it"
        raise SystemExit(message)
    struck = effect.event.injected.utc_us
    raised = next(each.event for each in exercise.alarms if each.event.state == "raised")
    cleared = next(each.event for each in exercise.alarms if each.event.state == "cleared")
    raised_us, cleared_us = raised.occurred.utc_us, cleared.occurred.utc_us
    at_b = _served_again_us(played, raised_us)
    lines = [
        (struck - 22 * SECOND, "exercise lead", "Test begins. Nobody else knows when the site goes.", "", ""),
        (struck, "exercise lead", "Data centre A taken off power by facilities.", "occurred", ""),
        (raised_us, "participants' monitor", f"ALERT {raised.detail}", "detected", ""),
        (raised_us + 5 * SECOND, "service desk", "Two banks on the phone, no answers to payments.", "", ""),
        (raised_us + 8 * SECOND, "duty manager", "Classified as major: gross settlement, site A.", "classified", ""),
        (
            raised_us + 12 * SECOND,
            "duty manager",
            "Declared. We run from B; nothing goes back to A today.",
            "declared",
            "",
        ),
        (
            raised_us + 14 * SECOND,
            "database team",
            "Playbook 3.2: A's hosts confirmed dark by facilities.",
            "",
            "planned",
        ),
        (at_b, "settlement desk", "Banks get answers again, from B.", "minimum-service", ""),
        (cleared_us, "participants' monitor", f"RESOLVED {cleared.detail}", "full-service", ""),
        (
            cleared_us + 9 * SECOND,
            "settlement desk",
            "Playbook 3.5: queue checked, nothing left over.",
            "backlog-cleared",
            "planned",
        ),
        (undone.event.occurred.utc_us, "facilities", "Power back at A.", "", ""),
        (rearmed.event.occurred.utc_us, "database team", "Three copies in step. B stays in the lead.", "re-armed", ""),
        (
            _closed_us(played),
            "settlement desk",
            "Test day closed at B, positions sent and confirmed.",
            "day-closed",
            "",
        ),
        (_closed_us(played) + 6 * SECOND, "duty manager", "Stood down. Hot wash on Monday.", "stood-down", ""),
    ]
    headings = ("Time", "Who (simulated)", "Message", "Milestone", "Manual work")
    rows = [
        (_local(at_us + CHANNEL_AHEAD_US, "%Y-%m-%d %H:%M:%S"), who, what, _MILESTONES.get(kind, ""), manual)
        for at_us, who, what, kind, manual in sorted(lines)
    ]
    return _table(headings, rows, ",")


_MILESTONES = {
    "occurred": "start",
    "detected": "detection",
    "classified": "classification",
    "declared": "declaration",
    "minimum-service": "service back",
    "full-service": "all banks back",
    "backlog-cleared": "backlog gone",
    "re-armed": "redundancy back",
    "day-closed": "day closed",
    "stood-down": "end",
}


def _served_again_us(played: Played, since_us: int) -> int:
    """Return when the last offer that waited through the outage was answered: what a desk sees first."""
    shift = played.utc_minus_mono_us
    answers = sorted(each.acknowledged.t_us + shift for each in played.operations if each.acknowledged)
    pairs = [(b - a, b) for a, b in pairwise(answers) if b > since_us]
    return max(pairs)[1]


# -- the manifest --


def _manifest(played: Played, counts: dict[str, int]) -> str:
    first, last = _window(played)
    day = played.exercise.day
    if day is None:
        message = "this drill laid no day on the clock"
        raise SystemExit(message)
    exported = _closed_us(played) + 900 * SECOND
    seconds = "%Y-%m-%d %H:%M:%S"
    names = "\n".join(f"  {_bic(bank)}: {bank}" for bank in counts)
    banks = "\n".join(_bank_source(bank, rows, _local(exported, seconds)) for bank, rows in counts.items())
    ledger = played.history.ledger
    return _MANIFEST.format(
        began=_local(first, seconds),
        ended=_local(last, seconds),
        cut_off=_local(day.event.cut_off.utc_us, seconds),
        close_by=_local(day.event.close_by.utc_us, seconds),
        exported=_local(exported, seconds),
        names=names,
        banks=banks,
        instructions=sum(row.day == 1 for row in ledger.instructions) if ledger else 0,
        positions=sum(row.day == 1 for row in ledger.positions) if ledger else 0,
        lines=_channel(played).count("\n") - 1,
    )


def _bank_source(bank: str, rows: int, exported: str) -> str:
    form = _DUTCH_SOURCE if bank in DUTCH else _ENGLISH_SOURCE
    return form.format(name=bank.lower(), bank=bank, rows=rows, exported=exported)


_MANIFEST = """\
# A recovery test that ran with the institution's own tools, and what is left of it. docs/observe.md explains every key.
observed: recovery-test
title: Yearly recovery test of data centre A (an example, made by the range; the people are simulated)
lead: exercise lead
knew: [exercise lead]
from: "{began}"
to: "{ended}"
time_zone: Europe/Amsterdam
day: {{cut_off: "{cut_off}", close_by: "{close_by}"}}

# What the files call a participant, and what the model does.
names:
{names}

sources:
  probe:
    record: availability
    file: monitoring/probe_success.json
    format: prometheus
    every: 5s
    series: {{instance: "gateway.meridian.example:8443"}}
    good: {{at_least: 1}}
    clock: {{within: 20ms}}
    exported: {{by: monitoring team, at: "{exported}", with: "Prometheus 3.5, /api/v1/query_range"}}

  ledger:
    record: settlement
    file: settlement/extract.csv
    format: csv
    columns:
      {{key: instruction, from: debtor_agent, to: creditor_agent, amount: amount_eur, status: state, reason: reason}}
    words: {{settled: [SETTLED], rejected: [REJECTED], queued: [QUEUED]}}
    rows: {instructions}
    exported: {{by: settlement operations, at: "{exported}", with: "psql 18.4, view settlement.day_extract"}}

  positions:
    record: positions
    file: settlement/positions.csv
    format: csv
    columns:
      {{participant: participant, opening: opening_balance, debits: sent, credits: received, closing: closing_balance,
       confirmed: confirmed}}
    words: {{"yes": [Y], "no": [N]}}
    rows: {positions}
    exported: {{by: settlement operations, at: "{exported}", with: "psql 18.4, view settlement.positions"}}

  channel:
    record: timeline
    file: incident/channel.csv
    format: csv
    columns: {{time: Time, actor: Who (simulated), what: Message, kind: Milestone, workaround: Manual work}}
    words:
      occurred: [start]
      detected: [detection]
      classified: [classification]
      declared: [declaration]
      minimum-service: [service back]
      full-service: [all banks back]
      backlog-cleared: [backlog gone]
      re-armed: [redundancy back]
      day-closed: [day closed]
      stood-down: [end]
    # The laptops that wrote to the channel were behind.
    clock: {{ahead: -2s, within: 500ms}}
    rows: {lines}
    exported: {{by: exercise lead, at: "{exported}", with: "incident channel, export to CSV"}}

{banks}"""

_DUTCH_SOURCE = """\
  {name}:
    record: participant
    participant: {bank}
    file: banks/{name}.csv
    format: csv
    times: "%d-%m-%Y %H:%M:%S.%f"
    decimal: comma
    columns:
      {{key: Kenmerk, offered: Verzonden, to: Tegenpartij, amount: Bedrag EUR, status: Status, acknowledged: Bevestigd}}
    words: {{settled: [ACSC], queued: [PDNG], rejected: [RJCT], none: ["-"]}}
    clock: {{ahead: 350ms, within: 50ms}}
    rows: {rows}
    exported: {{by: "{bank} operations", at: "{exported}", with: "Betaalstraat 7.2"}}
"""

_ENGLISH_SOURCE = """\
  {name}:
    record: participant
    participant: {bank}
    file: banks/{name}.csv
    format: csv
    columns:
      {{key: end_to_end_id, offered: sent_at, to: creditor_agent, amount: amount, status: tx_status,
       acknowledged: status_at}}
    words: {{settled: [ACSC], queued: [PDNG], rejected: [RJCT], none: ["-"]}}
    clock: {{within: 100ms}}
    rows: {rows}
    exported: {{by: "{bank} operations", at: "{exported}", with: "PayHub 4.1"}}
"""

if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 - the program and its two arguments
        sys.exit(str(__doc__))
    main(sys.argv[1], Path(sys.argv[2]))
