"""The wire: a process that carries the frames of impaired lines, late, in order, not all of them, not too fast.

It is given two packet sockets for each line (packet(7)), one at either end, and copies what comes in at the one out at
the other. It needs no privilege and knows no address. While it carries a line nothing else does: with its death the
line is dead, never fast. Frames come with the kernel's own header (``PACKET_VNET_HDR``), so a checksum that is still to
be computed stays so.
"""

from __future__ import annotations

import json
import os
import random
import select
import socket
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass

from meridian.linux import die_with_parent, give_up_privileges

SOL_PACKET, PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING = 263, 15, 23  # linux/if_packet.h
ETH_P_ALL = 3  # linux/if_ether.h
VNET_HEADER_BYTES = 10  # struct virtio_net_hdr
FRAME_LIMIT_BYTES = (1 << 16) + 64
MESSAGE_LIMIT_BYTES = 4096
FRAMES_AT_ONCE = 64
QUEUE_LIMIT_NS = 200_000_000
"""How long a frame waits at most for a line that is too slow; one that would wait longer is lost, as in a router."""
QUEUE_LIMIT_FRAMES = 20_000
MILLION = 1_000_000
_NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Quality:
    """How a line is in one direction. ``jitter_us`` is added or taken away at random; a rate of 0 is no limit."""

    delay_us: int = 0
    jitter_us: int = 0
    loss_ppm: int = 0
    rate_kbit_s: int = 0

    def with_(self, other: Quality) -> Quality:
        """Return both one after the other: delays add, what is left of the frames multiplies, the lower rate counts."""
        rates = [rate for rate in (self.rate_kbit_s, other.rate_kbit_s) if rate]
        left = (MILLION - self.loss_ppm) * (MILLION - other.loss_ppm)
        return Quality(
            self.delay_us + other.delay_us,
            self.jitter_us + other.jitter_us,
            MILLION - left // MILLION,
            min(rates, default=0),
        )


PERFECT = Quality()


class Shaper:
    """Decides for one direction when a frame leaves. It has no clock: the time is an argument, in nanoseconds."""

    def __init__(self, quality: Quality, seed: str) -> None:
        """Begin; of the same frames the same seed loses the same ones."""
        self.quality = quality
        self._dice = random.Random(seed)  # noqa: S311 - nobody gains by guessing which frame is lost
        self._free_ns = 0
        self._last_ns = 0

    def due_ns(self, now_ns: int, size_bytes: int) -> int | None:
        """Return when a frame that comes now leaves, never before one that came earlier; None if it is lost."""
        quality = self.quality
        if quality.loss_ppm and self._dice.randrange(MILLION) < quality.loss_ppm:
            return None
        sent_ns = now_ns
        if quality.rate_kbit_s:
            begins_ns = max(now_ns, self._free_ns)
            if begins_ns - now_ns > QUEUE_LIMIT_NS:
                return None
            sent_ns = self._free_ns = begins_ns + size_bytes * 8 * MILLION // quality.rate_kbit_s
        late_us = quality.delay_us
        if quality.jitter_us:
            late_us = max(0, late_us + self._dice.randint(-quality.jitter_us, quality.jitter_us))
        self._last_ns = max(self._last_ns, sent_ns + late_us * 1000)
        return self._last_ns


class Direction:
    """One direction of one line: where frames come in, where they go out, and those on the way."""

    def __init__(self, source: socket.socket, target: socket.socket, shaper: Shaper) -> None:
        """Nothing is on the way yet."""
        self.source = source
        self.shaper = shaper
        self._target = target
        self._waiting: deque[tuple[int, bytes]] = deque()

    @property
    def next_ns(self) -> int | None:
        """Return when the next frame is due, None while there is none."""
        return self._waiting[0][0] if self._waiting else None

    def take(self) -> None:
        """Take in what has come, up to a bound: the other directions have their turn too."""
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = self.source.recv(FRAME_LIMIT_BYTES)
            except OSError:
                return
            due_ns = self.shaper.due_ns(time.monotonic_ns(), len(frame) - VNET_HEADER_BYTES)
            if due_ns is not None and len(self._waiting) < QUEUE_LIMIT_FRAMES:
                self._waiting.append((due_ns, frame))

    def give(self, now_ns: int) -> None:
        """Send what is due. What the far end does not take is lost, as on any line."""
        waiting, send = self._waiting, self._target.send
        while waiting and waiting[0][0] <= now_ns:
            with suppress(OSError):
                send(waiting.popleft()[1])


class Wire:
    """All lines that one process carries."""

    def __init__(self, control: socket.socket) -> None:
        """Obey ``control``, a sequential-packet socket."""
        self._control = control
        self._lines: dict[str, tuple[Direction, Direction]] = {}
        self._running = True

    def run(self) -> None:
        """Carry until the other end of the control socket closes."""
        while self._running:
            directions = {each.source: each for pair in self._lines.values() for each in pair}
            due_ns = min((at for each in directions.values() if (at := each.next_ns) is not None), default=None)
            timeout_s = None if due_ns is None else max(0.0, (due_ns - time.monotonic_ns()) / 1e9)
            ready, _, _ = select.select([self._control, *directions], [], [], timeout_s)
            for source in ready:
                if source in directions:
                    directions[source].take()
            now_ns = time.monotonic_ns()
            for each in directions.values():
                each.give(now_ns)
            if self._control in ready:
                self._obey()
        for name in tuple(self._lines):
            self._forget(name)

    def _obey(self) -> None:
        message, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE_LIMIT_BYTES, 2)
        if not message:
            self._running = False
            return
        request = json.loads(message)
        name = str(request["line"])
        if request["qualities"] is None:
            self._forget(name)
        else:
            self._carry(name, [Quality(**each) for each in request["qualities"]], descriptors)
        self._control.send(b"done")

    def _carry(self, name: str, qualities: list[Quality], descriptors: list[int]) -> None:
        """Carry a line with a quality for each direction; one that is carried already keeps what is on its way."""
        if descriptors:
            self._forget(name)
            ends = [socket.socket(fileno=descriptor) for descriptor in descriptors]
            for end in ends:
                end.settimeout(0)
            shapers = [Shaper(quality, f"{name} {index}") for index, quality in enumerate(qualities)]
            self._lines[name] = (Direction(ends[0], ends[1], shapers[0]), Direction(ends[1], ends[0], shapers[1]))
        for direction, quality in zip(self._lines[name], qualities, strict=True):
            direction.shaper.quality = quality

    def _forget(self, name: str) -> None:
        for direction in self._lines.pop(name, ()):
            direction.source.close()


def be_wire(control: socket.socket) -> None:
    """Be the wire, without any privilege, until the keeper lets go of the control socket."""
    give_up_privileges(_NOBODY if os.geteuid() == 0 else None)
    # Giving up an account takes the wish to die with the keeper away (prctl(2)).
    die_with_parent()
    Wire(control).run()


def packet_socket(interface: str) -> socket.socket:
    """Return a packet socket on an interface of the network namespace that this process is in; needs CAP_NET_RAW."""
    end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    end.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    end.bind((interface, ETH_P_ALL))
    return end
