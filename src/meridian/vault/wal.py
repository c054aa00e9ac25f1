"""The vault's copy of the write-ahead log, streamed from whichever server leads.

``pg_receivewal`` runs without a slot and without ``--synchronous``: only so does it never report what it has flushed,
and never can it count as the second copy that a commit waits for. A primary that were told to wait for anybody would
else acknowledge payments that exist on one server and in a file that cannot take over. What a missing slot costs is
covered by ``wal_keep_size``. libpq's own choice of server is good enough here: nothing is promised on this copy.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import make_conninfo

STATUS_EVERY_S = 1


def receive(program: Path, directory: Path, hosts: Sequence[str], port: int, password: str) -> None:
    """Become pg_receivewal; it ends when its server does, and is started again by whoever supervises it."""
    directory.mkdir(parents=True, exist_ok=True)
    source = make_conninfo(
        "",
        host=",".join(hosts),
        port=port,
        user="vault",
        application_name="vault-wal",
        target_session_attrs="read-write",
        connect_timeout=2,
        # A primary that vanished without a word is given up when it acknowledges nothing for three seconds.
        tcp_user_timeout=3000,
        keepalives_idle=1,
        keepalives_interval=1,
        keepalives_count=3,
        require_auth="scram-sha-256",
        sslmode="disable",
        gssencmode="disable",
    )
    arguments = ["-D", str(directory), "-d", source, "--no-loop", "--no-password", "-s", str(STATUS_EVERY_S)]
    os.execve(program, [str(program), *arguments], {**os.environ, "PGPASSWORD": password})  # noqa: S606 - it becomes it
