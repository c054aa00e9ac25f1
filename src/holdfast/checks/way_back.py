"""The check of the planned way back: whoever is declared to serve first leads again, and clients rode it out."""

from __future__ import annotations

from holdfast.checks.case import Case, Said
from holdfast.checks.words import declared, duration
from holdfast.state.history import RECORDS
from holdfast.state.service import NoTimeline


def bound(case: Case) -> str:
    """Return the bound in words: the planned interruption is one that the service's clients ride out."""
    return f"interrupted at most {declared(case.service.rides_out_ms)}"


def failed_back(case: Case) -> Said:
    """Ask whether the planned switchover was done, and how long clients were disrupted by it."""
    recorded, seen = case.exercise.failed_back, case.observed
    if recorded is None:
        return Said("unknown", "not measured", "Nothing shows that the way back was tried.")
    event = recorded.event
    evidence = (recorded.seq, *case.cite(RECORDS))
    if not event.done:
        return Said("broken", "not done", f"{event.leader} does not lead again: {event.observed}.", evidence)
    if isinstance(seen, NoTimeline):
        text = f"{event.leader} leads again; what clients saw of it is not known: {seen.why}."
        return Said("unknown", "not measured", text, evidence)
    if event.asked.clock_id != seen.clock_id:
        text = "The way back and the participants' records are on different clocks."
        return Said("unknown", "not measured", text, evidence)
    end_us = event.occurred.mono_us
    if seen.last_offer_us < end_us:
        text = "Clients stopped offering before the way back was done, so nobody saw what it did to them."
        return Said("unknown", "not measured", text, evidence)
    during = [
        interruption
        for interruption in seen.interruptions
        if interruption.disrupted_us <= end_us
        and (interruption.restored_us is None or interruption.restored_us > event.asked.mono_us)
    ]
    if not during:
        text = f"{event.leader} leads again, and clients were served throughout."
        return Said("held", "0 s", text, evidence)
    longest_us = max(case.lasted_us(interruption) for interruption in during)
    late = longest_us > case.service.rides_out_ms * 1_000 or any(each.restored_us is None for each in during)
    text = f"{event.leader} leads again; clients were disrupted for {duration(longest_us)} by the switchover."
    return Said("broken" if late else "held", duration(longest_us), text, evidence)
