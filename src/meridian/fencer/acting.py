"""The fencer's acting part: it asks the rules what to do, does it, and writes down what it did and why."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from meridian.fencer.rules import Asked, Device, Fence, Hold, Release, Revoke, View, decide, stopped_through
from meridian.fencer.watch import Watch, mono_us, revoke
from meridian.stack.members import MEMBERS

TICK_S = 0.05
LATE_US = 200_000
"""A look that comes so much too late is left out: what was told meanwhile is read first."""
DEVICE_S = 5.0
DEVICE_CALM_US = 2_000_000
_ADDRESS_OF = {member.host: member.address for member in MEMBERS}


class DeviceSilentError(Exception):
    """The fencing device does not answer, or says that it failed."""


class Record:
    """What the fencer saw and did: one JSON object a line, never changed."""

    def __init__(self, path: Path) -> None:
        """Append to the record that is there."""
        self._clock_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def write(self, op: str, **facts: object) -> None:
        """Write a line, stamped with both clocks."""
        line = {"op": op, "t_us": mono_us(), "utc_us": time.time_ns() // 1000, "clock_id": self._clock_id, **facts}
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")


class Fencer:
    """Decides and acts, tick after tick."""

    def __init__(self, watch: Watch, device: Path, record: Record) -> None:
        """``device`` is the fencing device's socket."""
        self._watch = watch
        self._device_path = device
        self._record = record
        self._device: Device | None = None
        self._device_read_us = -DEVICE_CALM_US
        self._asked: Asked | None = None
        self._asked_us = self._tried_us = 0
        self._said: dict[str, object] = {}

    async def work(self) -> None:
        """Work for ever."""
        self._record.write("started")
        due_us = mono_us()
        while True:
            await asyncio.sleep(TICK_S)
            now_us = mono_us()
            late, due_us = now_us - due_us > TICK_S * 1e6 + LATE_US, now_us
            if not late:
                await self._tick()

    async def _tick(self) -> None:
        watch = self._watch
        if watch.eager or mono_us() - self._device_read_us > DEVICE_CALM_US:
            await self._read_device()
        views, cluster = watch.views(), watch.cluster()
        self._note_changes(views, None if cluster is None else cluster.leader)
        now_us = mono_us()
        if self._asked is not None:
            self._asked = replace(self._asked, age_us=now_us - self._asked_us, tried_us=now_us - self._tried_us)
        decision = decide(views, cluster, self._device, self._asked)
        watch.busy = bool(self._device and self._device.fenced) or not isinstance(decision, Hold)
        match decision:
            case Hold(why):
                self._note("held", why, noteworthy=watch.eager)
            case Fence(host, why):
                await self._fence(host, why, views)
            case Revoke(host, lease):
                await self._revoke(host, lease)
            case Release(host, why):
                await self._release(host, why)

    def _note_changes(self, views: tuple[View, ...], leader: str | None) -> None:
        """Write down who sees writes stop or flow, and who leads, whenever it changes."""
        for view in views:
            state = "stopped" if view.stopped else "flowing" if view.flowing else "unknown"
            said = self._watch.said().get(view.observer, "")
            if self._changed(f"view {view.observer}", (state, view.host)):
                self._record.write(
                    "view", observer=view.observer, state=state, host=view.host, timeline=view.timeline,
                    silent_us=view.silent_us, patience_us=view.patience_us, said=said,
                )  # fmt: skip
        if self._changed("leader", leader):
            self._record.write("leader", leader=leader)

    def _note(self, op: str, why: str, *, noteworthy: bool) -> None:
        """Write down why nothing is done, once for each reason, while anything is the matter."""
        kind = why.translate(str.maketrans("", "", "0123456789"))
        if self._changed(op, kind) and noteworthy:
            self._record.write(op, why=why)

    def _changed(self, what: str, value: object) -> bool:
        changed = self._said.get(what, ...) != value
        self._said[what] = value
        return changed

    async def _fence(self, host: str, why: str, views: tuple[View, ...]) -> None:
        now_us = mono_us()
        if self._asked is None or self._asked.host != host or self._asked.confirmed:
            self._asked_us = now_us
        self._tried_us = now_us
        self._asked = Asked(host, now_us - self._asked_us, 0, confirmed=False)
        _, seen_by = stopped_through(views)
        self._record.write("fence-asked", host=host, why=why, seen_by=list(seen_by))
        try:
            self._take(await self._call("fence", host))
        except DeviceSilentError as error:
            self._device = None
            self._record.write("fence-unverified", host=host, why=str(error))
            return
        verified = self._device is not None and self._device.fenced.get(host, (0, False))[1]
        self._asked = replace(self._asked, confirmed=verified)
        self._record.write("fence-verified" if verified else "fence-unverified", host=host)
        if verified:
            await self._tick()

    async def _revoke(self, host: str, lease: int) -> None:
        """Revoke a lease, once: that its key is gone is read a moment later."""
        if self._said.get("revoked") == lease:
            return
        if self._asked is not None and self._asked.host == host:
            self._asked = replace(self._asked, confirmed=True)
        through = await revoke(lease, {name: address for name, address in _ADDRESS_OF.items() if name != host})
        if through is None:
            # An election of etcd, most likely: asked again at the next tick.
            self._note("revoke-failed", "no etcd member revoked the lease", noteworthy=True)
        else:
            self._said["revoked"] = lease
            self._record.write("lease-revoked", host=host, lease=str(lease), through=through)

    async def _release(self, host: str, why: str) -> None:
        self._record.write("release-asked", host=host, why=why)
        try:
            self._take(await self._call("unfence", host))
        except DeviceSilentError as error:
            self._tried_us = mono_us()
            self._record.write("release-failed", host=host, why=str(error))
            await asyncio.sleep(TICK_S * 10)
            return
        if self._asked is not None and not self._asked.confirmed:
            self._asked = None
        self._record.write("released", host=host)

    async def _read_device(self) -> None:
        try:
            self._take(await self._call("state", None))
        except DeviceSilentError:
            self._device = None
        self._device_read_us = mono_us()

    def _take(self, said: Mapping[str, Any]) -> None:
        """Take the device's state; its times are those of the one clock of this boot."""
        now_us, latest_us = mono_us(), said.get("latest_us")
        fenced = {
            host: (now_us - int(each["since_us"]), bool(each["verified"])) for host, each in said["fenced"].items()
        }
        self._device = Device(fenced, None if latest_us is None else now_us - int(latest_us))

    async def _call(self, operation: str, host: str | None) -> Mapping[str, Any]:
        """Have the device do something and return what it says. Raise DeviceSilentError."""
        request = {"op": operation, **({} if host is None else {"host": host})}
        writer = None
        try:
            async with asyncio.timeout(DEVICE_S):
                reader, writer = await asyncio.open_unix_connection(str(self._device_path))
                writer.write(json.dumps(request).encode() + b"\n")
                answer = json.loads(await reader.readline())
        except (OSError, ValueError) as error:
            why = str(error) or type(error).__name__
            raise DeviceSilentError(f"the fencing device does not answer: {why}") from error
        finally:
            if writer is not None:
                writer.close()
        if not answer.get("ok"):
            raise DeviceSilentError(str(answer.get("error")))
        return dict(answer)


async def fence(observers: Mapping[str, Path], device: Path, record: Path) -> None:
    """Follow the observers and the stack, and fence what has to be fenced, for ever."""
    watch = Watch()
    async with asyncio.TaskGroup() as group:
        group.create_task(watch.follow(observers))
        group.create_task(Fencer(watch, device, Record(record)).work())
