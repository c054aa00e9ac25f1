"""What must fit together across declarations: distinct names, crews and their teams, scenarios and their services."""

from __future__ import annotations

from holdfast.model.consistency.names import shared
from holdfast.model.findings import Findings, shown
from holdfast.model.types import FailShared, Group, Model, Resource, Scenario


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


def check_scenarios(model: Model, findings: Findings) -> None:
    """Look up what a scenario says of its service, and what it takes by an attribute."""
    carried: dict[str, set[str]] = {}
    for attribute, value in (pair for shares in shared(model) for pair in shares.items()):
        carried.setdefault(attribute, set()).add(value)
    for scenario in model.scenarios.values():
        _check_peak(model, scenario, findings)
        service = model.services.get(scenario.service)
        if scenario.rehearsed and service is not None and service.indicator is None:
            message = (
                f"scenario {shown(scenario.name)} is rehearsed, and service {shown(service.name)} has no indicator"
            )
            remedy = "Give the service an indicator: without one nobody sees whether it is disrupted."
            findings.error("HF139", model.place("scenarios", scenario.name, "service"), message, remedy)
        for hit in scenario.hits:
            if isinstance(hit, FailShared) and hit.value not in carried.get(hit.attribute, {hit.value}):
                place = model.place("scenarios", scenario.name, "fail_shared", hit.attribute)
                message = f"expected a value of {hit.attribute} that something carries, got {shown(hit.value)}"
                remedy = (
                    f"{findings.did_you_mean(hit.value, carried[hit.attribute])}Correct it, or declare it in shares."
                )
                findings.error("HF111", place, message, remedy)


def _check_peak(model: Model, scenario: Scenario, findings: Findings) -> None:
    service = model.services.get(scenario.service)
    if scenario.on_peak is None or service is None:
        return
    peaks = {peak.name for peak in service.peaks}
    if scenario.on_peak not in peaks:
        message = f"expected a peak of service {shown(service.name)}, got {shown(scenario.on_peak)}"
        remedy = f"{findings.did_you_mean(scenario.on_peak, peaks)}Declare it in peaks of the service."
        findings.error("HF111", model.place("scenarios", scenario.name, "when", "peak"), message, remedy)
