"""The instants of an observation, with what each can be wrong by, and where its sources contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from holdfast.checks.case import Case
from holdfast.checks.day import clock_time
from holdfast.checks.observed import milestone_line, unseen_by_samples
from holdfast.checks.words import count, declared, duration
from holdfast.evidence.observed import Milestone
from holdfast.measures.timestamps import Timestamp, backlog_cleared_us, principal, reconnections
from holdfast.state.approvals import Approval
from holdfast.state.history import ALARMS, RECORDS
from holdfast.state.observed.record import Edges, Observed
from holdfast.state.observed.rows import Line
from holdfast.state.service import Interruption, NoTimeline, Timeline

_LABELS: Mapping[Milestone, str] = {
    "occurred": "Occurred",
    "detected": "Detected",
    "classified": "Classified",
    "declared": "Declared",
    "contained": "Contained",
    "eradicated": "Eradicated",
    "rebuilt": "Rebuilt",
    "verified": "Verified",
    "minimum-service": "Minimum service",
    "reconnected": "Reconnected",
    "full-service": "Full service",
    "backlog-cleared": "Backlog cleared",
    "day-closed": "Day closed",
    "re-armed": "Re-armed",
    "stood-down": "Stood down",
}
_TOLD = "timeline"


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two sources that cannot both be right, given what each may be wrong by, and the entries that hold them."""

    what: str
    evidence: tuple[int, ...]


def observed_timestamps(case: Case) -> tuple[Timestamp, ...]:
    """Return every timestamp that the design names, in its order: by samples and offers first, else by the timeline."""
    record = _record(case)
    measured = {stamp.name: stamp for stamp in _measured(case)}
    found: list[Timestamp] = []
    for name in _LABELS:
        found.append(measured.get(name) or _told(case, record, name))
        if name == "occurred":
            found.append(measured["service-disrupted"])
        if name == "backlog-cleared":
            found += _deadline(case, "cut-off", "Cut-off")
        if name == "day-closed":
            found += _deadline(case, "close-by", "Close deadline")
    return tuple(found)


def _told(case: Case, record: Observed, name: Milestone) -> Timestamp:
    """Return an instant that only the timeline tells; what people wrote down is said to be theirs."""
    line = milestone_line(case, name)
    if line is None:
        why = record.lacks.get("timeline", "the timeline does not say")
        return Timestamp(name, _LABELS[name], None, None, "", f"Not known: {why}.", case.cite(ALARMS))
    edges = record.edges(line)
    note = f"{line.by}: {line.what}"
    return _stamp(name, _LABELS[name], edges, (_TOLD, note), case.lines_of(line))


def _stamp(name: str, label: str, edges: Edges, told: tuple[str, str], evidence: tuple[int, ...]) -> Timestamp:
    bounds = (edges.earliest_us, edges.latest_us)
    return Timestamp(name, label, edges.at_us, edges.at_us, *told, evidence, bounds)


def _deadline(case: Case, name: str, label: str) -> Iterator[Timestamp]:
    scheduled = case.exercise.day
    if scheduled is not None:
        at = scheduled.event.cut_off if name == "cut-off" else scheduled.event.close_by
        yield Timestamp(
            name, label, at.mono_us, at.utc_us, "manifest", "Of the day that was rehearsed", (scheduled.seq,)
        )


def _measured(case: Case) -> Iterator[Timestamp]:
    """Yield what samples and participants' offers tell of the service itself."""
    label, evidence = "Service disrupted", case.cite(RECORDS)
    if isinstance(case.observed, NoTimeline):
        yield Timestamp("service-disrupted", label, None, None, "", f"Not known: {case.observed.why}.", evidence)
        return
    disruption = principal(case)
    if disruption is None:
        yield Timestamp("service-disrupted", label, None, None, "", "It was never seen disrupted.", evidence)
        return
    source = "samples" if case.observed.sampled_every_us else "participants' records"
    many = len(case.interruptions)
    note = "After the last good sample" if disruption.surely_us else "First instruction that was not served in time"
    note += f" (the longest of {count(many, 'interruption')})" if many > 1 else ""
    begin, end = _edges(disruption)
    yield _stamp("service-disrupted", label, begin, (source, note), evidence)
    if end is not None:
        note = "No later than the first good sample" if disruption.surely_us else "The first good window begins"
        line = milestone_line(case, "minimum-service")
        note += f"; {line.by} says {clock_time(line.at_us)[:8]}" if line is not None else ""
        yield _stamp("minimum-service", _LABELS["minimum-service"], end, (source, note), evidence)
    yield from _by_participants(case)


