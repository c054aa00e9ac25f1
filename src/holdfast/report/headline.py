"""What happened, in sentences that need no glossary."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.checks.case import Outcome
from holdfast.checks.day import clock_time, missed_cut_off
from holdfast.checks.promises import promises
from holdfast.checks.words import count, money, some
from holdfast.measures.judgement import Judgement
from holdfast.measures.timestamps import principal
from holdfast.model.types import Model
from holdfast.report.calendar import drill_calendar
from holdfast.state.exercise import FaultRecord
from holdfast.state.service import NoTimeline

# What a fault did to its target, for a sentence; one that is not here was "injected".
_HAPPENED: Mapping[str, str] = {
    "process.kill": "was killed",
    "process.freeze": "froze",
    "process.stop": "went down and stayed down",
    "process.slow": "was slow",
    "host.loss": "lost power",
    "site.loss": "was lost",
    "network.partition": "was cut off from the network",
    "link.down": "went down",
    "link.delay": "was late",
    "link.loss": "lost packets",
    "link.rate": "was slow",
}

VERDICT_WORDS: Mapping[str, str] = {
    "held": "Held",
    "broken": "Broken",
    "unknown": "Unknown",
    "invalid": "Invalid",
    "not-runnable": "Not runnable here",
}


def title_of(model: Model, name: str) -> str:
    """Return what people call a site, resource or group; its name where the model gives it no title."""
    for declared in (model.sites, model.resources, model.groups):
        if name in declared:
            return declared[name].title
    return name


def happened(model: Model, fault: FaultRecord) -> str:
    """Return what a fault did, as ``Data centre A was lost``."""
    intended = fault.intended.event
    subject = title_of(model, intended.target)
    subject = subject[:1].upper() + subject[1:]
    if intended.name == "network.partition":
        return f"{subject} {_cut_off(model, intended.parameters)}"
    return f"{subject} {_HAPPENED.get(intended.name, f'was hit by {intended.name}')}"


def _cut_off(model: Model, parameters: Mapping[str, str]) -> str:
    """Return what a partition came to for its target: from whom, for which traffic, in which direction."""

    def named(parameter: str) -> str:
        titles = (title_of(model, name.strip()) for name in parameters[parameter].split(","))
        return ", ".join(title[:1].lower() + title[1:] for title in titles)

    if "ring" in parameters:
        return f"was made one of a ring with {named('ring')}, where each reaches its neighbours alone"
    beside = f" with {named('with')}" if "with" in parameters else ""
    away = named("from") if "from" in parameters else "the network"
    only = f", for {parameters['only']} alone" if "only" in parameters else ""
    one_way = {"out": ", though it still heard it", "in": ", though it was still heard there"}
    return f"was cut off{beside} from {away}{only}{one_way.get(parameters.get('direction', ''), '')}"


def headline(judgement: Judgement) -> str:
    """Return the exercise in a few sentences."""
    if judgement.validity.verdict != "valid":
        what = "could not run here" if judgement.verdict == "not-runnable" else "does not count"
        return f"This exercise {what}: {judgement.validity.why.rstrip('.')}."
    parts = (_struck, _service, _mode, _ledger, _day, _not_held, _interrupted)
    said = [part(judgement) for part in parts]
    return " ".join(sentence for sentence in said if sentence)


def _struck(judgement: Judgement) -> str:
    """Return what was broken, and when, on the drill's calendar if it had one."""
    if judgement.case.imported is not None:
        line, given = judgement.case.imported.milestone("occurred"), judgement.exercise.observation
        title = f"{given.described.event.title.rstrip('.')}. " if given else ""
        return f"{title}{clock_time(line.at_us)[:8]} UTC: {line.what.rstrip('.')}." if line else title.rstrip()
    parts = []
    calendar = drill_calendar(judgement)
    for fault in judgement.case.effective:
        if fault.effect is None:
            continue
        injected = fault.effect.event.injected
        when = calendar.shown(injected.mono_us) if calendar else f"{clock_time(injected.utc_us)[:8]} UTC"
        parts.append(f"{happened(judgement.model, fault)} at {when}")
    return "; ".join(parts) + "." if parts else ""


