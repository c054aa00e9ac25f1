"""``holdfast segmentation``: the policy that the model's flows amount to, and the proof that the range enforces it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.commands import grouped
from holdfast.cli.options import AsJson, Declaration, Named
from holdfast.errors import UsageError

if TYPE_CHECKING:
    from holdfast.analysis.segmentation import Missing, Permission
    from holdfast.exercises.segmentation import Matrix
    from holdfast.model.types import FlowState

Running = Annotated[
    Path | None, typer.Option("--dir", metavar="DIR", help="The range's directory. [default: the usual range's]")
]
State = Annotated[
    list[str] | None,
    typer.Option("--state", metavar="STATE", help="What is allowed in: normal, degraded, recovery. [default: normal]"),
]


def policy(model: Named = None) -> None:
    """Compile the model's flows into the range's policy: which host may connect to which port of which other.

    `python -m meridian up --policy FILE` enforces it.
    """
    from holdfast.analysis.segmentation import policy as compiled
    from holdfast.cli.declaration import named_or_usual, usable_model

    typer.echo(policy_text(compiled(usable_model(named_or_usual(model)), "range")), nl=False)


def policy_text(permissions: Iterable[Permission]) -> str:
    """Return a compiled policy as it is printed, and kept in a file: JSON, one permission a line."""
    import json

    from holdfast.analysis.segmentation import VERSION, entry

    lines = ",\n".join(f"    {json.dumps(entry(each), ensure_ascii=False)}" for each in permissions)
    return f'{{\n  "version": {VERSION},\n  "flows": [\n{lines}\n  ]\n}}\n'


def reach(
    model: Declaration = None, directory: Running = None, state: State = None, *, as_json: AsJson = False
) -> None:
    """Prove the policy on the running range: from inside every host, every port of every other is tried.

    What is allowed must be open, what is denied must be silent, and no declared need may be cut. Exit status 1 if
    anything is otherwise.
    """
    from time import monotonic

    from holdfast.analysis.segmentation import Listener, allowed_in, cut_needs
    from holdfast.analysis.segmentation import policy as compiled
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.cli.terminal import print_json
    from holdfast.connectors.range import Command
    from holdfast.exercises.segmentation import prove

    place = named_or_usual(model)
    declared = usable_model(place)
    if declared.range is None:
        message = f"the model in {place} declares no range"
        raise UsageError("HF405", message, remedy="Declare range: command in the model.")
    states = _states(state)
    permissions = compiled(declared, "range")
    there = Command(declared.range.command).inventory(directory)
    began = monotonic()
    matrix = prove(there, allowed_in(permissions, states))
    took_ms = round((monotonic() - began) * 1000)
    listeners = {name: Listener(process.host, process.ports) for name, process in there.processes.items()}
    cut = cut_needs(declared, permissions, listeners)
    if as_json:
        print_json(_facts(matrix, cut, states, took_ms))
    else:
        for line in (*_drawn(matrix), "", *_said(matrix, cut, took_ms)):
            typer.echo(line)
    if not matrix.proved or cut:
        raise typer.Exit(1)


def _states(given: list[str] | None) -> tuple[FlowState, ...]:
    """Return the states that are meant; raises ``UsageError`` HF933 for what is none."""
    from typing import get_args

    from holdfast.model.types import FlowState

    known: tuple[FlowState, ...] = get_args(FlowState)
    wanted = given or ["normal"]
    for word in wanted:
        if word not in known:
            message = f"expected one of {', '.join(known)} for --state, got {word!r}"
            raise UsageError("HF933", message, remedy="A flow's states are those of the model's flows.")
    return tuple(each for each in known if each in wanted)


def _facts(matrix: Matrix, cut: tuple[Missing, ...], states: tuple[FlowState, ...], took_ms: int) -> dict[str, object]:
    return {
        "proved": matrix.proved and not cut,
        "states": list(states),
        "took_ms": took_ms,
        "hosts": list(matrix.hosts),
        "without_power": list(matrix.without_power),
        "counts": _counts(matrix),
        "trials": [asdict(trial) | {"outcome": trial.outcome} for trial in matrix.trials],
        "cut_needs": [asdict(each) for each in cut],
    }


def _counts(matrix: Matrix) -> dict[str, int]:
    from collections import Counter
    from typing import get_args

    from holdfast.exercises.segmentation import Outcome

    counted = Counter(trial.outcome for trial in matrix.trials)
    return {outcome: counted[outcome] for outcome in get_args(Outcome)}


def _drawn(matrix: Matrix) -> Iterator[str]:
    """Yield the matrix: who connects down the side, whom across, in each cell how many ports are open."""
    width = max((len(host) for host in matrix.hosts), default=0) + 2
    yield "from \\ to".ljust(width) + "".join(host.rjust(width) for host in matrix.hosts)
    cells: dict[tuple[str, str], list[str]] = {}
    for trial in matrix.trials:
        cells.setdefault((trial.source, trial.target), []).append(trial.outcome)
    for source in matrix.hosts:
        row = (_cell(cells.get((source, target), [])) for target in matrix.hosts)
        yield source.ljust(width) + "".join(cell.rjust(width) for cell in row)


def _cell(outcomes: list[str]) -> str:
    """Return one cell: ports that are open, ``o`` where some are allowed and idle, ``!`` for a finding."""
    from holdfast.exercises.segmentation import FINDINGS

    if not outcomes:
        return "-"
    opened = outcomes.count("open")
    shown = str(opened) if opened else "o" if "idle" in outcomes else "."
    return shown + "!" if any(outcome in FINDINGS for outcome in outcomes) else shown


def _said(matrix: Matrix, cut: tuple[Missing, ...], took_ms: int) -> Iterator[str]:
    """Yield what the cells mean, every finding, and the sum."""
    from holdfast.exercises.segmentation import FINDINGS

    yield "number: ports open, as allowed   o: allowed, nobody listens   .: silent, as it must be   !: see below"
    for outcome, words in FINDINGS.items():
        for trial in matrix.having(outcome):
            answer = f" ({trial.found})" if trial.found else ""
            yield f"{words}: {trial.source} to {trial.target}, port {trial.port}{answer}"
    for each in cut:
        ports = ", ".join(map(str, each.ports))
        yield f"a need is cut: {each.dependent} ({each.source}) needs {each.needed} ({each.target}, port {ports})"
        yield "  remedy: add to flows, as far as it is wanted:"
        yield from (f"    {line}" for line in each.remedy.splitlines())
    if matrix.without_power:
        yield f"without power, and so not tried: {', '.join(matrix.without_power)}"
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in _counts(matrix).items() if count)
    verdict = "the policy holds" if matrix.proved and not cut else "the policy does not hold"
    yield f"{verdict}: {len(matrix.trials):,} ways tried in {took_ms / 1000:.1f} s: {counts or 'none'}"


app = grouped(
    "Who may connect to whom: compiled from the model's flows, proved on the range.",
    {"Commands": {"policy": policy, "reach": reach}},
)
"""The commands of ``holdfast segmentation``."""
