"""An exercise in the form of a Chaos Toolkit journal, for tools that read those.

Members and words are those that the toolkit's library writes (chaoslib 1.x: ``chaoslib-version``, ``experiment``,
``steady_states``, ``run``, ``rollbacks``, ``status``, ``deviated``). What it has no word for is said in its own: a
check that is *unknown* is a probe that failed, never one whose tolerance was met. No run of the toolkit is pretended:
the version names Holdfast.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from holdfast.evidence.events import Instant
from holdfast.measures.judgement import Judgement
from holdfast.state.exercise import FaultRecord

Journal = dict[str, Any]

US_PER_S = 1_000_000
_STATUS: Mapping[str, str] = {
    "finished": "completed",
    "stopped": "interrupted",
    "crashed": "aborted",
    "not-runnable": "failed",
}
_NOT_YET = "not yet: "
_BY_HOLDFAST = {"type": "process", "path": "holdfast"}


def journal(judgement: Judgement) -> Journal:
    """Return the journal of one judged exercise; times are ISO 8601 in UTC, durations seconds."""
    exercise = judgement.exercise
    opened = exercise.opened.event
    start_us = exercise.began_utc_us
    end_us = exercise.closes[-1].event.occurred.utc_us if exercise.closes else None
    how = exercise.closes[-1].event.how if exercise.closes else "crashed"
    checks = [_check(judgement, number, end_us or start_us) for number in range(len(judgement.outcomes))]
    armed, rearmed = exercise.armed, exercise.rearmed
    before = _readings(armed.event.observed, armed.event.occurred) if armed else []
    after = (_readings(rearmed.event.observed, rearmed.event.occurred) if rearmed else []) + checks
    met = all(probe["tolerance_met"] for probe in after)
    return {
        "chaoslib-version": f"holdfast {judgement.judged_by_version}",
        "platform": "linux",
        "node": opened.target.get("machine", ""),
        "experiment": _experiment(judgement),
        "start": _iso(start_us),
        "status": _STATUS.get(how, "aborted"),
        "deviated": bool(exercise.faults) and not met,
        "steady_states": {
            "before": {"steady_state_met": armed.event.ready, "probes": before} if armed else None,
            "after": {"steady_state_met": met, "probes": after},
            "during": [],
        },
        "run": [activity for fault in exercise.faults for activity in _run(fault)],
        "rollbacks": [activity for fault in reversed(exercise.faults) for activity in _rollbacks(fault)],
        "end": None if end_us is None else _iso(end_us),
        "duration": None if end_us is None else (end_us - start_us) / US_PER_S,
    }


def _experiment(judgement: Judgement) -> Journal:
    scenario = judgement.case.scenario
    return {
        "version": "1.0.0",
        "title": scenario.title,
        "description": scenario.basis,
        "tags": [scenario.family, scenario.exercise_type, scenario.service, judgement.evidence_class],
        "steady-state-hypothesis": {
            "title": "The target is armed, and every check holds",
            "probes": [_probe(outcome.check) for outcome in judgement.outcomes],
        },
        "method": [
            {"type": "action", "name": f"{fault.name} on {fault.target}", "provider": _provider(fault.parameters)}
            for fault in scenario.disruption
        ],
        "rollbacks": [
            {"type": "action", "name": f"undo {fault.name} on {fault.target}", "provider": _provider({})}
            for fault in reversed(scenario.disruption)
        ],
    }


def _provider(arguments: Mapping[str, object]) -> Journal:
    return {**_BY_HOLDFAST, "arguments": {name: str(value) for name, value in arguments.items()}}


def _probe(name: str) -> Journal:
    return {"type": "probe", "name": name, "tolerance": "held", "provider": dict(_BY_HOLDFAST)}


def _check(judgement: Judgement, number: int, at_us: int) -> Journal:
    outcome = judgement.outcomes[number]
    status = "failed" if outcome.answer == "unknown" else "succeeded"
    done = _done(_probe(outcome.check), outcome.answer, status, at_us, at_us)
    return {**done, "tolerance_met": outcome.answer == "held"}


def _readings(observed: Mapping[str, str], at: Instant) -> list[Journal]:
    """Return the conditions of an armed gate as probes: those that do not hold begin with ``not yet``."""
    return [
        {
            **_done(_probe(name), text, "succeeded", at.utc_us, at.utc_us),
            "tolerance_met": not text.startswith(_NOT_YET),
        }
        for name, text in sorted(observed.items())
    ]


def _run(fault: FaultRecord) -> list[Journal]:
    """Return a fault as an action, and every look at whether it took effect as a probe."""
    event = fault.intended.event
    name = f"{event.name} on {event.target}"
    action = {"type": "action", "name": name, "provider": _provider(event.parameters)}
    probed = [probe.event for probe in fault.probes]
    injected_us = probed[0].injected.utc_us if probed else event.occurred.utc_us
    done = _done(action, None, "succeeded" if probed else "aborted", event.occurred.utc_us, injected_us)
    return [
        done,
        *(
            _done(
                {"type": "probe", "name": f"{name} took effect", "provider": dict(_BY_HOLDFAST)},
                probe.observed,
                "succeeded" if probe.effective else "failed",
                probe.injected.utc_us,
                probe.occurred.utc_us,
            )
            for probe in probed
        ),
    ]


def _rollbacks(fault: FaultRecord) -> list[Journal]:
    event = fault.intended.event
    action = {"type": "action", "name": f"undo {event.name} on {event.target}", "provider": dict(_BY_HOLDFAST)}
    return [
        _done(
            action,
            undo.event.observed,
            "succeeded" if undo.event.undone else "failed",
            undo.event.occurred.utc_us,
            undo.event.occurred.utc_us,
        )
        for undo in fault.undos
    ]


def _done(activity: Journal, output: object, status: str, start_us: int, end_us: int) -> Journal:
    return {
        "activity": activity,
        "output": output,
        "status": status,
        "start": _iso(start_us),
        "end": _iso(end_us),
        "duration": (end_us - start_us) / US_PER_S,
    }


def _iso(utc_us: int) -> str:
    """Return a time as the toolkit writes it: ISO 8601 in UTC, to the microsecond, without an offset."""
    seconds, micros = divmod(utc_us, US_PER_S)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros, tzinfo=None).isoformat()
