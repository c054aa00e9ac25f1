"""What a range is filled with: the one seam between the keeper, which knows no database and no bank, and those who do.

A content is a module. The institution's is ``meridian.institution``; whoever wants the bare ground brings their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from meridian.network.policy import Flow
from meridian.unit import Child, RangeContext, Unit

INSTITUTION = "meridian.institution"


class Content(Protocol):
    """The functions that a content module has."""

    def units(self, context: RangeContext) -> Sequence[Unit]:
        """Return every process that a host starts."""

    def prepare(self, context: RangeContext, host: str) -> Mapping[str, str]:
        """Return the files, by path on the host's disk, that must be there before its first start."""

    def children(self, context: RangeContext, host: str) -> Sequence[Child]:
        """Return the processes that units of a host start and that have a name."""

    def components(self) -> Mapping[str, object]:
        """Return the versions and origins of what runs."""

    def trees(self) -> Sequence[Path]:
        """Return the directories that hosts must be able to read, beside the interpreter and this program."""

    def policy(self) -> Sequence[Flow] | None:
        """Return who may connect to whom unless ``up`` was told otherwise, None where nothing is filtered."""

    def endpoints(self, context: RangeContext) -> Mapping[str, object]:
        """Return where the management plane reaches what, by process."""


def load(name: str) -> Content:
    """Return the content that a module's name stands for."""
    return cast("Content", import_module(name))
