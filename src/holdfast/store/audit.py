"""Verification of what lies on disk: reads a log's directory or a bundle and lets ``evidence.verification`` judge."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence import tiles
from holdfast.evidence.envelope import decode, event_of
from holdfast.evidence.events import Attachment, Continued, LogOpened
from holdfast.evidence.merkle import Frontier, leaf_hash, root_of
from holdfast.evidence.notes import Checkpoint, VerifierKey
from holdfast.evidence.verification import (
    NO_ANCHOR,
    REMEDY_ALTERED,
    Anchored,
    Confirmed,
    Finding,
    Measured,
    References,
    StoredCheckpoint,
    StoredEntry,
    check_anchor,
    check_attachments,
    check_key,
    confirm,
    is_error,
    open_note,
    trust_checkpoints,
)
from holdfast.store import bundle, verify_bundle
from holdfast.store.anchor import Anchor
from holdfast.store.attachments import Attachments
from holdfast.store.keys import load_verifier
from holdfast.store.opening import store_at
from holdfast.store.places import ASIDE, ATTACHMENTS, Outside
from holdfast.store.rows import Files, Store

THREADED_FROM_CHECKPOINTS = 512


@dataclass(frozen=True, slots=True)
class Audit:
    """What was verified and what was found; ``held`` only without an error among the findings."""

    what: str  # "log" or "bundle"
    place: str
    origin: str
    size: int
    root: bytes
    key: VerifierKey | None
    entries: int
    checkpoints: int
    attachments: int
    anchored: int | None  # the size that the anchor remembers
    confirmed: str | None  # the latest signed checkpoint that the entries lead to, as its note
    continues: Continued | None  # the older log that this one says it goes on from
    findings: tuple[Finding, ...]

    @property
    def held(self) -> bool:
        """Return whether every entry is what the key's owner signed."""
        return not any(map(is_error, self.findings))


def audit_log(place: str | Path, key: VerifierKey | None, outside: Outside, against: Path | None = None) -> Audit:
    """Verify the log in a place; without a key with the one that is kept here, outside the log, if there is one.

    HF201 if there is no log.
    """
    with closing(store_at(place)) as store:
        return _audit_store(store, key, outside, against)


def _audit_store(store: Store, key: VerifierKey | None, outside: Outside, against: Path | None) -> Audit:
    claimed = store.claimed_origins()
    if claimed is None:
        message = f"there is no log in {store.place}"
        raise EnvironmentProblem("HF201", message, remedy="name the directory or the address of a log")
    if key is None:
        # One of the two checkpoints that name the log may have been altered.
        key = next(filter(None, (load_verifier(outside.keys, origin) for origin in claimed)), None)
    origin = key.name if key else next(iter(claimed), "")
    findings = check_key(key)
    # The anchor is written after the commit: read before the log, it is never ahead of an honest one.
    anchor, unreadable = read_anchor(outside, origin)
    references, opening = References(), _Opening()
    with store.snapshot() as snapshot:
        opened = _open_all(snapshot.checkpoints, key)
        trusted, wrong = trust_checkpoints(snapshot.checkpoints, opened)
        confirmed = confirm(opening.tap(references.tap(snapshot.entries)), trusted)
        findings += [*wrong, *confirmed.findings, *_check_frontiers(snapshot.frontiers, confirmed)]
    findings += _measure(references.found, store.attachments)
    findings += unreadable or check_anchor(anchor, confirmed.entries, confirmed.roots)
    if against is not None:
        findings = _held_against(against, key, confirmed.roots.get, findings)
    return Audit(
        what="log",
        place=store.place,
        origin=origin,
        size=trusted[-1].size if trusted else 0,
        root=trusted[-1].root if trusted else b"",
        key=key,
        entries=confirmed.entries,
        checkpoints=len(snapshot.checkpoints),
        attachments=len({attachment.sha256 for _, attachment in references.found}),
        anchored=anchor.size if anchor else None,
        confirmed=_latest_confirmed(snapshot.checkpoints, opened, confirmed),
        continues=opening.continues,
        findings=tuple(findings),
    )


