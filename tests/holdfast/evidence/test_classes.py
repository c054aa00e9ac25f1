"""Five classes of evidence, in order: what was talked about proves nothing, and what is not known claims nothing."""

from __future__ import annotations

from typing import get_args

import pytest

from holdfast.evidence.classes import CLASSES, PROVING, EvidenceClass, class_of, strength
from holdfast.model.types import Environment, ExerciseType

TALKED = {"walkthrough": "discussion", "tabletop": "discussion", "simulation": "simulated"}
RUN = {"range": "range, scaled", "test": "production-like", "production": "live"}


@pytest.mark.parametrize("environment", get_args(Environment))
@pytest.mark.parametrize("kind", get_args(ExerciseType))
def test_every_type_in_every_environment(environment: str, kind: str) -> None:
    assert class_of(environment, kind) == TALKED.get(kind, RUN[environment])


def test_an_unknown_environment_claims_least() -> None:
    assert class_of("elsewhere", "site") == "discussion"
    assert class_of("", "tabletop") == "discussion"


def test_only_the_two_strongest_prove_an_objective() -> None:
    assert tuple(get_args(EvidenceClass)) == CLASSES
    assert [each for each in CLASSES if each in PROVING] == list(CLASSES[3:])
    assert [strength(each) for each in CLASSES] == [0, 1, 2, 3, 4]
