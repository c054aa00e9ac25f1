"""What the fencer decides, from what it was told and read: nothing here looks, waits or acts.

The order of the rules is the order of safety: a host is fenced only if two of three observers saw writes flow through
it and then stop, if the others can take over without it, and not soon after another fence. The lease of the leader is
revoked only while the fence is verified. Missing knowledge never counts as bad news.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OBSERVERS_NEEDED = 2
WRITES_NEEDED = 10
"""So many writes through this primary must have been answered before an observer's word counts: it knows the line
then, and a new primary is left alone until its first standby has attached, without which nothing is answered."""
FRESH_US = 500_000
"""A view that is older is no view."""
READ_FRESH_US = 2_500_000
QUORUM_FRESH_US = 4_000_000
"""How lately the other members of etcd must have shown a quorum: longer than an election, which needs up to two."""
BUDGET_US = 12_000_000
RETRY_US = 500_000
GIVE_UP_US = 20_000_000
"""After so long a fenced host is let go although nobody took over: it has lost its memory of leading."""
SWITCHOVER_US = 10_000_000
"""So long a switchover that was asked for is left alone: writes stop for it, and Patroni ends that by itself."""
COPIES_NEEDED = 2
"""A new primary needs a standby before it can acknowledge anything."""


@dataclass(frozen=True, slots=True)
class View:
    """What one observer tells: the host through which it writes, how many were answered, and for how long none is.

    ``age_us`` is how long ago it told so.
    """

    observer: str
    host: str | None
    timeline: int
    writes: int
    silent_us: int
    patience_us: int
    age_us: int

    @property
    def stopped(self) -> bool:
        """Return whether it saw writes flow, and then stop."""
        return (
            self.host is not None
            and self.age_us <= FRESH_US
            and self.writes >= WRITES_NEEDED
            and self.silent_us >= self.patience_us
        )

    @property
    def flowing(self) -> bool:
        """Return whether it writes, and is answered."""
        return self.host is not None and self.age_us <= FRESH_US and self.writes > 0 and not self.stopped


@dataclass(frozen=True, slots=True)
class Member:
    """What is known of one host of the stack, each with its age in microseconds (None: never).

    ``etcd_us``: its etcd answered; ``quorum_us``: its etcd answered what needs a quorum; ``standby_us``: its Patroni
    said that its copy runs as a replica.
    """

    ledger: str
    etcd_us: int | None = None
    quorum_us: int | None = None
    standby_us: int | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """What Patroni keeps in etcd, and its members by host. ``leader`` is the holder's ledger, None if nobody holds.

    ``switching_us`` is for how long a switchover that was asked for is under way, None if none is.
    """

    leader: str | None
    lease: int
    sync_leader: str | None
    voters: frozenset[str]
    quorum: int
    members: Mapping[str, Member]
    switching_us: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """What the device says: each fenced host with its fence's age and whether it is verified; the latest age."""

    fenced: Mapping[str, tuple[int, bool]]
    latest_us: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The latest fence that was asked for, and whether the device ever confirmed it."""

    host: str
    age_us: int
    tried_us: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Hold:
    """Do nothing, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class Fence:
    """Ask the device to fence a host, and to say whether it is fenced."""

    host: str
    why: str


@dataclass(frozen=True, slots=True)
class Revoke:
    """Revoke the lease on which the fenced host holds the leader's key: Patroni's own race follows."""

    host: str
    lease: int


@dataclass(frozen=True, slots=True)
class Release:
    """Let a fenced host come back."""

    host: str
    why: str


Decision = Hold | Fence | Revoke | Release


def decide(views: Iterable[View], cluster: Cluster | None, device: Device | None, asked: Asked | None) -> Decision:
    """Return what to do now. ``device`` is None while it does not answer, ``cluster`` while etcd was not read."""
    told = tuple(views)
    if cluster is None:
        return Hold("etcd has not been read")
    if device is not None and device.fenced:
        host, (age_us, verified) = max(device.fenced.items(), key=lambda item: item[1][0])
        return _with_fence(host, age_us, told, cluster, asked, verified=verified)
    if device is None and asked is not None and not asked.confirmed and asked.age_us < GIVE_UP_US:
        return _unconfirmed(asked, told, cluster)
    return _without_fence(told, cluster, device, asked)


def _without_fence(views: tuple[View, ...], cluster: Cluster, device: Device | None, asked: Asked | None) -> Decision:
    """Return whether to fence."""
    host, seen_by = stopped_through(views)
    if host is None:
        return Hold("writes flow" if not seen_by else f"stopped only as {', '.join(seen_by)} sees it")
    if why := _not_now(host, cluster, device, asked):
        return Hold(why)
    longest_us = max(view.silent_us for view in views if view.observer in seen_by)
    return Fence(host, f"no write through {host} for {longest_us // 1000} ms, seen by {', '.join(seen_by)}")


