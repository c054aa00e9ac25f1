"""Faults of the consensus store: its leader, or its quorum, is lost; or the leader is another than it should be.

The store is etcd, asked by its HTTP gateway (API v3, ``rpc.proto``: services Maintenance and Cluster).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.asked import ask, way_to
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, each_done, keeper_of, request
from holdfast.exercises.faults.processes import verify_running
from holdfast.exercises.faults.slowness import held_down_identity, hold_down, probe_held_down
from holdfast.model.vocabulary import Parameter, ParameterSchema

_STATUS, _HEALTH, _TRANSFER = "/v3/maintenance/status", "/health", "/v3/maintenance/transfer-leadership"
_PREFIX = "etcd-"
_STEWARD = "steward"
_WAY, _MEMBER, _LED_BY, _MEMBERS = " (way)", "member (id)", "led by (id)", "members (kept down)"


def _leading(way: str) -> tuple[str, str]:
    """Return a member's own id, and whom it follows (``0``: nobody), as it says."""
    said = ask(way, "POST", _STATUS, {})
    return str(said.get("header", {}).get("member_id", "0")), str(said.get("leader", "0"))


def _ways(aim: Aim, inventory: Inventory) -> dict[str, str]:
    """Return the way to every member that can be asked."""
    found = {}
    for name in sorted(inventory.endpoints):
        if name.startswith(_PREFIX):
            try:
                found[name] = way_to(inventory, name)
            except HoldfastError:
                continue
    if aim.target not in found and not aim.stands_for:
        raise absent(aim, "it is no member of a consensus store that can be asked")
    return found


def _read(aim: Aim, way: str) -> tuple[str, str]:
    try:
        return _leading(way)
    except HoldfastError as problem:
        raise absent(aim, problem.message) from problem


def _prepare_leader_loss(aim: Aim, inventory: Inventory) -> Prepared:
    ways = _ways(aim, inventory)
    member, leader = _read(aim, ways[aim.target])
    if member != leader:
        raise absent(aim, "it does not lead")
    others = {f"{name}{_WAY}": way for name, way in ways.items() if name != aim.target}
    identity = {**held_down_identity(inventory, (aim.target,)), _MEMBER: member, **others}
    return Prepared(request(inventory, "ensure", process=aim.target), identity)


def _probe_leader_lost(intended: FaultIntended) -> Seen:
    """Whether the member is down and stays so; whom the others follow instead is told beside it."""
    down = probe_held_down(intended)
    if not down.so:
        return down
    follow = {}
    for name, way in _others(intended).items():
        try:
            follow[name] = _leading(way)[1]
        except HoldfastError:
            follow[name] = "0"
    moved = {leader for leader in follow.values() if leader not in {"0", intended.identity[_MEMBER]}}
    return Seen(so=True, observed=f"{down.observed}; {'another leads now' if moved else 'nobody leads yet'}")


def _prepare_quorum_loss(aim: Aim, inventory: Inventory) -> Prepared:
    ways = _ways(aim, inventory)
    down = tuple(name for name in aim.stands_for if name in ways and inventory.processes[name].running)
    if not aim.stands_for or down != aim.stands_for:
        raise absent(aim, "not every member that it would take runs")
    left = {name: way for name, way in ways.items() if name not in down}
    if not left:
        raise absent(aim, "nobody would be left to say that there is no quorum")
    for way in left.values():
        if _read(aim, way)[1] == "0":
            raise absent(aim, "there is no quorum even now")
    identity = {**held_down_identity(inventory, down), **{f"{name}{_WAY}": way for name, way in left.items()}}
    return Prepared(request(inventory, "ensure", processes=", ".join(down)), {**identity, _MEMBERS: ", ".join(down)})


