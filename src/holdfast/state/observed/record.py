"""An observation put together: from its manifest and files to what the checks read of any exercise.

What no file holds is lacking, in words: a check that needs it answers *unknown* with these words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from holdfast.errors import HoldfastError
from holdfast.evidence.events import Attachment
from holdfast.evidence.observed import Milestone
from holdfast.model.findings import Findings
from holdfast.model.types import Service
from holdfast.state.exercise import Exercise, Observation
from holdfast.state.history import ALARMS, LEDGER, RECORDS, History, Ledger, ReadAttachment
from holdfast.state.observed.manifest import FILE, Manifest, Source, read_manifest
from holdfast.state.observed.rows import Line, Offsets, Read, Sample
from holdfast.state.observed.sampled import sampled_timeline
from holdfast.state.observed.sources import read_sources
from holdfast.state.rows import Account, Position
from holdfast.state.rows import Source as Server
from holdfast.state.service import Interval, NoTimeline, Timeline, observe

_LAST: frozenset[Milestone] = frozenset(
    {
        *("contained", "eradicated", "rebuilt", "verified", "minimum-service", "reconnected", "full-service"),
        *("backlog-cleared", "day-closed", "re-armed", "stood-down"),
    }
)


@dataclass(frozen=True, slots=True)
class Edges:
    """An instant of UTC with the earliest and the latest that it can have been."""

    at_us: int
    earliest_us: int
    latest_us: int


def edges_of(line: Line, within_us: int) -> Edges:
    """Return when a line of a timeline was: its clock may be wrong by so much, and it was written only so finely."""
    return Edges(line.at_us, line.at_us - within_us, line.at_us + within_us + line.written_to_us)


@dataclass(frozen=True, slots=True)
class Observed:
    """What ran elsewhere, as its records tell it; ``lacks`` says of each part that is not there, why."""

    manifest: Manifest | None
    history: History
    timeline: Timeline | NoTimeline
    by_participants: Timeline | NoTimeline
    lines: tuple[Line, ...]
    lacks: Mapping[str, str] = field(default_factory=dict)
    cut_off_us: int | None = None
    close_by_us: int | None = None
    bad_outside: int = 0  # samples that were not good and lie before the beginning or after the end
    already_disrupted: bool = False  # from the first that is known of it: since when, nothing tells

    def milestone(self, name: Milestone, *, unless_by: frozenset[str] = frozenset()) -> Line | None:
        """Return the line that says so: the last one of what ends something, the first of what begins."""
        knew = {each.casefold() for each in unless_by}
        told = [line for line in self.lines if line.milestone == name and line.by.casefold() not in knew]
        told.sort(key=lambda line: (line.at_us, line.number))
        return (told[-1] if name in _LAST else told[0]) if told else None

    def edges(self, line: Line) -> Edges:
        """Return when a line of the timeline was, with its bounds."""
        known = self.manifest.sources if self.manifest else ()
        return edges_of(line, next((each.within_us for each in known if each.name == line.source), 0))

    @property
    def participants_within_us(self) -> int:
        """How far the clocks of the participants may be wrong, the worst of them."""
        known = self.manifest.of("participant") if self.manifest else ()
        return max((each.within_us for each in known), default=0)


@dataclass(frozen=True, slots=True)
class Frame:
    """What a reading of files needs from outside: time zones as they were then."""

    offsets_s: Offsets

    def began_us(self, manifest: Manifest) -> int:
        """Return when the observation begins, UTC."""
        return manifest.began.utc_us(self.offsets_s.get(manifest.zone, 0))

    def ended_us(self, manifest: Manifest) -> int:
        """Return when it ends, UTC."""
        return manifest.ended.utc_us(self.offsets_s.get(manifest.zone, 0))


def assembled(manifest: Manifest, read: Read, service: Service, frame: Frame, lines: tuple[Line, ...]) -> Observed:
    """Return the observation that these files are of."""
    zone_s = frame.offsets_s.get(manifest.zone, 0)
    cut_off_us = manifest.cut_off.utc_us(zone_s) if manifest.cut_off else None
    close_by_us = manifest.close_by.utc_us(zone_s) if manifest.close_by else None
    lacks = _lacking(manifest, read)
    if "timeline" in lacks:
        # Half of a timeline is not believed either.
        lines = ()
    history = _history(manifest, read, lacks)
    window = (frame.began_us(manifest), frame.ended_us(manifest))
    operations = [operation for record in history.records.values() for operation in record.operations]
    seen: Timeline | NoTimeline = NoTimeline("the service has no indicator, by which offers would be judged")
    if service.indicator is not None:
        seen = observe(history, service.indicator)
    timeline = seen
    if manifest.of("availability"):
        timeline = NoTimeline(lacks["availability"]) if "availability" in lacks else seen
        if read.samples is not None and "availability" not in lacks:
            timeline = sampled_timeline(read.samples, *window, seen, operations)
    elif isinstance(seen, NoTimeline):
        timeline = NoTimeline(f"{lacks['availability']}, and {seen.why}")
    else:
        timeline = _over(seen, window, service)
    every = read.samples.samples if read.samples else ()
    outside = sum(not each.good and not window[0] <= each.at_us <= window[1] for each in every)
    already = _is_disrupted_from_the_start(every, timeline, window)
    return Observed(manifest, history, timeline, seen, lines, lacks, cut_off_us, close_by_us, outside, already)


def _is_disrupted_from_the_start(
    samples: Sequence[Sample], timeline: Timeline | NoTimeline, window: tuple[int, int]
) -> bool:
    """Return whether the first sample, or the first offer, that is looked at was not good already."""
    if isinstance(timeline, NoTimeline):
        return False
    if timeline.sampled_every_us:
        first = next((each for each in samples if window[0] <= each.at_us <= window[1]), None)
        return first is not None and not first.good
    # Time before the first offer may have been put before it: nobody looked there.
    looked = next((each for each in timeline.intervals if each.state != "unobserved"), None)
    return looked is not None and looked.state == "disrupted"


def _over(seen: Timeline, window: tuple[int, int], service: Service) -> Timeline:
    """Return what offers tell, over the whole time observed: before the first and after the last nobody looked.

    What is left to the last offer's own answer, and shorter than the indicator's window, is no silence.
    """
    quiet_us = (service.measured.window_ms + service.measured.within_ms) * 1_000
    intervals = list(seen.intervals)
    if seen.start_us - window[0] > quiet_us:
        intervals.insert(0, Interval("unobserved", window[0], seen.start_us))
    if window[1] - seen.last_offer_us > quiet_us and (not intervals or intervals[-1].state != "disrupted"):
        intervals.append(Interval("unobserved", seen.last_offer_us, window[1]))
    return replace(seen, intervals=tuple(intervals))


def observed(exercise: Exercise, read_attachment: ReadAttachment, service: Service) -> Observed | None:
    """Return what an exercise of a log observed, from what it committed; ``None`` for one that was run from here."""
    given = exercise.observation
    if given is None:
        return None
    findings = Findings()
    data = _bytes(given.described.event.manifest, read_attachment)
    manifest = read_manifest(FILE, data, findings) if isinstance(data, bytes) else None
    if manifest is None:
        first = next((str(each) for each in findings.by_place() if each.severity == "error"), str(data))
        return _nothing(f"the manifest cannot be read: {first}")
    events = {each.event.source: each.event for each in given.sources}
    files = {name: _bytes(event.attachment, read_attachment) for name, event in events.items()}
    offsets_s = {source.zone: events[source.name].zone_offset_s for source in manifest.sources if source.name in events}
    offsets_s.update(_zone_of(manifest, exercise, given))
    read = read_sources(manifest, files, offsets_s, findings)
    lines = _lines(given)
    if {_key(line) for line in lines} != {_key(line) for line in read.lines}:
        for source in manifest.of("timeline"):
            read.unread.setdefault(source.name, "the entries of the log are not the lines of the file")
    return assembled(manifest, read, service, Frame(offsets_s), lines)


def _zone_of(manifest: Manifest, exercise: Exercise, given: Observation) -> dict[str, int]:
    """Return the offset of the manifest's own zone, by any of its times that does not say it and stands in the log."""
    described, day = given.described.event, exercise.day.event if exercise.day else None
    pairs = [(manifest.began, described.began), (manifest.ended, described.ended)]
    if day is not None and manifest.cut_off is not None and manifest.close_by is not None:
        pairs += [(manifest.cut_off, day.cut_off), (manifest.close_by, day.close_by)]
    offsets = ((time.us - at.utc_us) // 1_000_000 for time, at in pairs if not time.zoned)
    return dict.fromkeys([manifest.zone], offset) if (offset := next(offsets, None)) is not None else {}


def _bytes(attachment: Attachment, read_attachment: ReadAttachment) -> bytes | str:
    try:
        return read_attachment(attachment.sha256)
    except HoldfastError as problem:
        return str(problem)


def _lines(given: Observation) -> tuple[Line, ...]:
    return tuple(
        Line(
            event.source,
            event.line,
            event.occurred.utc_us,
            event.written_to_us,
            event.by,
            event.what,
            event.milestone,
            event.workaround,
        )
        for event in (each.event for each in given.lines)
    )


def _key(line: Line) -> tuple[object, ...]:
    return (line.source, line.number, line.at_us, line.by, line.what, line.milestone, line.workaround)


def _nothing(why: str) -> Observed:
    problems = {RECORDS: why, LEDGER: why, ALARMS: why}
    history = History({}, None, None, {}, problems, told_in_words=True)
    parts = ("availability", "settlement", "positions", "timeline", "participants")
    return Observed(None, history, NoTimeline(why), NoTimeline(why), (), dict.fromkeys(parts, why))


def _lacking(manifest: Manifest, read: Read) -> dict[str, str]:
    """Return why each part that no file holds, or whose file cannot be relied on, is not there."""
    named = {
        "availability": "no samples of availability are among the records",
        "settlement": "no settlement file is among the records",
        "positions": "no file of positions is among the records",
        "timeline": "no timeline is among the records",
    }
    lacks: dict[str, str] = {}
    for part, why in named.items():
        sources = [source for source in manifest.sources if source.record == part]
        unread = next((read.unread[source.name] for source in sources if source.name in read.unread), None)
        if not sources or unread is not None:
            lacks[part] = unread or why
        elif part == "settlement" and sources[0].rows is None:
            lacks[part] = f"nothing shows that {sources[0].file} is whole: it states no number of rows"
    return lacks


def _history(manifest: Manifest, read: Read, lacks: Mapping[str, str]) -> History:
    """Return the histories as a drill would have left them; what only a ledger of ours holds is not in them."""
    problems: dict[str, str] = {}
    records = {}
    for source in manifest.of("participant"):
        bank = _bank(source)
        if source.name in read.unread:
            problems[f"{RECORDS}{bank}"] = f"the record of {bank} cannot be relied on: {read.unread[source.name]}"
        elif bank in read.records:
            records[bank] = read.records[bank]
            if not records[bank].ended:
                problems[f"{RECORDS}{bank}"] = (
                    f"nothing shows that the record of {bank} is whole: {source.file} states no number of rows"
                )
    ledger = None
    if "settlement" in lacks:
        problems[LEDGER] = lacks["settlement"]
    else:
        ledger = _ledger(manifest, read)
    if not manifest.of("participant"):
        problems[RECORDS] = "no participant's record is among the records"
    paid = {operation.offer.to for record in records.values() for operation in record.operations}
    held = {end for row in ledger.instructions for end in (row.sender, row.receiver)} if ledger else set()
    for bank in sorted((paid | held) - records.keys()):
        problems.setdefault(f"{RECORDS}{bank}", f"the record of {bank} is not among the records")
    if "timeline" in lacks:
        problems[ALARMS] = lacks["timeline"]
    return History(records, None, ledger, {}, problems, told_in_words=True)


def _ledger(manifest: Manifest, read: Read) -> Ledger:
    """Return what the settlement file and the positions say of the ledger; when a day ended, the timeline tells."""
    rows = read.positions or ()
    accounts = tuple(Account("account", each.participant, each.opening_cents, each.closing_cents, 0) for each in rows)
    positions = tuple(
        Position(
            "position",
            1,
            each.participant,
            each.opening_cents,
            each.debits_cents,
            each.credits_cents,
            each.closing_cents,
            each.confirmed,
        )
        for each in rows
    )
    source = manifest.of("settlement")[0]
    server = Server("_source", source.exported_with, in_recovery=False, timeline=1, lsn="")
    return Ledger(server, accounts, read.instructions or (), (), (), (), positions)


def _bank(source: Source) -> str:
    return source.participant or source.name
