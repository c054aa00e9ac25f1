"""What a weakness is, and every kind that there is: one literal table, each with its page in docs/findings/."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from holdfast.errors import Place

Weight = Literal["critical", "high", "medium", "low"]
RANK: Final[Mapping[Weight, int]] = {weight: rank for rank, weight in enumerate(get_args(Weight))}
_FINGERPRINT_CHARS = 16


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of weakness: its name, which is also that of its page, and a title."""

    name: str
    title: str


KINDS: Final[Mapping[str, Kind]] = {
    "HF601": Kind("single-point-of-failure", "Single point of failure"),
    "HF602": Kind("false-redundancy", "False redundancy"),
    "HF603": Kind("cold-start-deadlock", "Cold-start deadlock"),
    "HF604": Kind("recovery-stands-on-what-failed", "Recovery stands on what failed"),
    "HF605": Kind("no-clean-copy", "Replicas copy corruption, and there is no clean copy"),
    "HF606": Kind("no-recovery-strategy", "No recovery strategy"),
    "HF607": Kind("objective-out-of-reach", "Objective cannot be met even at best"),
    "HF608": Kind("rto-above-tolerance", "Recovery time objective above the impact tolerance"),
    "HF609": Kind("tolerance-above-mtpd", "Impact tolerance above the MTPD"),
    "HF610": Kind("strategy-never-exercised", "Strategy never exercised"),
    "HF611": Kind("dependency-never-tested", "Dependency never tested"),
    "HF612": Kind("team-needed-everywhere", "Team that every plan needs at once"),
    "HF613": Kind("notification-depends-on-its-news", "Notification depends on what it announces"),
    "HF614": Kind("supplier-without-way-out", "Supplier without a way out within the tolerance"),
    "HF615": Kind("unowned-or-unapproved", "Service that nobody owns or approved"),
    "HF616": Kind("unmapped-dependency", "Observed dependency that is not declared"),
    "HF617": Kind("degraded-mode-runs-out", "Degraded mode ends before the service is back"),
    "HF618": Kind("dependency-refuted", "Declared dependency that a drill refuted"),
    "HF619": Kind("service-never-planned", "Service of which no test is planned"),
}


@dataclass(frozen=True, slots=True)
class Weakness:
    """One thing that could go wrong by the structure of the declaration, for those who own it.

    ``subjects`` are the names that it is about, sorted, of what has a direction its source first; with the code they
    are its identity. ``services`` are the important business services that it hurts, ``path`` the names from a service
    down that show it. ``message`` and ``remedy`` are sentences for people.
    """

    code: str
    weight: Weight
    place: Place
    subjects: tuple[str, ...]
    services: tuple[str, ...]
    message: str
    path: tuple[str, ...]
    remedy: str

    @property
    def name(self) -> str:
        """The name of its kind, such as ``single-point-of-failure``."""
        return KINDS[self.code].name

    @property
    def fingerprint(self) -> str:
        """What it is recognised by wherever its lines move to: 16 hexadecimal digits of its code and subjects."""
        identity = json.dumps([self.code, *self.subjects], ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:_FINGERPRINT_CHARS]


def worst_first(weakness: Weakness) -> tuple[int, int, str, tuple[str, ...]]:
    """Return the key that sorts weaknesses: by weight, then by how many services they hurt."""
    return RANK[weakness.weight], -len(weakness.services), weakness.code, weakness.subjects
