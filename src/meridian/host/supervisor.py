"""A host's first process: starts its units without privileges, and again when they end, reaps, obeys the keeper.

One thread, one loop. Messages are JSON, one packet each, on a socket pair whose other end only the keeper holds: when
that closes, the host loses its power, whoever is running in it.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meridian.host import burning, processes, slowing
from meridian.host.logs import keep_within_limit
from meridian.linux import die_with_parent, give_up_privileges
from meridian.topology import NETWORK, VARIABLE
from meridian.unit import Unit

MESSAGE_LIMIT_BYTES = 1 << 17
LOOK_AT_LOGS_EVERY_S = 10.0
_OPEN_FILES_FROM, _OPEN_FILES_TO = 3, 1 << 16
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


_ON_FAMILIES: Mapping[str, Callable[[int | None], None]] = {
    "KILL": processes.kill,
    "STOP": processes.stop,
    "CONT": processes.resume,
}
"""What each signal means for a process with all that descend from it, or for everybody."""


@dataclass(slots=True)
class _Slot:
    """A unit and its process; ``due`` is when to start it again, on the monotonic clock, never while it is ``held``."""

    unit: Unit
    pid: int | None = None
    due: float | None = 0.0
    held: bool = False


class Supervisor:
    """The units of one host, and what user id the account of each means; one without has the caller's."""

    def __init__(self, control: socket.socket, logs: Path, home: Path, uids: Mapping[str, int]) -> None:
        """Serve the keeper on ``control``; units log below ``logs`` and start in ``home``."""
        self._control = control
        self._logs = logs
        self._home = home
        self._uids = uids
        self._slots: dict[str, _Slot] = {}
        self._pid_files: dict[str, Path] = {}
        self._slowing: dict[str, int] = {}
        self._burning: set[int] = set()
        self._stopped = False
        self._logs_due = time.monotonic() + LOOK_AT_LOGS_EVERY_S

    def run(self) -> None:
        """Work until the keeper lets go. Does not return while it holds on."""
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        selector = selectors.DefaultSelector()
        selector.register(reader, selectors.EVENT_READ)
        selector.register(self._control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select(self._next_due_s()):
                if key.fileobj is self._control:
                    message = self._control.recv(MESSAGE_LIMIT_BYTES)
                    if not message:
                        return
                    self._control.send(json.dumps(self._answer(json.loads(message))).encode())
                else:
                    with suppress(BlockingIOError):
                        os.read(reader, 4096)
            self._reap()
            if self._stopped:
                return
            self._start_due()
            self._trim_logs()

    def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one message of the keeper."""
        match message["op"]:
            case "start":
                self._pid_files = {name: Path(path) for name, path in message["pid_files"].items()}
                self._slots = {unit["name"]: _Slot(Unit(**unit)) for unit in message["units"]}
            case "signal":
                return self._signal(message.get("process"), message["signal"], tree=bool(message.get("tree")))
            case "ensure":
                return self._ensure(message.get("process"))
            case "hold":
                return self._hold(message["process"])
            case "slow":
                return self._slow(message["process"], message["share_ppm"], message["for_ms"])
            case "burn":
                self._burn(message["count"], message["for_ms"])
            case "status":
                return {"ok": True, "pids": {name: self._pid(name) for name in (*self._slots, *self._pid_files)}}
        return {"ok": True}

    def _pid(self, name: str) -> int | None:
        if name in self._pid_files:
            return processes.pid_in_file(self._pid_files[name])
        return self._slots[name].pid

    def _signal(self, process: str | None, name: str, *, tree: bool) -> dict[str, Any]:
        """Signal a process, its tree, or everybody on the host (no process named)."""
        pid = self._pid(process) if process else None
        if process and pid is None:
            return {"ok": False, "error": f"{process} does not run"}
        if pid is not None and not tree:
            processes.send([pid], signal.Signals[f"SIG{name}"])
        else:
            _ON_FAMILIES[name](pid)
        return {"ok": True}

    def _ensure(self, process: str | None) -> dict[str, Any]:
        """Thaw a process with its tree, or everybody, and start at once what should run and does not."""
        for name in [name for name in self._slowing if process in {None, name}]:
            processes.send([self._slowing.pop(name)], signal.SIGKILL)
        pid = self._pid(process) if process else None
        if process is None or pid is not None:
            processes.resume(pid)
        for name, slot in self._slots.items():
            if process in {None, name}:
                slot.held = False
                if slot.pid is None:
                    slot.due = 0.0
        return {"ok": True}

    def _hold(self, process: str) -> dict[str, Any]:
        """Kill a unit's process and keep it down until it is ensured again."""
        slot = self._slots.get(process)
        if slot is None:
            return {"ok": False, "error": f"{process} is started by another process: hold that one down"}
        slot.held, slot.due = True, None
        if slot.pid is not None:
            processes.send([slot.pid], signal.SIGKILL)
        return {"ok": True}

    def _slow(self, process: str, share_ppm: int, for_ms: int) -> dict[str, Any]:
        """Stop a process with its tree for a share of the time until it is ensured, or ``for_ms`` is over."""
        pid = self._pid(process)
        if pid is None:
            return {"ok": False, "error": f"{process} does not run"}
        if process in self._slowing:
            processes.send([self._slowing[process]], signal.SIGKILL)
        self._slowing[process] = slowing.begin(pid, share_ppm, for_ms)
        return {"ok": True}

    def _burn(self, count: int, for_ms: int) -> None:
        """Have so many processes compute for so long, in the place of those that did; none for 0."""
        processes.send(self._burning, signal.SIGKILL)
        self._burning = {burning.begin(for_ms) for _ in range(count)}

    def _next_due_s(self) -> float:
        dues = [slot.due for slot in self._slots.values() if slot.due is not None]
        return max(0.0, min((self._logs_due, *dues)) - time.monotonic())

    def _trim_logs(self) -> None:
        if time.monotonic() < self._logs_due:
            return
        for slot in self._slots.values():
            with suppress(OSError):  # a full disk is no reason for a host to die
                keep_within_limit(self._log(slot.unit))
        self._logs_due = time.monotonic() + LOOK_AT_LOGS_EVERY_S

    def _log(self, unit: Unit) -> Path:
        return self._logs / f"{unit.name}.log"

    def _reap(self) -> None:
        """Collect every child that ended, the orphans that became this process's included."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._slowing = {name: who for name, who in self._slowing.items() if who != pid}
            self._burning.discard(pid)
            for slot in self._slots.values():
                if slot.pid == pid:
                    slot.pid = None
                    slot.due = None if slot.held else time.monotonic() + slot.unit.restart_after_s
                    self._stopped = self._stopped or (slot.unit.fatal and _failed(status))
                    sys.stderr.write(f"{slot.unit.host}: {slot.unit.name} ended ({_how(status)})\n")
                    sys.stderr.flush()

    def _start_due(self) -> None:
        now = time.monotonic()
        for slot in self._slots.values():
            if slot.due is not None and slot.due <= now:
                slot.pid, slot.due = self._spawn(slot.unit), None

    def _spawn(self, unit: Unit) -> int:
        """Start a unit's process: its own session, its log, its account, no privileges, no open files of ours."""
        log = os.open(self._log(unit), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        pid = os.fork()
        if pid:
            os.close(log)
            return pid
        try:
            _become(unit, log, self._home, self._uids.get(unit.account))
        except BaseException as error:  # noqa: BLE001 - nothing of the parent may run on in the child
            os.write(2, f"{unit.name}: cannot be started: {error}\n".encode())
        os._exit(127)


def _failed(status: int) -> bool:
    """Return whether a process ended by a fault of its own, from its wait status; killed from outside is none."""
    return os.waitstatus_to_exitcode(status) not in {0, -signal.SIGKILL, -signal.SIGTERM}


def _how(status: int) -> str:
    """Return how a process ended, from its wait status."""
    code = os.waitstatus_to_exitcode(status)
    return f"signal {-code}" if code < 0 else f"exit status {code}"


def forget_signals() -> None:
    """Give every signal its default: what Python ignores or handles, SIGPIPE for one, is no affair of a program."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if signal.getsignal(number) not in {signal.SIG_DFL, None}:
            signal.signal(number, signal.SIG_DFL)


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment that every program on a host begins with; nothing of the keeper's is inherited."""
    return {
        "PATH": _PATH,
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # Accounts of a host may not write beside the sources, and need not try.
        "PYTHONDONTWRITEBYTECODE": "1",
        VARIABLE: NETWORK,
    }


def _become(unit: Unit, log: int, home: Path, uid: int | None) -> None:
    """Turn this fresh child into a unit's process."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.closerange(_OPEN_FILES_FROM, _OPEN_FILES_TO)
    signal.set_wakeup_fd(-1)
    forget_signals()
    os.chdir(home)
    os.umask(0o077)
    give_up_privileges(uid)
    # After the account, whose change takes it back. A PID 1 takes all along anyway; another first process does not.
    die_with_parent()
    environment = {**surroundings(home), **unit.environment}
    os.execve(unit.argv[0], unit.argv, environment)  # noqa: S606 - an argument list, no shell wanted
