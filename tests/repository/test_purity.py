"""The pure half is pure: what importing it loads, in a fresh interpreter, and what its text calls."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.repository.tree import ROOT, read, texts

# Room -> the third-party libraries it declares, each with what makes it load the parts that it loads on first use.
# A room also loads what the rooms below it declare.
DECLARED: Mapping[str, Mapping[str, str]] = {
    "model": {
        "pydantic": "pydantic.TypeAdapter(pydantic.create_model('Record', key=(int, 1)))",
        "pydantic_core": "",
        "ruamel.yaml": "",
        "yaml": "",
    },
    "evidence": {"cryptography": "", "rfc8785": ""},
    "state": {},
    "checks": {},
    "analysis": {},
    "measures": {},
    "report": {"jinja2": "jinja2.Environment(autoescape=True).from_string('')", "markupsafe": ""},
}
ROOMS = tuple(DECLARED)
PURE = tuple(path for path in texts(".py") if path.parts[:2] == ("src", "holdfast") and path.parts[2] in ROOMS)

# What a module is loaded for when it throws dice, keeps files, starts something or reaches outside.
DICE = frozenset({"random", "secrets", "uuid"})
DISK = frozenset({"_sqlite3", "apsw", "fcntl", "mmap", "shutil", "sqlite3", "tempfile"})
STARTS = frozenset({"_posixsubprocess", "ctypes", "multiprocessing", "pty", "signal", "subprocess", "threading"})
LOOPS = frozenset({"asyncio", "concurrent.futures", "sched", "select", "selectors"})
NETWORK = frozenset(
    {"_socket", "_ssl", "http.client", "http.server", "socket", "socketserver", "ssl", "urllib.request"}
)
IMPURE = DICE | DISK | STARTS | LOOPS | NETWORK
# What a pure function never calls, wherever it got it from.
IMPURE_CALLS = frozenset({"breakpoint", "eval", "exec", "input", "open", "print"})
CLOCK_METHODS = frozenset({"monotonic", "monotonic_ns", "now", "perf_counter", "time_ns", "today", "utcnow"})
DISK_METHODS = frozenset({"read_bytes", "read_text", "write_bytes", "write_text"})
IMPURE_METHODS = CLOCK_METHODS | DISK_METHODS

LOADED_BY = """
import importlib, json, sys
names, uses = json.loads(sys.argv[1])
for name in names:
    globals()[name] = importlib.import_module(name)
for use in uses:
    eval(use)
print(json.dumps(sorted(sys.modules)))
"""


def modules_of(room: str) -> tuple[str, ...]:
    """Return the dotted names of every module of a room."""
    paths = (path.relative_to("src") for path in PURE if path.is_relative_to(f"src/holdfast/{room}"))
    return tuple(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths)


def loaded(*names: str, uses: Iterable[str] = ()) -> frozenset[str]:
    """Return all that an interpreter has loaded once it imported ``names`` and evaluated ``uses``."""
    command = [sys.executable, "-c", LOADED_BY, json.dumps([names, list(uses)])]
    return frozenset(json.loads(subprocess.run(command, check=True, capture_output=True, cwd=ROOT).stdout))


def loaded_by_libraries_of(room: str) -> frozenset[str]:
    """Return what the libraries declared by a room and those below it load by themselves."""
    declared = {library: use for name in ROOMS[: ROOMS.index(room) + 1] for library, use in DECLARED[name].items()}
    # The parts of a library count as well: cryptography alone loads none of its primitives.
    parts = {name for path in PURE for name in _imported(path) if name.split(".")[0] in declared}
    return loaded(*declared, *parts, uses=filter(None, declared.values()))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_pure_room_loads_only_what_its_libraries_load(room: str) -> None:
    found, given = loaded(*modules_of(room)), loaded_by_libraries_of(room)
    assert sorted((found - given) & IMPURE) == []
    assert sorted(packages(found) - packages(given) - set(sys.stdlib_module_names) - {"holdfast"}) == []


def packages(modules: Iterable[str]) -> set[str]:
    """Return the top-level names of ``modules``."""
    return {name.split(".")[0] for name in modules}


@pytest.mark.parametrize("room", ROOMS)
def test_a_pure_room_calls_nothing_that_reads_or_writes_the_world(room: str) -> None:
    found = [
        f"{path}:{node.lineno}: {name}"
        for path in PURE
        if path.is_relative_to(f"src/holdfast/{room}")
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Call) and (name := impure_call(node))
    ]
    assert found == []


def impure_call(node: ast.Call) -> str | None:
    """Return the name of the call if it is one that a pure function never makes."""
    match node.func:
        case ast.Name(name) if name in IMPURE_CALLS:
            return name
        case ast.Attribute(attr=name) if name in IMPURE_METHODS:
            return name
    return None


def test_every_room_is_either_pure_or_acting() -> None:
    rooms = {path.parts[2] for path in texts(".py") if path.parts[:2] == ("src", "holdfast") and len(path.parts) > 3}
    assert rooms == {*ROOMS, "store", "connectors", "exercises", "cli"}


def test_an_impure_module_is_noticed() -> None:
    assert {"socket", "subprocess"} <= loaded("http.client", "subprocess") & IMPURE
    call = ast.parse("datetime.now()", mode="eval").body
    assert isinstance(call, ast.Call)
    assert impure_call(call) == "now"
