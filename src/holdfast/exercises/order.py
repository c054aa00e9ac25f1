"""What is to be run, and where an exercise is while it runs: all that passes between the runner and who started it."""

from __future__ import annotations

import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from holdfast.connectors.range import Command
from holdfast.errors import EnvironmentProblem
from holdfast.exercises.clients import View
from holdfast.model.types import Environment, Model, Scenario
from holdfast.store.port import Log


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run, on what. Without ``range_dir`` a range is started, and taken down again unless kept.

    Where somebody attends, nobody's declaration is simulated.
    """

    model: Model
    scenario: Scenario
    environment: Environment
    log: Log
    range_dir: Path | None = None
    keep_range: bool = False
    attended: bool = False

    def range_command(self) -> Command:
        """Return the command that starts and stops the range; HF405 if the model declares none."""
        if self.model.range is None:
            message = "the model declares no range that could be started"
            raise EnvironmentProblem(
                "HF405", message, remedy="declare range: command in the model, or name --range DIR"
            )
        return Command(self.model.range.command)

    def range_options(self) -> dict[str, str]:
        """Return what the range is started with: the model's profile unless an option says another, load, options."""
        declared = self.model.range
        if declared is None:
            return {}
        options = {name: self.scenario.range_options.get(name, values[0]) for name, values in declared.options.items()}
        return {"profile": declared.profile, "rate": str(self.scenario.load.rate_per_s), **options}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where an exercise is, for whoever watches: its phase, what clients see, and the institution's clock if any."""

    exercise: str
    scenario: Scenario
    phase: str
    detail: str
    phase_since_us: int
    now_us: int
    view: View | None
    calendar: str | None


Tell = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Hold:
    """A range that is held for one drill: two at once would each count what the other breaks as its own."""

    descriptor: int

    @classmethod
    def take(cls, directory: Path) -> Hold:
        """Hold the range in a directory; HF411 if another drill does, or there is none. It ends with this process."""
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            message = f"there is no range in {directory}: {error.strerror}"
            raise EnvironmentProblem("HF411", message, remedy="see holdfast range status") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            message = f"another drill is running on the range in {directory}"
            raise EnvironmentProblem(
                "HF411", message, remedy="wait for it, or start one on a range of its own"
            ) from error
        return cls(descriptor)

    def release(self) -> None:
        """Let the next drill have it."""
        os.close(self.descriptor)


def own_directory() -> Path:
    """Return a new place for a range: short, because paths of Unix sockets are limited to 107 bytes."""
    base = Path(tempfile.gettempdir()) / f"holdfast-{os.getuid()}"
    base.mkdir(mode=0o711, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.getuid():
        message = f"{base} belongs to somebody else"
        raise EnvironmentProblem("HF410", message, remedy="remove it, or set TMPDIR to a directory of your own")
    # Servers of a range may have accounts of their own, which pass through here to what is theirs.
    base.chmod(0o711)
    return base / secrets.token_hex(3)
