"""The runner: one exercise from its opening to its close. It acts and records; it judges nothing.

opened → guarded → range up → armed → day laid on the clock → steady → each fault (intended, injected, shown to have
taken effect, held, undone) → re-armed → load stopped → day closed → evidence committed → closed.

An intention is durable in the log *before* the injection, and says all that undoing takes. Whatever ends the runner,
its guard or a later start finds there what to undo.
"""

from __future__ import annotations

import secrets
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from os import getpid
from types import FrameType

from holdfast.connectors import processes
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import (
    ALARM_RECORD,
    KEEPER_SOCKET,
    PARTICIPANTS_RECORDS,
    Inventory,
    inventory,
)
from holdfast.connectors.records import Tail
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.events import (
    AlarmRaised,
    ExerciseArmed,
    ExerciseOpened,
    ExerciseRearmed,
    FaultIntended,
    FaultProbed,
    Instant,
    PhaseEntered,
    StopRequested,
)
from holdfast.exercises import business, collection, gate, leaving
from holdfast.exercises.business import Operator
from holdfast.exercises.clients import ALARMS, Clients, View
from holdfast.exercises.course import Course, Recorder, meanwhile
from holdfast.exercises.days import Days
from holdfast.exercises.declaring import say_in_place_of
from holdfast.exercises.faults import FAULTS, Seen, parameters_text
from holdfast.exercises.leaving import How
from holdfast.exercises.modes import Modes
from holdfast.exercises.order import Hold, Order, Progress, Tell, own_directory
from holdfast.exercises.plan import aim_of, refuse_impossible, refuse_unfit
from holdfast.exercises.undoing import UNDO_TIMEOUT_S, Undoing, undo_all, undo_unrecorded
from holdfast.exercises.watch import Guard
from holdfast.exercises.way_back import fail_back
from holdfast.model.loader import attachment
from holdfast.model.types import Fault
from holdfast.store.clock import machine_id, now

TICK_S = 0.1
ARMED_TIMEOUT_S = 60.0
REARMED_TIMEOUT_S = 120.0
DAYS_TIMEOUT_S = 3600.0  # every day has a deadline of its own, and the guard its bound on the whole exercise
GUARDED_TIMEOUT_S = 15.0
VAULT_TIMEOUT_S = 15.0
EFFECT_TIMEOUT_S = 10.0
LEAD_US = 1_000_000  # from laying the day on the clock to the beginning of the steady phase
US_PER_MS = 1000


class Stopped(Exception):
    """The exercise does not go on, and why: somebody asked, or it would prove nothing."""


