"""A shell on a host of the range: the same namespaces and the same unprivileged account as its servers."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meridian.errors import MeridianError
from meridian.host.supervisor import forget_signals, surroundings
from meridian.keeper import isolation
from meridian.linux import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    give_up_privileges,
    setns,
)
from meridian.topology import HOSTS, VARIABLE

_NAMESPACES = (
    ("net", CLONE_NEWNET),
    ("ipc", CLONE_NEWIPC),
    ("uts", CLONE_NEWUTS),
    ("pid", CLONE_NEWPID),
    ("mnt", CLONE_NEWNS),
)
_DEFAULT_COMMAND = ("/bin/sh", "-i")
_NOT_FOUND, _SIGNALLED = 127, 128  # as shells say it


def run(inventory: Mapping[str, Any], target: str, command: Sequence[str]) -> int:
    """Run a command on the host ``target`` (or on the host of the process ``target``); return its exit status."""
    processes = inventory["processes"]
    host = processes[target]["host"] if target in processes else target
    if host not in inventory["hosts"]:
        raise MeridianError("MR107", f"no host or process named {target!r}", remedy="`meridian status` lists them")
    pid = inventory["hosts"][host]["pid"]
    if pid is None:
        raise MeridianError("MR106", f"{host} is off", remedy="switch it on with power_on")
    user = processes[target]["account"] if target in processes else HOSTS[host].account
    if inventory["mode"] != isolation.LOOPBACK:
        _enter(pid, user_namespace=inventory["mode"] == isolation.ROOTLESS)
    child = os.fork()
    if child == 0:
        uid = isolation.uids(inventory["mode"]).get(user)
        network = {VARIABLE: isolation.network(inventory["mode"])}
        _become(tuple(command) or _DEFAULT_COMMAND, uid, Path(inventory["dir"]) / "disk" / host, network)
    # Ctrl-C is for the command, which shares this terminal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else _SIGNALLED - code


def _enter(pid: int, *, user_namespace: bool) -> None:
    """Enter a host's namespaces; its PID namespace holds for children only."""
    kinds = ((("user", CLONE_NEWUSER), *_NAMESPACES)) if user_namespace else _NAMESPACES
    opened = [(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC), kind) for name, kind in kinds]
    for descriptor, kind in opened:
        setns(descriptor, kind)
        os.close(descriptor)


def _become(command: tuple[str, ...], uid: int | None, home: Path, network: Mapping[str, str]) -> None:
    """Turn this fresh child into the command."""
    try:
        os.chdir(home)
        forget_signals()
        give_up_privileges(uid)
        environment = {**surroundings(home), **network, "TERM": os.environ.get("TERM", "dumb")}
        os.execvpe(command[0], command, environment)  # noqa: S606 - the user's own command, as an argument list
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(_NOT_FOUND)
