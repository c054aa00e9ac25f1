"""The checks where the record is another's: what its files cannot tell is unknown, and the file that lacks is named.

Most checks read an imported record as they read a drill's. Those here ask in another way, or need what no settlement
file has: the ledger's own journal, entries and limits, which nobody but a ledger of ours keeps in that form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from holdfast.checks import service
from holdfast.checks.case import Case, Check, Said
from holdfast.checks.day import clock_time
from holdfast.checks.words import count, declared, duration, money, some
from holdfast.evidence.observed import Milestone
from holdfast.state.history import ALARMS, LEDGER, RECORDS, Ledger
from holdfast.state.observed.record import Observed
from holdfast.state.observed.rows import Line
from holdfast.state.service import Interruption, NoTimeline

# What is asked of an observation of a scenario that names no checks of its own: what institutions' files can tell.
ASKED = (
    "restored-within-rto",
    "within-tolerance",
    "nothing-acknowledged-lost",
    "nothing-duplicated",
    "no-phantom",
    "day-completed",
    "detected",
    "undone-and-rearmed",
)

_NOT_EXPORTED: Mapping[str, str] = {
    "debits-equal-credits": "A settlement file lists instructions: the ledger's entries are not among the records.",
    "limits-respected": "The ledger's own journal is not among the records, so no balance could be followed.",
    "journal-chain-intact": "The ledger's own journal is not among the records.",
    "replay-gives-balances": "The ledger's own journal is not among the records, so nothing could be played again.",
    "journal-covers-ledger": "The gateways' instruction journals are not among the records.",
}


def asked(case: Case) -> tuple[str, ...]:
    """Return the checks that an observation is asked: those of its scenario, else what files can tell of its kind."""
    if case.scenario.checks:
        return case.scenario.checks
    rehearsed_day = case.scenario.time_of_day_min is not None or case.exercise.day is not None
    return tuple(name for name in ASKED if name != "day-completed" or rehearsed_day)


def ask(name: str, check: Check, case: Case) -> Said:
    """Return what a check says of an imported record."""
    if name in _NOT_EXPORTED:
        return Said("unknown", "not measured", _NOT_EXPORTED[name], case.cite(LEDGER))
    return _OWN.get(name, check.ask)(case)


def objective(name: str, check: Check) -> str:
    """Return what a check is about, in the words of an observation."""
    return _OBJECTIVES.get(name, check.objective)


def bound(name: str, check: Check, case: Case) -> str:
    """Return the bound of a check, in the words of an observation."""
    return _BOUNDS.get(name) or check.bound(case)


_OBJECTIVES: Mapping[str, str] = {
    "detected": "Disruption noticed by somebody who did not know",
    "undone-and-rearmed": "As ready as before",
}
_BOUNDS: Mapping[str, str] = {"undone-and-rearmed": "re-armed"}


def restored_within_rto(case: Case) -> Said:
    """Ask the samples, and the other records beside them: nothing is held that one of them speaks against."""
    unseen = [_lasted_us(case, each) for each in unseen_by_samples(case)]
    return _beside(case, service.restored_within_rto(case), case.service.rto_ms, max(unseen, default=0))


def within_tolerance(case: Case) -> Said:
    """Ask the samples for all disruptions together, and the other records beside them."""
    unseen = sum(_lasted_us(case, each) for each in unseen_by_samples(case))
    return _beside(case, service.within_tolerance(case), case.service.impact_tolerance.duration_ms, unseen)


def _beside(case: Case, said: Said, limit_ms: int, unseen_us: int) -> Said:
    """Return what the samples say, unless participants saw more than the limit, or something leaves it in doubt."""
    if said.answer == "broken" or isinstance(case.observed, NoTimeline):
        return said
    if unseen_us > limit_ms * 1_000:
        lasted = duration(unseen_us)
        text = f"By their own records participants were not served for {lasted}, though every sample then was good."
        return Said("broken", lasted, text, said.evidence)
    doubt = next(_doubts(case, limit_ms * 1_000), None) if said.answer == "held" else None
    return said if doubt is None else Said("unknown", said.measured, f"{doubt}.", said.evidence)


def _doubts(case: Case, limit_us: int) -> Iterator[str]:
    """Yield why the samples alone do not show that a limit was kept."""
    record, seen = _record(case), case.observed
    if isinstance(seen, NoTimeline):
        return
    if record.already_disrupted:
        yield "It was disrupted already when the observation began, and since when is not known"
    every_us = seen.sampled_every_us or 0
    if not case.interruptions and every_us > limit_us:
        apart = declared(every_us // 1_000)
        yield f"No sample was bad, but they are {apart} apart: what is shorter than that is not seen"
    if unseen_by_samples(case):
        yield "Participants were not served while every sample was good: who sampled did not see what clients saw"
    line = record.milestone("minimum-service")
    if line is not None and (away_us := _away_by_the_timeline_us(case, line)) > limit_us:
        yield (
            f"{line.by} says that it served again at {clock_time(line.at_us)} UTC, at least {duration(away_us)} after"
            " it was disrupted, and the samples say that it was sooner"
        )


def _away_by_the_timeline_us(case: Case, served_again: Line) -> int:
    """Return the least that the service was away by the line which says that it served again."""
    record = _record(case)
    until_us = record.edges(served_again).earliest_us
    begun = [each.surely_us[0] if each.surely_us else each.disrupted_us for each in case.interruptions]
    occurred = record.milestone("occurred")
    if not begun and occurred is not None:
        begun = [record.edges(occurred).latest_us]
    return min((until_us - at_us for at_us in begun if at_us <= until_us), default=0)


def unseen_by_samples(case: Case) -> tuple[Interruption, ...]:
    """Return the disruptions that participants' own records tell of while every sample was good.

    Both edges are moved outwards by what the participants' clocks may be wrong, and by the indicator's window.
    """
    record, seen = _record(case), case.observed
    own = record.by_participants
    if isinstance(own, NoTimeline) or isinstance(seen, NoTimeline) or not seen.sampled_every_us:
        return ()
    known = record.manifest.of("participant") if record.manifest else ()
    margin_us = max((each.within_us for each in known), default=0) + case.service.measured.window_ms * 1_000
    sampled = [(i.disrupted_us, seen.end_us if i.restored_us is None else i.restored_us) for i in case.interruptions]
    found = []
    for each in own.interruptions:
        until_us = own.last_offer_us if each.restored_us is None else each.restored_us
        begin, end = each.disrupted_us - margin_us, until_us + margin_us
        if until_us < seen.start_us or each.disrupted_us > seen.end_us:
            continue
        if not any(first < end and begin < last for first, last in sampled):
            found.append(each)
    return tuple(found)


def _lasted_us(case: Case, own: Interruption) -> int:
    """Return how long a disruption lasted by the participants' own records, to their last offer at least."""
    seen = _record(case).by_participants
    until_us = own.restored_us
    if until_us is None:
        until_us = own.disrupted_us if isinstance(seen, NoTimeline) else seen.last_offer_us
    return until_us - own.disrupted_us


