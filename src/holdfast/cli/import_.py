"""``holdfast import``: what the institution already has, into a declaration, with an account of every row."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.table import Table
from rich.text import Text

from holdfast.cli.commands import grouped
from holdfast.cli.terminal import amount, console, print_json
from holdfast.errors import EnvironmentProblem, ExitCode, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.model.findings import Finding
    from holdfast.model.importing.imports import Imported, InPlace, Places
    from holdfast.model.types import Model

_DECLARATION = Path("declaration")
_SHOWN_REASONS = 12
_SHOWN_FINDINGS = 10
_SHOWN_CHANGES = 20
_SHOWN_FILES = 3
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

Files = Annotated[list[Path], typer.Argument(metavar="FILE", help="Files, or directories of them.", show_default=False)]
Into = Annotated[Path, typer.Option("--into", metavar="DIR", help="The declaration; made if it is not there.")]
Name = Annotated[
    str | None,
    typer.Option("--name", metavar="NAME", help="Keeps two imports of one kind apart.", show_default=False),
]
Plan = Annotated[bool, typer.Option("--plan", help="Show what would be done; write nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead, with every row.")]


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
        data, passed = _read_files(files, source, into)
        result, findings = imported(source, places, data, before)
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
            print_json(_as_json(result, passed, into, model, shown, plan=plan))
        else:
            _show(result, places, into, passed, plan=plan)
            _show_check(into, model, shown, took_anything=result.account.took_anything)
        if model is None or not result.account.took_anything:
            raise typer.Exit(ExitCode.BROKEN)

    command.__doc__ = _WORDS[source][0]
    return command


def _name(name: str) -> str:
    """Return the name of an import; raises ``UsageError`` HF932 for one that no file can have."""
    if not name or not all(character.isalnum() or character in "-_" for character in name) or not name.isascii():
        message = f"expected a name of letters, digits, - and _, got {name!r}"
        raise UsageError("HF932", message, remedy="It becomes part of file names: --name cmdb-paris.")
    return name


def _read_files(paths: list[Path], source: str, into: Path) -> tuple[dict[str, bytes], list[str]]:
    """Return the files to import by their names, and a sentence if any were passed over.

    Raises ``UsageError`` HF930 where there are none.
    """
    from holdfast.model.importing.tables import MAX_TABLE_BYTES

    suffixes = _WORDS[source][1]
    found: dict[str, Path] = {}
    passed: list[Path] = []
    try:
        for path in paths:
            for file in _inside(path, into) if path.is_dir() else [path]:
                if path.is_dir() and file.suffix.casefold() not in suffixes:
                    passed.append(file)
                else:
                    _add(found, file, source)
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
    some = ", ".join(sorted(file.name for file in passed)[:_SHOWN_FILES])
    told = f"not read, for they are no {', '.join(suffixes)}: {amount(len(passed), 'file')}, such as {some}"
    return files, [told] if passed else []


def _inside(folder: Path, into: Path) -> list[Path]:
    """Return the files below a folder, without what is hidden and without a declaration that is in it."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    found = []
    for place, folders, names in os.walk(folder, onerror=refuse):
        here = Path(place)
        shown = sorted(name for name in folders if not name.startswith("."))
        folders[:] = [name for name in shown if (here / name).resolve() != into.resolve()]
        found += [here / name for name in sorted(names) if not name.startswith(".") and (here / name).is_file()]
    return found


def _add(found: dict[str, Path], file: Path, source: str) -> None:
    """Add a file by its name, or by its path where another has that name.

    The mapping knows a table by its name, and Compose files that are merged belong to one project.
    """
    if found.setdefault(file.name, file) == file:
        return
    if source in {"csv", "compose"}:
        message = f"expected files of different names, got {found[file.name]} and {file}"
        raise UsageError("HF930", message, remedy="Rename one, or import each under a name of its own with --name.")
    found[file.as_posix()] = file


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
    """Write the files, all of them or, where the disk is full, none; the record after what it records."""
    from holdfast.store.durable import sync_directory

    drafts: dict[Path, Path] = {}
    try:
        (into / "import").mkdir(parents=True, exist_ok=True)
        for name, text in sorted(texts.items(), key=lambda item: (item[0].endswith(".json"), item[0])):
            # What somebody put elsewhere, with a link to it here, stays where they put it.
            path = (into / name).resolve()
            if not path.is_file() or path.read_bytes() != text.encode():
                drafts[path] = path.with_name(f".{path.name}.new")
                with drafts[path].open("wb") as draft:
                    draft.write(text.encode())
                    draft.flush()
                    os.fsync(draft.fileno())
        for path, draft_path in drafts.items():
            draft_path.replace(path)
        for folder in dict.fromkeys(path.parent for path in drafts):
            sync_directory(folder)
    except OSError as error:
        message = f"{error.filename or into} cannot be written: {error.strerror or error}"
        raise EnvironmentProblem("HF931", message, remedy="Name another directory with --into.") from error
    finally:
        for draft_path in drafts.values():
            draft_path.unlink(missing_ok=True)


def _refuse(findings: tuple[Finding, ...], *, as_json: bool) -> NoReturn:
    """Show why nothing was imported, and end."""
    from holdfast.cli.findings import as_json as findings_as_json
    from holdfast.cli.findings import show

    if as_json:
        print_json({"imported": None, "findings": findings_as_json(findings)})
    else:
        show(console(), Path(), findings)
        typer.echo("✗ nothing was imported and nothing written")
    raise typer.Exit(ExitCode.BROKEN)


