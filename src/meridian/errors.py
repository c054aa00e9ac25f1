"""Meridian's one error: code, message, remedy. Codes MR1xx ground, MR2xx stack, MR3xx business; see docs/errors.md."""

from __future__ import annotations

from typing import ClassVar


class MeridianError(Exception):
    """Something is wrong, said for the reader: what was expected and got, and what to do about it."""

    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str, *, remedy: str) -> None:
        """Keep the three parts."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        """Return the one-line form, without the remedy."""
        return f"{self.code} {self.message}"

    @property
    def text(self) -> str:
        """Return the whole of it, as a program ends with it on standard error."""
        return f"{self}\n  remedy: {self.remedy}\n"


class MachineCannot(MeridianError):
    """This machine lacks what the range needs; exit status 3."""

    exit_code = 3
