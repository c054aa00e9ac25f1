"""Faults of machines and places: a host or a site loses its power."""

from __future__ import annotations

from collections.abc import Mapping

from holdfast.connectors.hypervisor import Hypervisor
from holdfast.connectors.range import Inventory
from holdfast.evidence.events import FaultIntended
from holdfast.exercises.faults.kinds import Aim, FaultKind, Prepared, absent, request
from holdfast.exercises.faults.processes import identity_of, probe_gone, verify_running
from holdfast.model.vocabulary import ParameterSchema


def _prepare_host_loss(aim: Aim, inventory: Inventory) -> Prepared:
    hosts = (aim.target,) if aim.target in inventory.hosts else ()
    return prepare_loss(aim, inventory, hosts, request(inventory, "power_on", host=aim.target))


def _prepare_site_loss(aim: Aim, inventory: Inventory) -> Prepared:
    hosts = tuple(sorted(name for name, host in inventory.hosts.items() if host.site == aim.target))
    return prepare_loss(aim, inventory, hosts, request(inventory, "site_on", site=aim.target))


def prepare_loss(aim: Aim, inventory: Inventory, hosts: tuple[str, ...], undoing: dict[str, str]) -> Prepared:
    """Record every host that has power and all that runs there; HF401 if none has."""
    identity: dict[str, str] = {}
    for name in hosts:
        first = inventory.hosts[name].process
        if inventory.hosts[name].powered and first is not None:
            identity |= {f"{name} (host)": str(first), **identity_of(inventory, inventory.processes_on(name))}
    if not identity:
        raise absent(aim, "no host of it has power")
    return Prepared(undoing, identity)


def _power_off(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    keeper.call({"op": "power_off", "host": intended.target, "exercise": intended.exercise})


def _site_off(intended: FaultIntended, keeper: Hypervisor, _: Inventory) -> None:
    keeper.call({"op": "site_off", "site": intended.target, "exercise": intended.exercise})


FAULTS: Mapping[str, FaultKind] = {
    "host.loss": FaultKind(
        schema=ParameterSchema(frozenset({"host"})),
        does="the host {target} loses power: not even a closed connection reaches the others",
        shown_by="the first process of {target} and all that ran on it are gone from /proc",
        undone_by="the keeper gives {target} its power back: it boots with the disk that it had",
        prepare=_prepare_host_loss,
        inject=_power_off,
        probe=probe_gone,
        verify=verify_running,
        needs="silence",
    ),
    "site.loss": FaultKind(
        schema=ParameterSchema(frozenset({"site"})),
        does="every host and every line of the site {target} loses power at once",
        shown_by="the first process of every host of {target} and all that ran there are gone from /proc",
        undone_by="the keeper gives the site {target} its power back: its hosts boot with the disks that they had",
        prepare=_prepare_site_loss,
        inject=_site_off,
        probe=probe_gone,
        verify=verify_running,
        needs="silence",
    ),
}
