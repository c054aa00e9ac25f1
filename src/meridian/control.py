"""The client of a range's keeper, and what of a range can be told from outside: where it lies, whether it lives."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from meridian import business, topology
from meridian.errors import MachineCannot, MeridianError
from meridian.keeper import isolation, layout
from meridian.linux import start_ticks, state
from meridian.stack import readiness
from meridian.stack.gateway import CONNECT_TIMEOUT_S, Connect

ANSWER_TIMEOUT_S = 20.0
ANSWER_LIMIT_BYTES = 1 << 20
KEEPER_START_TIMEOUT_S = 30.0
END_TIMEOUT_S = 15.0
LOOK_EVERY_S = 0.02
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

    def socket_on(self, host: str) -> socket.socket:
        """Return a TCP socket that lives on ``host``: whoever uses it connects from there. Its deadline is set."""
        return self._socket_on(host)[0]

    def connect(self, host: str, port: int) -> socket.socket:
        """Return a socket that lives on ``host`` and is connected to ``port`` there, deadline set. Raise OSError."""
        connection, address = self._socket_on(host)
        try:
            connection.connect((address, port))
        except OSError:
            connection.close()
            raise
        return connection

    def inventory(self) -> dict[str, Any]:
        """Return the inventory."""
        found: dict[str, Any] = self.ask("inventory")["inventory"]
        return found

    def _socket_on(self, host: str) -> tuple[socket.socket, str]:
        """Return a socket that lives on a host, and the host's address."""
        answer, passed = self._exchange({"op": "socket", "host": host})
        connection = socket.socket(fileno=passed[0])
        connection.settimeout(CONNECT_TIMEOUT_S)
        return connection, answer["address"]

    def _exchange(self, request: dict[str, object]) -> tuple[dict[str, Any], list[int]]:
        """Send a request; return the answer and the descriptors that came with it."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
                client.settimeout(ANSWER_TIMEOUT_S)
                client.connect(str(layout.socket_file(self.directory)))
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
    """Make the directory and start its keeper; return when it answers. What fails or is interrupted leaves nothing.

    Raise MR102 when a range lives there already, MR114 when somebody else's files do, MR112 when the keeper cannot.
    """
    if alive(directory):
        raise layout.occupied(directory)
    stop(directory)
    if directory.parent == directory_of(DEFAULT_NAME).parent:
        _make_own(directory.parent)
    layout.create(directory, settings)
    with ended_on_failure(directory):
        _await_answer(directory, _launch(directory, settings.mode))


def _make_own(parent: Path) -> None:
    """Make the directory below which an account's ranges lie. Raise MR114 if it is not that account's alone.

    Others may pass through, for servers of a range may have accounts of their own, but not see what is there.
    """
    parent.mkdir(mode=0o711, exist_ok=True)
    status = parent.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o066:
        raise MeridianError(
            "MR114", f"{parent} is not a directory of this account alone", remedy="remove it, or choose a --dir"
        )
    parent.chmod(0o711)


def _launch(directory: Path, mode: str) -> subprocess.Popen[bytes]:
    """Start the keeper, and tell it where addresses lie.

    It inherits the lock: whoever finds it free knows that the keeper has ended.
    """
    lock = os.open(layout.lock_file(directory), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with (directory / "keeper.log").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "meridian.keeper", str(directory)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                pass_fds=(lock,),
                env={**os.environ, topology.VARIABLE: isolation.network(mode)},
            )
    finally:
        os.close(lock)
    identity = {"pid": process.pid, "start_ticks": start_ticks(process.pid)}
    layout.keeper_file(directory).write_text(json.dumps(identity), encoding="utf-8")
    return process


def _await_answer(directory: Path, process: subprocess.Popen[bytes]) -> None:
    """Return when the keeper answers. Raise MR112 with what it said when it ends instead, or takes too long."""
    keeper = Keeper(directory)
    deadline = time.monotonic() + KEEPER_START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(MeridianError):
            keeper.ask("cuts")
            # It is meant to outlive this process: nothing here waits for it any more.
            process.returncode = 0
            return
        time.sleep(LOOK_EVERY_S)
    said = (directory / "keeper.log").read_text(encoding="utf-8", errors="replace").strip()
    cannot = process.returncode == MachineCannot.exit_code
    raise (MachineCannot if cannot else MeridianError)(
        "MR112",
        f"the keeper did not start: {said[-2000:] or 'it said nothing'}",
        remedy="the reason is in what it said",
    )


def alive(directory: Path) -> bool:
    """Return whether a keeper lives in a directory, even one that does not answer yet."""
    try:
        lock = os.open(layout.lock_file(directory), os.O_RDWR | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def stop(directory: Path) -> bool:
    """End the range of a directory, whatever state it is in, and remove the directory; return whether there was one.

    Raise MR114 if the directory is not a range's, MR115 if something of the range does not end.
    """
    if not os.path.lexists(directory):
        return False
    if alive(directory):
        try:
            Keeper(directory).ask("down")
        except MeridianError:
            # It does not listen yet, or does not answer any more.
            _signal_keeper(directory, signal.SIGTERM)
        if not _within(END_TIMEOUT_S, lambda: not alive(directory)):
            _signal_keeper(directory, signal.SIGKILL)
    # Hosts end by themselves with their keeper, but not in the same instant.
    if not _within(END_TIMEOUT_S, lambda: not alive(directory) and not _named(layout.hosts_file(directory))):
        left = ", ".join(str(pid) for pid in _named(layout.hosts_file(directory)))
        raise MeridianError(
            "MR115", f"the range in {directory} does not end: {left or 'its keeper'}", remedy="kill that process"
        )
    layout.remove(directory)
    if directory.parent == directory_of(DEFAULT_NAME).parent:
        with suppress(OSError):
            directory.parent.rmdir()
    return True


def _signal_keeper(directory: Path, number: signal.Signals) -> None:
    for pid in _named(layout.keeper_file(directory)):
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _named(path: Path) -> list[int]:
    """Return the pids of the processes that a file names and that live: of the same start, and no zombies."""
    try:
        named = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    identities = [named] if "pid" in named else named.values()
    return [
        each["pid"]
        for each in identities
        if start_ticks(each["pid"]) == each["start_ticks"] and state(each["pid"]) not in {"Z", None}
    ]


def _within(limit_s: float, condition: Callable[[], bool]) -> bool:
    """Return whether a condition comes to hold within a time."""
    deadline = time.monotonic() + limit_s
    while not condition():
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
        return business.first_settled(self._directory / "hosts" / "banks" / "records") is not None


@contextmanager
def ended_on_failure(directory: Path) -> Iterator[None]:
    """End the range when what is done with it fails or is interrupted."""
    try:
        yield
    except BaseException:
        stop(directory)
        raise


def new_settings(
    name: str, profile: str, client: str, rate_per_s: int, policy: str = "", asked: isolation.Asked = "namespaces"
) -> layout.Settings:
    """Return settings for a range here; ``policy`` is the text of one.

    Raise MR101 when the machine does not allow the isolation that is ``asked`` for.
    """
    found = isolation.choose(asked)
    return layout.Settings(name, found.mode, profile, client, rate_per_s, policy=policy, why=found.why)
