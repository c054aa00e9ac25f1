"""A small set of records of a recovery test, as files that a test may change before it is read.

Two banks, ten payments, one a second from 10:00:00 UTC; the service is away from 10:00:03 to 10:00:06, and what was
offered meanwhile is answered afterwards. The probe looks every second, half a second after the full one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from holdfast.exercises.observation import Sound, read_directory, record
from holdfast.exercises.vocabulary import vocabulary
from holdfast.measures.judgement import Judgement, judge_exercise
from holdfast.model.findings import Finding
from holdfast.model.types import Model
from holdfast.store.opening import open_log
from tests.holdfast.remains import example_model

SCENARIO = "dc-a-recovery-test"
CLOCK = "clock: {within: 0ms}"
EXPORTED = '{by: someone, at: "2026-11-20 12:00:00", with: "a tool 1.0"}'

HEAD = """\
observed: recovery-test
title: A test
lead: exercise lead
knew: [exercise lead]
from: "2026-11-20 10:00:00"
to: "2026-11-20 10:00:10"
day: {cut_off: "2026-11-20 10:00:12", close_by: "2026-11-20 10:00:40"}
sources:
"""
PROBE = f"""\
  probe:
    record: availability
    file: probe.csv
    format: csv
    every: 1s
    columns: {{time: at, state: says}}
    good: {{state: [up]}}
    {CLOCK}
    exported: {EXPORTED}
"""
LEDGER = f"""\
  ledger:
    record: settlement
    file: ledger.csv
    format: csv
    columns: {{key: id, from: debtor, to: creditor, amount: eur, status: state, reason: why}}
    rows: 10
    exported: {EXPORTED}
"""
POSITIONS = f"""\
  positions:
    record: positions
    file: positions.csv
    format: csv
    columns: {{participant: who, opening: first, debits: sent, credits: got, closing: last, confirmed: agreed}}
    rows: 2
    exported: {EXPORTED}
"""
CHANNEL = f"""\
  channel:
    record: timeline
    file: channel.csv
    format: csv
    columns: {{time: at, actor: who, what: what, kind: kind, workaround: manual}}
    rows: 5
    {CLOCK}
    exported: {EXPORTED}
"""


def bank(name: str) -> str:
    """Return the manifest's lines about a bank's own record."""
    return f"""\
  {name.lower()}:
    record: participant
    participant: {name}
    file: {name.lower()}.csv
    format: csv
    columns: {{key: id, offered: sent, to: creditor, amount: eur, status: state, acknowledged: answered}}
    rows: 5
    {CLOCK}
    exported: {EXPORTED}
"""


def at(second: float) -> str:
    """Return the time so many seconds after ten."""
    return f"2026-11-20 10:{int(second) // 60:02d}:{second % 60:06.3f}"


@dataclass
class Records:
    """The files of a set by their names, and the sections of its manifest."""

    head: str = HEAD
    sections: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def write(self, directory: Path) -> Path:
        """Write them and return their directory."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "observation.yaml").write_text(self.head + "".join(self.sections.values()))
        for name, text in self.files.items():
            (directory / name).write_text(text)
        return directory

    def read(self, directory: Path, scenario: str = SCENARIO) -> tuple[Sound | None, tuple[Finding, ...]]:
        """Return what comes of reading them, and the findings."""
        model = example_model()
        return read_directory(self.write(directory / "records"), model, model.scenarios[scenario])

    def judge(self, directory: Path, scenario: str = SCENARIO) -> Judgement:
        """Record them in a log of their own and judge that."""
        sound, findings = self.read(directory, scenario)
        assert sound is not None, [str(finding) for finding in findings]
        model: Model = example_model()
        with open_log(str(directory / "log"), create=True) as log:
            exercise = record(log, sound, model, model.scenarios[scenario])
            return judge_exercise(log.read(), log.attachment, exercise, vocabulary())

    def answers(self, directory: Path, scenario: str = SCENARIO) -> dict[str, str]:
        """Return the answer of every check that was asked."""
        return {outcome.check: outcome.answer for outcome in self.judge(directory, scenario).outcomes}


def records() -> Records:
    """Return a set of which everything holds."""
    made = Records()
    made.sections = {
        "probe": PROBE,
        "ledger": LEDGER,
        "positions": POSITIONS,
        "channel": CHANNEL,
        "AURUM": bank("AURUM"),
        "BOREAL": bank("BOREAL"),
    }
    down = range(3, 6)
    samples = [f"{at(second + 0.5)},{'down' if second in down else 'up'}" for second in range(10)]
    made.files["probe.csv"] = "\n".join(["at,says", *samples, ""])
    own: dict[str, list[str]] = {"AURUM": [], "BOREAL": []}
    ledger = []
    for second in range(10):
        sender, receiver = ("AURUM", "BOREAL") if second % 2 else ("BOREAL", "AURUM")
        answered = 6.4 if second in down else second + 0.05
        own[sender].append(f"P{second},{at(second)},{receiver},10.00,settled,{at(answered)}")
        ledger.append(f"P{second},{sender},{receiver},10.00,settled,")
    for name, rows in own.items():
        made.files[f"{name.lower()}.csv"] = "\n".join(["id,sent,creditor,eur,state,answered", *rows, ""])
    made.files["ledger.csv"] = "\n".join(["id,debtor,creditor,eur,state,why", *ledger, ""])
    positions = [f"{name},500.00,50.00,50.00,500.00,yes" for name in own]
    made.files["positions.csv"] = "\n".join(["who,first,sent,got,last,agreed", *positions, ""])
    lines = [
        f"{at(3)},exercise lead,Site taken off power,occurred,",
        f"{at(4.5)},service desk,Banks on the phone,detected,",
        f"{at(6.6)},settlement desk,Switched by the playbook,minimum-service,planned",
        f"{at(9)},database team,All copies again,re-armed,",
        f"{at(14)},settlement desk,Day closed,day-closed,",
    ]
    made.files["channel.csv"] = "\n".join(["at,who,what,kind,manual", *lines, ""])
    return made
