"""docs/model.md is held true: the keys, forms and defaults that it lists are those that the loader reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.documents import MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES
from holdfast.model.keys import RESERVED_NAMES, SECTIONS, Key
from holdfast.model.loader import MAX_FILES, load
from holdfast.model.quantities import FORMS
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS

PAGE = (Path(__file__).parents[3] / "docs" / "model.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.*?) \|(?: (.+) \|)?$", re.MULTILINE)
PARTS: Mapping[str, str] = {
    part.partition("\n")[0].strip("` "): part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}


def form_of(key: Key) -> str:
    """Return how the page writes a key's form."""
    words = " ".join(f"`{word}`" for word in key.words)
    if key.form == "words":
        return f"one of {words}"
    return f"{key.form} of {words}" if words else key.form


def default_of(key: Key) -> str:
    """Return how the page writes a key's default."""
    if key.required:
        return "required"
    return "none" if key.default is None else f"`{key.default}`"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_lists_the_keys_that_are_read(section: str) -> None:
    rows = [(name, form, default) for name, form, default, meaning in ROW.findall(PARTS[section]) if meaning]
    assert rows == [(name, form_of(key), default_of(key)) for name, key in SECTIONS[section].items()]


def test_every_section_of_keys_on_the_page_is_read() -> None:
    assert {title for title, part in PARTS.items() if "| key | form |" in part} == set(SECTIONS)


def test_every_form_is_explained() -> None:
    forms = {key.form for section in SECTIONS.values() for key in section.values()} - {"words"}
    explained = set(re.findall(r"^\| (\w+) \|", PARTS["How values are written"], re.MULTILINE)) - {"form"}
    assert explained == forms | set(FORMS)


def test_the_limits_are_the_ones_that_are_kept() -> None:
    files = PARTS["Files"]
    assert f"at most {MAX_FILE_BYTES // 1024**2} MB and {MAX_NODES:,} values each" in files
    assert f"at most {MAX_FILES:,} of them, nested at most {MAX_DEPTH} levels" in files
    assert f"at most {MAX_ALIASED_NODES:,} values" in files
    assert all(f"`{name}`" in PARTS["How values are written"] for name in RESERVED_NAMES)


def test_the_page_lists_the_faults_that_can_be_named() -> None:
    rows = (line.split("|")[1:-1] for line in PARTS["Faults"].splitlines() if line.startswith("| `"))
    listed = {name.strip(" `"): (aimed.split(), own.split()) for name, aimed, own in rows}
    assert listed == {
        name: ([f"`{kind}`" for kind in sorted(taken.targets)], [f"`{key}`" for key in taken.parameters])
        for name, taken in vocabulary().faults.items()
    }


def test_the_example_on_the_page_has_no_findings() -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    model, findings = load({"bank.yaml": example[1]}, "bank.yaml", vocabulary())
    assert findings == ()
    assert model is not None


# Where each section stands in the test's whole declaration.
STANDS: Mapping[str, tuple[str | int, ...]] = {
    "model": (),
    "calendar": ("calendar",),
    "range": ("range",),
    "site": ("sites", "dc-a"),
    "resource": ("resources", "ledger-a"),
    "group": ("resources", "ledger"),
    "service": ("services", "payments"),
    "impact_tolerance": ("services", "payments", "impact_tolerance"),
    "indicator": ("services", "payments", "indicator"),
    "mode": ("services", "payments", "modes", "full"),
    "scenario": ("scenarios", "lost-site"),
    "disruption": ("scenarios", "lost-site", "disruption", 1),
    "load": ("scenarios", "lost-site", "load"),
    "abort_when": ("scenarios", "lost-site", "abort_when"),
}


@pytest.mark.parametrize(
    ("section", "key"), [(section, key) for section in STANDS for key in SECTIONS[section] if section != "needs"]
)
def test_no_key_is_accepted_that_does_nothing(section: str, key: str) -> None:
    """A value that fits nowhere is refused at every key: each of them is read."""
    whole = yaml.load(WHOLE, Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts, lists and mappings only
    within = whole
    for step in STANDS[section]:
        within = within[step]
    within[key] = [[["x y"]]]
    findings = load({ROOT: yaml.safe_dump(whole)}, ROOT, WORDS)[1]
    assert {"HF107", "HF110"} & {finding.code for finding in findings}
