"""What bodies of events are made of besides plain values: an instant on a clock, and a file committed by its digest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instant:
    """When something occurred, on one clock: a boot of a host. Durations need two instants of one ``clock_id``."""

    utc_us: int
    mono_us: int
    clock_id: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file committed by digest: its name in this exercise, SHA-256 in hex, size and media type."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str
