"""``holdfast import``: what the institution already has, into a declaration, with an account of every row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.errors import EnvironmentProblem, ExitCode, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.findings import Finding
    from holdfast.model.importing.imports import Imported, InPlace, Places
    from holdfast.model.types import Model

_DECLARATION = Path("declaration")
_PIPE_WIDTH = 100
_SHOWN_REASONS = 12
_SHOWN_FINDINGS = 10
_MAX_FILES = 1_000

_CSV = """\
Import tables of any CMDB or register: assets, services, sites, relations.

Which table holds what, and which column is what, is proposed in a mapping and written to import/csv.yaml of the
declaration. Edit it and run the same command again.
"""
_WORDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "csv": (_CSV, (".csv", ".tsv", ".txt")),
    "compose": ("Import Docker Compose files.", (".yaml", ".yml")),
    "kubernetes": (
        "Import Kubernetes manifests, or what `kubectl get -o yaml` prints.",
        (".yaml", ".yml", ".json"),
    ),
    "terraform": ("Import Terraform or OpenTofu states, format 4.", (".tfstate", ".json")),
    "backstage": ("Import a Backstage software catalogue.", (".yaml", ".yml")),
    "dora": (
        "Import the register of information under DORA: templates B_01 to B_07 as CSV files.",
        (".csv",),
    ),
}

Files = Annotated[
    list[Path], typer.Argument(metavar="FILE…", help="Files, or directories of them.", show_default=False)
]
Into = Annotated[Path, typer.Option("--into", metavar="DIR", help="The declaration; made if it is not there.")]
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Keeps two imports of one kind apart.", show_default=False),
]
Plan = Annotated[bool, typer.Option("--plan", help="Show what would be done; write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead, with every row.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Bring what you have into a declaration: row by row what was taken, guessed, and left and why.",
    )
    for source, (text, _) in _WORDS.items():
        group.command(source, help=text)(_importing(source))
    app.add_typer(group, name="import")


def _importing(source: str) -> Callable[..., None]:
    """Return the command that imports from ``source``."""

    def command(
        files: Files, into: Into = _DECLARATION, name: Name = None, plan: Plan = False, as_json: AsJson = False
    ) -> None:
        from holdfast.cli.declaration import read_model
        from holdfast.exercises.vocabulary import vocabulary
        from holdfast.model.importing.imports import Places, imported
        from holdfast.model.loader import load, root_of

        places = Places(_name(name or source))
        before = _in_place(into, places)
        result, findings = imported(source, places, _read_files(files, source), before)
        if result is None:
            _refuse(findings, as_json=as_json)
        if plan:
            texts = {file: text.encode() for file, text in result.texts.items() if "/" not in file}
            whole = {**before.others, **texts}
            model, problems = load(whole, root_of(whole), vocabulary())
        else:
            _write(into, result.texts)
            model, problems = read_model(into)
        shown = (*findings, *problems)
        if as_json:
            typer.echo(json.dumps(_as_json(result, into, model, shown, plan=plan), ensure_ascii=False, indent=2))
        else:
            _show(result, places, into, plan=plan)
            _show_check(into, model, shown)
        if model is None or not result.account.took_anything:
            raise typer.Exit(ExitCode.BROKEN)

    return command


def _name(name: str) -> str:
    """Return the name of an import; raises ``UsageError`` HF932 for one that no file can have."""
    if not name or not all(character.isalnum() or character in "-_" for character in name) or not name.isascii():
        message = f"expected a name of letters, digits, - and _, got {name!r}"
        raise UsageError("HF932", message, remedy="It becomes part of file names: --name cmdb-paris.")
    return name


def _read_files(paths: list[Path], source: str) -> dict[str, bytes]:
    """Return the files to import by their names; raises ``UsageError`` HF930 where there are none."""
    from holdfast.model.importing.tables import MAX_TABLE_BYTES

    suffixes = _WORDS[source][1]
    found: dict[str, Path] = {}
    try:
        for path in paths:
            inside = sorted(path.iterdir()) if path.is_dir() else [path]
            for file in inside:
                if path.is_dir() and (file.suffix.casefold() not in suffixes or not file.is_file()):
                    continue
                if file.name in found and found[file.name] != file:
                    message = f"expected files of different names, got {found[file.name]} and {file}"
                    raise UsageError("HF930", message, remedy="The mapping knows a table by its name: rename one.")
                found[file.name] = file
        if not found or len(found) > _MAX_FILES:
            named = ", ".join(str(path) for path in paths)
            message = f"expected 1 to {_MAX_FILES:,} files ({', '.join(suffixes)}) in {named}, got {len(found):,}"
            raise UsageError("HF930", message, remedy="Name the files that were exported.")
        files = {}
        for name, path in found.items():
            with path.open("rb") as stream:
                # Not more is read than shows that it is too long.
                files[name] = stream.read(MAX_TABLE_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(
            "HF930", f"{error.filename} is not there", remedy="Name the file that was exported."
        ) from error
    except OSError as error:
        message = f"{error.filename} cannot be read: {error.strerror or error}"
        raise EnvironmentProblem("HF931", message, remedy="Make it readable for this account.") from error
    return files


def _in_place(into: Path, places: Places) -> InPlace:
    """Return what the declaration holds before the import; nothing where there is none."""
    from holdfast.cli.declaration import read_files
    from holdfast.model.importing.imports import InPlace

    if into.exists() and not into.is_dir():
        message = f"expected a directory at {into}, got a file"
        raise UsageError("HF931", message, remedy="Name a directory with --into; it is made if it is not there.")
    try:
        others, _ = read_files(into)
    except UsageError:
        others = {}
    entries = others.pop(places.entries, None)

    def read(name: str) -> bytes | None:
        try:
            return (into / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"{error.filename} cannot be read: {error.strerror or error}"
            raise EnvironmentProblem("HF931", message, remedy="Make it readable for this account.") from error

    return InPlace(entries, read(places.mapping), read(places.record), others)


def _write(into: Path, texts: Mapping[str, str]) -> None:
    """Write the files, each of them whole or not at all, the record after what it records."""
    try:
        (into / "import").mkdir(parents=True, exist_ok=True)
        for name, text in sorted(texts.items(), key=lambda item: (item[0].endswith(".json"), item[0])):
            path = into / name
            if path.is_file() and path.read_bytes() == text.encode():
                continue
            beside = path.with_name(f".{path.name}.new")
            beside.write_bytes(text.encode())
            beside.replace(path)
    except OSError as error:
        message = f"{error.filename or into} cannot be written: {error.strerror or error}"
        raise EnvironmentProblem("HF931", message, remedy="Name another directory with --into.") from error


def _refuse(findings: tuple[Finding, ...], *, as_json: bool) -> NoReturn:
    """Show why nothing was imported, and end."""
    if as_json:
        typer.echo(json.dumps({"imported": None, "findings": list(_findings(findings))}, ensure_ascii=False, indent=2))
    else:
        _print_findings(findings, Path())
        typer.echo("✗ nothing was imported and nothing written")
    raise typer.Exit(ExitCode.BROKEN)


def _show(result: Imported, places: Places, into: Path, *, plan: bool) -> None:
    """Print what was read, what became of the rows and of the entries, and where it stands."""
    from holdfast.model.importing.account import BECAME
    from holdfast.model.importing.telling import fate_in_words

    console = _console()
    account = result.account
    for sentence in (*result.read, *account.notes):
        console.print(Text(sentence), soft_wrap=True)
    if account.mapping_guesses or result.mapping_proposed:
        verb = "proposed" if result.mapping_proposed else "used"
        plural = "guesses in it end" if account.mapping_guesses != 1 else "guess in it ends"
        guesses = f"; {account.mapping_guesses} {plural} in ?" if account.mapping_guesses else ""
        console.print(Text(f"mapping {verb}: {into / places.mapping}{guesses}"), soft_wrap=True)
    table = Table(header_style="dim", pad_edge=False, box=None, padding=(0, 3, 0, 0))
    table.add_column("rows of", overflow="fold")
    for became in BECAME:
        table.add_column(became, justify="right")
    for file, counts in account.standings().items():
        table.add_row(file, *(f"{counts[became]:,}" for became in BECAME))
    console.print()
    console.print(table)
    for title, reasons in (("left", account.reasons("left")), ("guessed", account.reasons("guessed"))):
        if reasons:
            console.print()
            console.print(Text(f"{title}, and why" if title == "left" else "guessed: confirm these", style="bold"))
            for reason, count in reasons[:_SHOWN_REASONS]:
                console.print(Text(f"{count:>7,}  {reason}"), soft_wrap=True)
            if len(reasons) > _SHOWN_REASONS:
                console.print(Text(f"         and {len(reasons) - _SHOWN_REASONS} more reasons, in the account"))
    console.print()
    console.print(Text(f"entries in {into / places.entries}", style="bold"), soft_wrap=True)
    for fate, count in account.fates().items():
        console.print(Text(f"{count:>7,}  {fate_in_words(fate)}"), soft_wrap=True)
    for change in account.changes:
        if change.fate == "kept" or (change.details and change.fate == "updated"):
            console.print(Text(f"         {change.name}: {'; '.join(change.details)}"), soft_wrap=True)
    written = "nothing was written (--plan)" if plan else f"every row: {into / places.account}"
    console.print(Text(written), soft_wrap=True)


def _show_check(into: Path, model: Model | None, findings: tuple[Finding, ...]) -> None:
    """Print how the declaration stands now, and what to do next."""
    console = _console()
    console.print()
    errors = [finding for finding in findings if finding.severity == "error"]
    _print_findings(tuple((errors or list(findings))[:_SHOWN_FINDINGS]), into)
    if model is None:
        count = f"{len(errors)} error{'s' * (len(errors) != 1)}"
        console.print(Text(f"✗ the declaration has {count}: holdfast check {into}", style="bold red"))
        return
    read = ", ".join(
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in (
            (len(model.services), "service"),
            (len(model.resources), "resource"),
            (len(model.groups), "group"),
            (len(model.sites), "site"),
        )
    )
    console.print(Text.assemble(("✓ ", "bold green"), (model.institution, "bold"), f" · {read}"), soft_wrap=True)
    if not model.services:
        console.print(Text(f"No service stands on these yet: declare one in {into}, or import it from elsewhere."))
    console.print(Text(f"next: holdfast check {into}, and holdfast map --model {into}"), soft_wrap=True)


def _print_findings(findings: tuple[Finding, ...], folder: Path) -> None:
    for finding in findings:
        where = f"{folder / finding.place.file}:{finding.place.line}"
        typer.echo(f"{where}: {finding.code} {finding.severity}: {finding.message}")
        typer.echo(f"  remedy: {finding.remedy}")


def _findings(findings: tuple[Finding, ...]) -> Iterator[dict[str, object]]:
    for finding in findings:
        yield {key: value for key, value in asdict(finding).items() if key != "place"} | asdict(finding.place)


def _as_json(
    result: Imported, into: Path, model: Model | None, findings: tuple[Finding, ...], *, plan: bool
) -> dict[str, object]:
    """Return everything for programs."""
    account = result.account
    return {
        "imported": {
            "into": str(into),
            "written": [] if plan else sorted(result.texts),
            "files": account.standings(),
            "left": [{"times": count, "reason": reason} for reason, count in account.reasons("left")],
            "guessed": [{"times": count, "reason": reason} for reason, count in account.reasons("guessed")],
            "mapping_guesses": account.mapping_guesses,
            "notes": list(account.notes),
            "rows": [
                {"file": row.origin.file, "at": row.origin.at, "what": row.what, "became": row.standing, "why": row.why}
                for row in account.rows
            ],
            "entries": [asdict(change) for change in account.changes],
        },
        "usable": model is not None,
        "findings": list(_findings(findings)),
    }


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)
