"""The page of an observation: sources, timeline, disagreements; nothing in a record can break out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.exercises.vocabulary import vocabulary
from holdfast.measures.judgement import judge_exercise
from holdfast.report.html import render
from holdfast.store.opening import open_log
from tests.holdfast.observed import at, records

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))


def test_the_same_record_gives_the_same_page(tmp_path: Path) -> None:
    judgement = records().judge(tmp_path)
    assert render(judgement) == render(judgement)


def test_the_page_tells_sources_lines_and_bounds(tmp_path: Path) -> None:
    made = records()
    made.sections["AURUM"] = made.sections["AURUM"].replace("within: 0ms", "ahead: 1500ms, within: 200ms")
    made.files["aurum.csv"] = made.files["aurum.csv"]
    page = render(made.judge(tmp_path))
    for text in (
        "what AURUM holds",
        "1.50 s ahead, ± 0.20 s",
        "Banks on the phone",
        "between 10:00:02.500",
        "2.00 s to 4.00 s",
    ):
        assert text in page, text
    assert "What was broken" not in page


def test_what_is_missing_and_what_contradicts_stands_on_the_page(tmp_path: Path) -> None:
    made = records()
    del made.sections["positions"]
    made.files["channel.csv"] = made.files["channel.csv"].replace(at(6.6), at(4.6))
    page = render(made.judge(tmp_path))
    assert "no file of positions is among the records." in page
    assert "settlement desk says that it served again" in page


def test_nothing_in_a_record_breaks_out_of_the_page(tmp_path: Path) -> None:
    made = records()
    made.head = made.head.replace("title: A test", f"title: '{HOSTILE}'")
    made.files["channel.csv"] = made.files["channel.csv"].replace("Banks on the phone", HOSTILE)
    made.sections["probe"] = made.sections["probe"].replace("a tool 1.0", HOSTILE)
    page = render(made.judge(tmp_path))
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


def test_a_record_without_payments_is_drawn_without_them(tmp_path: Path) -> None:
    made = records()
    made.sections = {name: made.sections[name] for name in ("probe", "channel")}
    page = render(made.judge(tmp_path))
    assert "payments" not in page.split('class="timeline"')[1].split("</svg>")[0]
    assert "not known: a record is missing" in page


def test_a_day_long_record_has_its_axis_in_minutes_or_hours(tmp_path: Path) -> None:
    made = records()
    made.sections = {"probe": made.sections["probe"].replace("every: 1s", "every: 1h")}
    made.head = made.head.replace('from: "2026-11-20 10:00:00"', 'from: "2026-11-18 10:00:00"').replace(
        "day:", "# day:"
    )
    rows = [f"2026-11-{18 + n // 24} {n % 24:02d}:00:00,{'down' if 20 < n < 25 else 'up'}" for n in range(10, 59)]
    made.files["probe.csv"] = "\n".join(["at,says", *rows, ""])
    picture = render(made.judge(tmp_path)).split('class="timeline"')[1].split("</svg>")[0]
    assert ">hours<" in picture
    assert ">seconds<" not in picture


def test_without_its_manifest_the_page_says_so(tmp_path: Path) -> None:
    judgement = records().judge(tmp_path)
    imported = judgement.case.imported
    assert imported is not None
    manifest = next((tmp_path / "log" / "attachments").glob("*"))
    for path in (tmp_path / "log" / "attachments").iterdir():
        if path.read_bytes().startswith(b"observed: "):
            manifest = path
    manifest.chmod(0o644)
    manifest.unlink()
    with open_log(str(tmp_path / "log")) as log:
        again = judge_exercise(log.read(), log.attachment, judgement.exercise.id, vocabulary())
    assert "the manifest cannot be read" in render(again)
