"""HF617: a degraded mode that keeps a service going, and ends before anything that lasts is back.

A mode with ``sustain`` is held up by people, liquidity or stocks for so long and no longer; several of them one after
the other. A service that an event leaves only such modes goes on, so nothing else tells of it; it stops when they run
out, unless a mode that lasts is back by then, at best. Suppliers are told by HF614, and a team can miss people as long
as it has more than it needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from holdfast.analysis.kinds import RANK, Weakness, Weight
from holdfast.analysis.single_points import fails_as_one
from holdfast.analysis.survey import Survey, about, some, verb
from holdfast.analysis.ways import NEVER
from holdfast.analysis.weights import by_services, of_away, softer
from holdfast.model.types import Mode
from holdfast.model.wording import listed

CODE = "HF617"
_MOST_EVENTS = 3


@dataclass(frozen=True, slots=True)
class _End:
    """A service whose degraded modes end, the first ``ends_ms`` after the event; a lasting one is ``away_ms`` away."""

    service: str
    modes: tuple[Mode, ...]
    ends_ms: int
    away_ms: int


def modes_that_run_out(survey: Survey) -> Iterator[Weakness]:
    """Yield what a service only outlasts for a while; events that do the same to the same services are told as one."""
    together: dict[tuple[_End, ...], list[int]] = {}
    for number, services in survey.not_lasting.items():
        event = survey.events[number]
        if event.cause == "resource" and not fails_as_one(survey.model.resources[event.name]):
            continue
        found = (_end(survey, name, number) for name in services)
        ends = tuple(end for end in found if end is not None)
        if ends:
            together.setdefault(ends, []).append(number)
    for ends, numbers in together.items():
        yield _runs_out(survey, ends, numbers)


def _end(survey: Survey, name: str, number: int) -> _End | None:
    """Return how the degraded modes of a service end, ``None`` if a mode that lasts is back before, at best.

    ``None`` as well where none of them comes (back): that the service stops is told by others.
    """
    course = survey.course(number)
    onset_ms, away_ms = course.lasting(survey.model.services[name])
    gates = survey.circuit.modes
    modes = tuple(
        mode
        for mode in survey.model.services[name].modes
        if mode.meets_minimum and mode.sustain is not None and course.back_ms.get(gates[name, mode.name], 0) < NEVER
    )
    lasts_ms = sum(mode.sustain.max_ms for mode in modes if mode.sustain is not None)
    return _End(name, modes, onset_ms + lasts_ms, away_ms) if modes and away_ms > lasts_ms else None


def _runs_out(survey: Survey, ends: Sequence[_End], numbers: Sequence[int]) -> Weakness:
    services = tuple(end.service for end in ends)
    modes = sorted({mode.name for end in ends for mode in end.modes})
    first_ms, last_ms = min(end.ends_ms for end in ends), max(end.ends_ms for end in ends)
    for_ms = about(first_ms) if first_ms == last_ms else f"{about(first_ms)} to {about(last_ms)}"
    away_ms = max(end.away_ms for end in ends)
    back = "no declared recovery brings back a mode that lasts"
    if away_ms < NEVER:
        back = f"at best a mode that lasts is back after {about(away_ms)}"
    after = listed([survey.happened(survey.events[number]) for number in numbers], "or", most=_MOST_EVENTS)
    sustained = [mode.sustain for end in ends for mode in end.modes if mode.sustain is not None]
    limits = {sustain.limited_by for sustain in sustained if sustain.limited_by is not None}
    can = f"{some(limits)} can sustain" if limits else "can be sustained"
    return Weakness(
        CODE,
        min((_weight(survey, end, number) for end in ends for number in numbers), key=RANK.__getitem__),
        survey.model.place("services", services[0], "modes", ends[0].modes[0].name),
        tuple(sorted({*(survey.events[number].name for number in numbers), *services})),
        services,
        f"After {after} {some(services)} {verb(services, 'goes', 'go')} on only as {listed(modes, 'or')}, which "
        f"{can} for {for_ms}; {back}.",
        survey.way_to(services[0], ends[0].modes, numbers[0]),
        "Shorten the way back, make the degraded mode last (more people, shifts, liquidity), or declare another.",
    )


def _weight(survey: Survey, end: _End, number: int) -> Weight:
    """Return the weight of the service's absence once its modes have ended."""
    if survey.events[number].taints:
        return softer(by_services(survey, [end.service], "high", "medium"))
    return of_away(survey.model.services[end.service], end.away_ms, end.ends_ms)