def _show(result: Imported, places: Places, into: Path, passed: list[str], *, plan: bool) -> None:
    """Print what was read, what became of the rows and of the entries, and where it stands."""
    from holdfast.model.importing.account import BECAME
    from holdfast.model.importing.telling import fate_in_words

    screen = console()
    account = result.account
    for sentence in (*result.read, *passed, *account.notes):
        screen.print(Text(sentence), soft_wrap=True)
    if account.mapping_guesses or result.mapping_proposed:
        verb = "proposed" if result.mapping_proposed else "used"
        plural = "guesses in it end" if account.mapping_guesses != 1 else "guess in it ends"
        guesses = f"; {account.mapping_guesses} {plural} in ?" if account.mapping_guesses else ""
        screen.print(Text(f"mapping {verb}: {into / places.mapping}{guesses}"), soft_wrap=True)
    table = Table(header_style="dim", pad_edge=False, box=None, padding=(0, 3, 0, 0))
    table.add_column("rows of", overflow="fold")
    for became in BECAME:
        table.add_column(became, justify="right")
    for file, counts in account.standings().items():
        table.add_row(file, *(f"{counts[became]:,}" for became in BECAME))
    screen.print()
    screen.print(table)
    for title, reasons in (("left", account.reasons("left")), ("guessed", account.reasons("guessed"))):
        if reasons:
            screen.print()
            screen.print(Text(f"{title}, and why" if title == "left" else "guessed: confirm these", style="bold"))
            for reason, count in reasons[:_SHOWN_REASONS]:
                screen.print(Text(f"{count:>7,}  {reason}"), soft_wrap=True)
            if len(reasons) > _SHOWN_REASONS:
                screen.print(Text(f"         and {len(reasons) - _SHOWN_REASONS} more reasons, in the account"))
    screen.print()
    screen.print(Text(f"entries in {into / places.entries}", style="bold"), soft_wrap=True)
    for fate, count in account.fates().items():
        screen.print(Text(f"{count:>7,}  {fate_in_words(fate)}"), soft_wrap=True)
    told = [change for change in account.changes if change.fate == "kept"]
    told += [change for change in account.changes if change.fate == "updated" and change.details]
    for change in told[:_SHOWN_CHANGES]:
        screen.print(Text(f"         {change.name}: {'; '.join(change.details)}"), soft_wrap=True)
    if len(told) > _SHOWN_CHANGES:
        screen.print(Text(f"         and {len(told) - _SHOWN_CHANGES:,} more, in the account"))
    written = "nothing was written (--plan)" if plan else f"every row: {into / places.account}"
    screen.print(Text(written), soft_wrap=True)


def _show_check(into: Path, model: Model | None, findings: tuple[Finding, ...], *, took_anything: bool) -> None:
    """Print how the declaration stands now, and what to do next."""
    from holdfast.cli.findings import show

    screen = console()
    screen.print()
    errors = [finding for finding in findings if finding.severity == "error"]
    show(screen, into, (errors or list(findings))[:_SHOWN_FINDINGS])
    if model is None:
        screen.print(
            Text(f"✗ the declaration has {amount(len(errors), 'error')}: holdfast check {into}", style="bold red")
        )
        return
    if not took_anything:
        screen.print(Text("✗ no row was taken", style="bold red"))
        return
    read = ", ".join(
        amount(count, word)
        for count, word in (
            (len(model.services), "service"),
            (len(model.resources), "resource"),
            (len(model.groups), "group"),
            (len(model.sites), "site"),
        )
    )
    screen.print(Text.assemble(("✓ ", "bold green"), (model.institution, "bold"), f" · {read}"), soft_wrap=True)
    if not model.services:
        screen.print(Text(f"No service stands on these yet: declare one in {into}, or import it from elsewhere."))
    screen.print(Text(f"next: holdfast check {into}, and holdfast map {into}"), soft_wrap=True)


def _as_json(
    result: Imported,
    passed: list[str],
    into: Path,
    model: Model | None,
    findings: tuple[Finding, ...],
    *,
    plan: bool,
) -> dict[str, object]:
    """Return everything for programs."""
    from holdfast.cli.findings import as_json as findings_as_json

    account = result.account
    return {
        "imported": {
            "into": str(into),
            "written": [] if plan else sorted(result.texts),
            "files": account.standings(),
            "left": [{"times": count, "reason": reason} for reason, count in account.reasons("left")],
            "guessed": [{"times": count, "reason": reason} for reason, count in account.reasons("guessed")],
            "mapping_guesses": account.mapping_guesses,
            "notes": [*passed, *account.notes],
            "rows": [
                {"file": row.origin.file, "at": row.origin.at, "what": row.what, "became": row.standing, "why": row.why}
                for row in account.rows
            ],
            "entries": [asdict(change) for change in account.changes],
        },
        "usable": model is not None,
        "findings": findings_as_json(findings),
    }


app = grouped(
    "Bring what you have into a declaration: row by row what was taken, guessed, and left and why.",
    {"Sources": {source: _importing(source) for source in _WORDS}},
)
"""The commands of ``holdfast import``."""
