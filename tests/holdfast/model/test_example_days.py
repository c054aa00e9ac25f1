"""The drills of examples/meridian that last for days: their figures say what they claim to rehearse."""

from __future__ import annotations

import pytest

from holdfast.model.deciding import decided
from holdfast.model.quantities import written
from holdfast.model.types import Model
from tests.holdfast.remains import example_model


@pytest.fixture
def model() -> Model:
    return example_model()


def test_the_rtgs_is_out_for_three_compressed_hours_and_back_before_it_closes(model: Model) -> None:
    scenario, calendar = model.scenarios["rtgs-out-three-hours"], model.calendar
    assert calendar is not None
    assert scenario.time_of_day_min is not None
    [fault] = scenario.disruption
    assert fault.hold_ms * scenario.compression == 3 * 3_600_000
    back_min = scenario.time_of_day_min + fault.hold_ms * scenario.compression // 60_000
    assert calendar.cut_off_min < back_min < calendar.cut_offs["rtgs"]
    assert {"told-once", "day-completed"} <= set(scenario.checks)


def test_the_peak_of_the_quarter_is_that_of_the_service_and_over_before_the_cut_off(model: Model) -> None:
    scenario, service = model.scenarios["quarter-end-on-slow-ledger"], model.services["gross-settlement"]
    [factor_ppm] = [peak.factor_ppm for peak in service.peaks if peak.name == scenario.on_peak]
    usual_per_s = model.scenarios["lose-dc-a"].load.rate_per_s
    assert scenario.load.rate_per_s * 1_000_000 == usual_per_s * factor_ppm
    assert model.calendar is not None
    assert scenario.time_of_day_min is not None
    left_ms = (model.calendar.cut_off_min - scenario.time_of_day_min) * 60_000 // scenario.compression
    assert scenario.disruption[0].hold_ms < left_ms


def test_three_days_close_in_priority_only_and_the_next_in_full(model: Model) -> None:
    scenario, service = model.scenarios["priority-only-three-days"], model.services["gross-settlement"]
    lesser, full = decided(scenario, service)
    assert [(change.mode, change.day, by) for change, by in (lesser, full)] == [
        ("priority-only", 1, "duty-manager"),
        ("full", 4, "duty-manager"),
    ]
    [mode] = [mode for mode in service.modes if mode.name == "priority-only"]
    assert mode.priority_answer == ("settled",)
    assert mode.sustain is not None
    assert mode.sustain.max_ms == 3 * 86_400_000
    assert (scenario.days, "mode-kept" in scenario.checks) == (4, True)


def test_dc_a_is_lost_ninety_compressed_minutes_before_cut_off(model: Model) -> None:
    scenario = model.scenarios["lose-dc-a"]
    assert model.calendar is not None
    assert scenario.time_of_day_min is not None
    left_min = model.calendar.cut_off_min - scenario.time_of_day_min
    assert left_min == 90
    assert written(left_min * 60_000 // scenario.compression) == "45s"
    assert "day-completed" in scenario.checks
    # The site stays lost past the cut-off: the other one has to complete the day.
    assert scenario.disruption[0].hold_ms > left_min * 60_000 // scenario.compression
