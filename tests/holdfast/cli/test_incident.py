"""``holdfast incident``: one durable command a fact, the order held, nothing lost, no name in the log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from holdfast.cli.byhand import now_utc_us, time_meant
from holdfast.cli.declaration import read_model
from holdfast.errors import UsageError
from holdfast.store.opening import open_log
from tests.holdfast.commands import Run, holdfast
from tests.holdfast.state.spoken_log import DECLARED

ADA = "Ada de Vries"
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Room:
    """A model, a log, and the command on both."""

    home: Path

    @property
    def log(self) -> Path:
        return self.home / "evidence"

    def open(self, *arguments: str) -> Run:
        return self.do("open", "A fire", "--id", "fire", "--model", str(self.home / "model"), *arguments)

    def do(self, *arguments: str) -> Run:
        return holdfast("incident", *arguments, "--log", self.log, state=self.home / "state")

    def shown(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.do("show", "--json", *arguments).out)
        return found

    def bytes(self) -> bytes:
        with open_log(self.log) as log:
            return b"\n".join(entry.data for entry in log.read_stored())


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.setenv("HOLDFAST_STATE", str(tmp_path / "state"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "bank.yaml").write_text(DECLARED, encoding="utf-8")
    return Room(tmp_path)


def test_an_incident_from_its_opening_to_its_close(room: Room) -> None:
    assert room.open("--service", "payments", "--occurred", "-90m", "--detected", "-85m", "--by", "gold").code == 0
    for command in (
        ("note", "the fire brigade is here", "--at", "-80m", "--source", "a call"),
        ("classify", "critical-function=yes", "clients-share=12/40", "--source", "the register", "--at", "-75m"),
        ("declare", "a crisis", "--by", "gold", "--at", "-70m"),
        ("contain", "--at", "-60m"),
        ("restore", "payments", "--at", "-30m"),
        ("restore", "payments", "--full", "--at", "-20m"),
        ("review", "--root-cause", "a spark", "--lesson", "no sparks", "--action", "a wall; gold; 2027-01-31"),
        ("close", "done"),
    ):
        done = room.do(*command)
        assert (done.code, done.err) == (0, ""), (command, done)
    assert room.do("show").error == "HF970"  # none is open any more
    shown = room.shown("fire")
    assert (shown["stage"], shown["services"][0]["state"]) == ("closed", "available")
    clocks = {each["formula"]: each["value_us"] // MINUTE_US for each in shown["clocks"] if each["value_us"]}
    assert clocks["occurred → detected"] == 5
    assert clocks["detected → declared"] in {14, 15}
    assert clocks["declared → minimum service"] in {39, 40}
    assert shown["actions"][0]["owner"] == "gold"
    assert json.loads(room.do("list", "--json").out)["incidents"][0]["stage"] == "closed"


def test_an_illegal_order_is_refused_with_what_is_missing_and_a_note_always_lands(room: Room) -> None:
    room.open("--service", "payments")
    refused = room.do("contain")
    assert (refused.error, refused.code) == ("HF973", 1)
    assert "missing is declared" in refused.err
    assert "missing is contained" in room.do("restore", "payments").err
    assert "missing is payments restored" in room.do("review", "--root-cause", "x").err
    assert room.do("note", "contained all the same").code == 0
    assert room.do("contain", "nothing spreads", "--not-needed").error == "HF973"
    assert room.do("classify", "media=no", "--source", "press").code == 0
    assert room.do("declare", "nobody had to", "--not-needed").code == 0
    assert room.do("contain", "nothing spreads", "--not-needed").code == 0
    assert room.do("restore", "payments", "--full").code == 0
    shown = room.shown()
    assert shown["clocks"][1]["note"].startswith("Nobody recorded when it was detected")


def test_it_can_be_seen_as_it_stood(room: Room) -> None:
    room.open("--service", "payments", "--detected", "-9m")
    room.do("note", "one")
    entry = room.shown()["last_entry"]
    room.do("classify", "media=yes", "--source", "press")
    assert room.shown()["stage"] == "classified"
    before = room.shown("--at", str(entry))
    assert (before["stage"], before["last_entry"]) == ("opened", entry)
    assert before["at_utc_us"] == before["facts"][-1]["recorded_utc_us"]
    assert room.do("show", "--at", "99").error == "HF974"


def test_a_correction_points_at_what_it_corrects_and_takes_its_place(room: Room) -> None:
    room.open("--detected", "-9m")
    assert room.do("correct", "2", "--at", "-5m", "--why", "the wrong clock").code == 0
    shown = room.shown()
    assert [(fact["entry"], fact["corrects"]) for fact in shown["facts"]] == [(2, None), (3, 2)]
    assert shown["facts"][1]["occurred_utc_us"] - shown["facts"][0]["occurred_utc_us"] > 3 * MINUTE_US
    assert room.do("correct", "2", "--why", "again").error == "HF974"  # it does not count any more
    assert room.do("correct", "3", "--withdraw", "--why", "it never was").code == 0
    assert "Nobody recorded" in room.shown()["clocks"][1]["note"]


def test_a_role_stands_by_its_name_and_a_person_by_a_digest(room: Room) -> None:
    room.open("--by", "gold")
    room.do("note", "seen", "--by", ADA)
    by = room.shown()["facts"][0]["by"]
    assert len(by) == 64
    assert ADA.encode() not in room.bytes()
    assert room.bytes().count(b'"by":"gold"') == 1
    assert holdfast("log", "reveal", by, "--log", room.log, state=room.home / "state").out.strip() == ADA


def test_it_begins_where_no_model_can_be_read(room: Room) -> None:
    (room.home / "empty").mkdir()
    opened = holdfast(
        *("incident", "open", "A fire", "--id", "fire", "--service", "anything", "--by", "gold", "--log", room.log),
        cwd=room.home / "empty",
        state=room.home / "state",
    )
    assert opened.code == 0
    assert "no model could be read" in opened.out
    shown = room.shown()
    assert shown["services"][0]["state"] == "limits unknown"
    assert b'"by":"gold"' not in room.bytes()  # nobody knows that this is a role
    broken = room.do("open", "B", "--model", str(room.home / "nowhere"))
    assert broken.error == "HF910"  # a model that was named has to be there


def test_the_worksheet_takes_only_what_fits_and_nothing_half(room: Room) -> None:
    room.open()
    for wrong in ("medium=yes", "media=perhaps", "clients-share=12", "clients-share=1/0", "costs=many", "duration=3"):
        assert room.do("classify", "complaints=yes", wrong, "--source", "a test").error == "HF975", wrong
    assert room.do("classify", "media=yes").error == "HF972"  # no source
    assert room.shown()["stage"] == "opened"
    done = room.do("classify", "costs=~250,000", "clients-share=12.5%", "downtime=150m", "--source", "desk")
    assert done.code == 0
    met = {each["question"]: (each["met"], each["answer"]) for each in room.shown()["classification"]["answers"]}
    assert met["costs"] == ("yes", "about € 250,000")
    assert met["clients-share"][0] == met["downtime"][0] == "yes"
    assert "could turn it: critical-function" in done.out
    questions = room.do("classify").out
    assert "art. 9(1)(c)" in questions
    assert "not yet decidable" in questions


def test_major_by_decision_is_told_beside_what_the_rule_gives(room: Room) -> None:
    room.open("--detected", "-30m")
    assert room.do("classify", "--as", "major").error == "HF972"  # no reason
    done = room.do("classify", "--as", "major", "--why", "prudence", "--by", "gold")
    assert "decided: major by gold" in done.out
    assert "by the rule: not yet decidable" in done.out
    initial = room.shown()["reports"][0]
    assert initial["standing"] == "due"
    room.do("notify", "initial", "--by", "gold")
    assert [each["standing"] for each in room.shown()["reports"]] == ["sent", "due", "not running"]


def test_what_was_decided_is_no_longer_due(room: Room) -> None:
    room.open()
    room.do("due", "extend the close?", "--until", "23:59Z")
    (due,) = room.shown()["decisions_due"]
    assert room.do("decide", "yes", "--on", "0").error == "HF974"
    assert room.do("decide", "yes, by an hour", "--on", str(due["entry"]), "--by", "gold").code == 0
    assert room.shown()["decisions_due"] == []


def test_the_review_proposes_a_scenario_that_the_model_accepts(room: Room) -> None:
    began = datetime.now(UTC) - timedelta(minutes=90)
    occurred, detected, declared = ((began + timedelta(minutes=minutes)).isoformat() for minutes in (0, 12, 30))
    room.open("--service", "payments", "--occurred", occurred, "--detected", detected)
    room.do("classify", "media=yes", "--source", "press")
    for command in (("declare", "--at", declared), ("contain",), ("restore", "payments", "--full")):
        room.do(*command)
    without = room.do("review", "--root-cause", "a spark", "--scenario", str(room.home / "s.yaml"))
    assert (without.error, (room.home / "s.yaml").exists()) == ("HF977", False)
    assert room.shown()["stage"] == "restored"
    written = room.home / "model" / "learned.yaml"
    done = room.do(
        *("review", "--root-cause", 'a "spark": no more', "--family", "site", "--fail", "engine"),
        *("--scenario", str(written)),
    )
    assert done.code == 0, done.err
    checked = holdfast("check", room.home / "model", "--json", state=room.home / "state")
    assert checked.code in {0, 1}, checked.err
    text = written.read_text(encoding="utf-8")
    assert "incident-fire:" in text
    assert "detection: 12m" in text
    assert "decision: 18m" in text
    model, findings = read_model(room.home / "model")
    assert model is not None, [str(finding) for finding in findings]
    assert "incident fire of log" in model.scenarios["incident-fire"].basis


def test_every_command_is_one_append(room: Room) -> None:
    room.open("--service", "payments", "--service", "statements", "--occurred", "-9m", "--detected", "-8m")
    with open_log(room.log) as log:
        with log.snapshot() as snapshot:
            sizes = [json.loads(json.dumps(each.size)) for each in snapshot.checkpoints]
        assert log.size() == 6
    assert sizes == [1, 6]  # the log's beginning, then the whole opening: never a part of it


def test_a_page_is_written(room: Room) -> None:
    room.open("--service", "payments")
    page = room.home / "page.html"
    assert room.do("show", "--html", str(page), "--trace").code == 0
    assert "A fire" in page.read_text(encoding="utf-8")


def test_a_time_is_given_with_its_zone_and_has_come() -> None:
    now = now_utc_us()
    assert abs(time_meant(None) - now) < MINUTE_US
    assert abs(now - 12 * MINUTE_US - time_meant("-12m")) < MINUTE_US
    assert abs(now - 120 * MINUTE_US - time_meant("-2h")) < MINUTE_US
    assert (
        time_meant("2026-11-20T14:05+01:00")
        == time_meant("2026-11-20T13:05Z")
        == 1_763_643_900_000_000 + 31_536_000_000_000
    )
    ten_from_now = f"{datetime.now(UTC) + timedelta(minutes=10):%Y-%m-%dT%H:%MZ}"
    assert abs(time_meant("+10m", ahead=True) - time_meant(ten_from_now, ahead=True)) < 2 * MINUTE_US
    this = datetime.now(UTC) - timedelta(minutes=1)
    assert time_meant(f"{this:%H:%M}Z") == time_meant(f"{this:%H:%M}+00:00") == time_meant(f"{this:%Y-%m-%dT%H:%M}Z")
    for wrong in ("14:05", "2026-11-20T14:05", "yesterday", "25:00Z", "2026-13-01T00:00Z", "", "0001-01-01T00:00Z"):
        with pytest.raises(UsageError) as raised:
            time_meant(wrong)
        assert raised.value.code == "HF971", wrong
    with pytest.raises(UsageError, match="has not come yet"):
        time_meant("2199-01-01T00:00Z")
    with pytest.raises(UsageError, match="expected a time"):
        time_meant("9999-12-31T23:59Z", ahead=True)


def test_a_time_of_another_day_is_told_how_to_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a quarter past midnight ten to twelve was yesterday, and at eleven at night two o'clock is tomorrow."""
    after_midnight = round(datetime(2026, 11, 21, 0, 15, tzinfo=UTC).timestamp()) * 1_000_000
    monkeypatch.setattr("holdfast.cli.byhand.now_utc_us", lambda: after_midnight)
    with pytest.raises(UsageError) as raised:
        time_meant("23:50Z")
    assert "if it is of yesterday, write 2026-11-20T23:50:00+00:00" in raised.value.remedy
    monkeypatch.setattr("holdfast.cli.byhand.now_utc_us", lambda: after_midnight + 22 * 60 * MINUTE_US)
    with pytest.raises(UsageError, match="is over") as raised:
        time_meant("02:00+01:00", "--until", ahead=True)
    assert "if it is of tomorrow, write 2026-11-22T02:00:00+01:00" in raised.value.remedy


