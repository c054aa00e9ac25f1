"""What a fault of the network did, in words: to whom, from whom, for which traffic, in which direction."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from holdfast.cli.declaration import usable_model
from holdfast.evidence.events import FaultIntended, Instant
from holdfast.model.types import Model
from holdfast.report.headline import happened
from holdfast.state.exercise import FaultRecord, Recorded
from tests.repository.tree import ROOT

THEN = Instant(0, 0, "clock")


@pytest.fixture(scope="module")
def model() -> Model:
    return usable_model(ROOT / "examples" / "meridian")


@pytest.mark.parametrize(
    ("name", "target", "parameters", "words"),
    [
        ("network.partition", "dc-a", {}, "Data centre A was cut off from the network"),
        ("network.partition", "vault", {"from": "dc-b, nowhere"}, "Vault was cut off from data centre B, nowhere"),
        ("network.partition", "dc-a", {"with": "vault"}, "Data centre A was cut off with vault from the network"),
        (
            "network.partition",
            "dc-a",
            {"direction": "out", "only": "consensus"},
            "Data centre A was cut off from the network, for consensus alone, though it still heard it",
        ),
        (
            "network.partition",
            "dc-a",
            {"ring": "vault, dc-b"},
            "Data centre A was made one of a ring with vault, data centre B, where each reaches its neighbours alone",
        ),
        ("link.down", "wan-orion", {}, "Orion's line A to B went down"),
    ],
)
def test_it_is_said_what_happened(
    model: Model, name: str, target: str, parameters: Mapping[str, str], words: str
) -> None:
    intended = FaultIntended("exercise", "fault-1", name, target, parameters, 1000, {}, {}, THEN)
    assert happened(model, FaultRecord(Recorded(0, 0, intended))) == words
