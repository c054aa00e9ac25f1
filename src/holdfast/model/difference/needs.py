"""How a need changed: what it takes as well or no longer, whether more must function, and for how long not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

from holdfast.model.difference.change import Effect
from holdfast.model.quantities import written
from holdfast.model.types import AllOf, AnyOf, AtLeast, Need, On, leaves
from holdfast.model.uses import met
from holdfast.model.wording import listed, need_said

MAX_TRIED = 10  # names, so a thousand ways in which they can function; beyond, which way it leans is not said


@dataclass(frozen=True, slots=True)
class ChangedNeed:
    """A need that is met by other things than before, in words and which way that leans."""

    words: str
    effect: Effect


def changed_need(old: Need, new: Need) -> ChangedNeed | None:
    """Return how a need changed, ``None`` when it only was written otherwise."""
    before, after = normal(old), normal(new)
    if before == after:
        return None
    held = _held(before, after)
    return held if held is not None else ChangedNeed(_words(before, after), _effect(before, after))


def _held(before: Need, after: Need) -> ChangedNeed | None:
    """Return how long something can be missing now, where that alone changed and each name stands once."""
    leaves_before, leaves_after = list(_holds(before)), list(_holds(after))
    old, new = dict(leaves_before), dict(leaves_after)
    if normal(_firm(before)) != normal(_firm(after)) or len(old) < len(leaves_before) or len(new) < len(leaves_after):
        return None
    changed = {name: (old[name], new[name]) for name in old if old[name] != new[name]}
    said = [f"{name} can be missing for {_shown(was)} → {_shown(now)}" for name, (was, now) in changed.items()]
    longer = {now is not None and (was is None or now > was) for was, now in changed.values()}
    leans: Effect = "other" if len(longer) > 1 else "stronger" if longer == {True} else "weaker"
    return ChangedNeed(listed(said), leans)


def _shown(hold_ms: int | None) -> str:
    return "no time" if hold_ms is None else written(hold_ms)


def _holds(need: Need) -> Iterator[tuple[str, int | None]]:
    """Yield every name of a need with how long it can be missing."""
    if isinstance(need, On):
        yield need.resource, need.holds_for_ms
    else:
        for part in need.of:
            yield from _holds(part)


def _firm(need: Need) -> Need:
    """Return a need in which nothing can be missing for a while."""
    if isinstance(need, On):
        return On(need.resource)
    return replace(need, of=tuple(_firm(part) for part in need.of))


def normal(need: Need) -> Need:
    """Return a need in one form: nothing nested that need not be, nothing twice, in the order of the names."""
    if isinstance(need, On):
        return need
    parts = [normal(part) for part in need.of]
    if isinstance(need, AtLeast) and 1 < need.count < len(parts):
        return AtLeast(need.count, tuple(sorted(parts, key=repr)))
    every = isinstance(need, AllOf) or (isinstance(need, AtLeast) and need.count == len(parts))
    flat = [inner for part in parts for inner in _inside(part, AllOf if every else AnyOf)]
    ordered = tuple(sorted(dict.fromkeys(flat), key=repr))
    if len(ordered) == 1:
        return ordered[0]
    return AllOf(ordered) if every else AnyOf(ordered)


def _inside(need: Need, kind: type[AllOf | AnyOf]) -> Iterator[Need]:
    if isinstance(need, kind):
        yield from need.of
    else:
        yield need


def _words(before: Need, after: Need) -> str:
    """Return what is needed as well and what no longer."""
    old = before.of if isinstance(before, AllOf) else (before,)
    new = after.of if isinstance(after, AllOf) else (after,)
    came = [need_said(part, inner=len(new) > 1) for part in new if part not in old]
    went = [need_said(part, inner=len(old) > 1) for part in old if part not in new]
    said = [f"also {listed(came)}"] if came else []
    said += [f"no longer {listed(went)}"] if went else []
    return ", ".join(said)


def _effect(before: Need, after: Need) -> Effect:
    """Return ``weaker`` when more must function than before, by trying every way in which the parts can."""
    names = sorted(leaves(before) | leaves(after))
    if len(names) > MAX_TRIED:
        return "other"
    only_before = only_after = False
    for way in product((False, True), repeat=len(names)):
        functioning = {name for name, functions in zip(names, way, strict=True) if functions}
        was, now = met(before, functioning.__contains__), met(after, functioning.__contains__)
        only_before = only_before or (was and not now)
        only_after = only_after or (now and not was)
    if only_before == only_after:
        return "other"
    return "weaker" if only_before else "stronger"
