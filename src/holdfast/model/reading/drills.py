"""The drill of a scenario: its faults, load, bounds and expectations, each of which somebody will really run."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from holdfast.errors import Place
from holdfast.model import keys
from holdfast.model.documents import Node, Scalar, Table
from holdfast.model.fields import Fields, Reading
from holdfast.model.findings import listed, shown
from holdfast.model.keys import Key, Section
from holdfast.model.quantities import written
from holdfast.model.types import AbortWhen, Calendar, Expected, Fault, ModeChange, Range, Scenario
from holdfast.model.vocabulary import ParameterSchema

MAX_FAULTS = 16
MAX_MODE_CHANGES = 8


def read_checks(fields: Fields) -> tuple[str, ...]:
    """Return the checks to make; by default all that apply, which for some takes a time of day."""
    words = fields.reading.vocabulary
    applicable = words.checks - (frozenset() if "time_of_day" in fields else words.calendar_checks)
    if not fields.flag("fail_back"):
        applicable -= words.fail_back_checks
    if "set_mode" not in fields:
        applicable -= words.mode_checks
    if "checks" not in fields:
        return tuple(sorted(applicable - words.named_checks))
    scalars = fields.scalars("checks")
    for scalar in scalars:
        if (
            _is_known(fields.reading, "check", scalar.text, words.checks, scalar.place)
            and scalar.text not in applicable
        ):
            lacking, judged = ("fail_back", "a way back")
            if scalar.text in words.calendar_checks:
                lacking, judged = "time_of_day", "a business day"
            elif scalar.text in words.mode_checks:
                lacking, judged = "set_mode", "a mode"
            message = f"check {shown(scalar.text)} judges {judged}, and this scenario has no {lacking}"
            fields.reading.findings.error("HF134", scalar.place, message, f"Add {lacking}, or remove the check.")
    if fields.sound("checks") and not scalars:
        fields.error("HF134", "checks", "expected a check, got an empty list", "Leave the key out to make all of them.")
    return tuple(scalar.text for scalar in scalars)


def _is_known(reading: Reading, what: str, name: str, known: Collection[str], place: Place) -> bool:
    """Return whether the vocabulary has a word; if not, that is a finding."""
    if name in known:
        return True
    remedy = f"{reading.findings.did_you_mean(name, known)}There are {listed(sorted(known))}."
    reading.findings.error("HF111", place, f"unknown {what} {shown(name)}", remedy)
    return False


def read_expect(fields: Fields, checks: tuple[str, ...]) -> dict[str, Expected]:
    """Return the answers that are expected where they are not *held*; each belongs to a check that is made."""
    table = fields.table("expect")
    if table is None:
        return {}
    words = fields.reading.vocabulary.checks
    answers = Fields(fields.reading, table, {name: Key("words", words=keys.EXPECTED) for name in table.entries}, "")
    given = []
    for name, node in table.entries.items():
        if not _is_known(fields.reading, "check", name, words, node.place):
            continue
        given.append(name)
        if name not in checks and fields.sound("checks"):
            message = f"an answer is expected of {shown(name)}, which this scenario does not check"
            fields.reading.findings.error(
                "HF134", table.entries[name].place, message, "Add it to checks, or remove it."
            )
    return {name: cast("Expected", answers.word(name)) for name in given}


def read_abort_when(fields: Fields) -> AbortWhen:
    """Return the bounds of the exercise; the whole exercise always has one."""
    disrupted, whole = fields.optional_number("disrupted_longer_than"), fields.number("exercise_longer_than")
    if disrupted is not None and fields.sound("disrupted_longer_than", "exercise_longer_than") and disrupted >= whole:
        message = "expected disrupted_longer_than below exercise_longer_than: it can never be reached"
        fields.error("HF132", "disrupted_longer_than", message, "Lower it, or remove it.")
    return AbortWhen(disrupted, whole)


def read_range_options(fields: Fields, declared_range: Range | None) -> dict[str, str]:
    """Return what the scenario asks of the range, which must have declared that it takes it."""
    table = fields.table("range")
    if table is None:
        return {}
    options = declared_range.options if declared_range else {}
    section = {name: Key("words", words=values) for name, values in options.items() if values}
    asked = Fields(fields.reading, table, section, f"range of {fields.what} (declared in range: options)")
    return {name: asked.word(name) for name in table.entries if name in section}


def read_disruption(fields: Fields) -> tuple[Fault, ...]:
    """Return the faults, in the order in which they are declared."""
    if "disruption" not in fields:
        return ()
    nodes = fields.items("disruption")
    if fields.sound("disruption") and not 1 <= len(nodes) <= MAX_FAULTS:
        message = f"expected 1 to {MAX_FAULTS} faults, got {len(nodes)}"
        fields.error("HF132", "disruption", message, "One disruption a scenario: split what is unrelated.")
    faults = tuple(_read_fault(fields, node) for node in nodes[:MAX_FAULTS])
    if faults and fields.sound("disruption") and all(fault.after_ms for fault in faults):
        message = "expected a fault with after: 0s, since after counts from the first injection"
        fields.error("HF132", "disruption", message, "Lower every after by the smallest one.")
    return faults


def read_set_mode(scenario: Fields, calendar: Calendar | None, days: int) -> tuple[ModeChange, ...]:
    """Return the modes that the service is put in, in order: each on a day that is rehearsed, while it is open."""
    nodes = scenario.items("set_mode") if "set_mode" in scenario else ()
    if nodes and "time_of_day" not in scenario:
        message = "expected a time_of_day to go with set_mode: without one no business day is rehearsed"
        scenario.error("HF133", "set_mode", message, "Add time_of_day, or remove set_mode.")
    if len(nodes) > MAX_MODE_CHANGES:
        message = f"expected at most {MAX_MODE_CHANGES} changes of mode, got {len(nodes)}"
        scenario.error("HF132", "set_mode", message, "Rehearse fewer: each is a decision.")
    found: list[ModeChange] = []
    least = (1, scenario.optional_number("time_of_day") or 0)
    for node in nodes[:MAX_MODE_CHANGES]:
        fields = Fields(scenario.reading, node, keys.SET_MODE, f"a mode of {scenario.what}")
        change = ModeChange(fields.name("mode"), fields.number("day"), fields.number("at"))
        if fields.sound("day") and change.day > days and scenario.sound("days"):
            message = f"expected one of the {days} days of the drill, got day {change.day}"
            fields.error("HF133", "day", message, "Correct it, or raise days.")
        if fields.sound("at") and not _is_open(calendar, change.at_min):
            message = "expected a time between open and cut_off of the calendar"
            fields.error("HF133", "at", message, "Choose a time at which the day is open.")
        if fields.sound("day", "at") and (change.day, change.at_min) < least:
            message = "expected modes in the order in which they are set, none before the first fault"
            fields.error("HF132", "at", message, "Put it later, or before the one that is set later.")
        least = (change.day, change.at_min)
        found.append(change)
    return tuple(found)


def _is_open(calendar: Calendar | None, minute: int) -> bool:
    """Return whether a day is open at a minute; a calendar that is wrong itself is told elsewhere."""
    if calendar is None or calendar.open_min >= calendar.cut_off_min:
        return True
    return calendar.open_min <= minute < calendar.cut_off_min


def _read_fault(scenario: Fields, node: Node) -> Fault:
    """Return one fault; its parameters are those of the vocabulary."""
    reading = scenario.reading
    named = node.entries.get("fault") if isinstance(node, Table) else None
    schema = reading.vocabulary.faults.get(named.text) if isinstance(named, Scalar) else None
    if isinstance(node, Table) and schema is None:
        # Nobody knows what an unknown fault takes: its other keys are not held against it.
        node = Table({key: value for key, value in node.entries.items() if key in keys.FAULT}, node.place)
    section: Section = {**keys.FAULT, **_keys_of(schema)}
    fields = Fields(reading, node, section, f"a fault of {scenario.what}")
    name = fields.name("fault")
    if fields.sound("fault"):
        _is_known(reading, "fault", name, reading.vocabulary.faults, fields.place_of("fault"))
    after_ms, hold_ms, box_ms = fields.number("after"), fields.number("hold"), fields.number("box")
    if fields.sound("hold", "box") and box_ms < hold_ms:
        message = "expected a box at least as long as hold: a fault is undone at the end of its box at the latest"
        fields.error("HF132", "box", message, "Lengthen the box or shorten the hold.")
    if not fields.sound("after", "hold", "box"):
        scenario.doubt("disruption")
    return Fault(name, fields.name("target"), _read_parameters(fields, schema), after_ms, hold_ms, box_ms)


def _keys_of(schema: ParameterSchema | None) -> Section:
    """Return the keys that a fault's own parameters add to those of every fault."""
    form = {"places": "list", "text": "words"}
    parameters = schema.parameters.items() if schema else ()
    return {
        name: Key(
            "text" if taken.form == "text" and not taken.choices else form.get(taken.form, taken.form),
            required=taken.required,
            words=taken.choices,
        )
        for name, taken in parameters
    }