def audit_bundle(directory: Path, key: VerifierKey | None, against: Path | None = None) -> Audit:
    """Verify an exported bundle offline; the key is an argument and never read from the bundle.

    ``against`` is an older bundle of the same log, which this one must go on from.
    """
    note = bundle.read_note(directory)
    opened = open_note(note, key)
    claimed = open_note(note, None) if isinstance(opened, HoldfastError) else opened
    size = claimed.size if isinstance(claimed, Checkpoint) else 0
    stored = [StoredCheckpoint(0, size, note)]
    trusted, wrong = trust_checkpoints(stored, [opened])
    findings = check_key(key) + wrong
    references, opening = References(), _Opening()
    broken: list[Finding] = []
    hashes = _Hashes()
    rows = hashes.tap(_until_broken(bundle.stored_entries(directory, size), broken))
    confirmed = confirm(opening.tap(references.tap(rows)), trusted)
    findings += [*broken, *confirmed.findings, *_check_tiles(directory, hashes.right(confirmed))]
    attachments = Attachments(directory / ATTACHMENTS)
    findings += [*_measure(references.found, attachments), *_check_strays(directory, hashes, references)]
    if against is not None:
        leaves = hashes.right(confirmed)
        findings = _held_against(against, key, lambda earlier: root_of(leaves[:earlier]), findings)
    return Audit(
        what="bundle",
        place=str(directory),
        origin=claimed.origin if isinstance(claimed, Checkpoint) else "",
        size=size,
        root=trusted[-1].root if trusted else b"",
        key=key,
        entries=confirmed.entries,
        checkpoints=1,
        attachments=len({attachment.sha256 for _, attachment in references.found}),
        anchored=None,
        confirmed=_latest_confirmed(stored, [opened], confirmed),
        continues=opening.continues,
        findings=tuple(findings),
    )


