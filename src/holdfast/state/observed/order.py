"""What cannot be, whatever any clock may be wrong by: an end before its beginning, samples of another time."""

from __future__ import annotations

from holdfast.errors import Place
from holdfast.evidence.observed import Milestone
from holdfast.model.findings import Findings
from holdfast.state.observed.manifest import Manifest
from holdfast.state.observed.record import Frame, edges_of
from holdfast.state.observed.rows import Line, Read

# What cannot come before what. A disaster can be declared, and classified, before it strikes.
_ORDER: tuple[tuple[Milestone, Milestone], ...] = (
    ("occurred", "detected"),
    ("occurred", "contained"),
    ("occurred", "eradicated"),
    ("occurred", "rebuilt"),
    ("occurred", "verified"),
    ("occurred", "minimum-service"),
    ("occurred", "reconnected"),
    ("occurred", "full-service"),
    ("occurred", "backlog-cleared"),
    ("occurred", "re-armed"),
    ("minimum-service", "full-service"),
    ("contained", "eradicated"),
    ("declared", "stood-down"),
)
_US = 1_000_000


def find_impossible(manifest: Manifest, read: Read, frame: Frame, findings: Findings) -> None:
    """Find times that contradict each other beyond what their clocks may be wrong by (HF523, HF526)."""
    began_us, ended_us = frame.began_us(manifest), frame.ended_us(manifest)
    if ended_us <= began_us:
        message = "expected an observation that ends after it began"
        findings.error("HF523", manifest.place, message, "Look at from and to in the manifest.")
        return
    _check_day(manifest, frame, findings)
    _check_overlap(read, (began_us, ended_us), findings)
    _check_occurred(manifest, read, (began_us, ended_us), findings)
    _check_order(manifest, read, findings)


def _check_occurred(manifest: Manifest, read: Read, window: tuple[int, int], findings: Findings) -> None:
    """Find what struck outside the time observed: the samples that would be judged are of another time."""
    known = {source.name: source for source in manifest.sources}
    for line in read.lines:
        if line.milestone != "occurred":
            continue
        edges = edges_of(line, known[line.source].within_us)
        if edges.latest_us < window[0] or edges.earliest_us > window[1]:
            side, off_us = (
                ("before", window[0] - line.at_us) if line.at_us < window[0] else ("after", line.at_us - window[1])
            )
            message = f"it occurred {off_us // _US:,} s {side} the time that is observed"
            place = Place(known[line.source].file, line.number)
            findings.error("HF526", place, message, "Set from and to around what happened, or correct the line's time.")


def _check_day(manifest: Manifest, frame: Frame, findings: Findings) -> None:
    if manifest.cut_off is None or manifest.close_by is None:
        return
    zone_s = frame.offsets_s.get(manifest.zone, 0)
    if manifest.close_by.utc_us(zone_s) <= manifest.cut_off.utc_us(zone_s):
        message = "expected a day that must be closed after its cut-off"
        findings.error("HF523", manifest.place, message, "Look at day in the manifest.")


def _check_overlap(read: Read, window: tuple[int, int], findings: Findings) -> None:
    """Find samples that all lie outside the observation: mostly a time zone."""
    if read.samples is None or not read.samples.samples:
        return
    samples, source = read.samples.samples, read.samples.source
    if samples[-1].at_us < window[0] or samples[0].at_us > window[1]:
        off_s = (samples[0].at_us - window[0]) // _US
        message = (
            f"no sample lies in the time observed: the first is {abs(off_s):,} s {'after' if off_s > 0 else 'before'}"
        )
        findings.error("HF526", source.place, f"{message} its beginning", "Look at time_zone, times, from and to.")


def _check_order(manifest: Manifest, read: Read, findings: Findings) -> None:
    known = {source.name: source for source in manifest.sources}
    first: dict[Milestone, Line] = {}
    last: dict[Milestone, Line] = {}
    for line in sorted(read.lines, key=lambda line: (line.at_us, line.number)):
        if line.milestone is not None:
            first.setdefault(line.milestone, line)
            last[line.milestone] = line
    for before, after in _ORDER:
        earlier, later = first.get(before), last.get(after)
        if earlier is None or later is None:
            continue
        latest_us = edges_of(later, known[later.source].within_us).latest_us
        if latest_us < edges_of(earlier, known[earlier.source].within_us).earliest_us:
            apart_s = (earlier.at_us - later.at_us) / _US
            message = (
                f"{after} is {apart_s:,.0f} s before {before} (line {earlier.number} of {known[earlier.source].file})"
            )
            remedy = "Look at kind and time of both lines, and at the clocks of their sources."
            findings.error("HF523", Place(known[later.source].file, later.number), message, remedy)
