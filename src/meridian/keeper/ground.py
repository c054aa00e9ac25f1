"""What the hosts of a range stand on: namespaces, a network and disks of their own, or the machine as it is.

The one seam between the two. Whatever the second cannot do it names, with the reason, before anything is tried.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from meridian.errors import MachineCannot
from meridian.host.room import Room, accounts_file, covers, way
from meridian.keeper import disks, isolation, layout
from meridian.keeper.place import Family, OwnNamespaces, Place
from meridian.linux import MS_NODEV, MS_NOSUID, mount
from meridian.network.fabric import EVERYWHERE, Fabric
from meridian.network.loopback import Loopback
from meridian.topology import HOSTS, LINKS, Link
from meridian.unit import Child, Unit

DISKS_BYTES = 3 << 30
_PROGRAM = Path(__file__).parents[1]
_INTERPRETER = (Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix), _PROGRAM)
"""The interpreter as it is called, its environment, the Python that it stands on, and this program."""

NETWORK, SILENCE, DISKS = "network", "silence", "disks"
_WITHOUT: Mapping[str, str] = {
    NETWORK: "this range has no network of its own: its hosts talk over the machine's loopback, without a line, a "
    "router or a filter between them",
    SILENCE: "no host of this range can fall silent: the machine refuses connections in its place, and peers hear that",
    DISKS: "the hosts of this range have no disks of their own: one that is full would be the machine's",
}


class Ground(Protocol):
    """What a range needs of what it stands on."""

    @property
    def uids(self) -> Mapping[str, int]:
        """What user id each account means; one without has the caller's."""

    @property
    def cannot(self) -> Mapping[str, str]:
        """What cannot be done here, and why."""

    @property
    def fabric(self) -> Fabric:
        """Return the range's own network. Raise MR121 where it has none."""

    def place(self, host: str, own: Sequence[Path], children: Sequence[Child]) -> Place:
        """Make a host's disk, the first of the directories that are its ``own``, and return where its processes are."""

    def volumes(self, disk: Path, host: str) -> Mapping[str, Path]:
        """Return the file systems of a host that can be full."""

    def socket_in(self, host: str) -> socket.socket:
        """Return a new TCP socket that connects from a host, where hosts differ in that."""

    def silence(self, host: str, name: str) -> None:
        """See that nothing answers in the place of a host without power, where that can be; ``name`` it for later."""

    def plug(self, host: str) -> None:
        """Give a host that gets its power a network without a past."""

    def hear(self, name: str) -> None:
        """Take back a silence or a fence."""

    def fence(self, host: str, name: str) -> None:
        """See that connections to a host are refused, while it has power and after; ``name`` it for later."""

    def is_fenced(self, name: str) -> bool:
        """Return whether connections to a host without power are refused everywhere, as the kernel has it."""

    def cuts(self) -> tuple[str, ...]:
        """Return the names of all cuts that there are."""

    @property
    def links(self) -> Sequence[Link]:
        """The lines that there are."""

    def look_after(self) -> None:
        """See whether what carries the network lives."""

    def close(self) -> None:
        """End what carries the network."""


