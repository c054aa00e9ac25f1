"""What an incident teaches the model: a scenario of it, with the times that it really took."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from holdfast.evidence.spoken import Happening
from holdfast.model.quantities import written
from holdfast.state.incident import Fact, Incident

MS_PER_S = 1_000
_SECOND_US = 1_000_000


def proposed_scenario(
    incident: Incident,
    root_cause: str,
    family: str,
    fail: Sequence[str],
    fail_site: Sequence[str],
    third_party: Sequence[str],
) -> str:
    """Return a block of YAML that declares the incident as a scenario, ready for a file of the declaration.

    Its basis names the incident and its log; detection and decision are the times that were measured, left out where
    they were not. The service is the one that was disrupted first.
    """
    name = f"incident-{incident.id}"
    lines = ["scenarios:", f"  {name}:", f"    title: {_quoted(incident.opened.event.title)}"]
    lines += [f"    family: {family or 'unknown'}", "    type: tabletop"]
    if incident.services:
        lines.append(f"    service: {incident.services[0]}")
    basis = (
        f"It happened: incident {incident.id} of log {incident.log}, entries {incident.opened.seq} to "
        f"{incident.last_seq}. {root_cause}"
    )
    lines.append(f"    basis: {_quoted(basis)}")
    lines += [f"    {key}: [{', '.join(names)}]" for key, names in (("fail", fail), ("fail_site", fail_site)) if names]
    if third_party:
        lasts = _lasted(incident)
        told = f", lasts: {lasts}" if lasts is not None else ""
        lines.append(f"    third_party_out: {{name: [{', '.join(third_party)}]{told}}}")
    lines += _delays(incident)
    return "\n".join(lines) + "\n"


def _delays(incident: Incident) -> Iterator[str]:
    for key, begin, end in (("detection", "occurred", "detected"), ("decision", "detected", "declared")):
        first, last = incident.first(_step(begin)), incident.first(_step(end))
        if first is None or last is None or last.event.occurred_utc_us < first.event.occurred_utc_us:
            continue
        yield f"    {key}: {_seconds(last.event.occurred_utc_us - first.event.occurred_utc_us)}"


def _step(name: str) -> Happening:
    steps: dict[str, Happening] = {"occurred": "occurred", "detected": "detected", "declared": "declared"}
    return steps[name]


def _lasted(incident: Incident) -> str | None:
    """Return the longest time that the first service was out; ``None`` where nobody recorded that it was back."""
    spells = incident.spells(incident.services[0]) if incident.services else ()
    times = [_at(each.back) - _at(each.disrupted) for each in spells if each.back is not None]
    return _seconds(max(times)) if times else None


def _at(fact: Fact) -> int:
    return fact.event.occurred_utc_us


def _seconds(us: int) -> str:
    """Return a time in whole seconds, at least one: people's clocks are no finer."""
    return written(max(1, (us + _SECOND_US // 2) // _SECOND_US) * MS_PER_S)


def _quoted(text: str) -> str:
    """Return a text as YAML: JSON's quotes are YAML's."""
    return json.dumps(text, ensure_ascii=not text.isprintable())
