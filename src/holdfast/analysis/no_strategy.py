"""HF606: what has no way back: none at all, none that starts it again, none that makes it trustworthy again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.analysis.clean_copy import without_clean_copy
from holdfast.analysis.events import Event
from holdfast.analysis.kinds import Weakness, Weight
from holdfast.analysis.recovery import told
from holdfast.analysis.survey import Survey, some, verb
from holdfast.analysis.weights import by_services
from holdfast.model.types import Group, Resource

CODE = "HF606"
_BY_OTHERS = frozenset({"third-party", "fmi", "people"})


def no_strategy(survey: Survey) -> Iterator[Weakness]:
    """Yield what has no way back: where it alone stops services, and where it gives up when its needs are away.

    Things with the same fate are told as one. A group has a way back as soon as one of its members has.
    """
    if survey.model.services and not survey.recoveries_declared:
        yield _none_at_all(survey)
        return
    stopping: dict[tuple[str, ...], list[str]] = {}
    giving_up: dict[tuple[str, ...], list[str]] = {}
    for name, resource in survey.model.resources.items():
        if _comes_back(survey, resource):
            continue
        gives_up = resource.rides_out_ms is not None and survey.circuit.gates[survey.circuit.nodes[name]].children
        if stops := survey.stopped.get(survey.number[name], ()):
            stopping.setdefault(stops, []).append(name)
        elif gives_up and survey.services_on(name):
            giving_up.setdefault(survey.services_on(name), []).append(name)
    for name, group in survey.model.groups.items():
        bit = survey.exposure.choices[survey.circuit.members[name]]
        services = (
            service for service, gate in survey.circuit.services.items() if survey.exposure.takes_down(bit, gate)
        )
        parts: list[Resource | Group] = [group, *(survey.model.resources[member] for member in group.members)]
        if (stops := tuple(sorted(services))) and not any(_comes_back(survey, part) for part in parts):
            stopping.setdefault(stops, []).append(name)
    for stops, names in stopping.items():
        each = "each of which" if len(names) > 1 else "which"
        said = f"Nothing declared brings back {some(names)}, {each} alone stops {some(stops)}"
        yield _without(survey, names, stops, said, by_services(survey, stops, "high", "medium"))
    for carried, names in giving_up.items():
        does = "does not go on by itself" if len(names) == 1 else "do not go on by themselves"
        said = f"{some(names)} {does} when what was needed is back, and nothing declared starts "
        said += verb(names, "it", "them") + " again"
        yield _without(survey, names, carried, said, by_services(survey, carried, "medium", "low"))


def _comes_back(survey: Survey, thing: Resource | Group) -> bool:
    """Whether a failure of a thing is cured: by what is declared, or by others than us."""
    by_others = isinstance(thing, Resource) and thing.kind in _BY_OTHERS
    return by_others or bool(survey.at_best.ways.usable(thing))


def no_way_to_trust(survey: Survey) -> Iterator[Weakness]:
    """Yield what an intruder reaches and only comes back from failures: nothing makes it trustworthy again.

    Data without a clean copy is told by HF605.
    """
    known = without_clean_copy(survey)
    for event in survey.events:
        if not event.taints:
            continue
        names = [
            name
            for name in event.hits
            if name not in known
            and survey.services_served(name)
            and survey.at_best.ways.usable(survey.model.resources[name])
            and not any("untrusted" in way.strategy.cures for way in survey.at_best.ways.of(survey.thing(name)))
        ]
        if names:
            yield _never_trusted(survey, event, told(survey, names))


def _never_trusted(survey: Survey, event: Event, names: Sequence[str]) -> Weakness:
    direct = sorted({service for name in names for service in survey.services_on(name)})
    services = tuple(direct or sorted({service for name in names for service in survey.services_served(name)}))
    return Weakness(
        CODE,
        by_services(survey, services, "medium", "low"),
        survey.model.place("resources", names[0], "recovery"),
        tuple(sorted({event.name, *names})),
        services,
        f"After {survey.happened(event)} nothing makes {some(names)} trustworthy again: what is declared for "
        f"{verb(names, 'it', 'them')} cures a failure only.",
        (*survey.reached_from(services, names[0]), names[0]),
        "Declare how each is built anew from a source that can be trusted, as a recovery that cures untrusted.",
    )


def _without(survey: Survey, names: Sequence[str], services: tuple[str, ...], said: str, weight: Weight) -> Weakness:
    declared = [name for name in names if survey.thing(name).recovery]
    unusable = f" What is declared for {some(declared)} loses more data than the RPO allows, or cures no failure."
    return Weakness(
        CODE,
        weight,
        survey.node_place(names[0]),
        tuple(sorted(names)),
        services,
        f"{said}.{unusable if declared else ''}",
        (services[0], names[0]),
        "Declare under recovery how each comes back, in what time, and what that needs; then exercise it.",
    )


def _none_at_all(survey: Survey) -> Weakness:
    services = tuple(sorted(survey.model.services))
    return Weakness(
        CODE,
        by_services(survey, services, "high", "medium"),
        survey.model.place("resources"),
        services,
        services,
        "No recovery strategy is declared for anything, so nobody can say how long a service would be away.",
        services[:1],
        "Declare recovery for what the services stand on, beginning with the single points of failure.",
    )
