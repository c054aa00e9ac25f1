"""``holdfast check``: everything that is wrong with a declaration at once, and what is weak in what it declares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from holdfast.errors import ExitCode, UsageError
from holdfast.model.findings import Finding, Severity
from holdfast.model.types import Model

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.accepted import Acceptance, Sorted

_STYLE: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "note": "bold blue"}
_BASELINE_YEARS = 1


class Strict(StrEnum):
    """From which weight on an open weakness makes the command fail."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def register(app: typer.Typer) -> None:
    """Add this module's commands to the application."""
    app.command()(check)


def check(  # noqa: PLR0913 - each is an option of the command
    path: Annotated[Path, typer.Argument(help="A directory of YAML files, or one file.", show_default=False)],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", metavar="FILE", help="Also write SARIF 2.1.0, for code review.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Weaknesses that are known and borne.")
    ] = None,
    new_baseline: Annotated[
        Path | None, typer.Option("--write-baseline", metavar="FILE", help="Write the open weaknesses as a baseline.")
    ] = None,
    strict: Annotated[
        Strict | None, typer.Option("--strict", help="Fail on an open weakness of this weight or more.")
    ] = None,
    log: Annotated[
        str | None, typer.Option("--log", metavar="LOG", help="Where approvals stand. [default: evidence, if there]")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", help="Judge expiry and evidence as of this day. [default: today]"),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every weakness in full.")] = False,
) -> None:
    """Show every problem in a declaration, then what is weak in what it declares, worst first.

    Weaknesses are news about the institution, not mistakes in the files: they fail the command only with --strict.
    """
    from holdfast.cli.declaration import read_model

    day = _day(on)
    model, findings = read_model(path)
    folder = path if path.is_dir() else path.parent
    sorted_out = None if model is None else _weaknesses(model, day, baseline, log)
    if sarif is not None:
        from holdfast.cli.sarif import write_sarif

        open_ = [(weakness, None) for weakness in sorted_out.open] if sorted_out else []
        write_sarif(sarif, folder, findings, [*open_, *(sorted_out.borne if sorted_out else ())])
    if new_baseline is not None and sorted_out is not None:
        from holdfast.cli.baseline import write_baseline

        write_baseline(new_baseline, sorted_out.open, _later(day))
    if as_json:
        typer.echo(json.dumps(_as_json(model, findings, sorted_out), ensure_ascii=False, indent=2))
    else:
        _show(folder, model, findings, sorted_out, every=every)
    if model is None or (strict is not None and sorted_out is not None and _too_heavy(sorted_out, strict)):
        raise typer.Exit(ExitCode.BROKEN)


def _day(on: str | None) -> str:
    """Return the day to judge on: the one given, or today; raises ``UsageError`` HF929 for what is no date."""
    if on is None:
        return date.today().isoformat()  # noqa: DTZ011 - the day at the user's place, as the user would write it
    try:
        return date.fromisoformat(on).isoformat()
    except ValueError as error:
        message = f"expected a date such as 2026-11-21 for --on, got {on!r}"
        raise UsageError("HF929", message, remedy="Write year, month and day.") from error


def _later(day: str) -> str:
    """Return the day until which new lines of a baseline hold."""
    found = date.fromisoformat(day)
    last = min(found.day, 28) if found.month == 2 else found.day  # noqa: PLR2004 - February, which may be shorter
    return found.replace(year=found.year + _BASELINE_YEARS, day=last).isoformat()


def _weaknesses(model: Model, day: str, baseline: Path | None, log: str | None) -> Sorted:
    """Return the model's weaknesses, sorted by who bears them."""
    from holdfast.analysis.accepted import sort_out
    from holdfast.analysis.weakness import weaknesses

    lines = _baseline(baseline) if baseline is not None else ()
    approved = _approved(model, log)
    return sort_out(model, weaknesses(model, day, approved), lines, day, approved)


def _baseline(path: Path) -> tuple[Acceptance, ...]:
    """Return the lines of a baseline; raises ``UsageError`` HF620 with everything that is wrong in it."""
    from holdfast.cli.baseline import read_baseline

    lines, findings = read_baseline(path)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        message = f"the baseline {path} is not understood: {'; '.join(f'{e.place} {e.message}' for e in errors)}"
        raise UsageError("HF620", message, remedy=errors[0].remedy)
    return lines


def _approved(model: Model, log: str | None) -> Mapping[str, str] | None:
    """Return how what needs approval stands by the log, ``None`` where there is no log."""
    from holdfast.cli.approved import EVIDENCE, read_approved

    if log is None and not Path(EVIDENCE).exists():
        return None
    from holdfast.state.approvals import approvals

    with read_approved(log or EVIDENCE) as approved:
        return {subject: approval.standing for subject, approval in approvals(model, approved.entries).items()}


def _too_heavy(sorted_out: Sorted, strict: Strict) -> bool:
    from holdfast.analysis.weakness import RANK

    return any(RANK[weakness.weight] <= RANK[strict.value] for weakness in sorted_out.open)


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


def _as_json(model: Model | None, findings: tuple[Finding, ...], sorted_out: Sorted | None) -> dict[str, object]:
    """Return the result for programs; ``model`` and ``weaknesses`` are null when it has errors."""
    from holdfast.cli.weaknesses import as_json

    read = None
    if model is not None:
        read = {"institution": model.institution, "digest": model.digest, "read": _counts(model)}
    found = [
        {key: value for key, value in asdict(finding).items() if key != "place"} | asdict(finding.place)
        for finding in findings
    ]
    weak = as_json(sorted_out) if sorted_out is not None else {"weaknesses": None, "acceptances": None}
    return {"model": read, "findings": found, **weak}


def _show(
    folder: Path, model: Model | None, findings: tuple[Finding, ...], sorted_out: Sorted | None, *, every: bool
) -> None:
    """Print all and a summary: wrapped and coloured on a terminal, one line each in a pipe."""
    from holdfast.cli.weaknesses import show

    console = Console(highlight=False)
    for finding in findings:
        where = f"{folder / finding.place.file}:{finding.place.line}"
        if console.is_terminal:
            console.print(Text.assemble((where, "bold"), "  ", (f"{finding.severity} {finding.code}", _style(finding))))
            console.print(Padding(Text(finding.message), (0, 0, 0, 2)))
            console.print(Padding(Text(finding.remedy, style="dim"), (0, 0, 1, 2)))
        else:
            typer.echo(f"{where}: {finding.code} {finding.severity}: {finding.message}")
            typer.echo(f"  remedy: {finding.remedy}")
    if model is not None and sorted_out is not None:
        show(console, folder, model, sorted_out, every=every)
    console.print(_summary(model, findings, sorted_out), soft_wrap=not console.is_terminal)


def _style(finding: Finding) -> str:
    return _STYLE[finding.severity]


def _summary(model: Model | None, findings: tuple[Finding, ...], sorted_out: Sorted | None) -> Text:
    """Return one line: what was read and how it looks."""
    from holdfast.cli.weaknesses import counted

    severities = Counter(finding.severity for finding in findings)
    found = ", ".join(_amount(severities[word], word) for word in _STYLE if severities[word])
    if model is None or sorted_out is None:
        return Text.assemble(("✗ ", "bold red"), f"{found}: the model cannot be used")
    read = ", ".join(_amount(count, name.removesuffix("s")) for name, count in _counts(model).items())
    weak = counted(sorted_out) if model.services or sorted_out.open else ""
    said = " · ".join(filter(None, [found, weak])) or "nothing to remark"
    return Text.assemble(("✓ ", "bold green"), (model.institution, "bold"), f" · {read} · {said}")


def _amount(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
