"""What could happen: what a disruption hits in the model, how bad it may be, and the drill that rehearses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from holdfast.model import keys
from holdfast.model.documents import Node
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import listed, shown
from holdfast.model.quantities import WHOLE_PPM
from holdfast.model.reading.drills import (
    check_duration,
    read_abort_when,
    read_checks,
    read_disruption,
    read_expect,
    read_range_options,
    read_set_mode,
)
from holdfast.model.reading.injects import read_injects
from holdfast.model.reading.spreads import read_optional_spread, read_spread
from holdfast.model.types import (
    Absent,
    Calendar,
    Compromise,
    Declaration,
    Dial,
    ExerciseType,
    Fail,
    FailShared,
    FailSite,
    Family,
    Hit,
    Load,
    Plausibility,
    Range,
    Scenario,
    Slow,
    ThirdPartyOut,
)

_HITS = ("fail", "fail_site", "fail_shared", "compromise", "absent", "third_party_out", "slow")
_DRILLED = ("functional", "site")
MAX_DAYS = 5


def read_scenario(
    reading: Reading, name: str, node: Node, calendar: Calendar | None, declared_range: Range | None
) -> Scenario:
    """Return one scenario; what names its service, targets and checks is looked up when everything is read."""
    fields = Fields(reading, node, keys.SCENARIO, f"scenario {shown(name)}")
    rehearsed = _check_drill(fields)
    load = fields.sub("load", keys.LOAD)
    time_of_day_min = _read_time_of_day(fields, calendar)
    checks = read_checks(fields) if rehearsed else ()
    bounds, days = fields.sub("abort_when", keys.ABORT_WHEN), _read_days(fields)
    scenario = Scenario(
        name=name,
        title=fields.optional_text("title") or name,
        family=cast("Family", fields.word("family")),
        exercise_type=cast("ExerciseType", fields.word("type")),
        service=fields.name("service", "service"),
        basis=fields.text("basis"),
        disruption=read_disruption(fields),
        load=Load(load.number("rate"), load.number("seed")),
        time_of_day_min=time_of_day_min,
        compression=fields.number("compression"),
        checks=checks,
        expect=read_expect(fields, checks) if rehearsed else {},
        abort_when=read_abort_when(bounds),
        steady_ms=fields.number("steady"),
        after_ms=fields.number("after"),
        range_options=read_range_options(fields, declared_range) if rehearsed else {},
        hits=tuple(_read_hits(fields)),
        on_peak=_read_when(fields),
        plausibility=cast("Plausibility", fields.word("plausibility")),
        detection=read_optional_spread(fields, "detection"),
        decision=read_optional_spread(fields, "decision"),
        dials=_read_dials(fields),
        injects=read_injects(fields, fields.word("type")),
        days=days,
        declaration=_read_declaration(fields),
        fail_back=fields.flag("fail_back"),
        set_mode=read_set_mode(fields, calendar, days),
    )
    if rehearsed and fields.sound("type") and scenario.exercise_type not in _DRILLED:
        message = f"expected type {listed(_DRILLED)} for a drill, got {scenario.exercise_type}"
        fields.error("HF139", "type", message, "Correct the type, or remove what only a drill has.")
    if (
        "disruption" in fields
        and fields.sound("disruption", "steady", "after", "time_of_day", "compression", "days")
        and bounds.sound("exercise_longer_than")
    ):
        check_duration(fields, scenario, calendar)
    return scenario


def _check_drill(fields: Fields) -> bool:
    """Return whether the scenario is rehearsed, and find what only a drill has, or what a drill lacks."""
    rehearsed = any(key in fields for key in keys.DRILL)
    if rehearsed:
        for key in keys.DRILL:
            if key not in fields:
                message = f"missing key {shown(key)} in {fields.what}, which is rehearsed"
                remedy = f"A drill takes {', '.join(keys.DRILL)}; without any of them it is only modelled."
                fields.error("HF139", key, message, remedy)
        return True
    for key in keys.DRILL_ONLY:
        if key in fields:
            message = f"key {shown(key)} is for a drill, and {fields.what} is only modelled"
            remedy = "Remove it, or add disruption, load and abort_when."
            fields.error("HF139", key, message, remedy)
    if fields.sound() and not any(key in fields for key in _HITS):
        remedy = f"Say what it hits ({listed(_HITS)}), or give it a disruption."
        fields.reading.findings.error("HF140", fields.place, f"{fields.what} hits nothing", remedy)
    return False


def _read_time_of_day(fields: Fields, calendar: Calendar | None) -> int | None:
    """Return the minute of the day of the first injection; it lies in the business day that the calendar declares."""
    time = fields.optional_number("time_of_day")
    if time is None:
        if "compression" in fields and "time_of_day" not in fields and fields.sound("compression"):
            message = "expected a time_of_day to go with compression: without one it changes nothing"
            fields.error("HF133", "compression", message, "Add time_of_day, or remove compression.")
    elif calendar is None:
        message = "expected a calendar to go with time_of_day"
        fields.error("HF133", "time_of_day", message, "Declare the calendar of the institution.")
    elif calendar.open_min < calendar.cut_off_min and not calendar.open_min <= time < calendar.cut_off_min:
        message = "expected a time_of_day between open and cut_off of the calendar"
        fields.error("HF133", "time_of_day", message, "Choose a time at which the day is open.")
    return time


def _read_days(fields: Fields) -> int:
    """Return how many business days must complete; more than the struck one takes a drill that has a calendar."""
    days = fields.number("days")
    if days > 1 and "time_of_day" not in fields and fields.sound("days"):
        message = "expected a time_of_day to go with days: without one no business day is rehearsed"
        fields.error("HF133", "days", message, "Add time_of_day, or remove days.")
    if days > MAX_DAYS and fields.sound("days"):
        message = f"expected at most {MAX_DAYS} days, got {days}"
        fields.error("HF132", "days", message, "Rehearse fewer: every day is one of load and close.")
    return days


def _read_declaration(scenario: Fields) -> Declaration | None:
    """Return who has to declare, if anybody."""
    if "declaration" not in scenario:
        return None
    fields = scenario.sub("declaration", keys.DECLARATION)
    return Declaration(fields.name("by", "role"), fields.number("after"))


def _read_hits(scenario: Fields) -> Iterator[Hit]:
    """Yield what the disruption hits in the model, in one order, whatever the order in which it was written."""
    for key in _HITS:
        scenario.some(key)
    if "fail" in scenario:
        yield Fail(scenario.names("fail", "node"))
    if "fail_site" in scenario:
        yield FailSite(scenario.names("fail_site", "site"))
    for attribute, node in scenario.named("fail_shared"):
        scenario.reading.refer_at("attribute", attribute, node.place)
    for attribute, value in scenario.short_texts("fail_shared").items():
        yield FailShared(attribute, value)
    if "compromise" in scenario:
        yield _read_compromise(scenario.sub("compromise", keys.COMPROMISE))
    if "absent" in scenario:
        fields = scenario.sub("absent", keys.ABSENT)
        share_ppm = _above_zero(fields, "share")
        yield Absent(share_ppm, read_spread(fields, "lasts"), fields.names("teams", "team"))
    if "third_party_out" in scenario:
        fields = scenario.sub("third_party_out", keys.THIRD_PARTY_OUT)
        fields.some("name")
        yield ThirdPartyOut(fields.names("name", "third-party"), read_spread(fields, "lasts"))
    if "slow" in scenario:
        fields = scenario.sub("slow", keys.SLOW)
        capacity_ppm = fields.number("capacity")
        if fields.sound("capacity") and capacity_ppm == WHOLE_PPM:
            message = "expected capacity below 100%: nothing would happen"
            fields.error("HF140", "capacity", message, "Write what is left.")
        yield Slow(fields.name("name", "node"), capacity_ppm, read_spread(fields, "lasts"))


def _read_compromise(fields: Fields) -> Compromise:
    """Return what an intruder holds and what becomes untrusted."""
    fields.some("untrusted")
    return Compromise(
        foothold=fields.name("foothold", "resource"),
        dwell=read_spread(fields, "dwell"),
        cause="data" if fields.word("cause") == "data" else "control",
        untrusted=fields.names("untrusted", "node"),
    )


def _above_zero(fields: Fields, key: str) -> int:
    value = fields.number(key)
    if fields.sound(key) and value == 0:
        fields.error("HF140", key, f"expected {key} above zero: nothing would happen", "Write how much.")
    return value


def _read_when(scenario: Fields) -> str | None:
    """Return the peak of its service on which the scenario strikes; it is looked up with the service."""
    if "when" not in scenario:
        return None
    return scenario.sub("when", keys.WHEN).name("peak")


def _read_dials(scenario: Fields) -> tuple[Dial, ...]:
    """Return what could be worse."""
    dials = []
    for name, node in scenario.named("severity"):
        fields = Fields(scenario.reading, node, keys.DIAL, f"dial {shown(name)} of {scenario.what}")
        fields.some("values")
        dials.append(Dial(name, fields.text("title"), fields.texts("values")))
    return tuple(dials)
