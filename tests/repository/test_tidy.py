"""Limits on size and naming, and words that have no place in the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.repository.tree import read, texts

FILE_LIMIT_LINES = 500
FUNCTION_LIMIT_LINES = 60
# Names that say nothing about what is inside, so that everything ends up inside.
EMPTY_NAMES = frozenset({"common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"})
# The brackets keep these patterns from finding themselves.
UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b")
SOMEBODYS_PLACE = re.compile(r"(?<![\w.~-])/(?:home|Users)/\w+/|(?<![\w.~-])/(?:root|work|workspace)/\w")
PACKAGE_INDEX = re.compile(r"pypi\.[o]rg|pythonhosted\.[o]rg|npmjs\.[o]rg")
LOCK = Path("uv.lock")

PYTHON = texts(".py")
WRITTEN = tuple(path for path in texts() if path != LOCK)


def functions_over(source: str, limit: int) -> list[str]:
    """Return ``name: lines`` for every function, decorators left out, that is longer than ``limit`` lines."""
    return [
        f"{node.name}: {length}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > limit
    ]


def test_files_and_their_functions_are_short_and_say_what_they_are() -> None:
    found = []
    for path in PYTHON:
        source = read(path)
        lines = len(source.splitlines())
        found += [f"{path}: {lines} lines"] if lines > FILE_LIMIT_LINES else []
        found += [f"{path}: {function}" for function in functions_over(source, FUNCTION_LIMIT_LINES)]
        found += [] if ast.get_docstring(ast.parse(source)) else [f"{path}: no docstring"]
    assert found == []


def test_names_say_what_is_inside() -> None:
    assert [path for path in texts() if EMPTY_NAMES & {part.lower() for part in (*path.parts, path.stem)}] == []


def test_text_is_finished_and_knows_no_machine() -> None:
    found = []
    for path in WRITTEN:
        text = read(path)
        for pattern in (UNFINISHED, SOMEBODYS_PLACE, PACKAGE_INDEX):
            found += [
                f"{path}:{text.count(chr(10), 0, each.start()) + 1}: {each[0]!r}" for each in pattern.finditer(text)
            ]
    assert found == []


def test_the_limits_can_fail() -> None:
    body = "\n".join(["    pass"] * FUNCTION_LIMIT_LINES)
    assert functions_over(f"def long():\n{body}\n", FUNCTION_LIMIT_LINES) == ["long: 61"]
    assert UNFINISHED.search("# TO{}: later".format("DO"))
    assert SOMEBODYS_PLACE.search("see /{}/ada/notes".format("home"))
    assert not SOMEBODYS_PLACE.search("https://example.org/home/ada/ and ~/work/x")
