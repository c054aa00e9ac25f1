"""Faults of what is there and does not do its work: slow processes, those that are kept down, hosts without time."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, request
from holdfast.exercises.faults.processes import verify_running
from holdfast.model.vocabulary import Parameter, ParameterSchema
from holdfast.store.clock import now

_SHARE = "share"
_WHOLE_PPM = 1_000_000
_SAMPLES, _SAMPLE_EVERY_S = 90, 0.013  # a little over a second, and no multiple of a turn
_LOOKS = 12
DOWN_FOR_US = 1_500_000
"""A supervisor starts what ended after a second: what is still down after this is kept down."""
HOST, COMMAND = " (host)", " (command)"
_PER_CORE, MOST_PER_CORE = "per_core", 16
_BURNER = "burner"  # what /proc calls the range's processes that only compute
_IDLE_LIMIT_PPM = 50_000
_SATURATED_S = 1.0


def _prepare_slow(aim: Aim, inventory: Inventory) -> Prepared:
    state = inventory.processes.get(aim.target)
    if state is None or state.process is None or not processes.running(state.process):
        raise absent(aim, "it does not run, or is frozen already")
    if not 0 < _share_ppm(aim.parameters) <= _WHOLE_PPM:
        raise absent(aim, "a share of nothing slows nobody down")
    return Prepared(request(inventory, "ensure", process=aim.target), {aim.target: str(state.process)})


def _slow(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    share_ppm = _share_ppm(intended.parameters)
    asked = {"op": "slow", "process": intended.target, "share_ppm": share_ppm, "for_ms": 2 * intended.box_ms}
    keeper.call({**asked, "exercise": intended.exercise})


def _probe_slow(intended: FaultIntended) -> Seen:
    """Sample the process's state for a second, and count how often it is stopped."""
    process = Process.parse(intended.identity[intended.target])
    found = []
    for _ in range(_SAMPLES):
        found.append(processes.condition(process))
        time.sleep(_SAMPLE_EVERY_S)
    stopped, share_ppm = found.count("frozen"), _share_ppm(intended.parameters)
    observed = f"stopped in {stopped} of {_SAMPLES} looks within a second, {found.count('gone')} times gone"
    enough = stopped * _WHOLE_PPM * 2 >= share_ppm * _SAMPLES
    return Seen(enough and "gone" not in found, observed)


def _verify_unslowed(intended: FaultIntended, inventory: Inventory) -> Seen:
    for _ in range(_LOOKS):
        if not (seen := verify_running(intended, inventory)).so:
            return seen
        time.sleep(_SAMPLE_EVERY_S)
    return verify_running(intended, inventory)


def _share_ppm(parameters: Mapping[str, object]) -> int:
    return int(str(parameters[_SHARE]))


def _prepare_stop(aim: Aim, inventory: Inventory) -> Prepared:
    state = inventory.processes.get(aim.target)
    if state is None or state.process is None or not processes.running(state.process):
        raise absent(aim, "it does not run, or is frozen already")
    if not state.supervised:
        raise absent(aim, "another process starts it, and would start it again: stop that one")
    return Prepared(request(inventory, "ensure", process=aim.target), held_down_identity(inventory, (aim.target,)))


def held_down_identity(inventory: Inventory, names: tuple[str, ...]) -> dict[str, str]:
    """Return what ``probe_held_down`` looks at: processes, their commands' digests, and their hosts."""
    identity: dict[str, str] = {}
    for name in names:
        state = inventory.processes[name]
        host = inventory.hosts[state.host].process
        if state.process is None or host is None:
            continue
        identity |= {name: str(state.process), f"{name}{HOST}": str(host)}
        identity[f"{name}{COMMAND}"] = _command(state.process) or "none"
    return identity


def hold_down(intended: FaultIntended, keeper: Hypervisor, name: str) -> None:
    """Have a process killed and kept down."""
    keeper.call({"op": "hold", "process": name, "exercise": intended.exercise})


def probe_held_down(intended: FaultIntended) -> Seen:
    """Whether every process is gone, and no other with its command has come after it for longer than a restart."""
    names = [name for name in intended.identity if not name.endswith(")")]
    for name in names:
        if processes.condition(Process.parse(intended.identity[name])) != "gone":
            return Seen(so=False, observed=f"{name} ({intended.identity[name]}) is still there")
        host = Process.parse(intended.identity[f"{name}{HOST}"])
        command = intended.identity[f"{name}{COMMAND}"]
        again = [process for process in processes.tree(host) if _command(process) == command]
        if again:
            return Seen(so=False, observed=f"{name} was started again: {again[0]}")
    if now().mono_us - intended.occurred.mono_us < DOWN_FOR_US:
        return Seen(so=False, observed=f"{', '.join(names)}: down, but perhaps only until it is started again")
    return Seen(so=True, observed=f"down, and not started again: {', '.join(names)}")


