"""PostgreSQL's settings, who may connect to it, and the SQL that makes a new cluster the ledger.

Passwords never travel: the SQL carries SCRAM-SHA-256 verifiers (RFC 5803, as PostgreSQL stores them), so that neither
a log nor an argument list can show one.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from meridian.stack.members import DATABASE, MEMBERS
from meridian.topology import HOSTS

SCRAM_ITERATIONS = 4096
"""PostgreSQL's default (``scram_iterations``)."""
SCRAM_SALT_BYTES = 16

OBSERVERS = ("lookout", "app-b", "db-w")
"""The hosts from which it is tried whether the ledger takes writes: the role ``observer`` may connect from there."""

ROLES: Mapping[str, tuple[str, str]] = {
    "ledger_app": ("ledger-app", "LOGIN"),
    "auditor": ("ledger-auditor", "LOGIN IN ROLE pg_monitor"),
    "vault": ("ledger-vault", "LOGIN REPLICATION"),
    "observer": ("ledger-observer", "LOGIN"),
}
"""Role → (name of its secret, attributes), for the roles that Patroni does not make itself."""

SHARED_PARAMETERS: Mapping[str, object] = {
    "max_connections": 100,
    "max_wal_senders": 12,
    "max_replication_slots": 12,
    "max_worker_processes": 4,
    "wal_level": "replica",
    "wal_log_hints": "on",
    # After each checkpoint whole pages are logged once: they are zeros and repetition for the most part.
    "wal_compression": "on",
    "wal_keep_size": "256MB",
    "max_slot_wal_keep_size": "512MB",
    "max_wal_size": "256MB",
    "shared_buffers": "32MB",
    # Four processes fewer to start for each copy: the range's load is small and its disk is memory.
    "io_method": "sync",
    # In the data directory, where a server that is killed leaves nothing behind that is not found with it.
    "dynamic_shared_memory_type": "mmap",
    "max_logical_replication_workers": 0,
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # Who came, who was turned away, who left, and what was defined: the sensor's audit of the database.
    "log_connections": "receipt,authorization",
    "log_disconnections": "on",
    "log_statement": "ddl",
    # A peer that vanished without a word is noticed within five seconds, not within the minute of the defaults.
    "wal_sender_timeout": "5s",
    "wal_receiver_timeout": "5s",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "500ms",
    "tcp_keepalives_idle": 2,
    "tcp_keepalives_interval": 1,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 4000,
}
"""The same on every copy: kept by Patroni in etcd, so that a new primary has the old one's settings."""

INITDB: tuple[object, ...] = (
    "data-checksums",
    "no-sync",
    # A base backup ends with a switch to the next segment, and the rest of the old one is sent to every copy: sixteen
    # megabytes of nothing, which on a slow line is a minute in which no commit is confirmed.
    {"wal-segsize": "1"},
    {"encoding": "UTF8"},
    # The server's own C.UTF-8: it does not depend on which locales this machine has installed.
    {"locale-provider": "builtin"},
    {"builtin-locale": "C.UTF-8"},
    {"locale": "C"},
    {"auth-local": "scram-sha-256"},
    {"auth-host": "scram-sha-256"},
)


_SILENT = ("SET log_min_error_statement = panic;", "SET log_statement = none;")
"""Keeps what a session does out of the server's log: verifiers of passwords are no affair of it."""


def access() -> list[str]:
    """Return the lines of pg_hba.conf: who may connect from where, always by SCRAM; anybody else is refused.

    The Unix socket serves Patroni on its own host and the control plane outside, which reads as ``auditor``.
    """
    lines = [
        "local all postgres,auditor scram-sha-256",
        "local replication replicator scram-sha-256",
    ]
    for member in MEMBERS:
        lines.append(f"host replication replicator {HOSTS[member.host].source}/32 scram-sha-256")
        lines.append(f"host postgres rewinder {HOSTS[member.host].source}/32 scram-sha-256")
    lines += [f"host {DATABASE} ledger_app {HOSTS[host].source}/32 scram-sha-256" for host in ("app-a", "app-b")]
    lines += [f"host {DATABASE} observer {HOSTS[host].source}/32 scram-sha-256" for host in OBSERVERS]
    lines.append(f"host replication vault {HOSTS['vault'].source}/32 scram-sha-256")
    return lines


def verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL stores for a password: ``SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey``.

    The password must be ASCII, for which SASLprep (RFC 4013) changes nothing: the range's secrets are.
    """
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{salt_text}${stored_text}:{server_text}"


def first_sql(passwords: Mapping[str, str], schema: str) -> str:
    """Return the psql script that Patroni runs once, on the new cluster: roles, the database, then ``schema`` in it.

    ``passwords`` has the password of every role in ROLES.
    """
    verifiers = {role: verifier(passwords[role], secrets.token_bytes(SCRAM_SALT_BYTES)) for role in ROLES}
    roles = [
        f"CREATE ROLE {role} {attributes} PASSWORD '{verifiers[role]}';" for role, (_, attributes) in ROLES.items()
    ]
    return "\n".join(
        (
            "\\set ON_ERROR_STOP on",
            *_SILENT,
            *roles,
            # The superuser's role is for maintenance: whatever it changes is in the log.
            "ALTER ROLE postgres SET log_statement = 'mod';",
            f"CREATE DATABASE {DATABASE};",
            f"REVOKE CONNECT, TEMPORARY ON DATABASE {DATABASE} FROM PUBLIC;",
            f"GRANT CONNECT ON DATABASE {DATABASE} TO ledger_app, auditor, observer;",
            f"\\connect {DATABASE}",
            *_SILENT,
            "BEGIN;",
            schema,
            "COMMIT;",
            "",
        )
    )
