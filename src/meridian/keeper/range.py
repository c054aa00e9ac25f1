"""The range as the keeper holds it: its network, its hosts, and what can be done to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from meridian import binaries, business, stack
from meridian.errors import MeridianError
from meridian.host.room import Room, accounts_file, covers
from meridian.keeper import layout
from meridian.keeper.machines import Machine, Power, units_of
from meridian.linux import boot_id, mount, start_ticks
from meridian.network.fabric import EVERYWHERE, Fabric
from meridian.stack.members import MEMBERS
from meridian.stack.patroni import DATA
from meridian.topology import HOSTS, LINKS, SITES, hosts_of
from meridian.unit import ACCOUNTS, Unit

DISKS_BYTES = 3 << 30
_INTERPRETER = (Path(sys.prefix), Path(sys.base_prefix), Path(__file__).resolve().parents[2])
"""The environment, the Python that it stands on, and this program."""


class Range:
    """One range, from first power-on to last power-off."""

    def __init__(self, directory: Path) -> None:
        """Build network and disks; this process must be in mount (and user) namespaces of its own."""
        self.directory = directory
        self.settings = layout.settings_of(directory)
        self.context = layout.context(directory, self.settings)
        self._dedicated = self.settings.mode == "root"
        self._components = binaries.components()
        mount("tmpfs", directory / "disk", "tmpfs", data=f"mode=0755,size={DISKS_BYTES}")
        units = (*stack.units(self.context), *business.units(self.context))
        self.fabric = Fabric()
        passwd = accounts_file(directory, dedicated=self._dedicated)
        self.machines = {host: self._machine(host, units, passwd) for host in HOSTS}
        self._on: dict[str, Power] = {}

    def boot(self) -> None:
        """Switch every host on."""
        for host in HOSTS:
            self._prepare_disk(host)
            self._on[host] = Power(self.machines[host], self.fabric.descriptor(host))
        for host in HOSTS:
            self._on[host].boot()

    def power_off(self, host: str) -> None:
        """Take a host's power: first its packets are dropped silently, so that not even its death is heard."""
        if power := self._on.pop(host, None):
            self.fabric.cut(f"off-{host}", [f"{HOSTS[host].address}/32"], [EVERYWHERE])
            power.off()

    def power_on(self, host: str) -> None:
        """Switch a host on: the disk it had, fresh namespaces, its units start."""
        if host in self._on:
            return
        self.fabric.plug(HOSTS[host])
        self.fabric.mend(f"off-{host}")
        self._on[host] = Power(self.machines[host], self.fabric.descriptor(host))
        self._on[host].boot()

    def site_off(self, site: str) -> None:
        """Lose a site: its packets stop at once, then its hosts, then its links."""
        self.fabric.cut(f"site-{site}", [SITES[site].cidr], [EVERYWHERE])
        for host in hosts_of(site):
            self.power_off(host.name)
        self._set_links(site, up=False)

    def site_on(self, site: str) -> None:
        """Bring a site back."""
        self._set_links(site, up=True)
        self.fabric.mend(f"site-{site}")
        for host in hosts_of(site):
            self.power_on(host.name)

    def power_of(self, host: str) -> Power:
        """Return a host that is on. Raise MR106 when it is off."""
        if host not in self._on:
            raise MeridianError("MR106", f"{host} is off", remedy="switch it on with power_on")
        return self._on[host]

    def host_of(self, process: str) -> str:
        """Return the host of a process. Raise MR107 when there is no such process."""
        for host, machine in self.machines.items():
            if process in machine.pid_files or process in {unit.name for unit in machine.units}:
                return host
        raise MeridianError("MR107", f"no process named {process!r}", remedy="`meridian status` lists them")

    def lost(self) -> None:
        """Forget hosts whose PID 1 ended by itself."""
        for host, power in tuple(self._on.items()):
            if start_ticks(power.pid) is None:
                self.power_off(host)

    def down(self) -> None:
        """Switch everything off."""
        for host in tuple(self._on):
            self._on.pop(host).off()

    def inventory(self) -> dict[str, Any]:
        """Return what there is and what runs, with pids as the caller of the keeper sees them."""
        mode, own = self.settings.mode, os.getpid()
        pids = {host: power.pids() for host, power in self._on.items()}
        return {
            "version": 1,
            "name": self.settings.name,
            "dir": str(self.directory),
            "mode": mode,
            "profile": self.settings.profile,
            "client": self.settings.client,
            "keeper": {"pid": own, "start_ticks": start_ticks(own)},
            "clock_id": boot_id(),
            "components": self._components,
            "isolation": {"accounts": self._dedicated, "note": ISOLATION[mode]},
            "sites": {
                site.name: {
                    "cidr": site.cidr,
                    "router": site.router,
                    "powered": any(host.name in self._on for host in hosts_of(site.name)),
                }
                for site in SITES.values()
            },
            "hosts": {host: self._host_facts(host) for host in HOSTS},
            "processes": {
                name: facts for host in HOSTS for name, facts in self._process_facts(host, pids.get(host, {})).items()
            },
            "links": {
                link.name: {"between": list(link.between), "up": self.fabric.link_is_up(link)}
                for link in LINKS.values()
            },
            "cuts": list(self.fabric.cuts()),
            "endpoints": {**_stack_endpoints(self.directory), **business.endpoints(self.context)},
            "records": {
                "participants": str(self.directory / "hosts/banks/records"),
                "alarms": str(self.directory / "hosts/banks/records/alarms.ndjson"),
                "vault_journal": str(self.directory / "hosts/vault/keep/journal"),
            },
        }

    def _host_facts(self, host: str) -> dict[str, Any]:
        power = self._on.get(host)
        pid = power.pid if power else None
        return {
            "site": HOSTS[host].site,
            "address": HOSTS[host].address,
            "powered": power is not None,
            "pid": pid,
            "start_ticks": start_ticks(pid) if pid else None,
        }

    def _process_facts(self, host: str, pids: Mapping[str, int | None]) -> dict[str, Any]:
        machine = self.machines[host]
        accounts = {unit.name: (unit.account, unit.ports) for unit in machine.units}
        accounts |= dict.fromkeys(machine.pid_files, ("meridian-db", (5432,)))
        return {
            name: {
                "host": host,
                "pid": (pid := pids.get(name)),
                "start_ticks": start_ticks(pid) if pid else None,
                "account": account,
                "running": pid is not None,
                "ports": list(ports),
            }
            for name, (account, ports) in accounts.items()
        }

    def _set_links(self, site: str, *, up: bool) -> None:
        for link in LINKS.values():
            if site in link.between:
                self.fabric.set_link(link, up=up)

    def _machine(self, host: str, units: Sequence[Unit], passwd: Path) -> Machine:
        own = (self.directory / "disk" / host, self.directory / "hosts" / host)
        programs = tuple(dict.fromkeys((*_INTERPRETER, *binaries.trees())))
        (self.directory / "disk" / host).mkdir()
        (self.directory / "disk" / host).chmod(0o1777)
        covered = (Path("/tmp"), self.directory, *covers(programs))  # noqa: S108 - covered, not written to
        ledgers = {member.ledger: own[0] / DATA / "postmaster.pid" for member in MEMBERS if member.host == host}
        return Machine(
            host=host,
            room=Room(own, programs, covered, passwd),
            home=own[0],
            logs=own[1] / "log",
            dedicated=self._dedicated,
            units=units_of(units, host),
            pid_files=ledgers,
        )

    def _prepare_disk(self, host: str) -> None:
        """Place what the host's units need before they first start: configuration and the secrets of this host."""
        disk = self.context.disk[host]
        names = (*stack.SECRETS.get(host, ()), *business.SECRETS.get(host, ()))
        files = {f"secrets/{name}": self.context.secret(name) for name in names}
        files |= stack.prepare(self.context, host)
        files |= business.prepare(self.context, host)
        uid = ACCOUNTS[HOSTS[host].account] if self._dedicated else None
        for name, text in files.items():
            path = disk / name
            for parent in reversed(path.relative_to(disk).parents):
                (disk / parent).mkdir(mode=0o700, exist_ok=True)
                if uid is not None and parent.parts:
                    os.chown(disk / parent, uid, uid)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            if uid is not None:
                os.chown(path, uid, uid)


ISOLATION: Mapping[str, str] = {
    "root": "every server runs as an unprivileged account of its own; the vault's is apart from production's",
    "rootless": "one account runs everything: the vault is tamper-evident, not isolated by account",
}


def _stack_endpoints(directory: Path) -> dict[str, Any]:
    """Return where the control plane reaches the database stack."""
    found: dict[str, Any] = {}
    for member in MEMBERS:
        found[member.ledger] = {
            "postgres_socket_dir": str(directory / "hosts" / member.host / "run"),
            "port": 5432,
            "database": "ledger",
            "user": "auditor",
            "password_file": str(directory / "secrets" / "ledger-auditor"),
        }
        found[member.patroni] = {"host": member.host, "address": member.address, "port": 8008}
        found[member.etcd] = {"host": member.host, "address": member.address, "port": 2379}
    return found