def test_what_happened_out_of_order_can_be_said_while_it_burns(room: Room) -> None:
    room.open("--service", "payments", "--detected", "-9m")
    refused = room.do("restore", "payments")
    assert (refused.error, "--all-the-same" in refused.err) == ("HF973", True)
    assert room.do("restore", "payments", "--all-the-same").code == 0
    shown = room.shown()
    assert shown["services"][0]["state"] == "degraded"
    assert "nobody said that it was contained" in shown["oddities"][0]
    assert room.do("mark", "disrupted", "--service", "payments").code == 0
    assert room.shown()["services"][0]["state"] == "disrupted"


def test_a_service_that_was_mistyped_is_told_so(room: Room) -> None:
    room.open("--service", "payments")
    for command in (("restore", "paymnets"), ("mark", "disrupted", "--service", "paymnets")):
        said = room.do(*command)
        assert (said.error, "Did you mean payments?" in said.err) == ("HF970", True), command


def test_who_is_no_role_is_told_so(room: Room) -> None:
    room.open()
    said = room.do("note", "seen", "--by", "Glod")
    assert "Glod is no role of the model: recorded as a person, concealed; did you mean gold?" in said.err
    assert room.do("note", "seen", "--by", "gold").err == ""


def test_a_correction_keeps_who_said_it(room: Room) -> None:
    room.open("--detected", "-9m", "--by", "gold")
    room.do("correct", "2", "--at", "-5m", "--why", "the wrong clock")
    assert room.shown()["facts"][-1]["by"] == "gold"
    assert room.do("correct", "3", "--service", "paymints", "--why", "x").error == "HF970"


@pytest.mark.parametrize("name", ["", "../../etc", "a b", "x: y", "A", "a" * 49])
def test_an_id_that_could_be_no_name_is_refused(room: Room, name: str) -> None:
    refused = holdfast("incident", "open", "A fire", "--id", name, "--log", room.log, state=room.home / "state")
    assert refused.error == "HF972"


def test_a_number_with_a_comma_for_a_point_is_not_guessed(room: Room) -> None:
    room.open()
    wrong = ("clients-share=9,5%", "clients-share=3000/450", "costs=100.000", "clients=" + "9" * 5000, "duration=1,5h")
    for each in wrong:
        assert room.do("classify", each, "--source", "a test").error == "HF975", each[:40]
    assert room.do("classify", "transactions=250%", "costs=1,250,000", "--source", "a test").code == 0


def test_a_note_with_line_breaks_lands(room: Room) -> None:
    room.open()
    assert room.do("note", "from the chat:\n\tdown\u00a0again\r\n").code == 0
    assert room.shown()["facts"][0]["text"] == "from the chat: down again"