def detected(case: Case) -> Said:
    """Ask whether somebody who did not know beforehand noticed, by the timeline."""
    record = _record(case)
    line = noticed(record)
    evidence = (*case.cite(ALARMS), *case.lines_of(line))
    if "timeline" in record.lacks:
        text = f"Whether it was noticed is not known: {record.lacks['timeline']}."
        return Said("unknown", "not measured", text, evidence)
    if line is None:
        knew = [each for each in record.lines if each.milestone == "detected"]
        if knew:
            text = f"The timeline says that {knew[0].by} noticed, who knew beforehand: that shows nothing."
            return Said("unknown", "not measured", text, (*evidence, *case.lines_of(knew[0])))
        if isinstance(case.observed, NoTimeline) or case.unwatched or not case.interruptions:
            return Said("unknown", "not measured", "The timeline does not say that anybody noticed.", evidence)
        lasted = case.extent(case.interruptions[0])
        text = f"The service was disrupted for {lasted}, and the timeline does not say that anybody noticed."
        return Said("broken", "nobody", text, evidence)
    began = record.milestone("occurred")
    if began is None:
        text = f"{line.by} noticed at {clock_time(line.at_us)} UTC; when it had begun, the timeline does not say."
        return Said("held", "noticed", text, evidence)
    after = duration(max(0, line.at_us - began.at_us))
    return Said("held", after, f"{line.by} noticed after {after}, by the timeline.", (*evidence, *case.lines_of(began)))


