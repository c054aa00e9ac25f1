"""Explanations of what services stand on: resources, redundancy groups, sites, segments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from holdfast.model.quantities import written
from holdfast.model.standing.explanation import Explanation, Part, PartName, facts, lines, place_of
from holdfast.model.standing.hits import struck
from holdfast.model.trees import Downwards, Line, Upwards, told
from holdfast.model.types import Flow, Group, Model, Resource, Site, Strategy, Supplier, Team
from holdfast.model.uses import Use, at_site, must_function, recoveries, services_above, uses
from holdfast.model.vocabulary import Vocabulary
from holdfast.model.wording import counted, listed, spread, time_of_day

NEVER = "never exercised"
SHOWN_PEOPLE = 12
# Of these kinds it would be odd to say that nothing of a part is declared.
_NOT_ASKED: Mapping[str, frozenset[PartName]] = {
    **dict.fromkeys(("people", "third-party", "fmi"), frozenset({"recovery", "people", "flows"})),
    **dict.fromkeys(("facility", "information", "process"), frozenset({"flows"})),
}
_AS_WHAT = {
    "need": "this recovery needs it",
    "source": "this recovery takes its data",
    "crew": "this recovery takes people of it",
}


def of_node(model: Model, vocabulary: Vocabulary, declared: Resource | Group) -> Explanation:
    """Return the explanation of a resource or group."""
    name = declared.name
    used = uses(model)
    above = services_above(model, [name], used)
    group = isinstance(declared, Group)
    about = _group_facts(declared) if isinstance(declared, Group) else _resource_facts(declared)
    team = [person.name for person in model.people.values() if name in person.teams]
    stands_on = Downwards(model, seen={name}, path=[name]).of(declared)
    parts = (
        Part("stands-on", "What it stands on", stands_on, "nothing that is declared"),
        Part("carries", "What stands on it", tuple(_carried(model, name, used)), "nothing that is declared"),
        Part("recovery", "How it comes back", recovery(model, declared), "no way is declared"),
        Part("people", "Who may alter it", tuple(_people(model, name)), "nobody is named"),
        Part("flows", "Who talks to it, and to whom it talks", tuple(_flows(model, declared))),
        Part("scenarios", "Scenarios that hit it", scenarios_hitting(model, vocabulary, [name]), "none"),
        Part("tests", "What was shown of it", tuple(_tests(model, declared)), "nothing yet"),
    )
    return Explanation(
        name,
        "group" if group else "resource",
        declared.title,
        place_of(model, "resources", name),
        facts(
            *about,
            ("who is in it", listed(team, most=SHOWN_PEOPLE) if team else None),
            ("services that stand on it", listed(above) if above else "none"),
        ),
        tuple(part for part in parts if part.lines or part.name not in _NOT_ASKED.get(declared.kind, ())),
    )


def of_site(model: Model, vocabulary: Vocabulary, site: Site) -> Explanation:
    """Return the explanation of a site: what is lost with it."""
    there = at_site(model, site.name)
    ends = [each for each in model.resources.values() if site.name in (each.between or ())]
    up = Upwards(model, uses(model))
    carried = tuple(Line(name, name, told(model.resources[name]), up.lines(name)) for name in there)
    above = services_above(model, there, up.used)
    return Explanation(
        site.name,
        "site",
        site.title,
        place_of(model, "sites", site.name),
        facts(
            ("environment", site.environment),
            ("shares", _shares(site.shares)),
            ("resources there", f"{len(there):,}"),
            ("lines that end there", listed([each.name for each in ends]) if ends else None),
            (
                "people there",
                listed([each.name for each in model.people.values() if each.site == site.name] or ["none"]),
            ),
            ("services that stand on it", listed(above) if above else "none"),
        ),
        (
            Part("carries", "What is there, and what stands on that", carried, "nothing"),
            Part("scenarios", "Scenarios that hit it", _hitting_site(model, vocabulary, site.name), "none"),
        ),
    )


def of_segment(model: Model, name: str) -> Explanation:
    """Return the explanation of a network segment: what is in it and what may pass its border."""
    inside = [each for each in model.resources.values() if each.segment == name]
    crossing = [flow for flow in model.flows if name in (flow.source, flow.target)]
    return Explanation(
        name,
        "segment",
        model.segments[name].title,
        place_of(model, "segments", name),
        facts(("resources in it", f"{len(inside):,}")),
        (
            Part("carries", "What is in it", lines((each.name, told(each)) for each in inside)),
            Part("flows", "What may pass its border", tuple(_flow(flow) for flow in crossing)),
        ),
    )


def recovery(model: Model, declared: Resource | Group) -> tuple[Line, ...]:
    """Return the failover and the strategies of a resource or group, each with what it stands on itself."""
    found = []
    if isinstance(declared, Group) and declared.failover is not None:
        over = declared.failover
        worked = f"worked {over.passed:,} of {over.passed + over.failed:,} times"
        note = [spread(over.takes), worked, f"loses {written(over.loses_ms)}" if over.loses_ms else "loses nothing"]
        found.append(Line(f"{'automatic' if over.automatic else 'manual'} failover", None, ", ".join(note)))
    down = Downwards(model)
    for number, strategy in enumerate(declared.recovery, 1):
        below = down.need(strategy.needs)
        if strategy.source is not None:
            source = model.resources.get(strategy.source)
            below = (
                *below,
                Line(f"{strategy.source}, whose data it takes", strategy.source, told(source) if source else ""),
            )
        for team, people in (strategy.crew or {}).items():
            below = (*below, Line(team, team, f"{people:,} people of it"))
        found.append(Line(f"{number}. {strategy.name}", None, strategy_said(strategy), below))
    return tuple(found)


def strategy_said(strategy: Strategy) -> str:
    """Return a recovery strategy in words."""
    said = [
        spread(strategy.takes),
        f"cures what is {' or '.join(strategy.cures)}",
        "automatic" if strategy.automatic else "by decision",
        f"loses {written(strategy.loses_ms)}" if strategy.loses_ms else "loses nothing",
        "replays the journal" if strategy.replays else "",
        f"playbook {strategy.playbook}" if strategy.playbook else "",
        f"exercised {strategy.exercised}" if strategy.exercised else NEVER,
    ]
    return ", ".join(filter(None, said))


def scenarios_hitting(model: Model, vocabulary: Vocabulary, names: Iterable[str]) -> tuple[Line, ...]:
    """Return the scenarios that hit any of these resources and groups, and how."""
    wanted = frozenset(names)
    found = []
    for scenario in model.scenarios.values():
        how = dict.fromkeys(words for name, words in struck(model, vocabulary, scenario) if name in wanted)
        if how:
            kind = "rehearsed" if scenario.rehearsed else "modelled"
            found.append(Line(scenario.name, scenario.name, f"{kind}: {'; '.join(how)}"))
    return tuple(found)


def _hitting_site(model: Model, vocabulary: Vocabulary, site: str) -> tuple[Line, ...]:
    hitting = scenarios_hitting(model, vocabulary, at_site(model, site))
    return tuple(line for line in hitting if f"its site {site}" in line.note)


def _carried(model: Model, name: str, used: Mapping[str, tuple[Use, ...]]) -> Iterator[Line]:
    """Yield what stands on it to function, what copies it, and what stands on it to come back."""
    yield from Upwards(model, used).lines(name)
    for each in model.resources.values():
        if each.replica_of == name:
            yield Line(each.name, each.name, f"copies its data, {written(each.lag_ms)} behind")
        if each.supplier is not None and name in each.supplier.subcontracts:
            yield Line(each.name, each.name, "subcontracts to it")
    for use in recoveries(model).get(name, ()):
        yield Line(f"{use.owner}, {use.strategy}", use.owner, _AS_WHAT[use.as_what])
    for service in model.services.values():
        for mode in service.modes:
            if mode.sustain is not None and mode.sustain.limited_by == name:
                yield Line(
                    f"{service.name}, mode {mode.name}", service.name, f"lasts {written(mode.sustain.max_ms)} by it"
                )


def _people(model: Model, name: str) -> Iterator[Line]:
    """Yield who can alter it alone, by itself or as a member of a group, and who keeps its keys."""
    over = {name, *(group.name for group in model.groups.values() if name in group.members)}
    for person in model.people.values():
        by = [each for each in person.may_alter if each in over]
        if by:
            how = "may alter it" if name in by else f"may alter {listed(by)}"
            yield Line(person.name, person.name, f"{person.title}, {how} alone")
        if name in person.custodian_of:
            yield Line(person.name, person.name, f"{person.title}, custodian")


def _flows(model: Model, declared: Resource | Group) -> Iterator[Line]:
    """Yield the flows of a resource, of the members of a group, and of their segments."""
    members = [model.resources[each] for each in declared.members] if isinstance(declared, Group) else [declared]
    ends = {end for each in members for end in (each.name, each.segment) if end is not None}
    yield from (_flow(flow) for flow in model.flows if flow.source in ends or flow.target in ends)


def _flow(flow: Flow) -> Line:
    port = f" {flow.port}" if flow.port is not None else ", any port"
    return Line(f"{flow.source} → {flow.target}", None, f"{flow.protocol}{port}, {listed(flow.states)}")


def _tests(model: Model, declared: Resource | Group) -> Iterator[Line]:
    """Yield what is known to work: exercised strategies, failovers that were seen, dependencies that were shown."""
    for strategy in declared.recovery:
        if strategy.exercised is not None:
            yield Line(strategy.name, None, f"exercised {strategy.exercised}")
    if isinstance(declared, Group) and declared.failover is not None:
        over = declared.failover
        when = f", last on {over.exercised}" if over.exercised else ""
        yield Line("failover", None, f"worked {over.passed:,} of {over.passed + over.failed:,} times{when}")
    for edge in model.edges:
        if declared.name in (edge.source, edge.target):
            yield Line(f"{edge.source} needs {edge.target}", None, f"{edge.seen} on {edge.on} by {edge.by}")


def _group_facts(group: Group) -> Iterator[tuple[str, str | None]]:
    yield "kind", group.kind
    members = f"{listed(group.members)}: {must_function(group)} of {len(group.members)} must function"
    yield "members", f"{members}, {'the first serves' if group.active == 1 else f'the first {group.active:,} serve'}"
    yield "owner", group.owner


def _resource_facts(resource: Resource) -> Iterator[tuple[str, str | None]]:
    yield "kind", resource.kind
    yield "environment", resource.environment
    yield "site", resource.site
    yield "between", listed(resource.between) if resource.between else None
    yield "owner", resource.owner
    yield "tier", resource.tier
    yield "segment", resource.segment
    yield "shares", _shares(resource.shares)
    yield "rides out", written(resource.rides_out_ms) if resource.rides_out_ms is not None else None
    yield "copy of", f"{resource.replica_of}, {written(resource.lag_ms)} behind" if resource.replica_of else None
    keeps = resource.keeps
    yield "keeps", f"a point every {written(keeps.every_ms)}, each for {written(keeps.for_ms)}" if keeps else None
    yield "to an intruder", resource.asset
    yield "announces", listed(resource.announces) if resource.announces else None
    if resource.team is not None:
        yield from _team_facts(resource.team)
    if resource.supplier is not None:
        yield from _supplier_facts(resource.supplier)


def _team_facts(team: Team) -> Iterator[tuple[str, str | None]]:
    yield "people", f"{team.headcount:,}, functions with {team.minimum:,}"
    yield "on call", spread(team.on_call) if team.on_call else None
    if team.rota is not None:
        rota = team.rota
        hours = f"{time_of_day(rota.begins_min)} to {time_of_day(rota.ends_min)}"
        yield "rota", f"{hours} in {counted(rota.shifts, 'shift')}"


def _supplier_facts(supplier: Supplier) -> Iterator[tuple[str, str | None]]:
    if supplier.contract is not None:
        contract = supplier.contract
        until = f", until {contract.ends}" if contract.ends else ""
        notice = f", notice {written(contract.notice_ms)}" if contract.notice_ms is not None else ""
        critical = ", critical or important function" if contract.critical else ""
        yield "contract", f"{contract.reference}{until}{notice}{critical}"
        yield "last audited", contract.audited
        yield "taking it back", contract.reintegration
    if supplier.continuity is not None:
        seen = supplier.continuity
        yield "its own RTO", written(seen.rto_ms) if seen.rto_ms is not None else None
        yield "continuity plan", f"seen {seen.plan_seen}" if seen.plan_seen else "never seen"
        yield "continuity test", f"seen {seen.tested}" if seen.tested else "never seen"
        yield "tested with us", seen.tested_with_us or "never"
    yield "substitutability", supplier.substitutability
    takes = f" in {spread(supplier.substitute_takes)}" if supplier.substitute_takes else ""
    yield "substitute", f"{supplier.substitute}{takes}" if supplier.substitute else None
    if supplier.exit is not None:
        leave = supplier.exit
        tried = f"tried {leave.tested}" if leave.tested else "never tried"
        yield "exit", f"{spread(leave.takes)}, {tried}" if leave.takes else tried
    yield "subcontracts to", listed(supplier.subcontracts) if supplier.subcontracts else None


def _shares(shares: Mapping[str, str]) -> str | None:
    return ", ".join(f"{attribute} {value}" for attribute, value in shares.items()) or None
