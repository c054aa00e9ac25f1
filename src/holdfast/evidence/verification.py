"""Is this log what was signed? Verification on plain data: rows in, findings out.

The trust rule, in one paragraph. A signed checkpoint commits to the root hash over the first *n* entries. Between two
checkpoints lies an *interval* of entries; from the frontier at its start, either the hashes of the entries' bytes or
the leaf hashes stored beside them must lead to the root that the checkpoint at its end signs. If the bytes do, they
are what was signed, and a stored hash that differs was altered. If only the stored hashes do, every entry that
differs from its stored hash was altered, and is named. If neither does, something in that interval was altered, and
nothing after it can be confirmed. Entries after the last checkpoint are signed by nobody.

No body is parsed here. Attachments are found by form, whatever the kind of the event: an object with exactly the
members name, sha256, size_bytes and media_type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from holdfast.errors import HoldfastError
from holdfast.evidence.events import Attachment
from holdfast.evidence.merkle import Frontier, leaf_hash
from holdfast.evidence.notes import Checkpoint, VerifierKey, read_checkpoint

REMEDY_ALTERED = "treat this log as altered: keep it, compare it with an exported bundle, find out who could write here"
NO_KEY, NO_ANCHOR = "HF220", "HF228"  # nothing was altered; what cannot be told is whose it is, or whether it is all
_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_ATTACHMENT_MEMBERS = {"name", "sha256", "size_bytes", "media_type"}


class StoredEntry(NamedTuple):
    """An entry as it lies in a store: index, the leaf hash stored beside it, its bytes."""

    seq: int
    leaf: bytes
    data: bytes


class StoredCheckpoint(NamedTuple):
    """A checkpoint as it lies in a store: its ordinal from 0, the size it is filed under, the signed note."""

    number: int
    size: int
    note: bytes


class Measured(NamedTuple):
    """A file as it was found: SHA-256 in hex and size."""

    sha256: str
    size_bytes: int


class Anchored(NamedTuple):
    """What an anchor remembers: the latest size and root, and the size at which the anchor itself began."""

    size: int
    root: bytes
    begun_at: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that verification found: an error means *not what was signed* or *not verified*."""

    code: str
    severity: Literal["error", "warning"]
    place: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the signed checkpoints confirm: findings, the tree's edge where confirmation ends, roots by size."""

    findings: tuple[Finding, ...]
    frontier: Frontier
    entries: int
    roots: Mapping[int, bytes]


@dataclass(slots=True)
class References:
    """Collects, while entries pass by, which attachments they name."""

    found: list[tuple[int, Attachment]] = field(default_factory=list)

    def tap(self, entries: Iterable[StoredEntry]) -> Iterator[StoredEntry]:
        """Yield the entries unchanged, and remember the attachments that they name."""
        for entry in entries:
            if b'"sha256"' in entry.data:
                self.found.extend((entry.seq, attachment) for attachment in attachments_in(entry.data))
            yield entry


def attachments_in(data: bytes) -> list[Attachment]:
    """Return the attachments that an entry's bytes name, found by form; none if the bytes are not JSON."""
    found: list[Attachment] = []

    def look(members: dict[str, object]) -> dict[str, object]:
        if members.keys() == _ATTACHMENT_MEMBERS and _DIGEST.match(str(members["sha256"])):
            name, digest, size, media_type = (members[key] for key in ("name", "sha256", "size_bytes", "media_type"))
            if isinstance(name, str) and isinstance(size, int) and isinstance(media_type, str):
                found.append(Attachment(name, str(digest), size, media_type))
        return members

    try:
        json.loads(data.decode(), object_hook=look)
    except (ValueError, RecursionError):
        return []
    return found


def open_note(note: bytes, key: VerifierKey | None) -> Checkpoint | HoldfastError:
    """Return the checkpoint in a note, or why it cannot be trusted: the slow part, which a store may spread out."""
    try:
        return read_checkpoint(note, key)
    except HoldfastError as error:
        return error