def _command(process: Process) -> str | None:
    """Return the digest of a process's command line, ``None`` if it has ended."""
    try:
        line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    except OSError:
        return None
    return hashlib.sha256(line).hexdigest() if line else None


def _prepare_saturation(aim: Aim, inventory: Inventory) -> Prepared:
    host = inventory.hosts.get(aim.target)
    if host is None or host.process is None:
        raise absent(aim, "it has no power")
    if not 0 < _per_core(aim.parameters) <= MOST_PER_CORE:
        raise absent(aim, f"1 to {MOST_PER_CORE} processes for each core can be started")
    return Prepared(request(inventory, "cool", host=aim.target), {f"{aim.target}{HOST}": str(host.process)})


def _saturate(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    asked = {"op": "burn", "host": intended.target, "count": _wanted(intended), "for_ms": 2 * intended.box_ms}
    keeper.call({**asked, "exercise": intended.exercise})


def _probe_saturation(intended: FaultIntended) -> Seen:
    """Look for a second: each of the host's burners gets processor time, and the machine's processors do not idle."""
    burners = _burners(Process.parse(intended.identity[f"{intended.target}{HOST}"]))
    if len(burners) < _wanted(intended):
        return Seen(so=False, observed=f"{len(burners)} of {_wanted(intended)} processes that only compute are there")
    before, (idle, passed) = [processes.computed_ticks(each) for each in burners], processes.machine_ticks()
    time.sleep(_SATURATED_S)
    after, (idle_then, passed_then) = [processes.computed_ticks(each) for each in burners], processes.machine_ticks()
    grown = [new - old for old, new in zip(before, after, strict=True)]
    idle_ppm = (idle_then - idle) * _WHOLE_PPM // max(1, passed_then - passed)
    observed = (
        f"{sum(each > 0 for each in grown)} of {_wanted(intended)} processes that only compute had "
        f"{sum(grown) * 1000 // os.sysconf('SC_CLK_TCK')} ms of processor time in a second, in which the machine's "
        f"processors idled {idle_ppm / 10_000:.1f} %"
    )
    so = min(grown) > 0 and idle_ppm < _IDLE_LIMIT_PPM
    return Seen(so, observed)


def _verify_cool(intended: FaultIntended, inventory: Inventory) -> Seen:
    host = inventory.hosts[intended.target].process
    if host is None:
        return Seen(so=False, observed=f"{intended.target} has no power")
    left = _burners(host)
    return Seen(not left, f"{len(left)} processes that only compute are left on {intended.target}")


def _burners(host: Process) -> list[Process]:
    return [each for each in processes.tree(host) if processes.called(each) == _BURNER]


def _wanted(intended: FaultIntended) -> int:
    return _per_core(intended.parameters) * (os.cpu_count() or 1)


def _per_core(parameters: Mapping[str, object]) -> int:
    return int(str(parameters[_PER_CORE]))


FAULTS: Mapping[str, FaultKind] = {
    "process.slow": FaultKind(
        schema=ParameterSchema(
            frozenset({"application", "database"}),
            {_SHARE: Parameter("share", required=True, meaning="How much of its time it is stopped; above zero.")},
        ),
        does="{target} and all that it started are stopped for a share of every tenth of a second",
        shown_by="looks at its state in /proc for a second: it is stopped in at least half of that share of them",
        undone_by="the keeper ends the stopping and continues {target}",
        prepare=_prepare_slow,
        inject=_slow,
        probe=_probe_slow,
        verify=_verify_unslowed,
        goes_on=True,
    ),
    "process.stop": FaultKind(
        schema=ParameterSchema(frozenset({"application", "database"})),
        does="the process {target} is killed with SIGKILL and not started again; what it had started runs on",
        shown_by="its pid is gone from /proc, and for longer than a restart takes none with its command is there",
        undone_by="the keeper has the supervisor start {target} again",
        prepare=_prepare_stop,
        inject=lambda intended, keeper, _: hold_down(intended, keeper, intended.target),
        probe=probe_held_down,
        verify=verify_running,
    ),
    "host.saturate": FaultKind(
        schema=ParameterSchema(
            frozenset({"host"}),
            {_PER_CORE: Parameter("count", default=2, meaning="How many such processes for each core; 1 to 16.")},
        ),
        does="processes that only compute, at ordinary priority, take the processors of the host {target}",
        shown_by="each of them gets processor time, by /proc, while the machine's processors idle less than 5 %",
        undone_by="the keeper ends them on {target}",
        prepare=_prepare_saturation,
        inject=_saturate,
        probe=_probe_saturation,
        verify=_verify_cool,
        goes_on=True,
    ),
}
"""Faults by which a process or a host is slow, or a process down for longer than its supervisor would let it be."""
