"""What must fit together across declarations: distinct names, crews and their teams, scenarios and their services."""

from __future__ import annotations

from holdfast.model.consistency.names import shared
from holdfast.model.deciding import decided
from holdfast.model.fields import Reading
from holdfast.model.findings import Findings, shown
from holdfast.model.types import Absent, FailShared, Group, Model, Resource, Scenario
from holdfast.model.wording import counted, listed

MAX_NAMED = 6  # persons that a message names before it only counts the rest


def check_distinct(model: Model, findings: Findings) -> None:
    """Refuse names that would be ambiguous, and lines that are there twice."""
    for name in model.segments.keys() & (model.resources.keys() | model.groups.keys()):
        place = model.place("resources", name)
        message = f"expected a segment to be named like no resource, got {shown(name)}, which stands at {place} as well"
        findings.error("HF104", model.place("segments", name), message, "Rename one: the end of a flow would be both.")
    for name in model.candidates.keys() & model.services.keys():
        message = f"expected a candidate that was rejected, got {shown(name)}, which is an important business service"
        findings.error("HF104", model.place("candidates", name), message, "Remove one of the two.")
    tests = [(test.scenario, test.service, test.exercise_type) for test in model.test_plan]
    for section, lines in (("flows", model.flows), ("edges", model.edges), ("test_plan", tests)):
        seen: set[object] = set()
        for position, line in enumerate(lines):
            if line in seen:
                message = f"expected each line of {section} once, got the same again"
                findings.error("HF104", model.place(section, str(position)), message, "Remove one of the two.")
            seen.add(line)


def check_flows(model: Model, findings: Findings) -> None:
    """Refuse flows from a thing to itself. One from a segment to itself is among its members."""
    for position, flow in enumerate(model.flows):
        # What has no name at an end is told where it was read.
        if flow.source and flow.source == flow.target and flow.source not in model.segments:
            place = model.place("flows", str(position))
            message = f"expected two ends, got {shown(flow.source)} at both"
            findings.error("HF142", place, message, "Name what it leads to.")


def check_crews(model: Model, findings: Findings) -> None:
    """Refuse strategies that take more people of a team than it has."""
    owners: list[Resource | Group] = [*model.resources.values(), *model.groups.values()]
    for owner in owners:
        for strategy in owner.recovery:
            for name, taken in (strategy.crew or {}).items():
                resource = model.resources.get(name)
                if resource is None or resource.kind != "people":
                    continue  # an unknown name, which is a finding already
                place = model.place("resources", owner.name, "recovery", strategy.name, "crew", name)
                if resource.team is None:
                    message = f"expected a team with a headcount, got {shown(name)}, which has none"
                    findings.error("HF127", place, message, f"Give {shown(name)} a headcount.")
                elif taken > resource.team.headcount:
                    message = (
                        f"expected at most {resource.team.headcount} of {shown(name)} (its headcount), got {taken}"
                    )
                    findings.error("HF127", place, message, "It could never begin: lower it, or correct the headcount.")


def check_teams(model: Model, findings: Findings) -> None:
    """Refuse teams of which more persons are named than there are people in it."""
    named: dict[str, list[str]] = {}
    for person in model.people.values():
        for team in person.teams:
            named.setdefault(team, []).append(person.name)
    for name, persons in named.items():
        resource = model.resources.get(name)
        if resource is not None and resource.team is not None and len(persons) > resource.team.headcount:
            message = (
                f"expected at most {counted(resource.team.headcount, 'person')} in {shown(name)} (its headcount), "
                f"got {len(persons)}: {listed(persons, most=MAX_NAMED)}"
            )
            place = model.place("people", persons[-1], "teams")
            findings.error("HF127", place, message, "Correct the headcount, or the teams of one of them.")


def check_needless(reading: Reading) -> None:
    """Warn, once for all of them, of modes that could never fail: an import leaves many."""
    if not reading.needless:
        return
    (what, place), *others = sorted(reading.needless, key=lambda each: (each[1].file, each[1].line))
    more = f", and so of {counted(len(others), 'other mode')}" if others else ""
    message = f"{what} needs nothing, so it could never fail{more}"
    remedy = "Name what must function for it; until then nothing is found that could stop it."
    reading.findings.add("warning", "HF141", place, message, remedy)


