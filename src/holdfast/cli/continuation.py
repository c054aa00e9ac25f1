"""``holdfast log continue``: go on in a new log where an older one is refused, and say so in its first entry."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Continued


def continue_(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The older log's directory or address, or a bundle of it.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Where the new log begins: a directory or an address.")],
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help="The reason; what verification found, if left out.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="VKEY|FILE", help="The older log's verifier key, or a file with it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Begin a new log that goes on from an older one, for when that one can no longer be written.

    A log that was restored from an older backup is refused, because going on with it would fork its history. The new
    log's first entry links to the last checkpoint of the older one that its entries lead to, and says how many
    acknowledged entries are missing. The older log stays as it is: keep it.
    """
    from holdfast.store.continuation import continued
    from holdfast.store.keys import read_verifier
    from holdfast.store.opening import open_log
    from holdfast.store.places import Outside

    link = continued(old, None if key is None else read_verifier(key), Outside.of(old), why)
    with open_log(new, create=True, continues=link) as log:
        origin = log.origin
    if as_json:
        typer.echo(json.dumps({"origin": origin, "continues": asdict(link), "missing": link.missing}, indent=2))
        return
    typer.echo(f"✓ {origin} began in {new}")
    typer.echo(f"  {told(link)}")
    typer.echo(f"  verify the link with: holdfast log verify {new} --continues {old}")


def told(link: Continued) -> str:
    """Return in one line what a log says of the older one that it continues."""
    missing = f"{link.missing:,} acknowledged entries after them are missing"
    if link.acknowledged is None:
        missing = "how many are missing is not known, for it had no anchor"
    elif not link.missing:
        missing = "none that was acknowledged is missing"
    # JSON spells out control characters: what was recorded cannot steer the reader's terminal.
    origin, why = (json.dumps(text, ensure_ascii=False) for text in (link.origin, link.why))
    return f"continues {origin[1:-1]}: its first {link.size:,} entries; {missing}. Why: {why[1:-1]}"
