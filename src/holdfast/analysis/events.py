"""The single events that an institution must reckon with, and what each of them hits.

A resource fails; a site is lost with all that stands there; everything that carries one value of a shared attribute
fails together, or comes into the same wrong hands, and with it whatever copies its data; a third party is out, and with
it whoever subcontracts to it, at any remove (nth parties).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from holdfast.model.types import Compromise, Cure, Model
from holdfast.model.wording import worst_ms

Cause = Literal["resource", "site", "shared"]
SUPPLYING: Final = frozenset({"third-party", "fmi"})


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that can happen. ``name`` is the resource's or site's, of a shared attribute ``attribute=value``.

    ``hits`` are the resources that it strikes itself, sorted. Whether it makes them fail, makes them untrusted (they
    run on in the wrong hands until they are halted), or both, say ``fails`` and ``taints``. Recovery strategies whose
    name the cause ``outlasts`` do not help: what they start again has the same defect.
    """

    cause: Cause
    name: str
    hits: tuple[str, ...]
    fails: bool = True
    taints: bool = False
    outlasts: frozenset[str] = frozenset()

    @property
    def cure(self) -> Cure:
        """What a recovery of what it strikes has to cure: where both, the graver."""
        return "untrusted" if self.taints else "failed"

    @property
    def joint(self) -> bool:
        """Whether it strikes several things at once that may have been meant to stand in for one another."""
        return len(self.hits) > 1


def single_events(model: Model) -> tuple[Event, ...]:
    """Return every single event of a model: sites, shared attributes, and each resource failing by itself.

    A shared attribute with one carrier is that resource's own failure, and one whose carriers are exactly what stands
    at a site is that site's loss: neither is told twice.
    """
    return (*_sites(model), *_shared(model), *_failures(model))


def dependent_suppliers(model: Model, names: frozenset[str]) -> frozenset[str]:
    """Return the third parties that subcontract to any of ``names``, directly or at any remove."""
    suppliers = [name for name in names if name in model.resources and model.resources[name].kind in SUPPLYING]
    if not suppliers:
        return frozenset()
    above: dict[str, list[str]] = {}
    for name, resource in model.resources.items():
        for below in resource.supplier.subcontracts if resource.supplier else ():
            above.setdefault(below, []).append(name)
    return _reached(above, suppliers) - frozenset(suppliers)


def carriers(model: Model) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return who carries each value of each shared attribute; what a site shares, everything at it carries."""
    found: dict[tuple[str, str], set[str]] = {}
    for name, resource in model.resources.items():
        site = model.sites.get(resource.site) if resource.site is not None else None
        for shared in (resource.shares, site.shares if site is not None else {}):
            for attribute, value in shared.items():
                found.setdefault((attribute, value), set()).add(name)
    return {shared: tuple(sorted(names)) for shared, names in sorted(found.items())}


def _sites(model: Model) -> Iterator[Event]:
    standing: dict[str, set[str]] = {}
    for name, resource in model.resources.items():
        if resource.site is not None:
            standing.setdefault(resource.site, set()).add(name)
    for site in model.sites:
        if site in standing:
            yield Event("site", site, _struck(model, standing[site]))


def _shared(model: Model) -> Iterator[Event]:
    """Yield the shared values. An attribute whose common cause is not declared makes its carriers fail together."""
    sites = {event.hits for event in _sites(model)}
    copies = _copies(model)
    for (attribute, value), names in carriers(model).items():
        cause = model.common_causes.get(attribute)
        spreads = cause.spreads if cause is not None else ("failed",)
        fails, taints = "failed" in spreads, "untrusted" in spreads
        tainted = _reached(copies, names) if taints else frozenset(names)
        hits = _struck(model, set(tainted)) if fails else tuple(sorted(tainted))
        if len(tainted) > 1 and not (hits in sites and not taints):
            outlasts = frozenset(cause.outlasts if cause is not None else ())
            yield Event("shared", f"{attribute}={value}", hits, fails, taints, outlasts)


def _copies(model: Model) -> Mapping[str, Sequence[str]]:
    """Return what copies each resource sooner than an intruder is seen, if the scenarios say when that is."""
    hits = (hit for scenario in model.scenarios.values() for hit in scenario.hits)
    dwells = [worst_ms(hit.dwell) for hit in hits if isinstance(hit, Compromise)]
    found: dict[str, list[str]] = {}
    for name, resource in model.resources.items():
        if resource.replica_of is not None and (not dwells or resource.lag_ms <= max(dwells)):
            found.setdefault(resource.replica_of, []).append(name)
    return found


def _reached(above: Mapping[str, Sequence[str]], names: Iterable[str]) -> frozenset[str]:
    """Return names and all that is reached from them, at any remove."""
    found = set(names)
    waiting = list(found)
    while waiting:
        more = set(above.get(waiting.pop(), ())) - found
        found |= more
        waiting += more
    return frozenset(found)


def _failures(model: Model) -> Iterator[Event]:
    for name in model.resources:
        yield Event("resource", name, _struck(model, {name}))


def _struck(model: Model, names: set[str]) -> tuple[str, ...]:
    """Return what fails when these do by themselves: they, and whoever subcontracts to one of them."""
    return tuple(sorted(names | dependent_suppliers(model, frozenset(names))))
