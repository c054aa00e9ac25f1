"""The check of calm: where nothing has failed, no host is fenced and no leader is replaced.

Two records must agree. The fencer's own says whether it acted. What runs, which the fencer does not write, says whether
any host lost its power and whether the leader is still the process that it was: a leader that was replaced runs on as a
copy at best, and begins anew for that.
"""

from __future__ import annotations

from holdfast.checks.case import Case, Said
from holdfast.checks.words import count
from holdfast.state.fencing import AFTER, BEFORE, FENCED, FENCER, FencerLine

_LED_BY, _FAILOVER = "led by ", "failover"


def no_needless_failover(case: Case) -> Said:
    """Ask whether the fencer acted, a host lost its power or another leader came, after the first injection."""
    evidence = case.cite(FENCER, BEFORE, AFTER)
    if case.injected_us is None:
        return Said("unknown", "not measured", "No fault was shown to have taken effect.", evidence)
    acted, replaced = _acted(case), _replaced(case)
    wrong = [*(acted if isinstance(acted, list) else ()), *(replaced if isinstance(replaced, list) else ())]
    missing = [each for each in (acted, replaced) if isinstance(each, str)]
    measured = "; ".join(wrong) if wrong else "no fence, no other leader" if not missing else "not measured"
    if wrong:
        return Said("broken", measured, f"Nothing had failed, and still: {'; '.join(wrong)}.", evidence)
    if missing:
        return Said("unknown", measured, f"It is not known: {'; '.join(missing)}.", evidence)
    text = "The fencer's record shows no fence, every host kept its power, and the same process leads as before."
    return Said("held", measured, text, evidence)


def _acted(case: Case) -> list[str] | str:
    """Return what the fencer did after the first injection, or why that is not known."""
    lines = case.history.fencer
    if lines is None:
        return case.history.why(FENCER) or "there is no record of a fencer"
    clocks = {fault.effect.event.injected.clock_id for fault in case.effective if fault.effect}
    if {line.clock_id for line in lines} != clocks:
        return "the faults and the fencer's record are on different clocks"
    since = case.injected_us or 0
    acts = [line for line in lines if line.t_us >= since and line.op in FENCED]
    return (
        [f"{count(_fences(acts), 'fence')} ({', '.join(sorted({line.host or '?' for line in acts}))})"] if acts else []
    )


def _fences(acts: list[FencerLine]) -> int:
    """Return how many fences were asked for; one that began before is one."""
    return max(1, sum(line.op == "fence-asked" for line in acts))


def _replaced(case: Case) -> list[str] | str:
    """Return which hosts lost their power and whether the leader is another, or why that is not known."""
    before, after = case.history.running.get(BEFORE), case.history.running.get(AFTER)
    if before is None or after is None:
        return case.history.why("inventory") or "the range's inventories are not in the log"
    leader = _leader(case)
    if leader is None or leader not in before.processes:
        return "nobody wrote down who led before the injection"
    lost = sorted(name for name, run in before.hosts.items() if after.hosts.get(name) != run)
    return [
        *([f"{', '.join(lost)} lost power"] if lost else ()),
        *([f"{leader} was replaced or began anew"] if after.processes.get(leader) != before.processes[leader] else ()),
    ]


def _leader(case: Case) -> str | None:
    armed = case.exercise.armed
    said = armed.event.observed.get(_FAILOVER, "") if armed else ""
    return said.removeprefix(_LED_BY).partition(",")[0] if said.startswith(_LED_BY) else None
