"""What the operator of a range does: the load of the participants, and the business day.

Both gateways serve the operator over Unix sockets. Which one is asked makes no difference; the first that answers is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.connectors import http, postgres
from holdfast.connectors.range import VAULT_JOURNAL, Endpoint, Inventory
from holdfast.connectors.records import SUFFIX, last_row
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.events import DayScheduled, Instant
from holdfast.model.types import Calendar, Load, Scenario

PARTICIPANTS = "participants"
OPERATOR = "operator"
MINUTE_US = 60_000_000
RESOLVE_WITHIN_S = 30
MARGIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Operator:
    """Acts on the business side of a range, as an operator of the institution would."""

    inventory: Inventory

    def set_load(self, load: Load) -> None:
        """Let the participants offer this much, drawn from this seed; HF304 or HF305 if they do not answer."""
        self._ask(self._end(PARTICIPANTS), "POST", "/v1/load", {"rate_per_s": load.rate_per_s, "seed": load.seed})

    def stop_load(self) -> dict[str, Any]:
        """Stop offering, have every open instruction resolved, and return the participants' counts."""
        body = {"resolve_within_s": RESOLVE_WITHIN_S}
        said = self._ask(self._end(PARTICIPANTS), "POST", "/v1/load/stop", body, RESOLVE_WITHIN_S + MARGIN_S)
        return said if isinstance(said, dict) else {}

    def vault_in_step(self) -> bool:
        """Return whether the vault's copy of each gateway's instruction journal ends where the gateway's own does."""
        for name, end in self.inventory.endpoints.items():
            if end.http_unix is not None and end.user == OPERATOR:
                try:
                    state = self._ask(end, "GET", "/v1/operator/state")
                except HoldfastError:
                    return False
                kept = last_row(self.inventory.records[VAULT_JOURNAL] / f"{name}{SUFFIX}")
                if int(state["journal_lines"]) != (0 if kept is None else int(kept["n"])):
                    return False
        return True

    def day(self) -> int:
        """Return the business day that is open, as the ledger has it."""
        return postgres.open_day(postgres.primary(self.inventory.servers()))

    def day_complete(self, day: int) -> bool:
        """Return whether a day is closed and all its positions are confirmed; not while the ledger cannot be read."""
        try:
            return postgres.day_complete(postgres.primary(self.inventory.servers()), day)
        except EnvironmentProblem:
            return False

    def set_day(self, day: int, cut_off_utc_us: int, close_by_utc_us: int) -> None:
        """Lay the cut-off and the end of the open business day on the clock."""
        body = {"cut_off_utc_us": cut_off_utc_us, "close_by_utc_us": close_by_utc_us}
        self._gateway("PUT", f"/v1/operator/day/{day}", body)

    def set_mode(self, mode: str, reason: str) -> None:
        """Put settlement in a mode, ``full`` or ``priority-only``; the ledger's journal keeps it with its reason."""
        self._gateway("PUT", "/v1/operator/mode", {"mode": mode, "reason": reason})

    def _gateway(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        problem: HoldfastError | None = None
        for end in self.inventory.endpoints.values():
            if end.http_unix is not None and end.user == OPERATOR:
                try:
                    return self._ask(end, method, path, body)
                except HoldfastError as error:
                    problem = error
        if problem is not None:
            raise problem
        message = "the range has no operator's way in"
        raise EnvironmentProblem("HF304", message, remedy="use a range whose inventory names one")

    def _end(self, name: str) -> Endpoint:
        end = self.inventory.endpoints.get(name)
        if end is None or end.http_unix is None:
            message = f"the range has no way in to {name}"
            raise EnvironmentProblem("HF304", message, remedy="use a range whose inventory names one")
        return end

    def _ask(
        self,
        end: Endpoint,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        timeout_s: float = http.TIMEOUT_S,
    ) -> Any:  # noqa: ANN401
        token = None if end.token_file is None else end.token_file.read_text().strip()
        connection = http.unix(end.http_unix or Path(), timeout_s)
        return http.exchange(connection, method, path, body, token=token, timeout_s=timeout_s)


def lay_day(exercise: str, day: int, scenario: Scenario, calendar: Calendar, injection: Instant) -> DayScheduled:
    """Return the day on the clock: from the injection on, the calendar runs ``compression`` times faster."""
    time_of_day = scenario.time_of_day_min or 0
    return DayScheduled(
        exercise=exercise,
        day=day,
        cut_off=later(injection, (calendar.cut_off_min - time_of_day) * MINUTE_US // scenario.compression),
        close_by=later(injection, (calendar.close_by_min - time_of_day) * MINUTE_US // scenario.compression),
        planned_injection=injection,
        compression=scenario.compression,
    )


def following_day(last: DayScheduled, scenario: Scenario, calendar: Calendar, opens: Instant) -> DayScheduled:
    """Return the day after ``last`` on the clock: its opening hour is at ``opens``, and its compression the same."""

    def at(minute: int) -> Instant:
        return later(opens, (minute - calendar.open_min) * MINUTE_US // scenario.compression)

    cut_off, close_by = at(calendar.cut_off_min), at(calendar.close_by_min)
    injection = last.planned_injection
    return DayScheduled(last.exercise, last.day + 1, cut_off, close_by, injection, scenario.compression, opens)


def instant_of(scheduled: DayScheduled, scenario: Scenario, calendar: Calendar, minute: int) -> Instant:
    """Return the instant at which the institution's clock shows a minute of a day that was laid on the clock."""
    begun, begun_min = scheduled.planned_injection, scenario.time_of_day_min or 0
    if scheduled.opens is not None:
        begun, begun_min = scheduled.opens, calendar.open_min
    return later(begun, (minute - begun_min) * MINUTE_US // scheduled.compression)


def calendar_clock(scheduled: DayScheduled, scenario: Scenario, calendar: Calendar, mono_us: int) -> str:
    """Return what the institution's clock shows, ``HH:MM:SS``, at a monotonic instant of the exercise."""
    begun, minute = scheduled.planned_injection, scenario.time_of_day_min or 0
    if scheduled.opens is not None:
        begun, minute = scheduled.opens, calendar.open_min
    at_us = minute * MINUTE_US + (mono_us - begun.mono_us) * scheduled.compression
    return f"{datetime.fromtimestamp(at_us / 1_000_000 % 86_400, UTC):%H:%M:%S}"


def later(instant: Instant, by_us: int) -> Instant:
    """Return the instant ``by_us`` microseconds after another, on the same clock."""
    return Instant(instant.utc_us + by_us, instant.mono_us + by_us, instant.clock_id)
