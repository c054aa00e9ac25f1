"""``holdfast log``: show, follow, verify and export what happened; other modules add what is done more rarely."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
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
from holdfast.errors import ExitCode

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.evidence.envelope import Envelope
    from holdfast.evidence.events import Continued
    from holdfast.evidence.verification import Finding
    from holdfast.store.audit import Audit
    from holdfast.store.bundle import BundleLog
    from holdfast.store.signed import SignedLog

PIPE_WIDTH = 100
PAGE_ENTRIES = 1000
FOLLOW_INTERVAL_S = 0.2
SHOWN_FINDINGS = 20
KIND_WIDTH = 18
ACTOR_WIDTH = 12

_EVIDENCE = "evidence"

Place = Annotated[str, typer.Argument(metavar="[LOG]", help="A log's directory or address, or an exported bundle.")]
After = Annotated[int, typer.Option("--after", metavar="SEQ", help="Only entries after this sequence number.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only entries of this kind; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line: entries as they were hashed.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    group = typer.Typer(no_args_is_help=True, help="Show, verify, export, prove and continue the log of what happened.")
    for command in (
        beginning.init,
        show,
        follow,
        verify,
        export,
        proof.prove,
        proof.check_proof,
        personal.reveal,
        personal.erase,
    ):
        group.command()(command)
    group.command("continue")(continuation.continue_)
    app.add_typer(group, name="log")


def show(place: Place = _EVIDENCE, after: After = -1, kind: Kinds = None, as_json: AsJson = False) -> None:
    """Print the entries of a log or of a bundle."""
    _check_kinds(kind)
    console = _console()
    with closing(_open(place)) as log:
        if not as_json:
            console.print(Text(f"{log.origin} · {log.size():,} entries · {place}", style="bold"), soft_wrap=True)
            if (link := _link(log)) is not None:
                console.print(Text(continuation.told(link), style="yellow"), soft_wrap=True)
        for envelope in _entries(log, after):
            _print(console, envelope, kind, as_json=as_json)


def follow(place: Place = _EVIDENCE, after: After = -1, kind: Kinds = None, as_json: AsJson = False) -> None:
    """Print the entries of a log, then every new one as it is recorded, until interrupted."""
    from holdfast.store.opening import open_log

    _check_kinds(kind)
    log = open_log(place)
    console = _console()
    try:
        while True:
            for envelope in _entries(log, after):
                after = envelope.seq
                _print(console, envelope, kind, as_json=as_json)
            time.sleep(FOLLOW_INTERVAL_S)
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.HELD) from None
    finally:
        log.close()


def verify(
    place: Place = _EVIDENCE,
    key: Annotated[
        str | None, typer.Option("--key", metavar="VKEY|FILE", help="The log's verifier key, or a file with it.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="BUNDLE", help="A bundle exported before: must be its beginning."),
    ] = None,
    continues: Annotated[
        str | None,
        typer.Option("--continues", metavar="OLD", help="An older log or bundle: must be what this log continues."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
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
        audit = audit_bundle(Path(place), known)
    else:
        audit = audit_log(place, known, Outside.of(place), against)
    if continues is not None:
        audit = with_link(audit, continues, Outside.of(place))
    if as_json:
        typer.echo(json.dumps(_audit_as_json(audit), ensure_ascii=False, indent=2))
    else:
        _show_audit(_console(), audit, given=known is not None)
    raise typer.Exit(ExitCode.HELD if audit.held else ExitCode.BROKEN)


def export(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write the bundle: a new directory.")],
    log: Annotated[str, typer.Option("--log", metavar="LOG", help="The log's directory or address.")] = _EVIDENCE,
    personal_data: Annotated[
        bool, typer.Option("--with-personal-data", help="Also what was concealed: whoever has the bundle can read it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Write the log as a bundle that anybody can verify offline, with its attachments and a one-file verifier."""
    from holdfast.store.bundle import export as export_bundle
    from holdfast.store.keys import load_verifier, verifier_path
    from holdfast.store.opening import open_log
    from holdfast.store.places import Outside

    with open_log(log) as source:
        exported = export_bundle(source, directory, personal=personal_data)
        outside = Outside.of(log)
        key = load_verifier(outside.keys, source.origin)
    checkpoint = exported.checkpoint
    if as_json:
        summary = {
            "directory": str(directory),
            "origin": checkpoint.origin,
            "size": checkpoint.size,
            "root": b64encode(checkpoint.root).decode(),
            "key": str(key) if key else None,
            "attachments": exported.attachments,
            "personal": exported.personal,
            "problems": [{"code": problem.code, "message": problem.message} for problem in exported.problems],
        }
        typer.echo(json.dumps(summary, ensure_ascii=False, indent=2))
    else:
        console = _console()
        counted = f"{checkpoint.size:,} entries and {exported.attachments:,} attachments"
        console.print(Text.assemble(("✓ ", "bold green"), f"exported {counted} of {checkpoint.origin} to {directory}"))
        if personal_data:
            console.print(Text(f"! with {exported.personal:,} values of personal data, readable", style="bold yellow"))
        for problem in exported.problems:
            _print_problem(console, "✗ ", "bold red", f"{problem.code} {problem.message}", problem.remedy)
        if key:
            console.print("The reader needs this key, by another way than the bundle:", style="dim")
            typer.echo(f"  {key}")
            console.print(Text(f"  (also in {verifier_path(outside.keys, checkpoint.origin)})", style="dim"))
            console.print("and verifies, without Holdfast, with:", style="dim")
            typer.echo(f"  python3 {directory / 'verify.py'} '{key}'")
    if exported.problems:
        raise typer.Exit(ExitCode.BROKEN)


