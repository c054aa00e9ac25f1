"""A real PostgreSQL with the ledger in it, alone or as a synchronous pair, on Unix sockets of a temporary directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from meridian import binaries, ledger
from meridian.stack import postgresql

START_TIMEOUT_S = 60
PASSWORD = "only-for-tests"
UNPRIVILEGED = "nobody"

_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "max_wal_senders": "6",
    "hot_standby": "on",
    "shared_buffers": "32MB",
    "synchronous_commit": "on",
    "wal_retrieve_retry_interval": "200ms",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its data lies below ``directory``, its socket in it, on the port that names it."""

    program: Path
    directory: Path
    name: str
    port: int

    @property
    def data(self) -> Path:
        return self.directory / self.name

    def dsn(self, user: str = "ledger_app", database: str = "ledger", **more: str) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self.directory), port=self.port, user=user, dbname=database, password=PASSWORD, **more
        )

    def run(self, tool: str, *arguments: str) -> None:
        """Run a program of PostgreSQL, which refuses to be root."""
        unprivileged = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        with (self.directory / "tools.log").open("ab") as log:
            subprocess.run(
                [str(self.program / tool), *arguments],
                check=True,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                timeout=START_TIMEOUT_S,
                cwd=self.directory,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGPASSWORD": PASSWORD, "TZ": "UTC"},
                **unprivileged,  # type: ignore[call-overload]
            )

    def start(self) -> None:
        log = str(self.directory / f"{self.name}.log")
        self.run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log)

    def stop(self, mode: str = "immediate") -> None:
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-D", str(self.data))

    def configure(self, **settings: str) -> None:
        """Add settings and let the server read them."""
        with (self.data / "postgresql.auto.conf").open("a", encoding="utf-8") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "reload", "-D", str(self.data))

    def ask(self, query: str) -> list[tuple[object, ...]]:
        """Return the rows of a query of the superuser's."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            answer = connection.execute(query.encode())
            return answer.fetchall() if answer.description else []


@contextmanager
def alone() -> Iterator[Server]:
    """Yield a primary that waits for a standby which never comes: rules can be tried, nothing can be acknowledged."""
    with _directory() as directory:
        server = _new(directory, "ledger-a", 5001)
        try:
            _establish(server)
            server.configure(synchronous_standby_names='ANY 1 ("nobody-at-all")')
            wait_for(lambda: "nobody" in str(server.ask("SHOW synchronous_standby_names")[0][0]))
            yield server
        finally:
            server.stop()


@contextmanager
def pair() -> Iterator[tuple[Server, Server]]:
    """Yield a primary and a standby that every commit waits for; the standby may lag only when a test makes it."""
    with _directory() as directory:
        primary = _new(directory, "ledger-a", 5001)
        standby = Server(primary.program, directory, "ledger-b", 5002)
        try:
            _establish(primary)
            attach(standby, primary)
            primary.configure(synchronous_standby_names='ANY 1 ("ledger-b")')
            wait_for(lambda: primary.ask("SELECT sync_state FROM pg_stat_replication") == [("quorum",)])
            yield primary, standby
        finally:
            standby.stop()
            primary.stop()


def attach(standby: Server, primary: Server) -> None:
    """Make a fresh copy of the primary and let it follow."""
    source = primary.dsn("replicator", "replication", application_name=standby.name)
    shutil.rmtree(standby.data, ignore_errors=True)
    standby.run("pg_basebackup", "-D", str(standby.data), "-d", source, "-X", "stream", "-c", "fast", "--no-sync")
    (standby.data / "standby.signal").touch()
    standby.configure(primary_conninfo=source.replace("'", "''"), port=str(standby.port), synchronous_standby_names="")
    standby.start()


def wait_for(condition: object, timeout_s: float = START_TIMEOUT_S) -> None:
    """Return once ``condition()`` is true; fail when it does not become so."""
    deadline = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not become true")
        time.sleep(0.02)


@contextmanager
def _directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mr-", ignore_cleanup_errors=True) as name:
        if os.getuid() == 0:
            shutil.chown(name, UNPRIVILEGED)
        yield Path(name)


def _new(directory: Path, name: str, port: int) -> Server:
    """Initialise a cluster and start it; every connection needs a password, as in the range."""
    server = Server(_reachable(directory), directory, name, port)
    secret = directory / "password"
    secret.write_text(PASSWORD, encoding="utf-8")
    if os.getuid() == 0:
        shutil.chown(secret, UNPRIVILEGED)
    options = [f"--{o}" if isinstance(o, str) else f"--{k}={v}" for o in postgresql.INITDB for k, v in _pairs(o)]
    server.run("initdb", "-U", "postgres", "-D", str(server.data), f"--pwfile={secret}", *options)
    server.configure(**_SETTINGS, unix_socket_directories=str(directory), port=str(port))
    with (server.data / "pg_hba.conf").open("a", encoding="utf-8") as rules:
        rules.write("local replication all scram-sha-256\n")
    server.start()
    return server


def _pairs(option: object) -> list[tuple[str, str]]:
    return list(option.items()) if isinstance(option, dict) else [("", "")]


def _establish(server: Server) -> None:
    """Make the roles and the ledger as the range does."""
    passwords = dict.fromkeys(postgresql.ROLES, PASSWORD)
    script = server.directory / "first.sql"
    script.write_text(postgresql.first_sql(passwords, ledger.sql() + ledger.watch_sql()), encoding="utf-8")
    script.chmod(0o644)
    server.run("psql", "-X", "-q", "-d", server.dsn("postgres", "postgres"), "-f", str(script))
    server.ask(f"CREATE ROLE replicator LOGIN REPLICATION PASSWORD '{PASSWORD}'")


def _reachable(directory: Path) -> Path:
    """Return PostgreSQL's programs, copied to where an unprivileged account can reach them if it cannot as they are."""
    program = binaries.postgresql_bin()
    if os.getuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in program.parents):
        return program
    shutil.copytree(program.parent, directory / "postgresql")
    return directory / "postgresql" / "bin"
