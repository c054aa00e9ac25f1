"""A range: started and stopped by the command that the model declares, and what it says of itself, as frozen types.

The inventory is the range's own description, version 1: sites, hosts, processes, links, ways in. Members that are not
known here are passed over; missing ones are HF307.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.postgres import Server
from holdfast.connectors.processes import Process
from holdfast.errors import EnvironmentProblem, HoldfastError

KEEPER_SOCKET = "keeper.sock"
# What the inventory's ``records`` name: directories of the participants' and of the vault, and the monitor's file.
PARTICIPANTS_RECORDS, VAULT_JOURNAL, ALARM_RECORD = "participants", "vault_journal", "alarms"
# And, where the range has a fencer, the file of what it saw and did.
FENCER_RECORD = "fencer"
INBOX_RECORDS = "inbox"
# And, where a sensor watches the hosts, the directory of its files, one for each.
TELEMETRY_RECORDS = "telemetry"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 90.0
STATUS_TIMEOUT_S = 30.0
END_TIMEOUT_S = 20.0  # to clear up after being asked to end
INVENTORY_TIMEOUT_S = 10.0
CANNOT = 3  # a range command's exit code for a machine that lacks what is needed
SHOWN_LINES = 12


@dataclass(frozen=True, slots=True)
class SiteState:
    """A site of the range: its addresses and router, and whether it has power."""

    cidr: str
    router: str
    powered: bool


@dataclass(frozen=True, slots=True)
class HostState:
    """A host: pid and start of its first process, as seen from here, while it has power; its disks as it sees them."""

    site: str
    address: str
    powered: bool
    pid: int | None = None
    start_ticks: int | None = None
    disks: Mapping[str, Path] = field(default_factory=dict)

    @property
    def process(self) -> Process | None:
        """The host's first process; when it ends, the host is gone with all that ran on it."""
        return None if self.pid is None or self.start_ticks is None else Process(self.pid, self.start_ticks)


@dataclass(frozen=True, slots=True)
class ProcessState:
    """A process that the model knows by name, on its host, with the ports it listens on."""

    host: str
    running: bool
    account: str
    pid: int | None = None
    start_ticks: int | None = None
    ports: tuple[int, ...] = ()
    supervised: bool = True
    """Whether its host starts it; if not, another process does."""

    @property
    def process(self) -> Process | None:
        """The process, if it runs."""
        return None if self.pid is None or self.start_ticks is None else Process(self.pid, self.start_ticks)


@dataclass(frozen=True, slots=True)
class LinkState:
    """A line between two sites: the addresses of its ends, whether both ends see it up, and what is wrong with it.

    ``impaired`` names what is held against it. Older ranges say nothing of either.
    """

    between: tuple[str, str]
    up: bool
    addresses: tuple[str, str] | None = None
    impaired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """An account and the file of its password."""

    user: str
    password_file: Path


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A way in. A database has a socket directory, an operator's API a Unix socket, the rest an address and a port."""

    postgres_socket_dir: Path | None = None
    http_unix: Path | None = None
    socket: Path | None = None  # of a device that speaks as the keeper does
    token_file: Path | None = None
    address: str | None = None
    port: int | None = None
    database: str = ""
    user: str = ""
    password_file: Path | None = None
    superuser: Login | None = None
    """What an insider on the host would log in with: for faults, never for what judges them."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a range says of itself."""

    version: int
    name: str
    dir: Path
    mode: str
    profile: str
    client: str
    clock_id: str
    sites: Mapping[str, SiteState]
    hosts: Mapping[str, HostState]
    processes: Mapping[str, ProcessState]
    links: Mapping[str, LinkState]
    endpoints: Mapping[str, Endpoint]
    records: Mapping[str, Path]
    components: Mapping[str, Any] = field(default_factory=dict)
    cuts: tuple[str, ...] = ()
    cannot: Mapping[str, str] = field(default_factory=dict)
    """What the range has not got, and why: what needs it cannot be done there."""

    def servers(self) -> tuple[Server, ...]:
        """Return every copy of the ledger, by name."""
        return tuple(
            Server(name, end.postgres_socket_dir, end.port, end.database, end.user, end.password_file)
            for name, end in sorted(self.endpoints.items())
            if end.postgres_socket_dir is not None and end.port is not None and end.password_file is not None
        )

    def hosts_of(self, place: str) -> tuple[str, ...]:
        """Return the hosts of a site, or the host itself; empty if it is neither."""
        if place in self.sites:
            return tuple(sorted(name for name, host in self.hosts.items() if host.site == place))
        return (place,) if place in self.hosts else ()

    def processes_on(self, host: str) -> tuple[str, ...]:
        """Return the processes that belong on a host."""
        return tuple(sorted(name for name, process in self.processes.items() if process.host == host))


_INVENTORY = TypeAdapter(Inventory)