def _open(place: str) -> SignedLog | BundleLog:
    from holdfast.store.bundle import is_bundle, read_bundle
    from holdfast.store.opening import open_log

    if is_bundle(Path(place)):
        return read_bundle(Path(place))
    log = open_log(place)
    if not log.anchored():
        note = "no anchor of this log is kept here: whether it is the latest copy cannot be told (HF228)"
        Console(stderr=True, highlight=False).print(Text(f"note: {note}", style="yellow"))
    return log


def _link(log: SignedLog | BundleLog) -> Continued | None:
    from holdfast.store.audit import continued_in

    first = log.read_stored(limit=1)
    return continued_in(first[0].data) if first else None


def _check_kinds(kinds: Sequence[str] | None) -> None:
    from holdfast.evidence.events import KINDS

    for kind in kinds or ():
        if kind not in KINDS:
            raise typer.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")


def _entries(log: SignedLog | BundleLog, after: int) -> Iterator[Envelope]:
    while page := log.read(after, PAGE_ENTRIES):
        yield from page
        after = page[-1].seq


def _print(console: Console, envelope: Envelope, kinds: Sequence[str] | None, *, as_json: bool) -> None:
    from holdfast.evidence.envelope import encode

    if kinds and envelope.kind not in kinds:
        return
    if as_json:
        typer.echo(encode(envelope))
        return
    at = datetime.fromtimestamp(envelope.at_utc_us / 1_000_000, UTC).isoformat(" ", "milliseconds")[:-6] + "Z"
    # JSON spells out control characters: what was recorded cannot steer the reader's terminal.
    body = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in envelope.body.items())
    line = Text.assemble(
        (f"{envelope.seq:>6}  ", "bold"),
        (f"{at}  ", "dim"),
        (f"{envelope.kind:<{KIND_WIDTH}} ", "cyan"),
        (f"{json.dumps(envelope.actor, ensure_ascii=False)[1:-1]:<{ACTOR_WIDTH}} ", "green"),
        body,
    )
    console.print(line, no_wrap=True, overflow="ellipsis")


def _audit_as_json(audit: Audit) -> dict[str, object]:
    return {
        "held": audit.held,
        **asdict(audit),
        "root": b64encode(audit.root).decode(),
        "key": str(audit.key) if audit.key else None,
    }


def _show_audit(console: Console, audit: Audit, *, given: bool) -> None:
    from holdfast.evidence.verification import is_error

    facts = Table.grid(padding=(0, 2))
    facts.add_row(audit.what, Text(f"{audit.origin}  ({audit.place})", style="bold"))
    facts.add_row("size", f"{audit.size:,} entries signed, {audit.entries:,} found")
    facts.add_row("root", b64encode(audit.root).decode() or "none that can be trusted")
    source = "as you gave it" if given else "kept on this machine, outside the log"
    facts.add_row("key", f"{audit.key}\n({source})" if audit.key else Text("none: signatures NOT verified", "bold red"))
    if audit.what == "log":
        facts.add_row("anchor", "none" if audit.anchored is None else f"{audit.anchored:,} entries acknowledged")
    if audit.continues is not None:
        facts.add_row("link", continuation.told(audit.continues))
    facts.add_row("read", f"{audit.checkpoints:,} checkpoints, {audit.attachments:,} attachments")
    console.print(facts)
    console.print()
    for finding in audit.findings[:SHOWN_FINDINGS]:
        _print_finding(console, finding)
    if len(audit.findings) > SHOWN_FINDINGS:
        console.print(f"… and {len(audit.findings) - SHOWN_FINDINGS:,} more: --json has them all", style="bold")
    if audit.held:
        console.print(Text("✓ held: every entry and attachment is what this key signed", style="bold green"))
        if audit.what == "bundle":
            console.print("  (a bundle shows one moment: whether more was recorded since, it cannot say)", style="dim")
    elif audit.key is None and sum(map(is_error, audit.findings)) == 1:
        console.print(Text("✗ unknown: whole in itself, but nobody's signature was verified", style="bold red"))
    else:
        console.print(Text("✗ broken: this cannot be relied on as evidence", style="bold red"))


def _print_finding(console: Console, finding: Finding) -> None:
    mark, style = ("✗ ", "bold red") if finding.severity == "error" else ("! ", "bold yellow")
    _print_problem(console, mark, style, f"{finding.code} {finding.place}: {finding.message}", finding.remedy)


def _print_problem(console: Console, mark: str, style: str, message: str, remedy: str) -> None:
    console.print(Text.assemble((mark, style), message))
    console.print(Padding(Text(remedy, style="dim"), (0, 0, 0, 2)))


def _console() -> Console:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console
