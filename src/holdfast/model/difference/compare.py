"""Two declarations of one thing, member by member: what differs, in words, and which way that leans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Literal

from holdfast.model.difference.change import Effect, Weight, lighter
from holdfast.model.difference.needs import changed_need
from holdfast.model.difference.rules import Rule, label_of, rule_of
from holdfast.model.quantities import written
from holdfast.model.standing.hits import said
from holdfast.model.types import (
    Absent,
    AllOf,
    AnyOf,
    AtLeast,
    Compromise,
    Constant,
    Fail,
    FailShared,
    FailSite,
    Fault,
    Impact,
    Inject,
    Lognormal,
    Money,
    On,
    Pert,
    Slow,
    ThirdPartyOut,
)
from holdfast.model.wording import amount, listed, percent, spread, time_of_day, usual_ms, worst_ms

_NEEDS = (On, AllOf, AnyOf, AtLeast)
_SPREADS = (Constant, Lognormal, Pert)
_HITS = (Fail, FailSite, FailShared, Compromise, Absent, ThirdPartyOut, Slow)

Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Delta:
    """One difference: the type and member that differ, in words, with its values before and after.

    ``keys`` lead to it from the declared thing, as they are written in a file.
    """

    kind: type[object]
    member: str
    what: str
    weight: Weight
    effect: Effect
    before: Any
    after: Any
    keys: tuple[str, ...]


def deltas(before: Any, after: Any, within: str = "", keys: tuple[str, ...] = ()) -> Iterator[Delta]:  # noqa: ANN401
    """Yield the differences of two declarations of one type, in the order of its members, but for its name."""
    kind = type(before)
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new and (field.name != "name" or isinstance(before, _HITS)):
            yield from _Member(kind, field.name, within, keys).deltas(old, new)


def member_deltas(kind: type[object], member: str, before: Any, after: Any) -> Iterator[Delta]:  # noqa: ANN401
    """Yield the differences of one member of a type."""
    if before != after:
        yield from _Member(kind, member, "", ()).deltas(before, after)


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of a type, at its place in a declaration."""

    kind: type[object]
    name: str
    within: str
    keys: tuple[str, ...]

    @property
    def rule(self) -> Rule:
        return rule_of(self.kind, self.name)

    @property
    def label(self) -> str:
        return label_of(self.kind, self.name)

    def delta(self, what: str, effect: Effect, old: object, new: object, *more: str) -> Delta:
        """Return a difference with its place; what strengthens is lighter than what weakens."""
        weight = lighter(self.rule.weight) if effect == "stronger" else self.rule.weight
        words = f"{self.within}: {what}" if self.within else what
        key = self.name.removesuffix("_ms").removesuffix("_ppm").removesuffix("_min")
        return Delta(self.kind, self.name, words, weight, effect, old, new, (*self.keys, key, *more))

    def deltas(self, old: Any, new: Any) -> Iterator[Delta]:  # noqa: ANN401 -- the values of any member
        """Yield how two values of it differ."""
        one = new if old is None else old
        if isinstance(one, _NEEDS):
            change = changed_need(old, new)
            if change is not None:
                yield self.delta(f"{self.label}: {change.words}", change.effect, old, new)
        elif isinstance(one, Mapping):
            yield from self._by_key(old or {}, new or {})
        elif isinstance(one, tuple) and any(is_dataclass(each) for each in (*old, *new)):
            yield from self._several(old, new)
        elif isinstance(one, tuple) and all(isinstance(each, str) for each in (*old, *new)):
            yield from self._names(old, new)
        elif is_dataclass(one) and not isinstance(one, (*_SPREADS, Money)):
            yield from self._part(old, new)
        else:
            yield self._value(old, new)

    def _value(self, old: object, new: object) -> Delta:
        """Return how one value differs from another."""
        direction = _direction(self.rule, old, new)
        word = "" if direction is None or old is None or new is None else self.rule.words[direction == "down"]
        shown = f"{self._shown(old)} → {self._shown(new)}"
        what = f"{self.label} {shown}{f', {word}' if word else ''}"
        return self.delta(what, self._effect(direction), old, new)

    def _effect(self, direction: Direction | None) -> Effect:
        """Return which way more or less of it leans."""
        weaker = {"more": "up", "less": "down", "none": None}[self.rule.weaker]
        if direction is None or weaker is None:
            return "other"
        return "weaker" if direction == weaker else "stronger"

    def _part(self, old: object, new: object) -> Iterator[Delta]:
        """Yield how a part differs, or that there is one now, or none any more."""
        if old is not None and new is not None:
            within = f"{self.within}, {self.label}" if self.within else self.label
            yield from deltas(old, new, within, (*self.keys, self.name))
            return
        yield self.delta(f"{self.label} {'removed' if new is None else 'added'}", self._there(new), old, new)

    def _there(self, new: object) -> Effect:
        """Return which way it leans that something came, or went."""
        return self._effect("down" if new is None else "up")

    def _names(self, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Delta]:
        """Yield which names came and went, and whether their order changed where it counts."""
        came, went = [name for name in new if name not in old], [name for name in old if name not in new]
        if came:
            yield self.delta(f"{self.label}: also {listed(came)}", self._there(came), old, new)
        if went:
            yield self.delta(f"{self.label}: no longer {listed(went)}", self._there(None), old, new)
        if self.rule.ordered and not came and not went:
            yield self.delta(f"{self.label}: order {', '.join(old)} → {', '.join(new)}", "other", old, new)

    def _by_key(self, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Delta]:
        """Yield what differs of a mapping, key by key."""
        for key in dict.fromkeys((*old, *new)):
            before, after = old.get(key), new.get(key)
            if before == after:
                continue
            what = f"{self.label} {key}: {self._shown(before)} → {self._shown(after)}"
            if before is None or after is None:
                effect = self._there(after)
            elif self.name == "expect":
                effect = "weaker" if after == "broken" else "stronger"
            else:
                effect = self._effect(_direction(self.rule, before, after) if isinstance(before, int) else None)
            yield self.delta(what, effect, before, after, key)

    def _several(self, old: Sequence[Any], new: Sequence[Any]) -> Iterator[Delta]:
        """Yield what differs of several parts, by their names or by what tells them apart."""
        before, after = _by_key(old), _by_key(new)
        for key in dict.fromkeys((*before, *after)):
            one, other = before.get(key), after.get(key)
            if isinstance(one or other, _HITS):
                yield from self._hit(one, other)
            elif one is None or other is None:
                what = f"{self.label} {key} {'added' if one is None else 'removed'}"
                yield self.delta(what, self._there(other), one, other, key)
            elif one != other:
                within = f"{self.within}, {self.label} {key}" if self.within else f"{self.label} {key}"
                yield from deltas(one, other, within, (*self.keys, self.name, key))
        kept = [name for name in before if name in after]
        order = [name for name in after if name in before]
        if self.rule.ordered and kept != order:
            what = f"order of {self.label}: {', '.join(kept)} → {', '.join(order)}"
            yield self.delta(what, "other", old, new)

    def _hit(self, one: Any, other: Any) -> Iterator[Delta]:  # noqa: ANN401 -- hits of any type
        """Yield how what a scenario does differs, in whole sentences."""
        if one is None or other is None:
            what = f"{self.label}: {'also' if one is None else 'no longer'} {said(other if one is None else one)}"
            yield self.delta(what, self._there(other), one, other)
            return
        effects = {each.effect for each in deltas(one, other)}
        if effects:
            what = f"{self.label}: {said(one)} → {said(other)}"
            yield self.delta(what, effects.pop() if len(effects) == 1 else "other", one, other)

    def _shown(self, value: object) -> str:
        """Return a value as somebody would write it."""
        match value:
            case None:
                return self.rule.nothing or ("no limit" if self.rule.absent == "most" else "none")
            case bool():
                return "yes" if value else "no"
            case Money():
                return amount(value)
            case Constant() | Lognormal() | Pert():
                return spread(value)
            case int():
                return quantity(self.name, value)
            case tuple() if self.name == "arrivals_per_h":
                return ", ".join(f"{time_of_day(minute)} {count:,}/h" for minute, count in value)
            case tuple():
                return listed([str(each) for each in value])
        return str(value)


