"""What is wrong with a manifest or a file is found with its line, all of it at once; what is sound is read exactly."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.model.findings import Findings
from holdfast.state.observed.keys import COLUMNS, SECTIONS
from holdfast.state.observed.manifest import Manifest, read_manifest
from holdfast.state.observed.rows import Read
from holdfast.state.observed.sources import read_sources
from tests.holdfast.observed import EXPORTED, HEAD, PROBE, Records, at, records

Change = Callable[[Records], None]


def found(made: Records, directory: Path) -> list[str]:
    """Return the findings as ``file:line CODE``."""
    _, findings = made.read(directory)
    return [f"{each.place.file}:{each.place.line} {each.code}" for each in findings if each.severity == "error"]


def told(made: Records, directory: Path) -> str:
    _, findings = made.read(directory)
    return "\n".join(each.message for each in findings)


def replace(name: str, old: str, new: str) -> Change:
    """Return a change of one of the files."""

    def change(made: Records) -> None:
        assert made.files[name].count(old) >= 1
        made.files[name] = made.files[name].replace(old, new, 1)

    return change


def section(name: str, old: str, new: str) -> Change:
    """Return a change of a section of the manifest."""

    def change(made: Records) -> None:
        assert made.sections[name].count(old) == 1
        made.sections[name] = made.sections[name].replace(old, new)

    return change


def test_a_sound_set_has_no_finding(tmp_path: Path) -> None:
    assert found(records(), tmp_path) == []


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        (replace("aurum.csv", "P1,2026-11-20 10:00:01.000", "P1,yesterday"), "aurum.csv:2 HF522", '"yesterday"'),
        (replace("aurum.csv", "10.00", "ten"), "aurum.csv:2 HF522", "amount with a decimal point"),
        (replace("aurum.csv", "10.00", "0.00"), "aurum.csv:2 HF522", "amount"),
        (replace("aurum.csv", "settled", "OK"), "aurum.csv:2 HF522", '"OK"'),
        (replace("aurum.csv", "P3", "P1"), "aurum.csv:3 HF525", "once"),
        (replace("aurum.csv", "10:00:01.050", "09:00:01.050"), "aurum.csv:2 HF523", "before it was offered"),
        (replace("aurum.csv", "P1,2026", ",2026"), "aurum.csv:2 HF522", "a key"),
        (replace("aurum.csv", ",settled,2026-11-20 10:00:01.050", ""), "aurum.csv:2 HF522", "6 cells, got 4"),
        (replace("aurum.csv", "creditor", "payee"), "aurum.csv:1 HF521", '"creditor"'),
        (replace("aurum.csv", "2026-11-20 10:00:01.000", "2026-11-20 22:00:01.000"), "aurum.csv:2 HF523", "36,000 s"),
        (replace("ledger.csv", "P7,AURUM", "P7,AURUM,AURUM"), "ledger.csv:9 HF522", "6 cells, got 7"),
        (replace("ledger.csv", "P9,AURUM,BOREAL,10.00,settled,\n", ""), "observation.yaml:18 HF525", "10 rows"),
        (replace("probe.csv", ",up", ",sideways"), "", ""),
        (replace("probe.csv", at(1.5), at(0.5)), "probe.csv:3 HF525", "one sample"),
        (replace("channel.csv", "detected", "noticed"), "channel.csv:3 HF522", '"noticed"'),
        (replace("channel.csv", "planned", "clever"), "channel.csv:4 HF522", '"clever"'),
        (replace("channel.csv", "exercise lead,Site", ",Site"), "channel.csv:2 HF522", "who and what"),
        (replace("channel.csv", at(6.6), at(1.0)), "channel.csv:4 HF523", "2 s before occurred (line 2"),
        (replace("positions.csv", "BOREAL", "AURUM"), "positions.csv:3 HF525", "another"),
        (section("probe", "every: 1s", "every: 0s"), "observation.yaml:13 HF108", "above zero"),
        (section("probe", "    good: {state: [up]}\n", ""), "observation.yaml:9 HF106", '"good"'),
        (section("probe", "good: {state: [up]}", "good: {at_least: 1}"), "observation.yaml:14 HF106", "good asks for"),
        (section("probe", "state: says", "stat: says"), "observation.yaml:14 HF105", '"stat"'),
        (section("probe", "format: csv", "format: ndjson"), "observation.yaml:12 HF109", "csv or prometheus"),
        (section("probe", "file: probe.csv", "file: ../probe.csv"), "observation.yaml:11 HF108", "this directory"),
        (section("probe", "file: probe.csv", "file: prob.csv"), "observation.yaml:9 HF520", "no such file"),
        (section("ledger", "rows: 10", "rows: 10\n    every: 1s"), "observation.yaml:24 HF105", "every is nothing"),
        (section("AURUM", "    clock: {within: 0ms}\n", ""), "observation.yaml:40 HF106", '"clock"'),
        (section("AURUM", "record: participant", "record: participants"), "observation.yaml:41 HF109", "participants"),
        (section("AURUM", "participant: AURUM", "participant: BOREAL"), "observation.yaml:49 HF104", "one source"),
        (
            section("channel", "record: timeline", "record: timeline\n    times: '%d %B'"),
            "observation.yaml:34 HF108",
            "",
        ),
        (section("channel", "within: 0ms", "within: 0ms, ahead: 2"), "observation.yaml:38 HF108", "350ms"),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(tmp_path: Path, change: Change, expected: str, said: str) -> None:
    made = records()
    change(made)
    assert expected in (found(made, tmp_path) or [""]), found(made, tmp_path)
    assert said in told(made, tmp_path)


def test_everything_that_is_wrong_is_found_at_once(tmp_path: Path) -> None:
    made = records()
    for change in (
        replace("aurum.csv", "10.00", "ten"),
        replace("boreal.csv", "settled", "fine"),
        replace("channel.csv", "detected", "noticed"),
    ):
        change(made)
    assert found(made, tmp_path) == ["aurum.csv:2 HF522", "boreal.csv:2 HF522", "channel.csv:3 HF522"]


def test_a_set_of_another_time_is_found(tmp_path: Path) -> None:
    """The usual mistake: the probe writes local time, and nobody said so."""
    made = records()
    made.sections = {"probe": PROBE.replace("format: csv", "format: csv\n    time_zone: Asia/Kolkata")}
    assert found(made, tmp_path) == ["observation.yaml:9 HF526"]


def test_a_zone_that_changes_while_it_ran_is_refused(tmp_path: Path) -> None:
    made = records()
    made.sections = {"probe": PROBE}
    made.head = HEAD.replace("day: {", "time_zone: Europe/Amsterdam\n#").replace(
        "2026-11-20 10:00:00", "2026-10-24 10:00:00"
    )
    made.head = made.head.replace("2026-11-20 10:00:10", "2026-10-26 10:00:00")
    assert "Europe/Amsterdam changes its offset between the times that are given" in told(made, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("observed: recovery-test", "observed: rehearsal", "HF109"),
        ("lead: exercise lead\n", "", "HF106"),
        ('from: "2026-11-20 10:00:00"', "from: noon", "HF108"),
        ('to: "2026-11-20 10:00:10"', 'to: "2026-11-20 09:00:10"', "HF523"),
        ('to: "2026-11-20 10:00:10"', 'to: "2026-11-20 10:00:10"\ntime_zone: Mars/Base', "HF108"),
        ("title: A test", "title: A test\nowner: me", "HF105"),
        ('close_by: "2026-11-20 10:00:40"', 'close_by: "2026-11-20 10:00:11"', "HF523"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    made = records()
    assert old in made.head
    made.head = made.head.replace(old, new)
    assert code in " ".join(found(made, tmp_path))


@pytest.mark.parametrize("scenario", ["campus-fire", "zuidas-evacuated", "carrier-down"])
def test_nothing_is_claimed_that_the_type_of_the_scenario_does_not_allow(tmp_path: Path, scenario: str) -> None:
    """A tabletop, a walkthrough and a simulation show no recovery, whoever recorded it."""
    _, findings = records().read(tmp_path, scenario)
    assert [each.code for each in findings] == ["HF524"]


def amsterdam(made: Records, begun: str, ended: str, cut_off: str, close_by: str) -> None:
    """Let the manifest be of another time, all of it in Amsterdam, with nothing but a probe that looked twice."""
    made.head = (
        HEAD.replace("2026-11-20 10:00:00", begun)
        .replace("2026-11-20 10:00:10", ended)
        .replace("2026-11-20 10:00:12", cut_off)
        .replace("2026-11-20 10:00:40", close_by)
        .replace("day:", "time_zone: Europe/Amsterdam\nday:")
    )
    made.sections = {"probe": PROBE.replace("every: 1s", "every: 1h")}
    made.files["probe.csv"] = f"at,says\n{begun},up\n{ended},up\n"


def test_a_deadline_behind_a_change_of_the_clocks_is_refused(tmp_path: Path) -> None:
    """The night of 28 March 2026: a close by 06:00 would be read an hour late, and a day that was late as in time."""
    made = records()
    amsterdam(made, "2026-03-28 22:00:00", "2026-03-28 23:00:00", "2026-03-28 23:30:00", "2026-03-29 06:00:00")
    assert "changes its offset between the times that are given" in told(made, tmp_path / "over")
    made.head = made.head.replace('"2026-03-29 06:00:00"', '"2026-03-29 06:00:00+02:00"')
    assert "changes its offset" not in told(made, tmp_path / "said")


def test_an_hour_that_comes_twice_is_not_guessed(tmp_path: Path) -> None:
    made = records()
    amsterdam(made, "2026-10-25 02:10:00", "2026-10-25 02:50:00", "2026-10-25 02:51:00", "2026-10-25 02:52:00")
    assert "changes its offset" in told(made, tmp_path)


def test_a_line_of_the_timeline_behind_a_change_of_the_clocks_is_refused(tmp_path: Path) -> None:
    made = records()
    made.head = made.head.replace("2026-11-20", "2026-10-24")
    made.sections = {
        "channel": made.sections["channel"].replace("format: csv", "format: csv\n    time_zone: Europe/Paris")
    }
    made.head = made.head.replace("sources:", "time_zone: Europe/Paris\nsources:")
    for before in (3.0, 4.5, 6.6, 14.0):
        made.files["channel.csv"] = made.files["channel.csv"].replace(at(before), at(before).replace("11-20", "10-24"))
    made.files["channel.csv"] = made.files["channel.csv"].replace(at(9), "2026-10-26 08:00:00")
    made.sections["channel"] = made.sections["channel"].replace("2026-11-20 12:00:00", "2026-11-20 12:00:00+01:00")
    assert found(made, tmp_path) == ["channel.csv:5 HF526"]


def test_a_step_that_is_longer_than_it_was_hides_gaps_and_is_refused(tmp_path: Path) -> None:
    made = records()
    made.sections["probe"] = made.sections["probe"].replace("every: 1s", "every: 1h")
    assert "every says 1h, and samples usually are 1s apart" in told(made, tmp_path)


def test_what_struck_outside_the_time_observed_is_refused(tmp_path: Path) -> None:
    """A quiet half hour after an outage, with the outage's own timeline, would hold everything."""
    made = records()
    made.head = made.head.replace('from: "2026-11-20 10:00:00"', 'from: "2026-11-20 10:00:06"')
    assert "channel.csv:2 HF526" in found(made, tmp_path)
    assert "it occurred 3 s before the time that is observed" in told(made, tmp_path)


