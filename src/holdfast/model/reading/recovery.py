"""How something comes back: strategies, failover, and the points in time that a vault keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from holdfast.model import keys
from holdfast.model.fields import Fields
from holdfast.model.findings import shown
from holdfast.model.reading.needs import holds, read_needs
from holdfast.model.reading.spreads import read_optional_spread, read_spread
from holdfast.model.types import Cure, Failover, Keeps, Strategy


def read_recovery(owner: Fields, of: str) -> tuple[Strategy, ...]:
    """Return the strategies of a resource or group, in the order in which they are tried."""
    strategies = []
    for name, node in owner.named("recovery"):
        fields = Fields(owner.reading, node, keys.RECOVERY, f"recovery {shown(name)} of {owner.what}")
        source = fields.optional_name("source", "node")
        if source == of:
            fields.error("HF126", "source", f"{shown(of)} cannot be its own source", "Name where its data comes from.")
        needs = read_needs(fields)
        for hold in holds(needs):
            message = f"a recovery cannot do without {shown(hold.resource)} for a while: it begins from what functions"
            fields.error("HF125", "needs", message, f"Name {shown(hold.resource)} without holds_for.")
        fields.some("cures")
        strategies.append(
            Strategy(
                name=name,
                takes=read_spread(fields, "takes"),
                cures=cast("tuple[Cure, ...]", fields.words("cures")),
                needs=needs,
                source=source,
                automatic=fields.flag("automatic"),
                loses_ms=fields.number("loses"),
                replays="journal" if "replays" in fields and fields.word("replays") == "journal" else None,
                accept_loss=fields.flag("accept_loss"),
                crew=_read_crew(fields),
                playbook=fields.optional_text("playbook"),
                after_ms=fields.optional_number("after"),
                exercised=fields.optional_date("exercised"),
            )
        )
    return tuple(strategies)


def _read_crew(fields: Fields) -> Mapping[str, int] | None:
    """Return how many people of which team a strategy holds."""
    if "crew" not in fields:
        return None
    fields.some("crew")
    for name, node in fields.named("crew"):
        fields.reading.refer_at("team", name, node.place)
    return fields.quantities("crew")


def read_failover(group: Fields) -> Failover | None:
    """Return how a redundancy group goes on with its other members."""
    if "failover" not in group:
        return None
    fields = group.sub("failover", keys.FAILOVER)
    works = fields.sub("works", keys.WORKS)
    return Failover(
        automatic=fields.word("mode") == "automatic",
        takes=read_spread(fields, "takes"),
        passed=works.number("passed"),
        failed=works.number("failed"),
        loses_ms=fields.number("loses"),
        detects=read_optional_spread(fields, "detects"),
        accept_loss=fields.flag("accept_loss"),
        exercised=fields.optional_date("exercised"),
    )


def read_keeps(resource: Fields) -> Keeps | None:
    """Return the points in time to which a vault can return."""
    if "keeps" not in resource:
        return None
    fields = resource.sub("keeps", keys.KEEPS)
    keeps = Keeps(fields.number("every"), fields.number("for"))
    if fields.sound("every", "for") and not 0 < keeps.every_ms <= keeps.for_ms:
        message = "expected every above zero and no longer than for: each point must be kept until the next one"
        fields.error("HF126", "every", message, "Write how often a point is made, and how long each is kept.")
    return keeps