def _read_parameters(fields: Fields, schema: ParameterSchema | None) -> dict[str, object]:
    """Return the fault's own parameters in the form that the vocabulary gives them."""
    values: dict[str, object] = {}
    for name, taken in schema.parameters.items() if schema else ():
        if name not in fields:
            if taken.default is not None:
                values[name] = taken.default
        elif taken.form == "places":
            values[name] = fields.names(name, "place")
            if fields.sound(name) and not values[name]:
                fields.error("HF107", name, f"expected sites or hosts for {name}, got an empty list", "Name them.")
        elif taken.form == "flag":
            values[name] = fields.flag(name)
        elif taken.form == "text":
            values[name] = fields.word(name) if taken.choices else fields.text(name)
        else:
            values[name] = fields.number(name)
    return values


def check_duration(fields: Fields, scenario: Scenario, calendar: Calendar | None) -> None:
    """Refuse an exercise that its own bound would always abort: it could prove nothing."""
    lasting_ms = max((fault.after_ms + fault.hold_ms for fault in scenario.disruption), default=0)
    if scenario.time_of_day_min is not None and calendar is not None:
        whole_min = (scenario.days - 1) * (calendar.close_by_min - calendar.open_min)
        day_ms = (calendar.close_by_min - scenario.time_of_day_min + whole_min) * 60_000 // max(scenario.compression, 1)
        lasting_ms = max(lasting_ms, day_ms)
    least_ms = scenario.steady_ms + lasting_ms + scenario.after_ms
    if least_ms > scenario.abort_when.exercise_longer_than_ms:
        message = (
            f"expected exercise_longer_than of at least {written(least_ms)}, which is what steady, the faults or the "
            f"rest of the business day, and after add up to, "
            f"got {written(scenario.abort_when.exercise_longer_than_ms)}"
        )
        fields.error("HF132", "abort_when", message, "Raise the bound, or shorten what it has to hold.")