class OnNamespaces:
    """Everything of the range's own. This process must be in mount (and user) namespaces of its own."""

    cannot: Mapping[str, str] = {}
    links = tuple(LINKS.values())

    def __init__(self, directory: Path, mode: str, trees: Sequence[Path]) -> None:
        """Build the network, and the room for the disks; ``trees`` are read by hosts beside the interpreter."""
        self._directory = directory
        self._trees = trees
        self.uids = isolation.uids(mode)
        flags = MS_NOSUID | MS_NODEV
        mount("tmpfs", directory / "disk", "tmpfs", flags, f"mode=0755,size={DISKS_BYTES}")
        self._passwd = accounts_file(directory, dedicated=bool(self.uids))
        self.fabric = Fabric()
        self.volumes = disks.volumes
        self.socket_in = self.fabric.socket_in
        self.hear = self.fabric.mend
        self.is_fenced = self.fabric.everywhere
        self.cuts = self.fabric.cuts
        self.look_after = self.fabric.look_after
        self.close = self.fabric.close

    def place(self, host: str, own: Sequence[Path], children: Sequence[Child]) -> Place:  # noqa: ARG002 - see Ground
        """Make a host's disk, and work out what it sees."""
        if self.uids and host != layout.OUT_OF_BAND:
            # Whoever could make a socket there could speak for the observer.
            management = layout.management(self._directory, host)
            os.chown(management, *2 * [self.uids[HOSTS[host].account]])
            management.chmod(0o755)
        disks.make(own[0], host)
        links: dict[Path, str] = {}
        programs = tuple(dict.fromkeys(way(path, links) for path in (*_INTERPRETER, *self._trees)))
        covered = {Path("/tmp"), self._directory}  # noqa: S108 - covered, not written to
        if self.uids:
            covered |= covers((*programs, *own, *(link.parent for link in links)))
        seen = Room(tuple(own), programs, tuple(sorted(covered)), links, self._passwd)
        return OwnNamespaces(host, seen, lambda: self.fabric.descriptor(host))

    def silence(self, host: str, name: str) -> None:
        """Drop what comes from a host and goes to it at every router."""
        self.fabric.cut(name, [HOSTS[host].address], [EVERYWHERE])

    def fence(self, host: str, name: str) -> None:
        """Have every router refuse connections to a host."""
        self.fabric.fence(name, HOSTS[host].address)

    def plug(self, host: str) -> None:
        """Give a host a fresh network namespace."""
        self.fabric.plug(HOSTS[host])


class OnLoopback:
    """The machine as it is: processes beside others, on its loopback and its disk, all of one account."""

    cannot = _WITHOUT
    links: Sequence[Link] = ()

    def __init__(self, directory: Path, units: Iterable[Unit]) -> None:
        """Take loopback for the ports of all ``units``. Raise MR120 where it is taken."""
        self.uids = isolation.uids(isolation.LOOPBACK)
        self._uid = min(self.uids.values(), default=None)
        if self._uid is not None:
            # That account, and no other, may pass through to what is its hosts' own.
            os.chown(directory, -1, self._uid)
            directory.chmod(0o710)
        self._loopback = Loopback((HOSTS[unit.host].address, port) for unit in units for port in unit.ports)
        self.close = self._loopback.close

    @property
    def fabric(self) -> Fabric:
        """Refuse."""
        raise refusal(NETWORK)

    def place(self, host: str, own: Sequence[Path], children: Sequence[Child]) -> Place:  # noqa: ARG002 - see Ground
        """Make a directory that stands for the host's disk."""
        disks.make_directory(own[0])
        return Family(tuple(child.pid_file for child in children), self._uid)

    def volumes(self, disk: Path, host: str) -> Mapping[str, Path]:  # noqa: ARG002 - see Ground
        """Return none: what fills one fills the machine's."""
        return {}

    def socket_in(self, host: str) -> socket.socket:  # noqa: ARG002 - see Ground
        """Return a socket of the machine's."""
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)

    def silence(self, host: str, name: str) -> None:
        """Do nothing: its ports are closed, and the machine says so to whoever asks."""

    def plug(self, host: str) -> None:
        """Do nothing: its address is there."""

    def hear(self, name: str) -> None:
        """Do nothing: nobody was silenced."""

    def fence(self, host: str, name: str) -> None:
        """Do nothing: the machine refuses connections to a host as soon as it has no power."""

    def is_fenced(self, name: str) -> bool:  # noqa: ARG002 - see Ground
        """Return that they are refused: nobody else may listen at the address of a host."""
        return True

    def cuts(self) -> tuple[str, ...]:
        """Return none."""
        return ()

    def look_after(self) -> None:
        """Do nothing: no process carries loopback."""


def refusal(need: str) -> MachineCannot:
    """Return MR121: what the range has not got, for which something cannot be done to it."""
    remedy = "do it where namespaces are allowed; `meridian status` says what forbids them here"
    return MachineCannot("MR121", _WITHOUT[need], remedy=remedy)
