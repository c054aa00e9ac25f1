"""Collecting the evidence: whatever can be had is committed by digest, whatever cannot is said to be missing.

Participants' records and the vault's copies are files on this side of the keeper, there even when the range is not;
the ledger is read on the primary by the auditor. A record that ends in the middle of a line is taken as it is: whoever
wrote it ended there, and what rests on it will read unknown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from holdfast.connectors import postgres
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.postgres import Server
from holdfast.connectors.range import (
    ALARM_RECORD,
    FENCER_RECORD,
    INBOX_RECORDS,
    KEEPER_SOCKET,
    PARTICIPANTS_RECORDS,
    TELEMETRY_RECORDS,
    VAULT_JOURNAL,
    Inventory,
    inventory,
)
from holdfast.connectors.records import record_files, whole_lines
from holdfast.errors import HoldfastError
from holdfast.evidence.events import EvidenceAttached, EvidenceMissing
from holdfast.exercises.clients import ALARMS
from holdfast.exercises.course import Recorder

NDJSON = "application/x-ndjson"
JSON = "application/json"
BEFORE = "inventory.json"
AFTER = "inventory-after.json"
LEDGER = "ledger.ndjson"
FENCER = "fencer.ndjson"
RECORDS, JOURNALS, INBOXES = "records/", "journal/", "inbox/"
TELEMETRY = "telemetry/"
TELEMETRY_LIMIT_BYTES = 32 << 20
"""For all hosts of one exercise together; of a host that said more than its share, the end is left out."""
AT_REST_TIMEOUT_S = 1.0
LOOK_EVERY_S = 0.05


def attach_inventory(recorder: Recorder, document: Mapping[str, Any], name: str) -> None:
    """Commit what the range says of itself."""
    data = json.dumps(document, sort_keys=True, indent=1).encode()
    _attach(recorder, name, data, JSON, "the range's keeper")


def collect_ledger(recorder: Recorder, target: Inventory) -> None:
    """Commit the ledger as it is now, read on its primary."""
    _guarded(recorder, LEDGER, lambda: _ledger(recorder, target.servers()))


def collect(recorder: Recorder, target: Inventory | None, attached: Container[str] = ()) -> None:
    """Commit everything that an exercise leaves behind; ``None`` for a range that never said where that is.

    The ledger is left out where it is among what was ``attached`` before.
    """
    if target is None:
        for name in (RECORDS, ALARMS, JOURNALS, LEDGER, AFTER):
            _missing(recorder, name, "the range never came up")
        return
    _files(recorder, target.records.get(PARTICIPANTS_RECORDS), RECORDS)
    _files(recorder, target.records.get(VAULT_JOURNAL), JOURNALS)
    if INBOX_RECORDS in target.records:
        _files(recorder, target.records[INBOX_RECORDS], INBOXES)
    if TELEMETRY_RECORDS in target.records:
        _telemetry(recorder, target.records[TELEMETRY_RECORDS])
    _guarded(recorder, ALARMS, lambda: _alarms(recorder, target))
    if FENCER_RECORD in target.records:
        _guarded(recorder, FENCER, lambda: _file(recorder, target.records[FENCER_RECORD], FENCER))
    if LEDGER not in attached:
        collect_ledger(recorder, target)
    keeper = Hypervisor(target.dir / KEEPER_SOCKET)
    _guarded(recorder, AFTER, lambda: attach_inventory(recorder, inventory(keeper)[1], AFTER))


def _files(recorder: Recorder, directory: Path | None, prefix: str) -> None:
    found = [path for path in record_files(directory) if path.name != ALARMS] if directory else []
    for path in found:
        _guarded(recorder, f"{prefix}{path.name}", partial(_file, recorder, path, f"{prefix}{path.name}"))
    if not found:
        _missing(recorder, prefix, f"there is no record in {directory}")


def _telemetry(recorder: Recorder, directory: Path, limit_bytes: int = TELEMETRY_LIMIT_BYTES) -> None:
    """Commit what the sensor saw of each host. The sensor goes on meanwhile: what is whole is up to its last count."""
    found = {path: path.stat().st_size for path in record_files(directory)}
    if not found:
        _missing(recorder, TELEMETRY, f"there is no record in {directory}")
    # The shortest first: what a host leaves of its share is there for the others.
    for position, path in enumerate(sorted(found, key=lambda each: found[each])):
        share_bytes = limit_bytes // (len(found) - position)
        limit_bytes -= min(share_bytes, found[path])
        name = f"{TELEMETRY}{path.name}"
        _guarded(recorder, name, partial(_up_to, recorder, path, name, share_bytes))


def _up_to(recorder: Recorder, path: Path, name: str, limit_bytes: int) -> None:
    """Commit the whole rows of a file up to a limit; how many came after it is said to be missing."""
    data = whole_lines(path.read_bytes())
    kept = whole_lines(data[:limit_bytes])
    _attach(recorder, name, kept, NDJSON, str(path))
    if len(kept) < len(data):
        rows, left = kept.count(b"\n"), data[len(kept) :].count(b"\n")
        _missing(recorder, f"{name} after row {rows}", f"{left} more rows were beyond the limit for one exercise")


def _file(recorder: Recorder, path: Path, name: str) -> None:
    _attach(recorder, name, _at_rest(path), NDJSON, str(path))


def _at_rest(path: Path) -> bytes:
    """Return a file as it is once no line of it is half written, or as it stays: a torn end is evidence too."""
    deadline = time.monotonic() + AT_REST_TIMEOUT_S
    while not (data := path.read_bytes()).endswith(b"\n") and data and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)
    return data


def _alarms(recorder: Recorder, target: Inventory) -> None:
    # No alarm is an answer too: the monitor makes its file when it begins to watch.
    _file(recorder, target.records[ALARM_RECORD], ALARMS)


def _ledger(recorder: Recorder, servers: tuple[Server, ...]) -> None:
    primary = postgres.primary(servers)
    _attach(recorder, LEDGER, postgres.extract(primary), NDJSON, f"{primary.name}, as {primary.user}")


def _attach(recorder: Recorder, name: str, data: bytes, media_type: str, read_from: str) -> None:
    attachment = recorder.log.attach(name, data, media_type)
    recorder.record(EvidenceAttached(recorder.exercise, attachment, recorder.by, read_from))


def _missing(recorder: Recorder, name: str, why: str) -> None:
    recorder.record(EvidenceMissing(recorder.exercise, name, why))


def _guarded(recorder: Recorder, name: str, work: Callable[[], None]) -> None:
    """Collect one thing; that it could not be had is itself recorded, and the rest is collected all the same."""
    try:
        work()
    except (HoldfastError, OSError, LookupError, TypeError, ValueError) as error:
        _missing(recorder, name, str(error) or type(error).__name__)
