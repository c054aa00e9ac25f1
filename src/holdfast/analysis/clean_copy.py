"""HF605: data that is corrupted in every copy, and no older, clean state to go back to.

Corrupted data reaches every copy whose lag is shorter than the time until somebody notices, and most copies follow
within seconds. Clean is only what keeps points in time and is a source of some strategy against distrust; it has to
keep them for longer than an intruder stays unseen, which the scenarios of compromise declare as dwell. A database
without declared copies, or one whose copies are only known as members of a group, is asked as well if something brings
it back when it fails; if nothing does, that is told by HF606.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from holdfast.analysis.kinds import Weakness, Weight
from holdfast.analysis.survey import Survey, about, some, verb
from holdfast.analysis.weights import by_services
from holdfast.model.quantities import written
from holdfast.model.types import Compromise, Duration, Group, Resource
from holdfast.model.wording import usual_ms, worst_ms

CODE = "HF605"
# Where it is vital and elsewhere, of data without and with declared copies.
_WEIGHTS: Final[Mapping[bool, tuple[Weight, Weight]]] = {False: ("high", "medium"), True: ("critical", "high")}


def no_clean_copy(survey: Survey) -> Iterator[Weakness]:
    """Yield data without a clean copy, or with one that forgets too early."""
    for root, copies in _data(survey):
        found = _weakness(survey, root, copies)
        if found is not None:
            yield found


def without_clean_copy(survey: Survey) -> frozenset[str]:
    """Return the resources that hold such data: they and their copies."""
    told = {weakness.subjects[0] for weakness in no_clean_copy(survey)}
    return frozenset(
        name for root, copies in _data(survey) if root in told for name in (*_parts(survey, root), *copies)
    )


def _data(survey: Survey) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what holds data, each once, with its declared copies."""
    replicas: dict[str, list[str]] = {}
    for name, resource in survey.model.resources.items():
        if resource.replica_of is not None:
            replicas.setdefault(resource.replica_of, []).append(name)
    for root in replicas:
        if survey.model.resources[root].replica_of is None:
            yield root, _copies(replicas, root)
    alone: dict[str, None] = {}
    for name, resource in survey.model.resources.items():
        if resource.kind == "database" and resource.replica_of is None and name not in replicas:
            alone |= dict.fromkeys([*survey.groups_of.get(name, ())[:1], name][:1])
    yield from ((name, ()) for name in alone if survey.services_on(name) and _comes_back(survey, name))


def _comes_back(survey: Survey, name: str) -> bool:
    """Whether anything cures a failure of some part of it."""
    return any(survey.at_best.ways.usable(survey.thing(part)) for part in _parts(survey, name))


def _copies(replicas: dict[str, list[str]], root: str) -> tuple[str, ...]:
    """Return all that copies ``root``, directly or from a copy."""
    found: dict[str, None] = {}
    ahead = [root]
    while ahead:
        for name in replicas.get(ahead.pop(), ()):
            if name not in found:
                found[name] = None
                ahead.append(name)
    return tuple(found)


def _weakness(survey: Survey, root: str, copies: tuple[str, ...]) -> Weakness | None:
    data = {*_parts(survey, root), *copies}
    dwells = _dwells(survey, data)
    longest_ms = max((worst_ms(dwell) for dwell in dwells), default=None)
    if longest_ms is not None and any(survey.model.resources[name].lag_ms > longest_ms for name in copies):
        return None
    kept_ms = [keeps for name in _sources(survey, data) if (keeps := _kept_ms(survey, name)) is not None]
    services = survey.services_on(root) or survey.services_served(root)
    if not kept_ms:
        weight = by_services(survey, services, *_WEIGHTS[bool(copies)]) if services else "low"
        message = f"{_spread(survey, root, copies)}, and no declared recovery goes back to an older, clean state."
        remedy = (
            "Keep points in time under other administrators, and declare a recovery from there that cures untrusted."
        )
    elif longest_ms is not None and max(kept_ms) < longest_ms:
        usual = any(max(kept_ms) < usual_ms(dwell) for dwell in dwells)
        weight = by_services(survey, services, "high", "medium") if usual else "low"
        often = "usually stays" if usual else "in one case of twenty stays"
        message = (
            f"{survey.called(root)} can be restored to states of the last {about(max(kept_ms))}, and an intruder "
            f"{often} unseen for longer ({about(longest_ms)} in the scenarios): every state kept would be corrupted."
        )
        remedy = "Keep some points in time for longer than the longest dwell that you reckon with."
    else:
        return None
    path = (*services[:1], root, *copies)
    return Weakness(CODE, weight, survey.node_place(root), (root,), services, message, path, remedy)


def _spread(survey: Survey, root: str, copies: tuple[str, ...]) -> str:
    """Return how far corruption reaches, as the beginning of a sentence."""
    if not copies:
        return f"What corrupts {survey.called(root)} stays"
    lag_ms = max(survey.model.resources[name].lag_ms for name in copies)
    soon = f"within {written(lag_ms)}" if lag_ms else "at once"
    copy = f"{some(copies)} {verb(copies, 'copies', 'copy')} {survey.called(root)} {soon}"
    return f"{copy}, so what corrupts one corrupts all"


def _dwells(survey: Survey, data: set[str]) -> tuple[Duration, ...]:
    """Return how long intruders stay unseen in the scenarios that corrupt this data; in all, if none names it."""
    every = [
        hit for scenario in survey.model.scenarios.values() for hit in scenario.hits if isinstance(hit, Compromise)
    ]
    naming = [hit for hit in every if data & {part for name in hit.untrusted for part in _parts(survey, name)}]
    return tuple(hit.dwell for hit in naming or every)


def _parts(survey: Survey, name: str) -> tuple[str, ...]:
    group = survey.model.groups.get(name)
    return (name, *group.members) if group is not None else (name,)


def _sources(survey: Survey, data: set[str]) -> frozenset[str]:
    """Return from where this data can be restored when it is no longer trusted, itself and its copies apart."""
    names = sorted({group for name in data for group in survey.groups_of.get(name, ())})
    groups = [survey.model.groups[name] for name in names]
    things: list[Resource | Group] = [
        *(survey.model.resources[name] for name in sorted(data & survey.model.resources.keys())),
        *groups,
    ]
    sources = {
        strategy.source
        for thing in things
        for strategy in thing.recovery
        if strategy.source is not None and "untrusted" in strategy.cures
    }
    return frozenset(sources - data - {group.name for group in groups})


def _kept_ms(survey: Survey, name: str) -> int | None:
    """Return for how long a source keeps its points in time, ``None`` if it keeps none."""
    kept = [survey.model.resources[part].keeps for part in _parts(survey, name) if part in survey.model.resources]
    return max((keeps.for_ms for keeps in kept if keeps is not None), default=None)
