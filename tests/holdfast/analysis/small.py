"""Small models straight from the types, and random ones with everything that a circuit can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from holdfast.model.types import (
    NOTHING_NEEDED,
    AbortWhen,
    AllOf,
    AnyOf,
    AtLeast,
    CommonCause,
    Constant,
    Cure,
    Failover,
    Group,
    Hit,
    ImpactTolerance,
    Load,
    Mode,
    Model,
    Need,
    On,
    Resource,
    Role,
    Scenario,
    Service,
    Site,
    Strategy,
    Supplier,
    Sustain,
)

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def need(*names: str | Need) -> Need:
    """Return a need of all of these."""
    return AllOf(tuple(On(name) if isinstance(name, str) else name for name in names))


def either(*names: str | Need) -> Need:
    """Return a need of one of these."""
    return AnyOf(tuple(On(name) if isinstance(name, str) else name for name in names))


def thing(name: str, *needs: str | Need, **more: Any) -> Resource:  # noqa: ANN401 -- any field of the type
    """Return a resource; what is not said is an application at no site."""
    given = {"kind": "application", "title": name, "environment": "test", "site": None} | more
    return Resource(name=name, needs=need(*needs), **given)


def group(name: str, *members: str, **more: Any) -> Group:  # noqa: ANN401 -- as above
    """Return a group of which one member is enough."""
    given: dict[str, Any] = {"kind": "application", "title": name, "active": 1, "quorum": 1} | more
    return Group(name=name, members=members, **given)


def service(name: str, *needs: str | Need, **more: Any) -> Service:  # noqa: ANN401 -- as above
    """Return a service with one mode, which may be away for four hours."""
    given: dict[str, Any] = {
        "title": name,
        "owner": "somebody",
        "impact_tolerance": ImpactTolerance(4 * HOUR, end_of_day=False),
        "rto_ms": 2 * HOUR,
        "rpo_ms": 0,
        "indicator": None,
        "modes": (mode("full", *needs),),
    } | more
    return Service(name=name, **given)


def mode(name: str, *needs: str | Need, minimum: bool = True, decision: str | None = None) -> Mode:
    """Return a mode of a service."""
    return Mode(name, 1_000_000, need(*needs), meets_minimum=minimum, decision=decision)


def way(name: str = "restart", minutes: int = 5, *needs: str | Need, **more: Any) -> Strategy:  # noqa: ANN401
    """Return a strategy that takes so many minutes."""
    given: dict[str, Any] = {
        "takes": Constant(minutes * MINUTE),
        "cures": ("failed",),
        "exercised": "2026-01-01",
    } | more
    return Strategy(name=name, needs=need(*needs), **given)


def scenario(name: str, service: str, hits: tuple[Hit, ...]) -> Scenario:
    """Return a scenario that is only modelled."""
    return Scenario(
        name=name,
        title=name,
        family="cyber",
        exercise_type="tabletop",
        service=service,
        basis="",
        disruption=(),
        load=Load(1, 1),
        time_of_day_min=None,
        compression=1,
        checks=(),
        expect={},
        abort_when=AbortWhen(None, HOUR),
        steady_ms=0,
        after_ms=0,
        range_options={},
        hits=hits,
    )


def model(
    things: Iterable[object] = (),
    services: Iterable[Service] = (),
    sites: Iterable[str | Site] = (),
    scenarios: Iterable[Scenario] = (),
    **more: Any,  # noqa: ANN401 -- as above
) -> Model:
    """Return the model of these; ``things`` are resources and groups."""
    parts = tuple(things)
    places = (Site(site, site, "test") if isinstance(site, str) else site for site in sites)
    given: dict[str, Any] = {"calendar": None} | more
    return Model(
        institution="Example Bank",
        regimes=(),
        range=None,
        sites={site.name: site for site in places},
        services={service.name: service for service in services},
        resources={part.name: part for part in parts if isinstance(part, Resource)},
        groups={part.name: part for part in parts if isinstance(part, Group)},
        scenarios={found.name: found for found in scenarios},
        files={},
        root="bank.yaml",
        digest="",
        **given,
    )


# ---- random ones -----------------------------------------------------------------------------------------------------

THINGS = tuple(f"r{number}" for number in range(6))
SITES = ("north", "south")
SUSTAINED = (Sustain(10 * MINUTE, None), Sustain(DAY, None))
ATTRIBUTES: Mapping[str, tuple[str, ...]] = {"agent": ("x", "y"), "domain": ("p",)}


@st.composite
def needs(draw: st.DrawFn, names: tuple[str, ...], depth: int = 2, *, holds: bool = False) -> Need:
    """Draw a need of some of these names: nested, and of names that need each other."""
    forms = ["on"] if depth == 0 else ["on", "on", "all", "any", "at_least"]
    form = draw(st.sampled_from(forms))
    if form == "on":
        held = draw(st.sampled_from([None, 3 * MINUTE, 10 * MINUTE])) if holds else None
        return On(draw(st.sampled_from(names)), held)
    parts = tuple(draw(st.lists(needs(names, depth - 1, holds=holds), min_size=1, max_size=3)))
    match form:
        case "all":
            return AllOf(parts)
        case "any":
            return AnyOf(parts)
        case _:
            return AtLeast(draw(st.integers(1, len(parts))), parts)


@st.composite
def strategies(draw: st.DrawFn, names: tuple[str, ...]) -> tuple[Strategy, ...]:
    """Draw some ways back, zero-length ones among them."""
    found = []
    for number in range(draw(st.integers(0, 2))):
        what = draw(needs(names, 1)) if draw(st.booleans()) else NOTHING_NEEDED
        takes = Constant(draw(st.sampled_from([0, 1, 5, 7, 20])) * MINUTE)
        after = draw(st.sampled_from([None, 0, 2 * MINUTE]))
        source = draw(st.sampled_from([None, None, *names]))
        crew = (
            {draw(st.sampled_from([name for name in names if name in THINGS])): 1}
            if draw(st.integers(0, 3)) == 0
            else None
        )
        cures: tuple[Cure, ...] = draw(st.sampled_from([("failed",), ("failed",), ("failed", "untrusted")]))
        found.append(Strategy(f"way-{number}", takes, cures, what, source=source, crew=crew, after_ms=after))
    return tuple(found)


@st.composite
def models(draw: st.DrawFn, *, holds: bool = False) -> Model:
    """Draw a model. Needs run in circles, unless some of them hold for a while: then each needs only earlier ones."""
    things = THINGS[: draw(st.integers(1, len(THINGS)))]
    groups = tuple(f"g{number}" for number in range(draw(st.integers(0, 2))))
    resources = [draw(_resource(number, things, groups, holds=holds)) for number in range(len(things))]
    made = [draw(_group(name, things, groups, holds=holds)) for name in groups]
    roles = {"chief": Role("chief", "Chief", None, (), reached_by=draw(needs((*things, *groups), 1)))}
    services = []
    for number in range(draw(st.integers(1, 2))):
        modes = tuple(
            Mode(
                f"m{position}",
                1_000_000,
                draw(needs((*things, *groups), holds=holds)),
                meets_minimum=position == 0 or draw(st.booleans()),
                decision="chief" if position and draw(st.booleans()) else None,
                sustain=draw(st.sampled_from([None, *SUSTAINED])) if position else None,
            )
            for position in range(draw(st.integers(1, 2)))
        )
        rides = draw(st.sampled_from([0, MINUTE]))
        services.append(service(f"s{number}", modes=modes, rides_out_ms=rides, reestablish=Constant(2 * MINUTE)))
    causes = {"domain": CommonCause("domain", 500_000, ("untrusted",))} if draw(st.booleans()) else {}
    return model([*resources, *made], services, SITES, roles=roles, common_causes=causes)


@st.composite
def _resource(
    draw: st.DrawFn, number: int, things: tuple[str, ...], groups: tuple[str, ...], *, holds: bool
) -> Resource:
    names = things[:number] if holds else (*things, *groups)
    what = NOTHING_NEEDED if not names or draw(st.booleans()) else draw(needs(names, holds=holds))
    shares = {name: draw(st.sampled_from(values)) for name, values in ATTRIBUTES.items() if draw(st.booleans())}
    supplier = not holds and draw(st.booleans())
    below = tuple(draw(st.sets(st.sampled_from(things), max_size=1))) if supplier else ()
    return thing(
        things[number],
        what,
        kind="third-party" if supplier else "application",
        site=draw(st.sampled_from([None, *SITES])),
        shares=shares,
        recovery=draw(strategies((*things, *groups))),
        rides_out_ms=draw(st.sampled_from([None, None, 0, 4 * MINUTE])),
        replica_of=draw(st.sampled_from(things[:number])) if number and draw(st.integers(0, 3)) == 0 else None,
        supplier=Supplier(subcontracts=below) if supplier else None,
    )


@st.composite
def _group(draw: st.DrawFn, name: str, things: tuple[str, ...], groups: tuple[str, ...], *, holds: bool) -> Group:
    members = tuple(draw(st.lists(st.sampled_from(things), min_size=1, max_size=4, unique=True)))
    names = things if holds else (*things, *groups)
    takes = Constant(draw(st.sampled_from([0, 1, 6])) * MINUTE)
    loses_ms = draw(st.sampled_from([0, 0, MINUTE]))
    failover = Failover(automatic=True, takes=takes, passed=1, failed=0, loses_ms=loses_ms)
    return Group(
        name=name,
        kind="application",
        title=name,
        members=members,
        active=draw(st.integers(1, len(members))),
        quorum=draw(st.integers(1, len(members))),
        needs=draw(needs(names, 1)) if draw(st.booleans()) else NOTHING_NEEDED,
        failover=failover if draw(st.booleans()) else None,
        recovery=draw(strategies((*things, *groups))) if draw(st.integers(0, 3)) == 0 else (),
    )
