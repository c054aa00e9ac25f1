"""The hypervisor's API: JSON objects, one a line, on a Unix socket that only the range's owner can open.

Faults act through it. It never says whether a fault took effect: whoever wants to know looks for themselves.
"""

from __future__ import annotations

import json
import os
import selectors
import socket
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from meridian.errors import MeridianError
from meridian.keeper import layout
from meridian.keeper.fencing import JAMS, FencingDevice
from meridian.keeper.ground import DISKS, NETWORK, SILENCE, refusal
from meridian.keeper.harm import Harm
from meridian.keeper.inventory import Inventory
from meridian.keeper.range import Range
from meridian.keeper.request import Operation, Operations, Request, known, text
from meridian.keeper.traffic import Traffic
from meridian.network.policy import STATES
from meridian.topology import HOSTS, SITES

LINE_LIMIT_BYTES = 1 << 16
CLIENTS_LIMIT = 64
SEND_TIMEOUT_S = 2.0
LOOK_AFTER_HOSTS_S = 1.0

_NEEDS: Mapping[str, str] = {
    "cut": NETWORK, "impair": NETWORK, "policy": NETWORK, "power_off": SILENCE, "site_off": SILENCE, "fill": DISKS,
}  # fmt: skip
"""What an operation needs to be what it says."""
_UNDOES: Mapping[str, str] = {"mend": NETWORK, "restore": NETWORK, "site_on": SILENCE, "drain": DISKS}
"""What undoes has nothing to undo without that, and may be asked for all the same."""
_SIGNALS = ("CONT", "KILL", "STOP")