def test_a_heading_that_comes_twice_is_not_guessed(tmp_path: Path) -> None:
    made = records()
    made.files["probe.csv"] = made.files["probe.csv"].replace("at,says", "at,says,says").replace(",up", ",up,down")
    made.files["probe.csv"] = (
        made.files["probe.csv"].replace(",down\n", ",down,down\n").replace(",down,down,", ",down,")
    )
    assert 'expected one column "says", got two' in told(made, tmp_path)


@pytest.mark.parametrize(("latency", "said"), [("-1", "no latency below zero"), ("fast", "expected numbers")])
def test_an_answer_that_took_no_time_is_no_good_sample(tmp_path: Path, latency: str, said: str) -> None:
    made = records()
    made.sections["probe"] = made.sections["probe"].replace("state: says}", "state: says, latency_ms: took}")
    made.sections["probe"] = made.sections["probe"].replace("state: [up]", "state: [up], latency: 2s")
    rows = made.files["probe.csv"].splitlines()[1:]
    made.files["probe.csv"] = "\n".join(
        ["at,says,took", *(f"{row},40" for row in rows[:-1]), f"{rows[-1]},{latency}", ""]
    )
    assert said in told(made, tmp_path)


# -- Prometheus --


def prometheus(answer: object, **more: str) -> tuple[Read, Findings]:
    """Return what is read of an answer to a range query."""
    rule = more.get("rule", "good: {at_least: 1}")
    manifest_text = HEAD + (
        "  probe:\n    record: availability\n    file: p.json\n    format: prometheus\n    every: 5s\n"
        "    clock: {within: 0s}\n"
        f"    {rule}\n    series: {more.get('series', '{instance: a}')}\n    exported: {EXPORTED}\n"
    )
    findings = Findings()
    manifest = read_manifest("observation.yaml", manifest_text.encode(), findings)
    assert isinstance(manifest, Manifest), findings.by_place()
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return read_sources(manifest, {"probe": text.encode()}, {}, findings), findings


