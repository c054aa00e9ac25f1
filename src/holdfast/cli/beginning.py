"""``holdfast log init``: begin a log before anything is to be recorded, where somebody else is to append later."""

from __future__ import annotations

from typing import Annotated

import typer

from holdfast.cli.options import AsJson
from holdfast.cli.terminal import amount, print_json


def init(
    place: Annotated[str, typer.Argument(metavar="LOG", help="Where it begins: a directory, or an address.")],
    origin: Annotated[
        str | None,
        typer.Option("--origin", metavar="ID", help="Its id, like bank.example/drills; a random one if left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Begin a log, with a signing key of its own; nothing is changed if there is one.

    An address is postgresql://USER@HOST/DATABASE. The role must be able to create the schema holdfast there; whoever
    only appends or reads needs less, which docs/log.md says how to grant.
    """
    from holdfast.store.keys import load_verifier, verifier_path
    from holdfast.store.opening import open_log
    from holdfast.store.places import Outside

    with open_log(place, create=True, origin=origin) as log:
        found, entries = log.origin, log.size()
    keys = Outside.of(place).keys
    key = load_verifier(keys, found)
    if as_json:
        print_json({"origin": found, "entries": entries, "key": str(key) if key else None})
        return
    typer.echo(f"✓ the log {found} is in {place}; it has {amount(entries, 'entry', 'entries')}")
    if key:
        typer.echo(f"  its verifier key: {key}")
        typer.echo(f"  the private key lies beside {verifier_path(keys, found)}: keep a copy where the log is not")