def _by_participants(case: Case) -> Iterator[Timestamp]:
    """Yield what only participants' own records can tell: when each was served again, and what had waited answered."""
    evidence, source = case.cite(RECORDS), "participants' records"
    times = {bank: at_us for bank, at_us in reconnections(case).items() if at_us is not None}
    if times and len(times) == len(reconnections(case)):
        last = max(times, key=lambda bank: (times[bank], bank))
        within_us = _record(case).participants_within_us
        edges = Edges(times[last], times[last] - within_us, times[last] + within_us)
        note = f"The last of {count(len(times), 'participant')} ({last})"
        yield _stamp("reconnected", _LABELS["reconnected"], edges, (source, note), evidence)
    cleared_us = backlog_cleared_us(case)
    if cleared_us is not None and case.history.records and not case.history.why(RECORDS):
        within_us = _record(case).participants_within_us
        edges = Edges(cleared_us, cleared_us - within_us, cleared_us + within_us)
        note = "Last instruction of the outage answered"
        yield _stamp("backlog-cleared", _LABELS["backlog-cleared"], edges, (source, note), evidence)


def _edges(disruption: Interruption) -> tuple[Edges, Edges | None]:
    """Return when a disruption began and ended, each with its bounds; its own values are the outermost."""
    surely = disruption.surely_us or (disruption.disrupted_us, disruption.restored_us or disruption.disrupted_us)
    begin = Edges(disruption.disrupted_us, disruption.disrupted_us, surely[0])
    if disruption.restored_us is None:
        return begin, None
    return begin, Edges(disruption.restored_us, surely[1], disruption.restored_us)


# -- where sources contradict each other --


def contradictions(case: Case) -> tuple[Contradiction, ...]:
    """Return where two sources cannot both be right, even by what their clocks may be wrong."""
    record = case.imported
    if record is None or isinstance(record.timeline, NoTimeline):
        return ()
    return (*_with_timeline(case, record, record.timeline), *_with_participants(case, record))


def _with_timeline(case: Case, record: Observed, seen: Timeline) -> Iterator[Contradiction]:
    """Yield where the timeline says that it was not disrupted yet, or served again, while it was seen disrupted."""
    disruption = principal(case)
    if not seen.sampled_every_us:
        return
    if disruption is None:
        line = record.milestone("minimum-service")
        if line is not None:
            text = f"{line.by} says that it served again, and no sample says that it was disrupted."
            yield Contradiction(text, (*case.lines_of(line), *case.cite(RECORDS)))
        return
    begin, end = _edges(disruption)
    occurred, restored = record.milestone("occurred"), record.milestone("minimum-service")
    if occurred is not None and record.edges(occurred).earliest_us > begin.latest_us:
        yield _contradiction(case, occurred, "that it began", begin.latest_us, "the service was already seen disrupted")
    if restored is not None and end is not None and record.edges(restored).latest_us < end.earliest_us:
        yield _contradiction(case, restored, "that it served again", end.earliest_us, "it was still seen disrupted")


def _contradiction(case: Case, line: Line, says: str, seen_us: int, but: str) -> Contradiction:
    apart = duration(abs(line.at_us - seen_us))
    earlier = "after" if line.at_us > seen_us else "before"
    text = f"{line.by} says {says} {apart} {earlier} the last instant at which, by the samples, {but}"
    if line.at_us > seen_us:
        text = f"{line.by} says {says}; by the samples {but} {apart} before that"
    return Contradiction(f"{text}.", (*case.lines_of(line), *case.cite(RECORDS)))


