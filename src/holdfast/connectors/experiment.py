"""Chaos Toolkit's experiments (its open API, version 1.0.0): read whole or refused, with every reason at once.

Read are ``title``, ``configuration`` (literal or from the environment), ``secrets`` (from there alone),
``steady-state-hypothesis``, ``method`` and ``rollbacks`` with providers *process*, *http* and *python*, ``tolerance``
and ``pauses``. What would make it another experiment if it were left out is refused: activities in the background or
by reference, tolerances by ``jsonpath`` or by another probe, secrets that stand in the file. ``controls`` are named and
not run: who may inject, and when, is decided here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from holdfast.errors import HoldfastError

LIMIT_BYTES = 1 << 16
ACTIVITIES_LIMIT = 64
TIMEOUT_S = 30.0
TIMEOUT_LIMIT_S = 60.0


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class ProcessProvider(_Part):
    """A program and its arguments; no shell is between."""

    type: Literal["process"]
    path: str
    arguments: str | list[str] | dict[str, str | int | None] = ""
    timeout: float = Field(TIMEOUT_S, gt=0, le=TIMEOUT_LIMIT_S)


class HttpProvider(_Part):
    """A request; it is made from inside the target's host, so its host is an address."""

    type: Literal["http"]
    url: str = Field(pattern=r"^http://\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?(/[^\s]*)?$")
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] = "GET"
    headers: dict[str, str] = {}
    arguments: dict[str, Any] | None = None
    timeout: float = Field(3.0, gt=0, le=TIMEOUT_LIMIT_S)


class PythonProvider(_Part):
    """A function of an extension; it runs in the interpreter in which that is installed."""

    type: Literal["python"]
    module: str = Field(pattern=r"^[A-Za-z_][\w.]*$")
    func: str = Field(pattern=r"^[A-Za-z_]\w*$")
    arguments: dict[str, Any] = {}
    secrets: list[str] = []
    timeout: float = Field(TIMEOUT_S, gt=0, le=TIMEOUT_LIMIT_S)


class Pattern(_Part):
    """What an output must match, or between which numbers it must be."""

    type: Literal["regex", "range"]
    pattern: str = ""
    range: tuple[float, float] | None = None
    target: Literal["status", "stdout", "stderr", "body"] | None = None


class Pauses(_Part):
    """Seconds before and after an activity."""

    before: float = Field(0, ge=0, le=TIMEOUT_LIMIT_S)
    after: float = Field(0, ge=0, le=TIMEOUT_LIMIT_S)


class Activity(_Part):
    """An action or a probe; only a probe has a tolerance."""

    type: Literal["action", "probe"]
    name: str
    provider: Annotated[ProcessProvider | HttpProvider | PythonProvider, Field(discriminator="type")]
    tolerance: bool | int | str | list[int | str | float] | Pattern | None = None
    pauses: Pauses = Pauses(before=0, after=0)
    background: Literal[False] = False


class Hypothesis(_Part):
    """What is so when nothing is wrong."""

    title: str = ""
    probes: list[Activity] = Field([], max_length=ACTIVITIES_LIMIT)


class FromEnvironment(_Part):
    """A value that is in the environment of whoever runs it, and in no file."""

    type: Literal["env"]
    key: str
    default: str | None = None


Value = FromEnvironment | str | int | float | bool


class Experiment(_Part):
    """An experiment as it is read. ``controls`` is kept only to say that they are not run."""

    title: str
    configuration: dict[str, Value] = {}
    secrets: dict[str, dict[str, FromEnvironment]] = {}
    steady: Hypothesis = Field(Hypothesis(), alias="steady-state-hypothesis")
    method: list[Activity] = Field(min_length=1, max_length=ACTIVITIES_LIMIT)
    rollbacks: list[Activity] = Field([], max_length=ACTIVITIES_LIMIT)
    controls: list[dict[str, Any]] = []

    def text(self) -> str:
        """Return it in the form in which it is recorded; ``parse`` reads it again. It holds no secret's value."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)


def read_experiment(path: Path) -> Experiment:
    """Return the experiment in a JSON or YAML file; HF310 if it is none that can be run."""
    try:
        with path.open("rb") as file:
            text = file.read(LIMIT_BYTES + 1)
        document = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise _refused(f"{path}: {str(error).splitlines()[0]}") from error
    if len(text) > LIMIT_BYTES:
        raise _refused(f"{path} has more than {LIMIT_BYTES:,} bytes")
    return _validated(document, str(path))


def parse(text: str) -> Experiment:
    """Return the experiment that ``Experiment.text`` wrote; HF310."""
    return _validated(json.loads(text), "the recorded experiment")


def values(given: Mapping[str, Value]) -> dict[str, str]:
    """Return what a configuration's names stand for here; HF310 where the environment lacks what it needs."""
    found: dict[str, str] = {}
    for name, value in given.items():
        if isinstance(value, FromEnvironment):
            read = os.environ.get(value.key, value.default)
            if read is None:
                raise _refused(f"{value.key} is not in the environment, and {name} has no default")
            found[name] = read
        else:
            found[name] = str(value)
    return found


def _validated(document: object, origin: str) -> Experiment:
    try:
        return Experiment.model_validate(document)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}"
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise _refused(f"{origin}: {'; '.join(dict.fromkeys(problems))}") from error


def _refused(why: str) -> HoldfastError:
    remedy = "see docs/faults.md for what of Chaos Toolkit's format is run"
    return HoldfastError("HF310", f"this is no experiment that can be run: {why}", remedy=remedy)
