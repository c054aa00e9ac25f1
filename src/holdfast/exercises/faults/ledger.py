"""Faults of the books: a row that somebody changed behind the service's back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from holdfast.connectors import insider, postgres
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.insider import Entry
from holdfast.connectors.range import KEEPER_SOCKET, Inventory
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import KEEPER, Aim, FaultKind, Prepared, Seen, absent, range_of
from holdfast.model.vocabulary import Parameter, ParameterSchema

_BY = "by_cents"


def _prepare_edit(aim: Aim, inventory: Inventory) -> Prepared:
    """Choose the entry by the exercise's own id: which one it will be is nobody's choice, and can be told before."""
    by_cents = int(str(aim.parameters[_BY]))
    if not by_cents:
        raise absent(aim, "an edit by nothing changes nothing")
    try:
        primary = postgres.primary(inventory.servers())
        insider.superuser(inventory, primary)
        entry = insider.drawn_entry(primary, int.from_bytes(hashlib.sha256(aim.id.encode()).digest()[:4]))
    except EnvironmentProblem as problem:
        raise absent(aim, problem.message) from problem
    if entry is None:
        raise absent(aim, "no entry is in the ledger yet")
    becomes = entry.amount_cents + by_cents or by_cents
    identity = {"key": entry.key, "participant": entry.participant}
    identity |= {"was_cents": str(entry.amount_cents), "becomes_cents": str(becomes)}
    return Prepared({KEEPER: str(inventory.dir / KEEPER_SOCKET), "op": "edit back", **identity}, identity)


def _edit(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    # The keeper knows no database; that this exercise may still inject is asked of it all the same.
    keeper.call({"op": "admit", "exercise": intended.exercise})
    found = intended.identity
    primary = insider.superuser(inventory, postgres.primary(inventory.servers()))
    entry = Entry(found["key"], found["participant"], int(found["was_cents"]))
    if not insider.edit(primary, entry, int(found["becomes_cents"])):
        message = f"the entry of {found['key']} is no longer what it was before the edit"
        raise HoldfastError("HF401", message, remedy="try again: somebody else changed it")


def _edit_back(intended: FaultIntended) -> None:
    found = intended.undo
    target = range_of(intended)
    primary = insider.superuser(target, postgres.primary(target.servers()))
    entry = Entry(found["key"], found["participant"], int(found["becomes_cents"]))
    # Where it is not what the edit made of it, there is nothing to take back.
    insider.edit(primary, entry, int(found["was_cents"]))


def _probe_edit(intended: FaultIntended) -> Seen:
    try:
        one, whole = _amounts(intended, range_of(intended))
    except HoldfastError as problem:
        return Seen(so=False, observed=problem.message)
    about = f"an entry of one instruction reads {one:,} cents" if one is not None else "the entry is gone"
    observed = f"{about}, and its entries add up to {whole:,} cents" if whole is not None else about
    return Seen(str(one) == intended.identity["becomes_cents"] and whole not in {0, None}, observed)


def _verify_edited_back(intended: FaultIntended, inventory: Inventory) -> Seen:
    try:
        one, whole = _amounts(intended, inventory)
    except HoldfastError as problem:
        return Seen(so=False, observed=problem.message)
    so = str(one) == intended.identity["was_cents"] and whole == 0
    return Seen(so, "the entry reads as before, and its instruction's entries add up to 0" if so else "still edited")


def _amounts(intended: FaultIntended, inventory: Inventory) -> tuple[int | None, int | None]:
    primary = postgres.primary(inventory.servers())
    return insider.amounts(primary, intended.identity["key"], intended.identity["participant"])


FAULTS: Mapping[str, FaultKind] = {
    "ledger.edit": FaultKind(
        schema=ParameterSchema(
            frozenset({"database", "group"}),
            {_BY: Parameter("count", default=1_000_000, meaning="By how many cents the entry is changed.")},
        ),
        does="an insider with every right changes the amount of one entry in {target}, past all its triggers",
        shown_by="read by the auditor, the entry has the new amount and its instruction no longer adds up to nothing",
        undone_by="the recorded amount is put back in {target} once the evidence is taken",
        prepare=_prepare_edit,
        inject=_edit,
        probe=_probe_edit,
        verify=_verify_edited_back,
        undo=_edit_back,
        until_evidence=True,
        goes_on=True,
    ),
}
"""The fault that only an audit can find."""
