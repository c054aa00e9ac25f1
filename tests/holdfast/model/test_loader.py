"""What a declaration becomes: types, places, digest, several files, the attachment."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from holdfast.errors import Place
from holdfast.model.loader import attachment, digest_of, load, load_attachment, root_of
from holdfast.model.types import (
    AbortWhen,
    AllOf,
    AnyOf,
    AtLeast,
    Calendar,
    Fault,
    Group,
    ImpactTolerance,
    Indicator,
    Load,
    Mode,
    On,
    Range,
    Resource,
    Scenario,
    Service,
    Site,
)
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS, model, read


def test_the_institution_its_day_and_its_range() -> None:
    whole = model()
    assert (whole.institution, whole.regimes, whole.root) == ("Example Bank", ("pfmi", "dora"), ROOT)
    assert whole.calendar == Calendar("UTC", 420, 1020, 1080)
    assert whole.range == Range(("python", "-m", "meridian"), "fast", {"client": ("safe", "naive")})


def test_a_site_is_in_production_unless_it_says_otherwise() -> None:
    assert model().sites == {
        "dc-a": Site("dc-a", "Data centre A", "range"),
        "dc-b": Site("dc-b", "dc-b", "test"),
        "hq": Site("hq", "hq", "production"),
    }


def test_resources_and_groups() -> None:
    whole = model()
    assert whole.groups == {"ledger": Group("ledger", "database", "The ledger", ("ledger-a", "ledger-b"), 1, 2)}
    assert whole.resources["ledger-a"].needs == AllOf((On("db-a"),))
    assert whole.resources["line"] == Resource("line", "network", "line", "range", None, AllOf(()), ("dc-a", "dc-b"))
    assert whole.resources["desk"].environment == "production"
    assert whole.resources["gateway"].needs == AllOf(
        (
            AllOf((On("ledger"),)),
            AnyOf((On("ledger-a"), On("ledger-b"))),
            AtLeast(1, (On("monitor"), On("line"))),
        )
    )


def test_two_that_need_each_other_are_fine() -> None:
    whole = model()
    assert whole.resources["monitor"].needs == On("gateway")


def test_a_service() -> None:
    assert model().services == {
        "payments": Service(
            name="payments",
            title="Payments",
            owner="head-of-payments",
            impact_tolerance=ImpactTolerance(14_400_000, end_of_day=True),
            rto_ms=7_200_000,
            rpo_ms=0,
            indicator=Indicator(("settled", "queued"), 2_000, 950_000, 3_000, "monitor"),
            modes=(
                Mode("full", 1_000_000, AllOf((On("gateway"), On("ledger"))), meets_minimum=True),
                Mode("slow", 125_000, On("ledger"), meets_minimum=False),
            ),
        )
    }


def test_a_scenario_with_everything_given() -> None:
    assert model().scenarios["crash"] == Scenario(
        name="crash",
        title="A crash",
        family="process-failure",
        exercise_type="functional",
        service="payments",
        basis="It happens.",
        disruption=(Fault("process.kill", "ledger-a", {}, 0, 10_000, 60_000),),
        load=Load(60, 7),
        time_of_day_min=None,
        compression=1,
        checks=("restored", "nothing-lost"),
        expect={"restored": "held"},
        abort_when=AbortWhen(60_000, 180_000),
        steady_ms=1_000,
        after_ms=2_000,
        range_options={"client": "naive"},
    )


def test_a_scenario_with_defaults() -> None:
    scenario = model().scenarios["lost-site"]
    assert scenario.disruption[0].parameters == {"from": ("dc-b", "db-b")}
    assert scenario.disruption[1] == Fault("site.loss", "dc-a", {}, 4_000, 20_000, 60_000)
    assert (scenario.title, scenario.load.seed, scenario.steady_ms, scenario.after_ms) == (
        "lost-site",
        1,
        5_000,
        10_000,
    )
    assert (scenario.time_of_day_min, scenario.compression) == (930, 100)
    assert scenario.checks == ("day-completed", "nothing-lost", "restored")
    assert scenario.abort_when == AbortWhen(None, 300_000)
    assert scenario.range_options == {}


def test_checks_of_a_business_day_are_left_out_without_a_time_of_day() -> None:
    whole = model(WHOLE.replace("    checks: [restored, nothing-lost]\n", ""))
    assert whole.scenarios["crash"].checks == ("nothing-lost", "restored")


def test_parameters_of_every_form() -> None:
    given = "delay: 50ms, loss: 2.5%, burst: 3, both: true, shape: pareto, why: Rain"
    text = WHOLE.replace(
        "{fault: process.kill, target: ledger-a, after: 0s,", "{fault: link.slow, target: line, " + given + ","
    )
    fault = model(text).scenarios["crash"].disruption[0]
    assert fault.parameters == {
        "delay": 50,
        "loss": 25_000,
        "burst": 3,
        "both": True,
        "shape": "pareto",
        "why": "Rain",
    }
    plain = model(text.replace(given, "delay: 1s")).scenarios["crash"].disruption[0]
    assert plain.parameters == {"delay": 1_000, "loss": 0}


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
            name = f"{key}.yaml" if key in {"sites", "services", "resources", "scenarios"} else "bank.yaml"
        files[name] = files.get(name, "") + line
    return {name: text.encode() for name, text in files.items()}


def test_several_files_read_as_one() -> None:
    files = split()
    assert len(files) == 5
    apart, findings = load(files, root_of(files), WORDS)
    assert findings == ()
    assert apart is not None
    one = model()
    for section in ("institution", "regimes", "calendar", "range", "sites", "services", "resources", "scenarios"):
        assert getattr(apart, section) == getattr(one, section)
    assert apart.places["services", "payments"] == Place("services.yaml", 2)


def test_the_root_is_the_file_that_names_the_institution() -> None:
    assert root_of({"a.yaml": "sites: {}", "z.yaml": "# a\n\n'institution' : X"}) == "z.yaml"
    assert root_of({"b.yaml": "", "a.yaml": "  institution: nested"}) == "a.yaml"
    assert root_of({}) == "institution.yaml"


def test_a_name_in_two_files_is_found_with_both_places() -> None:
    files = {**split(), "more.yaml": b"\nsites:\n  dc-a: {environment: range}\n"}
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


def test_nothing_at_all_lacks_an_institution() -> None:
    assert [finding.code for finding in read("")[1]] == ["HF106"]
    assert [finding.code for finding in load({}, "institution.yaml", WORDS)[1]] == ["HF106"]
