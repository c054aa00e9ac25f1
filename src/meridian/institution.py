"""The institution that the range runs: the database stack, and the business on top of it, as one content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from meridian import agent, binaries, business, fencer, stack
from meridian.network import policy as allowed
from meridian.network.policy import Flow
from meridian.stack.members import BY_HOST, CLIENT_PORT, DATABASE, MEMBERS, POSTGRES_PORT, REST_PORT
from meridian.stack.patroni import DATA
from meridian.unit import Child, RangeContext, Unit


def units(context: RangeContext) -> Sequence[Unit]:
    """Return every process that a host starts, in the order in which they are best started."""
    return (*stack.units(context), *business.units(context), *fencer.units(context), *agent.units(context))


def prepare(context: RangeContext, host: str) -> Mapping[str, str]:
    """Return the files, by path on the host's disk, that must be there before its first start: secrets among them."""
    names = (*stack.SECRETS.get(host, ()), *business.SECRETS.get(host, ()), *fencer.SECRETS.get(host, ()))
    secrets = {f"secrets/{name}": context.secret(name) for name in names}
    return {**secrets, **stack.prepare(context, host), **agent.prepare(host)}


def children(context: RangeContext, host: str) -> Sequence[Child]:
    """Return the processes that a unit of the host starts and that have a name: the postmasters, Patroni's."""
    member = BY_HOST.get(host)
    if member is None:
        return ()
    return (Child(member.ledger, context.disk[host] / DATA / "postmaster.pid", (POSTGRES_PORT,)),)


def components() -> Mapping[str, object]:
    """Return the versions and origins of what runs."""
    return binaries.components()


def trees() -> Sequence[Path]:
    """Return the directories that hosts must be able to read, beside the interpreter and this program."""
    return binaries.trees()


def policy() -> Sequence[Flow]:
    """Return who may connect to whom: what was compiled from the institution's model."""
    return allowed.parse(allowed.OWN.read_text(encoding="utf-8"), str(allowed.OWN))


def endpoints(context: RangeContext) -> Mapping[str, object]:
    """Return where the management plane reaches what, by process."""
    found: dict[str, object] = {}
    for member in MEMBERS:
        found[member.ledger] = {
            "postgres_socket_dir": str(context.run[member.host]),
            "port": POSTGRES_PORT,
            "database": DATABASE,
            "user": "auditor",
            "password_file": str(context.secrets / "ledger-auditor"),
            # What an insider on the host would use: for faults, never for what judges them.
            "superuser": {"user": "postgres", "password_file": str(context.secrets / "postgres-superuser")},
        }
        found[member.patroni] = {
            "host": member.host,
            "address": member.address,
            "port": REST_PORT,
            "user": "patroni",
            "password_file": str(context.secrets / "patroni-rest"),
        }
        found[member.etcd] = {"host": member.host, "address": member.address, "port": CLIENT_PORT}
    return {**found, **fencer.endpoints(context), **business.endpoints(context)}
