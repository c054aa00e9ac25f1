"""The one base error: code, place, message, remedy.

What people *declared* wrongly is a finding (a value, see ``holdfast.model.findings``); what is raised is a broken
contract or an environment that cannot do what was asked. Both read ``file:line: CODE what is wrong`` and then the
remedy. Codes are grouped by room: HF1xx model, HF2xx evidence and store, HF3xx connectors and range, HF4xx exercises,
HF5xx state, checks, measures, report, HF6xx analysis, HF9xx command line. Every code has a section in
``docs/errors.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What a command's exit status says."""

    HELD = 0
    BROKEN = 1
    USAGE = 2
    ENVIRONMENT = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file as the user named it and a line counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return ``file:line``."""
        return f"{self.file}:{self.line}"


class HoldfastError(Exception):
    """An error that is for the reader: it says what is wrong, where, and what to do about it."""

    exit_code: ClassVar[ExitCode] = ExitCode.BROKEN

    def __init__(self, code: str, message: str, *, remedy: str, place: Place | None = None) -> None:
        """Keep the parts; ``message`` says what was expected and what was got."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.place = place

    def __str__(self) -> str:
        """Return the one-line form, without the remedy."""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.code} {self.message}"


class UsageError(HoldfastError):
    """The command was called with something it cannot work with."""

    exit_code = ExitCode.USAGE


class EnvironmentProblem(HoldfastError):
    """This machine, or the target, lacks what is needed: said in the open, never skipped."""

    exit_code = ExitCode.ENVIRONMENT
