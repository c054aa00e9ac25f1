"""The faults: what each does, how it is shown to have taken effect, and how it is undone. ``FAULTS`` is the registry.

A fault acts through the range's keeper and is probed in the kernel: in ``/proc``, and by connecting from inside the
network. What the probe will look at is recorded before the injection (``identity``), and so is the request that undoes
it (``undo``): whoever comes next needs nothing but the recorded intention, and may undo what was never injected.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.processes import Process
from holdfast.connectors.range import KEEPER_SOCKET, Inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises import reach
from holdfast.exercises.reach import Way
from holdfast.model.vocabulary import Parameter, ParameterSchema, Target

KEEPER = "keeper"
_FROM = "from"
_CONTROL = "control "
_ARROW = " > "
_SHOWN = 3  # of a list of ways, in a sentence
_CLOSED = frozenset({"timeout", "unreachable"})


@dataclass(frozen=True, slots=True)
class Aim:
    """A fault of an exercise before it is intended: its id in the exercise, its target, its parameters."""

    exercise: str
    fault: str
    target: str
    parameters: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is recorded before the injection."""

    undo: Mapping[str, str]
    identity: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe saw, and whether it is what it looked for."""

    so: bool
    observed: str


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault. ``does``, ``shown_by`` and ``undone_by`` are sentences with ``{target}``, for plans and pages.

    ``prepare`` raises HF401 if the target is not there to be hit; ``probe`` and ``verify`` look once and raise nothing
    for what they do not find. ``verify`` gets the range as it is now: processes that came back have new pids.
    """

    schema: ParameterSchema
    does: str
    shown_by: str
    undone_by: str
    prepare: Callable[[Aim, Inventory], Prepared]
    inject: Callable[[FaultIntended, Hypervisor, Inventory], None]
    probe: Callable[[FaultIntended], Seen]
    verify: Callable[[FaultIntended, Inventory], Seen]


def undo(intended: FaultIntended) -> None:
    """Ask the keeper to undo a fault: idempotent, and needs only the intention. HF301 or HF302 if it does not."""
    request = dict(intended.undo)
    Hypervisor(Path(request.pop(KEEPER))).call(request)