def noticed(record: Observed) -> Line | None:
    """Return the first line that says that somebody noticed who did not know beforehand."""
    knew = frozenset(record.manifest.knew) if record.manifest else frozenset()
    return record.milestone("detected", unless_by=knew)


def ready_again(case: Case) -> Said:
    """Ask whether the redundancy that was lost was there again, by the timeline: nothing was injected from here."""
    record = _record(case)
    line = record.milestone("re-armed")
    evidence = (*case.cite(ALARMS), *case.lines_of(line))
    if line is not None:
        text = f"{line.by} says that it was as ready as before at {clock_time(line.at_us)} UTC: {line.what}"
        return Said("held", "ready again", text if text.endswith(".") else f"{text}.", evidence)
    why = record.lacks.get("timeline", "the timeline does not say that it was as ready as before")
    return Said("unknown", "not recorded", f"{why[:1].upper()}{why[1:]}.", evidence)


def without_workarounds(case: Case) -> Said:
    """Ask whether the service came back without manual work beyond the planned steps of the playbook."""
    record = _record(case)
    evidence = case.cite(ALARMS)
    if "timeline" in record.lacks:
        text = f"What was done by hand is not known: {record.lacks['timeline']}."
        return Said("unknown", "not measured", text, evidence)
    if not record.lines:
        text = "What was done by hand is not known: the timeline has not a single line."
        return Said("unknown", "not measured", text, evidence)
    if record.manifest and not all("workaround" in each.columns for each in record.manifest.of("timeline")):
        text = "What was done by hand is not known: a timeline has no column that says what kind of work it was."
        return Said("unknown", "not measured", text, evidence)
    by_class = {kind: [line for line in record.lines if line.workaround == kind] for kind in _MANUAL}
    evidence = (*evidence, *(seq for lines in by_class.values() for line in lines for seq in case.lines_of(line)))
    measured = ", ".join(f"{len(lines)} {_MANUAL[kind]}" for kind, lines in by_class.items() if lines) or "none told"
    beyond = [*by_class["improvised"], *by_class["contingency"]]
    if beyond:
        told = [f"{line.what.rstrip('.')} ({line.by}, {_ONE[str(line.workaround)]})" for line in beyond]
        text = f"The service did not come back by the planned steps alone: {'; '.join(told)}."
        return Said("broken", measured, text, evidence)
    planned = len(by_class["planned"])
    steps = f"{count(planned, 'manual step')}, as planned" if planned else "no manual step at all"
    lead = record.manifest.lead if record.manifest else "lead"
    text = f"The timeline tells of {steps}; that it tells of all that was done by hand, the {lead} answers for."
    return Said("held", measured, text, evidence)


_MANUAL: Mapping[str, str] = {"planned": "planned", "contingency": "by contingency", "improvised": "improvised"}
_ONE: Mapping[str, str] = {"contingency": "an approved contingency", "improvised": "improvised"}


