"""Faults of what several hosts share: the power distribution they hang on, the agent that all of them run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Inventory
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.hosts import prepare_loss
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, absent, each_done, keeper_of, request
from holdfast.exercises.faults.processes import probe_gone, verify_running
from holdfast.model.vocabulary import Parameter, ParameterSchema

_OF, _SITES, _HOSTS = "of", "sites", "hosts"
AGENT_FILE = "agent/channel"
BAD_UPDATE = b"channel 291\nf0|f1|f2\n"
"""Rules with fewer fields than the agent's interpreter reads: it was tried on nobody's own machines first."""

_ATTRIBUTE = Parameter("text", required=True, meaning="The attribute of `shares` whose value the target is.")


def _carriers(aim: Aim, inventory: Inventory) -> tuple[str, ...]:
    """Return the range's hosts that carry the value, of the sites that are named, if any are."""
    sites = aim.parameters.get(_SITES, ())
    wanted = set(map(str, sites)) if isinstance(sites, tuple | list) else set()
    known = (name for name in aim.stands_for if name in inventory.hosts)
    return tuple(name for name in known if not wanted or inventory.hosts[name].site in wanted)


def _prepare_shared(aim: Aim, inventory: Inventory) -> Prepared:
    hosts = _carriers(aim, inventory)
    return prepare_loss(aim, inventory, hosts, request(inventory, "power_on", hosts=", ".join(hosts)))


def _power_all_off(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    for host in _listed(intended.undo[_HOSTS]):
        keeper.call({"op": "power_off", "host": host, "exercise": intended.exercise})


def _power_all_on(intended: FaultIntended) -> None:
    keeper, hosts = keeper_of(intended), _listed(intended.undo[_HOSTS])
    each_done(partial(keeper.call, {"op": "power_on", "host": host}) for host in hosts)


def _prepare_update(aim: Aim, inventory: Inventory) -> Prepared:
    hosts = tuple(host for host in _carriers(aim, inventory) if f"agent-{host}" in inventory.processes)
    if not all(inventory.processes[f"agent-{host}"].running for host in hosts):
        raise absent(aim, "not every host that carries it runs its agent")
    return prepare_loss(aim, inventory, hosts, request(inventory, "write_back", id=aim.id, hosts=", ".join(hosts)))


def _deliver(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    for host in _listed(intended.undo[_HOSTS]):
        update = {"file": AGENT_FILE, "whole": True, "hex": BAD_UPDATE.hex(), "id": f"{intended.undo['id']}-{host}"}
        keeper.call({"op": "overwrite", "host": host, **update, "exercise": intended.exercise})


def _roll_back(intended: FaultIntended) -> None:
    """Put the former update back on every disk, out of band, before any host is given its power."""
    keeper, hosts = keeper_of(intended), _listed(intended.undo[_HOSTS])
    ids = [f"{intended.undo['id']}-{host}" for host in hosts]
    each_done(
        [
            *(partial(keeper.call, {"op": "write_back", "id": each}) for each in ids),
            *(partial(keeper.call, {"op": "power_on", "host": host}) for host in hosts),
        ]
    )


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


FAULTS: Mapping[str, FaultKind] = {
    "shared.loss": FaultKind(
        schema=ParameterSchema(frozenset({"shared"}), {_OF: _ATTRIBUTE}),
        does="every host that carries {target} loses power at once",
        shown_by="the first process of every host that carries {target}, and all that ran there, are gone from /proc",
        undone_by="the keeper gives every host that carries {target} its power back, with the disk that it had",
        prepare=_prepare_shared,
        inject=_power_all_off,
        probe=probe_gone,
        verify=verify_running,
        undo=_power_all_on,
        needs="silence",
    ),
    "change.agent-update": FaultKind(
        schema=ParameterSchema(
            frozenset({"shared"}),
            {
                _OF: _ATTRIBUTE,
                _SITES: Parameter("places", meaning="The sites that get it; all, if it is left out."),
            },
        ),
        does="the agent {target} gets an update on which it fails: every host that runs it stops, and so at every boot",
        shown_by="the first process of every host that runs {target}, and all that ran there, are gone from /proc",
        undone_by="the keeper puts the former update back on every disk, and gives the hosts their power back",
        prepare=_prepare_update,
        inject=_deliver,
        probe=probe_gone,
        verify=verify_running,
        undo=_roll_back,
        needs="silence",
    ),
}
"""Faults with one cause and many hosts."""
