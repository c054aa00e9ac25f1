"""The runner's side of the guard: starting it, and the heartbeat that it listens for."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from holdfast.connectors import processes
from holdfast.connectors.processes import Process

BEAT_EVERY_S = 0.5
END_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Guard:
    """A guard process, and the thread that lets it know that this process lives.

    The beat comes from a thread of its own, so that a long but bounded step of the runner is not taken for its death.
    A runner that hangs is bounded otherwise: by every fault's time-box, which the guard keeps.
    """

    child: subprocess.Popen[bytes]
    process: Process
    _ended: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, log: str, exercise: str, after: int) -> Guard:
        """Start the guard of an exercise that is about to be opened in the log at this place, after that entry."""
        command = [sys.executable, "-m", "holdfast.exercises.guard", log, exercise, str(after)]
        # A session of its own: whatever ends the terminal or is sent to the runner's group does not reach it.
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
        guard = cls(child, processes.find(child.pid) or Process(child.pid, 0))
        threading.Thread(target=guard._beat, name="heartbeat", daemon=True).start()
        return guard

    def alive(self) -> bool:
        """Return whether the guard still runs."""
        return self.child.poll() is None

    def end(self) -> None:
        """Let the guard go: it ends by itself when the exercise is closed, or finds that the beat stopped."""
        self._ended.set()
        # A guard that is gone has closed its end, and what is buffered for it cannot be flushed.
        with suppress(OSError):
            self._pipe().close()
        try:
            self.child.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            # It is still undoing something, and shall: it has a session of its own and outlives us.
            return

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_EVERY_S):
            try:
                self._pipe().write(b".")
                self._pipe().flush()
            except (OSError, ValueError):
                return

    def _pipe(self) -> IO[bytes]:
        if self.child.stdin is None:
            message = "the guard was started without a pipe"
            raise RuntimeError(message)
        return self.child.stdin
