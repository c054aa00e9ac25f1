"""The words that models may use in this installation: every registered fault and check."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping

from holdfast.model.vocabulary import Parameter, ParameterSchema, Vocabulary

_FAULTS: Mapping[str, ParameterSchema] = {
    "process.kill": ParameterSchema(frozenset({"application", "database"})),
    "process.freeze": ParameterSchema(frozenset({"application", "database", "host"})),
    "host.loss": ParameterSchema(frozenset({"host"})),
    "site.loss": ParameterSchema(frozenset({"site"})),
    "network.partition": ParameterSchema(frozenset({"host", "site"}), {"from": Parameter("places")}),
}
_CHECKS = frozenset(
    {
        "restored-within-rto",
        "within-tolerance",
        "nothing-acknowledged-lost",
        "nothing-duplicated",
        "no-phantom",
        "debits-equal-credits",
        "limits-respected",
        "journal-chain-intact",
        "replay-gives-balances",
        "journal-covers-ledger",
        "day-completed",
        "detected",
        "undone-and-rearmed",
    }
)
_CALENDAR_CHECKS = frozenset({"day-completed"})


def vocabulary() -> Vocabulary:
    """Return every fault and check that a model may name, and the time zones that this machine knows."""
    return Vocabulary(_FAULTS, _CHECKS, _CALENDAR_CHECKS, frozenset(zoneinfo.available_timezones()))
