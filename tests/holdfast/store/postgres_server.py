"""A real PostgreSQL for tests, on a Unix socket of a temporary directory, under an account that is not root."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from meridian import binaries
from tests.repository.tree import read

TOOL_TIMEOUT_S = 60
DEADLINE_S = 60
PASSWORD = "only-for-tests"
UNPRIVILEGED = "nobody"
SUPERUSER = "postgres"
OWNER, APPENDER, READER, ERASER = "holdfast_owner", "holdfast_append", "holdfast_read", "holdfast_erase"
# What the manual tells an institution to do is done here: roles and a database, and grants once the log is there.
_MANUAL = re.findall(r"```sql\n(.*?)```", read(Path("docs/log.md")), re.DOTALL)
ESTABLISH, GRANTS = (_MANUAL[0], _MANUAL[1])
_SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "32MB",
    "max_wal_size": "128MB",
    "max_connections": "60",
    "io_method": "sync",
    # After a crash, one call instead of one for each file of every database that a test has made.
    "recovery_init_sync_method": "syncfs",
}


@dataclass(frozen=True, slots=True)
class Server:
    """One server: its data, its socket and its passwords lie in ``directory``."""

    programs: Path
    directory: Path
    spare: list[str] = field(default_factory=list)  # databases without a log

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def passfile(self) -> Path:
        return self.directory / "passfile"

    def url(self, database: str, user: str = OWNER, more: str = "") -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.directory), safe='')}{more}"

    def run(self, tool: str, *arguments: str) -> int:
        """Run a program of PostgreSQL, which refuses to be root, and return its exit status."""
        unprivileged = {"user": UNPRIVILEGED, "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
        with (self.directory / "tools.log").open("ab") as log:
            done: subprocess.CompletedProcess[bytes] = subprocess.run(
                [str(self.programs / tool), *arguments],
                check=False,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                timeout=TOOL_TIMEOUT_S,
                cwd=self.directory,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                **unprivileged,  # type: ignore[call-overload]
            )
            return done.returncode

    def start(self) -> None:
        """Start; after a kill, as soon as the last process of the one before has gone."""
        log = str(self.directory / "server.log")
        wait_for(lambda: self.run("pg_ctl", "start", "-w", "-D", str(self.data), "-l", log) == 0)

    def stop(self, mode: str = "immediate") -> None:
        """Stop; ``immediate`` is what a crash of the server's machine leaves, apart from its page cache."""
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data))

    def kill(self) -> None:
        """Kill the server's first process; the others notice and end by themselves."""
        pid = int((self.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def configure(self, **settings: str) -> None:
        """Set what these settings shall be from now on."""
        for name, value in settings.items():
            self.ask(f"ALTER SYSTEM SET {name} = '{value}'")
        self.ask("SELECT pg_reload_conf()")
        for name, value in settings.items():
            wait_for(lambda name=name, value=value: self.ask(f"SHOW {name}") == [(value,)])  # type: ignore[misc]

    def ask(self, statement: str, database: str = "postgres", user: str = SUPERUSER) -> list[tuple[object, ...]]:
        """Return the rows of a statement, by default of the superuser's."""
        with psycopg.connect(self.url(database, user), autocommit=True) as connection:
            answer = connection.execute(statement.encode())
            return answer.fetchall() if answer.description else []

    def database(self, name: str, template: str | None = None) -> str:
        """Return a database without a log, which may be a spare one, or else of this name, a copy of the template."""
        if self.spare and template is None:
            return self.spare.pop()
        like = f"CREATE DATABASE {name} TEMPLATE {template}" if template else f"CREATE DATABASE {name}"
        for statement in statements(ESTABLISH):
            if "ROLE" not in statement.split()[:2]:
                self.ask(statement.replace("CREATE DATABASE evidence", like).replace("evidence", name))
        return name

    def spare_again(self, name: str) -> None:
        """Take a database back, without its log and without whoever is still in it."""
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        self.ask(f"SELECT pg_terminate_backend(pid, 5000) {others}", name)
        self.ask("DROP SCHEMA IF EXISTS holdfast CASCADE", name)
        self.spare.append(name)


@contextmanager
def running() -> Iterator[Server]:
    """Yield a running server, and let PGPASSFILE name where its passwords are."""
    with tempfile.TemporaryDirectory(prefix="hf-pg-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        server = Server(_reachable(directory), directory)
        secret = directory / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if os.getuid() == 0:
            shutil.chown(directory, UNPRIVILEGED)
            shutil.chown(secret, UNPRIVILEGED)
        server.passfile.write_text(f"*:*:*:*:{PASSWORD}\n", encoding="utf-8")
        server.passfile.chmod(0o600)
        before = os.environ.get("PGPASSFILE")
        os.environ["PGPASSFILE"] = str(server.passfile)
        try:
            _establish(server, secret)
            yield server
        finally:
            server.stop()
            if before is None:
                del os.environ["PGPASSFILE"]
            else:
                os.environ["PGPASSFILE"] = before


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; fail when it does not become so."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with suppress(psycopg.OperationalError):
            if condition():
                return
        assert time.monotonic() < deadline, "the condition did not become true"
        time.sleep(0.05)


def _establish(server: Server, secret: Path) -> None:
    options = ("--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C", "--no-sync")
    assert server.run("initdb", "-U", SUPERUSER, "-D", str(server.data), *options) == 0
    with (server.data / "postgresql.conf").open("a", encoding="utf-8") as conf:
        conf.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        conf.write(f"unix_socket_directories = '{server.directory}'\n")
    server.start()
    for statement in statements(ESTABLISH):
        if "ROLE" in statement.split()[:2]:
            server.ask(f"{statement} PASSWORD '{PASSWORD}'")


def statements(script: str) -> list[str]:
    """Return the statements of a script that has no semicolon within one."""
    return [statement for part in script.split(";") if (statement := part.strip())]


def _reachable(directory: Path) -> Path:
    """Return PostgreSQL's programs, copied to where an unprivileged account can reach them if it cannot as they are."""
    programs = binaries.postgresql_bin()
    if os.getuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in programs.parents):
        return programs
    shutil.copytree(programs.parent, directory / "postgresql")
    return directory / "postgresql" / "bin"
