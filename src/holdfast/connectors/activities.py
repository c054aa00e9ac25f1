"""Activities of Chaos Toolkit's experiments, run out of process: a program, a request, a function of an extension.

A program and a function run on this machine as this account, and nothing holds them to the range but what they were
written to do: the range and the target are told to them in the environment. A request is made from inside the target's
host and cannot leave the range.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from holdfast.connectors import extension
from holdfast.connectors.experiment import Activity, HttpProvider, Pattern, ProcessProvider, PythonProvider
from holdfast.connectors.netns import Inside
from holdfast.errors import EnvironmentProblem, HoldfastError

INTERPRETER = "HOLDFAST_CHAOS_PYTHON"
"""Names the interpreter in which the extensions are installed."""
OUTPUT_LIMIT = 20_000
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where activities run: the target and its host's first process, the range, and what names stand for."""

    target: str
    host_pid: int | None
    range_dir: Path
    configuration: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def told(self) -> dict[str, str]:
        """Return what every activity is told: in its environment, and in the place of ``${name}``."""
        return {
            "HOLDFAST_TARGET": self.target,
            "HOLDFAST_TARGET_PID": str(self.host_pid or ""),
            "HOLDFAST_RANGE": str(self.range_dir),
        }


@dataclass(frozen=True, slots=True)
class Output:
    """What came of an activity: whether it ran as it should, its status, and its texts."""

    ran: bool
    status: object
    texts: Mapping[str, str]


def run(activity: Activity, around: Surroundings) -> Output:
    """Run an activity with its pauses and return what came of it; HF311 if what it needs is not on this machine."""
    time.sleep(activity.pauses.before)
    output = _run(activity.provider, around)
    time.sleep(activity.pauses.after)
    return output


def _run(provider: ProcessProvider | HttpProvider | PythonProvider, around: Surroundings) -> Output:
    match provider:
        case ProcessProvider():
            return _process(provider, around)
        case HttpProvider():
            return _request(provider, around)
        case PythonProvider():
            return _function(provider, around)


def tolerated(activity: Activity, output: Output) -> bool:
    """Return whether a probe's output is what its tolerance says; one without a tolerance has to have run."""
    if not output.ran:
        return False
    match activity.tolerance:
        case None:
            return True
        case bool() as wanted:
            return output.status is wanted or (not isinstance(output.status, bool) and (output.status == 0) is wanted)
        case list() as wanted:
            return output.status in wanted
        case Pattern() as wanted:
            return _matches(wanted, output)
        case wanted:
            return output.status == wanted


def _matches(wanted: Pattern, output: Output) -> bool:
    target = wanted.target or ("body" if "body" in output.texts else "stdout")
    text = str(output.status) if target == "status" else output.texts.get(target, "")
    if wanted.type == "regex":
        return re.search(wanted.pattern, text) is not None
    try:
        return wanted.range is not None and wanted.range[0] <= float(text) <= wanted.range[1]
    except ValueError:
        return False


def _process(provider: ProcessProvider, around: Surroundings) -> Output:
    line = [_filled(provider.path, around), *(_filled(word, around) for word in _words(provider.arguments))]
    return _ran(line, around, provider.timeout, "")


def _words(arguments: str | list[str] | dict[str, str | int | None]) -> list[str]:
    """Return arguments as words: a text is split as a shell would, a mapping gives options with their values."""
    match arguments:
        case str():
            return shlex.split(arguments)
        case list():
            return arguments
        case _:
            given = ((name, value) for name, value in arguments.items())
            return [word for name, value in given for word in ((name,) if value in {None, ""} else (name, str(value)))]


def _function(provider: PythonProvider, around: Surroundings) -> Output:
    interpreter = os.environ.get(INTERPRETER)
    if not interpreter:
        message = f"{provider.module}.{provider.func} is a function of an extension, and none is installed here"
        raise EnvironmentProblem(
            "HF311", message, remedy=f"name the interpreter in which it is installed in {INTERPRETER}"
        )
    call = {
        "module": provider.module,
        "func": provider.func,
        "arguments": _deeply(provider.arguments, around),
        "configuration": dict(around.configuration),
        "secrets": {name: dict(around.secrets.get(name, {})) for name in provider.secrets},
    }
    output = _ran([interpreter, str(Path(extension.__file__))], around, provider.timeout, json.dumps(call))
    try:
        status = json.loads(output.texts["stdout"].strip().splitlines()[-1])["returned"] if output.ran else None
    except (ValueError, KeyError, IndexError, TypeError):
        return Output(ran=False, status=output.status, texts=output.texts)
    return Output(output.status == 0, status, {**output.texts, "body": json.dumps(status)})


def _ran(line: list[str], around: Surroundings, timeout_s: float, given: str) -> Output:
    """Run a program to its end or its timeout; it gets little of our environment, and its own session."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment |= around.told()
    try:
        done = subprocess.run(
            line,
            input=given,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            env=environment,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        message = f"{line[0]} is not on this machine"
        raise EnvironmentProblem("HF311", message, remedy="install it, or name it by its path") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        return Output(ran=False, status=None, texts={"stdout": "", "stderr": str(error)[:OUTPUT_LIMIT]})
    texts = {"stdout": done.stdout[-OUTPUT_LIMIT:], "stderr": done.stderr[-OUTPUT_LIMIT:]}
    return Output(ran=True, status=done.returncode, texts=texts)


def _request(provider: HttpProvider, around: Surroundings) -> Output:
    """Make a request from inside the target's host; whoever does not answer is an output, not an error."""
    if around.host_pid is None:
        return Output(ran=False, status=None, texts={"body": f"the host of {around.target} cannot be entered"})
    url = urlsplit(_filled(provider.url, around))
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    body = None if provider.arguments is None else json.dumps(_deeply(provider.arguments, around))
    headers = {name: _filled(value, around) for name, value in provider.headers.items()}
    try:
        with Inside(around.host_pid) as inside:
            connection = inside.open((str(url.hostname), url.port or 80), provider.timeout)
        status, text = _answered(connection, provider.method, path, body, headers)
    except (HoldfastError, OSError, HTTPException, ValueError) as error:
        return Output(ran=False, status=None, texts={"body": str(error)[:OUTPUT_LIMIT]})
    return Output(ran=True, status=status, texts={"body": text})


def _answered(
    connection: socket.socket, method: str, path: str, body: str | None, headers: Mapping[str, str]
) -> tuple[int, str]:
    with connection:
        request = HTTPConnection("target")
        request.sock = connection
        request.request(method, path, body, {"Content-Type": "application/json", **headers, "Connection": "close"})
        answer = request.getresponse()
        return answer.status, answer.read(OUTPUT_LIMIT).decode(errors="replace")


def _filled(text: str, around: Surroundings) -> str:
    """Put in the place of ``${name}`` what the configuration has for it; an unknown name stays as it is."""
    return Template(text).safe_substitute({**around.configuration, **around.told()})


def _deeply(value: Any, around: Surroundings) -> Any:  # noqa: ANN401 - whatever JSON the arguments hold
    match value:
        case str():
            return _filled(value, around)
        case dict():
            return {name: _deeply(each, around) for name, each in value.items()}
        case list():
            return [_deeply(each, around) for each in value]
        case _:
            return value
