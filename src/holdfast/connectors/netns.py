"""Connecting from inside the network namespace of a process: what can be reached from there, or a socket that is.

This is how a partition is shown to be one, and how services without a route to us are asked. It works as root, and
without root into namespaces that belong to a user namespace of ours.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from holdfast.connectors import vantage
from holdfast.errors import EnvironmentProblem

Reach = Literal["reachable", "refused", "timeout", "unreachable"]
Target = tuple[str, int]
HalfOpen = tuple[str, int, int]
"""The address and port of whoever began a connection, and the port that it came to."""

START_TIMEOUT_S = 5.0
MARGIN_S = 2.0  # what an answer may take beyond the time that the connecting itself was given
STOP_TIMEOUT_S = 2.0
LISTENING_S = 1.0


@dataclass(frozen=True, slots=True)
class Echo:
    """What came of echo requests to one address; the round trips are the median and both outer tenths, 0 without any.

    ``spread_us`` lies between the first answer and the last. ``no_way`` counts what routers answered instead.
    """

    sent: int
    size_bytes: int
    came_back: int
    spread_us: int
    no_way: int
    low_us: int = 0
    median_us: int = 0
    high_us: int = 0

    @property
    def lost_ppm(self) -> int:
        """The share that was not answered."""
        return (self.sent - self.came_back) * 1_000_000 // self.sent

    @property
    def rate_kbit_s(self) -> int | None:
        """How fast the answers came one after the other, with their IP headers; ``None`` if fewer than two did."""
        between = (self.came_back - 1) * (self.size_bytes + vantage.IP_HEADER_BYTES + vantage.ICMP_HEADER_BYTES)
        return between * 8 * 1000 // max(self.spread_us, 1) if between > 0 else None


class Inside:
    """A place in the network: that of the process ``pid``. Use it in a ``with``; it ends its helper process."""

    def __init__(self, pid: int) -> None:
        """Enter; HF303 if this account may not, or the process is gone."""
        try:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                # Isolated and without site packages: the helper needs neither, and starts in a fraction of the time.
                command = [sys.executable, "-I", "-S", str(Path(vantage.__file__)), str(pid)]
                self._helper = subprocess.Popen(
                    command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
                )
        except OSError as error:
            raise _not_entered(pid, str(error)) from error
        try:
            problem = self._receive(START_TIMEOUT_S)[0].get("error")
        except OSError as error:
            problem = str(error)
        if problem is not None:
            self.close()
            raise _not_entered(pid, problem)

    def reach(self, targets: Sequence[Target], within_s: float) -> tuple[Reach, ...]:
        """Return what came of connecting to each address and port, all tried at once; HF303 if the helper is gone."""
        if not targets:
            return ()
        said, _ = self._ask({"reach": list(targets), "within_ms": round(within_s * 1000)}, within_s)
        return tuple(said["found"])

    def listening(self) -> frozenset[Target]:
        """Return the addresses and ports that are listened on there, as its kernel has them; HF303 without answer."""
        said, _ = self._ask({"listening": True}, LISTENING_S)
        return frozenset((address, port) for address, port in said["found"])

    def half_open(self) -> frozenset[HalfOpen]:
        """Return what was begun from elsewhere and is not established, as its kernel has it; HF303 without answer."""
        said, _ = self._ask({"half_open": True}, LISTENING_S)
        return frozenset((address, port, own) for address, port, own in said["found"])

    def echo(
        self, addresses: Sequence[str], count: int, *, every_s: float, size_bytes: int, within_s: float
    ) -> tuple[Echo, ...]:
        """Return what came of ``count`` echo requests to each address, one round every ``every_s``; HF303 if refused.

        Without ``every_s`` they leave at once. The last one is waited for ``within_s``.
        """
        if not addresses:
            return ()
        asked = {"every_us": round(every_s * 1_000_000), "size": size_bytes, "within_ms": round(within_s * 1000)}
        lasting_s = count * every_s + within_s
        said, _ = self._ask({"echo": list(addresses), "count": count, **asked}, lasting_s)
        return tuple(Echo(sent=count, size_bytes=size_bytes, **each) for each in said["found"])

    def open(self, target: Target, within_s: float) -> socket.socket:
        """Return a socket connected from inside, with ``within_s`` as its deadline; HF304 if nothing answers."""
        said, descriptors = self._ask({"open": list(target), "within_ms": round(within_s * 1000)}, within_s)
        if not descriptors:
            message = f"{target[0]}:{target[1]} is {said['found'][0]} from inside the range"
            raise EnvironmentProblem("HF304", message, remedy="see whether what listens there is running")
        connection = socket.socket(fileno=descriptors[0])
        connection.settimeout(within_s)
        return connection

    def _ask(self, request: dict[str, object], within_s: float) -> tuple[dict[str, Any], list[int]]:
        try:
            self._control.sendall(json.dumps(request).encode())
            return self._receive(within_s + MARGIN_S)
        except OSError as error:
            message = f"the helper inside the network namespace gave no answer: {error}"
            raise EnvironmentProblem("HF303", message, remedy="try again; see whether the range still runs") from error

    def _receive(self, timeout_s: float) -> tuple[dict[str, Any], list[int]]:
        self._control.settimeout(timeout_s)
        message, descriptors, _, _ = socket.recv_fds(self._control, vantage.MESSAGE_LIMIT_BYTES, 1)
        if not message:
            ended = "it ended"
            raise ConnectionError(ended)
        return json.loads(message), descriptors

    def close(self) -> None:
        """End the helper; it ends by itself when our end of the socket closes."""
        self._control.close()
        try:
            self._helper.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._helper.kill()
            self._helper.wait()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close."""
        self.close()


def _not_entered(pid: int, problem: str) -> EnvironmentProblem:
    message = f"the network namespace of process {pid} cannot be entered: {problem}"
    remedy = "run as the account that started the range; a host that lost its power has no namespace"
    return EnvironmentProblem("HF303", message, remedy=remedy)
