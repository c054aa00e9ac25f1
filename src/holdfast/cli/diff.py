"""``holdfast diff``: what a change of the model says in words, and what it means."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer
from rich.padding import Padding
from rich.text import Text

from holdfast.cli.options import AsJson
from holdfast.cli.terminal import amount, console, print_json, safe
from holdfast.errors import EnvironmentProblem, UsageError

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.weakness import Weakness
    from holdfast.cli.consequences import Consequences
    from holdfast.model.difference import Change, Effect
    from holdfast.model.types import Model

GIT_TIMEOUT_S = 60
_STYLES = {"critical": "bold red", "high": "bold yellow", "medium": "cyan", "low": "dim"}
_SHAPES = {"weaker": "▼", "stronger": "▲", "other": "•"}
_INDENT = 12
_LINK = "120000"  # the mode of a symbolic link in a tree of git
_ENTITIES = {"&": "&amp;", "<": "&lt;", "@": "&#64;"}
_SAME = "nothing of meaning changed: at most comments, order and writing"


def diff(
    old: Annotated[
        Path | None,
        typer.Argument(
            metavar="OLD",
            help="The model as it was; with --git, as it is now. "
            "[default with --git: declaration, or else examples/meridian]",
        ),
    ] = None,
    new: Annotated[Path | None, typer.Argument(metavar="NEW", help="The model as it is now.")] = None,
    git: Annotated[
        str | None, typer.Option("--git", metavar="REV", help="Compare with this revision instead: HEAD, main, v1.2, …")
    ] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a review.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say in words what changed between two models and what that means, heaviest first; then what is weak by it.

    Each is a directory or a file. With --git and one of them it is compared with what it was in that revision. Neither
    may have errors. The exit status is 0 whatever changed.
    """
    from holdfast.cli.consequences import consequences
    from holdfast.cli.declaration import named_or_usual, usable_model
    from holdfast.model.difference import difference

    if git is not None and new is None:
        old = new = named_or_usual(old)
        before, after = _at_revision(old, git), usable_model(new)
    elif old is not None and new is not None and git is None:
        before, after = usable_model(old), usable_model(new)
    else:
        message = "expected two models, or one and --git REV"
        raise UsageError("HF952", message, remedy="holdfast diff OLD NEW, or holdfast diff --git HEAD DIR.")
    changes, weak = difference(before, after), consequences(before, after)
    if as_json:
        print_json(_as_json(before, after, changes, weak))
    elif markdown:
        typer.echo("\n".join(_as_markdown(changes, weak)))
    else:
        _show(changes, weak, *(path if path.is_dir() else path.parent for path in (old, new)))


# -- the model as it was --


