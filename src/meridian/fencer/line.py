"""What the kernel knows of a TCP connection's line: how long a segment and its acknowledgement may take.

``struct tcp_info`` of Linux (``linux/tcp.h``) has the smoothed round trip and its mean deviation in microseconds,
``tcpi_rtt`` and ``tcpi_rttvar``: the sixteenth and seventeenth of the numbers that follow its first eight octets.
"""

from __future__ import annotations

import os
import socket
import struct

_HEAD = struct.Struct("=8B17I")
_ROUND_TRIP, _DEVIATION = 8 + 15, 8 + 16


def timeout_us(descriptor: int) -> int:
    """Return a connection's retransmission timeout as RFC 6298 (2.3) has it, 0 if the kernel does not tell.

    That is the smoothed round trip and four times its deviation; without the least that systems add, because a
    quiet line would look slow by it, and without the doublings after a loss.
    """
    try:
        with socket.socket(fileno=os.dup(descriptor)) as line:
            told = _HEAD.unpack(line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _HEAD.size))
    except OSError:
        return 0
    return int(told[_ROUND_TRIP]) + 4 * int(told[_DEVIATION])
