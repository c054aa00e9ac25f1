"""What a drill leaves behind, as rows that a test may change: histories, ledger, and the log that commits them.

``tests.holdfast.drill`` plays a drill that fills them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from holdfast.errors import HoldfastError
from holdfast.evidence.envelope import Envelope, body_of, kind_of
from holdfast.evidence.events import (
    Attachment,
    Event,
    EvidenceAttached,
    ExerciseOpened,
    Instant,
    LogOpened,
)
from holdfast.exercises.vocabulary import vocabulary
from holdfast.measures.judgement import Judgement, judge_exercise
from holdfast.model.loader import attachment as model_attachment
from holdfast.model.loader import load
from holdfast.model.types import Model

Row = dict[str, Any]

BANKS = ("AURUM", "BOREAL", "CASTOR", "DELTA", "EIDER", "FJORD", "GARNET", "HALYARD")
CLOCK_ID = "6a1c0c2e-5b6f-4b7e-9a43-1f2d3c4b5a69"
UTC_US = 1_795_271_400_000_000  # 2026-11-21 14:30:00 UTC
START_US = 5_000_000_000  # what the monotonic clock said then
GATEWAYS = ("settlement-a", "settlement-b")
EXERCISE = "ex-0001"
SECOND = 1_000_000

VOCABULARY = vocabulary()


def instant(t_us: int) -> Instant:
    """Return the instant ``t_us`` after the start, on the drill's clock."""
    return Instant(UTC_US + t_us, START_US + t_us, CLOCK_ID)


@cache
def example_model() -> Model:
    """Return the model that the repository ships."""
    files = {path.name: path.read_text() for path in sorted(Path("examples/meridian").glob("*.yaml"))}
    model, findings = load(files, "meridian.yaml", VOCABULARY)
    assert model is not None, [str(finding) for finding in findings]
    return model


@dataclass(frozen=True, slots=True)
class Plan:
    """What happens: times in µs after the start. No ``outage_us`` is a fault that clients never notice."""

    scenario: str = "lose-dc-a"
    seed: int = 7
    rate_per_s: float = 12.0
    steady_us: int = 8 * SECOND
    outage_us: int = 12 * SECOND
    hold_us: int = 25 * SECOND
    cut_off_us: int = 30 * SECOND
    close_by_us: int = 45 * SECOND
    end_us: int = 40 * SECOND
    alarm_after_us: int | None = 3_100_000
    with_day: bool = True


