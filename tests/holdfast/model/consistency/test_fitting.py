"""What takes more than one declaration to see: names of the wrong sort, lines in several files, drills and services."""

from __future__ import annotations

import pytest

from holdfast.model.consistency import drills
from holdfast.model.deciding import decided
from holdfast.model.findings import Finding
from holdfast.model.loader import load
from tests.holdfast.model.declared import ROOT, WHOLE, WORDS, changed, read


def told(text: str) -> list[str]:
    """Return the findings of a text in the order of their lines, as code and message."""
    return [f"{finding.code} {finding.message}" for finding in read(text)[1]]


def instead(old: str, new: str) -> list[str]:
    return told(changed(old, new)[0])


@pytest.mark.parametrize(
    ("written", "is_a"),
    [
        ("ledger", "group"),
        ("dc-a", "site"),
        ("payments", "service"),
        ("gold", "role"),
        ("p1", "person"),
        ("data", "segment"),
        ("crash", "scenario"),
        ("trading", "candidate"),
        ("vault", "resource of kind information"),
    ],
)
def test_a_name_of_another_sort_is_called_what_it_is(written: str, is_a: str) -> None:
    assert instead("    subcontracts: [carrier]", f"    subcontracts: [{written}]") == [
        f'HF111 expected the name of a declared resource of kind third-party or fmi, got "{written}", which is a {is_a}'
    ]


def several(**files: str) -> tuple[object, tuple[Finding, ...]]:
    return load({f"{name}.yaml": text for name, text in files.items()}, "bank.yaml", WORDS)


def test_lists_of_several_files_are_one_and_every_line_keeps_its_place() -> None:
    flow = "  - {{from: one, to: two, port: {port}}}\n"
    files = {
        "bank.yaml": "institution: Bank\nresources: {one: {kind: host}, two: {kind: host}}\nflows:\n"
        + flow.format(port=1),
        "b.yaml": "flows:\n" + flow.format(port=4),
        "a.yaml": "# first\nflows:\n" + flow.format(port=2) + flow.format(port=3),
    }
    model, findings = load(files, "bank.yaml", WORDS)
    assert findings == ()
    assert model is not None
    assert [line.port for line in model.flows] == [1, 2, 3, 4]
    places = [str(model.place("flows", str(position), "port")) for position in range(4)]
    assert places == ["bank.yaml:4", "a.yaml:3", "a.yaml:4", "b.yaml:2"]


def test_a_line_that_stands_in_two_files_is_told_where_it_stands_again() -> None:
    line = "test_plan:\n  - {scenario: crash, service: payments, type: functional, every: 1y, valid: 1y}\n"
    findings = load({ROOT: WHOLE, "more.yaml": line, "most.yaml": "\n" + line}, ROOT, WORDS)[1]
    assert [(finding.code, str(finding.place)) for finding in findings] == [
        ("HF104", "more.yaml:2"),
        ("HF104", "most.yaml:3"),
    ]


def test_a_list_where_a_mapping_belongs_and_the_other_way_round() -> None:
    _, findings = several(bank="institution: Bank\nflows: {a: b}\n", more="people:\n- a\n")
    assert [(finding.code, str(finding.place)) for finding in findings] == [
        ("HF107", "bank.yaml:2"),
        ("HF107", "more.yaml:1"),
    ]


def test_what_only_the_root_may_carry() -> None:
    _, findings = several(bank="institution: Bank\n", more="regimes: [dora]\n")
    assert [finding.code for finding in findings] == ["HF112"]


def test_production_that_stands_on_a_test_by_way_of_groups() -> None:
    text = """\
institution: Bank
resources:
  app: {kind: application, needs: [pair]}
  one: {kind: application}
  two: {kind: application}
  pair: {kind: application, members: [one, two], needs: [disks]}
  disk: {kind: host}
  disks: {kind: host, members: [disk, spare]}
  spare: {kind: host, environment: test}
"""
    assert told(text) == ['HF138 "app" is in production and needs "pair", and so "spare", which is in test']


def test_a_drill_of_a_service_that_nobody_measures() -> None:
    indicator = next(line for line in WHOLE.splitlines() if line.startswith("    indicator:"))
    text, _ = changed(f"{indicator}\n", "")
    assert told(text) == [
        f'HF139 scenario "{name}" is rehearsed, and service "payments" has no indicator'
        for name in ("crash", "lost-site")
    ]


def test_a_drill_lacks_what_it_does_not_have() -> None:
    assert instead("    load: {rate: 60/s, seed: 7}\n", "") == [
        'HF139 missing key "load" in scenario "crash", which is rehearsed'
    ]


