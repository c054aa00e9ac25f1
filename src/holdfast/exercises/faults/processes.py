"""Faults of processes: a crash, a freeze."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.processes import Process
from holdfast.connectors.range import Inventory
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, Seen, absent, request
from holdfast.model.vocabulary import ParameterSchema, Target

_PROCESSES = frozenset[Target]({"application", "database"})


def identity_of(inventory: Inventory, names: tuple[str, ...]) -> dict[str, str]:
    """Return the running processes among ``names`` with their pids and start times."""
    states = ((name, inventory.processes[name]) for name in names)
    return {name: str(state.process) for name, state in states if state.running and state.process is not None}


def _prepare_process(aim: Aim, inventory: Inventory) -> Prepared:
    if aim.target in inventory.processes:
        names: tuple[str, ...] = (aim.target,)
        undoing = request(inventory, "ensure", process=aim.target)
    else:
        names = inventory.processes_on(aim.target)
        undoing = request(inventory, "ensure", host=aim.target)
    identity = identity_of(inventory, names)
    if not identity or not all(processes.running(Process.parse(text)) for text in identity.values()):
        raise absent(aim, "it does not run, or is frozen already")
    return Prepared(undoing, identity)


def _signal(signal: Literal["KILL", "STOP"]) -> Callable[[FaultIntended, Hypervisor, Inventory], None]:
    def inject(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
        what = "process" if intended.target in inventory.processes else "host"
        # A crash is one process; a freeze takes all that it started, or its children would go on answering.
        acting = {"op": "signal", "signal": signal, "tree": signal == "STOP", "exercise": intended.exercise}
        keeper.call({**acting, what: intended.target})

    return inject


def probe_gone(intended: FaultIntended) -> Seen:
    """Whether every process that was recorded before is gone from ``/proc``."""
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


def verify_running(intended: FaultIntended, inventory: Inventory) -> Seen:
    """Whether every process that was there before runs again, perhaps under another pid, and none is frozen."""
    wrong = []
    for name in sorted(set(intended.identity) & set(inventory.processes)):
        state = inventory.processes[name]
        condition = "gone" if state.process is None else processes.condition(state.process)
        if condition != "running":
            wrong.append(f"{name} is {condition}")
    return Seen(not wrong, ", ".join(wrong) if wrong else f"running: {', '.join(sorted(intended.identity))}")


FAULTS: Mapping[str, FaultKind] = {
    "process.kill": FaultKind(
        schema=ParameterSchema(_PROCESSES),
        does="the process {target} is killed with SIGKILL, as by the kernel when memory runs out",
        shown_by="its pid, recorded with its start time before, is gone from /proc",
        undone_by="the keeper ensures that {target} runs, if its supervisor did not start it again already",
        prepare=_prepare_process,
        inject=_signal("KILL"),
        probe=probe_gone,
        verify=verify_running,
    ),
    "process.freeze": FaultKind(
        schema=ParameterSchema(_PROCESSES | {"host"}),
        does="{target} and all that it started are stopped with SIGSTOP: connections stay open, nothing answers",
        shown_by="every process of {target} is in state T (stopped) in /proc",
        undone_by="the keeper continues {target} with SIGCONT: it wakes up believing that no time has passed",
        prepare=_prepare_process,
        inject=_signal("STOP"),
        probe=_probe_frozen,
        verify=verify_running,
    ),
}
