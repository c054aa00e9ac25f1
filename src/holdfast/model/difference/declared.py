"""What changed of one subject since a body approved it, from its canonical declarations alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from holdfast.model.difference.compare import quantity
from holdfast.model.difference.rules import plain_name

Leaf = tuple[str, str]


def declared_changes(before: bytes, after: bytes) -> tuple[str, ...]:
    """Return what differs between two canonical declarations of one subject, one text for each value.

    The older one may be of a version with other members. Raises ``ValueError`` when one of them is not JSON.
    """
    old, new = dict(_leaves(json.loads(before), "", "")), dict(_leaves(json.loads(after), "", ""))
    return tuple(
        f"{path}: {old.get(path, 'nothing')} → {new.get(path, 'nothing')}"
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    )


def _called(part: Mapping[str, object]) -> str:
    """Return what a part goes by: its name, or those that it names; nothing if it has neither."""
    names = part.get("name", part.get("names"))
    return ", ".join(map(str, names)) if isinstance(names, list) else str(names or "")


def _leaves(value: object, path: str, member: str) -> Iterator[Leaf]:
    """Yield every value with the path to it; parts that have a name go by that, others by their position."""
    match value:
        case dict():
            for name, inner in value.items():
                below = path if name == "declared" and not path else f"{path}, {plain_name(name)}".removeprefix(", ")
                yield from _leaves(inner, below, name)
        case list() if any(isinstance(each, dict | list) for each in value):
            for position, inner in enumerate(value, 1):
                called = _called(inner) if isinstance(inner, dict) else ""
                yield from _leaves(inner, f"{path} {called or position}", member)
        case list():
            yield path, ", ".join(str(each) for each in value) or "nothing"
        case bool():
            yield path, "yes" if value else "no"
        case int():
            yield path, quantity(member, value)
        case _:
            yield path, str(value)
