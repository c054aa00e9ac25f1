"""The inventory: the range's description of itself, version 1. All pids are those that the keeper's caller sees."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from meridian.keeper.isolation import LOOPBACK, ROOT, ROOTLESS
from meridian.keeper.machines import outer_pids
from meridian.keeper.range import CUT, Range
from meridian.linux import boot_id, start_ticks, state
from meridian.network.wire import PERFECT
from meridian.topology import HOSTS, SITES, Link

VERSION = 1
_STOPPED = frozenset("Tt")

_ISOLATION = {
    ROOT: "every server runs as an unprivileged account of its own; the vault's is apart from production's",
    ROOTLESS: "one account runs everything: the vault is tamper-evident, not isolated by account",
    LOOPBACK: "processes of one account on this machine's loopback, where every account of the machine reaches their "
    "ports: nothing is isolated, the vault is tamper-evident only, and any of them could speak to the fencing device",
}


class Inventory:
    """Makes the inventory of one range; what never changes is read once."""

    def __init__(self, held: Range) -> None:
        """Ask the content what it is made of."""
        self._range = held
        self._components = dict(held.content.components())
        self._endpoints = dict(held.content.endpoints(held.context))
        self._fenced = "fencer" in held.machines["oob"].names

    def document(self) -> dict[str, Any]:
        """Return the inventory as it is now."""
        held, settings, directory = self._range, self._range.settings, self._range.directory
        powered = held.powered_sites()
        return {
            "version": VERSION,
            "name": settings.name,
            "dir": str(directory),
            "mode": settings.mode,
            "profile": settings.profile,
            "client": settings.client,
            "keeper": _identity(os.getpid()),
            "clock_id": boot_id(),
            "components": self._components,
            "isolation": {
                "accounts": settings.mode == ROOT,
                "note": _ISOLATION[settings.mode],
                "why": settings.why,
            },
            "cannot": dict(held.ground.cannot),
            "sites": {
                site.name: {"cidr": site.cidr, "router": site.router, "powered": powered[site.name]}
                for site in SITES.values()
            },
            "hosts": {host: self._host(host) for host in HOSTS},
            "processes": self._processes(),
            "links": {link.name: self._link(link) for link in held.ground.links},
            "cuts": held.cuts(),
            "segmentation": {"enforced": held.segmented, "states": list(held.states), "changes": list(held.changes)},
            "endpoints": self._endpoints,
            "records": {
                "participants": str(directory / "hosts/banks/records"),
                "alarms": str(directory / "hosts/banks/records/alarms.ndjson"),
                "inbox": str(directory / "hosts/banks/inbox"),
                "telemetry": str(directory / "telemetry"),
                "vault_journal": str(directory / "hosts/vault/keep/journal"),
                "vault_backups": str(directory / "hosts/vault/keep/base/record.ndjson"),
                **({"fencer": str(directory / "hosts/oob/records/fencer.ndjson")} if self._fenced else {}),
            },
        }

    def _host(self, host: str) -> dict[str, Any]:
        power = self._range.on.get(host)
        found = self._range.ground.volumes(self._range.context.disk[host], host)
        disks = {name: str(path) for name, path in found.items()}
        here = {"site": HOSTS[host].site, "address": HOSTS[host].address, "powered": power is not None, "disks": disks}
        return here | _identity(power.pid if power else None)

    def _link(self, link: Link) -> dict[str, Any]:
        """Return how a link is: up as the kernel has it, and what is wrong with it toward either end, if anything."""
        lines = self._range.fabric.lines
        toward = zip(reversed(link.between), lines.qualities(link), strict=True)
        return {
            "between": list(link.between),
            "addresses": list(link.addresses),
            "up": lines.is_up(link),
            "impaired": sorted(name.removeprefix(CUT) for name in lines.held(link)),
            "toward": {site: asdict(quality) for site, quality in toward if quality != PERFECT},
        }

    def _processes(self) -> dict[str, Any]:
        """Return every process that has a name. A stopped one has a pid, but does not run."""
        outer = outer_pids({host: power.pid for host, power in self._range.on.items()})
        found = {}
        for host, machine in self._range.machines.items():
            power = self._range.on.get(host)
            inner = power.pids() if power else {}
            for name, (account, ports) in machine.names.items():
                pid = outer[host].get(inner.get(name) or 0) if power else None
                running = pid is not None and state(pid) not in {*_STOPPED, "Z", None}
                about = {"host": host, "account": account, "running": running, "ports": list(ports)}
                about["supervised"] = any(unit.name == name for unit in machine.units)
                found[name] = about | _identity(pid)
        return found


def _identity(pid: int | None) -> dict[str, int | None]:
    """Return what names a process: its pid, and its start so that the pid cannot come to mean another one."""
    return {"pid": pid, "start_ticks": None if pid is None else start_ticks(pid)}
