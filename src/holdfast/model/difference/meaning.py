"""What a change means for the rest of the model: what falls with it now, what takes too long, what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from holdfast.model.aims import carries
from holdfast.model.difference.change import Effect, Weight, lighter
from holdfast.model.difference.compare import Delta
from holdfast.model.quantities import written
from holdfast.model.types import (
    Group,
    Impact,
    ImpactTolerance,
    Model,
    Person,
    Resource,
    Service,
    Site,
    Strategy,
)
from holdfast.model.uses import at_site, must_function, services_on, strategies
from holdfast.model.wording import counted, listed, usual_ms

SHOWN = 5


@dataclass(frozen=True)
class Both:
    """The model before and after, under the names of after."""

    before: Model
    after: Model

    @cached_property
    def stood_on(self) -> Mapping[str, tuple[str, ...]]:
        """Which services stood on each resource and group before."""
        return services_on(self.before)

    @cached_property
    def stands_on(self) -> Mapping[str, tuple[str, ...]]:
        """Which services stand on each resource and group now."""
        return services_on(self.after)

    def above(self, name: str, *, after: bool = True) -> tuple[str, ...]:
        """Return the services that stand on a resource or group now, or stood on it before."""
        return (self.stands_on if after else self.stood_on).get(name, ())


@dataclass(frozen=True, slots=True)
class Meaning:
    """What follows from a change, and how heavy and which way it is if that shows only here."""

    means: tuple[str, ...] = ()
    weight: Weight | None = None
    effect: Effect | None = None


def meaning(both: Both, section: str, name: str, delta: Delta) -> Meaning:
    """Return what a difference of one declared thing means."""
    follow = _FOLLOWS.get((delta.kind, delta.member))
    found = follow(both, name, delta) if follow is not None else Meaning()
    if section != "resources":
        return found
    above = both.above(name)
    if not above:
        return Meaning(found.means, found.weight or lighter(delta.weight), found.effect)
    return Meaning((*found.means, f"{listed(above, most=SHOWN)} {_stand(above)} on it"), found.weight, found.effect)


def of_removed(both: Both, name: str) -> Meaning:
    """Return what it means that a resource or group is gone."""
    above = both.above(name, after=False)
    if not above:
        return Meaning(("no service stood on it",), "low")
    return Meaning((f"{listed(above, most=SHOWN)} stood on it",), "high")


def of_added(both: Both, name: str) -> Meaning:
    """Return what it means that there is a new resource or group."""
    above = both.above(name)
    if not above:
        return Meaning(("no service stands on it",), "low")
    return Meaning((f"{listed(above, most=SHOWN)} {_stand(above)} on it",), "medium")


def _stand(names: Sequence[str]) -> str:
    return "stands" if len(names) == 1 else "stand"


def _objective(both: Both, name: str, delta: Delta) -> Meaning:
    """Say of an RTO what usually takes longer, and where it lies beside the tolerance."""
    service = both.after.services[name]
    means = []
    if service.rto_ms > service.impact_tolerance.duration_ms:
        means.append(f"longer than the impact tolerance of {written(service.impact_tolerance.duration_ms)}")
    slow = [
        f"{owner}/{strategy.name}"
        for owner, strategy in strategies(both.after)
        if name in both.above(owner) and delta.after < usual_ms(strategy.takes) <= delta.before
    ]
    if slow:
        plural = "strategy usually takes" if len(slow) == 1 else "strategies usually take"
        means.append(f"{len(slow)} more {plural} longer than that: {listed(slow, most=SHOWN)}")
    return Meaning(tuple(means))


def _tolerance(both: Both, name: str, _: Delta) -> Meaning:
    """Say of an impact tolerance where it lies beside the RTO and the MTPD."""
    service = both.after.services[name]
    tolerance_ms, mtpd_ms = service.impact_tolerance.duration_ms, service.mtpd_ms
    means = []
    if service.rto_ms > tolerance_ms:
        means.append(f"the RTO of {written(service.rto_ms)} is longer than that")
    if mtpd_ms is not None and tolerance_ms > mtpd_ms:
        means.append(f"longer than the MTPD of {written(mtpd_ms)}")
    return Meaning(tuple(means))


def _impact(both: Both, name: str, _: Delta) -> Meaning:
    """Say of the impact analysis whether the MTPD that is derived from it moved."""
    old, new = both.before.services[name].mtpd_ms, both.after.services[name].mtpd_ms
    if old == new:
        return Meaning()
    shown = " → ".join("none" if ms is None else written(ms) for ms in (old, new))
    looser = new is None or (old is not None and new > old)
    return Meaning((f"MTPD {shown}, which is derived from it",), "high", "weaker" if looser else "stronger")


def _group(both: Both, name: str, _: Delta) -> Meaning:
    """Say of a redundancy group how many members it can lose now."""
    old, new = both.before.groups[name], both.after.groups[name]
    spare_before, spare = len(old.members) - must_function(old), len(new.members) - must_function(new)
    who = f"{must_function(new)} of {counted(len(new.members), 'member')} must function"
    losing = {0: "losing any one stops it", 1: "losing any two stops it"}.get(spare, f"it can lose {spare}")
    already = frozenset(_together(both.before, old))
    means = [f"{who}: {losing}", *(each for each in _together(both.after, new) if each not in already)]
    if spare < spare_before:
        return Meaning(tuple(means), "critical" if spare < 1 else "high", "weaker")
    return Meaning(tuple(means), None, "stronger" if spare > spare_before else "other")


def _together(model: Model, group: Group) -> Iterator[str]:
    """Yield what all members of a group share: a redundancy that is none."""
    members = [model.resources[each] for each in group.members if each in model.resources]
    if len(members) < 2:  # noqa: PLR2004 -- one alone shares nothing with another
        return
    sites = {member.site for member in members}
    if len(sites) == 1 and members[0].site is not None:
        yield f"all members of {group.name} are at {members[0].site}"
    own = {*members[0].shares.items()}
    site = model.sites.get(members[0].site or "")
    for attribute, value in sorted(own | {*(site.shares.items() if site else ())}):
        if all(carries(model, member, attribute, value) for member in members):
            yield f"all members of {group.name} share {attribute} {value}"


def _moved(both: Both, name: str, _: Delta) -> Meaning:
    """Say of a resource that moved, or shares something else, which groups lost their redundancy by it."""
    return _lost_redundancy(both, [name])


def _site_shares(both: Both, name: str, _: Delta) -> Meaning:
    """Say the same of a site that shares something else, for everything at it."""
    return _lost_redundancy(both, at_site(both.after, name))


def _lost_redundancy(both: Both, names: Sequence[str]) -> Meaning:
    means: list[str] = []
    for group in both.after.groups.values():
        if any(name in group.members for name in names):
            before = set(
                _together(both.before, both.before.groups[group.name]) if group.name in both.before.groups else ()
            )
            means += [each for each in _together(both.after, group) if each not in before]
    return Meaning(tuple(means), "critical", "weaker") if means else Meaning()


def _strategies(both: Both, name: str, delta: Delta) -> Meaning:
    """Say of recovery strategies that came or went what is left."""
    declared = both.after.groups.get(name) or both.after.resources[name]
    if delta.after is None and not declared.recovery:
        return Meaning(("nothing that is declared brings it back",), "critical" if both.above(name) else None)
    return _trusted_again(both, name, delta)


def _trusted_again(both: Both, name: str, _: Delta) -> Meaning:
    """Say of strategies that cure other states whether anything still cures what is untrusted."""
    old = both.before.groups.get(name) or both.before.resources[name]
    new = both.after.groups.get(name) or both.after.resources[name]
    could = any("untrusted" in each.cures for each in old.recovery)
    if could and not any("untrusted" in each.cures for each in new.recovery):
        return Meaning(("nothing that is declared brings it back once it is untrusted",), "high", "weaker")
    return Meaning()


def _takes(both: Both, name: str, delta: Delta) -> Meaning:
    """Say of a strategy that takes another time which services it usually brings back too late."""
    usual = usual_ms(delta.after)
    late = [each for each in both.above(name) if usual > both.after.services[each].rto_ms]
    objectives = [f"{each} ({written(both.after.services[each].rto_ms)})" for each in late]
    return Meaning((f"usually longer than the RTO of {listed(objectives, most=SHOWN)}",)) if late else Meaning()


def _rights(both: Both, name: str, delta: Delta) -> Meaning:
    """Say of rights whether one hand now holds the data and what it would be brought back from."""
    if _both_hands(both.before, delta.before) or not (found := _both_hands(both.after, delta.after)):
        return Meaning()
    data, vaults = found
    what = (
        f"{name} alone can now destroy both what is kept, {listed(data, most=SHOWN)}, and the vault: {listed(vaults)}"
    )
    return Meaning((what,), "critical", "weaker")


def _both_hands(model: Model, names: Sequence[str]) -> tuple[list[str], list[str]] | None:
    """Return the data and the vaults among what somebody may alter, ``None`` when it is not both."""
    reached = {member for name in names if name in model.groups for member in model.groups[name].members} | {*names}
    assets = {name: model.resources[name].asset for name in sorted(reached) if name in model.resources}
    data = [name for name, asset in assets.items() if asset in {"primary", "replica"}]
    vaults = [name for name, asset in assets.items() if asset == "vault"]
    return (data, vaults) if data and vaults else None


def _environment(_: Both, __: str, delta: Delta) -> Meaning:
    """Say of an environment whether drills may break what is in it."""
    if delta.before == "production":
        return Meaning((f"drills in {delta.after} may break it now",), None, "weaker")
    if delta.after == "production":
        return Meaning(("no drill may break it any more",), "medium", "stronger")
    return Meaning((f"drills in {delta.after} may break it, and none in {delta.before}",), "medium")


_FOLLOWS: Mapping[tuple[type[object], str], Callable[[Both, str, Delta], Meaning]] = {
    (Service, "rto_ms"): _objective,
    (ImpactTolerance, "duration_ms"): _tolerance,
    (Service, "impact"): _impact,
    (Impact, "severity"): _impact,
    (Group, "members"): _group,
    (Group, "active"): _group,
    (Group, "quorum"): _group,
    (Resource, "site"): _moved,
    (Resource, "shares"): _moved,
    (Site, "shares"): _site_shares,
    (Resource, "recovery"): _strategies,
    (Group, "recovery"): _strategies,
    (Strategy, "cures"): _trusted_again,
    (Strategy, "takes"): _takes,
    (Person, "may_alter"): _rights,
    (Resource, "environment"): _environment,
    (Site, "environment"): _environment,
}
