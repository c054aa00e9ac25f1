"""The guard: a process of its own that undoes everything when the runner no longer can, or should.

It follows the log and listens to the runner's heartbeat on its standard input. It takes over when the heartbeat stops
or its pipe closes, when a fault's time-box ends, when an ``abort_when`` condition of the scenario holds, or when
anyone asked to stop. First it has the keeper refuse every further injection of this exercise, so that a runner that was
only frozen cannot inject later; then it undoes what is outstanding, last first, and verifies it. If the runner is
gone it also collects the evidence and closes the exercise. It ends when the exercise is closed, or when it cannot reach
the log any more: then it has undone what it knew of, and a later start records that.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import PARTICIPANTS_RECORDS, Inventory, inventory
from holdfast.errors import HoldfastError
from holdfast.evidence.events import PhaseEntered, StopRequested
from holdfast.exercises.clients import Clients
from holdfast.exercises.course import WATCHING, Course, Recorder
from holdfast.exercises.leaving import leave
from holdfast.exercises.undoing import revoke, undo_all, undo_unrecorded
from holdfast.exercises.vocabulary import vocabulary
from holdfast.model.loader import load_attachment
from holdfast.model.types import Scenario, Service
from holdfast.store.clock import now
from holdfast.store.opening import open_log

LOOK_EVERY_S = 0.2
HEARTBEAT_LIMIT_S = 6.0  # a dozen beats: on a busy machine one of them may come late
OPENING_LIMIT_S = 30.0
RUNNER_LEAVES_LIMIT_S = 300.0  # everything that leaving takes is bounded well below this
BEATS_BYTES = 4096
US = 1_000_000


@dataclass(slots=True)
class Heartbeat:
    """The runner's beats on a pipe; a closed pipe is a runner that has ended."""

    descriptor: int
    ended: bool = False
    last_s: float = field(default_factory=time.monotonic)

    def listen(self, for_s: float) -> None:
        """Wait this long at most for a beat."""
        if self.ended:
            time.sleep(for_s)
        elif select.select([self.descriptor], [], [], for_s)[0]:
            beats = os.read(self.descriptor, BEATS_BYTES)
            self.ended = not beats
            self.last_s = time.monotonic()

    def problem(self) -> str | None:
        """Return what is wrong with the runner, ``None`` while its heart beats."""
        # Whatever the guard did since it last listened may have taken long: beats that came meanwhile count.
        if not self.ended:
            self.listen(0)
        if self.ended:
            return "the runner ended"
        silent_s = time.monotonic() - self.last_s
        return f"no heartbeat of the runner for {silent_s:.0f} s" if silent_s > HEARTBEAT_LIMIT_S else None


@dataclass(slots=True)
class _Watched:
    """What the guard knows of the exercise beside its course: who its clients are, once there is a range."""

    scenario: Scenario
    service: Service
    keeper: Hypervisor
    target: Inventory | None = None
    clients: Clients | None = None

    def disrupted_ms(self) -> int:
        """Return for how long clients have seen the service disrupted by now."""
        if self.clients is None:
            try:
                self.target = inventory(self.keeper)[0]
            except HoldfastError:
                return 0
            self.clients = Clients(self.target.records[PARTICIPANTS_RECORDS], self.service.measured)
        now_us = now().mono_us
        view = self.clients.look(now_us)
        return 0 if view.disrupted_us is None else (now_us - view.disrupted_us) // 1000


def watch(course: Course, recorder: Recorder, heartbeat: Heartbeat) -> None:
    """Watch one exercise to its end; what the log refuses is raised once everything known is undone."""
    try:
        _watch(course, recorder, heartbeat)
    except HoldfastError:
        undo_unrecorded(course)
        raise


def _watch(course: Course, recorder: Recorder, heartbeat: Heartbeat) -> None:
    deadline = time.monotonic() + OPENING_LIMIT_S
    while course.look().opened is None:
        heartbeat.listen(LOOK_EVERY_S)
        if heartbeat.ended or time.monotonic() > deadline:
            return
    watched = _watched(course)
    recorder.record(PhaseEntered(recorder.exercise, WATCHING, "the guard has begun to watch", now()))
    while not course.look().closed:
        why = _why_take_over(course, heartbeat, watched)
        if why is not None:
            take_over(course, recorder, heartbeat, watched.keeper, why)
            return
        heartbeat.listen(LOOK_EVERY_S)


def take_over(course: Course, recorder: Recorder, heartbeat: Heartbeat, keeper: Hypervisor, why: str) -> None:
    """Undo everything; then let a living runner finish, or finish in its place."""
    if not course.stops:
        recorder.record(StopRequested(recorder.exercise, "guard", why, now()))
    try:
        revoke(recorder.exercise, keeper)
    except HoldfastError as error:
        # What is outstanding is undone all the same; that an injection could still follow is worth knowing.
        recorder.record(PhaseEntered(recorder.exercise, "revoking failed", str(error), now()))
    undo_all(course, recorder, lambda: None)
    deadline = time.monotonic() + RUNNER_LEAVES_LIMIT_S
    while not course.look().closed and not heartbeat.ended and time.monotonic() < deadline:
        heartbeat.listen(LOOK_EVERY_S)
    if not course.look().closed:
        # The runner may have died between its last intention and its end: look once more at what is outstanding.
        leave(course, recorder, "crashed", why)


def _watched(course: Course) -> _Watched:
    """Return what the exercise's own opening says: the guard needs nothing of the runner's memory."""
    if course.opened is None:
        message = "a guard watches an exercise that was opened"
        raise HoldfastError("HF406", message, remedy="start drills with holdfast drill")
    model, findings = load_attachment(course.log.attachment(course.opened.model.sha256), vocabulary())
    if model is None:
        message = f"the model of the exercise cannot be read again: {findings[0]}"
        raise HoldfastError("HF406", message, remedy="check the model with holdfast check")
    scenario = model.scenarios[course.opened.scenario]
    return _Watched(scenario, model.services[scenario.service], Hypervisor(Path(course.opened.target["keeper"])))


def _why_take_over(course: Course, heartbeat: Heartbeat, watched: _Watched) -> str | None:
    """Return the reason to undo everything now, ``None`` as long as there is none."""
    if problem := heartbeat.problem():
        return problem
    if course.stops:
        return course.stops[0].why
    now_us = now().mono_us
    for _, intended in course.outstanding():
        if now_us - intended.occurred.mono_us > intended.box_ms * 1000:
            return f"the time-box of {intended.name} on {intended.target} ended after {intended.box_ms / 1000:g} s"
    bounds = watched.scenario.abort_when
    if course.armed is not None and now_us - course.armed.occurred.mono_us > bounds.exercise_longer_than_ms * 1000:
        return f"the exercise took longer than {bounds.exercise_longer_than_ms / 1000:g} s"
    limit_ms = bounds.disrupted_longer_than_ms
    if limit_ms is not None and course.outstanding() and watched.disrupted_ms() > limit_ms:
        return f"clients were disrupted for longer than {limit_ms / 1000:g} s"
    return None


def main() -> None:
    """Guard an exercise: the log's place, the exercise, and an entry before its opening are the arguments."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # It must not be stopped before what it guards: `holdfast drill --stop` ends both.
        signal.signal(ignored, signal.SIG_IGN)
    place, exercise, after = sys.argv[1:]
    log = open_log(place)
    try:
        watch(Course(log, exercise, int(after)), Recorder(log, exercise, "guard"), Heartbeat(sys.stdin.fileno()))
    finally:
        log.close()


if __name__ == "__main__":
    main()