def parse_inventory(document: Mapping[str, Any]) -> Inventory:
    """Return the inventory; HF307 if it is not one."""
    try:
        return _INVENTORY.validate_python(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"the range's inventory is not one: {where}: {first['msg']}"
        raise HoldfastError("HF307", message, remedy="use a range that speaks version 1 of the inventory") from error


def inventory(keeper: Hypervisor) -> tuple[Inventory, dict[str, Any]]:
    """Return the range's inventory and the document it was read from."""
    reply = keeper.call({"op": "inventory"}, timeout_s=INVENTORY_TIMEOUT_S)
    document = reply.get("inventory", reply)
    document = {name: value for name, value in document.items() if name != "ok"}
    return parse_inventory(document), document


@dataclass(frozen=True, slots=True)
class Command:
    """The command that the model declares for its range; ``python`` is the interpreter that runs this program."""

    words: tuple[str, ...]

    def line(self, *arguments: str) -> list[str]:
        """Return the whole command line."""
        first = sys.executable if self.words[0] in {"python", "python3"} else self.words[0]
        return [first, *self.words[1:], *arguments]

    def start(self, directory: Path, arguments: Mapping[str, str], tell: Callable[[str], None]) -> None:
        """Start the range in ``directory`` and return when it is up; ``tell`` gets its progress lines.

        HF308 if it fails or takes over 120 s; its exit code 3 (the machine cannot) is an EnvironmentProblem.
        """
        given = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        line = self.line("up", "--dir", str(directory), *given)
        code, said = _followed(line, tell)
        if code:
            shown = " / ".join(said[-SHOWN_LINES:]) or "it said nothing"
            kind = EnvironmentProblem if code == CANNOT else HoldfastError
            message = f"the range did not start (exit {code}): {shown}"
            raise kind("HF308", message, remedy=f"run it by itself: {' '.join(line)}")

    def stop(self, directory: Path) -> None:
        """Take the range in ``directory`` down; HF309 if that fails or takes over 90 s. None there is fine."""
        line = self.line("down", "--dir", str(directory))
        try:
            done = subprocess.run(
                line, capture_output=True, text=True, timeout=STOP_TIMEOUT_S, check=False, start_new_session=True
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"the range in {directory} could not be taken down: {error}"
            raise EnvironmentProblem("HF309", message, remedy=f"run: {' '.join(line)}") from error
        if done.returncode:
            message = f"the range in {directory} could not be taken down: {done.stderr.strip()[-500:]}"
            raise HoldfastError("HF309", message, remedy=f"run: {' '.join(line)}")

    def inventory(self, directory: Path | None) -> Inventory:
        """Return what the range in ``directory``, or the usual one, says of itself; HF301 if there is none to ask."""
        place = () if directory is None else ("--dir", str(directory))
        line = self.line("status", "--json", *place)
        try:
            done = subprocess.run(line, capture_output=True, text=True, timeout=STATUS_TIMEOUT_S, check=False)
            said = json.loads(done.stdout) if done.returncode == 0 else done.stderr.strip()[-500:]
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            said = str(error)
        if not isinstance(said, dict) or not isinstance(said.get("inventory"), dict):
            message = f"no range to look at: {said}"
            raise EnvironmentProblem("HF301", message, remedy=f"start one; then run by itself: {' '.join(line)}")
        return parse_inventory(said["inventory"])

    def run(self, arguments: tuple[str, ...]) -> int:
        """Run the command with these arguments on our own terminal and return its exit code."""
        line = self.line(*arguments)
        try:
            return subprocess.run(line, check=False).returncode
        except OSError as error:
            message = f"the range's command cannot be run: {error}"
            raise EnvironmentProblem("HF308", message, remedy="correct range: command in the model") from error


def _followed(line: list[str], tell: Callable[[str], None]) -> tuple[int, list[str]]:
    """Run a command, hand on each line that it says on stderr, and return its exit code and those lines."""
    said: list[str] = []
    try:
        # A session of its own: a Ctrl-C at the terminal is for us to answer, not for the range.
        child = subprocess.Popen(
            line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
    except OSError as error:
        message = f"the range's command cannot be run: {error}"
        raise EnvironmentProblem("HF308", message, remedy="correct range: command in the model") from error
    # What it started may hold its lines open, so its whole session is ended: first asked to, then made to.
    alarms = [
        threading.Timer(after_s, _signal_session, (child, number))
        for after_s, number in ((START_TIMEOUT_S, signal.SIGTERM), (START_TIMEOUT_S + END_TIMEOUT_S, signal.SIGKILL))
    ]
    for alarm in alarms:
        alarm.daemon = True
        alarm.start()
    try:
        for text in child.stderr or ():
            said.append(text.rstrip())
            tell(said[-1])
        return child.wait(), said
    except BaseException:
        _end(child)
        raise
    finally:
        for alarm in alarms:
            alarm.cancel()
        if child.stderr is not None:
            child.stderr.close()


def _end(child: subprocess.Popen[str]) -> None:
    """End a command that is not waited for any longer: it is asked to, so that it can clear up, then made to."""
    _signal_session(child, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        child.wait(END_TIMEOUT_S)
    _signal_session(child, signal.SIGKILL)
    child.wait()


def _signal_session(child: subprocess.Popen[str], number: signal.Signals) -> None:
    """Send a signal to what runs in a command's own session; the range itself has one of its own."""
    # Until it is waited for, its number is nobody else's.
    if child.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