def _open_all(stored: Sequence[StoredCheckpoint], key: VerifierKey | None) -> list[Checkpoint | HoldfastError]:
    """Return what each note holds. Checking a signature takes 0.1 ms and leaves the interpreter free meanwhile."""
    notes = [checkpoint.note for checkpoint in stored]
    if len(notes) < THREADED_FROM_CHECKPOINTS:
        return [open_note(note, key) for note in notes]
    parts = [notes[i : i + THREADED_FROM_CHECKPOINTS] for i in range(0, len(notes), THREADED_FROM_CHECKPOINTS)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [opened for part in pool.map(partial(_open_part, key=key), parts) for opened in part]


def _open_part(notes: list[bytes], key: VerifierKey | None) -> list[Checkpoint | HoldfastError]:
    return [open_note(note, key) for note in notes]


def read_anchor(outside: Outside, origin: str) -> tuple[Anchored | None, list[Finding]]:
    """Return what the anchor of a log remembers, or none and the finding that it cannot be read."""
    try:
        return Anchor(outside.anchors, origin).read(), []
    except HoldfastError as error:
        return None, [Finding(error.code, "error", "anchor", error.message, error.remedy)]


def _check_frontiers(stored: Sequence[tuple[int, bytes]], confirmed: Confirmed) -> list[Finding]:
    """Hold the stored frontiers, the last of which the next append builds on, against the confirmed roots."""
    end = confirmed.frontier.size
    if end != confirmed.entries:
        return []
    wrong = [size for size, hashes in stored if size in confirmed.roots and not _leads(size, hashes, confirmed)]
    if not wrong and stored[-1:] and stored[-1][0] != end:
        wrong = [stored[-1][0]]
    message = "the stored frontier (size {}) is not that of the entries: it was altered"
    return [Finding("HF218", "error", "frontier", message.format(size), REMEDY_ALTERED) for size in wrong]


def _leads(size: int, hashes: bytes, confirmed: Confirmed) -> bool:
    try:
        return Frontier.decode(size, hashes).root() == confirmed.roots[size]
    except HoldfastError:
        return False


def _measure(found: Sequence[tuple[int, Attachment]], files: Files) -> list[Finding]:
    measured: dict[str, Measured | None] = {digest: files.measure(digest) for digest in {a.sha256 for _, a in found}}
    return check_attachments(found, measured)


def _held_against(
    directory: Path, key: VerifierKey | None, root_at: Callable[[int], bytes | None], findings: Sequence[Finding]
) -> list[Finding]:
    """Return the findings, with what comes of holding the log against a bundle that was exported from it before.

    It must still lead to that root. If it does, a missing anchor is no error any more: up to there nothing was
    rewritten or cut off, and no more was asked for.
    """
    earlier = audit_bundle(directory, key)
    wrong = [replace(found, place=f"{directory}: {found.place}") for found in earlier.findings if is_error(found)]
    if earlier.root and root_at(earlier.size) != earlier.root:
        message = f"it does not confirm the root that the bundle signs at size {earlier.size}: rewritten, or older"
        wrong.append(Finding("HF231", "error", str(directory), message, REMEDY_ALTERED))
    if wrong:
        return [*findings, *wrong]
    since = f"; up to size {earlier.size} it is the continuation of {directory}"
    return [
        replace(found, severity="warning", message=found.message + since) if found.code == NO_ANCHOR else found
        for found in findings
    ]


def _until_broken(rows: Iterable[StoredEntry], broken: list[Finding]) -> Iterator[StoredEntry]:
    """Yield entries until a file of the bundle cannot be read, which is a finding."""
    try:
        yield from rows
    except HoldfastError as error:
        broken.append(Finding(error.code, "error", "bundle", error.message, error.remedy))


def _latest_confirmed(
    stored: Sequence[StoredCheckpoint], opened: Sequence[Checkpoint | HoldfastError], confirmed: Confirmed
) -> str | None:
    """Return the note of the latest checkpoint whose root the entries lead to."""
    size = max(confirmed.roots, default=0)
    for kept, checkpoint in zip(stored, opened, strict=True):
        if isinstance(checkpoint, Checkpoint) and (checkpoint.size, checkpoint.root) == (
            size,
            confirmed.roots.get(size),
        ):
            return kept.note.decode()
    return None


@dataclass(slots=True)
class _Opening:
    """What the first entry says that the log continues: the one body that is looked into, to be told, not judged."""

    continues: Continued | None = None

    def tap(self, rows: Iterable[StoredEntry]) -> Iterator[StoredEntry]:
        """Yield the entries unchanged, and read the first."""
        for row in rows:
            if row.seq == 0:
                self.continues = continued_in(row.data)
            yield row


def continued_in(data: bytes) -> Continued | None:
    """Return what a first entry says that its log continues; none if it says so of none, or cannot be read."""
    try:
        event = event_of(decode(data))
    except HoldfastError:
        return None
    return event.continues if isinstance(event, LogOpened) else None


@dataclass(slots=True)
class _Hashes:
    """The leaf hashes of a bundle's entries: of their bytes, and as they are stored beside them."""

    computed: list[bytes] = field(default_factory=list)
    stored: list[bytes] = field(default_factory=list)

    def tap(self, rows: Iterable[StoredEntry]) -> Iterator[StoredEntry]:
        """Yield the entries unchanged, and remember their hashes."""
        for row in rows:
            self.computed.append(leaf_hash(row.data))
            self.stored.append(row.leaf)
            yield row

    def right(self, confirmed: Confirmed) -> list[bytes]:
        """Return the hashes that the signed root is over; none if neither are, for then no tile can be judged."""
        codes = {finding.code for finding in confirmed.findings}
        if "HF223" in codes:
            return []
        return self.stored if "HF222" in codes else self.computed


def _check_tiles(directory: Path, leaves: list[bytes]) -> list[Finding]:
    """Hold every tile above the leaves against the right leaf hashes; level 0 was held with the entries."""
    findings = []
    for path, content in tiles.hash_tiles(leaves):
        file = directory / path
        if not path.startswith("tile/0/") and (not file.is_file() or file.read_bytes() != content):
            message = "this hash tile is missing, or is not that of the entries"
            findings.append(Finding("HF230", "error", path, message, REMEDY_ALTERED))
    return findings


def _check_strays(directory: Path, hashes: _Hashes, references: References) -> list[Finding]:
    """Name files that nothing in the bundle commits to, and a verifier that is not the one of this version."""
    known = {bundle.CHECKPOINT, bundle.VERIFIER}
    # By the entries that were read: the size that a checkpoint claims may be any, and nobody may have signed it.
    size = len(hashes.computed)
    known |= {path for path, _ in tiles.hash_tiles(hashes.computed)} | {path for path, _, _ in tiles.bundle_paths(size)}
    known |= {path for _, path, _ in tiles.bundle_paths(size)}
    known |= {f"{ATTACHMENTS}/{attachment.sha256}" for _, attachment in references.found}
    # A concealed value is committed to by its digest, its name. Which entry holds that, a body says: not parsed here.
    aside = [path for path in (directory / ASIDE).glob("*") if path.is_file()]
    known |= {f"{ASIDE}/{path.name}" for path in aside if sha256(path.read_bytes()).hexdigest() == path.name}
    found = {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}
    findings = [
        Finding("HF232", "warning", path, "nothing in the bundle commits to this file", "do not rely on it")
        for path in sorted(found - known)
    ]
    verifier = directory / bundle.VERIFIER
    if verifier.is_file() and verifier.read_bytes() != Path(verify_bundle.__file__).read_bytes():
        message = "this is not the verifier of this version of Holdfast"
        findings.append(Finding("HF232", "warning", bundle.VERIFIER, message, "do not run it unless you know it"))
    return findings
