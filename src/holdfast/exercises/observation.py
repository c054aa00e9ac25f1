"""Taking the records of a test or an incident into the log: all of it sound, or nothing of it.

The files are read and understood before anything is written. Then each is committed by its digest with where it is
from, the lines of its timeline become entries, and what is missing is said. Nothing is judged here.
"""

from __future__ import annotations

import os
import secrets
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from holdfast.errors import EnvironmentProblem, HoldfastError, Place, UsageError
from holdfast.evidence.classes import EvidenceClass, class_of
from holdfast.evidence.envelope import event_of
from holdfast.evidence.events import (
    DayScheduled,
    Event,
    EvidenceMissing,
    ExerciseClosed,
    ExerciseOpened,
)
from holdfast.evidence.observed import (
    ObservationDescribed,
    ObservedKind,
    SourceImported,
    TimelineImported,
    on_utc,
)
from holdfast.model.findings import Finding, Findings, shown
from holdfast.model.loader import attachment
from holdfast.model.types import Model, Scenario
from holdfast.state.observed.manifest import FILE, Manifest, Source, read_manifest
from holdfast.state.observed.order import find_impossible
from holdfast.state.observed.record import Frame, Observed, assembled
from holdfast.state.observed.rows import Offsets, Read
from holdfast.state.observed.sources import read_sources
from holdfast.state.observed.times import Time
from holdfast.store.attachments import described
from holdfast.store.clock import now
from holdfast.store.port import Log

ACTOR = "importer"
JSON, YAML = "application/json", "application/yaml"
MAX_FILE_BYTES = 256 * 1024 * 1024
READ_ENTRIES = 1_000
_ENVIRONMENT: dict[ObservedKind, str] = {"recovery-test": "test", "live-test": "production", "incident": "production"}
_CLASS: dict[ObservedKind, EvidenceClass] = {
    "recovery-test": "production-like",
    "live-test": "live",
    "incident": "live",
}
_MEDIA_TYPES = {"csv": "text/csv", "prometheus": JSON, "ndjson": "application/x-ndjson"}
_MISSED = ("availability", "participant", "settlement", "positions", "timeline")


@dataclass(frozen=True, slots=True)
class Sound:
    """Records that can be taken into the log: what they are of, what was read, and the bytes of each file."""

    manifest: Manifest
    manifest_data: bytes
    files: dict[str, bytes]
    read: Read
    frame: Frame
    observed: Observed


def read_directory(directory: Path, model: Model, scenario: Scenario) -> tuple[Sound | None, tuple[Finding, ...]]:
    """Return the records in a directory, ``None`` when anything of them is not sound, and all findings.

    Raises ``EnvironmentProblem`` HF911 when a file cannot be read by this account, ``UsageError`` HF421 when there is
    no manifest.
    """
    findings = Findings()
    data = _manifest_data(directory)
    manifest = read_manifest(FILE, data, findings)
    if manifest is None:
        return None, findings.by_place()
    _check_claim(manifest, scenario, findings)
    offsets_s = _offsets(manifest, findings)
    files: dict[str, bytes | str] = {each.name: _bytes(directory, each.file) for each in manifest.sources}
    read = read_sources(manifest, files, offsets_s, findings)
    frame = Frame(offsets_s)
    find_impossible(manifest, read, frame, findings)
    _check_lines(manifest, read, offsets_s, findings)
    _check_exports(manifest, offsets_s, findings)
    if findings.has_errors:
        return None, findings.by_place()
    seen = assembled(manifest, read, model.services[scenario.service], frame, tuple(read.lines))
    if seen.bad_outside:
        message = f"{seen.bad_outside:,} samples that were not good lie outside from and to, and are not judged"
        findings.add("warning", "HF526", manifest.place, message, "Widen from and to, if they belong to what happened.")
    whole = {name: found for name, found in files.items() if isinstance(found, bytes)}
    return Sound(manifest, data, whole, read, frame, seen), findings.by_place()


