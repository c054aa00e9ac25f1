"""How long an observer may go without an answer before it says that writes have stopped.

A fixed time would be wrong twice: too long on a quiet line, and on a slow one a fence for nothing. So patience follows
what the observer itself has lately seen, as accrual failure detectors do (Hayashibara, Défago, Yared, Katayama: *The φ
accrual failure detector*, SRDS 2004): a suspicion is measured against the recent past, not against a constant. Their
normal distribution is not used, because lost packets make long tails. The rule here needs no distribution:

    patience = max(FLOOR, LONGEST × the longest answered write of the last WINDOW, TYPICAL × their median,
                   TIMEOUTS × the line's timeout), at most CEILING

Of n + 1 exchangeable durations the last is the longest with probability 1/(n + 1) (order statistics), here about one in
three hundred; and the factor of two is one more doubling of TCP's retransmission timer (RFC 6298, 5.5) than any write
of the window needed. A line that becomes slow from one moment to the next is known before the first slow write is
answered: its acknowledgements come late, and the kernel's retransmission timeout (RFC 6298, 2: smoothed round trip and
four times its deviation) rises with the first of them. A write takes two round trips, one to the primary and one from
there to a standby, and a segment that is lost three times in a row costs seven timeouts more (1 + 2 + 4): ten leave
room for that on either. On a quiet line a timeout is a millisecond, and the term means nothing. It is taken without the
doublings after a loss: a host that died must not earn patience by its silence.

An observer's own line says nothing of the lines behind the primary, on which every commit waits: there the median of
its writes is all that it sees. They stall for all observers at once, so that two of three are no protection from it.
In half an hour of 200 ms and 5 % loss on those lines alone, two stalls were longer than twice the longest of the minute
before. A segment that is lost five times in a row costs 31 times its timeout (1 + 2 + 4 + 8 + 16), and a timeout is not
much more than what a write usually takes. On a quiet line 31 times that is still below the floor, and one slow write,
such as the first one of a new primary, is no reason for patience.

Two of three observers must lose patience over the same writes for anything to happen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FLOOR_US = 1_000_000
LONGEST = 2
TYPICAL = 31
TIMEOUTS = 10
WINDOW_US = 60_000_000
CEILING_US = 15_000_000
BEAT_US = 200_000
"""Between the end of one write and the beginning of the next."""
TICK_US = 50_000
"""How often an observer looks whether an answer came."""


def patience_us(longest_us: int, typical_us: int, timeout_us: int) -> int:
    """Return how long a write may stay without an answer.

    ``longest_us`` and ``typical_us`` are the longest and the median of those that were answered of late, ``timeout_us``
    the line's retransmission timeout.
    """
    return min(CEILING_US, max(FLOOR_US, LONGEST * longest_us, TYPICAL * typical_us, TIMEOUTS * timeout_us))


def observed_us(elapsed_us: int) -> int:
    """Return how much of a time between two looks counts as silence: two ticks at most.

    An observer that had no processor, or was stopped, has not listened in the meantime, and must not blame the ledger.
    """
    return min(elapsed_us, 2 * TICK_US)


@dataclass(slots=True)
class Recent:
    """The durations of the answered writes of the last WINDOW: some three hundred at most."""

    _writes: deque[tuple[int, int]] = field(default_factory=deque)
    """(when, duration), in order."""

    def add(self, at_us: int, duration_us: int) -> None:
        """Take the duration of a write that was answered at ``at_us``."""
        self._writes.append((at_us, duration_us))

    def longest_us(self, at_us: int) -> int:
        """Return the longest duration of the window that ends at ``at_us``, 0 if there is none."""
        return max(self._within(at_us), default=0)

    def typical_us(self, at_us: int) -> int:
        """Return the median of the durations of that window, the lower one of two, 0 if there is none."""
        found = sorted(self._within(at_us))
        return found[(len(found) - 1) // 2] if found else 0

    def _within(self, at_us: int) -> list[int]:
        while self._writes and self._writes[0][0] < at_us - WINDOW_US:
            self._writes.popleft()
        return [duration_us for _, duration_us in self._writes]