def check_scenarios(model: Model, findings: Findings) -> None:
    """Look up what a scenario says of its service, and what it takes by an attribute."""
    carried: dict[str, set[str]] = {}
    for attribute, value in (pair for shares in shared(model) for pair in shares.items()):
        carried.setdefault(attribute, set()).add(value)
    for scenario in model.scenarios.values():
        _check_peak(model, scenario, findings)
        _check_modes(model, scenario, findings)
        service = model.services.get(scenario.service)
        if scenario.rehearsed and service is not None and service.indicator is None:
            message = (
                f"scenario {shown(scenario.name)} is rehearsed, and service {shown(service.name)} has no indicator"
            )
            remedy = "Give the service an indicator: without one nobody sees whether it is disrupted."
            findings.error("HF139", model.place("scenarios", scenario.name, "service"), message, remedy)
        for hit in scenario.hits:
            if isinstance(hit, Absent):
                _check_absent(model, scenario, hit, findings)
            if isinstance(hit, FailShared) and hit.value not in carried.get(hit.attribute, {hit.value}):
                place = model.place("scenarios", scenario.name, "fail_shared", hit.attribute)
                message = f"expected a value of {hit.attribute} that something carries, got {shown(hit.value)}"
                remedy = (
                    f"{findings.did_you_mean(hit.value, carried[hit.attribute])}Correct it, or declare it in shares."
                )
                findings.error("HF111", place, message, remedy)


def _check_absent(model: Model, scenario: Scenario, hit: Absent, findings: Findings) -> None:
    """Refuse an absence from teams of which nobody knows how many they are: it would take nobody away."""
    place = model.place("scenarios", scenario.name, "absent", "teams")
    for name in hit.teams:
        resource = model.resources.get(name)
        if resource is not None and resource.kind == "people" and resource.team is None:
            message = f"expected a team with a headcount, got {shown(name)}, which has none: nobody would be missing"
            findings.error("HF140", place, message, f"Give {shown(name)} a headcount.")
    if not hit.teams and all(resource.team is None for resource in model.resources.values()):
        message = f"scenario {shown(scenario.name)} takes people away, and no team has a headcount"
        findings.error("HF140", place, message, "Declare teams: resources of kind people with a headcount.")


def _check_modes(model: Model, scenario: Scenario, findings: Findings) -> None:
    """Refuse a mode that the scenario's service does not have, or that nobody decides."""
    service = model.services.get(scenario.service)
    if service is None or not scenario.set_mode:
        return
    modes = {mode.name: mode for mode in service.modes}
    for change in scenario.set_mode:
        if change.mode not in modes:
            message = f"expected a mode of service {shown(service.name)}, got {shown(change.mode)}"
            remedy = f"{findings.did_you_mean(change.mode, modes)}There are {listed(sorted(modes))}."
            findings.error("HF111", model.place("scenarios", scenario.name, "set_mode"), message, remedy)
    if any(by is None and change.mode in modes for change, by in decided(scenario, service)):
        message = f"scenario {shown(scenario.name)} sets a mode of {shown(service.name)} that no role decides"
        remedy = "Name the role: decision of that mode, or of the one that is left."
        findings.error("HF139", model.place("scenarios", scenario.name, "set_mode"), message, remedy)


def _check_peak(model: Model, scenario: Scenario, findings: Findings) -> None:
    service = model.services.get(scenario.service)
    if scenario.on_peak is None or service is None:
        return
    peaks = {peak.name for peak in service.peaks}
    if scenario.on_peak not in peaks:
        message = f"expected a peak of service {shown(service.name)}, got {shown(scenario.on_peak)}"
        remedy = f"{findings.did_you_mean(scenario.on_peak, peaks)}Declare it in peaks of the service."
        findings.error("HF111", model.place("scenarios", scenario.name, "when", "peak"), message, remedy)
