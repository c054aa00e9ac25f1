"""What a range is started with: the declaration's defaults, unless the scenario asks for something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from holdfast.cli.declaration import usable_model
from holdfast.exercises.order import Order
from holdfast.model.types import Model
from holdfast.store.port import Log

EXAMPLE = Path(__file__).parents[3] / "examples" / "meridian"


@pytest.fixture(scope="module")
def model() -> Model:
    return usable_model(EXAMPLE)


def started_with(model: Model, **asked: str) -> dict[str, str]:
    scenario = replace(model.scenarios["primary-killed"], range_options=asked)
    return Order(model, scenario, "range", cast("Log", None)).range_options()


def test_a_scenario_chooses_the_profile_and_else_the_declaration_does(model: Model) -> None:
    assert model.range is not None
    assert started_with(model)["profile"] == model.range.profile
    for profile in model.range.options["profile"]:
        assert started_with(model, profile=profile)["profile"] == profile
    assert started_with(model, client="naive") == {**started_with(model), "client": "naive"}


def test_a_declaration_without_a_choice_has_its_one_profile(model: Model) -> None:
    assert model.range is not None
    fixed = replace(model, range=replace(model.range, profile="stock", options={}))
    assert started_with(fixed) == {"profile": "stock", "rate": "60"}
