"""A peer that is asked over HTTP, JSON in and out, on one connection that is kept open: light, and one at a time."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

TIMEOUT_S = 2.0
ANSWER_LIMIT_BYTES = 8 << 20


class Silent(Exception):
    """The peer did not answer in time, or not with a JSON object."""


class Peer:
    """One peer, by address; ``token`` says who asks."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        """Nothing is opened before something is asked."""
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._connection: HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Return the answer, whatever its status. Raise Silent when there is none; the next try connects anew."""
        try:
            connection = self._connected()
            data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
            connection.request(method, path, data, self._headers)
            answer = json.loads(connection.getresponse().read(ANSWER_LIMIT_BYTES))
            if not isinstance(answer, dict):
                raise Silent("no JSON object")
        except (OSError, HTTPException, ValueError) as error:
            self.close()
            raise Silent(str(error) or type(error).__name__) from error
        return answer

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            connection = HTTPConnection(*self._address, timeout=TIMEOUT_S)
            connection.connect()
            # Head and body are two writes: without this the second waits for a delayed acknowledgement, 40 ms.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = connection
        return self._connection