class Runner:
    """Runs one exercise; ``run`` returns its id. ``tell`` is called often, and must return at once."""

    def __init__(self, order: Order, tell: Tell) -> None:
        """Give the exercise its id; nothing is touched yet."""
        self.order = order
        self.model, self.scenario = order.model, order.scenario
        # The keeper takes ids of up to 64 characters, and a fault's is longer than its exercise's.
        self.exercise = f"{self.scenario.name[:32]}-{datetime.now(UTC):%Y%m%dt%H%M%S}-{secrets.token_hex(2)}"
        self.directory = order.range_dir or own_directory()
        self.keeper = Hypervisor(self.directory / KEEPER_SOCKET)
        self.recorder = Recorder(order.log, self.exercise, "runner")
        self.course = Course(order.log, self.exercise, order.log.size() - 1)
        self._tell = tell
        self.interrupted: str | None = None
        self._leaving = False
        self._phase, self._detail, self._since_us = "opening", "", now().mono_us
        self._guard: Guard | None = None
        self._clients: Clients | None = None
        self._alarms: Tail | None = None
        self._view: View | None = None
        self._days: Days | None = None
        self._modes = Modes(order, self.course, self.recorder, lambda: Operator(self._target()))
        self._hold: Hold | None = None

    def run(self) -> str:
        """Run the exercise to its close, whatever happens in it; only what is no fault of the target's is raised."""
        with self._stoppable():
            self._open()
            how: How = "crashed"
            why = "the runner ended unexpectedly"
            try:
                how, why = self._rehearse()
            except Exception as error:
                why = f"the runner ended unexpectedly: {type(error).__name__}: {error}"
                raise
            finally:
                self._leave(how, why)
        return self.exercise

    def _rehearse(self) -> tuple[How, str]:
        try:
            self._boot()
            self._arm()
            self._lay_day()
            self._steady()
            self._disrupt()
            self._recover()
        except Stopped as stop:
            return "stopped", str(stop)
        except EnvironmentProblem as problem:
            # Without a range the machine lacks something; with one, something broke that was not to be broken.
            return ("not-runnable" if self._clients is None else "crashed"), str(problem)
        except HoldfastError as problem:
            return "crashed", str(problem)
        return "finished", "it ran its whole course"

    # -- before anything is broken --

    def _open(self) -> None:
        """Start the guard, commit the model and what the drill is going to touch, and see that the guard watches."""
        order = self.order
        self._guard = Guard.start(order.log.place, self.exercise, self.course.after)
        model = order.log.attach("model.json", attachment(self.model), collection.JSON)
        command = self.model.range.command if self.model.range else ()
        opened = ExerciseOpened(
            exercise=self.exercise,
            scenario=self.scenario.name,
            service=self.scenario.service,
            exercise_type=self.scenario.exercise_type,
            environment=order.environment,
            model=model,
            model_digest=self.model.digest,
            seed=self.scenario.load.seed,
            compression=self.scenario.compression,
            version=version("holdfast"),
            target={
                leaving.MACHINE: machine_id(),
                leaving.RANGE: str(self.directory),
                leaving.KEEPER: str(self.keeper.path),
                leaving.OWNED: "no" if order.range_dir or order.keep_range else "yes",
                leaving.COMMAND: shlex.join(command),
                leaving.RUNNER: str(processes.find(getpid())),
                leaving.GUARD: str(self._guard.process),
                "profile": order.range_options().get("profile", ""),
            },
            guard_pid=self._guard.process.pid,
        )
        self.recorder.record(opened)

    def _boot(self) -> None:
        """Start the range, or attach to the one that was named, and begin to watch its clients."""
        if not self._until(lambda: self.course.look().guarded, GUARDED_TIMEOUT_S):
            message = "the guard did not begin to watch; nothing is injected without it"
            raise EnvironmentProblem("HF407", message, remedy="see what the guard printed, and try again")
        refuse_impossible(self.scenario)
        self._enter("boot", f"{'attaching to' if self.order.range_dir else 'starting'} the range in {self.directory}")
        options = self.order.range_options()
        if self.order.range_dir is None:
            started, told = self.order.range_command(), self._said
            meanwhile(lambda: started.start(self.directory, options, told), self._tick)
        self._hold = Hold.take(self.directory)
        target, document = inventory(self.keeper)
        refuse_unfit(self.scenario, options, document, target.cannot)
        parts = ", ".join(f"{name} {_version(part)}" for name, part in sorted(target.components.items()))
        settings = f"{target.mode}, profile {target.profile}, client {target.client}, {parts}"
        for said in (settings, *target.cannot.values()):
            self._enter("range", said)
        self._clients = Clients(
            target.records[PARTICIPANTS_RECORDS], self.model.services[self.scenario.service].measured
        )
        self._alarms = Tail(target.records[ALARM_RECORD])

    def _arm(self) -> None:
        """Set the load and wait until the target is whole, can lose something, and serves steadily."""
        self._enter("arming", "waiting until the range is armed")
        Operator(self._target()).set_load(self.scenario.load)
        found = self._gate(ARMED_TIMEOUT_S, in_order=True)
        self.recorder.record(ExerciseArmed(self.exercise, found.ready, found.observed, now()))
        if not found.ready:
            message = f"the target was not armed after {ARMED_TIMEOUT_S:.0f} s: {found.missing}"
            raise Stopped(message)
        collection.attach_inventory(self.recorder, inventory(self.keeper)[1], collection.BEFORE)

    def _lay_day(self) -> None:
        """Lay the business day on the clock, so that the injection falls on the scenario's time of day."""
        calendar = self.model.calendar
        if self.scenario.time_of_day_min is None or calendar is None:
            return
        days = Days(self.recorder, self.scenario, calendar, lambda: Operator(self._target()))
        days.begin(business.later(now(), LEAD_US + self.scenario.steady_ms * US_PER_MS))
        self._days = days

    def _steady(self) -> None:
        """Let the service run undisturbed, for the record of how it is when nothing is wrong."""
        self._enter("steady", "the service as it is when nothing is wrong")
        steady_us = now().mono_us + self.scenario.steady_ms * US_PER_MS
        self._wait_until(self._days.laid[0].planned_injection.mono_us if self._days else steady_us)

    # -- the disruption --

    def _disrupt(self) -> None:
        """Inject every fault when it is due and undo it when it was held long enough, the last one first."""
        waiting = sorted(enumerate(self.scenario.disruption, start=1), key=lambda pair: pair[1].after_ms)
        held: list[tuple[int, int, FaultIntended]] = []
        begun_us: int | None = None
        with Undoing(self.recorder) as undoing:
            while waiting or held or undoing.under_way:
                self._tick()
                undoing.record_done()
                now_us = now().mono_us
                for fault in [fault for fault in reversed(held) if fault[0] <= now_us]:
                    held.remove(fault)
                    self._enter("undoing", FAULTS[fault[2].name].undone_by.format(target=fault[2].target))
                    undoing.begin(fault[1], fault[2])
                if waiting and (begun_us is None or now_us >= begun_us + waiting[0][1].after_ms * US_PER_MS):
                    number, declared = waiting.pop(0)
                    seq, intended, injected, effect = self._inject(number, declared)
                    begun_us = begun_us or injected.mono_us
                    if not FAULTS[declared.name].until_evidence:
                        held.append((effect.mono_us + declared.hold_ms * US_PER_MS, seq, intended))
                    self._enter("observing", f"{declared.name} on {declared.target} is held")
                time.sleep(TICK_S)

    def _inject(self, number: int, declared: Fault) -> tuple[int, FaultIntended, Instant, Instant]:
        """Record the intention, inject, and show that it took effect; an ineffective fault ends the exercise."""
        kind, target = FAULTS[declared.name], self._target()
        self._enter("fault", kind.does.format(target=declared.target))
        aim = aim_of(self.model, declared, self.exercise, number)
        prepared = meanwhile(lambda: kind.prepare(aim, target), self._tick)
        intended = FaultIntended(
            exercise=self.exercise,
            fault=aim.fault,
            name=declared.name,
            target=declared.target,
            parameters=parameters_text(declared.parameters),
            box_ms=declared.box_ms,
            undo=prepared.undo,
            identity=prepared.identity,
            occurred=now(),
        )
        seq = self.recorder.record(intended)
        # Known without reading it back, so that it is undone even if the log is out of reach from here on.
        self.course.intended[aim.fault] = (seq, intended)
        injected = now()
        meanwhile(lambda: kind.inject(intended, self.keeper, target), self._tick)
        seen = meanwhile(lambda: _effect(kind.probe, intended), self._tick)
        effect = now()
        self.recorder.record(FaultProbed(self.exercise, aim.fault, seen.so, seen.observed, injected, effect), cause=seq)
        if not seen.so:
            message = f"{declared.name} on {declared.target} did not take effect: {seen.observed}"
            raise Stopped(message)
        return seq, intended, injected, effect

    def _recover(self) -> None:
        """After the undoing: see the target armed again, go the way back if there is one, and let the day end."""
        kept = bool(self.course.look().outstanding())
        self._observe("what is left waits for the evidence" if kept else "everything is undone")
        self._rearm(in_order=False)
        if self.scenario.fail_back:
            self._complete_days("until every day is closed and every position confirmed")
            self._fail_back()
        elif self._days is not None:
            self._enter("day", "until the cut-off")
            self._until(self._last_day_began, self.scenario.abort_when.exercise_longer_than_ms / 1000)
            self._wait_until(self._days.laid[-1].cut_off.mono_us)
        self._enter("resolving", "no more is offered; every open instruction is brought to an answer")
        operator = Operator(self._target())
        meanwhile(operator.stop_load, self._tick)
        self._until(operator.vault_in_step, VAULT_TIMEOUT_S)
        if not self.scenario.fail_back:
            self._complete_days("waiting until the day is closed and every position confirmed")
        if kept:
            self._take_evidence()

    def _take_evidence(self) -> None:
        """Take the ledger as it is before what was kept for that is undone: only now can an audit find it."""
        self._enter("collecting", "the ledger, before what an audit should find in it is undone")
        meanwhile(lambda: collection.collect_ledger(self.recorder, self._target()), self._tick)
        undo_all(self.course, self.recorder, self._tick)
        self._rearm(in_order=False, load=False)

    def _observe(self, detail: str) -> None:
        self._enter("observing", detail)
        self._wait_until(now().mono_us + self.scenario.after_ms * US_PER_MS)

    def _rearm(self, *, in_order: bool, load: bool = True) -> None:
        self._enter("re-arming", "waiting until the range is as ready as before")
        found = self._gate(REARMED_TIMEOUT_S, in_order=in_order, load=load)
        self.recorder.record(ExerciseRearmed(self.exercise, found.ready, found.observed, now()))

    def _last_day_began(self) -> bool:
        return self._days is None or len(self._days.laid) >= self.scenario.days or self._days.over

    def _complete_days(self, detail: str) -> None:
        """Wait until every day is complete, or well past its deadline: whether it was, the ledger says."""
        if self._days is not None:
            self._enter("closing", detail)
            self._until(lambda: self._days is None or self._days.over, DAYS_TIMEOUT_S)

    def _fail_back(self) -> None:
        """Go the planned way back while clients offer work, and see the target as it is declared to be."""
        self._enter("failing back", "a planned switchover to the leader that is declared")
        done = meanwhile(lambda: fail_back(self.exercise, self._target, self.model), self._tick)
        self.recorder.record(done)
        self._observe(done.observed)
        self._rearm(in_order=True)

    def _go_on(self) -> None:
        """Let the days go on, and say in a role's place what nobody attends to say."""
        if self._days is not None:
            self._days.look()
            self._modes.look(self._days.laid)
        if not self.order.attended:
            say_in_place_of(self.scenario.declaration, self.course, self.recorder)

    # -- the end, however it came --

    def _leave(self, how: How, why: str) -> None:
        self._leaving = True
        try:
            if how == "stopped":
                self._let_the_guard_undo()
            self._enter("leaving", why)
            leaving.leave(self.course, self.recorder, how, why, self._tick)
        except HoldfastError:
            # The log is out of reach: what was begun is ended all the same, and recorded by a later start.
            undo_unrecorded(self.course)
            raise
        finally:
            if self._days is not None:
                self._days.end()
            self._modes.end()
            if self._guard is not None:
                self._guard.end()
            if self._hold is not None:
                self._hold.release()
        self._enter("closed", why, recorded=False)

    def _let_the_guard_undo(self) -> None:
        """Have one process undo: the guard does on a request to stop, and if it does not, we do."""
        if not self.course.look().stops or self._guard is None:
            return
        self._enter("undoing", "the guard undoes everything")
        deadline = time.monotonic() + UNDO_TIMEOUT_S * (1 + len(self.course.intended))
        while time.monotonic() < deadline and self._guard.alive() and not self.course.closed:
            outstanding = {intended.fault for _, intended in self.course.look().outstanding()}
            if not outstanding - self.course.failed:
                return
            self._tick()
            time.sleep(TICK_S)

    # -- small things --

    def _target(self) -> Inventory:
        return inventory(self.keeper)[0]

    def _gate(self, timeout_s: float, *, in_order: bool, load: bool = True) -> gate.Gate:
        """Return the first reading that is ready, or the last one before the time is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._tick()
            view, target = self._view, self._target()
            if view is None:
                message = "there are no clients to see"
                raise HoldfastError("HF404", message, remedy="use a range whose inventory names its records")
            found = meanwhile(partial(gate.look, target, view, self.model, in_order=in_order, load=load), self._tick)
            if found.ready or time.monotonic() > deadline:
                return found
            self._detail = found.missing

    def _until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            self._tick()
            time.sleep(TICK_S)
        return True

    def _wait_until(self, mono_us: int) -> None:
        while now().mono_us < mono_us:
            self._tick()
            time.sleep(TICK_S)

    def _tick(self) -> None:
        """Read what is new, show it, and see whether the exercise shall go on; raises ``Stopped`` if not."""
        self._show()
        if self._leaving:
            return
        if self.interrupted and not self.course.stops:
            self.recorder.record(StopRequested(self.exercise, "operator", self.interrupted, now()))
        self.course.look()
        if self.course.stops:
            raise Stopped(self.course.stops[0].why)
        if self.course.closed:
            message = "somebody else closed this exercise"
            raise Stopped(message)
        if self._guard is not None and not self._guard.alive():
            message = "its guard ended; nothing goes on unguarded"
            raise Stopped(message)
        self._go_on()

    def _show(self) -> None:
        """Read what the clients and their monitor wrote since the last look, and show where the exercise is."""
        now_us = now().mono_us
        if self._clients is not None:
            self._view = self._clients.look(now_us)
        self._copy_alarms()
        declared, day = self.model.calendar, self._days.laid[-1] if self._days else None
        calendar = business.calendar_clock(day, self.scenario, declared, now_us) if day and declared else None
        self._tell(
            Progress(
                self.exercise,
                self.scenario,
                self._phase,
                self._detail,
                self._since_us,
                now_us,
                self._view,
                calendar,
            )
        )

    def _copy_alarms(self) -> None:
        """Record the participants' alarms as they come, each with the time on their own clock."""
        for row in self._alarms.rows() if self._alarms is not None else ():
            state = row.get("state")
            if row.get("op") == "alarm" and state in {"raised", "cleared"}:
                alarm = AlarmRaised(
                    exercise=self.exercise,
                    service=str(row.get("service")),
                    by=str(row.get("by")),
                    state=state,
                    detail=str(row.get("detail")),
                    source=ALARMS,
                    occurred=Instant(int(row["utc_us"]), int(row["t_us"]), str(row["clock_id"])),
                )
                self.recorder.record(alarm)

    def _enter(self, phase: str, detail: str, *, recorded: bool = True) -> None:
        self._phase, self._detail, self._since_us = phase, detail, now().mono_us
        if recorded:
            self.recorder.record(PhaseEntered(self.exercise, phase, detail, now()))
        self._show()

    def _said(self, line: str) -> None:
        """Show a progress line of the range's own command, or end it when the exercise shall not go on."""
        self._detail = line.strip()
        if self.interrupted:
            raise Stopped(self.interrupted)

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """Turn Ctrl-C and SIGTERM into a request to stop: everything is undone before the runner ends."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupted(number: int, _: FrameType | None) -> None:
            self.interrupted = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name

        before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _effect(probe: Callable[[FaultIntended], Seen], intended: FaultIntended) -> Seen:
    """Look until the fault is seen to have taken effect, or a deadline passes."""
    deadline = time.monotonic() + EFFECT_TIMEOUT_S
    while not (seen := probe(intended)).so and time.monotonic() < deadline:
        time.sleep(TICK_S)
    return seen


def _version(part: object) -> str:
    return f"{part.get('version')} ({part.get('from')})" if isinstance(part, dict) else str(part)
