"""The range as the keeper holds it: its network, its hosts, and what can be done to them."""

from __future__ import annotations

import compileall
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from meridian.errors import MeridianError
from meridian.keeper import content, isolation, layout
from meridian.keeper.ground import NETWORK, Ground, OnLoopback, OnNamespaces
from meridian.keeper.machines import Machine, Power, units_of
from meridian.linux import start_ticks
from meridian.network import policy
from meridian.network.fabric import EVERYWHERE, Fabric
from meridian.network.lines import Impairment
from meridian.topology import HOSTS, SITES, hosts_of, links_of
from meridian.unit import Unit

CUT = "cut-"
"""Begins the name of every cut and impairment that was asked for: none can be taken for a lost host's or site's."""
_PROGRAM = Path(__file__).parents[1]
_TRIED_ON = "vault"


class Range:
    """One range, from first power-on to last power-off."""

    def __init__(self, directory: Path) -> None:
        """Build what it stands on; this process must be isolated as the settings say."""
        self.directory = directory
        self.settings = layout.settings_of(directory)
        self.context = layout.context(directory, self.settings)
        self.content = content.load(self.settings.content)
        if not sys.dont_write_bytecode:
            # The hosts' accounts may not write beside the sources, and would compile them anew at every start.
            compileall.compile_dir(_PROGRAM, quiet=2)
        units = tuple(self.content.units(self.context))
        self.ground = _ground(directory, self.settings.mode, units, self.content)
        self.machines = {host: self._machine(host, units) for host in HOSTS}
        given = self.settings.policy
        flows = policy.parse(given, "the policy that up was given") if given else self.content.policy()
        self._flows = None if NETWORK in self.ground.cannot else flows
        self.states: tuple[str, ...] = policy.STATES[:1]
        self.changes: list[dict[str, object]] = []
        """Every change of ``states``: what to, when, and who asked."""
        self._guard(HOSTS)
        self._on: dict[str, Power] = {}
        self._taken: set[str] = set()
        """Hosts whose power a fence took: it gives back that of no other."""

    @property
    def fabric(self) -> Fabric:
        """Return the range's own network. Raise MR121 where it has none."""
        return self.ground.fabric

    @property
    def on(self) -> Mapping[str, Power]:
        """Return the hosts that have power."""
        return dict(self._on)

    def boot(self) -> None:
        """Switch every host on."""
        for host in HOSTS:
            self._prepare_disk(host)
            self._switch_on(host)
        for power in self._on.values():
            power.boot()

    def power_off(self, host: str) -> None:
        """Take a host's power: first it is silenced, so that not even its death is heard where that can be."""
        self._taken.discard(host)
        if host in self._on:
            self.ground.silence(host, _off(host))
            self._on.pop(host).off()
            self._name_first_processes()

    def power_on(self, host: str) -> None:
        """Switch a host on: the disk it had, fresh namespaces, its units start. What fails leaves it off."""
        self._taken.discard(host)
        if host in self._on:
            return
        self.ground.plug(host)
        self._guard([host])
        self._switch_on(host)
        try:
            self.ground.hear(_off(host))
            self._on[host].boot()
        except BaseException:
            # Half on, it would be taken for on by the next attempt, which would then do nothing.
            self.power_off(host)
            raise

    def fence(self, host: str) -> None:
        """Have connections to a host refused, then take its power if it has any."""
        if not self.ground.is_fenced(_fenced(host)):
            self.ground.fence(host, _fenced(host))
        if host in self._on:
            self.power_off(host)
            self._taken.add(host)

    def unfence(self, host: str) -> None:
        """Let a host be reached again, and give back its power if a fence took it."""
        taken = host in self._taken
        self.ground.hear(_fenced(host))
        if taken:
            self.power_on(host)

    def is_fenced(self, host: str) -> bool:
        """Return whether a host has no process left and connections to it are refused, as the kernel has it."""
        return host not in self._on and self.ground.is_fenced(_fenced(host))

    def site_off(self, site: str) -> None:
        """Lose a site: its packets stop at once, then its hosts, then its links."""
        self.fabric.cut(_dark(site), [SITES[site].cidr], [EVERYWHERE])
        for host in hosts_of(site):
            self.power_off(host.name)
        for link in links_of(site):
            self.fabric.lines.impair(_dark(site), link, Impairment(down=True))

    def site_on(self, site: str) -> None:
        """Bring a site back."""
        self.fabric.lines.restore(_dark(site))
        self.fabric.mend(_dark(site))
        for host in hosts_of(site):
            self.power_on(host.name)

    @property
    def segmented(self) -> bool:
        """Return whether hosts drop what no policy allows."""
        return self._flows is not None

    def allow(self, states: Sequence[str], by: str) -> None:
        """Allow what the policy allows in any of ``states`` from now on, on every host; who asked is written down."""
        self.states = tuple(states)
        self.changes.append({"states": list(states), "by": by, "at_utc_us": time.time_ns() // 1000})
        sys.stderr.write(f"policy: {', '.join(states)} from now on, asked by {by}\n")
        sys.stderr.flush()
        self.fabric.set_passage(opened=policy.OPEN in states)
        self._guard(HOSTS)

    def _guard(self, hosts: Iterable[str]) -> None:
        """Have hosts drop what the policy does not allow."""
        if self._flows is not None:
            for host in hosts:
                self.fabric.guard(host, policy.doors(self._flows, host, self.states))

    def cuts(self) -> list[str]:
        """Return the ids of the cuts that were asked for, as the kernel has them."""
        return [name.removeprefix(CUT) for name in self.ground.cuts() if name.startswith(CUT)]

    def powered_sites(self) -> dict[str, bool]:
        """Return for each site whether it has power: whether the kernel has the cut that stands for its loss."""
        cuts = self.ground.cuts()
        return {site: _dark(site) not in cuts for site in SITES}

    def power_of(self, host: str) -> Power:
        """Return a host that is on. Raise MR106 when it is off."""
        if host not in self._on:
            raise MeridianError("MR106", f"{host} is off", remedy="switch it on with power_on")
        return self._on[host]

    def host_of(self, process: str) -> str:
        """Return the host of a process. Raise MR107 when there is no such process."""
        for host, machine in self.machines.items():
            if process in machine.names:
                return host
        raise MeridianError("MR107", f"no process named {process!r}", remedy="`meridian status` lists them")

    def lost(self) -> None:
        """See which hosts' first process ended by itself: they lost their power. And what became of the network."""
        self.ground.look_after()
        for host in [host for host, power in self._on.items() if power.ended()]:
            sys.stderr.write(f"{host}: its first process ended; the host is off\n")
            sys.stderr.flush()
            self.power_off(host)

    def down(self) -> None:
        """Switch everything off."""
        self.ground.close()
        for power in self._on.values():
            power.let_go()
        while self._on:
            self._on.popitem()[1].off()
        self._name_first_processes()

    def _switch_on(self, host: str) -> None:
        self._on[host] = Power(self.machines[host])
        self._name_first_processes()

    def _name_first_processes(self) -> None:
        """Write down the hosts' first processes, for whoever must clear up after a keeper that was killed."""
        named = {host: {"pid": power.pid, "start_ticks": start_ticks(power.pid)} for host, power in self._on.items()}
        unfinished = layout.hosts_file(self.directory).with_suffix(".new")
        unfinished.write_text(json.dumps(named), encoding="utf-8")
        unfinished.replace(layout.hosts_file(self.directory))

    def _machine(self, host: str, units: Sequence[Unit]) -> Machine:
        own = (
            self.directory / "disk" / host,
            self.directory / "hosts" / host,
            layout.management(self.directory, host),
        )
        children = tuple(self.content.children(self.context, host))
        return Machine(
            host=host,
            place=self.ground.place(host, own, children),
            home=own[0],
            logs=own[1] / "log",
            uids=self.ground.uids,
            units=units_of(units, host),
            children=children,
            # What hosts see of the programs is the same on all of them: one try is enough.
            tried_as=self.ground.uids.get(HOSTS[host].account) if host == _TRIED_ON else None,
        )

    def _prepare_disk(self, host: str) -> None:
        """Place what the host's units need before they first start: configuration and the secrets of this host."""
        disk = self.context.disk[host]
        uid = self.ground.uids.get(HOSTS[host].account)
        for name, text in self.content.prepare(self.context, host).items():
            path = disk / name
            for parent in reversed(path.relative_to(disk).parents):
                (disk / parent).mkdir(mode=0o700, exist_ok=True)
                if uid is not None and parent.parts:
                    os.chown(disk / parent, uid, uid)
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
            if uid is not None:
                os.chown(path, uid, uid)


def _ground(directory: Path, mode: str, units: Sequence[Unit], filling: content.Content) -> Ground:
    """Return what a range stands on, built."""
    if mode == isolation.LOOPBACK:
        return OnLoopback(directory, units)
    return OnNamespaces(directory, mode, filling.trees())


def _off(host: str) -> str:
    """Return the name of the cut that stands for a host without power."""
    return f"off-{host}"


def _fenced(host: str) -> str:
    """Return the name of the fence of a host."""
    return f"fence-{host}"


def _dark(site: str) -> str:
    """Return the name of the cut that stands for a site without power."""
    return f"dark-{site}"
