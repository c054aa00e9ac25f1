"""Each kind of finding has its page, and its example has the finding, in these words, until it is mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.analysis.weakness import KINDS, Weakness, weaknesses
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load

PAGES = Path(__file__).parents[3] / "docs" / "findings"
ON = "2026-11-21"
SERVICE = """\
services:
  payments:
    owner: head-of-payments
    impact_tolerance: {duration: 4h}
    rto: 2h
    rpo: 0s
    modes: {full: {capacity: 100%, needs: [ledger], meets_minimum: true}}
"""
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def page(code: str) -> str:
    return (PAGES / f"{KINDS[code].name}.md").read_text(encoding="utf-8")


def found_in(example: str, code: str) -> list[Weakness]:
    text = "institution: Example Bank\n" + example + ("" if "services:\n" in example else SERVICE)
    model, findings = load({"bank.yaml": text}, "bank.yaml", vocabulary())
    assert model is not None, findings
    approved = {"tolerance:payments": "approved"}
    return [weakness for weakness in weaknesses(model, ON, approved) if weakness.code == code]


@pytest.mark.parametrize("code", KINDS)
def test_the_example_is_found_in_these_words_and_gone_when_mended(code: str) -> None:
    weak, mended = BLOCK.findall(page(code))
    quoted = re.findall(r"^> (.+)$", page(code), re.MULTILINE)
    assert [weakness.message for weakness in found_in(weak, code)] == quoted
    assert found_in(mended, code) == []


@pytest.mark.parametrize("code", KINDS)
def test_every_page_has_its_parts(code: str) -> None:
    assert page(code).startswith(f"# {KINDS[code].title}\n\n`{code}` *{KINDS[code].name}*\n")
    parts = re.findall(r"^## (.+)$", page(code), re.MULTILINE)
    assert parts == ["An example", "How it is found", "What to do", "What is not told"]


def test_the_index_names_every_kind_in_order_and_no_other_page_is_there() -> None:
    index = (PAGES / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(HF\d{3})` \| \[(.+)\]\((.+)\.md\) \|$", index, re.MULTILINE)
    assert rows == [(code, kind.title, kind.name) for code, kind in KINDS.items()]
    assert {path.stem for path in PAGES.glob("*.md")} == {"README", *(kind.name for kind in KINDS.values())}