def record(log: Log, sound: Sound, model: Model, scenario: Scenario) -> str:
    """Append all of it to a log, in one piece, and return the exercise's id; HF420 if it was recorded there before."""
    manifest, frame = sound.manifest, sound.frame
    began = on_utc(frame.began_us(manifest))
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=began.utc_us)
    exercise = f"{scenario.name[:32]}-{when:%Y%m%dt%H%M%S}-{secrets.token_hex(2)}"
    _refuse_twice(log, described(FILE, sound.manifest_data, YAML).sha256, scenario)
    committed = log.attach(FILE, sound.manifest_data, YAML)
    opened = ExerciseOpened(
        exercise=exercise,
        scenario=scenario.name,
        service=scenario.service,
        exercise_type=scenario.exercise_type,
        environment=_ENVIRONMENT[manifest.what],
        model=log.attach("model.json", attachment(model), JSON),
        model_digest=model.digest,
        seed=0,
        compression=1,
        version=version("holdfast"),
        target={"observed": manifest.what},
        guard_pid=0,
    )
    description = ObservationDescribed(
        exercise=exercise,
        what=manifest.what,
        title=manifest.title,
        lead=manifest.lead,
        knew=manifest.knew,
        began=began,
        ended=on_utc(frame.ended_us(manifest)),
        manifest=committed,
    )
    events: list[Event] = [opened, description]
    events += [_imported(log, exercise, sound, source) for source in manifest.sources]
    events += [
        EvidenceMissing(exercise, kind, "the manifest names no such file")
        for kind in _MISSED
        if not any(source.record == kind for source in manifest.sources)
    ]
    events += _day(exercise, sound)
    events += _lines(exercise, sound)
    events.append(ExerciseClosed(exercise, "finished", "its records were imported whole", now()))
    log.append(events, actor=ACTOR, subject=f"exercise:{exercise}")
    return exercise


def _imported(log: Log, exercise: str, sound: Sound, source: Source) -> SourceImported:
    offset_s = sound.frame.offsets_s[source.zone]
    return SourceImported(
        exercise=exercise,
        source=source.name,
        record=source.record,
        attachment=log.attach(source.file, sound.files[source.name], _MEDIA_TYPES[source.format]),
        exported_by=source.exported_by,
        exported_with=source.exported_with,
        exported=on_utc(source.exported_at.utc_us(offset_s)),
        zone_offset_s=offset_s,
        clock_ahead_us=source.ahead_us,
        clock_within_us=source.within_us,
        rows=sound.read.rows.get(source.name, 0),
    )


def _day(exercise: str, sound: Sound) -> list[Event]:
    """Return the business day, if the manifest lays one on the time observed."""
    cut_off_us, close_by_us = sound.observed.cut_off_us, sound.observed.close_by_us
    if cut_off_us is None or close_by_us is None:
        return []
    began = on_utc(sound.frame.began_us(sound.manifest))
    return [DayScheduled(exercise, 1, on_utc(cut_off_us), on_utc(close_by_us), began, 1)]


def _lines(exercise: str, sound: Sound) -> list[Event]:
    return [
        TimelineImported(
            exercise=exercise,
            source=line.source,
            line=line.number,
            by=line.by,
            what=line.what,
            occurred=on_utc(line.at_us),
            written_to_us=line.written_to_us,
            milestone=line.milestone,
            workaround=line.workaround,
        )
        for line in sorted(sound.read.lines, key=lambda each: (each.at_us, each.source, each.number))
    ]


def _refuse_twice(log: Log, manifest_sha256: str, scenario: Scenario) -> None:
    """Refuse records that stand in the log already: the same test would count twice."""
    after = -1
    opened: dict[str, str] = {}
    while entries := log.read(after, READ_ENTRIES):
        after = entries[-1].seq
        for entry in entries:
            if entry.kind not in {"exercise.opened", "observation.described"}:
                continue
            event = event_of(entry)
            if isinstance(event, ExerciseOpened):
                opened[event.exercise] = event.scenario
            elif isinstance(event, ObservationDescribed) and (
                (event.manifest.sha256, opened.get(event.exercise)) == (manifest_sha256, scenario.name)
            ):
                message = f"these records are in the log already, as exercise {event.exercise} (entry {entry.seq})"
                remedy = f"Judge it with: holdfast judge --exercise {event.exercise}"
                raise HoldfastError("HF420", message, remedy=remedy)


# -- what is found before anything is written --


def _check_claim(manifest: Manifest, scenario: Scenario, findings: Findings) -> None:
    """Find a manifest that claims more than the scenario's type allows: what is talked through shows no recovery."""
    claimed = _CLASS[manifest.what]
    allowed = class_of(_ENVIRONMENT[manifest.what], scenario.exercise_type)
    if allowed != claimed:
        message = (
            f"{manifest.what} claims evidence of class {claimed}, and {scenario.name} is of type"
            f" {scenario.exercise_type}, whose evidence is of class {allowed}"
        )
        remedy = "Name a scenario of a type that is really run: functional, site, red-blue or industry."
        findings.error("HF524", manifest.place, message, remedy)


