"""``holdfast log reveal`` and ``erase``: personal data, which the log holds only as salted digests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import EVIDENCE, AsJson, Source, Written
from holdfast.cli.terminal import print_json
from holdfast.errors import HoldfastError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.store.port import LogReader


def reveal(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The digest as an entry holds it.")],
    log: Source = EVIDENCE,
    as_json: AsJson = False,
) -> None:
    """Print the personal data that was concealed under a digest, held against that digest."""
    from holdfast.cli.record import opened
    from holdfast.report.svg import visible

    with opened(log) as source:
        text = source.revealed(digest)
        if text is None:
            raise _nothing_kept(source, digest)
    if as_json:
        print_json({"digest": digest, "text": text})
        return
    typer.echo(visible(text))


def erase(
    digests: Annotated[list[str], typer.Argument(metavar="DIGEST", help="The digests as entries hold them.")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason: recorded, and never erased.")],
    by: Annotated[str, typer.Option("--by", metavar="ID", help="Who erases, by a pseudonymous id.")] = "operator",
    log: Written = EVIDENCE,
    older: Annotated[
        str | None, typer.Option("--from", metavar="OLD", help="Erase in this older log, which the log continues.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Erase personal data for good, and record that it was erased and why.

    The values and their salts are gone from the log's own store; the entries and every proof stay as they are. Copies
    elsewhere (backups, bundles that were exported with personal data) are yours to erase.
    """
    from holdfast.store.continuation import erase_in_older
    from holdfast.store.opening import open_log

    with open_log(log) as opened:
        seq = opened.erase(digests, why, by) if older is None else erase_in_older(opened, older, digests, why, by)
    if as_json:
        print_json({"seq": seq, "digests": list(dict.fromkeys(digests))})
        return
    typer.echo(f"✓ erased, and recorded as entry {seq}; backups and bundles with personal data are not reached by this")


def _nothing_kept(source: LogReader, digest: str) -> HoldfastError:
    """Return the error that says whether it was erased, and why."""
    from holdfast.cli.record import entries
    from holdfast.evidence.envelope import event_of
    from holdfast.evidence.events import PersonalErased

    for entry in entries(source):
        if entry.kind == "personal.erased":
            event = event_of(entry)
            if isinstance(event, PersonalErased) and digest in event.digests:
                why = json.dumps(event.why, ensure_ascii=False)
                message = f"what was concealed under {digest} was erased (entry {entry.seq}: {why})"
                return HoldfastError("HF925", message, remedy="it is gone; its digest stays in the log")
    message = f"nothing is kept here under {digest}"
    return HoldfastError("HF925", message, remedy="name a digest of this log; most bundles carry no personal data")
