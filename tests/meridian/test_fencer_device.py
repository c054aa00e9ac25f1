"""The fencing device: three operations, what it confirms is read from the range, and it can be made to fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from meridian.errors import MeridianError
from meridian.keeper.fencing import FAILS, UNCONFIRMED, FencingDevice
from meridian.keeper.range import Range


@dataclass(slots=True)
class Held:
    """A range that remembers what the device did to it; ``obeys`` says whether a fence takes effect."""

    obeys: bool = True
    fenced: set[str] = field(default_factory=set)
    done: list[tuple[str, str]] = field(default_factory=list)

    def fence(self, host: str) -> None:
        self.done.append(("fence", host))
        if self.obeys:
            self.fenced.add(host)

    def unfence(self, host: str) -> None:
        self.done.append(("unfence", host))
        self.fenced.discard(host)

    def is_fenced(self, host: str) -> bool:
        return host in self.fenced


def device_of(held: Held) -> FencingDevice:
    return FencingDevice(cast("Range", held))


def test_it_offers_what_a_fencing_device_offers_and_no_more() -> None:
    assert set(device_of(Held()).operations) == {"fence", "unfence", "state"}


def test_a_fence_is_verified_by_what_is_so_and_not_by_having_been_asked() -> None:
    for obeys in (True, False):
        held = Held(obeys=obeys)
        said = device_of(held).operations["fence"]({"host": "db-a"})
        assert said["fenced"]["db-a"]["verified"] is obeys
        held.fenced ^= {"db-a"}
        assert device_of(held).operations["state"]({})["fenced"] == {}


def test_the_latest_fence_is_remembered_after_it_is_over_and_asking_again_is_no_new_one() -> None:
    device = device_of(Held())
    assert device.operations["state"]({}) == {"fenced": {}, "latest_us": None}
    first = device.operations["fence"]({"host": "db-a"})
    again = device.operations["fence"]({"host": "db-a"})
    assert again == first
    over = device.operations["unfence"]({"host": "db-a"})
    assert over == {"fenced": {}, "latest_us": first["latest_us"]}


def test_a_jammed_device_does_nothing_or_does_it_and_never_says_so() -> None:
    for how, done in ((FAILS, []), (UNCONFIRMED, [("fence", "db-a")])):
        held = Held()
        device = device_of(held)
        device.jam(how)
        for name in ("fence", "state", "unfence"):
            with pytest.raises(MeridianError, match="does not confirm"):
                device.operations[name]({"host": "db-a"})
        assert held.done == done
        device.jam(None)
        assert ("db-a" in device.operations["state"]({})["fenced"]) == bool(done)


def test_only_hosts_are_fenced() -> None:
    for request in ({}, {"host": "nobody"}, {"host": ["db-a"]}):
        with pytest.raises(MeridianError, match="no host named"):
            device_of(Held()).operations["fence"](request)