def _service(judgement: Judgement) -> str:
    """Return what clients saw."""
    case = judgement.case
    if isinstance(case.observed, NoTimeline):
        return f"What clients saw is not known: {case.observed.why}."
    disruption = principal(case)
    if disruption is None:
        silence = next(figure for figure in judgement.clocks if figure.name == "silence")
        told = _outcome(judgement, "told-once")
        if told is not None and told.answer != "unknown":
            return told.explanation
        if case.unwatched:
            return f"What clients saw is not known: {case.unwatched}."
        if case.observed.sampled_every_us:
            return f"{_capital(case.service.title)} was good at each of {count(case.observed.offered, 'sample')}."
        if case.observed.served < case.observed.offered:
            late = count(case.observed.offered - case.observed.served, "instruction")
            service = _capital(case.service.title)
            return f"{service} stayed at or above its minimum; {late} of {case.observed.offered:,} not served in time."
        if any(interval.state == "degraded" for interval in case.observed.intervals):
            return f"Clients of {case.service.title.lower()} had the minimum service throughout, and not always more."
        served = f"Clients of {case.service.title.lower()} were served in time throughout"
        return f"{served}; the longest silence was {silence.shown}."
    lasted = case.extent(disruption)
    if disruption.restored_us is None:
        lasted = f"{lasted}, to the end of the record"
    many = len(case.interruptions)
    again = f", the longest of {count(many, 'interruption')}" if many > 1 else ""
    return f"{_capital(case.service.title)} was disrupted for {lasted}{again}."


def _mode(judgement: Judgement) -> str:
    """Return what the modes that the service was put in came to."""
    outcome = _outcome(judgement, "mode-kept")
    return outcome.explanation if outcome is not None else ""


def _ledger(judgement: Judgement) -> str:
    """Return whether promises were kept."""
    kept = promises(judgement.case)
    outcome = _outcome(judgement, "nothing-acknowledged-lost")
    if outcome is None:
        return ""
    if kept is not None and kept.lost:
        verb = "was" if len(kept.lost) == 1 else "were"
        lost = f"{count(len(kept.lost), 'acknowledged payment')} worth {money(kept.lost_cents)}"
        return f"{lost} {verb} lost."
    if outcome.answer == "held" and kept is not None:
        whole = f"{count(kept.acknowledged, 'payment')} worth {money(kept.acknowledged_cents)}"
        return f"Nothing acknowledged was lost, of {whole}."
    return outcome.explanation


def _day(judgement: Judgement) -> str:
    """Return how the settlement day ended, if one was rehearsed."""
    outcome = _outcome(judgement, "day-completed")
    calendar = drill_calendar(judgement)
    if outcome is None:
        return ""
    if judgement.case.imported is not None:
        return _observed_day(judgement, outcome)
    if calendar is None:
        return outcome.explanation
    at = {stamp.name: stamp.mono_us for stamp in judgement.timestamps}
    closed_us = at.get("day-closed")
    wanted = judgement.case.scenario.days
    if wanted > 1:
        closes = [us for name, us in at.items() if name.startswith("day-closed") and us is not None]
        times = " and ".join(calendar.shown(us) for us in closes)
        answer = "each complete" if outcome.answer == "held" else outcome.measured
        return f"Of {wanted} settlement days {len(closes)} closed, at {times or 'no time'}: {answer}."
    if closed_us is None:
        return outcome.explanation
    complete = {"held": "complete", "broken": "but not complete"}.get(outcome.answer, "whether complete is not known")
    close_by_us = at.get("close-by")
    deadline = f" (deadline {calendar.shown(close_by_us)})" if close_by_us is not None else ""
    missed = sum(missed_cut_off(judgement.case, laid.event.day) for laid in judgement.exercise.days)
    late = f" {count(missed, 'instruction')} offered before the cut-off came too late for it." if missed else ""
    return f"The settlement day closed at {calendar.shown(closed_us)}{deadline}, {complete}.{late}"


def _observed_day(judgement: Judgement, outcome: Outcome) -> str:
    """Return how an observed settlement day ended."""
    at = {stamp.name: stamp.utc_us for stamp in judgement.timestamps}
    closed_us, close_by_us = at.get("day-closed"), at.get("close-by")
    if outcome.answer != "held" or closed_us is None or close_by_us is None:
        return outcome.explanation
    return f"The test day closed at {clock_time(closed_us)[:8]} (deadline {clock_time(close_by_us)[:8]}), complete."


def _not_held(judgement: Judgement) -> str:
    """Return the objectives that did not hold and that no other sentence speaks of."""
    told = {"nothing-acknowledged-lost", "day-completed", "mode-kept"}
    said = []
    for answer, words in (("broken", "Not held"), ("unknown", "Not known")):
        failed = [o.objective for o in judgement.outcomes if o.answer == answer and o.check not in told]
        if failed:
            said.append(f"{words}: {some([name[:1].lower() + name[1:] for name in failed])}.")
    return " ".join(said)


def _interrupted(judgement: Judgement) -> str:
    return "" if judgement.validity.answer == "held" else f"{_capital(judgement.validity.why)}."


def _outcome(judgement: Judgement, check: str) -> Outcome | None:
    return next((outcome for outcome in judgement.outcomes if outcome.check == check), None)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
