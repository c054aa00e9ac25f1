"""The client of a range's keeper, and what of a range can be told from outside: where it lies, whether it lives."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from meridian.errors import MeridianError
from meridian.keeper import isolation, layout
from meridian.keeper.server import path_of
from meridian.linux import start_ticks
from meridian.stack import readiness
from meridian.stack.gateway import CONNECT_TIMEOUT_S, Connect
from meridian.topology import HOSTS

ANSWER_TIMEOUT_S = 20.0
ANSWER_LIMIT_BYTES = 1 << 20
KEEPER_START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 15.0
LOOK_EVERY_S = 0.05
DEFAULT_NAME = "default"


def directory_of(name: str) -> Path:
    """Return where a range of this name lies: below a directory of the user's own in the system's temporary one."""
    return Path(tempfile.gettempdir()) / f"meridian-{os.getuid()}" / name


class Keeper:
    """Asks the keeper of one range."""

    def __init__(self, directory: Path) -> None:
        """Remember where the range lies; nothing is opened before something is asked."""
        self.directory = directory

    def ask(self, operation: str, **arguments: object) -> dict[str, Any]:
        """Return the keeper's answer. Raise its refusal, or MR111 when no keeper answers."""
        answer, passed = self._exchange({"op": operation, **arguments})
        for descriptor in passed:
            os.close(descriptor)
        return answer

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a socket that lives on ``host`` and is connected to ``port`` there, deadline set. Raise OSError."""
        _, passed = self._exchange({"op": "socket", "host": host})
        connection = socket.socket(fileno=passed[0])
        connection.settimeout(CONNECT_TIMEOUT_S)
        try:
            connection.connect((HOSTS[host].address, port))
        except OSError:
            connection.close()
            raise
        return connection

    def inventory(self) -> dict[str, Any]:
        """Return the inventory."""
        found: dict[str, Any] = self.ask("inventory")["inventory"]
        return found

    def _exchange(self, request: dict[str, object]) -> tuple[dict[str, Any], list[int]]:
        """Send a request; return the answer and the descriptors that came with it."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(ANSWER_TIMEOUT_S)
                client.connect(str(path_of(self.directory)))
                client.sendall(json.dumps(request).encode() + b"\n")
                data, passed, _, _ = socket.recv_fds(client, ANSWER_LIMIT_BYTES, 1)
                while data and not data.endswith(b"\n") and len(data) < ANSWER_LIMIT_BYTES:
                    data += client.recv(ANSWER_LIMIT_BYTES)
            answer = json.loads(data)
        except (OSError, ValueError) as error:
            raise MeridianError(
                "MR111",
                f"no keeper answers in {self.directory}: {error}",
                remedy="`python -m meridian up` starts a range; `down` clears away what is left of one",
            ) from error
        if not answer["ok"]:
            raise MeridianError(answer["code"], answer["error"], remedy=answer["remedy"])
        return answer, list(passed)


def start(directory: Path, settings: layout.Settings) -> None:
    """Make the directory and start its keeper; return when it answers. Raise MR102 when a range lives there already."""
    if directory.exists():
        if keeper_pid(directory) is not None:
            raise MeridianError(
                "MR102",
                f"a range lives in {directory} already",
                remedy="use it, end it with `python -m meridian down`, or choose another --name",
            )
        shutil.rmtree(directory)
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    layout.create(directory, settings)
    log = directory / "keeper.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "meridian.keeper", str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    identity = {"pid": process.pid, "start_ticks": start_ticks(process.pid)}
    (directory / "keeper.json").write_text(json.dumps(identity), encoding="utf-8")
    keeper = Keeper(directory)
    deadline = time.monotonic() + KEEPER_START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(MeridianError):
            keeper.ask("cuts")
            return
        time.sleep(LOOK_EVERY_S)
    said = log.read_text(encoding="utf-8", errors="replace").strip()
    stop(directory)
    raise MeridianError("MR112", f"the keeper did not start: {said[-2000:]}", remedy="the reason is in what it said")


def keeper_pid(directory: Path) -> int | None:
    """Return the pid of the keeper of a range, None when it is not alive."""
    try:
        identity = json.loads((directory / "keeper.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    ticks = start_ticks(identity["pid"])
    return identity["pid"] if ticks is not None and ticks == identity["start_ticks"] else None


def stop(directory: Path) -> bool:
    """End the range of a directory, whatever state it is in, and remove the directory; return whether there was one."""
    if not directory.exists():
        return False
    pid = keeper_pid(directory)
    if pid is not None:
        with suppress(MeridianError):
            Keeper(directory).ask("down")
        if not _ended(directory, END_TIMEOUT_S):
            os.kill(pid, signal.SIGKILL)
            _ended(directory, END_TIMEOUT_S)
    shutil.rmtree(directory, ignore_errors=False)
    with suppress(OSError):
        directory.parent.rmdir()
    return True


def _ended(directory: Path, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while (pid := keeper_pid(directory)) is not None:
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


class View:
    """What the management plane sees of a range."""

    def __init__(self, directory: Path) -> None:
        """Look at the range in ``directory`` through its keeper's sockets and its hosts' Unix sockets."""
        self._directory = directory
        context = layout.context(directory, layout.settings_of(directory))
        connect: Connect = Keeper(directory).connect
        self._read: Callable[[], readiness.Standing] = lambda: readiness.read(
            connect, readiness.auditor(context.run, context.secret("ledger-auditor"))
        )

    def standing(self) -> readiness.Standing:
        """Return how the database stack stands."""
        return self._read()

    def acknowledged(self) -> bool:
        """Return whether any bank has recorded a settlement: that is durable at two sites, or it would not be there."""
        records = (self._directory / "hosts" / "banks" / "records").glob("*.ndjson")
        return any(b'"status":"settled"' in path.read_bytes().replace(b" ", b"") for path in records)


@contextmanager
def ended_on_failure(directory: Path) -> Iterator[None]:
    """End the range when what is done with it fails or is interrupted."""
    try:
        yield
    except BaseException:
        stop(directory)
        raise


def new_settings(name: str, profile: str, client: str, rate_per_s: int) -> layout.Settings:
    """Return settings for a range on this machine. Raise MR101 when the machine allows none."""
    return layout.Settings(name, isolation.probe(), profile, client, rate_per_s)