def trust_checkpoints(
    stored: Sequence[StoredCheckpoint], opened: Sequence[Checkpoint | HoldfastError]
) -> tuple[list[Checkpoint], list[Finding]]:
    """Return the checkpoints that can be trusted, by size, and what is wrong with the others.

    ``opened`` is what ``open_note`` made of each. A missing ordinal is a finding: a superseded checkpoint holds no
    evidence of its own, but narrows where a change can lie.
    """
    findings: list[Finding] = []
    good: dict[int, Checkpoint] = {}
    expected = 0
    for (number, size, _), checkpoint in zip(stored, opened, strict=True):
        place = f"checkpoint {number}"
        if number != expected:
            message = f"expected checkpoint {expected}, found {number}: rows between were dropped or renumbered"
            findings.append(_error("HF225", place, message, REMEDY_ALTERED))
        expected = number + 1
        if isinstance(checkpoint, HoldfastError):
            findings.append(_error(checkpoint.code, place, checkpoint.message, checkpoint.remedy))
            continue
        if checkpoint.size != size or checkpoint.size in good:
            message = f"it is filed under size {size}, but signs size {checkpoint.size}"
            findings.append(_error("HF221", place, message, REMEDY_ALTERED))
        good[checkpoint.size] = checkpoint
    return [good[size] for size in sorted(good)], findings


def check_key(key: VerifierKey | None) -> list[Finding]:
    """Return the finding that nobody's signature was verified, if there is no key to verify it with."""
    if key is not None:
        return []
    message = "no key was given: NOT verified who made this log; whoever altered it could have made all of it anew"
    remedy = "get the verifier key from the log's owner by another way than the log itself, and give it: --key"
    return [_error(NO_KEY, "log", message, remedy)]


def confirm(entries: Iterable[StoredEntry], checkpoints: Sequence[Checkpoint]) -> Confirmed:
    """Hold entries, in the order of their rows, against signed checkpoints, in the order of their sizes."""
    walk = _Walk(iter(entries))
    for checkpoint in checkpoints:
        walk.interval(checkpoint)
    walk.tail(signed=bool(checkpoints))
    return Confirmed(tuple(walk.findings), walk.frontier, walk.seen, walk.roots)


@dataclass(slots=True)
class _Interval:
    """The hashes of the entries of one interval, and which of them differ from what is stored beside them."""

    computed: list[bytes] = field(default_factory=list)
    stored: list[bytes] = field(default_factory=list)
    differing: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """Goes over the entries once, interval by interval; ``next_seq`` is the entry that must come next."""

    rows: Iterator[StoredEntry]
    findings: list[Finding] = field(default_factory=list)
    frontier: Frontier = field(default_factory=Frontier)
    roots: dict[int, bytes] = field(default_factory=dict)
    next_seq: int = 0
    seen: int = 0
    waiting: StoredEntry | None = None
    lost: bool = False

    def interval(self, checkpoint: Checkpoint) -> None:
        """Take the entries up to the checkpoint's size and see whether they lead to its root."""
        start = self.next_seq
        found = len(self.findings)
        part = self._take(checkpoint.size)
        self._gap(checkpoint.size)
        whole = len(self.findings) == found
        if not self.lost and whole:
            for hashes, code in ((part.computed, "HF224"), (part.stored, "HF222")):
                reached = self.frontier.extended(hashes)
                if reached.root() == checkpoint.root:
                    self.frontier = reached
                    self.roots[checkpoint.size] = checkpoint.root
                    self.findings.extend(_differs(code, seq) for seq in part.differing)
                    return
            message = f"neither the entries nor their stored hashes lead to the root signed at size {checkpoint.size}"
            place = _range(start, max(start, checkpoint.size - 1))
            self.findings.append(_error("HF223", place, message, REMEDY_ALTERED))
        self.findings.extend(_differs("HF229", seq) for seq in part.differing)
        self.lost = True

    def tail(self, *, signed: bool) -> None:
        """Take what is left: entries that no checkpoint signs."""
        start = self.next_seq
        part = self._take(None)
        if part.computed:
            message = f"{len(part.computed)} entries stand after the last checkpoint: nobody signed them"
            self.findings.append(_error("HF226", _range(start, self.next_seq - 1), message, REMEDY_ALTERED))
            self.findings.extend(_differs("HF229", seq) for seq in part.differing)
        if not signed:
            self.findings.append(_error("HF226", "log", "there is no checkpoint that can be trusted", REMEDY_ALTERED))
        elif self.lost:
            message = f"nothing from entry {self.frontier.size} on is confirmed by a signed root"
            self.findings.append(_error("HF227", f"entry {self.frontier.size}", message, REMEDY_ALTERED))

    def _take(self, end: int | None) -> _Interval:
        part = _Interval()
        while (row := self.waiting or next(self.rows, None)) is not None:
            self.waiting = None
            if end is not None and row.seq >= end:
                self.waiting = row
                break
            self._gap(row.seq)
            computed = leaf_hash(row.data)
            part.computed.append(computed)
            part.stored.append(row.leaf)
            if computed != row.leaf:
                part.differing.append(row.seq)
            self.next_seq = row.seq + 1
            self.seen += 1
        return part

    def _gap(self, seq: int) -> None:
        if seq != self.next_seq:
            place = _range(self.next_seq, seq - 1) if seq > self.next_seq else f"entry {seq}"
            what = "missing" if seq > self.next_seq else "out of place"
            self.findings.append(_error("HF225", place, f"{place} {what}", REMEDY_ALTERED))
            self.next_seq = seq


