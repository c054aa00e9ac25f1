"""Explanations of important business services and of scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast.model.canonical import SCENARIO, TOLERANCE
from holdfast.model.quantities import written
from holdfast.model.standing.explanation import Explanation, Part, facts, place_of
from holdfast.model.standing.hits import said, struck
from holdfast.model.standing.things import scenarios_hitting
from holdfast.model.trees import Downwards, Line, Upwards
from holdfast.model.types import Arrivals, Group, Impact, ImpactTolerance, Mode, Model, Resource, Scenario, Service
from holdfast.model.uses import below_service, nodes, services_above, uses
from holdfast.model.vocabulary import Vocabulary
from holdfast.model.wording import amount, counted, listed, percent, spread, time_of_day, usual_ms

UNAPPROVED = "unapproved"


def of_service(model: Model, vocabulary: Vocabulary, service: Service, approved: Mapping[str, str]) -> Explanation:
    """Return the explanation of a service: its limits, each mode with what it stands on, and how that comes back."""
    ground = below_service(model, service.name)
    down = Downwards(model)
    modes = tuple(Line(mode.name, None, _mode_said(mode), down.need(mode.needs)) for mode in service.modes)
    return Explanation(
        service.name,
        "service",
        service.title,
        place_of(model, "services", service.name),
        facts(
            *_service_facts(service),
            ("approval of its limits", approved.get(f"{TOLERANCE}:{service.name}", UNAPPROVED)),
        ),
        (
            Part("stands-on", "What it stands on, best mode first", modes),
            Part(
                "recovery",
                "How what it stands on comes back",
                tuple(_recoveries(model, service, ground)),
                "no way is declared",
            ),
            Part("people", "Who may alter what it stands on", tuple(_people(model, ground)), "nobody is named"),
            Part(
                "scenarios",
                "Scenarios that hit what it stands on",
                scenarios_hitting(model, vocabulary, ground),
                "none",
            ),
            Part("tests", "What is planned to be tested", tuple(_plan(model, service)), "nothing is planned"),
        ),
    )


def of_scenario(model: Model, vocabulary: Vocabulary, scenario: Scenario, approved: Mapping[str, str]) -> Explanation:
    """Return the explanation of a scenario: what it hits, and what stands on that up to the services."""
    used = uses(model)
    up = Upwards(model, used)
    hit: dict[str, list[str]] = {}
    for name, words in struck(model, vocabulary, scenario):
        hit.setdefault(name, []).append(words)
    carried = tuple(Line(name, name, "; ".join(dict.fromkeys(words)), up.lines(name)) for name, words in hit.items())
    above = services_above(model, hit, used)
    when = [
        f"at {time_of_day(scenario.time_of_day_min)}" if scenario.time_of_day_min is not None else "",
        f"on a day of {scenario.on_peak}" if scenario.on_peak else "",
    ]
    return Explanation(
        scenario.name,
        "scenario",
        scenario.title,
        place_of(model, "scenarios", scenario.name),
        facts(
            ("family", scenario.family),
            ("plausibility", scenario.plausibility),
            ("why it is plausible", scenario.basis),
            ("what happens", "; ".join(said(hit) for hit in scenario.hits)),
            ("when", ", ".join(filter(None, when))),
            ("detection", spread(scenario.detection) if scenario.detection else None),
            ("decision", spread(scenario.decision) if scenario.decision else None),
            ("judged by", f"the limits of {scenario.service}"),
            ("type of exercise", scenario.exercise_type),
            ("rehearsed", "by a drill" if scenario.rehearsed else "no, only modelled"),
            ("talked through by", counted(len(scenario.injects), "inject") if scenario.injects else None),
            ("could be worse in", "; ".join(f"{d.title}: {listed(d.values, 'or')}" for d in scenario.dials)),
            (
                "expected to break",
                listed([n for n, answer in scenario.expect.items() if answer == "broken"], most=8)
                if "broken" in scenario.expect.values()
                else None,
            ),
            ("services that stand on what it hits", listed(above) if above else "none"),
            ("approval", approved.get(f"{SCENARIO}:{scenario.name}", UNAPPROVED)),
        ),
        (
            Part("carries", "What it hits, and what stands on that", carried),
            Part("tests", "When it is due", tuple(_due(model, scenario.name)), "it is in no test plan"),
        ),
    )


def _service_facts(service: Service) -> Iterator[tuple[str, str | None]]:
    yield "owner", service.owner
    if service.importance is not None:
        yield "important because", f"its loss harms {listed(service.importance.harm)}: {service.importance.basis}"
    yield "impact tolerance", _tolerance_said(service.impact_tolerance)
    yield "MTPD, from the impact", written(service.mtpd_ms) if service.mtpd_ms is not None else None
    yield "objectives", f"RTO {written(service.rto_ms)}, RPO {written(service.rpo_ms)}"
    yield "impact", "; ".join(_impact_said(point) for point in service.impact)
    yield "rides out", f"interruptions of up to {written(service.rides_out_ms)}"
    yield "re-established", f"{spread(service.reestablish)}, after longer ones" if service.reestablish else None
    yield "what arrives", _flow_said(service.flow) if service.flow else None
    yield "peaks", "; ".join(f"{peak.name} {percent(peak.factor_ppm)}: {listed(peak.dates)}" for peak in service.peaks)
    indicator = service.indicator
    if indicator is None:
        yield "good when", "nobody measures it: it cannot be rehearsed"
        return
    answer = f"{percent(indicator.participants_ppm)} of participants get {listed(indicator.answer, 'or')}"
    yield "good when", f"{answer} within {written(indicator.within_ms)}, as {indicator.probe} sees it"


def _tolerance_said(tolerance: ImpactTolerance) -> str:
    parts = [
        written(tolerance.duration_ms),
        "the settlement day completes" if tolerance.end_of_day else "",
        f"{percent(tolerance.failed_share_ppm)} failed" if tolerance.failed_share_ppm is not None else "",
        amount(tolerance.value) if tolerance.value is not None else "",
        counted(tolerance.volume, "payment") if tolerance.volume is not None else "",
        counted(tolerance.participants, "participant") if tolerance.participants is not None else "",
    ]
    return ", ".join(filter(None, parts))


def _impact_said(point: Impact) -> str:
    """Return one point of the impact analysis: ``after 2h severe (17bn EUR, 3 participants, costs 600k EUR)``."""
    figures = [
        amount(point.value) if point.value is not None else "",
        counted(point.participants, "participant") if point.participants else "",
        f"costs {amount(point.loss)}" if point.loss is not None else "",
    ]
    said = ", ".join(filter(None, figures))
    return f"after {written(point.after_ms)} {point.severity}{f' ({said})' if said else ''}"


def _flow_said(flow: Arrivals) -> str:
    most = max((count for _, count in flow.arrivals_per_h), default=0)
    parts = [
        f"up to {most:,} an hour, {flow.capacity_per_h:,} can be handled",
        f"{amount(flow.value_per_day)} a day" if flow.value_per_day is not None else "",
        f"{percent(flow.priority_share_ppm)} of it first" if flow.priority_share_ppm is not None else "",
        "queued meanwhile" if flow.while_down == "queue" else "refused meanwhile",
    ]
    return ", ".join(filter(None, parts))


def _mode_said(mode: Mode) -> str:
    decision = f"by decision of {mode.decision}" if mode.decision else ""
    lasts = f"for {written(mode.sustain.max_ms)} at most" if mode.sustain else ""
    minimum = "meets the minimum service" if mode.meets_minimum else "below the minimum service"
    urgent = f"priority instructions {' or '.join(mode.priority_answer)}" if mode.priority_answer else ""
    what = f": {mode.minimum_service}" if mode.minimum_service else ""
    return (
        ", ".join(filter(None, (f"{percent(mode.capacity_ppm)} of capacity", decision, lasts, urgent, minimum))) + what
    )


def _recoveries(model: Model, service: Service, names: frozenset[str]) -> Iterator[Line]:
    """Yield how what a service stands on comes back, the slowest first, then what has no declared way."""
    quickest: dict[str, tuple[int, str]] = {}
    without = []
    for declared in nodes(model):
        if declared.name not in names:
            continue
        ways = [(usual_ms(each.takes), each.name) for each in declared.recovery]
        if isinstance(declared, Group) and declared.failover is not None:
            ways.append((usual_ms(declared.failover.takes), "failover"))
        if ways:
            quickest[declared.name] = (min(ways)[0], ", ".join(f"{name} {written(ms)}" for ms, name in ways))
        elif isinstance(declared, Resource):
            without.append(declared.name)
    for name, (ms, ways_said) in sorted(quickest.items(), key=lambda item: (-item[1][0], item[0])):
        longer = f"; even the quickest usually takes longer than the RTO of {written(service.rto_ms)}"
        yield Line(name, name, f"{ways_said}{longer if ms > service.rto_ms else ''}")
    if without:
        yield Line(f"without a declared way back: {listed(without, most=8)}")


def _people(model: Model, names: frozenset[str]) -> Iterator[Line]:
    for person in model.people.values():
        alters = [name for name in person.may_alter if name in names]
        if alters:
            yield Line(person.name, person.name, f"{person.title}, alone may alter {listed(alters, most=6)}")


def _plan(model: Model, service: Service) -> Iterator[Line]:
    for test in model.test_plan:
        if test.service == service.name:
            often = f"{test.exercise_type}, every {written(test.every_ms)}, counts for {written(test.valid_ms)}"
            yield Line(test.scenario, test.scenario, often)


def _due(model: Model, scenario: str) -> Iterator[Line]:
    for test in model.test_plan:
        if test.scenario == scenario:
            often = f"{test.exercise_type}, every {written(test.every_ms)}, counts for {written(test.valid_ms)}"
            yield Line(test.service, test.service, often)
