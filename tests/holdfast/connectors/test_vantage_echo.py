"""Echo requests from a network namespace: to this machine itself, which answers, and to nobody, who does not."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.connectors.vantage import Echo, checksum, half_open

LOOPBACK = "127.0.0.1"


def echo(addresses: list[str]) -> Echo:
    try:
        return Echo(addresses, 56)
    except PermissionError:
        pytest.skip("not run: this account may not open a raw socket here")


@given(st.binary(max_size=100).filter(lambda octets: len(octets) % 2 == 0))
def test_a_packet_with_its_checksum_in_it_sums_up_to_nothing(octets: bytes) -> None:
    """RFC 1071, 1: whoever checks computes the sum over all of it, the checksum included."""
    assert checksum(octets + struct.pack("!H", checksum(octets))) == 0


def test_each_address_has_its_own_answers() -> None:
    """240.0.0.0/4 is nobody's (RFC 1112, 4)."""
    here, nobody = echo([LOOPBACK, "240.0.0.1"]).run(5, 0.001, 0.1)
    assert (here["came_back"], nobody["came_back"], nobody["spread_us"]) == (5, 0, 0)
    assert 0 < here["low_us"] <= here["median_us"] <= here["high_us"]
    assert "median_us" not in nobody


def test_a_burst_is_counted_whole_and_answers_to_others_are_not_ours() -> None:
    one, other = echo([LOOPBACK]), echo([LOOPBACK])
    other._number ^= 1  # noqa: SLF001 - as another process on the same host would have
    assert other.run(3, 0, 0.1)[0]["came_back"] == 3
    assert one.run(50, 0, 1.0)[0]["came_back"] == 50


def test_an_established_connection_is_not_half_open() -> None:
    with socket.create_server((LOOPBACK, 0)) as listening, socket.create_connection(listening.getsockname()) as client:
        address, port = client.getsockname()
        assert (address, port, listening.getsockname()[1]) not in half_open()
