"""How long an observer may go without an answer before it says that writes have stopped.

A fixed time would be wrong twice: too long on a quiet line, and on a slow one a fence for nothing. So patience follows
what the observer itself has lately seen, as accrual failure detectors do (Hayashibara, Défago, Yared, Katayama: *The φ
accrual failure detector*, SRDS 2004): a suspicion is measured against the recent past, not against a constant. Their
normal distribution is not used, because lost packets make long tails. The rule here needs no distribution:

    patience = max(FLOOR, LONGEST × the longest answered write of the last WINDOW, TIMEOUTS × the line's timeout),
    at most CEILING

Of n + 1 exchangeable durations the last is the longest with probability 1/(n + 1) (order statistics), here about one in
three hundred; and the factor of two is one more doubling of TCP's retransmission timer (RFC 6298, 5.5) than any write
of the window needed. A line that becomes slow from one moment to the next is known before the first slow write is
answered: its acknowledgements come late, and the kernel's retransmission timeout (RFC 6298, 2: smoothed round trip and
four times its deviation) rises with the first of them. A write takes two round trips, one to the primary and one from
there to a standby, and a segment that is lost three times in a row costs seven timeouts more (1 + 2 + 4): ten leave
room for that on either. On a quiet line a timeout is a millisecond, and the term means nothing. It is taken without the
doublings after a loss: a host that died must not earn patience by its silence.

Two of three observers must lose patience over the same writes for anything to happen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

FLOOR_US = 1_000_000
LONGEST = 2
TIMEOUTS = 10
WINDOW_US = 60_000_000
CEILING_US = 15_000_000
BEAT_US = 200_000
"""Between the end of one write and the beginning of the next."""
TICK_US = 50_000
"""How often an observer looks whether an answer came."""


def patience_us(longest_us: int, timeout_us: int) -> int:
    """Return how long a write may stay without an answer.

    ``longest_us`` is the longest that was answered of late, ``timeout_us`` the line's retransmission timeout.
    """
    return min(CEILING_US, max(FLOOR_US, LONGEST * longest_us, TIMEOUTS * timeout_us))


def observed_us(elapsed_us: int) -> int:
    """Return how much of a time between two looks counts as silence: two ticks at most.

    An observer that had no processor, or was stopped, has not listened in the meantime, and must not blame the ledger.
    """
    return min(elapsed_us, 2 * TICK_US)


@dataclass(slots=True)
class Recent:
    """The durations of the answered writes of the last WINDOW, the longest at hand."""

    _longest: deque[tuple[int, int]] = field(default_factory=deque)
    """(when, duration), durations falling: what is shorter than a later one can never be the longest again."""

    def add(self, at_us: int, duration_us: int) -> None:
        """Take the duration of a write that was answered at ``at_us``."""
        while self._longest and self._longest[-1][1] <= duration_us:
            self._longest.pop()
        self._longest.append((at_us, duration_us))

    def longest_us(self, at_us: int) -> int:
        """Return the longest duration of the window that ends at ``at_us``, 0 if there is none."""
        while self._longest and self._longest[0][0] < at_us - WINDOW_US:
            self._longest.popleft()
        return self._longest[0][1] if self._longest else 0
