"""How a declaration is loaded: places, several files, digest, the attachment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from holdfast.errors import Place
from holdfast.model.keys import MODEL, ROOT_ONLY
from holdfast.model.loader import attachment, digest_of, load, load_attachment, root_of
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS, model, read


def test_every_value_knows_its_line() -> None:
    lines = WHOLE.splitlines()
    places = model().places
    for path, place in places.items():
        if not path:
            continue
        assert place.file == ROOT
        # A key stands in its own line; an item of a list in the line where it begins.
        assert path[-1] in lines[place.line - 1] or path[-1].isdigit(), path
    assert places["services", "payments", "rto"].line == lines.index("    rto: 2h") + 1
    assert (
        places["scenarios", "lost-site", "disruption", "1", "target"].line
        == places["scenarios", "lost-site", "disruption", "0", "target"].line + 1
    )


def split() -> dict[str, bytes]:
    """Return the whole declaration in one file for each section."""
    files = {"bank.yaml": ""}
    name = "bank.yaml"
    for line in WHOLE.splitlines(keepends=True):
        if not line.startswith(" "):
            key = line.partition(":")[0]
            name = f"{key}.yaml" if key not in ROOT_ONLY else "bank.yaml"
        files[name] = files.get(name, "") + line
    return {name: text.encode() for name, text in files.items()}


def test_several_files_read_as_one() -> None:
    files = split()
    assert len(files) == 1 + len(MODEL) - len(ROOT_ONLY)
    apart, findings = load(files, root_of(files), WORDS)
    assert findings == ()
    assert apart is not None
    one = model()
    for section in (*MODEL, "groups"):
        assert getattr(apart, section) == getattr(one, section)
    assert apart.places["services", "payments"] == Place("services.yaml", 2)


def test_the_root_is_the_file_that_names_the_institution() -> None:
    assert root_of({"a.yaml": "sites: {}", "z.yaml": "# a\n\n'institution' : X"}) == "z.yaml"
    assert root_of({"b.yaml": "", "a.yaml": "  institution: nested"}) == "a.yaml"
    assert root_of({}) == "institution.yaml"


def test_a_name_in_two_files_is_found_with_both_places() -> None:
    files = {**split(), "more.yaml": b"\nsites:\n  dc-a: {environment: range, shares: {landlord: one}}\n"}
    unusable, findings = load(files, root_of(files), WORDS)
    assert unusable is None
    assert [(str(finding.place), finding.code) for finding in findings] == [("sites.yaml:2", "HF104")]
    assert "more.yaml:3" in findings[0].message


def test_what_belongs_in_the_root_is_found_elsewhere() -> None:
    files = {**split(), "more.yaml": b"institution: Another\ncalendar: {}\nsites: none\n"}
    findings = load(files, "bank.yaml", WORDS)[1]
    assert [(finding.place.line, finding.code) for finding in findings] == [(1, "HF112"), (2, "HF112"), (3, "HF107")]


def test_names_are_not_looked_up_while_a_file_cannot_be_read() -> None:
    files = {**split(), "sites.yaml": b"sites: [\n"}
    findings = load(files, "bank.yaml", WORDS)[1]
    assert {finding.code for finding in findings} == {"HF102"}


def test_the_digest_is_what_sha256sum_prints(tmp_path: Path) -> None:
    files = split()
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    command = "LC_ALL=C sha256sum *.yaml | sha256sum"
    printed = subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert printed.stdout.split()[0] == digest_of(files)
    loaded = load(files, "bank.yaml", WORDS)[0]
    assert loaded is not None
    assert loaded.digest == digest_of(files)
    assert digest_of(files) != digest_of({**files, "bank.yaml": files["bank.yaml"] + b"#"})


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf", b"# \xc3\xa9\r\n"])
def test_the_attachment_reads_back_as_the_same_model(prefix: bytes) -> None:
    files = split()
    files["bank.yaml"] = prefix + files["bank.yaml"]
    before, _ = load(files, root_of(files), WORDS)
    assert before is not None
    again, findings = load_attachment(attachment(before), WORDS)
    assert findings == ()
    assert again == before
    assert json.loads(attachment(before)) == {
        "files": {name: data.decode() for name, data in files.items()},
        "root": "bank.yaml",
    }


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"files": [], "root": "a"}', '{"files": {"a": 1}, "root": "a"}', "[" * 100_000],
)
def test_a_damaged_attachment_is_a_finding(text: str) -> None:
    unusable, findings = load_attachment(text, WORDS)
    assert unusable is None
    assert [finding.code for finding in findings] == ["HF113"]


def test_a_lone_surrogate_in_an_attachment_is_a_finding() -> None:
    unusable, findings = load_attachment('{"files": {"a": "\\ud800"}, "root": "a"}', WORDS)
    assert unusable is None
    assert [finding.code for finding in findings] == ["HF101"]


def test_a_model_of_before_the_families_were_fixed_is_refused_where_it_says_so() -> None:
    """Scenarios once named their family as they liked: a verdict on such a log is for the version that ran it."""
    files = {ROOT: WHOLE.replace("    family: hardware", "    family: process-failure")}
    unusable, findings = load_attachment(json.dumps({"files": files, "root": ROOT}), WORDS)
    line = WHOLE[: WHOLE.index("    family: hardware")].count("\n") + 1
    assert unusable is None
    assert [(finding.code, str(finding.place)) for finding in findings] == [("HF109", f"{ROOT}:{line}")]
    assert '"process-failure"' in findings[0].message


def test_nothing_at_all_lacks_an_institution() -> None:
    assert [finding.code for finding in read("")[1]] == ["HF106"]
    assert [finding.code for finding in load({}, "institution.yaml", WORDS)[1]] == ["HF106"]


def test_a_rule_that_came_after_a_model_was_recorded_does_not_refuse_it() -> None:
    files = {ROOT: WHOLE.replace('close_by: "18:00"', 'close_by: "16:00"')}
    assert files[ROOT] != WHOLE
    assert load(files, ROOT, WORDS)[0] is None
    again, findings = load_attachment(json.dumps({"files": files, "root": ROOT}), WORDS)
    assert {finding.code for finding in findings if finding.severity == "error"} == {"HF123"}
    assert again is not None
    assert again.digest == digest_of(files)
    assert again.services == model().services
