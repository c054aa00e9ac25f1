"""``holdfast log continue``: go on in a new log where an older one is refused, and say so in its first entry."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.options import AsJson
from holdfast.cli.terminal import amount, print_json, safe

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Continued


def continue_(
    old: Annotated[str, typer.Argument(metavar="OLD", help="The older log's directory or address, or a bundle of it.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Where the new log begins: a directory or an address.")],
    why: Annotated[
        str | None, typer.Option("--why", metavar="TEXT", help="The reason; what verification found, if left out.")
    ] = None,
    origin: Annotated[
        str | None, typer.Option("--origin", metavar="ID", help="The new log's id; a random one if left out.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="VKEY|FILE", help="The older log's verifier key, or a file with it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a new log that goes on from an older one, for when that one can no longer be written.

    A log that was restored from an older backup is refused, because going on with it would fork its history. The new
    log's first entry links to the last checkpoint of the older one that its entries lead to, and says how many
    acknowledged entries are missing. The older log stays as it is: keep it. It is not written on this machine any more.
    """
    from holdfast.store.continuation import continued
    from holdfast.store.keys import read_verifier
    from holdfast.store.opening import open_log
    from holdfast.store.places import Outside

    link = continued(old, None if key is None else read_verifier(key), Outside.of(old), why)
    with open_log(new, create=True, origin=origin, continues=link) as log:
        origin = log.origin
    if as_json:
        print_json({"origin": origin, "continues": asdict(link), "missing": link.missing})
        return
    typer.echo(f"✓ {origin} began in {new}")
    typer.echo(f"  {told(link)}")
    typer.echo(f"  verify the link with: holdfast log verify {new} --continues {old}")


def told(link: Continued) -> str:
    """Return in one line what a log says of the older one that it continues."""
    missing = f"missing after them: {amount(link.missing, 'acknowledged entry', 'acknowledged entries')}"
    if link.acknowledged is None:
        missing = "how many are missing is not known, for it had no anchor"
    elif not link.missing:
        missing = "by its anchor none is missing"
    first = amount(link.size, "entry", "entries")
    return f"continues {safe(link.origin)}: its first {first}; {missing}. Why: {safe(link.why)}"