def matrix(values: list[list[object]], **labels: str) -> dict[str, object]:
    one = {"metric": {"__name__": "probe_success", "instance": "a"} | labels, "values": values}
    other = {"metric": {"__name__": "probe_success", "instance": "b"}, "values": [[1, "0"]]}
    return {"status": "success", "data": {"resultType": "matrix", "result": [one, other]}}


def test_the_chosen_series_of_a_range_query_is_read_exactly() -> None:
    read, findings = prometheus(matrix([[1763632800.781, "1"], [1763632805.781, "0"], [1763632810, "1.0e0"]]))
    assert findings.by_place() == ()
    assert read.samples is not None
    assert [(each.at_us, each.good) for each in read.samples.samples] == [
        (1_763_632_800_781_000, True),
        (1_763_632_805_781_000, False),
        (1_763_632_810_000_000, True),
    ]


def test_what_is_not_a_number_is_no_sample() -> None:
    read, findings = prometheus(matrix([[1763632800, "1"], [1763632805, "NaN"], [1763632810, "1"]]))
    assert not findings.has_errors
    assert read.samples is not None
    assert len(read.samples.samples) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("{", "expected JSON"),
        ({"status": "error", "errorType": "timeout", "error": "query timed out"}, "query timed out"),
        ({"status": "success", "data": {"resultType": "vector", "result": []}}, '"vector"'),
        (matrix([[1, "1"]]) | {"warnings": ["store 3 is away"]}, "store 3 is away"),
        ([1, 2], "other JSON"),
        (matrix([[1763632800, "up"]]), '"up"'),
        (matrix([[1763632800]]), "[seconds, value]"),
        (matrix([[1, "1"]], instance="c"), "got 0 of 2"),
    ],
)
def test_an_answer_that_is_not_whole_is_refused(answer: object, said: str) -> None:
    _, findings = prometheus(answer)
    assert findings.has_errors
    assert said in " ".join(each.message for each in findings.by_place())


