"""When a major incident has to be reported: Delegated Regulation (EU) 2025/301, article 5.

- (1)(a): the initial notification within four hours of the classification as major, and no later than 24 hours after
  the entity became aware of the incident; (2): when it is classified later than that, within the four hours alone;
- (1)(b): the intermediate report within 72 hours of the submission of the initial notification;
- (1)(c): the final report no later than one month after the last intermediate report;
- (4), (5): what falls due on a weekend or a bank holiday may come by noon of the next working day; not the initial
  notification nor the intermediate report of a credit institution, a CCP, a trading venue, or an entity that is
  essential or important by Directive (EU) 2022/2555. Which of these the reader is, a model does not say: the relief is
  never counted, and named beside the final report.

Hours are counted from the instant to the instant. Regulation (EEC, Euratom) No 1182/71, article 3, leaves the hour of
the event out: counting as here is due earlier, never later. A month ends at the same time of the same day of the next
month, or on its last day where it has none.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

from holdfast.model.types import Calendar

HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SATURDAY = 5
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Deadline:
    """One report: until when, counted from what, and when it was sent. ``due_utc_us`` is None until that happened."""

    name: Literal["initial notification", "intermediate report", "final report"]
    clause: str
    counted_from: str
    due_utc_us: int | None
    sent_utc_us: int | None
    entries: tuple[int, ...]
    note: str = ""
    if_major_utc_us: int | None = None  # the latest it could be, should it still be classified as major

    def standing(self, now_utc_us: int) -> Literal["not running", "due", "overdue", "sent", "sent late"]:
        """Return how it stands."""
        if self.sent_utc_us is not None:
            late = self.due_utc_us is not None and self.sent_utc_us > self.due_utc_us
            return "sent late" if late else "sent"
        if self.due_utc_us is None:
            return "not running"
        return "overdue" if now_utc_us > self.due_utc_us else "due"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something occurred, UTC µs, and the entry that says so."""

    utc_us: int
    entry: int


def deadlines(
    detected: Moment | None,
    opened: Moment,
    classified: Moment | None,
    initial: Moment | None,
    intermediate: Iterable[Moment],
    final: Moment | None,
    calendar: Calendar | None,
    zone: tzinfo,
) -> tuple[Deadline, ...]:
    """Return the three reports of an incident that was ``classified`` as major; ``zone`` is where the days are.

    Whoever opened the record was aware: where nobody said when it was detected, or said it was later, that counts.
    """
    aware = opened if detected is None else min(detected, opened, key=lambda moment: moment.utc_us)
    reports = sorted(intermediate, key=lambda moment: moment.utc_us)
    return (
        _initial(aware, classified, initial, told=aware is detected),
        Deadline(
            name="intermediate report",
            clause="art. 5(1)(b)",
            counted_from="72 h after the initial notification",
            due_utc_us=None if initial is None else initial.utc_us + 72 * HOUR_US,
            sent_utc_us=reports[0].utc_us if reports else None,
            entries=_entries(initial, *reports),
            note="An updated one without undue delay when regular activities are back.",
        ),
        _final(reports, final, calendar, zone),
    )


def _initial(aware: Moment, classified: Moment | None, sent: Moment | None, *, told: bool) -> Deadline:
    counted, due, note = "4 h after the classification as major, 24 h after becoming aware", None, ""
    if classified is None:
        note = "Not classified as major, so nothing is due; the 24 h after becoming aware run all the same."
    elif classified.utc_us > aware.utc_us + 24 * HOUR_US:
        due = classified.utc_us + 4 * HOUR_US
        counted, note = "4 h after the classification as major", "Classified later than 24 h: art. 5(2)."
    else:
        due = min(classified.utc_us + 4 * HOUR_US, aware.utc_us + 24 * HOUR_US)
    if not told:
        note = f"{note} Aware when this was opened: nobody recorded that it was detected before.".strip()
    return Deadline(
        name="initial notification",
        clause="art. 5(1)(a), (2)",
        counted_from=counted,
        due_utc_us=due,
        sent_utc_us=None if sent is None else sent.utc_us,
        entries=_entries(aware, classified, sent),
        note=note,
        if_major_utc_us=None if classified is not None else aware.utc_us + 24 * HOUR_US,
    )


def _final(reports: list[Moment], sent: Moment | None, calendar: Calendar | None, zone: tzinfo) -> Deadline:
    last = reports[-1] if reports else None
    due = None if last is None else _a_month_after(last.utc_us, zone)
    return Deadline(
        name="final report",
        clause="art. 5(1)(c)",
        counted_from="one month after the last intermediate report",
        due_utc_us=due,
        sent_utc_us=None if sent is None else sent.utc_us,
        entries=_entries(last, sent),
        note="" if due is None else _relief(due, calendar, zone),
    )


def _entries(*moments: Moment | None) -> tuple[int, ...]:
    return tuple(sorted({moment.entry for moment in moments if moment is not None}))


def _a_month_after(utc_us: int, zone: tzinfo) -> int:
    """Return the same local time of the same day of the next month, or of its last day."""
    local = (_EPOCH + timedelta(microseconds=utc_us)).astimezone(zone)
    year, month = (local.year, local.month + 1) if local.month < _MONTHS else (local.year + 1, 1)
    later = local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))
    return (later - _EPOCH) // timedelta(microseconds=1)


def _relief(due_utc_us: int, calendar: Calendar | None, zone: tzinfo) -> str:
    """Return what article 5(4) allows where a report is due on a day without work; nothing where it is not."""
    due = (_EPOCH + timedelta(microseconds=due_utc_us)).astimezone(zone)
    holidays = calendar.holidays if calendar is not None else ()
    day = due.date()
    while day.weekday() >= _SATURDAY or day.isoformat() in holidays:
        day += timedelta(days=1)
    known = "" if calendar is not None else " Bank holidays are not known: no model."
    if day == due.date():
        return known.strip()
    return f"It falls on a day without work: by art. 5(4) noon of {day.isoformat()} is in time.{known}"
