"""A pretended range for tests of what must work without one: real processes, a keeper that really signals them.

It has one host with sleeping processes, no network and no ledger, so it can neither be partitioned nor armed.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Inventory, parse_inventory
from holdfast.store.clock import clock_id

NAMES = ("ledger-a", "etcd-a")
HOST = "db-a"


def sleeper() -> subprocess.Popen[bytes]:
    """Return a process with a child, both asleep, in a group of their own."""
    return subprocess.Popen(["sh", "-c", "sleep 600 & wait"], start_new_session=True)


@dataclass
class PretendRange:
    """The keeper: call ``requests`` to see what it was asked."""

    directory: Path
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Start the processes and listen."""
        (self.directory / "records").mkdir(parents=True)
        (self.directory / "journal").mkdir()
        self.children = {name: sleeper() for name in NAMES}
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.directory / "keeper.sock"))
        self._listening.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def keeper(self) -> Hypervisor:
        return Hypervisor(self.directory / "keeper.sock")

    @property
    def inventory(self) -> Inventory:
        return parse_inventory(self.document())

    def document(self) -> dict[str, Any]:
        found = {name: processes.find(child.pid) for name, child in self.children.items()}
        facts: dict[str, dict[str, object]] = {
            name: {
                "host": HOST,
                "account": "nobody",
                "running": process is not None,
                "pid": process.pid if process else None,
                "start_ticks": process.start_ticks if process else None,
                "ports": [],
            }
            for name, process in found.items()
        }
        host = {"site": "dc-a", "address": "10.71.1.11", "powered": True, "pid": None, "start_ticks": None}
        return {
            "version": 1,
            "name": "pretended",
            "dir": str(self.directory),
            "mode": "rootless",
            "profile": "fast",
            "client": "safe",
            "clock_id": clock_id(),
            "sites": {"dc-a": {"cidr": "10.71.1.0/24", "router": "router-dc-a", "powered": True}},
            "hosts": {HOST: host},
            "processes": facts,
            "links": {},
            "endpoints": {},
            "records": {
                "participants": str(self.directory / "records"),
                "alarms": str(self.directory / "records" / "alarms.ndjson"),
                "vault_journal": str(self.directory / "journal"),
            },
        }

    def ends(self) -> None:
        """Let the keeper and all it holds vanish."""
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for child in self.children.values():
            self._kill(child)

    def _kill(self, child: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, suppress(OSError, ValueError):
                if line := connection.recv(65_536):
                    connection.sendall(json.dumps(self._answer(json.loads(line))).encode() + b"\n")

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        self.requests.append(request)
        match request:
            case {"op": "inventory"}:
                return {"ok": True, "inventory": self.document()}
            case {"op": "revoke", "exercise": exercise}:
                self.revoked.add(exercise)
            case {"op": "admit", "exercise": exercise} if exercise not in self.revoked:
                pass
            case {"op": "signal" | "admit", "exercise": exercise} if exercise in self.revoked:
                return {"ok": False, "code": "MR110", "error": "may not inject any more", "remedy": "start anew"}
            case {"op": "signal", "process": name, "signal": number}:
                os.killpg(self.children[name].pid, signal.Signals[f"SIG{number}"])
            case {"op": "ensure", "process": name} if name in self.children:
                os.killpg(self.children[name].pid, signal.SIGCONT) if self._lives(name) else self._restart(name)
            case _:
                return {"ok": False, "code": "MR108", "error": f"not pretended: {request}", "remedy": "none"}
        return {"ok": True}

    def _lives(self, name: str) -> bool:
        return processes.find(self.children[name].pid) is not None

    def _restart(self, name: str) -> None:
        self._kill(self.children[name])
        self.children[name] = sleeper()


@contextmanager
def pretended(directory: Path) -> Iterator[PretendRange]:
    """Hold a pretended range while the block runs."""
    held = PretendRange(directory)
    deadline = time.monotonic() + 10
    while any(len(processes.tree(p)) < 2 for c in held.children.values() if (p := processes.find(c.pid))):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    try:
        yield held
    finally:
        held.ends()