def test_labels_that_fit_several_series_choose_none() -> None:
    _, findings = prometheus(matrix([[1, "1"]]), series="{__name__: probe_success}")
    assert "got 2 of 2" in findings.by_place()[0].message


# -- anything at all --


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_at_all_make_the_reading_fail(data: st.DataObject) -> None:
    """Whatever stands in the files, it is read or it is a finding."""
    made = records()
    name = data.draw(st.sampled_from(["manifest", *made.files]))
    text = (made.head + "".join(made.sections.values())) if name == "manifest" else made.files[name]
    whole = text.encode()
    begin = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(begin, len(whole)))
    mutated = whole[:begin] + data.draw(st.binary(max_size=12)) + whole[end:]
    findings = Findings()
    first = mutated if name == "manifest" else (made.head + "".join(made.sections.values())).encode()
    manifest = read_manifest("observation.yaml", first, findings)
    if manifest is None:
        assert findings.has_errors
        return
    files: dict[str, bytes | str] = {each.name: made.files.get(each.file, "").encode() for each in manifest.sources}
    files |= {each.name: mutated for each in manifest.sources if each.file == name}
    read = read_sources(manifest, files, {}, findings)
    assert set(read.unread) <= {each.name for each in manifest.sources}
    assert findings.has_errors == bool(read.unread)


# -- the page --


def test_the_page_lists_every_key_and_column() -> None:
    page = Path("docs/observe.md").read_text()
    for name, keys in SECTIONS.items():
        for key, rule in keys.items():
            row = next(
                (line for line in page.splitlines() if line.startswith(f"| `{key}` |") and rule.meaning in line), ""
            )
            assert row, (name, key)
            assert ("needed" in row) == rule.required, (name, key)
    for record, (must, may) in COLUMNS.items():
        listed = next(each for each in page.splitlines() if each.startswith(f"| `{record}` | `csv`"))
        assert all(f"`{column}`" in listed for column in (*must, *may)), record


def test_the_pages_example_is_sound() -> None:
    example = Path("docs/observe.md").read_text().split("```yaml\n")[1].split("```")[0]
    findings = Findings()
    manifest = read_manifest("observation.yaml", example.encode(), findings)
    assert findings.by_place() == ()
    assert manifest is not None
    assert [source.record for source in manifest.sources] == ["availability", "participant"]
