"""The vault's base backups: pulled from a copy that does not lead, verified here, kept or thrown away, and recorded.

A standby is asked before the leader, the one at the witness first: a backup reads every page, and of two standbys a
commit waits only for the quicker. But a standby's backup begins at its last restartpoint, which may be minutes old. So
when the log that is kept does not reach back that far, or no standby answers, the leader is asked: its backup begins
with a checkpoint of its own.

Nothing is kept that was not verified, and a backup that fails takes none of the older ones with it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from meridian.vault import manifest
from meridian.vault.manifest import MANIFEST, SEGMENT_BYTES, NoManifestError

FIRST_AFTER_S = 15.0
"""From the start of this process to its first backup: the range is armed by then, or nearly."""
EVERY_S = 300.0
AGAIN_AFTER_S = 30.0
"""From a backup that failed to the next one."""
KEPT = 3
"""Verified backups that are kept; older ones go, and with them the log that only they need."""
RATE_KB_PER_S = 16_384
"""How fast a server is read at most: a tenth of a core on an ordinary machine."""
NICENESS = 15
TIME_LIMIT_S = 600.0
FREE_BYTES = 256 << 20
"""What must be free beside twice the size of the last backup, or none is begun."""
LOG_WAIT_S = 10.0
"""How long the log that a backup needs may take to arrive."""
LOOK_EVERY_S = 0.2
PULLING_LOOK_EVERY_S = 0.05
REASON_LIMIT = 500

Role = Literal["standby", "leader"]
_ASKED_FOR: Mapping[Role, str] = {"standby": "standby", "leader": "read-write"}
"""Role → libpq's word for it, in the order in which they are asked."""
_POSITION = re.compile(r"^START WAL LOCATION: (\S+)", re.MULTILINE)
_TIMELINE = re.compile(r"^START TIMELINE: (\d+)$", re.MULTILINE)

RECORD = "record.ndjson"
_INCOMING = "incoming"


@dataclass(frozen=True, slots=True)
class Backup:
    """One attempt, as it is recorded: ``verified`` or ``failed`` with the ``reason``.

    Times are microseconds since 1970 UTC, ``server`` the address that was asked and ``role`` whether it led; positions
    in the log are PostgreSQL's. What a failed attempt never learnt is null. ``removed`` are the backups that went.
    """

    name: str
    result: str
    reason: str | None
    by: str
    begun_utc_us: int | None
    ended_utc_us: int
    server: str | None = None
    role: str | None = None
    timeline: int | None = None
    start_lsn: str | None = None
    end_lsn: str | None = None
    files: int | None = None
    size_bytes: int | None = None
    manifest_sha256: str | None = None
    removed: tuple[str, ...] = ()


class NotPulledError(Exception):
    """A server was not backed up; the message says why."""


class LogTooShortError(NotPulledError):
    """The log that is kept does not reach back to where a backup begins."""


