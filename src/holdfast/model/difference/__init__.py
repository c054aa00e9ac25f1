"""What a change of the model says in words and what it means, for ``holdfast diff`` and whoever reviews a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from holdfast.errors import Place
from holdfast.model.canonical import RISK_ACCEPTANCE, SCENARIO, TOLERANCE, subject_digest, subjects
from holdfast.model.difference.change import WEIGHTS, Change, Effect, Weight
from holdfast.model.difference.compare import Delta, deltas, member_deltas
from holdfast.model.difference.meaning import Both, meaning, of_added, of_removed
from holdfast.model.difference.renames import Renames, renamed
from holdfast.model.types import Edge, Flow, Impact, ImpactTolerance, Indicator, Mode, Model, PlannedTest, Service

__all__ = ["Change", "Effect", "Weight", "difference"]

_WHOLE = ("institution", "regimes", "calendar", "range")
_EFFECTS: tuple[Effect, ...] = ("weaker", "other", "stronger")

# Sections of named things: what one of them is called, and how heavy it is that one is removed, and added.
_SECTIONS: Mapping[str, tuple[str, Weight, Weight]] = {
    "services": ("service", "critical", "medium"),
    "sites": ("site", "medium", "low"),
    "resources": ("", "high", "low"),
    "common_causes": ("common cause", "medium", "medium"),
    "people": ("person", "low", "low"),
    "roles": ("role", "medium", "low"),
    "segments": ("segment", "medium", "low"),
    "scenarios": ("scenario", "high", "low"),
    "risk_acceptances": ("risk acceptance", "medium", "high"),
    "candidates": ("candidate", "low", "low"),
}
# Of which sections one more weakens: a risk that is borne, a common cause that is likelier than was said.
_MORE_WEAKENS = frozenset({"risk_acceptances", "common_causes"})


def difference(old: Model, new: Model) -> tuple[Change, ...]:
    """Return what changed from one model to another, heaviest first; nothing when only the writing changed."""
    called, renames = renamed(old, new)
    both = Both(called, new)
    void = _void(old, new)
    found = [
        replace(change, approval=change.approval if change.approval in void else None)
        for change in (*_renamed(new, renames), *_whole(both), *_named(both), *_lists(both))
    ]
    found += _renamed_inside(new, void - {change.approval for change in found})
    return tuple(sorted(found, key=lambda change: (WEIGHTS.index(change.weight), _EFFECTS.index(change.effect))))


def _renamed(new: Model, renames: Renames) -> Iterator[Change]:
    """Yield what is only called otherwise."""
    for sort, names in renames.items():
        section = {"node": "resources", "person": "people"}.get(sort, f"{sort}s")
        for before, after in names.items():
            approval = {"services": f"{TOLERANCE}:{after}", "scenarios": f"{SCENARIO}:{after}"}.get(section)
            what = f"was called {before} and is otherwise the same"
            yield Change(after, what, "low", "other", _place(new, section, after), approval=approval)


def _whole(both: Both) -> Iterator[Change]:
    """Yield what changed of the institution itself."""
    for member in _WHOLE:
        old, new = getattr(both.before, member), getattr(both.after, member)
        for delta in member_deltas(Model, member, old, new):
            yield Change(both.after.institution, delta.what, delta.weight, delta.effect, _place(both.after, member))


def _things(model: Model, section: str) -> Mapping[str, Any]:
    return {**model.resources, **model.groups} if section == "resources" else getattr(model, section)


def _named(both: Both) -> Iterator[Change]:
    """Yield what changed of everything that has a name."""
    for section in _SECTIONS:
        before, after = _things(both.before, section), _things(both.after, section)
        for name in dict.fromkeys((*after, *before)):
            old, new = before.get(name), after.get(name)
            if old is None or new is None or type(old) is not type(new):
                yield _came_or_went(both, section, name, old, new)
            else:
                yield from (_changed(both, section, name, delta) for delta in deltas(old, new))


def _came_or_went(both: Both, section: str, name: str, old: object, new: object) -> Change:
    """Return that something is there now, or is not any more, or is something else."""
    called, removed_weight, added_weight = _SECTIONS[section]
    subject = f"{called} {name}" if called else name
    model = both.before if new is None else both.after
    place = _place(model, section, name)
    if old is not None and new is not None:
        what = f"is a {type(new).__name__.lower()} now, and was a {type(old).__name__.lower()}"
        return Change(subject, what, "high", "other", place, of_added(both, name).means)
    weight = removed_weight if new is None else added_weight
    means: tuple[str, ...] = ()
    if section == "resources":
        meant = of_removed(both, name) if new is None else of_added(both, name)
        means, weight = meant.means, meant.weight or weight
    if section == "scenarios" and new is None:
        means = _rehearsed_no_more(both, name)
    leans: Effect = "weaker" if (new is None) != (section in _MORE_WEAKENS) else "stronger"
    effect: Effect = leans if section in {"scenarios", "services", *_MORE_WEAKENS} else "other"
    approval = None if new is None else _approval(section, name)
    return Change(subject, "removed" if new is None else "added", weight, effect, place, means, approval, new is None)


def _rehearsed_no_more(both: Both, name: str) -> tuple[str, ...]:
    """Return whether a service has no drill left by the removal of a scenario."""
    service = both.before.scenarios[name].service
    left = [each for each in both.after.scenarios.values() if each.service == service and each.rehearsed]
    if left or not both.before.scenarios[name].rehearsed or service not in both.after.services:
        return ()
    return (f"no drill rehearses {service} any more",)


def _changed(both: Both, section: str, name: str, delta: Delta) -> Change:
    """Return a difference of something that was and is there, with what it means."""
    meant = meaning(both, section, name, delta)
    approval = _approval(section, name) if section != "services" or _is_limit(delta) else None
    called = _SECTIONS[section][0]
    return Change(
        subject=name if section in {"services", "resources"} else f"{called} {name}",
        what=delta.what,
        weight=meant.weight or delta.weight,
        effect=meant.effect or delta.effect,
        place=_place(both.after, section, name, *delta.keys),
        means=meant.means,
        approval=approval,
    )


def _is_limit(delta: Delta) -> bool:
    """Return whether a difference of a service is one of what a body approves of it."""
    match delta.kind:
        case kind if kind is Service:
            return delta.member in {"impact_tolerance", "impact", "rto_ms", "rpo_ms", "indicator", "modes"}
        case kind if kind is Mode:
            return delta.member in {"meets_minimum", "capacity_ppm", "minimum_service", "priority_answer"}
    return delta.kind in {ImpactTolerance, Impact, Indicator}


def _approval(section: str, name: str) -> str | None:
    """Return the subject that a body has to approve."""
    sorts = {"services": TOLERANCE, "scenarios": SCENARIO, "risk_acceptances": RISK_ACCEPTANCE}
    return f"{sorts[section]}:{name}" if section in sorts else None


# Sections that are lists: how heavy it is that one is removed and added, and which of the two weakens.
_LISTS: Mapping[str, tuple[Weight, Weight, Effect, Effect]] = {
    "flows": ("medium", "high", "stronger", "weaker"),
    "edges": ("medium", "low", "weaker", "other"),
    "test_plan": ("high", "low", "weaker", "stronger"),
}


def _lists(both: Both) -> Iterator[Change]:
    """Yield what changed of flows, of what is known of dependencies, and of the test plan."""
    for section, (removed_weight, added_weight, removed_effect, added_effect) in _LISTS.items():
        before, after = _keyed(getattr(both.before, section)), _keyed(getattr(both.after, section))
        for key in dict.fromkeys((*after, *before)):
            if key not in after:
                position, _ = before[key]
                place = _place(both.before, section, str(position))
                yield Change(key, "removed", removed_weight, removed_effect, place, removed=True)
                continue
            position, new = after[key]
            place = _place(both.after, section, str(position))
            if key not in before:
                yield Change(key, "added", added_weight, added_effect, place)
                continue
            for delta in deltas(before[key][1], new):
                yield Change(key, delta.what, delta.weight, delta.effect, place)


def _keyed(entries: tuple[Flow | Edge | PlannedTest, ...]) -> dict[str, tuple[int, Flow | Edge | PlannedTest]]:
    """Return the entries of a list by what they are about, with their positions; what comes twice has a number."""
    found: dict[str, tuple[int, Flow | Edge | PlannedTest]] = {}
    for position, entry in enumerate(entries):
        about = _about(entry)
        key, number = about, 1
        while key in found:
            number += 1
            key = f"{about} ({number})"
        found[key] = (position, entry)
    return found


def _about(entry: Flow | Edge | PlannedTest) -> str:
    match entry:
        case Flow():
            return f"flow {entry.source} → {entry.target}, {entry.protocol}"
        case Edge():
            return f"what is known of {entry.source} on {entry.target}"
        case PlannedTest():
            return f"test of {entry.service} by {entry.scenario}"


def _void(old: Model, new: Model) -> frozenset[str]:
    """Return what a body has to approve, or approve again: what is declared otherwise than it was, or is new."""
    known = frozenset(subjects(old))
    kept = (subject for subject in subjects(new) if subject in known)
    same = {subject for subject in kept if subject_digest(old, subject) == subject_digest(new, subject)}
    return frozenset(subjects(new)) - same


def _renamed_inside(new: Model, left: frozenset[str]) -> Iterator[Change]:
    """Yield what a body has to approve again only because something that it names is called otherwise."""
    for subject in sorted(left):
        sort, _, name = subject.partition(":")
        section = {TOLERANCE: "services", SCENARIO: "scenarios"}.get(sort, "risk_acceptances")
        what = "names something that is called otherwise now"
        yield Change(name, what, "low", "other", _place(new, section, name), approval=subject)


def _place(model: Model, *path: str) -> Place:
    """Return where something stands, or the nearest place around it."""
    while path and path not in model.places:
        path = path[:-1]
    return model.places.get(path) or Place(model.root, 1)