@dataclass(slots=True)
class Drill:
    """All that a drill left behind, still as rows that a test may change."""

    plan: Plan
    model: Model
    records: dict[str, list[Row]] = field(default_factory=dict)
    alarms: list[Row] = field(default_factory=list)
    ledger: list[Row] = field(default_factory=list)
    journals: dict[str, list[Row]] = field(default_factory=dict)
    before: list[Event] = field(default_factory=list)
    after: list[Event] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)  # by digest, filled by ``log``
    omit: set[str] = field(default_factory=set)  # attachments that are not collected
    garble: dict[str, Callable[[bytes], bytes]] = field(default_factory=dict)

    def table(self, name: str) -> list[Row]:
        """Return the rows of one table of the ledger."""
        return [row for row in self.ledger if row["table"] == name]

    def rehash(self) -> None:
        """Make the ledger's journal and the gateways' journals whole again after a change of their text."""
        chain(self.table("journal"))
        for lines in self.journals.values():
            link(lines)

    def attachments(self) -> dict[str, bytes]:
        """Return every file of this drill by its name."""
        files = {f"records/{bank}.ndjson": ndjson([*rows, stopped(rows)]) for bank, rows in self.records.items()}
        files["alarms.ndjson"] = ndjson(self.alarms)
        files["ledger.ndjson"] = ndjson(self.ledger)
        files |= {f"journal/{gateway}.ndjson": ndjson(lines) for gateway, lines in self.journals.items()}
        files["inventory.json"] = b"{}\n"
        kept = {name: data for name, data in files.items() if name not in self.omit}
        return {name: self.garble.get(name, bytes)(data) for name, data in kept.items()}

    def log(self) -> list[Envelope]:
        """Return the log of this drill; the bytes of its attachments are then in ``files``."""
        model = self.keep("model.json", model_attachment(self.model))
        opened = ExerciseOpened(
            exercise=EXERCISE,
            scenario=self.plan.scenario,
            service="gross-settlement",
            exercise_type=self.model.scenarios[self.plan.scenario].exercise_type,
            environment="range",
            model=model,
            model_digest=self.model.digest,
            seed=self.plan.seed,
            compression=self.model.scenarios[self.plan.scenario].compression,
            version="0.1.0",
            target={"mode": "root", "profile": "fast", "postgresql": "18.4", "patroni": "4.1.5", "etcd": "3.4.23"},
            guard_pid=4242,
        )
        attached = [
            EvidenceAttached(EXERCISE, self.keep(name, data), "runner", "the range")
            for name, data in sorted(self.attachments().items())
        ]
        start = LogOpened("holdfast.example/log/5f2c", "holdfast.example/log/5f2c+1d0c9a1b+AbCd", "0.1.0")
        events: list[Event] = [start, opened, *self.before, *attached, *self.after]
        return [envelope(seq, event) for seq, event in enumerate(events)]

    def keep(self, name: str, data: bytes) -> Attachment:
        """Keep a file and return what an event names it by."""
        digest = hashlib.sha256(data).hexdigest()
        self.files[digest] = data
        return Attachment(name, digest, len(data), "application/x-ndjson")

    def read(self, sha256: str) -> bytes:
        """Return an attachment's bytes, or refuse as the store does."""
        if sha256 not in self.files:
            raise HoldfastError("HF213", f"attachment {sha256[:12]}… is missing", remedy="look for it")
        return self.files[sha256]

    def judge(self) -> Judgement:
        """Return the judgement of this drill as it is now."""
        return judge_exercise(self.log(), self.read, EXERCISE, VOCABULARY)

    def answer(self, check: str) -> str:
        """Return what one check answers."""
        return {outcome.check: outcome.answer for outcome in self.judge().outcomes}[check]


def envelope(seq: int, event: Event) -> Envelope:
    """Return an event in its envelope, recorded half a second apart."""
    occurred = instant(seq * SECOND // 2)
    return Envelope(
        1,
        "holdfast.example/log/5f2c",
        seq,
        occurred.utc_us,
        occurred.mono_us,
        CLOCK_ID,
        kind_of(event),
        "runner",
        "operator",
        EXERCISE,
        None,
        body_of(event),
    )


def stopped(rows: list[Row]) -> Row:
    """Return the row that a participant writes when its load is stopped, after these."""
    last_us = max((int(row.get("t_us", START_US)) for row in rows), default=START_US)
    return {"op": "stopped", "t_us": last_us, "rows": len(rows)}


def ndjson(rows: list[Row]) -> bytes:
    """Return rows as lines of JSON."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def chain(journal: list[Row]) -> None:
    """Hash the ledger's journal."""
    previous = bytes(32)
    for row in journal:
        previous = hashlib.sha256(previous + row["body"].encode()).digest()
        row["hash"] = previous.hex()


def link(lines: list[Row]) -> None:
    """Give the lines of a gateway's journal their numbers and hashes."""
    previous = "0" * 64
    for number, line in enumerate(lines, start=1):
        line["n"], line["prev"] = number, previous
        members = {name: value for name, value in line.items() if name not in {"prev", "hash"}}
        text = json.dumps(members, sort_keys=True, separators=(",", ":"))
        previous = hashlib.sha256(bytes.fromhex(line["prev"]) + text.encode()).hexdigest()
        line["hash"] = previous
