"""docs/events.md says what there is: every kind, every field, every type, in the code's order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from holdfast.evidence.envelope import Envelope
from holdfast.evidence.events import KINDS, Attachment, Continued, Instant

PAGE = (Path(__file__).parents[3] / "docs" / "events.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (.+?) \| .+ \|$", re.MULTILINE)
NAMES = {str: "text", int: "integer", bool: "yes or no", Instant: "instant", Attachment: "attachment"}
NAMES |= {Continued: "continuation", tuple[str, ...]: "texts"}


def spoken(hint: Any) -> str:  # noqa: ANN401 -- a type as an annotation names it
    """Return a field's type as the page says it."""
    if get_origin(hint) is Literal:
        *others, last = (f"`{choice}`" for choice in get_args(hint))
        return f"{', '.join(others)} or {last}"
    if get_origin(hint) in {UnionType, Union}:
        return " or ".join("nothing" if member is NoneType else spoken(member) for member in get_args(hint))
    if get_origin(hint) is Mapping:
        return "texts by name"
    return "object" if get_origin(hint) is dict else NAMES[hint]


def fields(record: type[object]) -> list[tuple[str, str]]:
    return [(name, spoken(hint)) for name, hint in get_type_hints(record).items()]


def section(start: str) -> list[tuple[str, str]]:
    """Return the rows of the first table after these words."""
    table = PAGE.split(start, 1)[1].split("|\n\n", 1)[0]
    return ROW.findall(table + "|\n")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_kind(kind: str) -> None:
    assert section(f"## `{kind}`\n") == fields(KINDS[kind])


def test_the_envelope_and_what_bodies_are_made_of() -> None:
    assert section("**envelope**") == fields(Envelope)
    assert section("An **instant**") == fields(Instant)
    assert section("An **attachment**") == fields(Attachment)
    assert section("A **continuation**") == fields(Continued)


def test_every_kind_and_no_other() -> None:
    assert re.findall(r"^## `(.+)`$", PAGE, re.MULTILINE) == list(KINDS)
