"""Going on in a new log where an older one cannot be written any more: what links the two, and whether the link holds.

The new log's first entry names the older log's last good checkpoint. Nothing is copied and nothing is repaired: the
older log stays as it is, with all that it still proves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

from holdfast.errors import EnvironmentProblem, HoldfastError, UsageError
from holdfast.evidence.envelope import decode
from holdfast.evidence.events import Continued
from holdfast.evidence.merkle import Frontier, leaf_hash
from holdfast.evidence.notes import VerifierKey, read_checkpoint
from holdfast.evidence.verification import REMEDY_ALTERED, Finding, StoredEntry, is_error, open_note
from holdfast.store import bundle
from holdfast.store.audit import Audit, audit_bundle, audit_log, continued_in, read_anchor
from holdfast.store.keys import load_verifier
from holdfast.store.opening import store_at
from holdfast.store.places import Outside
from holdfast.store.signed import SignedLog, erasure


def continued(old: str | Path, key: VerifierKey | None, outside: Outside, why: str | None = None) -> Continued:
    """Return what a new log says of the older one that it goes on from: a log's directory or a bundle.

    Its last good checkpoint is the latest one that its key signed and its entries lead to. Without a key, the one that
    is kept here; without a reason, what verification found: HF247 if it found nothing wrong. HF201 or HF215 if there is
    neither log nor bundle, HF240 if nothing in it is confirmed by a signature.
    """
    if bundle.is_bundle(directory := Path(old)):
        note = open_note(bundle.read_note(directory), None)
        key = key or (None if isinstance(note, HoldfastError) else load_verifier(outside.keys, note.origin))
        audit = audit_bundle(directory, key)
    else:
        audit = audit_log(old, key, outside)
    if audit.key is None or audit.confirmed is None:
        what = "no key of it was given or is kept here" if audit.key is None else "no signed checkpoint confirms any"
        message = f"which entries of {old} are good cannot be told: {what}"
        raise HoldfastError("HF240", message, remedy="give the older log's key with --key, or begin without a link")
    checkpoint = read_checkpoint(audit.confirmed.encode(), audit.key)
    anchor, _ = read_anchor(outside, checkpoint.origin)
    found = [f"{finding.code} {finding.message}" for finding in audit.findings if is_error(finding)]
    if not why and not found:
        message = f"nothing is wrong with {old}, and it will not be written any more once another log continues it"
        raise UsageError(
            "HF247", message, remedy="say why with --why: its key is in other hands, its server is given up"
        )
    return Continued(
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=checkpoint.root.hex(),
        checkpoint=audit.confirmed,
        why=why or found[0],
        acknowledged=anchor.size if anchor else None,
        began_utc_us=_began_utc_us(old),
    )


def _began_utc_us(old: str | Path) -> int | None:
    """Return when the first log of the chain began that ends with this one, as far as its own first entry says."""
    with _entries(old) as entries:
        first = next(entries, None)
    if first is None:
        return None
    link = continued_in(first.data)
    return decode(first.data).at_utc_us if link is None or link.began_utc_us is None else link.began_utc_us


def with_link(audit: Audit, old: str | Path, outside: Outside) -> Audit:
    """Return the audit of a log with what was found about its link to the older one in this directory or bundle.

    HF201 or HF215 if there is neither log nor bundle.
    """
    return replace(audit, findings=(*audit.findings, *_check_link(audit.continues, old, outside)))


def _check_link(link: Continued | None, old: str | Path, outside: Outside) -> list[Finding]:
    if link is None:
        return [_wrong("log", "its first entry says of no other log that this one continues it")]
    findings = []
    key = load_verifier(outside.keys, link.origin)
    checkpoint = open_note(link.checkpoint.encode(), key)
    if isinstance(checkpoint, HoldfastError):
        findings.append(Finding(checkpoint.code, "error", "entry 0", checkpoint.message, checkpoint.remedy))
    elif (checkpoint.origin, checkpoint.size, checkpoint.root.hex()) != (link.origin, link.size, link.root):
        findings.append(_wrong("entry 0", "what it says of the older log is not what the checkpoint it carries says"))
    if key is None:
        message = f"the key of {link.origin} is not kept here: who signed the older checkpoint was not verified"
        remedy = "this log's own signature stands for that root; verify the older log with its key"
        findings.append(Finding("HF220", "warning", str(old), message, remedy))
    with _entries(old) as entries:
        reached = Frontier().extended(leaf_hash(entry.data) for entry in islice(entries, link.size))
        more = sum(1 for _ in entries)
    if (reached.size, reached.root().hex()) != (link.size, link.root):
        message = f"its first {link.size:,} entries are not those that this log continues ({reached.size:,} were read)"
        findings.append(_wrong(str(old), message))
    elif more:
        message = f"it holds {more:,} entries after the {link.size:,} that this log continues: a newer copy of it"
        remedy = "keep it: it is evidence of what the new log calls missing or does not know"
        findings.append(Finding("HF241", "warning", str(old), message, remedy))
    return findings


def erase_in_older(log: SignedLog, old: str, digests: Sequence[str], why: str, by: str) -> int:
    """Remove texts and salts from an older log that is not written any more, and record it in this one, its successor.

    A log that was restored from a backup has again what was erased since. Returns the entry. HF241 if this log does not
    continue that one, and what ``SignedLog.erase`` raises.
    """
    first = log.read_stored(limit=1)
    link = continued_in(first[0].data) if first else None
    with closing(store_at(old)) as store:
        if link is None or link.origin not in (store.claimed_origins() or ()):
            message = f"{log.place} does not continue the log in {old}"
            remedy = "a log that is still written records what is erased in it by itself: leave --from out"
            raise UsageError("HF241", message, remedy=remedy)
        event = erasure(digests, why)
        store.scrub()
        with store.writing() as transaction:
            transaction.erase(event.digests)
            (seq,) = log.append([event], actor=by, subject=link.origin)
        store.scrub()
    return seq


@contextmanager
def _entries(old: str | Path) -> Iterator[Iterator[StoredEntry]]:
    if bundle.is_bundle(directory := Path(old)):
        size = read_checkpoint(bundle.read_note(directory), None).size
        yield bundle.stored_entries(directory, size)
        return
    with closing(store_at(old)) as store:
        if store.claimed_origins() is None:
            remedy = "name a log's directory or address, or a bundle"
            raise EnvironmentProblem("HF201", f"there is no log in {old}", remedy=remedy)
        with store.snapshot() as snapshot:
            yield snapshot.entries


def _wrong(place: str, message: str) -> Finding:
    return Finding("HF241", "error", place, message, REMEDY_ALTERED)
