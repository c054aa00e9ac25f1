"""The keeper's client: one line each way, and every way in which an answer can fail to come."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.errors import EnvironmentProblem, HoldfastError


@contextmanager
def keeper(path: Path, answer: Callable[[bytes], bytes | None]) -> Iterator[Hypervisor]:
    """Serve every connection with what ``answer`` makes of its line; ``None`` closes it without a word."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def run() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                reply = answer(connection.recv(65_536))
                if reply is not None:
                    with suppress(OSError):  # a client that gave up is what some of these tests are about
                        connection.sendall(reply)

    threading.Thread(target=run, daemon=True).start()
    try:
        yield Hypervisor(path)
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def test_a_reply(tmp_path: Path) -> None:
    with keeper(tmp_path / "k", lambda line: b'{"ok":true,"got":' + line.strip() + b"}\n") as hypervisor:
        assert hypervisor.call({"op": "revoke", "exercise": "e"})["got"] == {"op": "revoke", "exercise": "e"}
        assert hypervisor.alive()


def test_a_refusal_carries_its_code_and_remedy(tmp_path: Path) -> None:
    refusal = b'{"ok":false,"code":"MR110","error":"no more","remedy":"start again"}\n'
    with keeper(tmp_path / "k", lambda _: refusal) as hypervisor, pytest.raises(HoldfastError) as problem:
        hypervisor.call({"op": "cut"})
    assert problem.value.code == "HF302"
    assert "MR110 no more" in problem.value.message
    assert problem.value.remedy == "start again"


@pytest.mark.parametrize("reply", [None, b"half a line", b"not json\n"])
def test_no_usable_reply(tmp_path: Path, reply: bytes | None) -> None:
    with keeper(tmp_path / "k", lambda _: reply) as hypervisor, pytest.raises(EnvironmentProblem) as problem:
        hypervisor.call({"op": "cuts"})
    assert problem.value.code == "HF301"


def test_silence_ends_at_the_deadline(tmp_path: Path) -> None:
    released = threading.Event()

    def wait(_: bytes) -> None:
        released.wait(10)

    with keeper(tmp_path / "k", wait) as hypervisor, pytest.raises(EnvironmentProblem) as problem:
        hypervisor.call({"op": "cuts"}, timeout_s=0.2)
    released.set()
    assert problem.value.code == "HF301"


def test_a_keeper_that_is_gone(tmp_path: Path) -> None:
    assert not Hypervisor(tmp_path / "never").alive()
    with keeper(tmp_path / "k", lambda _: None):
        pass
    assert not Hypervisor(tmp_path / "k").alive()
    with pytest.raises(EnvironmentProblem) as problem:
        Hypervisor(tmp_path / "k").call({"op": "cuts"})
    assert problem.value.code == "HF301"
