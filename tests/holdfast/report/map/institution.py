"""Institutions of any size to draw, made up from a seed, and small random models without any sense."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import strategies as st

from holdfast.model.types import (
    NOTHING_NEEDED,
    AllOf,
    AnyOf,
    AtLeast,
    Group,
    ImpactTolerance,
    Kind,
    Mode,
    Model,
    Need,
    On,
    Resource,
    Service,
    Site,
    Supplier,
)

_HOUR_MS = 3_600_000


def model_of(
    services: dict[str, Service], resources: dict[str, Resource], groups: dict[str, Group], sites: dict[str, Site]
) -> Model:
    """Return a model with these sections and nothing else."""
    return Model(
        institution="Example Bank",
        regimes=(),
        calendar=None,
        range=None,
        sites=sites,
        services=services,
        resources=resources,
        groups=groups,
        scenarios={},
        files={},
        root="bank.yaml",
        digest="0" * 64,
    )


def service(name: str, title: str, *modes: Mode) -> Service:
    """Return a service with a tolerance of four hours."""
    return Service(
        name, title, "head-of-payments", ImpactTolerance(4 * _HOUR_MS, end_of_day=True), 2 * _HOUR_MS, 0, None, modes
    )


def mode(name: str, needs: Need, *, enough: bool = True) -> Mode:
    """Return a mode."""
    return Mode(name, 1_000_000, needs, enough)


def three_ways() -> Model:
    """Return a service with three modes, each on a host of its own."""
    needs = AllOf(())
    hosts = {name: Resource(name, "host", name, "production", None, needs) for name in ("first", "second", "third")}
    pay = service("pay", "Pay", *(mode(name, On(name)) for name in hosts))
    return model_of({"pay": pay}, hosts, {}, {})


class _Builder:
    """An institution that grows site by site."""

    def __init__(self, seed: int) -> None:
        """Begin with nothing."""
        self.dice = random.Random(seed)
        self.resources: dict[str, Resource] = {}
        self.groups: dict[str, Group] = {}
        self.sites: dict[str, Site] = {}

    def add(self, name: str, kind: Kind, title: str, needs: list[Need], site: str | None = None) -> str:
        """Add a resource."""
        owner = f"{kind} team {self.dice.randrange(3) + 1}"
        tier = str(self.dice.choice((1, 1, 2, 3)))
        self.resources[name] = Resource(
            name, kind, title, "production", site, AllOf(tuple(needs)), owner=owner, tier=tier
        )
        return name

    def some(self, names: list[str], count: int) -> list[Need]:
        """Return needs on some of these."""
        return [On(name) for name in self.dice.sample(names, min(count, len(names)))]


_WORDS = (
    "payments",
    "ledger",
    "cards",
    "deposits",
    "treasury",
    "securities",
    "collateral",
    "pricing",
    "reports",
    "tax",
)


def institution(size: int, seed: int = 1) -> Model:
    """Return an institution of about ``size`` resources: data centres in pairs, what runs on them, and suppliers."""
    made = _Builder(seed)
    pairs = max(1, size // 250)
    suppliers = [
        made.add(f"supplier-{at}", "third-party", f"Supplier {at} of services", []) for at in range(4 + size // 60)
    ]
    teams = [made.add(f"team-{at}", "people", f"Team {at}", []) for at in range(3 + size // 60)]
    shared: list[str] = []
    for pair in range(pairs):
        _pair(made, pair, size // pairs - 7 - size // 30 // pairs, suppliers, shared)
    services = {}
    for at in range(6 + size // 100):
        groups = list(made.groups)
        full = AllOf((*made.some(groups, 3), *made.some(teams, 1), *made.some(shared, 2)))
        least = AllOf(tuple(made.some(groups, 1)))
        name = f"service-{at}"
        title = f"{_WORDS[at % len(_WORDS)].capitalize()} for clients and participants {at}"
        services[name] = service(name, title, mode("full", full), mode("least", least))
    return model_of(services, made.resources, made.groups, made.sites)


def _pair(made: _Builder, pair: int, size: int, suppliers: list[str], shared: list[str]) -> None:
    """Add two data centres that stand in for one another, and a small office."""
    places = [f"dc-{pair}{side}" for side in "ab"]
    hosts: dict[str, list[str]] = {}
    for place in places:
        made.sites[place] = Site(place, f"Data centre {place[3:].upper()}", "production")
        power = made.add(f"power-{place}", "facility", f"Power of {place}", made.some(suppliers, 1), place)
        hall = made.add(f"hall-{place}", "facility", f"Hall of {place}", [On(power)], place)
        router = made.add(f"router-{place}", "network", f"Core router of {place}", [On(hall)], place)
        count = max(2, size // 12)
        hosts[place] = [
            made.add(f"host-{place}-{at}", "host", f"Host {at} in {place}", [On(router), On(hall)], place)
            for at in range(count)
        ]
    line = made.add(f"line-{pair}", "network", f"Line between {places[0]} and {places[1]}", [On(f"router-{places[0]}")])
    made.resources[line] = Resource(
        line,
        "network",
        f"Line of pair {pair}",
        "production",
        None,
        AllOf((On(f"router-{places[0]}"),)),
        between=(places[0], places[1]),
        owner="network team 1",
        tier="1",
    )
    office = f"office-{pair}"
    made.sites[office] = Site(office, f"Office {pair}", "production")
    shared.append(made.add(f"desk-{pair}", "facility", f"Desks in office {pair}", made.some(suppliers, 1), office))
    stores: list[str] = []
    left = size - len(hosts[places[0]]) * 2 - 10
    at = 0
    while left > 0:
        store = at % 3 == 0
        kind: Kind = "database" if store else "application"
        name = f"{'store' if store else 'app'}-{pair}-{at}"
        below = [] if store else made.some(stores, 2)
        members = [
            made.add(
                f"{name}-{place[-1]}",
                kind,
                f"{_WORDS[at % 10]} {'store' if store else 'engine'} {at} at {place[3:].upper()}",
                [*made.some(hosts[place], 1), *below, *([AnyOf((On(line), On(f"router-{place}")))] if store else [])],
                place,
            )
            for place in (places if at % 5 < 3 else places[at % 2 : at % 2 + 1])
        ]
        if len(members) == 1:
            at, left = at + 1, left - 1
            continue
        made.groups[name] = Group(
            name, kind, f"{_WORDS[at % 10].capitalize()} {'store' if store else 'engine'} {at}", tuple(members), 1, 1
        )
        if store:
            stores.append(name)
        at += 1
        left -= 2


_NAMES = tuple(f"r{at}" for at in range(9))
_GROUPS = ("g0", "g1", "g2")
_SITES = ("east", "west")
_KINDS: tuple[Kind, ...] = ("application", "database", "host", "network", "facility", "people", "third-party")


@st.composite
def models(draw: st.DrawFn) -> Model:
    """Return a small random model: needs in circles, groups in groups' needs, modes below the minimum, subcontracts."""
    names = _NAMES[: draw(st.integers(2, len(_NAMES)))]
    groups = _GROUPS[: draw(st.integers(0, len(_GROUPS)))]
    leaf = st.sampled_from((*names, *groups)).map(On)
    needs = st.recursive(
        leaf,
        lambda parts: st.one_of(
            st.lists(parts, max_size=3).map(lambda of: AllOf(tuple(of))),
            st.lists(parts, min_size=1, max_size=3).map(lambda of: AnyOf(tuple(of))),
            st.lists(parts, min_size=1, max_size=3).flatmap(
                lambda of: st.integers(1, len(of)).map(lambda enough: AtLeast(enough, tuple(of)))
            ),
        ),
        max_leaves=4,
    )
    kinds: st.SearchStrategy[Kind] = st.sampled_from(_KINDS)
    resources = {name: _resource(draw, name, names, draw(kinds), needs) for name in names}
    made = {
        name: _group(draw, name, draw(st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)), needs)
        for name in groups
    }
    services = {
        name: service(
            name,
            name,
            *(mode(f"m{at}", draw(needs), enough=draw(st.booleans())) for at in range(draw(st.integers(1, 3)))),
        )
        for name in ("pay", "settle")[: draw(st.integers(0, 2))]
    }
    return model_of(services, resources, made, {name: Site(name, name, "production") for name in _SITES})


