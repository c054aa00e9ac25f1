"""``holdfast log prove`` and ``check-proof``: that one entry is in the log, in a file that travels alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import EVIDENCE, AsJson, Source
from holdfast.cli.terminal import print_json
from holdfast.errors import EnvironmentProblem

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.tlog_proof import Proof
    from holdfast.evidence.verification import StoredCheckpoint, StoredEntry


def prove(
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="The entry's sequence number.")],
    log: Source = EVIDENCE,
    size: Annotated[
        int | None, typer.Option("--size", metavar="N", help="Size of the checkpoint; the latest if left out.")
    ] = None,
    since: Annotated[
        Path | None,
        typer.Option("--since", metavar="CHECKPOINT", help="An older signed checkpoint that the log must continue."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print a proof that an entry is in the log, for somebody who shall see this entry and no other.

    The proof is a C2SP tlog-proof: redirect it into a file. It holds the entry, the signed checkpoint, and the hashes
    that lead from one to the other. With an older checkpoint, like the one in a bundle that was handed over before, it
    also proves that nothing up to there was changed since.
    """
    from holdfast.evidence.tlog_proof import prove as prove_entry

    older = None if since is None else _read(since)
    with _rows(log) as (checkpoints, entries):
        proof = prove_entry(checkpoints, entries, seq, size, older)
    if as_json:
        print_json(_as_json(proof))
        return
    typer.echo(proof.text(), nl=False)


def check_proof(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `holdfast log prove` printed.")],
    key: Annotated[str, typer.Option("--key", metavar="VKEY|FILE", help="The log's verifier key, or a file with it.")],
    as_json: AsJson = False,
) -> None:
    """Check a proof offline, against a key that you have from elsewhere, and print the entry that it proves."""
    from holdfast.evidence.tlog_proof import check, read_proof
    from holdfast.report.svg import visible
    from holdfast.store.keys import read_verifier

    proof = read_proof(_read(file))
    proven = check(proof, read_verifier(key))
    if as_json:
        print_json({"held": True, **_as_json(proof)})
        return
    checkpoint, older = proven.checkpoint, proven.since
    typer.echo(f"✓ held: entry {proof.index} of the {checkpoint.size:,} that this key signed for {checkpoint.origin}")
    if older is not None:
        typer.echo(f"✓ held: the first {older.size:,} of them are those that the older checkpoint signed")
    typer.echo(visible(proof.entry))


@contextmanager
def _rows(place: str) -> Iterator[tuple[Sequence[StoredCheckpoint], Iterable[StoredEntry]]]:
    from holdfast.evidence.notes import read_checkpoint
    from holdfast.evidence.verification import StoredCheckpoint
    from holdfast.store import bundle
    from holdfast.store.opening import open_log

    if bundle.is_bundle(directory := Path(place)):
        note = bundle.read_note(directory)
        size = read_checkpoint(note, None).size
        yield [StoredCheckpoint(0, size, note)], bundle.stored_entries(directory, size)
        return
    with open_log(place, reading=True) as log, log.snapshot() as snapshot:
        yield snapshot.checkpoints, snapshot.entries


def _as_json(proof: Proof) -> dict[str, object]:
    """Return the parts of a proof by name, hashes in base64 as in the file."""
    from holdfast.evidence.merkle import leaf_hash
    from holdfast.evidence.notes import read_checkpoint

    checkpoint = read_checkpoint(proof.note.encode(), None)
    shown: dict[str, object] = {
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": _base64(checkpoint.root),
        "index": proof.index,
        "entry": proof.entry,
        "leaf_hash": _base64(leaf_hash(proof.entry.encode())),
        "hashes": [_base64(each) for each in proof.hashes],
        "checkpoint": proof.note,
    }
    if proof.since is not None:
        hashes = [_base64(each) for each in proof.since.hashes]
        shown["since"] = {"checkpoint": proof.since.note, "hashes": hashes}
    return shown


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise EnvironmentProblem("HF924", message, remedy="name a file that you may read") from error
