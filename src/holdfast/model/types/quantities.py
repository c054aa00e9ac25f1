"""Quantities that are more than a number: durations that vary, amounts of money."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A duration that is always the same."""

    ms: int


@dataclass(frozen=True, slots=True)
class Lognormal:
    """A duration of which half are shorter than ``p50_ms`` and one in twenty is longer than ``p95_ms``."""

    p50_ms: int
    p95_ms: int


@dataclass(frozen=True, slots=True)
class Pert:
    """A duration between ``min_ms`` and ``max_ms``, most often near ``mode_ms`` (PERT distribution)."""

    min_ms: int
    mode_ms: int
    max_ms: int


Duration = Constant | Lognormal | Pert


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of a currency (ISO 4217 code)."""

    minor: int
    currency: str
