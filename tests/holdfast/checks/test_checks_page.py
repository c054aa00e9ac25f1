"""``docs/checks.md`` says of every check what the code asks, in its words, with all three answers."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from holdfast.checks import CALENDAR_CHECKS, CHECKS, FAIL_BACK_CHECKS

SECTIONS = dict(
    re.findall(r"^## `([a-z-]+)`\n\n(.*?)(?=^## |\Z)", Path("docs/checks.md").read_text(), re.MULTILINE | re.DOTALL)
)


def test_every_check_has_its_section_in_the_order_of_the_registry() -> None:
    assert list(SECTIONS) == list(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_a_section_says_what_the_check_asks_and_what_each_answer_means(name: str) -> None:
    check, section = CHECKS[name], SECTIONS[name]
    asked = str(inspect.getdoc(check.ask)).splitlines()[0].replace("Ask whether", "Asks whether")
    assert section.startswith(f"*{check.objective}.* {asked}")
    assert re.findall(r"^- \*\*(\w+)\*\*: \S", section, re.MULTILINE) == ["Bound", "Held", "Broken", "Unknown"]
    assert ("`time_of_day`" in section) == (name in CALENDAR_CHECKS)
    assert ("`fail_back`" in section) == (name in FAIL_BACK_CHECKS)


def test_the_page_says_how_answers_are_weighed() -> None:
    page = " ".join(Path("docs/checks.md").read_text().split())
    assert "unknown is never counted as held" in page
    assert "changes no answer" in page
