"""Where nothing has failed nobody is fenced and nobody takes over: two records must say so, and either can break it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from holdfast.checks.calm import no_needless_failover
from holdfast.checks.case import Case, Said
from holdfast.state.exercise import Exercise, fold
from holdfast.state.fencing import AFTER, BEFORE, FENCER, FencerLine, Run, Running, read_fencer, read_running
from holdfast.state.history import History, read_history
from holdfast.state.ndjson import Malformed
from holdfast.state.service import NoTimeline
from tests.holdfast.drill import EXERCISE, play
from tests.holdfast.remains import CLOCK_ID, example_model

MODEL = example_model()
SCENARIO = MODEL.scenarios["saturated-for-half-an-hour"]
SERVICE = MODEL.services["gross-settlement"]
NEVER_US = 1 << 60
WERE = Running({"db-a": Run(10, 1), "oob": Run(11, 1)}, {"ledger-a": Run(20, 5), "ledger-b": Run(21, 5)})

Change = Callable[[History], History]


@cache
def played() -> tuple[Exercise, History]:
    drill = play(rate_per_s=6.0)
    exercise = fold(drill.log())[EXERCISE]
    assert exercise.armed is not None
    event = replace(exercise.armed.event, observed={"failover": "led by ledger-a, may be taken over by ledger-b"})
    history = read_history(exercise, drill.read)
    calm = (FencerLine("started", 1, CLOCK_ID), FencerLine("fence-asked", 2, CLOCK_ID, "db-b"))
    exercise = replace(exercise, armed=replace(exercise.armed, event=event))
    return exercise, replace(history, fencer=calm, running={BEFORE: WERE, AFTER: WERE})


def asked(change: Change = lambda history: history) -> Said:
    exercise, history = played()
    return no_needless_failover(Case(exercise, change(history), SCENARIO, SERVICE, NoTimeline("not asked for")))


def now_runs(hosts: dict[str, Run] | None = None, processes: dict[str, Run] | None = None) -> Change:
    after = Running({**WERE.hosts, **(hosts or {})}, {**WERE.processes, **(processes or {})})
    return lambda history: replace(history, running={BEFORE: WERE, AFTER: after})


def wrote(*ops: str, clock: str = CLOCK_ID) -> Change:
    lines = tuple(FencerLine(op, NEVER_US, clock, "db-a") for op in ops)
    return lambda history: replace(history, fencer=(*(history.fencer or ()), *lines))


def test_what_was_done_before_the_injection_does_not_count() -> None:
    assert asked().answer == "held"
    assert asked().measured == "no fence, no other leader"


@pytest.mark.parametrize(
    ("change", "measured"),
    [
        (wrote("fence-asked", "fence-verified", "lease-revoked"), "1 fence (db-a)"),
        (wrote("fence-asked", "fence-asked"), "2 fences (db-a)"),
        (wrote("lease-revoked"), "1 fence (db-a)"),
        (wrote("fence-unverified"), "1 fence (db-a)"),
        (now_runs({"db-a": Run(99, 9)}), "db-a lost power"),
        (now_runs({"oob": Run()}), "oob lost power"),
        (now_runs(processes={"ledger-a": Run(99, 9)}), "ledger-a was replaced or began anew"),
        (now_runs(processes={"ledger-a": Run()}), "ledger-a was replaced or began anew"),
    ],
)
def test_either_record_breaks_it(change: Change, measured: str) -> None:
    assert (asked(change).answer, asked(change).measured) == ("broken", measured)


def test_another_copy_that_began_anew_is_no_failover() -> None:
    assert asked(now_runs(processes={"ledger-b": Run(99, 9)})).answer == "held"


@pytest.mark.parametrize(
    "change",
    [
        lambda history: replace(history, fencer=None),
        lambda history: replace(history, running={BEFORE: WERE}),
        lambda history: replace(history, running={AFTER: WERE}),
        wrote("view", clock="another"),
        lambda history: replace(history, running={BEFORE: Running(WERE.hosts), AFTER: WERE}),
    ],
)
def test_without_either_record_it_is_unknown(change: Change) -> None:
    assert asked(change).answer == "unknown"


def test_what_one_record_shows_stands_without_the_other() -> None:
    change = wrote("fence-asked")
    assert asked(lambda history: replace(change(history), running={})).answer == "broken"


def test_without_a_word_on_who_led_it_is_unknown() -> None:
    exercise, history = played()
    case = Case(replace(exercise, armed=None), history, SCENARIO, SERVICE, NoTimeline("not asked for"))
    assert no_needless_failover(case).answer == "unknown"


def test_without_a_fault_there_is_nothing_to_stay_calm_at() -> None:
    exercise, history = played()
    case = Case(replace(exercise, faults=()), history, SCENARIO, SERVICE, NoTimeline("not asked for"))
    assert no_needless_failover(case).answer == "unknown"


def test_records_are_read_whole_or_not_at_all() -> None:
    line = {"op": "fence-asked", "t_us": 5, "utc_us": 6, "clock_id": "c", "host": "db-a", "why": "no write"}
    assert read_fencer(json.dumps(line).encode() + b"\n") == (FencerLine("fence-asked", 5, "c", "db-a"),)
    for data in (b"", b'{"op":"view"}\n', json.dumps(line).encode()):
        with pytest.raises(Malformed):
            read_fencer(data)
    document = {"version": 1, "hosts": {"db-a": {"site": "dc-a", "pid": 7, "start_ticks": 8}}, "processes": {}}
    assert read_running(json.dumps(document).encode()) == Running({"db-a": Run(7, 8)}, {})
    with pytest.raises(Malformed):
        read_running(b'{"hosts": {"db-a": {"pid": "seven"}}}')


def test_they_are_read_from_what_an_exercise_attached() -> None:
    drill = play(rate_per_s=6.0)
    exercise = fold(drill.log())[EXERCISE]
    some = next(iter(exercise.evidence.values()))
    exercise = replace(exercise, attached={**exercise.evidence, FENCER: some, BEFORE: some})
    history = read_history(exercise, lambda sha256: b"{}" if sha256 == some.event.attachment.sha256 else b"")
    assert history.running == {BEFORE: Running()}
    assert "cut off" in str(history.why(FENCER))
