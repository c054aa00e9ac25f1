"""``holdfast log``: show, follow, verify and export what happened; other modules add what is done more rarely."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from holdfast.cli import beginning, continuation, personal, proof
from holdfast.cli.commands import grouped
from holdfast.cli.options import EVIDENCE, AsJson, Key, Place, Written
from holdfast.cli.terminal import amount, console, print_json, safe
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.events import Continued
    from holdfast.evidence.verification import Finding, StoredEntry
    from holdfast.store.audit import Audit
    from holdfast.store.bundle import BundleLog
    from holdfast.store.signed import SignedLog

PAGE_ENTRIES = 1000
FOLLOW_INTERVAL_S = 0.2
SHOWN_FINDINGS = 20
KIND_WIDTH = 18
ACTOR_WIDTH = 12

Living = Annotated[str, typer.Argument(metavar="LOG", help="The log's directory or address.")]
After = Annotated[int, typer.Option("--after", metavar="SEQ", help="Only entries after this sequence number.")]
Kinds = Annotated[
    list[str] | None, typer.Option("--kind", metavar="KIND", help="Only entries of this kind; may be repeated.")
]
AsLines = Annotated[bool, typer.Option("--json", help="One JSON object a line: entries as they were hashed.")]


def show(place: Place = EVIDENCE, after: After = -1, kind: Kinds = None, as_json: AsLines = False) -> None:
    """Print the entries of a log or of a bundle."""
    from holdfast.cli.record import opened
    from holdfast.store.signed import SignedLog

    _check_kinds(kind)
    screen = console()
    with opened(place) as log:
        if isinstance(log, SignedLog) and not log.anchored():
            note = "no anchor of this log is kept here: whether it is the latest copy cannot be told (HF228)"
            console(stderr=True).print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
        if not as_json:
            screen.print(
                Text(f"{safe(log.origin)} · {amount(log.size(), 'entry', 'entries')} · {place}", style="bold"),
                soft_wrap=True,
            )
            if (link := _link(log)) is not None:
                screen.print(Text(continuation.told(link), style="yellow"), soft_wrap=True)
        for entry in _entries(log, after):
            _print(screen, entry, kind, as_json=as_json)


def follow(place: Living = EVIDENCE, after: After = -1, kind: Kinds = None, as_json: AsLines = False) -> None:
    """Print the entries of a log, then every new one as it is recorded, until interrupted."""
    from holdfast.store.opening import open_log

    _check_kinds(kind)
    log = open_log(place)
    screen = console()
    try:
        while True:
            for entry in _entries(log, after):
                after = entry.seq
                _print(screen, entry, kind, as_json=as_json)
            time.sleep(FOLLOW_INTERVAL_S)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.HELD) from None
    finally:
        log.close()


def verify(
    place: Place = EVIDENCE,
    key: Key = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="BUNDLE", help="A bundle exported before: must be its beginning."),
    ] = None,
    continues: Annotated[
        str | None,
        typer.Option("--continues", metavar="OLD", help="An older log or bundle: must be what this log continues."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that every entry is what was signed; show every problem at once.

    A bundle is checked offline, and only against a key that you give: one in the bundle would prove nothing. A log's
    directory is checked against the key that is kept on this machine, outside the log, unless you give one.
    """
    from holdfast.store.audit import audit_bundle, audit_log
    from holdfast.store.bundle import is_bundle
    from holdfast.store.continuation import with_link
    from holdfast.store.keys import read_verifier
    from holdfast.store.places import Outside

    known = None if key is None else read_verifier(key)
    if is_bundle(Path(place)):
        audit = audit_bundle(Path(place), known, against)
    else:
        audit = audit_log(place, known, Outside.of(place), against)
    if continues is not None:
        audit = with_link(audit, continues, Outside.of(place))
    if as_json:
        print_json(_audit_as_json(audit))
    else:
        _show_audit(console(), audit, given=known is not None)
    raise typer.Exit(ExitCode.HELD if audit.held else ExitCode.BROKEN)


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the bundle: a new directory.")],
    log: Written = EVIDENCE,
    personal_data: Annotated[
        bool, typer.Option("--with-personal-data", help="Also what was concealed: whoever has the bundle can read it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the log as a bundle that anybody can verify offline, with its attachments and a one-file verifier.

    An older copy of a log is written too, and that it is one is a problem that is named.
    """
    from holdfast.cli.record import unwritable
    from holdfast.store.bundle import export as export_bundle
    from holdfast.store.keys import load_verifier, verifier_path
    from holdfast.store.opening import open_log
    from holdfast.store.places import Outside

    with open_log(log, reading=True) as source:
        exported = export_bundle(source, directory, personal=personal_data)
        older = unwritable(source)
        outside = Outside.of(log)
        key = load_verifier(outside.keys, source.origin)
    checkpoint = exported.checkpoint
    problems = (*exported.problems, *([older] if older else ()))
    if as_json:
        summary = {
            "directory": str(directory),
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": b64encode(checkpoint.root).decode(),
            "key": str(key) if key else None,
            "attachments": exported.attachments,
            "personal": exported.personal,
            "problems": [{"code": problem.code, "message": problem.message} for problem in problems],
        }
        print_json(summary)
    else:
        screen = console()
        entries, attached = amount(checkpoint.size, "entry", "entries"), amount(exported.attachments, "attachment")
        screen.print(
            Text.assemble(
                ("✓ ", "bold green"), f"exported {entries} and {attached} of {checkpoint.origin} to {directory}"
            )
        )
        if personal_data:
            screen.print(
                Text(f"! with {amount(exported.personal, 'value')} of personal data, readable", style="bold yellow")
            )
        for problem in problems:
            _print_problem(screen, "✗ ", "bold red", f"{problem.code} {problem.message}", problem.remedy)
        if key:
            screen.print("The reader needs this key, by another way than the bundle:", style="dim")
            typer.echo(f"  {key}")
            screen.print(Text(f"  (also in {verifier_path(outside.keys, checkpoint.origin)})", style="dim"))
            screen.print("and verifies, without Holdfast, with:", style="dim")
            typer.echo(f"  python3 {directory / 'verify.py'} '{key}'")
    if problems:
        raise typer.Exit(ExitCode.BROKEN)


def _link(log: SignedLog | BundleLog) -> Continued | None:
    from holdfast.store.audit import continued_in

    first = log.read_stored(limit=1)
    return continued_in(first[0].data) if first else None


def _check_kinds(kinds: Sequence[str] | None) -> None:
    from holdfast.evidence.events import KINDS

    for kind in kinds or ():
        if kind not in KINDS:
            raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")


def _entries(log: SignedLog | BundleLog, after: int) -> Iterator[StoredEntry]:
    while page := log.read_stored(after, PAGE_ENTRIES):
        yield from page
        after = page[-1].seq


def _print(screen: Console, entry: StoredEntry, kinds: Sequence[str] | None, *, as_json: bool) -> None:
    from holdfast.evidence.envelope import decode

    envelope = decode(entry.data)
    if kinds and envelope.kind not in kinds:
        return
    if as_json:
        typer.echo(entry.data)
        return
    at = datetime.fromtimestamp(envelope.at_utc_us / 1_000_000, UTC).isoformat(" ", "milliseconds")[:-6] + "Z"
    # What was recorded cannot steer the reader's terminal, by whatever part of it.
    body = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in envelope.body.items())
    line = Text.assemble(
        (f"{envelope.seq:>6}  ", "bold"),
        (f"{at}  ", "dim"),
        (f"{safe(envelope.kind):<{KIND_WIDTH}} ", "cyan"),
        (f"{safe(envelope.actor):<{ACTOR_WIDTH}} ", "green"),
        safe(body),
    )
    if screen.is_terminal:
        screen.print(line, no_wrap=True, overflow="ellipsis")
    else:
        screen.print(line, soft_wrap=True)


def _audit_as_json(audit: Audit) -> dict[str, object]:
    return {
        "held": audit.held,
        **asdict(audit),
        "root": b64encode(audit.root).decode(),
        "key": str(audit.key) if audit.key else None,
    }


def _show_audit(screen: Console, audit: Audit, *, given: bool) -> None:
    from holdfast.evidence.verification import NO_ANCHOR, NO_KEY, is_error

    facts = Table.grid(padding=(0, 2))
    facts.add_row(audit.what, Text(f"{safe(audit.origin)}  ({audit.place})", style="bold"))
    facts.add_row("size", f"{amount(audit.size, 'entry', 'entries')} signed, {audit.entries:,} found")
    facts.add_row("root", b64encode(audit.root).decode() or "none that can be trusted")
    source = "as you gave it" if given else "kept on this machine, outside the log"
    facts.add_row("key", f"{audit.key}\n({source})" if audit.key else Text("none: signatures NOT verified", "bold red"))
    if audit.what == "log":
        facts.add_row(
            "anchor", "none" if audit.anchored is None else f"{amount(audit.anchored, 'entry', 'entries')} acknowledged"
        )
    if audit.continues is not None:
        facts.add_row("link", continuation.told(audit.continues))
    facts.add_row("read", f"{amount(audit.checkpoints, 'checkpoint')}, {amount(audit.attachments, 'attachment')}")
    screen.print(facts)
    screen.print()
    for finding in audit.findings[:SHOWN_FINDINGS]:
        _print_finding(screen, finding)
    if len(audit.findings) > SHOWN_FINDINGS:
        screen.print(f"… and {len(audit.findings) - SHOWN_FINDINGS:,} more: --json has them all", style="bold")
    if audit.held:
        screen.print(Text("✓ held: every entry and attachment is what this key signed", style="bold green"))
        if audit.what == "bundle":
            screen.print("  (a bundle shows one moment: whether more was recorded since, it cannot say)", style="dim")
    elif (unknown := {each.code for each in audit.findings if is_error(each)}) == {NO_ANCHOR}:
        told = "✗ unknown: all of it is what this key signed, but whether it is the latest copy cannot be told"
        screen.print(Text(told, style="bold red"))
    elif unknown <= {NO_KEY, NO_ANCHOR}:
        screen.print(Text("✗ unknown: whole in itself, but nobody's signature was verified", style="bold red"))
    else:
        screen.print(Text("✗ broken: this cannot be relied on as evidence", style="bold red"))


def _print_finding(screen: Console, finding: Finding) -> None:
    mark, style = ("✗ ", "bold red") if finding.severity == "error" else ("! ", "bold yellow")
    _print_problem(screen, mark, style, f"{finding.code} {finding.place}: {finding.message}", finding.remedy)


def _print_problem(screen: Console, mark: str, style: str, message: str, remedy: str) -> None:
    screen.print(Text.assemble((mark, style), safe(message)))
    screen.print(Padding(Text(remedy, style="dim"), (0, 0, 0, 2)))


app = grouped(
    "Show, verify, export, prove and continue the log of what happened.",
    {
        "Look": {"show": show, "follow": follow, "verify": verify},
        "Hand over": {"export": export, "prove": proof.prove, "check-proof": proof.check_proof},
        "Begin": {"init": beginning.init, "continue": continuation.continue_},
        "Personal data": {"reveal": personal.reveal, "erase": personal.erase},
    },
)
"""The commands of ``holdfast log``."""