def _resource(
    draw: st.DrawFn, name: str, names: tuple[str, ...], kind: Kind, needs: st.SearchStrategy[Need]
) -> Resource:
    supplier = None
    if kind == "third-party":
        supplier = Supplier(subcontracts=tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True))))
    return Resource(
        name,
        kind,
        draw(st.sampled_from((name, "A long title of something important at some place"))),
        "production",
        draw(st.sampled_from((None, *_SITES))),
        draw(st.one_of(st.just(NOTHING_NEEDED), needs)),
        owner=draw(st.sampled_from((None, "ada", "ben"))),
        tier=draw(st.sampled_from((None, "1", "2"))),
        between=draw(st.sampled_from((None, _SITES))) if kind == "network" else None,
        supplier=supplier,
    )


def _group(draw: st.DrawFn, name: str, members: list[str], needs: st.SearchStrategy[Need]) -> Group:
    active, quorum = draw(st.integers(1, len(members))), draw(st.integers(1, len(members)))
    return Group(
        name, "database", name, tuple(members), active, quorum, needs=draw(st.one_of(st.just(NOTHING_NEEDED), needs))
    )


def failures(model: Model) -> st.SearchStrategy[frozenset[str]]:
    """Return names that can be failed together."""
    return st.frozensets(st.sampled_from((*model.resources, *model.groups, *model.sites)), max_size=3)


def cases(model: Model) -> Iterator[frozenset[str]]:
    """Yield nothing failed, each site failed alone, and every third resource and group."""
    yield frozenset()
    for name in (*model.sites, *(*model.resources, *model.groups)[::3]):
        yield frozenset({name})