def _offsets(manifest: Manifest, findings: Findings) -> Offsets:
    """Return how far each zone is ahead of UTC while it ran; one that changes meanwhile makes times ambiguous."""
    found: dict[str, int] = {}
    own = [manifest.cut_off, manifest.close_by]
    for zone in sorted(manifest.zones):
        # Every time that the manifest gives in this zone is read by one offset.
        given = [manifest.began, manifest.ended]
        given += [time for time in own if time is not None and not time.zoned and zone == manifest.zone]
        given += [each.exported_at for each in manifest.sources if each.zone == zone and not each.exported_at.zoned]
        offsets = [offset for time in given for offset in _offsets_s(zone, time)]
        if not offsets:
            message = f"expected a time zone, got {shown(zone)}"
            findings.error("HF108", manifest.place, message, "Write a name such as Europe/Amsterdam, or UTC.")
        elif len(set(offsets)) > 1:
            message = f"{zone} changes its offset between the times that are given: one without it could mean two"
            findings.error("HF526", manifest.place, message, "Write them in UTC or with their offset; export times so.")
        found[zone] = offsets[0] if offsets else 0
    return found


def _check_lines(manifest: Manifest, read: Read, offsets_s: Offsets, findings: Findings) -> None:
    """Find lines of a timeline at a time when their zone had another offset than the one they are read by.

    The lines of a test may lie days after it: what was sampled lies between from and to, and is covered by these.
    """
    known = {source.name: source for source in manifest.sources}
    for line in read.lines:
        source = known[line.source]
        offset_s = offsets_s.get(source.zone, 0)
        said = Time(line.at_us + source.ahead_us + offset_s * 1_000_000, zoned=False, written_to_us=1)
        if not line.zoned and set(_offsets_s(source.zone, said)) - {offset_s}:
            message = f"{source.zone} had another offset then than between from and to: this time could mean two"
            place = Place(source.file, line.number)
            findings.error("HF526", place, message, "Write the times of this file in UTC, or with their offset.")


def _offsets_s(zone: str, time: Time) -> tuple[int, ...]:
    """Return the offsets that a time can have in a zone: two for an hour that comes twice or never, none without it."""
    try:
        info = zoneinfo.ZoneInfo(zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return ()
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time.us)
    local = [at.astimezone(info)] if time.zoned else [at.replace(tzinfo=info, fold=fold) for fold in (0, 1)]
    offsets = (each.utcoffset() for each in local)
    return tuple(int(offset.total_seconds()) for offset in offsets if offset is not None)


def _check_exports(manifest: Manifest, offsets_s: Offsets, findings: Findings) -> None:
    """Find files that say that they were exported later than now."""
    present_us = now().utc_us
    ahead_us = {
        each.name: each.exported_at.utc_us(offsets_s.get(each.zone, 0)) - present_us for each in manifest.sources
    }
    late = [each for each in manifest.sources if ahead_us[each.name] > 0]
    if late:
        more = f", and {len(late) - 1} more" if len(late) > 1 else ""
        message = f"{late[0].file} says that it was exported {ahead_us[late[0].name] / 1e6:,.0f} s from now{more}"
        # This machine's clock may be the wrong one.
        findings.add("warning", "HF523", late[0].place, message, "Look at exported.at, time_zone and this clock.")


def _manifest_data(directory: Path) -> bytes:
    path = directory / FILE
    if not os.path.lexists(path):
        message = f"expected a manifest at {path}, got nothing there"
        raise UsageError("HF421", message, remedy="Write one, as docs/observe.md shows, beside the records.")
    data = _bytes(directory, FILE)
    if isinstance(data, str):
        remedy = "Make it a file in that directory that this account can read."
        raise EnvironmentProblem("HF911", f"{path} cannot be read: {data}", remedy=remedy)
    return data


def _bytes(directory: Path, name: str) -> bytes | str:
    """Return the bytes of a file in or below a directory, or why not; a link that leads out of it is not followed."""
    path = directory / name
    try:
        if not path.resolve().is_relative_to(directory.resolve()):
            return "it leads out of the directory"
        if not path.is_file():
            return "there is no such file"
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:
        # A name that no file can have, or links that lead in a circle, are no OSError everywhere.
        return getattr(error, "strerror", None) or str(error)
    return data if len(data) <= MAX_FILE_BYTES else f"it has more than {MAX_FILE_BYTES:,} bytes"