def quantity(member: str, value: int) -> str:
    """Return an integer in the unit that its member's name ends with."""
    for suffix, shown in _UNITS.items():
        if member.endswith(suffix):
            return shown(value)
    return f"{value:,}"


_UNITS: Mapping[str, Callable[[int], str]] = {
    "_ms": written,
    "_ppm": percent,
    "_min": time_of_day,
    "cut_offs": time_of_day,
    "_per_h": lambda value: f"{value:,}/h",
    "_per_s": lambda value: f"{value:,}/s",
    "port": str,
}


def _direction(rule: Rule, old: object, new: object) -> Direction | None:
    """Return whether a value went up or down, ``None`` where that cannot be said."""
    if old is None or new is None:
        if rule.absent == "other":
            return None
        return "up" if (new is None) == (rule.absent == "most") else "down"
    if rule.apart:
        return None
    if isinstance(old, _SPREADS) and isinstance(new, _SPREADS):
        usual, worst = usual_ms(new) - usual_ms(old), worst_ms(new) - worst_ms(old)
        if usual * worst < 0 or not (usual or worst):
            return None
        return "up" if usual + worst > 0 else "down"
    if isinstance(old, Money) and isinstance(new, Money):
        return ("up" if new.minor > old.minor else "down") if new.currency == old.currency else None
    if isinstance(old, int) and isinstance(new, int):
        return "up" if new > old else "down"
    if isinstance(old, str) and isinstance(new, str):
        return ("up" if new > old else "down") if rule.weaker != "none" else None
    return None


def _by_key(parts: Sequence[Any]) -> dict[str, Any]:
    """Return parts by what tells them apart; what comes twice has a number."""
    found: dict[str, Any] = {}
    for part in parts:
        about, number = _told_apart(part), 1
        key = about
        while key in found:
            number += 1
            key = f"{about} ({number})"
        found[key] = part
    return found


def _told_apart(part: Any) -> str:  # noqa: ANN401 -- a part of any type
    """Return what tells a part apart from others of its kind: its name, where it has one."""
    match part:
        case Impact(after_ms):
            return written(after_ms)
        case Inject(at_ms, to):
            return f"{written(at_ms)} to {to}"
        case Fault(fault, target):
            return f"{fault} on {target}"
        case FailShared(attribute):
            return f"FailShared {attribute}"
        case Fail() | FailSite() | Compromise() | Absent() | ThirdPartyOut() | Slow():
            return type(part).__name__
    return str(part.name)