class Server:
    """Answers requests, one after the other, until one says ``down``."""

    def __init__(self, held: Range) -> None:
        """Listen in the range's directory."""
        inventory = Inventory(held)
        self._range = held
        self._revoked: set[str] = set()
        self._running = True
        self._selector = selectors.DefaultSelector()
        self._buffers: dict[socket.socket, bytes] = {}
        self._rights: dict[socket.socket, Operations] = {}
        """What whoever comes through a socket may ask: of a listening one, and of the clients that it let in."""
        self._device = FencingDevice(held)
        operations: Operations = {
            "inventory": lambda _: {"inventory": inventory.document()},
            "power_off": self._power_off,
            "power_on": lambda request: _do(held.power_on, known(request, "host", HOSTS)),
            "site_off": self._site_off,
            "site_on": lambda request: _do(held.site_on, known(request, "site", SITES)),
            "signal": self._signal,
            "ensure": self._ensure,
            "policy": self._policy,
            "revoke": lambda request: _do(self._revoked.add, text(request, "exercise")),
            "socket": self._socket,
            "jam": self._jam,
            "unjam": lambda _: self._jammed(None),
            "down": self._down,
            **Harm(held, self._admit).operations(),
            **Traffic(held, self._admit).operations(),
        }
        cannot = held.ground.cannot
        refused = {name: partial(_refuse, need) for name, need in _NEEDS.items() if need in cannot}
        undone = {name: _nothing for name, need in _UNDOES.items() if need in cannot}
        self._listen(layout.socket_file(held.directory), {**operations, **refused, **undone})
        self._listen(layout.fencing_socket(held.directory), self._device.operations)
        if uid := held.ground.uids.get(HOSTS[layout.OUT_OF_BAND].account):
            os.chown(layout.fencing_socket(held.directory), uid, uid)

    def _listen(self, path: Path, operations: Operations) -> None:
        """Open a door that its owner alone may use, for these operations."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(path))
        path.chmod(0o600)
        listening.listen(CLIENTS_LIMIT)
        self._selector.register(listening, selectors.EVENT_READ)
        self._rights[listening] = operations

    def run(self) -> None:
        """Serve until ``down``."""
        while self._running:
            for key, _ in self._selector.select(LOOK_AFTER_HOSTS_S):
                if not isinstance(key.fileobj, socket.socket):
                    continue
                if key.fileobj in self._buffers:
                    self._serve(key.fileobj)
                else:
                    self._accept(key.fileobj)
            self._look_after_hosts()
        for client in tuple(self._buffers):
            self._drop(client)
        for listening in self._rights:
            listening.close()

    def _look_after_hosts(self) -> None:
        try:
            self._range.lost()
        except Exception:  # noqa: BLE001 - as in an answer: the keeper's end would be the whole range's
            traceback.print_exc()

    def _accept(self, listening: socket.socket) -> None:
        client, _ = listening.accept()
        if len(self._buffers) >= CLIENTS_LIMIT:
            client.close()
            return
        client.settimeout(SEND_TIMEOUT_S)
        self._buffers[client], self._rights[client] = b"", self._rights[listening]
        self._selector.register(client, selectors.EVENT_READ)

    def _drop(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._buffers[client], self._rights[client]
        client.close()

    def _serve(self, client: socket.socket) -> None:
        """Read what a client sent and answer every whole line; drop a client that is gone or sends without end."""
        try:
            data = client.recv(LINE_LIMIT_BYTES)
            *lines, rest = (self._buffers[client] + data).split(b"\n")
            self._buffers[client] = rest
            for line in lines:
                self._reply(client, self.answer(line, self._rights[client]))
        except OSError:
            data = b""
        if not data or len(self._buffers[client]) > LINE_LIMIT_BYTES:
            self._drop(client)

    @staticmethod
    def _reply(client: socket.socket, answer: dict[str, Any]) -> None:
        """Send an answer; a socket in it travels as a descriptor beside the line."""
        passed = answer.pop("socket", None)
        line = json.dumps(answer).encode() + b"\n"
        if isinstance(passed, socket.socket):
            with passed:
                socket.send_fds(client, [line], [passed.fileno()])
        else:
            client.sendall(line)

    @staticmethod
    def answer(line: bytes, operations: Operations) -> dict[str, Any]:
        """Carry out one request for one of ``operations`` and return its answer."""
        try:
            request = json.loads(line)
            name = request.get("op") if isinstance(request, dict) else None
            return {"ok": True, **_operation(operations, name)(request)}
        except MeridianError as error:
            return {"ok": False, "code": error.code, "error": error.message, "remedy": error.remedy}
        except ValueError as error:
            return {"ok": False, "code": "MR108", "error": f"not a JSON object: {error}", "remedy": "one object a line"}
        except Exception as error:  # noqa: BLE001 - a keeper that died of one request would take the whole range along
            traceback.print_exc()
            remedy = "the reason is in keeper.log; `meridian status` shows how the range stands"
            return {"ok": False, "code": "MR109", "error": f"the machine refused: {error}", "remedy": remedy}

    def _admit(self, request: Request) -> None:
        """Refuse an injection of an exercise whose right to inject was revoked."""
        exercise = request.get("exercise")
        if exercise in self._revoked:
            raise MeridianError(
                "MR110",
                f"exercise {exercise} may not inject any more: its guard has taken over",
                remedy="start a new exercise",
            )

    def _socket(self, request: Request) -> dict[str, Any]:
        """Hand out a socket that lives on a host, and the address that the host has."""
        host = known(request, "host", HOSTS)
        return {"socket": self._range.ground.socket_in(host), "address": HOSTS[host].address}

    def _power_off(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        return _do(self._range.power_off, known(request, "host", HOSTS))

    def _site_off(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        return _do(self._range.site_off, known(request, "site", SITES))

    def _signal(self, request: Request) -> dict[str, Any]:
        self._admit(request)
        name = request.get("signal")
        if name not in _SIGNALS:
            raise MeridianError("MR108", f"no such signal: {name!r}", remedy=f"one of: {', '.join(_SIGNALS)}")
        host, process = self._target(request)
        self._range.power_of(host).ask(
            {"op": "signal", "process": process, "signal": name, "tree": bool(request.get("tree"))}
        )
        return {}

    def _ensure(self, request: Request) -> dict[str, Any]:
        host, process = self._target(request)
        # A host without power is not given it here: that would undo another fault than the one that is undone.
        self._range.power_of(host).ask({"op": "ensure", "process": process})
        return {}

    def _target(self, request: Request) -> tuple[str, str | None]:
        """Return the host and process that a request names; a host alone means all that runs on it."""
        if "process" in request:
            process = text(request, "process")
            return self._range.host_of(process), process
        return known(request, "host", HOSTS), None

    def _policy(self, request: Request) -> dict[str, Any]:
        """Change the states in which flows are allowed, which is how the clean room is opened and closed."""
        states, by = request.get("states"), text(request, "by")
        if not isinstance(states, list) or not states or not set(map(str, states)) <= set(STATES):
            raise MeridianError("MR108", f"no such states: {states!r}", remedy=f"of: {', '.join(STATES)}")
        self._range.allow(list(dict.fromkeys(states)), by)
        return {}

    def _jam(self, request: Request) -> dict[str, Any]:
        """Make the fencing device fail, or work without ever confirming it."""
        self._admit(request)
        how = request.get("how")
        if how not in JAMS:
            raise MeridianError("MR108", f"no such jam: {how!r}", remedy=f"one of: {', '.join(JAMS)}")
        return self._jammed(how)

    def _jammed(self, how: str | None) -> dict[str, Any]:
        self._device.jam(how)
        return {}

    def _down(self, _: Request) -> dict[str, Any]:
        self._running = False
        self._range.down()
        return {}


def _operation(operations: Operations, name: object) -> Operation:
    """Return an operation by its name. Raise MR108 for one that does not exist."""
    if not isinstance(name, str) or name not in operations:
        raise MeridianError("MR108", f"no such operation: {name!r}", remedy=f"one of: {', '.join(sorted(operations))}")
    return operations[name]


def _refuse(need: str, _: Request) -> NoReturn:
    raise refusal(need)


def _nothing(_: Request) -> dict[str, Any]:
    return {}


def _do(action: Callable[[str], None], name: str) -> dict[str, Any]:
    action(name)
    return {}