def day_completed(case: Case) -> Said:
    """Ask whether the day closed by its deadline, every instruction final and every position agreed, by the files."""
    record, scheduled, ledger = _record(case), case.exercise.day, case.history.ledger
    evidence = (*case.cite(LEDGER, RECORDS, ALARMS), *((scheduled.seq,) if scheduled else ()))
    closed = record.milestone("day-closed")
    if scheduled is None:
        return Said("unknown", "no day", "The manifest lays no business day on the time observed.", evidence)
    if ledger is None or closed is None:
        why = record.lacks.get("settlement") if ledger is None else record.lacks.get("timeline")
        text = f"When the day was closed is not known: {why or 'the timeline does not say that it was'}."
        return Said("unknown", "not measured", text, evidence)
    edges, close_by_us = record.edges(closed), scheduled.event.close_by.utc_us
    measured = f"closed at {clock_time(closed.at_us)} UTC"
    evidence = (*evidence, *case.lines_of(closed))
    problems = [
        *(
            [f"it was closed {duration(edges.earliest_us - close_by_us)} late"]
            if edges.earliest_us > close_by_us
            else []
        ),
        *(["it was closed before its cut-off"] if edges.latest_us < scheduled.event.cut_off.utc_us else []),
        *_open_ends(ledger),
        *_positions(case, ledger),
    ]
    if problems:
        more = f", and {len(problems) - 1:,} more" if len(problems) > 1 else ""
        return Said("broken", measured, f"The day is not complete: {problems[0]}{more}.", evidence)
    why = record.lacks.get("positions") or case.history.why(RECORDS)
    if why:
        return Said("unknown", measured, f"The positions could not all be compared: {why}.", evidence)
    if edges.latest_us > close_by_us:
        text = "Whether it closed before its deadline is not known: the two are nearer than that clock is exact."
        return Said("unknown", measured, text, evidence)
    settled = sum(row.status == "settled" for row in ledger.instructions)
    text = (
        f"Closed {duration(close_by_us - closed.at_us)} before its deadline: {settled:,} settled,"
        f" {len(ledger.instructions) - settled:,} rejected by rule, and all {count(len(ledger.positions), 'position')}"
        " confirmed, what each participant sent as in its own record."
    )
    return Said("held", measured, text, evidence)


def _open_ends(ledger: Ledger) -> Iterator[str]:
    queued = {row.key for row in ledger.instructions if row.status == "queued"}
    if queued:
        yield f"{count(len(queued), 'accepted instruction')} still queued ({some(queued)})"
    bare = {row.key for row in ledger.instructions if row.status == "rejected" and not row.reason}
    if bare:
        yield f"{count(len(bare), 'instruction')} rejected without a rule ({some(bare)})"


def _positions(case: Case, ledger: Ledger) -> Iterator[str]:
    """Yield positions that are absent, unconfirmed, do not add up, or are not what the settled instructions give."""
    held = {position.participant: position for position in ledger.positions}
    settled = [row for row in ledger.instructions if row.status == "settled"]
    named = {end for row in settled for end in (row.sender, row.receiver)}
    for bank in sorted(named - held.keys()) if "positions" not in _record(case).lacks else ():
        yield f"{bank} has no position"
    for bank, position in sorted(held.items()):
        if not position.confirmed:
            yield f"{bank} did not confirm its position"
        if position.closing_cents != position.opening_cents + position.credits_cents - position.debits_cents:
            yield f"the position of {bank} does not add up"
        sent = sum(row.amount_cents for row in settled if row.sender == bank)
        got = sum(row.amount_cents for row in settled if row.receiver == bank)
        if (sent, got) != (position.debits_cents, position.credits_cents):
            told = f"{money(position.debits_cents)} and {money(position.credits_cents)}"
            yield f"{bank} sent {money(sent)} and got {money(got)} by the settlement file, its position says {told}"
        record = case.history.records.get(bank)
        if record is not None and record.ended:
            final = {row.key for row in settled if row.sender == bank}
            own = sum(
                each.offer.amount_cents
                for each in record.operations
                if each.outcome == "settled" or (each.outcome == "queued" and each.offer.key in final)
            )
            if own != position.debits_cents:
                yield f"{bank} saw {money(own)} of its own settled, its position says {money(position.debits_cents)}"


def _record(case: Case) -> Observed:
    if case.imported is None:
        raise LookupError(case.exercise.id)
    return case.imported


def milestone_line(case: Case, name: Milestone) -> Line | None:
    """Return the line of an observation's timeline that says so; one who knew beforehand detected nothing."""
    record = _record(case)
    return noticed(record) if name == "detected" else record.milestone(name)


_OWN: Mapping[str, Callable[[Case], Said]] = {
    "restored-within-rto": restored_within_rto,
    "within-tolerance": within_tolerance,
    "detected": detected,
    "undone-and-rearmed": ready_again,
    "day-completed": day_completed,
}

# Asked of every observation, whatever its scenario names: a drill runs nothing by hand.
OBSERVED_CHECKS: Mapping[str, Check] = {
    "without-manual-workarounds": Check(
        "Recovered without manual workarounds", lambda _: "planned steps only", without_workarounds
    ),
}
