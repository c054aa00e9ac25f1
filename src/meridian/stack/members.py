"""The three members of the database stack: one host at each data centre and one at the witness."""

from __future__ import annotations

from dataclasses import dataclass

from meridian.topology import HOSTS

CLIENT_PORT = 2379
PEER_PORT = 2380
REST_PORT = 8008
POSTGRES_PORT = 5432

SCOPE = "ledger"
NAMESPACE = "/meridian/"
PREFIX = f"{NAMESPACE}{SCOPE}/"
"""Where Patroni keeps this cluster in etcd."""

DATABASE = "ledger"


@dataclass(frozen=True, slots=True)
class Member:
    """One host of the stack, its address, and the names of what runs there."""

    host: str
    address: str
    etcd: str
    patroni: str
    ledger: str
    failover_priority: int


def _member(letter: str, failover_priority: int) -> Member:
    """Return the member on host ``db-<letter>``."""
    host = f"db-{letter}"
    address = str(HOSTS[host].address)
    return Member(host, address, f"etcd-{letter}", f"patroni-{letter}", f"ledger-{letter}", failover_priority)


MEMBERS = (_member("a", 2), _member("b", 2), _member("w", 1))
"""Data centres before the witness: of two copies that hold the same log, the one at a data centre is promoted."""

FIRST, *_, WITNESS = MEMBERS
"""The member that initialises the cluster, and the one where etcd's leader belongs."""

BY_HOST = {member.host: member for member in MEMBERS}
