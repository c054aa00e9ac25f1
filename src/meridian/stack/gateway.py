"""etcd's HTTP gateway (API v3): the few calls that the range makes, over a socket of the caller's choice.

The gateway speaks JSON: keys and values are base64, 64-bit numbers are strings, and fields that are zero are left out.
Paths and fields follow etcd's ``rpc.proto`` (services KV, Cluster, Maintenance).
"""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

Connect = Callable[[str, int], socket.socket]
"""Opens a connected TCP socket, with a deadline set on it, to a port of a host (or of an address)."""

ANSWER_LIMIT_BYTES = 1 << 20
CONNECT_TIMEOUT_S = 0.5
HTTP_OK = 200


class NoAnswerError(Exception):
    """A server did not answer within its deadline, refused, or answered with something unusable."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one etcd member says of itself: its id, the leader it follows (0: none), its last applied log index."""

    member_id: int
    leader_id: int
    version: str
    applied_index: int


def direct(address: str, port: int) -> socket.socket:
    """Connect from this process's own network namespace, with the deadline also on every later read and write."""
    return socket.create_connection((address, port), timeout=CONNECT_TIMEOUT_S)


def exchange(connect: Connect, host: str, port: int, path: str, body: Mapping[str, object] | None) -> object:
    """GET ``path``, or POST ``body`` to it, and return the JSON answer. Raise NoAnswerError if there is none."""
    connection = HTTPConnection(host, port)
    try:
        connection.sock = connect(host, port)
        # Head and body are two writes: without this the second waits for a delayed acknowledgement, 40 ms.
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if body is None:
            connection.request("GET", path)
        else:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read(ANSWER_LIMIT_BYTES)
        if answer.status != HTTP_OK:
            raise NoAnswerError(f"{host}:{port}{path}: HTTP {answer.status} {text[:200]!r}")
        return json.loads(text)
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswerError(f"{host}:{port}{path}: {error}") from error
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class Gateway:
    """One etcd member's gateway. Every method raises NoAnswerError when the member does not answer."""

    host: str
    port: int
    connect: Connect = direct

    def standing(self) -> Standing:
        """Return the member's own view; needs no quorum."""
        said = self._post("/v3/maintenance/status", {})
        header = _mapping(said.get("header"))
        return Standing(
            _number(header.get("member_id")),
            _number(said.get("leader")),
            str(said.get("version", "")),
            _number(said.get("raftAppliedIndex", said.get("raftIndex"))),
        )

    def healthy(self) -> bool:
        """Return whether the member completes a read that needs a quorum."""
        said = exchange(self.connect, self.host, self.port, "/health", None)
        return _mapping(said).get("health") in ("true", True)

    def names(self) -> dict[int, str]:
        """Return the names of all the members by their ids."""
        members = self._post("/v3/cluster/member/list", {}).get("members")
        listed = [_mapping(member) for member in members] if isinstance(members, list) else []
        return {_number(member.get("ID")): str(member.get("name", "")) for member in listed}

    def value(self, key: str) -> str | None:
        """Return a key's value as the quorum has it, or None when there is no such key."""
        entries = self._post("/v3/kv/range", {"key": base64.b64encode(key.encode()).decode()}).get("kvs")
        if not isinstance(entries, list) or not entries:
            return None
        return base64.b64decode(str(_mapping(entries[0]).get("value", ""))).decode()

    def transfer(self, target_id: int) -> None:
        """Hand leadership to a member: only the leader can, and it refuses a member that lags."""
        self._post("/v3/maintenance/transfer-leadership", {"targetID": str(target_id)})

    def _post(self, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return the gateway's JSON object for one call."""
        return _mapping(exchange(self.connect, self.host, self.port, path, body))


def _mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object, or raise NoAnswerError for anything else."""
    if not isinstance(value, dict):
        raise NoAnswerError(f"expected a JSON object, got {str(value)[:200]}")
    return value


def _number(value: object) -> int:
    """Return a 64-bit number of the gateway: written as a string, left out when zero."""
    try:
        return int(str(value or 0))
    except ValueError as error:
        raise NoAnswerError(f"expected a number, got {str(value)[:200]}") from error