def _at_revision(path: Path, revision: str) -> Model:
    """Return the model that stood at ``path`` in a revision; HF953 when it cannot be had, HF912 when it has errors."""
    from holdfast.cli.declaration import is_declaration
    from holdfast.exercises.vocabulary import vocabulary
    from holdfast.model.loader import load, root_of

    directory = path if path.is_dir() else path.parent
    if revision.startswith("-"):
        raise _no_revision(directory, revision, "a revision does not begin with a dash")
    commit = _git(directory, revision, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    files = {}
    for entry in filter(None, _git(directory, revision, "ls-tree", "-z", commit).split(b"\0")):
        about, _, name = entry.partition(b"\t")
        mode, sort, blob = about.decode().split()
        wanted = name.decode("utf-8", "surrogateescape")
        if sort == "blob" and (wanted == path.name if path.is_file() else is_declaration(PurePosixPath(wanted))):
            if mode == _LINK:
                raise _no_revision(directory, revision, f"{wanted} is a link there, and git keeps only where it led")
            files[wanted] = _git(directory, revision, "cat-file", "blob", blob)
    if not files:
        raise _no_revision(directory, revision, "it has no YAML files there")
    model, findings = load(files, root_of(files), vocabulary())
    if model is None:
        errors = [finding for finding in findings if finding.severity == "error"]
        message = f"the model in {path} at {revision} has {amount(len(errors), 'error')}, the first: {errors[0]}"
        raise UsageError("HF912", message, remedy="Compare with a revision whose model this version can read.")
    return model


def _git(directory: Path, revision: str, *arguments: str) -> bytes:
    """Return what git prints; HF953 when it refuses, or is not there."""
    command = ["git", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=GIT_TIMEOUT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        message = f"git did not answer: {error}"
        raise EnvironmentProblem("HF953", message, remedy="Install git, or compare two directories.") from error
    if done.returncode != 0:
        raise _no_revision(directory, revision, done.stderr.decode(errors="replace").strip() or "git does not know it")
    return done.stdout


def _no_revision(directory: Path, revision: str, why: str) -> UsageError:
    message = f'{directory} cannot be read at revision "{revision}": {why}'
    return UsageError("HF953", message, remedy="Name a commit, branch or tag of the repository that the model is in.")


# -- showing --


def _show(changes: tuple[Change, ...], weak: Consequences, old: Path, new: Path) -> None:
    """Print the changes, each with what it means, where it stands or stood, and the line that sums them up."""
    screen = console()
    for change in changes:
        style = _STYLES[change.weight]
        mark = Text.assemble((f"{_SHAPES[change.effect]} {change.weight:<9}", style), " ")
        screen.print(Text.assemble(mark, (safe(change.subject), "bold"), f": {safe(change.what)}"), soft_wrap=True)
        file = (old if change.removed else new) / change.place.file
        place = f"{file}:{change.place.line}{' before' if change.removed else ''}"
        for line, style in (*((each, "") for each in _said_below(change)), (place, "dim")):
            told = Text(safe(line), style)
            if screen.is_terminal:
                screen.print(Padding(told, (0, 0, 0, _INDENT)))
            else:
                screen.print(Text.assemble(" " * _INDENT, told), soft_wrap=True)
    for shape, said, weakness in _weak_said(weak):
        mark = Text(f"{shape} {weakness.weight:<9} ", _STYLES[weakness.weight])
        screen.print(Text.assemble(mark, (said, "bold"), f": {safe(weakness.message)}"), soft_wrap=True)
    screen.print(Text(summary(changes, weak), "bold"), soft_wrap=True)


def _weak_said(weak: Consequences) -> Iterator[tuple[str, str, Weakness]]:
    """Yield what is said of each weakness. One that is gone is no gain yet: a worse one may stand in its place."""
    yield from ((_SHAPES["weaker"], f"{each.code}, weak now", each) for each in weak.came)
    yield from ((_SHAPES["weaker"], f"{each.code}, worse now", each) for each in weak.worse)
    yield from ((_SHAPES["other"], f"{each.code}, not found any more", each) for each in weak.went)


def _said_below(change: Change) -> Iterator[str]:
    yield from change.means
    if change.approval is not None:
        yield f"to be approved: {change.approval}"


def summary(changes: tuple[Change, ...], weak: Consequences) -> str:
    """Return the changes in one line."""
    if not changes:
        return _SAME
    effects = Counter(change.effect for change in changes)
    words: dict[Effect, str] = {"weaker": "weaken", "stronger": "strengthen", "other": "do neither"}
    one: dict[Effect, str] = {"weaker": "weakens", "stronger": "strengthens", "other": "does neither"}
    counts = ((effects[effect], one[effect], word) for effect, word in words.items() if effects[effect])
    counted = ", ".join(amount(count, singular, plural) for count, singular, plural in counts)
    subjects = dict.fromkeys(change.approval for change in changes if change.approval)
    approve = f"; to be approved: {', '.join(subjects)}" if subjects else ""
    came = f"; {amount(len(weak.came), 'new weakness', 'new weaknesses')}" if weak.came else ""
    worse = f"; {amount(len(weak.worse), 'weakness', 'weaknesses')} worse" if weak.worse else ""
    went = f"; {amount(len(weak.went), 'weakness', 'weaknesses')} not found any more" if weak.went else ""
    return f"{amount(len(changes), 'change')}: {counted}{came}{worse}{went}{approve}"


def _as_json(before: Model, after: Model, changes: tuple[Change, ...], weak: Consequences) -> dict[str, object]:
    """Return the changes for programs."""
    return {
        "old": before.digest,
        "new": after.digest,
        "summary": summary(changes, weak),
        "changes": [
            {
                "subject": change.subject,
                "what": change.what,
                "means": list(change.means),
                "weight": change.weight,
                "effect": change.effect,
                "approval": change.approval,
                "removed": change.removed,
                "file": change.place.file,
                "line": change.place.line,
            }
            for change in changes
        ],
        "weaknesses": {
            "new": [_weakness_as_json(each) for each in weak.came],
            "worse": [_weakness_as_json(each) for each in weak.worse],
            "gone": [_weakness_as_json(each) for each in weak.went],
        },
    }


def _weakness_as_json(weakness: Weakness) -> dict[str, object]:
    return {
        "code": weakness.code,
        "weight": weakness.weight,
        "subjects": list(weakness.subjects),
        "services": list(weakness.services),
        "message": weakness.message,
        "fingerprint": weakness.fingerprint,
    }


def _as_markdown(changes: tuple[Change, ...], weak: Consequences) -> Iterator[str]:
    """Yield the lines of a comment on a review, heaviest first."""
    yield "### What this change of the model means"
    yield ""
    yield f"{_escaped(summary(changes, weak))}."
    weight = None
    for change in changes:
        if change.weight != weight:
            weight = change.weight
            yield from ("", f"**{weight}**", "")
        below = "; ".join(_said_below(change))
        means = f": *{_escaped(below)}*" if below else ""
        place = f"`{change.place.file}:{change.place.line}`{' before' if change.removed else ''}"
        yield f"- {_SHAPES[change.effect]} **{_escaped(change.subject)}**: {_escaped(change.what)}{means} ({place})"
    if weak.came or weak.worse or weak.went:
        yield from ("", "**what is weak by it**", "")
    for shape, said, weakness in _weak_said(weak):
        yield f"- {shape} **{said}** ({weakness.weight}): {_escaped(weakness.message)}"


def _escaped(text: str) -> str:
    """Return text in which nothing is Markdown, HTML or the mention of a person."""
    return "".join(_ENTITIES.get(c) or (f"\\{c}" if c in "\\`*_[]|~#" else c) for c in safe(text))
