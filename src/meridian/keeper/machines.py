"""The hosts' power: a host that is on is a first process and those it starts; losing power is their sudden end."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from meridian.errors import MachineCannot, MeridianError
from meridian.host import processes
from meridian.host.supervisor import MESSAGE_LIMIT_BYTES, Supervisor
from meridian.host.trial import interpreter_fails
from meridian.keeper.place import Place
from meridian.topology import HOSTS
from meridian.unit import Child, Unit

ANSWER_TIMEOUT_S = 10.0
_CONTROL = 3
_OPEN_FILES_TO = 1 << 16


@dataclass(frozen=True, slots=True)
class Machine:
    """What a host is made of: where its processes are, where it logs, what it runs, and as which user ids."""

    host: str
    place: Place
    home: Path
    logs: Path
    uids: Mapping[str, int]
    units: tuple[Unit, ...]
    children: tuple[Child, ...]
    tried_as: int | None
    """A user id that the interpreter is tried with before the units start."""

    @property
    def names(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Return account and ports of every process that has a name here; one that a unit starts has its account."""
        own = {unit.name: (unit.account, unit.ports) for unit in self.units}
        return own | {child.name: (HOSTS[self.host].account, child.ports) for child in self.children}


class Power:
    """One host that is on."""

    def __init__(self, machine: Machine) -> None:
        """Start the host's first process; its units start with :meth:`boot`."""
        self.machine = machine
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(ANSWER_TIMEOUT_S)
        self.pid = machine.place.start(lambda: _be_first_process(machine, theirs))
        theirs.close()
        self._control.send(b"go")

    def boot(self) -> None:
        """Have the host start its units. Raise MR104 when this machine refused something that a host needs."""
        files = {child.name: str(child.pid_file) for child in self.machine.children}
        try:
            self.ask({"op": "start", "units": [asdict(unit) for unit in self.machine.units], "pid_files": files})
        except MeridianError as error:
            raise MachineCannot(
                "MR104",
                f"a host could not be made on this machine: {error.message}",
                remedy="the message names what the machine refused; keeper.log of the range has the rest",
            ) from error

    def ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Send a message to the host's first process and return its answer. Raise MR105 when it says no or nothing."""
        try:
            self._forget_late_answers()
            self._control.send(json.dumps(message).encode())
            answer: dict[str, Any] = json.loads(self._control.recv(MESSAGE_LIMIT_BYTES) or b"{}")
        except (OSError, ValueError) as error:
            answer = {"error": str(error) or type(error).__name__}
        if not answer.get("ok"):
            raise MeridianError(
                "MR105",
                f"{self.machine.host}: {answer.get('error', 'its first process has ended')}",
                remedy="see the host's log directory; `meridian status` shows which hosts are on",
            )
        return answer

    def _forget_late_answers(self) -> None:
        """Drop what came after somebody had given up waiting: it would be taken for the answer to the next message."""
        self._control.settimeout(0)
        try:
            while self._control.recv(MESSAGE_LIMIT_BYTES):
                pass
        except BlockingIOError:
            pass
        finally:
            self._control.settimeout(ANSWER_TIMEOUT_S)

    def pids(self) -> dict[str, int | None]:
        """Return process → pid as the host counts, None where it does not run; empty when the host does not answer."""
        try:
            pids: dict[str, int | None] = self.ask({"op": "status"}).get("pids", {})
        except MeridianError:
            return {}
        return pids

    def ended(self) -> bool:
        """Return whether the host's first process has ended by itself."""
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return True

    def let_go(self) -> None:
        """Have the host's first process see that nobody holds it any more."""
        self._control.close()

    def off(self) -> None:
        """Take the power away: everything on the host ends at once."""
        self.let_go()
        self.machine.place.end(self.pid)


def outer_pids(hosts: Mapping[str, int]) -> dict[str, dict[int, int]]:
    """Return for each host its pid → pid out here, given the pids of the hosts' first processes.

    Every process of a host descends from its first one, which is given the host's orphans. So nothing is asked of a
    process but what ``/proc`` tells everybody.
    """
    parents = processes.parents()
    children: dict[int, list[int]] = {}
    for pid, parent in parents.items():
        children.setdefault(parent, []).append(pid)
    found: dict[str, dict[int, int]] = {}
    for host, first in hosts.items():
        waiting = list(children.get(first, ()))
        for pid in waiting:
            waiting.extend(children.get(pid, ()))
        inner = ((processes.innermost_pid(pid), pid) for pid in waiting)
        found[host] = {here: pid for here, pid in inner if here is not None}
    return found


def _be_first_process(machine: Machine, control: socket.socket) -> None:
    """Be a host's first process until the keeper lets go of the control socket."""
    # Nothing that the keeper had may be collected here: its descriptor numbers are somebody else's from now on.
    gc.freeze()
    os.dup2(control.fileno(), _CONTROL)
    control.detach()
    os.closerange(_CONTROL + 1, _OPEN_FILES_TO)
    mine = socket.socket(fileno=_CONTROL)
    # Only now is the keeper the parent; had it died meanwhile, there is nothing to receive.
    if mine.recv(8) != b"go":
        return
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if refusal := _furnish(machine):
        mine.recv(MESSAGE_LIMIT_BYTES)
        mine.send(json.dumps({"ok": False, "error": refusal}).encode())
        return
    try:
        Supervisor(mine, machine.logs, machine.home, machine.uids).run()
    finally:
        machine.place.leave()


def _furnish(machine: Machine) -> str | None:
    """Enter the host's place, and try the interpreter there; return what was refused, None if nothing."""
    try:
        machine.place.enter()
    except OSError as error:
        return str(error)
    return None if machine.tried_as is None else interpreter_fails(machine.tried_as)


def units_of(units: Sequence[Unit], host: str) -> tuple[Unit, ...]:
    """Return the units of one host, in their order."""
    return tuple(unit for unit in units if unit.host == host)
