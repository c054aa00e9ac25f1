"""What is wrong with a declaration, as its author reads it: on a terminal, in a pipe with two lines each, as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.cli.terminal import amount
from holdfast.model.findings import Finding, Severity

_STYLE: Final[dict[Severity, str]] = {"error": "bold red", "warning": "bold yellow", "note": "bold blue"}


def show(screen: Console, folder: Path, findings: Iterable[Finding]) -> None:
    """Print findings, each with its place below ``folder`` and its remedy."""
    for finding in findings:
        where = f"{folder / finding.place.file}:{finding.place.line}"
        if screen.is_terminal:
            heading = (f"{finding.severity} {finding.code}", _STYLE[finding.severity])
            screen.print(Text.assemble((where, "bold"), "  ", heading))
            screen.print(Padding(Text(finding.message), (0, 0, 0, 2)))
            screen.print(Padding(Text(finding.remedy, style="dim"), (0, 0, 1, 2)))
        else:
            typer.echo(f"{where}: {finding.code} {finding.severity}: {finding.message}")
            typer.echo(f"  remedy: {finding.remedy}")


def counted(findings: Iterable[Finding]) -> str:
    """Return the numbers for a summary: ``2 errors, 1 warning``; nothing where there is nothing."""
    severities = Counter(finding.severity for finding in findings)
    return ", ".join(amount(severities[word], word) for word in _STYLE if severities[word])


def as_json(findings: Iterable[Finding]) -> list[dict[str, object]]:
    """Return findings for programs."""
    return [
        {key: value for key, value in asdict(finding).items() if key != "place"} | asdict(finding.place)
        for finding in findings
    ]
