"""Three real etcd members on loopback, read through their gateways, and a leader that is kept where it belongs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from meridian.stack import etcd, steward
from meridian.stack.gateway import Gateway, NoAnswerError
from meridian.stack.members import CLIENT_PORT, MEMBERS, Member
from meridian.unit import RangeContext

LIMIT_S = 30.0


def within(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; a member that does not answer yet is no failure."""
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except NoAnswerError:
            pass
        time.sleep(0.05)
    pytest.fail("did not come about in time")


@pytest.fixture
def members(tmp_path: Path) -> Iterator[tuple[Member, ...]]:
    """Yield the members of a cluster that runs on loopback addresses of this process's own."""
    octet = 1 + os.getpid() % 250
    local = tuple(replace(member, address=f"127.71.{octet}.{index}") for index, member in enumerate(MEMBERS, start=1))
    disk = {member.host: tmp_path / member.host for member in local}
    context = RangeContext(tmp_path, "fast", "safe", 1, "", disk=disk, run=disk, log=disk, secrets=tmp_path)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for member in local:
            disk[member.host].mkdir()
            with (disk[member.host] / "log").open("wb") as log:
                unit = etcd.unit(context, member, local)
                running.append(subprocess.Popen(unit.argv, stdout=log, stderr=log, env={**unit.environment}))
        yield local
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.range
def test_leadership_is_brought_to_the_steward_and_stays_when_asked_again(members: tuple[Member, ...]) -> None:
    gateways = [Gateway(member.address, CLIENT_PORT) for member in members]
    within(lambda: all(gateway.healthy() for gateway in gateways))
    assert set(gateways[0].names().values()) == {"etcd-a", "etcd-b", "etcd-w"}
    assert gateways[0].value("/nothing/here") is None
    for own in (*gateways, gateways[0]):
        others = [gateway for gateway in gateways if gateway is not own]
        within(lambda own=own, others=others: steward.look(own, others) is True)  # type: ignore[misc]
        here = own.standing()
        within(lambda here=here: {g.standing().leader_id for g in gateways} == {here.member_id})  # type: ignore[misc]


@pytest.mark.range
def test_a_member_that_is_away_is_no_answer_and_nothing_is_asked() -> None:
    nobody = Gateway("127.71.255.1", CLIENT_PORT)
    with pytest.raises(NoAnswerError, match=r"127\.71\.255\.1:2379/v3/maintenance/status"):
        steward.look(nobody, [])


@pytest.mark.parametrize(
    ("refused", "eager", "pause_s"),
    [(0, False, 1.0), (0, True, 0.1), (1, False, 1.0), (3, False, 4.0), (9, False, 8.0)],
)
def test_refusals_are_not_answered_with_a_storm(refused: int, eager: bool, pause_s: float) -> None:  # noqa: FBT001
    assert steward.pause_s(refused, eager=eager) == pause_s
