"""How a need changed: what it takes now as well or no longer, and whether more must function than before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from holdfast.model.difference.change import Effect
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
    return ChangedNeed(_words(before, after), _effect(before, after))


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
