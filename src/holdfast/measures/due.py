"""What the test plan asks for next: of each line the last attempt that counts, when the next is due, since when.

A test is due by the end of the period in which nothing that counts was tried yet. It is overdue since the end of the
first period, of those at the end of the row, in which nothing was.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.measures.programme import Attempt, Due
from holdfast.model.types import PlannedTest


@dataclass(frozen=True, slots=True)
class Upcoming:
    """One line of the plan: when it was last tried, when it is due next, and since when it is overdue, if it is.

    ``elsewhere`` is how many of its periods began in an older log that was not read.
    """

    test: PlannedTest
    last: Attempt | None
    due_utc_us: int
    overdue_since_utc_us: int | None
    elsewhere: int


def upcoming(dues: Iterable[Due]) -> tuple[Upcoming, ...]:
    """Return every line of a plan that has begun to count, overdue longest first, then what is due soonest."""
    lines: dict[PlannedTest, list[Due]] = {}
    for due in dues:
        lines.setdefault(due.test, []).append(due)
    found = (_line(test, periods) for test, periods in lines.items())
    return tuple(sorted(found, key=lambda each: (each.overdue_since_utc_us is None, _when(each))))


def _line(test: PlannedTest, periods: list[Due]) -> Upcoming:
    now = periods[-1]
    tried = [each for due in periods for each in (due.counts, *due.retests) if each is not None]
    missed: int | None = None
    for due in reversed(periods):
        if due.counts is not None or due.unread:
            break
        missed = due.ends_utc_us if due.ended else missed
    done = now.counts is not None
    return Upcoming(
        test=test,
        last=max(tried, key=lambda each: each.at_utc_us, default=None),
        due_utc_us=now.ends_utc_us + (now.ends_utc_us - now.begins_utc_us if done else 0),
        overdue_since_utc_us=missed,
        elsewhere=sum(due.standing == "elsewhere" for due in periods),
    )


def _when(each: Upcoming) -> int:
    return each.due_utc_us if each.overdue_since_utc_us is None else each.overdue_since_utc_us
