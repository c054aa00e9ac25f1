"""HTTP over sockets that are there already: answers, refusals, and servers that never finish."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from holdfast.connectors import http
from holdfast.errors import EnvironmentProblem, HoldfastError

Serve = Callable[[socket.socket], None]


def served(serve: Serve) -> socket.socket:
    """Return our end of a connection whose other end ``serve`` has in a thread."""
    ours, theirs = socket.socketpair()

    def run() -> None:
        with theirs:
            serve(theirs)

    threading.Thread(target=run, daemon=True).start()
    return ours


def answering(raw: bytes, seen: list[bytes] | None = None) -> Serve:
    def serve(connection: socket.socket) -> None:
        file = connection.makefile("rb")
        request = b"".join(iter(file.readline, b"\r\n"))
        length = re.search(rb"Content-Length: (\d+)", request)
        file.read(int(length[1]) if length else 0)
        if seen is not None:
            seen.append(request)
        connection.sendall(raw)

    return serve


def test_a_json_answer_and_what_was_asked() -> None:
    seen: list[bytes] = []
    raw = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}'
    said = http.exchange(served(answering(raw, seen)), "POST", "/v1/load", {"rate_per_s": 5}, token="secret")
    assert said == {"a": 1}
    assert b"POST /v1/load HTTP/1.1" in seen[0]
    assert b"Authorization: Bearer secret" in seen[0]


def test_an_empty_answer_is_none() -> None:
    assert http.exchange(served(answering(b"HTTP/1.1 204 No Content\r\n\r\n")), "GET", "/") is None


@pytest.mark.parametrize(
    "raw",
    [
        b'HTTP/1.1 503 Nope\r\nContent-Length: 15\r\n\r\n{"status":"no"}',
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ],
)
def test_what_is_not_a_good_json_answer_is_told(raw: bytes) -> None:
    with pytest.raises(HoldfastError) as problem:
        http.exchange(served(answering(raw)), "GET", "/")
    assert problem.value.code == "HF305"


def test_silence_ends_at_the_deadline() -> None:
    released = threading.Event()

    def wait(_: socket.socket) -> None:
        released.wait(10)

    with pytest.raises(EnvironmentProblem) as problem:
        http.exchange(served(wait), "GET", "/", timeout_s=0.2)
    released.set()
    assert problem.value.code == "HF304"


def test_an_answer_that_only_drips_ends_at_the_deadline() -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while not ended.wait(0.05):
                connection.sendall(b" ")
        except OSError:
            return

    with pytest.raises(EnvironmentProblem) as problem:
        http.exchange(served(drip), "GET", "/", timeout_s=0.4)
    ended.set()
    assert problem.value.code == "HF304"


def test_nobody_at_a_unix_socket(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as problem:
        http.unix(tmp_path / "nobody")
    assert problem.value.code == "HF304"