def _with_participants(case: Case, record: Observed) -> Iterator[Contradiction]:
    """Yield where the participants' own records tell of another disruption than the samples do."""
    if isinstance(record.by_participants, NoTimeline) or isinstance(case.observed, NoTimeline):
        return
    if not case.observed.sampled_every_us:
        return
    within_us = record.participants_within_us + case.service.measured.window_ms * 1_000
    for own in unseen_by_samples(case):
        to_us = own.restored_us if own.restored_us is not None else record.by_participants.last_offer_us
        text = f"Participants were not served for {duration(to_us - own.disrupted_us)}, and every sample was good"
        yield Contradiction(f"{text}: who sampled did not see what clients saw.", case.cite(RECORDS))
    for each in case.interruptions:
        end_us = each.restored_us or case.observed.end_us
        own_seen = [
            (i.disrupted_us - within_us, (i.restored_us or record.by_participants.last_offer_us) + within_us)
            for i in record.by_participants.interruptions
        ]
        if not any(begin < end_us and each.disrupted_us < end for begin, end in own_seen):
            text = f"The samples show a disruption of {case.extent(each)}, and every participant was served meanwhile"
            yield Contradiction(f"{text}.", case.cite(RECORDS))


# -- what was taken for granted --


def observed_assumptions(case: Case, limits: str) -> tuple[str, ...]:
    """Return what an observation takes for granted, most important first."""
    record = _record(case)
    manifest = record.manifest
    if manifest is None:
        return (f"RTO, RPO and impact tolerance are those of the model, {limits}.",)
    records = (
        "Nothing was measured from here: these records are the institution's own, and what they say was not seen by"
        f" Holdfast. The {manifest.lead} answers for them; they are judged as they were committed."
    )
    samples = [
        f"A sample of {source.file} is good when {source.good}. Samples are {declared(source.every_us // 1_000)}"
        " apart: a disruption began after the last good one and ended by the first good one, and the longest that"
        " this allows is judged. Where samples are missing the service is unknown, not good."
        for source in manifest.of("availability")
    ]
    samples += [
        f"Prometheus answers a range query with the last value before each step, for up to its look-back (five minutes"
        f" unless it was set): where nothing was scraped for less than that, {source.file} shows no gap."
        for source in manifest.of("availability")
        if source.format == "prometheus"
    ]
    clocks = (
        "What each clock was ahead of UTC, and how far that may be wrong, is what the manifest says; both edges of"
        " every instant carry it."
    )
    said = [records, *samples, clocks]
    if record.bad_outside:
        said.append(
            f"Not judged: {count(record.bad_outside, 'sample')} that {'was' if record.bad_outside == 1 else 'were'} not"
            " good, before the beginning or after the end that the manifest gives."
        )
    if manifest.of("settlement"):
        said.append(
            "The settlement file is the ledger as the institution exported it, and the number of its rows is the"
            " exporting tool's. Nobody read the ledger itself."
        )
    if manifest.of("timeline"):
        said.append("Times of the timeline were written down by people, as finely as they wrote them.")
    said.append(f"RTO, RPO and impact tolerance are those of the model, {limits}.")
    return tuple(said)


def observed_unproven(case: Case) -> tuple[str, ...]:
    """Return what an observation does not prove."""
    record = _record(case)
    said = ["One run says that it can be done, not how often: there is no interval around a single recovery time."]
    if case.exercise.opened.event.environment == "test":
        said.append(
            "It ran in a production-like environment: that its volumes, links and counterparties are those of"
            " production is the institution's word."
        )
    if record.milestone("contained") is None and record.milestone("verified") is None:
        said.append("Nothing in the timeline tells of a compromise: recovery from untrusted data is another exercise.")
    if case.exercise.day is None:
        said.append("The end of the settlement day was not part of it.")
    said += [f"{why[:1].upper()}{why[1:]}: what needs it is unknown." for why in record.lacks.values()]
    return tuple(said)


def limits_in_words(approval: Approval, regimes: tuple[str, ...]) -> str:
    """Return how the limits stand with the institution's body."""
    standing = str(approval) if approval.entry else "which no body of the institution approved in this log"
    return f"{standing}. Regimes named: {', '.join(regimes) or 'none'}"


def _record(case: Case) -> Observed:
    if case.imported is None:
        raise LookupError(case.exercise.id)
    return case.imported
