"""What a change of the model makes weak, and what it mends: the weaknesses of both, compared under one set of names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a command loads only the rooms it uses, so that --help answers at once
    from holdfast.analysis.weakness import Weakness
    from holdfast.model.types import Model

# How much of the map was never tested changes with every line of it: that is no news about the change.
_NO_NEWS = frozenset({"HF611"})


@dataclass(frozen=True, slots=True)
class Consequences:
    """The weaknesses that only the newer model has, that weigh more in it, and that only the older one had."""

    came: tuple[Weakness, ...]
    worse: tuple[Weakness, ...]
    went: tuple[Weakness, ...]


def consequences(before: Model, after: Model) -> Consequences:
    """Return what a change makes weak or worse and what it mends, as of today, worst first each.

    What is only called otherwise is none of that. Approvals are left out: they stand in a log and not in a model.
    """
    from holdfast.analysis.weakness import RANK
    from holdfast.model.difference.renames import renamed

    was, now = _found(renamed(before, after)[0]), _found(after)
    return Consequences(
        tuple(weakness for key, weakness in now.items() if key not in was),
        tuple(one for key, one in now.items() if key in was and RANK[one.weight] < RANK[was[key].weight]),
        tuple(weakness for key, weakness in was.items() if key not in now),
    )


def _found(model: Model) -> dict[str, Weakness]:
    from holdfast.analysis.weakness import weaknesses
    from holdfast.model.canonical import subjects

    today = datetime.now(UTC).date().isoformat()
    found = weaknesses(model, today, dict.fromkeys(subjects(model), "approved"))
    return {weakness.fingerprint: weakness for weakness in found if weakness.code not in _NO_NEWS}
