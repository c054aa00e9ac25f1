"""``holdfast tabletop``: from a file, by single commands, interrupted and resumed; every line is durable at once."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.tabletop_lines import Agree, Close, Decide, Here, MoveTo, Next, Say, parse, parse_all
from holdfast.errors import UsageError
from tests.holdfast.commands import Run, holdfast
from tests.holdfast.state.spoken_log import DECLARED

SCRIPT = """\
# who is there
here silver
next
next
decide 2 yes silver at 25m: Restart it
note gold: Nobody asked why
next
at 2h
hot-wash: We were slow
action: A sheet of phone numbers; press; 2027-01-31
close: time was up
"""


@dataclass(frozen=True, slots=True)
class Room:
    """A model, a log, and the command on both."""

    home: Path

    def do(self, *arguments: object) -> Run:
        return holdfast("tabletop", *arguments, "--log", self.home / "evidence", state=self.home / "state")

    def run(self, script: str, *more: object) -> Run:
        (self.home / "script.txt").write_text(script, encoding="utf-8")
        return self.do("run", "talk", "--from", self.home / "script.txt", "--model", self.home / "model", *more)

    def listed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.do("list", "--json").out)["tabletops"]
        return found

    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.do("show", self.listed()[-1]["exercise"], "--json").out)
        return found


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "bank.yaml").write_text(DECLARED, encoding="utf-8")
    return Room(tmp_path)


def test_a_tabletop_from_a_file(room: Room) -> None:
    done = room.run(SCRIPT)
    assert (done.code, done.err) == (0, "")
    assert "inject 2 of 3, 0:10, to silver" in done.out
    shown = room.shown()
    assert [(each["number"], each["answer"], each["outcome"]) for each in shown["expected"]] == [
        (2, "held", "in time"),
        (3, "broken", "not made"),
    ]
    assert (shown["verdict"], shown["evidence_class"], shown["closed"]) == ("broken", "discussion", True)
    assert (shown["attended"], shown["absent"]) == (["silver"], ["press"])
    assert [each["fact"] for each in shown["notes"]] == ["attended", "note", "hot-wash", "closed"]
    assert shown["actions"][0]["due"] == "2027-01-31"
    assert room.do("show", shown["exercise"]).code == 1


def test_what_was_interrupted_goes_on_where_it_was(room: Room) -> None:
    lines = SCRIPT.splitlines(keepends=True)
    assert "still open: holdfast tabletop run talk goes on" in room.run("".join(lines[:5])).out
    (first,) = room.listed()
    resumed = room.run(SCRIPT)
    assert "goes on at 0:25, 2 of 3 injects told" in resumed.out
    assert room.listed() == [{**first, "closed": True}]
    whole = room.shown()
    assert room.run(SCRIPT, "--new").code == 0
    again = room.shown()
    assert again["exercise"] != whole["exercise"]
    assert [each["outcome"] for each in again["expected"]] == [each["outcome"] for each in whole["expected"]]
    assert len(whole["notes"]) == len(again["notes"]) == 4


def test_a_file_that_was_changed_before_where_it_stopped_is_refused(room: Room) -> None:
    """What was put before the lines that were recorded would be passed over, and nobody would know."""
    room.run("here silver\nnext\n")
    refused = room.run("here silver\nnote: Added later\nnext\nclose: enough\n")
    assert (refused.error, "add to its end" in refused.err) == ("HF987", True)
    assert room.run("here silver\nnext\nnote: Added later\nclose: enough\n").code == 0
    assert [each["text"] for each in room.shown()["notes"]] == ["", "Added later", "enough"]


def test_several_people_can_feed_it(room: Room) -> None:
    room.run("here silver\nnext\n")
    assert room.do("tell").code == 0
    assert room.do("decide", "Restart it", "--inject", "2", "--as-expected", "yes", "--by", "silver").code == 0
    assert room.do("note", "They knew it by heart", "--by", "Ada de Vries").code == 0
    assert room.do("attend", "press").code == 0
    assert room.do("tell", "--clock", "41m").code == 0
    assert (
        room.do("decide", "All is well", "--inject", "3", "--as-expected", "no", "--by", "press", "--clock", "50m").code
        == 0
    )
    assert room.do("hot-wash", "Too optimistic").code == 0
    assert room.do("action", "A text for the press; press; 2027-02-01").code == 0
    assert room.do("close", "enough", "--clock", "90m").code == 0
    shown = room.shown()
    assert [each["outcome"] for each in shown["expected"]] == ["in time", "other decision"]
    assert shown["absent"] == []
    assert "Ada" not in json.dumps(shown)


def test_what_cannot_be_recorded_is_refused_and_names_why(room: Room) -> None:
    assert room.do("run", "nothing", "--model", room.home / "model").error == "HF985"
    assert "has no injects" in room.do("run", "alone", "--model", room.home / "model").err
    assert room.do("note", "x").error == "HF985"
    room.run("next\n")
    assert room.do("decide", "x", "--inject", "3").error == "HF987"  # it was not told
    assert room.do("note", "x", "--clock", "soon").error == "HF987"
    assert room.do("action", "no date; gold").error == "HF976"
    room.do("close", "done")
    (closed,) = room.listed()
    assert room.do("decide", "late", "--exercise", closed["exercise"]).error == "HF987"
    assert room.do("hot-wash", "late", "--exercise", closed["exercise"]).code == 0


def test_a_decision_before_its_inject_is_refused(room: Room) -> None:
    room.run("next\nnext\n")  # the second is told at ten minutes
    early = ("decide", "Restart it", "--inject", "2", "--as-expected", "yes", "--by", "silver", "--clock", "4m")
    assert "inject 2 was told at 0:10, not before" in room.do(*early).err
    assert room.run("next\nnext\ndecide 2 yes silver at 3m: Restart it\n", "--new").error == "HF987"


def test_a_file_as_windows_writes_it_is_read(room: Room) -> None:
    (room.home / "script.txt").write_bytes(b"\xef\xbb\xbfhere silver\r\nnext\r\n")
    done = room.do("run", "talk", "--from", room.home / "script.txt", "--model", room.home / "model")
    assert (done.code, done.err) == (0, "")


def test_lines_that_are_no_text_are_refused_without_a_traceback(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"note: caf\xe9\n"), encoding="utf-8"))
    assert room.do("run", "talk", "--model", room.home / "model").error == "HF986"


def test_lines_can_be_piped_in(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("here silver\nnext\nnext\n"))
    assert room.do("run", "talk", "--model", room.home / "model").code == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO("decide 2 yes silver at 15m: Restart it\nclose: enough\n"))
    assert room.do("run", "talk").code == 0
    shown = room.shown()
    assert ([each["outcome"] for each in shown["expected"]], shown["closed"]) == (["in time", "not reached"], True)


def test_at_a_terminal_every_line_is_asked_for_and_a_wrong_one_loses_nothing(room: Room) -> None:
    said = at_a_terminal(room, "here silver", "", "decide 2 yes silver at 12m: Restart it", "what now", "pause")
    assert "inject 1 of 3, 0:00, to silver" in said  # due at once, so it is told without being asked for
    assert "inject 2 of 3, 0:10, to silver" in said
    assert "HF986 expected a line such as" in said
    assert room.listed()[0]["closed"] is False
    goes_on = at_a_terminal(room, "at 3h", "close: enough")
    assert "goes on at 0:12, 2 of 3 injects told" in goes_on
    shown = room.shown()
    assert next((each["outcome"], each["told_ms"]) for each in shown["expected"]) == ("in time", 600_000)
    assert shown["closed"] is True


def at_a_terminal(room: Room, *lines: str) -> str:
    """Run the tabletop in a process of its own at a terminal, type the lines, and return what it printed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from holdfast.cli import main; main()", "tabletop", "run", "talk"]
    places = ["--log", str(room.home / "evidence"), "--model", str(room.home / "model")]
    surroundings = {**os.environ, "HOLDFAST_STATE": str(room.home / "state"), "NO_COLOR": "1"}
    with subprocess.Popen(
        [*command, *places], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=surroundings
    ) as running:
        os.close(theirs)
        os.write(ours, "".join(f"{line}\n" for line in lines).encode())
        out, _ = running.communicate(timeout=60)
        os.close(ours)
    assert running.returncode == 0, out.decode()
    return out.decode()


