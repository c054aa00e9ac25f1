"""What services stand on: sites, resources, redundancy groups, common causes, segments and flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from holdfast.model.types.needs import NOTHING_NEEDED, Need
from holdfast.model.types.people import Team
from holdfast.model.types.recovery import Failover, Keeps, Strategy
from holdfast.model.types.suppliers import Supplier

# The kinds that the field's rules name (people, processes, technology, facilities, information, suppliers), technology
# split into what can be broken by itself: a host carries processes and dies with all of them at once.
Kind = Literal[
    "people", "process", "application", "database", "host", "network", "facility", "information", "third-party", "fmi"
]
Environment = Literal["range", "test", "production"]
FlowState = Literal["normal", "degraded", "recovery"]
Seen = Literal["observed", "confirmed", "refuted"]
Asset = Literal["primary", "replica", "vault", "identity", "network", "change"]


@dataclass(frozen=True, slots=True)
class Site:
    """A place that can be lost as a whole. ``shares`` are attributes that it has in common with other places."""

    name: str
    title: str
    environment: Environment
    shares: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resource:
    """Something a service stands on. ``between`` names the two sites that a network resource joins.

    ``shares`` maps an attribute to its value: two things with the same value can fall together. ``rides_out_ms`` is
    how long it may miss what it needs and then simply go on (``None``: for ever). ``replica_of`` names the resource
    whose data it copies, ``lag_ms`` behind. ``asset`` says what it is to an intruder. ``team`` and ``supplier`` are
    what is only declared of people and of third parties and FMIs.
    """

    name: str
    kind: Kind
    title: str
    environment: Environment
    site: str | None
    needs: Need
    between: tuple[str, str] | None = None
    owner: str | None = None
    tier: str | None = None
    segment: str | None = None
    shares: Mapping[str, str] = field(default_factory=dict)
    recovery: tuple[Strategy, ...] = ()
    rides_out_ms: int | None = None
    replica_of: str | None = None
    lag_ms: int = 0
    keeps: Keeps | None = None
    asset: Asset | None = None
    announces: tuple[str, ...] = ()
    team: Team | None = None
    supplier: Supplier | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A redundancy group: the first ``active`` members serve, ``quorum`` of them must function."""

    name: str
    kind: Kind
    title: str
    members: tuple[str, ...]
    active: int
    quorum: int
    needs: Need = NOTHING_NEEDED
    owner: str | None = None
    failover: Failover | None = None
    recovery: tuple[Strategy, ...] = ()


@dataclass(frozen=True, slots=True)
class CommonCause:
    """What a shared attribute does: when one carrier is hit, all others are with probability ``beta_ppm``.

    ``outlasts`` names the recovery strategies that are useless after it, because what they start again has the same
    defect: a bad agent outlasts a restart.
    """

    attribute: str
    beta_ppm: int
    spreads: tuple[Literal["failed", "untrusted"], ...]
    outlasts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the network whose members are treated alike; a flow to itself lets them reach one another."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Who may talk to whom, and in which state: normally, in a degraded mode, or only to recover.

    ``source`` and ``target`` are names of resources or segments.
    """

    source: str
    target: str
    port: int | None
    protocol: Literal["tcp", "udp"]
    states: tuple[FlowState, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """What is known of one dependency beyond its declaration.

    ``observed``: traffic or a probe showed it. ``confirmed`` and ``refuted``: a drill broke the target, and the effect
    on the source was seen, or was not. ``on`` is the date (ISO 8601), ``by`` the drill, tool or record that showed it.
    """

    source: str
    target: str
    seen: Seen
    on: str
    by: str
