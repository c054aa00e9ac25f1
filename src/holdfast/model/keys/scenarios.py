"""Keys of what could happen, of what is rehearsed and planned, and of the risks that are borne."""

from __future__ import annotations

from typing import get_args

from holdfast.model.keys.form import Key, Section, entries, listed, mapping, needed
from holdfast.model.types import ExerciseType, Expected, Family, Plausibility

EXPECTED: tuple[str, ...] = get_args(Expected)

SCENARIO: Section = {
    "title": Key("text", meaning="For people; its name if there is none."),
    "family": needed("words", get_args(Family), meaning="What kind of disruption it is: results are counted by it."),
    "type": needed(
        "words",
        get_args(ExerciseType),
        meaning="Exercise type. A drill is `functional` (a component) or `site`, and a `site` drill must take one.",
    ),
    "service": needed("name", meaning="The service whose limits judge it."),
    "basis": needed("text", meaning="Why it is plausible."),
    "plausibility": Key(
        "words",
        "severe-but-plausible",
        words=get_args(Plausibility),
        meaning="Whether it should hold, or shows where things break.",
    ),
    "fail": listed("name", meaning="Resources and groups that fail; a group with all its members."),
    "fail_site": listed("name", meaning="Sites that are lost, with everything at them."),
    "fail_shared": entries("text", meaning="Values of attributes: everything that carries one of them fails."),
    "compromise": mapping("compromise", meaning="An intruder, and what becomes untrusted."),
    "absent": mapping("absent", meaning="People who are missing."),
    "third_party_out": mapping("third_party_out", meaning="A third party or FMI that is out."),
    "slow": mapping("slow", meaning="Something that goes on at a part of its capacity."),
    "when": mapping("when", meaning="On which of the service's peaks it strikes."),
    "severity": entries("dial", meaning="What could be worse: its dials."),
    "detection": Key("spread", meaning="How long noticing takes."),
    "decision": Key("spread", meaning="How long deciding takes."),
    "injects": listed(
        "inject", meaning="What is told to those at the table, in order, up to 64: of a walkthrough or a tabletop."
    ),
    "time_of_day": Key("time", meaning="When it strikes, between `open` and `cut_off`; ties a drill to the calendar."),
    "disruption": listed("disruption", meaning="The faults of the drill, up to 16."),
    "load": mapping("load", meaning="What participants offer meanwhile."),
    "compression": Key("positive", "1", meaning="How many times faster the calendar runs; outages are never scaled."),
    "days": Key(
        "positive", "1", meaning="How many business days must complete: the one that is struck, and those after."
    ),
    "declaration": mapping("declaration", meaning="Who has to declare while it lasts."),
    "fail_back": Key(
        "flag", "false", meaning="Whether the drill ends with the planned way back to the declared leader."
    ),
    "set_mode": listed(
        "set_mode", meaning="Modes that the service is put in while the drill lasts, in order, up to 8."
    ),
    "checks": listed("name", meaning="What to judge; all that apply if it is left out."),
    "expect": Key(
        "entries",
        words=EXPECTED,
        of="words",
        meaning="The answer expected of a check, for those that should not hold. It turns no verdict around.",
    ),
    "abort_when": mapping("abort_when", meaning="When everything is undone at once."),
    "steady": Key("duration", "5s", meaning="How long the service must run undisturbed before the first fault."),
    "after": Key(
        "duration", "10s", meaning="How long to go on watching after the last fault was undone or the day closed."
    ),
    "range": entries("text", meaning="Options of the range, as its `options` declare them."),
}

COMPROMISE: Section = {
    "foothold": needed("name", meaning="The resource that the intruder holds."),
    "dwell": needed("spread", meaning="How long that goes on before everything is halted."),
    "cause": needed("words", ("data", "control"), meaning="What cannot be trusted: data, or whoever is in control."),
    "untrusted": needed("list", of="name", meaning="Resources and groups that become untrusted."),
}

ABSENT: Section = {
    "share": needed("share", meaning="How many of them; above zero."),
    "lasts": needed("spread", meaning="For how long."),
    "teams": listed("name", meaning="Which teams; all, if it is left out."),
}

THIRD_PARTY_OUT: Section = {
    "name": needed("list", of="name", meaning="One or several resources of kind `third-party` or `fmi`."),
    "lasts": needed("spread", meaning="For how long."),
}

SLOW: Section = {
    "name": needed("name", meaning="A resource or group."),
    "capacity": needed("share", meaning="What is left."),
    "lasts": needed("spread", meaning="For how long."),
}

WHEN: Section = {
    "peak": needed("name", meaning="A peak of its service."),
}

DIAL: Section = {
    "title": needed("text", meaning="What can be turned."),
    "values": needed("list", of="text", meaning="From mild to bad, in words of your own."),
}

INJECT: Section = {
    "at": needed("duration", meaning="When it is told, counted from the beginning of the scenario."),
    "to": needed("name", meaning="The role that it is told to."),
    "tell": needed("text", meaning="What is told."),
    "expect": Key("text", meaning="The decision or action that is expected; goes with `by` and `within`."),
    "by": Key("name", meaning="The role that has to take it."),
    "within": Key("duration", meaning="How long it may take, counted from when it is told."),
    "tests": listed("name", meaning="Recovery strategies or playbooks that it tests."),
}

FAULT: Section = {
    "fault": needed("name", meaning="Which fault."),
    "target": needed("name", meaning="What it is aimed at: a resource or a site, never a group."),
    "after": Key("duration", "0s", meaning="When, counted from the first fault of the scenario."),
    "hold": needed("duration", meaning="How long after it took effect it is undone."),
    "box": needed("duration", meaning="Its time-box: the guard undoes it then, whatever happens. At least `hold`."),
}

DECLARATION: Section = {
    "by": needed("name", meaning="The role that declares."),
    "after": needed(
        "duration", meaning="When it is simulated if nobody attends, counted from the effect of the first fault."
    ),
}

SET_MODE: Section = {
    "mode": needed(
        "name", meaning="A mode of the service; the role that decides it, or the one that is left, says so."
    ),
    "day": Key("positive", "1", meaning="On which of the drill's business days."),
    "at": needed("time", meaning="At what time of that day, between `open` and `cut_off`."),
}

LOAD: Section = {
    "rate": needed("rate", meaning="Instructions offered by all participants together."),
    "seed": Key("count", "1", meaning="What the load is drawn from; the same seed offers the same."),
}

ABORT_WHEN: Section = {
    "disrupted_longer_than": Key("duration", meaning="Time of disruption as the clients see it."),
    "exercise_longer_than": needed("duration", meaning="Time of the whole exercise; long enough for what it holds."),
}

TEST_PLAN: Section = {
    "scenario": needed("name", meaning="Which scenario."),
    "service": needed("name", meaning="For which service."),
    "type": needed("words", get_args(ExerciseType), meaning="As which type of exercise."),
    "every": needed("duration", meaning="How often."),
    "valid": needed("duration", meaning="How long a result counts."),
    "since": Key("date", meaning="The day from which its periods are counted; if left out, the record's first day."),
}

RISK_ACCEPTANCE: Section = {
    "finding": Key("code", meaning="The code of the finding that is borne; or else give `gap`."),
    "gap": Key("gap", meaning="The gap that is borne: a scenario and the check of it that did not hold."),
    "on": needed("list", of="name", meaning="Anything that has a name: what the finding is about; of a gap, services."),
    "why": needed("text", meaning="Why it is borne."),
    "owner": needed("name", meaning="The role that bears it."),
    "until": needed("date", meaning="The last day."),
}
