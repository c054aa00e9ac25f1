"""A judgement as plain values, for machines: the same keys and order for the same judgement."""

from __future__ import annotations

from dataclasses import asdict

from holdfast.measures.judgement import Judgement
from holdfast.measures.observed import contradictions
from holdfast.measures.timestamps import reconnections
from holdfast.state.service import NoTimeline


def summary(judgement: Judgement) -> dict[str, object]:
    """Return a judgement as JSON values: times in µs, amounts in minor units, evidence as sequence numbers."""
    exercise, opened = judgement.exercise, judgement.exercise.opened.event
    return {
        "log": exercise.log,
        "exercise": exercise.id,
        "entries": [exercise.opened.seq, exercise.last_seq],
        "scenario": opened.scenario,
        "service": opened.service,
        "verdict": judgement.verdict,
        "as_expected": judgement.as_expected,
        "validity": {
            "verdict": judgement.validity.verdict,
            "answer": judgement.validity.answer,
            "why": judgement.validity.why,
            "evidence": list(judgement.validity.evidence),
        },
        "evidence_class": judgement.evidence_class,
        "approvals": {
            name: {"standing": approval.standing, "entry": approval.entry.seq if approval.entry else None}
            for name, approval in (("limits", judgement.limits_approval), ("scenario", judgement.scenario_approval))
        },
        "model_digest": opened.model_digest,
        "seed": opened.seed,
        "compression": opened.compression,
        "run_by_version": opened.version,
        "judged_by_version": judgement.judged_by_version,
        "checks": [{**asdict(outcome), "as_expected": outcome.as_expected} for outcome in judgement.outcomes],
        "timestamps": [asdict(stamp) for stamp in judgement.timestamps],
        "clocks": [asdict(figure) for figure in judgement.clocks],
        "service_timeline": _timeline(judgement),
        "problems": dict(sorted(judgement.case.history.problems.items())),
        "observation": _observation(judgement),
        "assumptions": list(judgement.assumptions),
        "does_not_prove": list(judgement.unproven),
    }


def _observation(judgement: Judgement) -> dict[str, object] | None:
    """Return what was observed and by which sources; nothing for an exercise that was run from here."""
    observation, record = judgement.exercise.observation, judgement.case.imported
    if observation is None or record is None:
        return None
    described = observation.described.event
    return {
        "what": described.what,
        "title": described.title,
        "lead": described.lead,
        "knew": list(described.knew),
        "began_utc_us": described.began.utc_us,
        "ended_utc_us": described.ended.utc_us,
        "sources": [{**asdict(source.event), "entry": source.seq} for source in observation.sources],
        "timeline": [{**asdict(line.event), "entry": line.seq} for line in observation.lines],
        "lacking": dict(record.lacks),
        "contradictions": [asdict(each) for each in contradictions(judgement.case)],
    }


def _timeline(judgement: Judgement) -> dict[str, object]:
    """Return what clients saw, or why it is not known."""
    observed = judgement.case.timeline
    if isinstance(observed, NoTimeline):
        return {"unknown": observed.why}
    return {
        "clock_id": observed.clock_id,
        "offered": observed.offered,
        "acknowledged": observed.acknowledged,
        "served_in_time": observed.served,
        "interruptions": [asdict(interruption) for interruption in judgement.case.interruptions],
        "intervals": [asdict(interval) for interval in observed.intervals],
        "reconnected_us": reconnections(judgement.case),
    }