@dataclass(frozen=True, slots=True)
class Source:
    """How backups are pulled: the program, the servers in the order in which they are asked, and the vault's role."""

    program: Path
    hosts: Sequence[str]
    port: int
    password: str
    user: str = "vault"

    def server(self, role: Role) -> str | None:
        """Return the first server that has a role, None if none of them answers and has it."""
        try:
            with psycopg.connect(
                self._conninfo(self.hosts, _ASKED_FOR[role]), password=self.password, autocommit=True
            ) as connection:
                return connection.info.host
        except psycopg.Error:
            return None

    def pull(self, server: str, directory: Path, label: str, reaches_back: Callable[[int, int], bool]) -> None:
        """Have a server backed up into a new directory. Raise NotPulledError, or LogTooShortError as soon as it begins.

        ``reaches_back`` is given the timeline and the position in the log at which the backup begins.
        """
        arguments = (
            *("-D", str(directory), "-d", self._conninfo([server], "any"), "--no-password"),
            *("-X", "none", "-c", "fast", "--manifest-checksums=SHA256"),
            *(f"--max-rate={RATE_KB_PER_S}", f"--label={label}"),
        )
        deadline = time.monotonic() + TIME_LIMIT_S
        with subprocess.Popen(
            (str(self.program), *arguments),
            env={**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as child:
            try:
                judged = False
                while child.poll() is None and time.monotonic() < deadline:
                    # The first file that comes says where in the log the backup begins.
                    if not judged and (begins := _begins(directory)):
                        judged = True
                        if not reaches_back(*begins):
                            where = manifest.lsn_text(begins[1])
                            raise LogTooShortError(f"{server}: it would begin at {where}, before the log that is kept")
                    time.sleep(PULLING_LOOK_EVERY_S)
            finally:
                child.kill()
            said = child.stderr.read() if child.stderr else ""
        if child.returncode:
            lines = (line.strip() for line in said.splitlines())
            raise NotPulledError(" / ".join(line for line in lines if line) or f"exit status {child.returncode}")

    def _conninfo(self, hosts: Sequence[str], asked_for: str) -> str:
        return make_conninfo(
            "",
            host=",".join(hosts),
            port=self.port,
            user=self.user,
            replication="true",
            application_name="vault-base",
            target_session_attrs=asked_for,
            connect_timeout=2,
            tcp_user_timeout=5000,
            keepalives_idle=2,
            keepalives_interval=1,
            keepalives_count=3,
            require_auth="scram-sha-256",
            sslmode="disable",
            gssencmode="disable",
        )


class Shelf:
    """The backups that are kept below one directory, with the record of all attempts. One attempt at a time."""

    def __init__(self, directory: Path, wal: Path, source: Source) -> None:
        """Keep backups in ``directory`` beside the log in ``wal``; an attempt that was broken off is recorded."""
        self._directory = directory
        self._wal = wal
        self._source = source
        self._lock = threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)
        if self._incoming.exists():
            begun_us = self._incoming.stat().st_mtime_ns // 1000
            shutil.rmtree(self._incoming, ignore_errors=True)
            self._write(
                Backup(_name(begun_us), "failed", "broken off: the vault's process ended", "unknown", None, _now_us())
            )

    @property
    def _incoming(self) -> Path:
        return self._directory / _INCOMING

    def rows(self) -> list[dict[str, object]]:
        """Return every attempt on record, oldest first."""
        with suppress(FileNotFoundError):
            text = (self._directory / RECORD).read_text(encoding="utf-8")
            return [json.loads(line) for line in text.splitlines() if line]
        return []

    def kept(self) -> list[Path]:
        """Return the verified backups that are there, oldest first."""
        return sorted(path.parent for path in self._directory.glob(f"[0-9]*/{MANIFEST}"))

    def back_up(self, by: str) -> Backup:
        """Pull a backup, verify it, keep it or throw it away, record the attempt, and return it."""
        with self._lock:
            begun_us = _now_us()
            try:
                done = self._attempt(_name(begun_us), by, begun_us)
            except OSError as error:
                done = Backup(_name(begun_us), "failed", str(error)[-REASON_LIMIT:], by, begun_us, _now_us())
            shutil.rmtree(self._incoming, ignore_errors=True)
            self._write(done)
            return done

    def _attempt(self, name: str, by: str, begun_us: int) -> Backup:
        server: str | None = None
        role: Role | None = None

        def failed(reason: str) -> Backup:
            return Backup(name, "failed", reason[-REASON_LIMIT:], by, begun_us, _now_us(), server, role)

        if lack := self._lack():
            return failed(lack)
        refused = "no server answers"
        for role in _ASKED_FOR:
            if (server := self._source.server(role)) is None:
                continue
            try:
                # A leader's backup begins now: whatever log it needs is still to come.
                reaches_back = self._reaches_back if role == "standby" else _always
                self._source.pull(server, self._incoming, name, reaches_back)
            except LogTooShortError as error:
                refused = str(error)
                shutil.rmtree(self._incoming, ignore_errors=True)
                continue
            except (OSError, NotPulledError) as error:
                return failed(str(error))
            break
        else:
            return failed(refused)
        if wrong := self._wrong():
            return failed("not verified: " + "; ".join(wrong))
        octets = (self._incoming / MANIFEST).read_bytes()
        said = manifest.read(octets)
        self._incoming.rename(self._directory / name)
        removed = self._prune()
        first, last = said.ranges[0], said.ranges[-1]
        return Backup(
            name, "verified", None, by, begun_us, _now_us(), server, role,
            timeline=last.timeline,
            start_lsn=manifest.lsn_text(first.start),
            end_lsn=manifest.lsn_text(last.end),
            files=len(said.files),
            size_bytes=said.size_bytes,
            manifest_sha256=manifest.sha256(octets),
            removed=removed,
        )  # fmt: skip

    def _reaches_back(self, timeline: int, start: int) -> bool:
        """Return whether the log that is kept begins no later than a position on a timeline."""
        kept = [path.name for path in self._wal.glob("*") if path.name.startswith(f"{timeline:08X}")]
        return any(manifest.segment_number(name) <= start // SEGMENT_BYTES for name in kept)

    def _wrong(self) -> list[str]:
        """Return what is wrong with the backup that came in, once the log that it needs had time to arrive."""
        deadline = time.monotonic() + LOG_WAIT_S
        while manifest.log_problems(self._incoming, self._wal) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return manifest.problems(self._incoming, self._wal)

    def _lack(self) -> str | None:
        """Return why there is no room for another backup, None if there is."""
        sizes = (said.size_bytes for path in self.kept()[-1:] if (said := _said(path)))
        needed = FREE_BYTES + 2 * next(sizes, 0)
        free = shutil.disk_usage(self._directory).free
        return f"the vault's disk has {free:,} bytes free, {needed:,} are needed" if free < needed else None

    def _prune(self) -> tuple[str, ...]:
        """Remove the backups beyond those that are kept, and the log from before the oldest of these."""
        kept = self.kept()
        gone = kept[:-KEPT]
        for path in gone:
            shutil.rmtree(path)
        if oldest := _said(kept[-KEPT:][0]):
            needed_from = oldest.ranges[0].start // SEGMENT_BYTES
            for path in self._wal.glob("[0-9A-F]" * 24):
                if manifest.segment_number(path.name) < needed_from:
                    path.unlink()
        return tuple(path.name for path in gone)

    def _write(self, backup: Backup) -> None:
        """Append to the record, durably."""
        with (self._directory / RECORD).open("a", encoding="utf-8") as record:
            record.write(json.dumps(asdict(backup)) + "\n")
            record.flush()
            os.fsync(record.fileno())


def keep(shelf: Shelf, wait: Callable[[float], object] = time.sleep) -> None:
    """Pull backups at intervals for ever; ``wait`` is given the seconds until the next."""
    wait(FIRST_AFTER_S)
    while True:
        done = shelf.back_up("interval")
        wait(EVERY_S if done.result == "verified" else AGAIN_AFTER_S)


def _always(timeline: int, start: int) -> bool:
    """Return that the log reaches back, wherever a backup begins."""
    del timeline, start
    return True


def _begins(directory: Path) -> tuple[int, int] | None:
    """Return the timeline and the position at which a backup that comes in begins, None if it is not known yet."""
    try:
        label = (directory / "backup_label").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    position, timeline = _POSITION.search(label), _TIMELINE.search(label)
    return (int(timeline[1]), manifest.lsn(position[1])) if position and timeline else None


def _said(backup: Path) -> manifest.Manifest | None:
    """Return the manifest of a backup that is kept, None if somebody altered it: then nothing rests on it."""
    try:
        return manifest.read((backup / MANIFEST).read_bytes())
    except (OSError, NoManifestError):
        return None


def _now_us() -> int:
    return time.time_ns() // 1000


def _name(utc_us: int) -> str:
    """Return the name of a backup begun at an instant: it sorts by time."""
    whole_s, rest_us = divmod(utc_us, 1_000_000)
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(whole_s)) + f".{rest_us:06d}Z"
