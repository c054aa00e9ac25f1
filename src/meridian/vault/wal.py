"""The vault's copy of the write-ahead log, streamed from whichever server leads.

``pg_receivewal`` runs without a slot and without ``--synchronous``: only so does it never report what it has flushed,
and never can it count as the second copy that a commit waits for. A primary that were told to wait for anybody would
else acknowledge payments that exist on one server and in a file that cannot take over. What a missing slot costs is
covered by ``wal_keep_size``. libpq's own choice of server is good enough here: nothing is promised on this copy.

So this copy can be ahead of what became history: a primary that was replaced may have sent segments that no other copy
ever had. ``pg_receivewal`` begins where its latest file ends, which the new primary's history does not have, and would
fail for ever. Such segments are set aside before it starts; they hold nothing that was acknowledged.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from meridian.vault.manifest import SEGMENT_BYTES, lsn, segment_number

STATUS_EVERY_S = 1
AHEAD = "ahead"
_NAME_DIGITS = 24


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
    _return_to_history(directory, source, password)
    arguments = ["-D", str(directory), "-d", source, "--no-loop", "--no-password", "-s", str(STATUS_EVERY_S)]
    os.execve(program, [str(program), *arguments], {**os.environ, "PGPASSWORD": password})  # noqa: S606 - it becomes it


def set_aside(directory: Path, timeline: int, forks: Mapping[int, int]) -> list[str]:
    """Move the segments that lie beyond their timeline's end into ``ahead``, and return the names of all it touched.

    ``timeline`` is the server's, ``forks`` maps each of its ancestors to the log position in bytes at which it was
    left. A segment in which a fork lies is kept, as one that is not complete: it is read up to there, and received
    again from its beginning. What is of no ancestor has no place at all.
    """
    moved = []
    for path in sorted(directory.iterdir()):
        digits = path.name.removesuffix(".partial")
        if len(digits) != _NAME_DIGITS or not path.is_file():
            continue
        own = int(digits[:8], 16)
        begins = segment_number(digits) * SEGMENT_BYTES
        fork = forks.get(own, -1)
        if own >= timeline or begins + SEGMENT_BYTES <= fork:
            continue
        if begins <= fork:
            if path.name == digits:
                path.replace(directory / f"{digits}.partial")
                moved.append(path.name)
            continue
        (directory / AHEAD).mkdir(exist_ok=True)
        path.replace(directory / AHEAD / path.name)
        moved.append(path.name)
    return moved


def forks_in(history: str) -> dict[int, int]:
    """Return where each ancestor was left, from a timeline's history file (PostgreSQL 18, section 25.3.6)."""
    found = {}
    for line in history.splitlines():
        words = line.split("#", 1)[0].split()
        if len(words) > 1:
            found[int(words[0])] = lsn(words[1])
    return found


def _return_to_history(directory: Path, source: str, password: str) -> None:
    """Ask the primary for its history and set aside what is not of it; without an answer nothing is touched."""
    try:
        with psycopg.connect(source, password=password, replication="true", autocommit=True) as connection:
            told = connection.pgconn.exec_(b"IDENTIFY_SYSTEM")
            timeline = int(told.get_value(0, 1) or b"0")
            if timeline < 2:  # noqa: PLR2004 - the first timeline has no ancestor
                return
            history = connection.pgconn.exec_(f"TIMELINE_HISTORY {timeline}".encode()).get_value(0, 1) or b""
    except (psycopg.Error, ValueError) as error:
        sys.stderr.write(f"vault: the primary's history was not read: {error}\n")
        return
    for name in set_aside(directory, timeline, forks_in(history.decode(errors="replace"))):
        sys.stderr.write(f"vault: {name} did not, or not as a whole, become history\n")
