"""Secrets as a process of the range gets them: one file each, placed on its host and readable by its account alone."""

from __future__ import annotations

from pathlib import Path

from meridian.errors import MeridianError

_REMEDY = "take the range down and up again: its secrets are made anew"


def read_secret(directory: Path, name: str) -> str:
    """Return a secret. Raise MR303 when it is not there or empty: nothing starts with an empty password."""
    try:
        secret = (directory / name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise MeridianError("MR303", f"secret {name} cannot be read: {error}", remedy=_REMEDY) from error
    if not secret:
        raise MeridianError("MR303", f"secret {name} is empty", remedy=_REMEDY)
    return secret