def parameters_text(parameters: Mapping[str, object]) -> dict[str, str]:
    """Return a fault's parameters as they are recorded: places are listed with a comma and a space."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
        for name, value in sorted(parameters.items())
    }


def _request(inventory: Inventory, op: str, **arguments: str) -> dict[str, str]:
    return {KEEPER: str(inventory.dir / KEEPER_SOCKET), "op": op, **arguments}


def _absent(aim: Aim, why: str) -> HoldfastError:
    message = f"{aim.target} cannot be hit: {why}"
    return HoldfastError("HF401", message, remedy="let the range become whole again, or correct the scenario's target")


# -- processes --


def _identity(inventory: Inventory, names: tuple[str, ...]) -> dict[str, str]:
    """Return the running processes among ``names`` with their pids and start times."""
    states = ((name, inventory.processes[name]) for name in names)
    return {name: str(state.process) for name, state in states if state.running and state.process is not None}


def _prepare_process(aim: Aim, inventory: Inventory) -> Prepared:
    if aim.target in inventory.processes:
        names: tuple[str, ...] = (aim.target,)
        undoing = _request(inventory, "ensure", process=aim.target)
    else:
        names = inventory.processes_on(aim.target)
        undoing = _request(inventory, "ensure", host=aim.target)
    identity = _identity(inventory, names)
    if not identity or not all(processes.running(Process.parse(text)) for text in identity.values()):
        raise _absent(aim, "it does not run, or is frozen already")
    return Prepared(undoing, identity)


def _signal(signal: Literal["KILL", "STOP"]) -> Callable[[FaultIntended, Hypervisor, Inventory], None]:
    def inject(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
        what = "process" if intended.target in inventory.processes else "host"
        # A crash is one process; a freeze takes all that it started, or its children would go on answering.
        acting = {"op": "signal", "signal": signal, "tree": signal == "STOP", "exercise": intended.exercise}
        keeper.call({**acting, what: intended.target})

    return inject


def _probe_gone(intended: FaultIntended) -> Seen:
    found = {name: processes.condition(Process.parse(text)) for name, text in intended.identity.items()}
    left = [f"{name} ({intended.identity[name]}) is {state}" for name, state in found.items() if state != "gone"]
    shown = ", ".join(f"{name} ({text})" for name, text in intended.identity.items())
    return Seen(not left, f"gone: {shown}" if not left else f"still there: {', '.join(left)}")


def _probe_frozen(intended: FaultIntended) -> Seen:
    frozen = 0
    for name, text in intended.identity.items():
        root = Process.parse(text)
        family = processes.tree(root)
        if not family:
            return Seen(so=False, observed=f"{name} ({text}) is gone, not frozen")
        moving = [member for member in family if processes.running(member)]
        if moving:
            return Seen(so=False, observed=f"{len(moving)} of {len(family)} processes of {name} ({text}) still run")
        frozen += len(family)
    return Seen(so=True, observed=f"stopped: all {frozen} processes of {', '.join(intended.identity)}")


def _verify_running(intended: FaultIntended, inventory: Inventory) -> Seen:
    """Whether every process that was there before runs again, perhaps under another pid, and none is frozen."""
    wrong = []
    for name in sorted(set(intended.identity) & set(inventory.processes)):
        state = inventory.processes[name]
        condition = "gone" if state.process is None else processes.condition(state.process)
        if condition != "running":
            wrong.append(f"{name} is {condition}")
    return Seen(not wrong, ", ".join(wrong) if wrong else f"running: {', '.join(sorted(intended.identity))}")


# -- hosts and sites --


def _prepare_host_loss(aim: Aim, inventory: Inventory) -> Prepared:
    hosts = (aim.target,) if aim.target in inventory.hosts else ()
    return _prepare_loss(aim, inventory, hosts, _request(inventory, "power_on", host=aim.target))


def _prepare_site_loss(aim: Aim, inventory: Inventory) -> Prepared:
    hosts = tuple(sorted(name for name, host in inventory.hosts.items() if host.site == aim.target))
    return _prepare_loss(aim, inventory, hosts, _request(inventory, "site_on", site=aim.target))


def _prepare_loss(aim: Aim, inventory: Inventory, hosts: tuple[str, ...], undoing: dict[str, str]) -> Prepared:
    identity: dict[str, str] = {}
    for name in hosts:
        first = inventory.hosts[name].process
        if inventory.hosts[name].powered and first is not None:
            identity |= {f"{name} (host)": str(first), **_identity(inventory, inventory.processes_on(name))}
    if not identity:
        raise _absent(aim, "no host of it has power")
    return Prepared(undoing, identity)


def _power_off(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    keeper.call({"op": "power_off", "host": intended.target, "exercise": intended.exercise})


def _site_off(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    keeper.call({"op": "site_off", "site": intended.target, "exercise": intended.exercise})


# -- the network --


def _prepare_partition(aim: Aim, inventory: Inventory) -> Prepared:
    """Record what is reachable now: without a way that the cut will close there is nothing to show it by."""
    ours, theirs = _sides(aim.target, _listed(aim.parameters.get(_FROM, ())), inventory)
    places = reach.vantages(inventory)
    found = reach.walk(reach.ways(inventory), places)
    identity = {f"{name} (host)": str(place) for name, place in sorted(places.items())}
    crossing = 0
    for way, result in sorted(found.items(), key=lambda item: str(item[0])):
        if result == "reachable":
            crosses = _crosses(inventory.hosts[way.source].address, way.address, ours, theirs)
            crossing += crosses
            identity[str(way) if crosses else f"{_CONTROL}{way}"] = result
    if not crossing:
        raise _absent(aim, "nothing could be reached across the cut even before it")
    if crossing == sum(result == "reachable" for result in found.values()):
        raise _absent(aim, "every open way crosses the cut: no control would show that the probe itself works")
    return Prepared(_request(inventory, "mend", id=_cut_id(aim.exercise, aim.fault)), identity)


def _cut(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    ours, theirs = _sides(intended.target, _listed(intended.parameters.get(_FROM, "")), inventory)
    cut = {"op": "cut", "id": _cut_id(intended.exercise, intended.fault), "a": ours, "b": theirs}
    keeper.call({**cut, "exercise": intended.exercise})


def _probe_cut(intended: FaultIntended) -> Seen:
    places = {
        name.removesuffix(" (host)"): Process.parse(text)
        for name, text in intended.identity.items()
        if name.endswith(" (host)")
    }
    texts = [name for name in intended.identity if _ARROW in name]
    found = reach.walk([Way.parse(text.removeprefix(_CONTROL)) for text in texts], places)
    crossing = {way: result for way, result in found.items() if str(way) in intended.identity}
    controls = [result for way, result in found.items() if f"{_CONTROL}{way}" in intended.identity]
    still = [str(way) for way, result in crossing.items() if result not in _CLOSED]
    kept = controls.count("reachable")
    if still or not crossing:
        return Seen(so=False, observed=f"still open: {', '.join(still[:_SHOWN]) or 'no way could be tried'}")
    observed = f"all {len(crossing)} ways across the cut time out; {kept} of {len(controls)} others are open"
    return Seen(kept > 0, observed)


def _verify_mended(intended: FaultIntended, inventory: Inventory) -> Seen:
    """Whether packets cross again: a refused connection shows it as well as an accepted one."""
    texts = [name for name in intended.identity if _ARROW in name and not name.startswith(_CONTROL)]
    found = reach.walk([Way.parse(text) for text in texts], reach.vantages(inventory))
    closed = [str(way) for way, result in found.items() if result in _CLOSED]
    if closed or not found:
        return Seen(so=False, observed=f"still closed: {', '.join(closed[:_SHOWN]) or 'no way could be tried'}")
    return Seen(so=True, observed=f"packets cross again on all {len(found)} ways")


def _sides(target: str, others: tuple[str, ...], inventory: Inventory) -> tuple[list[str], list[str]]:
    """Return the address blocks on both sides of a cut; without ``others`` everything else is the other side."""
    ours = _blocks(target, inventory)
    if others:
        return ours, [block for place in others for block in _blocks(place, inventory)]
    sites = {site.cidr for name, site in inventory.sites.items() if name != _site_of(target, inventory)}
    if target in inventory.sites:
        return ours, sorted(sites)
    site = inventory.hosts[target].site
    beside = {f"{host.address}/32" for name, host in inventory.hosts.items() if host.site == site and name != target}
    return ours, sorted(sites | beside)


def _blocks(place: str, inventory: Inventory) -> list[str]:
    if place in inventory.sites:
        return [inventory.sites[place].cidr]
    if place in inventory.hosts:
        return [f"{inventory.hosts[place].address}/32"]
    message = f"{place} is neither a site nor a host of the range"
    raise HoldfastError("HF401", message, remedy="name sites and hosts as the range's inventory does")


def _site_of(place: str, inventory: Inventory) -> str:
    return place if place in inventory.sites or place not in inventory.hosts else inventory.hosts[place].site


def _crosses(source: str, target: str, ours: list[str], theirs: list[str]) -> bool:
    return (_within(source, ours) and _within(target, theirs)) or (_within(source, theirs) and _within(target, ours))


def _within(address: str, blocks: list[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(block) for block in blocks)


def _listed(value: object) -> tuple[str, ...]:
    """Return the places of a parameter, as it is declared or as it is recorded."""
    words = value.split(",") if isinstance(value, str) else value if isinstance(value, tuple | list) else ()
    return tuple(str(word).strip() for word in words if str(word).strip())


def _cut_id(exercise: str, fault: str) -> str:
    return f"{exercise}-{fault}"


_PROCESSES = frozenset[Target]({"application", "database"})

FAULTS: Mapping[str, FaultKind] = {
    "process.kill": FaultKind(
        schema=ParameterSchema(_PROCESSES),
        does="the process {target} is killed with SIGKILL, as by the kernel when memory runs out",
        shown_by="its pid, recorded with its start time before, is gone from /proc",
        undone_by="the keeper ensures that {target} runs, if its supervisor did not start it again already",
        prepare=_prepare_process,
        inject=_signal("KILL"),
        probe=_probe_gone,
        verify=_verify_running,
    ),
    "process.freeze": FaultKind(
        schema=ParameterSchema(_PROCESSES | {"host"}),
        does="{target} and all that it started are stopped with SIGSTOP: connections stay open, nothing answers",
        shown_by="every process of {target} is in state T (stopped) in /proc",
        undone_by="the keeper continues {target} with SIGCONT: it wakes up believing that no time has passed",
        prepare=_prepare_process,
        inject=_signal("STOP"),
        probe=_probe_frozen,
        verify=_verify_running,
    ),
    "host.loss": FaultKind(
        schema=ParameterSchema(frozenset({"host"})),
        does="the host {target} loses power: not even a closed connection reaches the others",
        shown_by="the first process of {target} and all that ran on it are gone from /proc",
        undone_by="the keeper gives {target} its power back: it boots with the disk that it had",
        prepare=_prepare_host_loss,
        inject=_power_off,
        probe=_probe_gone,
        verify=_verify_running,
    ),
    "site.loss": FaultKind(
        schema=ParameterSchema(frozenset({"site"})),
        does="every host and every line of the site {target} loses power at once",
        shown_by="the first process of every host of {target} and all that ran there are gone from /proc",
        undone_by="the keeper gives the site {target} its power back: its hosts boot with the disks that they had",
        prepare=_prepare_site_loss,
        inject=_site_off,
        probe=_probe_gone,
        verify=_verify_running,
    ),
    "network.partition": FaultKind(
        schema=ParameterSchema(
            frozenset({"host", "site"}),
            {
                _FROM: Parameter(
                    "places", meaning="The sites and hosts that it is cut off from; all, if it is left out."
                )
            },
        ),
        does="packets between {target} and the other side are dropped silently, both ways, at every router",
        shown_by="connections that crossed the cut before time out, tried from inside; others still open",
        undone_by="the keeper removes the rules that drop the packets",
        prepare=_prepare_partition,
        inject=_cut,
        probe=_probe_cut,
        verify=_verify_mended,
    ),
}
