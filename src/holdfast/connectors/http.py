"""HTTP with JSON over a socket that is already there, or over a Unix socket: no name is looked up, no proxy asked."""

from __future__ import annotations

import json
import socket
import threading
from base64 import b64encode
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, IncompleteRead
from pathlib import Path
from typing import Any

from holdfast.errors import EnvironmentProblem, HoldfastError

TIMEOUT_S = 3.0
ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
_GOOD = range(200, 300)


def unix(path: Path, timeout_s: float = TIMEOUT_S) -> socket.socket:
    """Return a connection to a Unix socket, with its deadline set; HF304 if nobody answers there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    connection.settimeout(timeout_s)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        message = f"nothing answers at {path}: {error}"
        raise EnvironmentProblem("HF304", message, remedy="see whether the process behind it is running") from error
    return connection


def exchange(
    connection: socket.socket,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    *,
    token: str | None = None,
    basic: tuple[str, str] | None = None,
    plain: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> Any:  # noqa: ANN401 -- whatever JSON the other side answers
    """Return the JSON answer, ``None`` if it is empty, and close the connection.

    ``token`` is sent as a bearer token, ``basic`` as user and password; a ``plain`` answer is text, and returned so.
    HF304 if there is no answer within ``timeout_s`` over all, HF305 if the answer is not 2xx or not JSON.
    """
    request = HTTPConnection("localhost")
    request.sock = connection
    headers = {"Content-Type": "application/json", "Connection": "close"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if basic is not None:
        headers["Authorization"] = f"Basic {b64encode(':'.join(basic).encode()).decode()}"
    # A socket's own timeout begins anew with every byte; this one ends an answer that only drips.
    late = threading.Event()
    alarm = threading.Timer(timeout_s, _shut, [connection, late])
    alarm.start()
    try:
        request.request(method, path, None if body is None else json.dumps(body), headers)
        answer = request.getresponse()
        text = answer.read(ANSWER_LIMIT_BYTES)
        if late.is_set() or answer.length:
            raise IncompleteRead(text, answer.length)
    except (OSError, HTTPException) as error:
        message = f"no answer to {method} {path}: {type(error).__name__} {error}"
        raise EnvironmentProblem("HF304", message, remedy="see whether the process behind it is running") from error
    finally:
        alarm.cancel()
        request.close()
    try:
        said = text.decode(errors="replace") if plain else json.loads(text) if text.strip() else None
    except ValueError as error:
        message = f"{method} {path} was answered {answer.status}, but not with JSON: {text[:200]!r}"
        raise HoldfastError("HF305", message, remedy="see what listens there") from error
    if answer.status not in _GOOD:
        message = f"{method} {path} was answered {answer.status}: {str(said)[:200]}"
        raise HoldfastError("HF305", message, remedy="read the log of the process behind it")
    return said


def _shut(connection: socket.socket, late: threading.Event) -> None:
    late.set()
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Closed already: then nobody waits for it any more.
        return
