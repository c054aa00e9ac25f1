"""What is asked of the keeper: the members of a request, each refused where it is not of the form that it must have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from meridian.errors import MeridianError

TEXT_LIMIT = 128

Request = Mapping[str, Any]
Operation = Callable[[Request], dict[str, Any]]
Operations = Mapping[str, Operation]


def wrong(what: str, value: object, needed: str) -> MeridianError:
    """Return MR108: ``what`` is not as it must be, and how it must be."""
    return MeridianError("MR108", f"{what}: got {value!r}", remedy=f"give {needed}")


def text(request: Request, name: str, limit: int = TEXT_LIMIT) -> str:
    """Return a text. Raise MR108."""
    value = request.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= limit:
        raise wrong(name, value, f"a text of 1 to {limit} characters")
    return value


def count(request: Request, name: str, limit: int) -> int:
    """Return a whole number from 0 to ``limit``. Raise MR108."""
    value = request.get(name)
    if type(value) is not int or not 0 <= value <= limit:
        raise wrong(name, value, f"a whole number from 0 to {limit}")
    return value


def known(request: Request, name: str, names: Collection[str]) -> str:
    """Return one of ``names``. Raise MR107 for any other."""
    value = request.get(name)
    if not isinstance(value, str) or value not in names:
        raise MeridianError("MR107", f"no {name} named {value!r}", remedy=f"one of: {', '.join(names)}")
    return value


def octets(request: Request, name: str, limit: int) -> bytes:
    """Return bytes that are written in hexadecimal. Raise MR108."""
    value = request.get(name)
    try:
        data = bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        data = b""
    if not 0 < len(data) <= limit:
        # Not shown: it may be long, and a secret.
        raise MeridianError("MR108", f"{name}: no bytes, or too many", remedy=f"give 1 to {limit} in hexadecimal")
    return data
