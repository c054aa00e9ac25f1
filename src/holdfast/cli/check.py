"""``holdfast check``: everything that is wrong with a declaration, at once."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.errors import ExitCode
from holdfast.model.findings import Finding, Severity
from holdfast.model.types import Model

_STYLE: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "note": "bold blue"}


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command()(check)


def check(
    path: Annotated[Path, typer.Argument(help="A directory of YAML files, or one file.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
) -> None:
    """Read a declaration and show every problem in it, with its place and what to do about it."""
    from holdfast.cli.declaration import read_model

    model, findings = read_model(path)
    if as_json:
        typer.echo(json.dumps(_as_json(model, findings), ensure_ascii=False, indent=2))
    else:
        _show(path, model, findings)
    if model is None:
        raise typer.Exit(ExitCode.BROKEN)


def _counts(model: Model) -> dict[str, int]:
    """Return how much of each section was read."""
    return {
        "sites": len(model.sites),
        "services": len(model.services),
        "resources": len(model.resources),
        "groups": len(model.groups),
        "scenarios": len(model.scenarios),
        "files": len(model.files),
    }


def _as_json(model: Model | None, findings: tuple[Finding, ...]) -> dict[str, object]:
    """Return the result for programs; ``model`` is null when it has errors."""
    return {
        "model": None
        if model is None
        else {"institution": model.institution, "digest": model.digest, "read": _counts(model)},
        "findings": [
            {key: value for key, value in asdict(finding).items() if key != "place"} | asdict(finding.place)
            for finding in findings
        ],
    }


def _show(path: Path, model: Model | None, findings: tuple[Finding, ...]) -> None:
    """Print the findings and a summary: wrapped and coloured on a terminal, one line each in a pipe."""
    console = Console(highlight=False)
    folder = path if path.is_dir() else path.parent
    for finding in findings:
        where = f"{folder / finding.place.file}:{finding.place.line}"
        if console.is_terminal:
            console.print(Text.assemble((where, "bold"), "  ", (f"{finding.severity} {finding.code}", _style(finding))))
            console.print(Padding(Text(finding.message), (0, 0, 0, 2)))
            console.print(Padding(Text(finding.remedy, style="dim"), (0, 0, 1, 2)))
        else:
            typer.echo(f"{where}: {finding.code} {finding.severity}: {finding.message}")
            typer.echo(f"  remedy: {finding.remedy}")
    console.print(_summary(model, findings), soft_wrap=not console.is_terminal)


def _style(finding: Finding) -> str:
    return _STYLE[finding.severity]


def _summary(model: Model | None, findings: tuple[Finding, ...]) -> Text:
    """Return one line: what was read and how it looks."""
    severities = Counter(finding.severity for finding in findings)
    found = ", ".join(_amount(severities[word], word) for word in _STYLE if severities[word]) or "nothing to remark"
    if model is None:
        return Text.assemble(("✗ ", "bold red"), f"{found}: the model cannot be used")
    read = ", ".join(_amount(count, name.removesuffix("s")) for name, count in _counts(model).items())
    return Text.assemble(("✓ ", "bold green"), (model.institution, "bold"), f" · {read} · {found}")


def _amount(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
