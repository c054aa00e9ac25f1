"""Weaknesses on a terminal, worst first, as their owner reads them; in a pipe one line each; as JSON complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.accepted import Acceptance, Sorted
    from holdfast.analysis.weakness import Weakness, Weight
    from holdfast.model.types import Model

# Of one kind and weight so many are shown in full; who wants the rest asks for it.
SHOWN_OF_A_KIND: Final = 3
_STYLE: Final[Mapping[Weight, str]] = {
    "critical": "bold white on red",
    "high": "bold red",
    "medium": "bold yellow",
    "low": "bold blue",
}
_NAMED: Final = 4
_EXPIRED: Final = "HF621"
_UNMATCHED: Final = "HF622"
_UNAPPROVED: Final = "HF623"


def as_json(sorted_out: Sorted) -> dict[str, object]:
    """Return everything for programs: open and borne ones, and the lines of acceptance that bear nothing."""
    return {
        "weaknesses": [
            *(_one(weakness, None) for weakness in sorted_out.open),
            *(_one(weakness, by) for weakness, by in sorted_out.borne),
        ],
        "acceptances": [
            {"state": state, **_acceptance(line)}
            for state, lines in (
                ("expired", sorted_out.expired),
                ("unmatched", sorted_out.unmatched),
                ("unapproved", sorted_out.unapproved),
            )
            for line in lines
        ],
    }


def _one(weakness: Weakness, by: Acceptance | None) -> dict[str, object]:
    fields = {key: value for key, value in asdict(weakness).items() if key != "place"}
    named = {"name": weakness.name, "fingerprint": weakness.fingerprint}
    return {**named, **fields, **asdict(weakness.place), "borne": None if by is None else _acceptance(by)}


def _acceptance(line: Acceptance) -> dict[str, object]:
    return {
        "finding": line.finding,
        "on": sorted(line.on),
        "why": line.why,
        "by": line.by,
        "until": line.until,
        **asdict(line.place),
    }


def show(console: Console, folder: Path, model: Model, sorted_out: Sorted, *, every: bool) -> None:
    """Print the open weaknesses, and which lines of acceptance bear nothing any more."""
    if not console.is_terminal:
        for weakness in sorted_out.open:
            console.print(_line(folder, weakness), soft_wrap=True, markup=False)
        for said in _acceptances(folder, model, sorted_out):
            console.print(said, soft_wrap=True, markup=False)
        return
    for weight, alike in groupby(sorted_out.open, key=lambda weakness: weakness.weight):
        found = list(alike)
        console.print(Text.assemble((f" {weight} ", _STYLE[weight]), f" {len(found)}"))
        console.print()
        for _, kind in groupby(sorted(found, key=lambda weakness: weakness.code), key=lambda weakness: weakness.code):
            _show_kind(console, folder, list(kind), every=every)
    for said in _acceptances(folder, model, sorted_out):
        console.print(Text(said, style="yellow"))


def _show_kind(console: Console, folder: Path, found: Sequence[Weakness], *, every: bool) -> None:
    """Print weaknesses of one kind and weight: the first in full, of the others the names."""
    from holdfast.analysis.weakness import KINDS

    shown = found if every or len(found) <= SHOWN_OF_A_KIND + 1 else found[:SHOWN_OF_A_KIND]
    for weakness in shown:
        where = f"{folder / weakness.place.file}:{weakness.place.line}"
        heading = (f"{weakness.code} {KINDS[weakness.code].title}", _STYLE[weakness.weight].replace(" on red", ""))
        console.print(Padding(Text.assemble(heading, "  ", (where, "dim")), (0, 0, 0, 2)))
        console.print(Padding(Text(weakness.message), (0, 0, 0, 4)))
        if len(weakness.path) > 1:
            console.print(Padding(Text(" → ".join(weakness.path), style="cyan"), (0, 0, 0, 4)))
        console.print(Padding(Text(weakness.remedy, style="dim"), (0, 0, 1, 4)))
    if len(shown) < len(found):
        names = "; ".join(", ".join(weakness.subjects[:_NAMED]) for weakness in found[len(shown) :])
        said = f"{len(found) - len(shown)} more of {found[0].code}, shown by --all: {names}"
        console.print(Padding(Text(said, style="dim"), (0, 0, 1, 4)))


def _line(folder: Path, weakness: Weakness) -> str:
    path = f" [{' → '.join(weakness.path)}]" if len(weakness.path) > 1 else ""
    where = f"{folder / weakness.place.file}:{weakness.place.line}"
    return f"{where}: {weakness.code} {weakness.weight}: {weakness.message}{path}"


def _acceptances(folder: Path, model: Model, sorted_out: Sorted) -> Iterator[str]:
    """Yield what is to be said of lines that bear nothing."""
    for line in sorted_out.expired:
        said = f"{line.by} bore {_about(line)} until {line.until}, which is over"
        yield f"{_where(folder, model, line)}: {_EXPIRED} {said}"
    for line in sorted_out.unmatched:
        yield f"{_where(folder, model, line)}: {_UNMATCHED} {_about(line)} is accepted, but was not found"
    for line in sorted_out.unapproved:
        yield f"{_where(folder, model, line)}: {_UNAPPROVED} nobody approved that {_about(line)} is borne"


def _where(folder: Path, model: Model, line: Acceptance) -> str:
    """Return where a line stands: in a file of the model, or in the baseline as the user named it."""
    file = folder / line.place.file if line.place.file in model.files else line.place.file
    return f"{file}:{line.place.line}"


def _about(line: Acceptance) -> str:
    return f"{line.finding}{' of ' if line.on else ''}{', '.join(sorted(line.on))}"


def counted(sorted_out: Sorted) -> str:
    """Return the numbers for a summary: ``35 weaknesses (2 critical, 4 high), 3 borne``."""
    weights = Counter(weakness.weight for weakness in sorted_out.open)
    total = len(sorted_out.open)
    parts = ", ".join(f"{weights[weight]} {weight}" for weight in _STYLE if weights[weight])
    found = f"{total} weakness{'' if total == 1 else 'es'} ({parts})" if total else "no weakness"
    return f"{found}, {len(sorted_out.borne)} borne" if sorted_out.borne else found
