"""docs/faults.md says of every fault what its code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.exercises.faults import FAULTS
from tests.repository.tree import read

SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", read(Path("docs/faults.md")), re.MULTILINE | re.DOTALL))


def test_the_page_has_every_fault_and_no_other() -> None:
    assert sorted(SECTIONS) == sorted(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_described_as_it_is(name: str) -> None:
    kind, section = FAULTS[name], SECTIONS[name]
    does = kind.does.format(target="*target*")
    assert (does if does.startswith("*") else does[0].upper() + does[1:]) + "." in section
    assert f"| aimed at | {', '.join(sorted(kind.schema.targets))} |" in section
    assert f"| shown by | {kind.shown_by.format(target='*target*')} |" in section
    assert f"| undone by | {kind.undone_by.format(target='*target*')} |" in section
    needs = re.findall(r"^\| needs \| `(\w+)` \|$", section, re.MULTILINE)
    assert needs == [kind.needs] * (kind.needs is not None)
    parameters = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert parameters == list(kind.schema.parameters)
