"""Loopback is taken by one range at a time, and not from anybody who has it."""

from __future__ import annotations

import socket

import pytest

from meridian.errors import MachineCannot
from meridian.network import loopback
from meridian.network.loopback import Loopback

ADDRESS = "127.71.255.254"
"""No host's."""


@pytest.fixture(autouse=True)
def _beside_the_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # A range may be running on this machine while these tests do.
    monkeypatch.setattr(loopback, "_NAME", f"\0a test of {ADDRESS}")


def test_there_is_room_for_one() -> None:
    first = Loopback([])
    with pytest.raises(MachineCannot, match="MR120 another range"):
        Loopback([])
    first.close()
    Loopback([]).close()


@pytest.mark.parametrize("on", [ADDRESS, "0.0.0.0"])  # noqa: S104 - it is what must be noticed
def test_a_port_that_somebody_has_is_named_and_nothing_kept(on: str) -> None:
    with socket.create_server((on, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(MachineCannot, match=f"MR120.*{ADDRESS}:{port}$"):
            Loopback([(ADDRESS, port)])
    Loopback([(ADDRESS, port)]).close()
