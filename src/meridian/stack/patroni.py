"""The three Patronis: their configuration, by profile, and how they are started.

The configuration is written as JSON, which is YAML. It holds passwords: it lies on its host's own disk, readable by
the database account alone. Why each setting is what it is: ``docs/adr/patroni-settings.md``.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from meridian import binaries, ledger
from meridian.errors import MeridianError
from meridian.stack import postgresql
from meridian.stack.members import (
    CLIENT_PORT,
    FIRST,
    NAMESPACE,
    POSTGRES_PORT,
    REST_PORT,
    SCOPE,
    Member,
)
from meridian.unit import RangeContext, Unit

CONFIGURATION = "stack/patroni.json"
FIRST_SQL = "stack/first.sql"
DATA, WAL = "data/pgdata", "wal/pg_wal"
"""Below the host's disk; each of the two is on a file system of its own, so that a full one stops only itself."""

MAXIMUM_LAG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Timing:
    """Patroni's clocks in seconds; it demands loop_wait + 2 × retry_timeout ≤ ttl, and 20 as the least ttl."""

    ttl: int
    loop_wait: int
    retry_timeout: int
    primary_start_timeout: int


PROFILES: Mapping[str, Timing] = {
    # The shortest that upstream supports. A crashed primary is not restarted in place: a copy takes over.
    "fast": Timing(ttl=20, loop_wait=1, retry_timeout=3, primary_start_timeout=0),
    # With a fencer beside it nobody waits for a primary to give up by itself, so it may be patient with its etcd, as
    # long as its lease allows: on a slow and lossy line three seconds are over now and then with nothing wrong.
    "fenced": Timing(ttl=20, loop_wait=1, retry_timeout=9, primary_start_timeout=0),
    # Patroni's own defaults, to compare with. What keeps a commit safe is the same in every profile.
    "stock": Timing(ttl=30, loop_wait=10, retry_timeout=10, primary_start_timeout=300),
}


def unit(context: RangeContext, member: Member) -> Unit:
    """Return the Patroni of one member; the first one initialises the cluster, the others wait until it has begun."""
    disk = context.disk[member.host]
    role = "first" if member is FIRST else "later"
    return Unit(
        name=member.patroni,
        host=member.host,
        account="meridian-db",
        argv=(context.python, "-P", "-m", "meridian.stack", "patroni", role, str(disk / CONFIGURATION)),
        environment={"HOME": str(disk), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        ports=(REST_PORT, POSTGRES_PORT),
    )


def files(context: RangeContext, member: Member) -> dict[str, str]:
    """Return what must lie on the member's disk before its Patroni starts."""
    passwords = {role: context.secret(secret) for role, (secret, _) in postgresql.ROLES.items()}
    return {
        CONFIGURATION: json.dumps(configuration(context, member), indent=1),
        FIRST_SQL: postgresql.first_sql(passwords, ledger.sql() + ledger.watch_sql()),
    }


def configuration(context: RangeContext, member: Member) -> dict[str, object]:
    """Return Patroni's configuration for one member. Raise MR203 for a profile that does not exist."""
    disk = context.disk[member.host]
    program = binaries.postgresql_bin()
    return {
        "scope": SCOPE,
        "namespace": NAMESPACE,
        "name": member.ledger,
        # Its own host's. Patroni asks it for the other members; told of all of them, it would begin with any, and a
        # copy that watches through the etcd of a host that falls silent does not hear that the leader's key went.
        "etcd3": {"host": f"{member.address}:{CLIENT_PORT}"},
        "restapi": {
            "listen": f"{member.address}:{REST_PORT}",
            "connect_address": f"{member.address}:{REST_PORT}",
            "authentication": {"username": "patroni", "password": context.secret("patroni-rest")},
        },
        "bootstrap": {
            "dcs": _dynamic(context.profile),
            "initdb": [*postgresql.INITDB, {"waldir": str(disk / WAL)}],
            "post_bootstrap": shlex.join((str(program / "psql"), "-X", "-q", "-f", str(disk / FIRST_SQL))),
        },
        "postgresql": {
            "listen": f"{member.address}:{POSTGRES_PORT}",
            "connect_address": f"{member.address}:{POSTGRES_PORT}",
            "data_dir": str(disk / DATA),
            "bin_dir": str(program),
            "pgpass": str(disk / "stack" / "pgpass"),
            "use_unix_socket": True,
            "use_unix_socket_repl": True,
            "authentication": {
                "superuser": {"username": "postgres", "password": context.secret("postgres-superuser")},
                "replication": {"username": "replicator", "password": context.secret("postgres-replication")},
                "rewind": {"username": "rewinder", "password": context.secret("postgres-rewind")},
            },
            "parameters": {
                "unix_socket_directories": str(context.run[member.host]),
                "log_line_prefix": f"{member.ledger} %m [%p] %q%u@%d ",
            },
            "pg_hba": postgresql.access(),
            "remove_data_directory_on_rewind_failure": True,
            "remove_data_directory_on_diverged_timelines": True,
            "basebackup": [{"checkpoint": "fast"}, {"waldir": str(disk / WAL)}, "no-sync"],
        },
        "tags": {"failover_priority": member.failover_priority},
        "watchdog": {"mode": "off"},
    }


def _dynamic(profile: str) -> dict[str, object]:
    """Return the part of the configuration that Patroni keeps in etcd for all the members."""
    timing = PROFILES.get(profile)
    if timing is None:
        raise MeridianError(
            "MR203", f"no profile named {profile!r}", remedy=f"choose one of: {', '.join(sorted(PROFILES))}"
        )
    return {
        "ttl": timing.ttl,
        "loop_wait": timing.loop_wait,
        "retry_timeout": timing.retry_timeout,
        "primary_start_timeout": timing.primary_start_timeout,
        "synchronous_mode": "quorum",
        "synchronous_mode_strict": True,
        "synchronous_node_count": 1,
        "failsafe_mode": True,
        "check_timeline": True,
        "maximum_lag_on_failover": MAXIMUM_LAG_BYTES,
        "postgresql": {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": dict(postgresql.SHARED_PARAMETERS),
        },
    }
