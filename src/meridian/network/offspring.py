"""Processes that the keeper forks for its network: each keeps one socket of the keeper's, and ends with it."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from meridian.linux import die_with_parent

_CONTROL = 3  # after standard input, output and error
_OPEN_FILES_TO = 1 << 16
ANSWER_TIMEOUT_S = 2.0
ALIVE: set[int] = set()
"""The pids of this process's own that have not been ended."""


@dataclass(slots=True)
class Offspring:
    """One such process: its pid, and the keeper's end of the socket."""

    pid: int
    control: socket.socket
    _buried: bool = False

    def ended(self) -> bool:
        """Return whether it has ended by itself."""
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        return True

    def end(self) -> None:
        """End it and bury it, once."""
        if self._buried:
            return
        self._buried = True
        ALIVE.discard(self.pid)
        self.control.close()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def fork(work: Callable[[socket.socket], None]) -> Offspring:
    """Fork a process that does ``work`` with its end of a sequential-packet socket, and ends.

    It has nothing else that the keeper has open. It is forked, not executed: a program that an ordinary account
    executes loses the capabilities that the account has in its own user namespace.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(ANSWER_TIMEOUT_S)
    keeper = os.getpid()
    pid = os.fork()
    if pid:
        theirs.close()
        ALIVE.add(pid)
        return Offspring(pid, ours)
    try:
        # Nothing that the keeper had may be collected here: its descriptor numbers are somebody else's from now on.
        gc.freeze()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        os.dup2(theirs.fileno(), _CONTROL)
        theirs.detach()
        os.closerange(_CONTROL + 1, _OPEN_FILES_TO)
        die_with_parent()
        if os.getppid() == keeper:
            work(socket.socket(fileno=_CONTROL))
    except BaseException:  # noqa: BLE001 - nothing of the keeper may run on in the child
        traceback.print_exc(file=sys.stderr)
    os._exit(0)
