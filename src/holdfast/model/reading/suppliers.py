"""Third parties and FMIs: contract, continuity records, substitutes, exit, and whom they themselves rely on."""

from __future__ import annotations

from typing import cast

from holdfast.model import keys
from holdfast.model.fields import Fields
from holdfast.model.findings import shown
from holdfast.model.reading.spreads import read_optional_spread
from holdfast.model.types import Continuity, Contract, Exit, Reintegration, Substitutability, Supplier


def read_supplier(resource: Fields, name: str) -> Supplier:
    """Return what is declared of a third party or FMI."""
    substitute, subcontracts = (
        resource.optional_name("substitute", "resource"),
        resource.names("subcontracts", "third-party"),
    )
    if substitute == name:
        resource.error("HF128", "substitute", f"{shown(name)} cannot stand in for itself", "Name another resource.")
    if name in subcontracts:
        resource.error("HF128", "subcontracts", f"{shown(name)} cannot be its own subcontractor", "Remove it.")
    return Supplier(
        contract=_read_contract(resource),
        continuity=_read_continuity(resource),
        substitutability=cast("Substitutability", resource.word("substitutability"))
        if "substitutability" in resource
        else None,
        substitute=substitute,
        substitute_takes=read_optional_spread(resource, "substitute_takes"),
        exit=_read_exit(resource),
        subcontracts=subcontracts,
    )


def _read_contract(resource: Fields) -> Contract | None:
    """Return the contractual arrangement; it ends after it starts."""
    if "contract" not in resource:
        return None
    fields = resource.sub("contract", keys.CONTRACT)
    contract = Contract(
        reference=fields.text("reference"),
        starts=fields.optional_date("starts"),
        ends=fields.optional_date("ends"),
        notice_ms=fields.optional_number("notice"),
        critical=fields.flag("critical"),
        audited=fields.optional_date("audited"),
        reintegration=cast("Reintegration", fields.word("reintegration")) if "reintegration" in fields else None,
    )
    if contract.starts and contract.ends and fields.sound("starts", "ends") and contract.ends < contract.starts:
        message = f"expected a contract that ends after it starts on {contract.starts}, got {contract.ends}"
        fields.error("HF128", "ends", message, "Correct one of the two dates.")
    return contract


def _read_continuity(resource: Fields) -> Continuity | None:
    """Return what the supplier has shown of its own continuity."""
    if "continuity" not in resource:
        return None
    fields = resource.sub("continuity", keys.CONTINUITY)
    plan_seen, tested = fields.optional_date("plan_seen"), fields.optional_date("tested")
    return Continuity(plan_seen, tested, fields.optional_date("tested_with_us"), fields.optional_number("rto"))


def _read_exit(resource: Fields) -> Exit | None:
    """Return how the institution would leave."""
    if "exit" not in resource:
        return None
    fields = resource.sub("exit", keys.EXIT)
    return Exit(
        fields.optional_date("plan_seen"), fields.optional_date("tested"), read_optional_spread(fields, "takes")
    )
