"""The etcd steward: keeps etcd's leader at the witness.

Patroni's leader key lives on an etcd lease, and leases start again at their full time to live when etcd elects a new
leader. Were etcd's leader at the primary's site, losing that site would cost an election and a whole time to live
more. Leadership is only ever *asked* to move: etcd's own rules decide, and refuse a member that lags.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from meridian.stack.gateway import Gateway, NoAnswerError
from meridian.stack.members import MEMBERS, WITNESS
from meridian.unit import RangeContext, Unit

STEADY_S = 1.0
"""Between two looks once the leader is where it belongs."""
EAGER_S = 0.1
"""Between two looks while the range boots: until leadership was first seen at the witness."""
EAGER_FOR_S = 15.0
REFUSED_S = (1.0, 2.0, 4.0, 8.0)
"""Waits after the first, second, … request in a row that changed nothing; the last one repeats."""
LAG_LIMIT_ENTRIES = 1000


def look(own: Gateway, others: Sequence[Gateway]) -> bool | None:
    """Return True when ``own`` leads, False when it was asked to be made leader, None when there is nothing to ask.

    Raise NoAnswerError when the own member or the leader does not answer, or the leader refuses.
    """
    here = own.standing()
    if here.leader_id == here.member_id:
        return True
    if here.leader_id == 0:
        return None
    for other in others:
        try:
            there = other.standing()
        except NoAnswerError:
            continue
        if there.member_id == here.leader_id:
            if there.applied_index - here.applied_index > LAG_LIMIT_ENTRIES:
                return None
            other.transfer(here.member_id)
            return False
    return None


def keep(own: Gateway, others: Sequence[Gateway]) -> None:
    """Look for ever, and say on standard error what changed; the supervisor ends this process with its host."""
    eager_until = time.monotonic() + EAGER_FOR_S
    settled, refused, said = False, 0, ""
    while True:
        try:
            seen = look(own, others)
        except NoAnswerError as error:
            seen, news = None, f"no answer: {error}"
        else:
            news = {True: "the witness leads", False: "asked for leadership", None: "waiting for a leader"}[seen]
        if news != said:
            sys.stderr.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} etcd-steward: {news}\n")
            sys.stderr.flush()
            said = news
        settled = settled or seen is True
        refused = refused + 1 if seen is False else 0
        time.sleep(pause_s(refused, eager=not settled and time.monotonic() < eager_until))


def pause_s(refused: int, *, eager: bool) -> float:
    """Return how long to wait before the next look, after ``refused`` requests in a row that changed nothing."""
    if eager:
        return EAGER_S
    return REFUSED_S[min(refused, len(REFUSED_S)) - 1] if refused else STEADY_S


def unit(context: RangeContext) -> Unit:
    """Return the steward's process, on the witness."""
    etcd = [WITNESS, *(member for member in MEMBERS if member is not WITNESS)]
    return Unit(
        name="etcd-steward",
        host=WITNESS.host,
        account="meridian-etcd",
        argv=(context.python, "-P", "-m", "meridian.stack", "steward", *(member.address for member in etcd)),
        environment={},
        ports=(),
    )
