"""Faults that are changes: one that was made everywhere at once, and is wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from holdfast.connectors import insider, postgres
from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.patroni import PREFIX
from holdfast.connectors.range import KEEPER_SOCKET, Inventory
from holdfast.errors import EnvironmentProblem, HoldfastError
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.asked import ask, way_to
from holdfast.exercises.faults.kinds import KEEPER, Aim, FaultKind, Prepared, Seen, absent, range_of
from holdfast.model.vocabulary import ParameterSchema

_CONFIG = "/config"
_SETTING = "default_transaction_read_only"
_BEFORE = "before"


def _prepare_change(aim: Aim, inventory: Inventory) -> Prepared:
    try:
        before = _setting(inventory)
        copies = [server.name for server in inventory.servers() if server.name in aim.stands_for]
    except HoldfastError as problem:
        raise absent(aim, problem.message) from problem
    if before == "on":
        raise absent(aim, "it refuses writes already")
    if not copies:
        raise absent(aim, "no copy of it is in the range")
    asked = {KEEPER: str(inventory.dir / KEEPER_SOCKET), "op": "change back", _BEFORE: json.dumps(before)}
    return Prepared(asked, {name: str(inventory.processes[name].process) for name in copies})


def _change(intended: FaultIntended, keeper: Hypervisor, inventory: Inventory) -> None:
    # That this exercise may still inject is asked of the keeper, though the change goes another way.
    keeper.call({"op": "admit", "exercise": intended.exercise})
    _set(inventory, "on")


def _change_back(intended: FaultIntended) -> None:
    _set(range_of(intended), json.loads(intended.undo[_BEFORE]))


def _setting(inventory: Inventory) -> object:
    """Return the setting as the cluster manager has it for all copies; ``None`` where it is not set. HF304, HF305."""
    parameters = _told(inventory, "GET").get("postgresql", {}).get("parameters", {})
    return parameters.get(_SETTING) if isinstance(parameters, dict) else None


def _set(inventory: Inventory, value: object) -> None:
    _told(inventory, "PATCH", {"postgresql": {"parameters": {_SETTING: value}}})


def _told(inventory: Inventory, method: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
    """Ask the first cluster manager that answers; HF304 or HF305 if none does."""
    last: HoldfastError | None = None
    for name, end in sorted(inventory.endpoints.items()):
        if name.startswith(PREFIX) and end.password_file is not None:
            password = end.password_file.read_text(encoding="utf-8").strip()
            try:
                return ask(way_to(inventory, name), method, _CONFIG, body, basic=(end.user, password))
            except HoldfastError as problem:
                last = problem
    message = "no cluster manager of the range can be told"
    raise last or EnvironmentProblem("HF304", message, remedy="see whether one runs, and is named in the inventory")


def _probe_changed(intended: FaultIntended) -> Seen:
    try:
        return _refusing(range_of(intended))
    except HoldfastError as problem:
        return Seen(so=False, observed=problem.message)


def _verify_changed_back(intended: FaultIntended, inventory: Inventory) -> Seen:
    try:
        seen, before = _refusing(inventory), json.loads(intended.undo[_BEFORE])
        if _setting(inventory) != before:
            return Seen(so=False, observed="the cluster manager still has the change")
    except HoldfastError as problem:
        return Seen(so=False, observed=problem.message)
    return Seen(not seen.so, seen.observed)


def _refusing(inventory: Inventory) -> Seen:
    """Try to write on the leading copy, as its superuser, in a transaction that is never committed."""
    primary = postgres.primary(inventory.servers())
    so = insider.refuses_writes(insider.superuser(inventory, primary))
    return Seen(so, f"{primary.name} {'refuses' if so else 'takes'} a write of its superuser")


FAULTS: Mapping[str, FaultKind] = {
    "change.bad-config": FaultKind(
        schema=ParameterSchema(frozenset({"group"})),
        does="default_transaction_read_only is set for every copy of {target}: whoever leads refuses writes",
        shown_by="the leading copy refuses a write of its own superuser, which declared nothing",
        undone_by="the cluster manager is told to have the setting as it was before",
        prepare=_prepare_change,
        inject=_change,
        probe=_probe_changed,
        verify=_verify_changed_back,
        undo=_change_back,
    ),
}
"""The fault that no failover ends, because every copy has it."""