def check_attachments(
    named: Sequence[tuple[int, Attachment]], measured: Mapping[str, Measured | None]
) -> list[Finding]:
    """Return a finding for every named attachment that is missing or is not what its digest says."""
    findings = []
    for seq, attachment in named:
        got = measured.get(attachment.sha256)
        place = f"entry {seq}: {attachment.name}"
        if got is None:
            remedy = "find the file elsewhere (its name is its SHA-256), or what rests on it stays unknown"
            findings.append(_error("HF213", place, f"attachment {attachment.sha256} is missing", remedy))
        elif got != (attachment.sha256, attachment.size_bytes):
            message = f"expected {attachment.size_bytes:,} bytes with SHA-256 {attachment.sha256}, got {got[1]:,} bytes"
            findings.append(_error("HF214", place, f"attachment altered: {message} with {got[0]}", REMEDY_ALTERED))
    return findings


def check_anchor(anchor: Anchored | None, size: int, roots: Mapping[int, bytes]) -> list[Finding]:
    """Hold the log against its anchor: the latest size and root that were acknowledged."""
    if anchor is None:
        message = "there is no anchor: a restored older copy, or a rewrite with the key, would not be found"
        remedy = "verify where the log was written, or hold it against an exported bundle: --against"
        return [_error(NO_ANCHOR, "anchor", message, remedy)]
    findings = []
    if anchor.begun_at:
        message = (
            f"the anchor here begins at size {anchor.begun_at}: it was lost, or this machine joined the log then; "
            "what was before is not anchored"
        )
        remedy = "hold the log against an older exported bundle: --against"
        findings.append(Finding(NO_ANCHOR, "warning", "anchor", message, remedy))
    if size < anchor.size:
        message = f"the log has {size} entries, but {anchor.size} were acknowledged: it is an older copy, or was cut"
        findings.append(_error("HF208", "anchor", message, "bring back the newer copy"))
    elif anchor.size and roots.get(anchor.size) != anchor.root:
        message = f"the log does not confirm the root acknowledged at size {anchor.size}: it was rewritten or altered"
        findings.append(_error("HF209", "anchor", message, REMEDY_ALTERED))
    return findings


def is_error(finding: Finding) -> bool:
    """Return whether this finding keeps the log from being verified."""
    return finding.severity == "error"


def _error(code: str, place: str, message: str, remedy: str) -> Finding:
    return Finding(code, "error", place, message, remedy)


def _differs(code: str, seq: int) -> Finding:
    message = {
        "HF222": "its bytes were altered: they differ from its stored hash, and that leads to the signed root",
        "HF224": "its stored hash was altered: its bytes lead to the signed root, the stored hash does not",
        "HF229": "its bytes differ from its stored hash; no signed root says which of the two was altered",
    }[code]
    return _error(code, f"entry {seq}", message, REMEDY_ALTERED)


def _range(first: int, last: int) -> str:
    return f"entry {first}" if first >= last else f"entries {first} to {last}"