def stopped_through(views: Iterable[View]) -> tuple[str | None, tuple[str, ...]]:
    """Return the host through which enough observers saw writes stop, None if there is none, and who saw any stop."""
    by_primary: dict[tuple[str, int], list[str]] = {}
    for view in views:
        if view.stopped and view.host is not None:
            by_primary.setdefault((view.host, view.timeline), []).append(view.observer)
    most = max(by_primary.items(), key=lambda item: len(item[1]), default=None)
    if most is None:
        return None, ()
    (host, _), seen_by = most
    return (host if len(seen_by) >= OBSERVERS_NEEDED else None), tuple(sorted(seen_by))


def _not_now(host: str, cluster: Cluster, device: Device | None, asked: Asked | None) -> str | None:
    """Return why a host must not be fenced now, None if it may."""
    if host not in cluster.members:
        return f"{host} is none of the stack's"
    ledger = cluster.members[host].ledger
    if cluster.leader != ledger:
        return f"{ledger} does not lead any more: {cluster.leader or 'nobody'} holds the leader's key"
    if cluster.switching_us is not None and cluster.switching_us < SWITCHOVER_US:
        return "a switchover that was asked for is under way"
    latest_us = None if device is None else device.latest_us
    if latest_us is not None and latest_us < BUDGET_US:
        return f"the last fence was {latest_us // 1000} ms ago"
    if asked is not None and asked.age_us < BUDGET_US and (asked.confirmed or asked.host != host):
        return f"the last fence was asked for {asked.age_us // 1000} ms ago"
    if asked is not None and asked.tried_us < RETRY_US:
        return "the device was asked a moment ago"
    return cannot_take_over(host, cluster)


def cannot_take_over(host: str, cluster: Cluster) -> str | None:
    """Return why the others could not go on without ``host``, None if they can."""
    own = cluster.members[host].ledger
    others = {name: member for name, member in cluster.members.items() if name != host}
    # Patroni promotes whoever sees ``quorum`` more of the voters; without its record nobody is promoted at all.
    standing = {member.ledger for member in others.values() if _within(member.standby_us, READ_FRESH_US)}
    if cluster.sync_leader != own:
        return f"Patroni's record of who may take over is not {own}'s"
    if len(standing & cluster.voters) < cluster.quorum + 1:
        return f"too few may take over: of {', '.join(sorted(cluster.voters)) or 'nobody'} only {len(standing)} run"
    if len(standing) < COPIES_NEEDED:
        return "no second copy would be left to acknowledge with"
    if sum(_within(member.etcd_us, READ_FRESH_US) for member in others.values()) <= len(cluster.members) // 2:
        return "etcd would lose its quorum"
    if not any(_within(member.quorum_us, QUORUM_FRESH_US) for member in others.values()):
        return "etcd has no quorum"
    return None


def _within(age_us: int | None, limit_us: int) -> bool:
    return age_us is not None and age_us <= limit_us


def _with_fence(
    host: str, age_us: int, views: tuple[View, ...], cluster: Cluster, asked: Asked | None, *, verified: bool
) -> Decision:
    """Return what comes after a fence: revoke, wait for the new primary, let the host come back."""
    if cluster.leader == cluster.members[host].ledger:
        if verified:
            return Revoke(host, cluster.lease)
        if age_us >= GIVE_UP_US:
            return Release(host, "it could not be verified in time")
        if asked is not None and asked.tried_us < RETRY_US:
            return Hold("the fence is not verified")
        return Fence(host, "the fence is not verified")
    if sum(view.flowing and view.host != host for view in views) >= OBSERVERS_NEEDED:
        return Release(host, f"writes flow through another, {cluster.leader or 'nobody'} leads")
    if age_us >= GIVE_UP_US:
        return Release(host, "nobody took over in time")
    return Hold("waiting for a new primary")


def _unconfirmed(asked: Asked, views: tuple[View, ...], cluster: Cluster) -> Decision:
    """Return what to do while the device does not say whether the host that it was asked to fence is fenced."""
    if asked.tried_us < RETRY_US:
        return Hold("the fencing device does not confirm")
    if stopped_through(views)[0] == asked.host and cluster.leader == cluster.members[asked.host].ledger:
        return Fence(asked.host, "the fencing device does not confirm")
    return Release(asked.host, "the fence was never confirmed, and is not called for any more")