def test_nothing_of_a_file_with_a_wrong_line_is_recorded(room: Room) -> None:
    wrong = room.run("here silver\nnext\ndecide two yes silver: x\nshout: y\n")
    assert wrong.error == "HF986"
    assert "script.txt:3" in wrong.err
    assert "script.txt:4" in wrong.err
    assert not (room.home / "evidence").exists()


def test_a_page_is_written(room: Room) -> None:
    room.run(SCRIPT)
    page = room.home / "page.html"
    room.do("show", room.listed()[0]["exercise"], "--html", page)
    assert "The engine stops" in page.read_text(encoding="utf-8")


def test_each_line_says_one_thing() -> None:
    assert parse_all(SCRIPT.splitlines(), "s") == (
        Here("silver"),
        Next(),
        Next(),
        Decide(2, "yes", "silver", 1_500_000, "Restart it"),
        Say("note", "gold", "Nobody asked why"),
        Next(),
        MoveTo(7_200_000),
        Say("hot-wash", None, "We were slow"),
        Agree("A sheet of phone numbers", "press", "2027-01-31"),
        Close("time was up"),
    )
    assert parse("decide - unsure -: Go home") == Decide(None, "unsure", None, None, "Go home")
    assert parse("  ") is None
    for wrong in (
        "Next",
        "at soon",
        "here",
        "decide 1 maybe x: y",
        "note",
        "action: a; b",
        "action: a; b; 2027-13-01",
        "close:",
    ):
        with pytest.raises(UsageError):
            parse(wrong)
