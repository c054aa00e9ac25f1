"""``holdfast check``: everything that is wrong with a declaration at once, and what is weak in what it declares."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from holdfast.cli.options import Approvals, AsJson, Named, On, day_meant
from holdfast.cli.terminal import amount, console, print_json
from holdfast.errors import ExitCode, UsageError
from holdfast.model.findings import Finding
from holdfast.model.types import Model

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.accepted import Acceptance, Sorted

_BASELINE_YEARS = 1


class Strict(StrEnum):
    """From which weight on an open weakness makes the command fail."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def check(  # noqa: PLR0913 - each is an option of the command
    path: Named = None,
    *,
    as_json: AsJson = False,
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
        Strict | None,
        typer.Option(
            "--strict", metavar="critical|high|medium|low", help="Fail on an open weakness of this weight or more."
        ),
    ] = None,
    log: Approvals = None,
    on: On = None,
    every: Annotated[bool, typer.Option("--all", help="Show every weakness in full.")] = False,
) -> None:
    """Show every problem in a declaration, then what is weak in what it declares, worst first.

    Weaknesses are news about the institution, not mistakes in the files: they fail the command only with --strict.
    """
    from holdfast.cli.declaration import named_or_usual, read_model

    day = day_meant(on)
    path = named_or_usual(path)
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
        print_json(_as_json(model, findings, sorted_out))
    else:
        _show(folder, model, findings, sorted_out, every=every)
    if model is None or (strict is not None and sorted_out is not None and _too_heavy(sorted_out, strict)):
        raise typer.Exit(ExitCode.BROKEN)


def _later(day: str) -> str:
    """Return the day until which new lines of a baseline hold."""
    found = date.fromisoformat(day)
    last = min(found.day, 28) if found.month == 2 else found.day  # noqa: PLR2004 - February, which may be shorter
    return found.replace(year=found.year + _BASELINE_YEARS, day=last).isoformat()


def _weaknesses(model: Model, day: str, baseline: Path | None, log: str | None) -> Sorted:
    """Return the model's weaknesses, sorted by who bears them."""
    from holdfast.analysis.accepted import sort_out
    from holdfast.analysis.weakness import weaknesses
    from holdfast.cli.approved import standings

    lines = _baseline(baseline) if baseline is not None else ()
    approved = standings(model, log)
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
    from holdfast.cli.findings import as_json as findings_as_json
    from holdfast.cli.weaknesses import as_json

    read = None
    if model is not None:
        read = {"institution": model.institution, "digest": model.digest, "read": _counts(model)}
    weak = as_json(sorted_out) if sorted_out is not None else {"weaknesses": None, "acceptances": None}
    return {"model": read, "findings": findings_as_json(findings), **weak}


def _show(
    folder: Path, model: Model | None, findings: tuple[Finding, ...], sorted_out: Sorted | None, *, every: bool
) -> None:
    """Print all and a summary: wrapped and coloured on a terminal, one line each in a pipe."""
    from holdfast.cli.findings import show as show_findings
    from holdfast.cli.weaknesses import show

    screen = console()
    show_findings(screen, folder, findings)
    if model is not None and sorted_out is not None:
        show(screen, folder, model, sorted_out, every=every)
    screen.print(_summary(model, findings, sorted_out), soft_wrap=not screen.is_terminal)


def _summary(model: Model | None, findings: tuple[Finding, ...], sorted_out: Sorted | None) -> Text:
    """Return one line: what was read and how it looks."""
    from holdfast.cli.findings import counted as findings_counted
    from holdfast.cli.weaknesses import counted

    found = findings_counted(findings)
    if model is None or sorted_out is None:
        return Text.assemble(("✗ ", "bold red"), f"{found}: the model cannot be used")
    read = ", ".join(amount(count, name.removesuffix("s")) for name, count in _counts(model).items())
    weak = counted(sorted_out) if model.services or sorted_out.open else ""
    said = " · ".join(filter(None, [found, weak or "no service, so nothing was asked what it stands on"]))
    return Text.assemble(("✓ ", "bold green"), (model.institution, "bold"), f" · {read} · {said}")