def test_a_scenario_hits_something() -> None:
    text = WHOLE + "\n"
    begin, end = text.index("    slow: {name: line"), text.index("    when: {peak")
    assert told(text[:begin] + text[end:]) == ['HF140 scenario "worst" hits nothing']


def test_a_time_of_day_belongs_to_a_calendar() -> None:
    begin, end = WHOLE.index("calendar:"), WHOLE.index("range:")
    assert told(WHOLE[:begin] + WHOLE[end:]) == ["HF133 expected a calendar to go with time_of_day"]


def test_a_peak_belongs_to_its_service() -> None:
    text = WHOLE.replace("    type: tabletop\n    service: payments", "    type: tabletop\n    service: reporting")
    assert told(text) == ['HF111 expected a peak of service "reporting", got "quarter-end"']


SET_MODE = '      - {mode: slow, day: 2, at: "16:00"}\n'


def test_a_mode_that_is_set_is_one_of_its_service() -> None:
    text = WHOLE.replace(SET_MODE, SET_MODE.replace("slow", "slower"))
    assert told(text) == ['HF111 expected a mode of service "payments", got "slower"']


def test_a_mode_that_is_set_is_decided_by_a_role() -> None:
    text = WHOLE.replace("        decision: gold\n", "")
    assert told(text) == ['HF139 scenario "lost-site" sets a mode of "payments" that no role decides']


def test_whoever_decided_a_mode_decides_its_end() -> None:
    text = WHOLE.replace(SET_MODE, SET_MODE + '      - {mode: full, day: 2, at: "16:30"}\n')
    found, _ = read(text)
    assert found is not None
    decisions = decided(found.scenarios["lost-site"], found.services["payments"])
    assert [(change.mode, change.day, change.at_min, by) for change, by in decisions] == [
        ("slow", 2, 960, "gold"),
        ("full", 2, 990, "gold"),
    ]


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        ('{mode: slow, day: 3, at: "16:00"}', "HF133 expected one of the 2 days of the drill, got day 3"),
        ('{mode: slow, at: "06:59", day: 2}', "HF133 expected a time between open and cut_off of the calendar"),
        ('{mode: slow, at: "15:00"}', "HF132 expected modes in the order in which they are set, none before the first"),
    ],
)
def test_a_mode_is_set_on_a_rehearsed_day_while_it_is_open(instead: str, code: str) -> None:
    text = WHOLE.replace(SET_MODE, f"      - {instead}\n")
    [found] = told(text)
    assert found.startswith(code)


def test_drills_beyond_the_limit_are_said_not_to_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drills, "MAX_STEPS", 0)
    text = WHOLE.replace("type: site\n    service: payments", "type: site\n    service: reporting")
    text = text.replace("    set_mode:\n" + SET_MODE, "")
    text = text.replace(
        "    rpo: 1h\n",
        "    rpo: 1h\n    indicator: {answer: [settled], within: 2s, participants: 9%, window: 3s, probe: monitor}\n",
    )
    model, findings = read(text)
    assert model is not None
    assert [(finding.code, finding.severity) for finding in findings] == [("HF136", "note")]


def test_what_is_hit_in_production_is_named_and_counted() -> None:
    offices = "".join(f"  office-{number}: {{kind: facility, site: hq}}\n" for number in range(6))
    text, _ = changed("  rtgs: {kind: fmi}\n", f"  rtgs: {{kind: fmi}}\n{offices}")
    text = text.replace("from: [dc-b, db-b]", "from: [dc-b, db-b, hq]")
    assert told(text) == ['HF130 fault network.partition would hit "hq", "desk", "office-0" and 5 more in production']


def test_no_more_persons_are_named_in_a_team_than_it_has() -> None:
    more = "".join(f"  x{number}: {{title: Administrator, teams: [dba-team]}}\n" for number in range(4))
    assert instead("  p2: {title: Head of operations}\n", f"{more}  p2: {{title: Head of operations}}\n") == [
        'HF127 expected at most 4 persons in "dba-team" (its headcount), got 5: p1, x0, x1, x2 and x3'
    ]


def test_nobody_is_missing_where_no_team_has_a_headcount() -> None:
    text = "institution: Bank\nresources: {desk: {kind: people}}\n"
    service = "{impact_tolerance: {duration: 4h}, rto: 1h, rpo: 0s, "
    service += "modes: {only: {capacity: 100%, needs: [desk], meets_minimum: true}}}"
    scenario = "{family: people, type: tabletop, service: pay, basis: Flu., absent: {share: 40%, lasts: 7d}}"
    text += f"services: {{pay: {service}}}\nscenarios: {{flu: {scenario}}}\n"
    assert told(text) == ['HF140 scenario "flu" takes people away, and no team has a headcount']
    assert told(text.replace("kind: people", "kind: people, headcount: 3")) == []