def _lose_quorum(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    for name in intended.identity[_MEMBERS].split(", "):
        hold_down(intended, keeper, name)


def _bring_back(intended: FaultIntended) -> None:
    """Have every member started again: all are asked for, whatever becomes of one."""
    keeper, names = keeper_of(intended), intended.undo["processes"].split(", ")
    each_done(partial(keeper.call, {"op": "ensure", "process": name}) for name in names)


def _probe_quorum_lost(intended: FaultIntended) -> Seen:
    down = probe_held_down(intended)
    if not down.so:
        return down
    for name, way in _others(intended).items():
        try:
            health = ask(way, "GET", _HEALTH)
        except HoldfastError as problem:
            # An unhealthy member answers 503; whoever does not answer at all shows nothing.
            if problem.code != "HF305":
                return Seen(so=False, observed=f"{name} gives no answer: {problem.message}")
        else:
            if str(health.get("health")) in {"true", "True"}:
                return Seen(so=False, observed=f"{name} still has a quorum behind it")
    return Seen(so=True, observed=f"{down.observed}; {', '.join(_others(intended))} answers that there is no quorum")


def _prepare_move(aim: Aim, inventory: Inventory) -> Prepared:
    ways, steward = _ways(aim, inventory), str(aim.parameters[_STEWARD])
    member, leader = _read(aim, ways[aim.target])
    if leader in {member, "0"}:
        raise absent(aim, "it leads already" if leader != "0" else "nobody leads who could hand over")
    state = inventory.processes.get(steward)
    if state is None or not state.running:
        raise absent(aim, f"{steward}, which would move the leader back, does not run")
    identity = {_MEMBER: member, _LED_BY: leader, f"{aim.target}{_WAY}": ways[aim.target]}
    return Prepared(request(inventory, "ensure", process=steward), identity)


def _move(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    """Keep down whoever would move it back, and ask the leader to hand over, as an operator does."""
    hold_down(intended, keeper, intended.parameters[_STEWARD])
    found = intended.identity
    for name in sorted(inventory.endpoints):
        if name.startswith(_PREFIX):
            way = way_to(inventory, name)
            if _leading(way)[0] == found[_LED_BY]:
                ask(way, "POST", _TRANSFER, {"targetID": found[_MEMBER]})
                return
    message = f"nobody could hand over to {intended.target}"
    raise HoldfastError("HF401", message, remedy="let the consensus store become whole again")


def _probe_moved(intended: FaultIntended) -> Seen:
    try:
        member, leader = _leading(intended.identity[f"{intended.target}{_WAY}"])
    except HoldfastError as problem:
        return Seen(so=False, observed=problem.message)
    so = member == leader == intended.identity[_MEMBER]
    return Seen(so, f"{intended.target} says that {'it leads' if so else 'another leads'}")


def _verify_moved_back(intended: FaultIntended, inventory: Inventory) -> Seen:
    for name in sorted(inventory.endpoints):
        if name.startswith(_PREFIX):
            try:
                _, leader = _leading(way_to(inventory, name))
            except HoldfastError:
                continue
            so = leader == intended.identity[_LED_BY]
            return Seen(so, f"{name} follows {'the same leader as before' if so else 'another leader than before'}")
    return Seen(so=False, observed="no member answers")


def _others(intended: FaultIntended) -> dict[str, str]:
    return {n.removesuffix(_WAY): way for n, way in intended.identity.items() if n.endswith(_WAY)}


FAULTS: Mapping[str, FaultKind] = {
    "cluster.leader-loss": FaultKind(
        schema=ParameterSchema(frozenset({"database"})),
        does="{target}, which leads its consensus store, is killed and kept down",
        shown_by="it led before; its pid is gone from /proc, and none with its command comes after it",
        undone_by="the keeper has the supervisor start {target} again",
        prepare=_prepare_leader_loss,
        inject=lambda intended, keeper, _: hold_down(intended, keeper, intended.target),
        probe=_probe_leader_lost,
        verify=verify_running,
    ),
    "cluster.quorum-loss": FaultKind(
        schema=ParameterSchema(frozenset({"group"})),
        does="so many members of {target} are killed and kept down, in their declared order, that no quorum is left",
        shown_by="they are gone from /proc and stay so, and the others answer that no quorum is behind them",
        undone_by="the keeper has their supervisors start them again",
        prepare=_prepare_quorum_loss,
        inject=_lose_quorum,
        probe=_probe_quorum_lost,
        verify=verify_running,
        undo=_bring_back,
        of_group="quorum",
    ),
    "cluster.move-leader": FaultKind(
        schema=ParameterSchema(
            frozenset({"database"}),
            {_STEWARD: Parameter("text", required=True, meaning="The process that would move the leader back.")},
        ),
        does="the consensus store's leader becomes {target}, and what would move it back is kept down",
        shown_by="{target} itself says that it leads, which it did not before",
        undone_by="the keeper has what moves the leader back started again",
        prepare=_prepare_move,
        inject=_move,
        probe=_probe_moved,
        verify=_verify_moved_back,
        goes_on=True,
    ),
}
"""Faults of the consensus store."""
