"""docs/model.md is held true: the keys, forms, defaults and meanings that it lists are those that the loader reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.documents import MAX_ALIASED_NODES, MAX_DEPTH, MAX_FILE_BYTES, MAX_NODES
from holdfast.model.keys import ONLY_FOR, RESERVED_NAMES, SECTIONS, Key
from holdfast.model.loader import MAX_FILES, load, root_of
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS

PAGE = (Path(__file__).parents[3] / "docs" / "model.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.*?) \|(?: (.+) \|)?$", re.MULTILINE)
PARTS: Mapping[str, str] = {
    part.partition("\n")[0].strip("` "): part for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE)[1:]
}
LINKED = re.compile(r"\[([^\]]+)\]\(#[^)]*\)")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def form_of(key: Key) -> str:
    """Return how the page writes a key's form."""
    words = " ".join(f"`{word}`" for word in key.words)
    of = f"[`{key.of}`](#{key.of})" if key.of in SECTIONS and key.of != "needs" else key.of
    match key.form:
        case "words":
            return f"one of {words}"
        case "list":
            return f"list of {words or of}"
        case "section":
            return of
        case "entries":
            return f"{f'one of {words}' if words else of} by {key.by}"
        case form:
            return form


def default_of(key: Key) -> str:
    """Return how the page writes a key's default."""
    if key.required:
        return "required"
    return "none" if key.default is None else f"`{key.default}`"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_lists_the_keys_that_are_read(section: str) -> None:
    rows = [(*row[:3], LINKED.sub(r"\1", row[3])) for row in ROW.findall(PARTS[section]) if row[3]]
    assert rows == [(name, form_of(key), default_of(key), key.meaning) for name, key in SECTIONS[section].items()]


def test_every_section_of_keys_on_the_page_is_read() -> None:
    assert {title for title, part in PARTS.items() if "| key | form |" in part} == set(SECTIONS)


def test_every_form_is_explained() -> None:
    keys = [key for section in SECTIONS.values() for key in section.values()]
    forms = {form for key in keys for form in (key.form, key.of, key.by) if form and form not in SECTIONS}
    forms = (forms | {"spread", "needs"}) - {"words", "section", "entries"}
    explained = set(re.findall(r"^\| (\w+) \|", PARTS["How values are written"], re.MULTILINE)) - {"form"}
    assert explained == forms


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


def test_the_examples_on_the_page_are_one_declaration_without_findings() -> None:
    files = {f"{number:02}.yaml": text for number, text in enumerate(EXAMPLES)}
    model, findings = load(files, root_of(files), vocabulary())
    assert [str(finding) for finding in findings] == []
    assert model is not None
    assert len(EXAMPLES) > 5
    assert load({"bank.yaml": EXAMPLES[0]}, "bank.yaml", vocabulary())[1] == ()


# Where each section stands in the test's whole declaration.
STANDS: Mapping[str, tuple[str | int, ...]] = {
    "model": (),
    "calendar": ("calendar",),
    "extension": ("calendar", "extension"),
    "range": ("range",),
    "candidate": ("candidates", "trading"),
    "service": ("services", "payments"),
    "why_important": ("services", "payments", "why_important"),
    "impact": ("services", "payments", "impact", "1h"),
    "impact_tolerance": ("services", "payments", "impact_tolerance"),
    "indicator": ("services", "payments", "indicator"),
    "flow": ("services", "payments", "flow"),
    "peak": ("services", "payments", "peaks", "quarter-end"),
    "mode": ("services", "payments", "modes", "slow"),
    "sustain": ("services", "payments", "modes", "slow", "sustain"),
    "site": ("sites", "dc-a"),
    "resource": ("resources", "ledger-a"),
    "group": ("resources", "ledger"),
    "needs": ("resources", "gateway", "needs", 2),
    "hold": ("resources", "db-a", "needs", 0, "power"),
    "common_cause": ("common_causes", "admin-domain"),
    "recovery": ("resources", "ledger-a", "recovery", "rebuild"),
    "failover": ("resources", "ledger", "failover"),
    "works": ("resources", "ledger", "failover", "works"),
    "keeps": ("resources", "vault", "keeps"),
    "spread": ("scenarios", "worst", "decision"),
    "person": ("people", "p1"),
    "role": ("roles", "gold"),
    "rota": ("resources", "dba-team", "rota"),
    "contract": ("resources", "telco", "contract"),
    "continuity": ("resources", "telco", "continuity"),
    "exit": ("resources", "telco", "exit"),
    "segment": ("segments", "data"),
    "flows": ("flows", 0),
    "edges": ("edges", 0),
    "scenario": ("scenarios", "lost-site"),
    "compromise": ("scenarios", "worst", "compromise"),
    "absent": ("scenarios", "worst", "absent"),
    "third_party_out": ("scenarios", "worst", "third_party_out"),
    "slow": ("scenarios", "worst", "slow"),
    "when": ("scenarios", "worst", "when"),
    "dial": ("scenarios", "worst", "severity", "dwell"),
    "inject": ("scenarios", "worst", "injects", 0),
    "disruption": ("scenarios", "lost-site", "disruption", 1),
    "declaration": ("scenarios", "lost-site", "declaration"),
    "set_mode": ("scenarios", "lost-site", "set_mode", 0),
    "load": ("scenarios", "lost-site", "load"),
    "abort_when": ("scenarios", "lost-site", "abort_when"),
    "test_plan": ("test_plan", 0),
    "risk_acceptance": ("risk_acceptances", "one-vault"),
}
# A key that only some kinds have stands in a resource of such a kind.
OF_KIND = {"people": ("resources", "dba-team"), "third-party": ("resources", "telco"), "network": ("resources", "line")}


def test_every_section_stands_somewhere_in_the_whole_declaration() -> None:
    assert set(STANDS) == set(SECTIONS)


@pytest.mark.parametrize(("section", "key"), [(section, key) for section in STANDS for key in SECTIONS[section]])
def test_no_key_is_accepted_that_does_nothing(section: str, key: str) -> None:
    """A value that fits nowhere is refused at every key: each of them is read."""
    whole = yaml.load(WHOLE, Loader=yaml.BaseLoader)  # noqa: S506 - it builds texts, lists and mappings only
    within = whole
    for step in OF_KIND[ONLY_FOR[key][0]] if section == "resource" and key in ONLY_FOR else STANDS[section]:
        within = within[step]
    within[key] = [[["x y"]]]
    findings = load({ROOT: yaml.safe_dump(whole)}, ROOT, WORDS)[1]
    assert {"HF107", "HF110", "HF114", "HF120"} & {finding.code for finding in findings}
