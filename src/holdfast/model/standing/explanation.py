"""What is said of one declared thing: facts about it, and trees of what it has to do with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from holdfast.errors import Place
from holdfast.model.trees import Line
from holdfast.model.types import Model

Sort = Literal[
    "service",
    "resource",
    "group",
    "site",
    "role",
    "person",
    "segment",
    "scenario",
    "attribute",
    "candidate",
    "risk acceptance",
]
PartName = Literal["stands-on", "carries", "recovery", "people", "flows", "scenarios", "tests"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an explanation; ``lines`` is empty where there is nothing of it, which ``nothing`` then says."""

    name: PartName
    title: str
    lines: tuple[Line, ...]
    nothing: str = "nothing"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One declared thing: what it is, where it is declared, what it stands on and what stands on it."""

    name: str
    sort: Sort
    title: str
    place: Place
    facts: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]


def facts(*given: tuple[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Return the facts that there are."""
    return tuple((name, value) for name, value in given if value)


def place_of(model: Model, *path: str) -> Place:
    """Return where something is declared, or the nearest place around it."""
    while path and path not in model.places:
        path = path[:-1]
    return model.places.get(path) or Place(model.root, 1)


def lines(said: Iterable[tuple[str, str]]) -> tuple[Line, ...]:
    """Return lines of names with what is to be said of each."""
    return tuple(Line(name, name, note) for name, note in said)
