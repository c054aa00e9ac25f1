"""Where a host's processes are: in namespaces of their own, or beside each other as families of the machine's.

Both begin with one process, which starts all others and is given their orphans. It is forked, not executed: a program
that an ordinary account executes loses the capabilities that the account has in its own user namespace.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from meridian.errors import MachineCannot
from meridian.host import processes, room
from meridian.host.room import Room
from meridian.linux import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    become_subreaper,
    die_with_parent,
    give_up_privileges,
    remove_shared_memory,
    set_hostname,
    setns,
    unshare,
)
from meridian.network import offspring

END_TIMEOUT_S = 5.0
_LOOK_EVERY_S = 0.005


class Place(Protocol):
    """Where one host's processes are."""

    def start(self, first: Callable[[], None]) -> int:
        """Start the host's first process, which does ``first``, and return its pid out here. Raise MR104."""

    def enter(self) -> None:
        """Have the first process, which asks, see what its host sees. Raise OSError for what is refused."""

    def leave(self) -> None:
        """Have nothing left of the host but its first process, which asks before it ends."""

    def end(self, pid: int) -> None:
        """End everything of the host, whose first process has been let go of, and bury it."""


@dataclass(frozen=True, slots=True)
class OwnNamespaces:
    """Namespaces of the host's own, in which its first process is PID 1: the kernel ends all with that one."""

    host: str
    room: Room
    network: Callable[[], int]
    """Returns the descriptor of the host's network namespace as it is now."""

    def start(self, first: Callable[[], None]) -> int:
        """Start PID 1.

        A process that enters a new PID namespace is not in it, only its children are: so a child enters, tells the pid
        of its own child, and ends. The keeper adopts that grandchild (it is a subreaper).
        """
        network = self.network()
        reading, writing = os.pipe()
        middle = os.fork()
        if middle == 0:
            try:
                unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)
                own = os.fork()
                if own:
                    os.write(writing, str(own).encode())
                    os._exit(0)
                setns(network, CLONE_NEWNET)
                first()
            except BaseException:  # noqa: BLE001 - nothing of the keeper may run on in the child
                traceback.print_exc(file=sys.stderr)
            os._exit(1)
        os.close(writing)
        with os.fdopen(reading, "rb") as told:
            text = told.read(32)
        os.waitpid(middle, 0)
        if not text:
            raise MachineCannot(
                "MR104", f"{self.host} could not be started", remedy="the reason is in keeper.log of the range"
            )
        return int(text)

    def enter(self) -> None:
        """Name the host and make its mounts."""
        die_with_parent()
        set_hostname(self.host)
        room.enter(self.room)
        os.chdir("/")

    def leave(self) -> None:
        """Do nothing: what is left ends with PID 1."""

    def end(self, pid: int) -> None:
        """Kill PID 1."""
        processes.send([pid], signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)


@dataclass(frozen=True, slots=True)
class Family:
    """A process of the machine's and all that descend from it; they see what everybody sees.

    The first one must outlive the others, so it is not killed with its keeper: it sees its keeper end, and ends the
    family itself. Should it be killed all the same, the keeper is given the orphans and ends them.
    """

    servers: tuple[Path, ...]
    """The ``postmaster.pid`` of each PostgreSQL: a server that is killed leaves a segment of shared memory behind."""
    uid: int | None
    """The account that they have, where it is not the caller's own."""

    def start(self, first: Callable[[], None]) -> int:
        """Fork the first process."""
        pid = os.fork()
        if pid == 0:
            try:
                first()
            except BaseException:  # noqa: BLE001 - nothing of the keeper may run on in the child
                traceback.print_exc(file=sys.stderr)
            os._exit(1)
        _FIRSTS.add(pid)
        return pid

    def enter(self) -> None:
        """Be given the family's orphans."""
        become_subreaper()
        os.chdir("/")

    def leave(self) -> None:
        """Kill everybody else, frozen first so that nobody is started meanwhile, and bury them."""
        while processes.everyone():
            processes.kill(None)
            with suppress(ChildProcessError):
                os.waitpid(-1, 0)
        segments = [segment for path in self.servers if (segment := processes.segment_in_file(path)) is not None]
        if segments and self.uid is not None:
            give_up_privileges(self.uid)
        for segment in segments:
            with suppress(OSError):  # its server took it along
                remove_shared_memory(segment)

    def end(self, pid: int) -> None:
        """Wait for the first process to end the family, and end what is left of it where it did not."""
        deadline = time.monotonic() + END_TIMEOUT_S
        while not _ended(pid):
            if time.monotonic() > deadline:
                processes.kill(pid)
            time.sleep(_LOOK_EVERY_S)
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
        _FIRSTS.discard(pid)
        while orphans := [pid for pid in processes.children(os.getpid()) if pid not in _FIRSTS | offspring.ALIVE]:
            for orphan in orphans:
                processes.kill(orphan)
                with suppress(ChildProcessError):
                    os.waitpid(orphan, 0)


_FIRSTS: set[int] = set()
"""The first processes of the families that this process has started: its other children are orphans of theirs."""


def _ended(pid: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    return True
