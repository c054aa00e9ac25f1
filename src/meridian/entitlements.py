"""Who may not alter what, tried: from a host, as the account of its servers, with what that account could have stolen.

Every attempt is made by the real account in the host's own namespaces, and says how it must be refused: an attempt that
fails for another reason has shown nothing. Beside the refusals stand controls that must succeed, so that a range in
which nothing works at all proves nothing either. Passwords reach an attempt on its standard input, never as arguments.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from meridian.topology import HOSTS

Verdict = Literal["refused", "allowed", "ALLOWED", "unclear", "not here"]
"""``refused``, and ``allowed`` for a control, are as they must be; ``ALLOWED`` is a right that nobody should have."""

LIMIT_S = 20.0
SAID_LIMIT = 300
_SILENCE = r"timed out|timeout expired"
_NO_ENTRY = r"no pg_hba\.conf entry"
_DENIED = r"permission denied|must be owner|42501"
_ONE_COPY = r"not durable at two sites"
"""Any session may set what its commits wait for; the ledger then does nothing for it."""
_NOT_THERE = r"FileNotFoundError|PermissionError"
_NO_CAPABILITY = r"Operation not permitted"
_DATABASES = ",".join(HOSTS[host].address for host in ("db-a", "db-b", "db-w"))

_PROGRAM = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
given = json.load(sys.stdin)
def connect(address, port):
    socket.create_connection((address, port), 2).close()
def sql(user, secret, statement, hosts, database="ledger", **more):
    import psycopg
    with psycopg.connect(host=hosts, port=5432, user=user, dbname=database, password=given[secret], connect_timeout=2,
                         autocommit=True, **more) as connection:
        if statement:
            connection.execute(statement)
def ask(address, port, method, path, body=None, token=None):
    import http.client
    connection = http.client.HTTPConnection(address, port, timeout=2)
    connection.request(method, path, body, {"Authorization": "Bearer " + token} if token else {})
    status = connection.getresponse().status
    if status >= 400:
        raise PermissionError(f"HTTP {status}")
def drop_table(name):
    import os, struct
    def message(kind, resource, rest=b""):
        return struct.pack("=IHHIIBBH", 20 + len(rest), kind, 5, 1, 0, 2, 0, socket.htons(resource)) + rest
    attribute = struct.pack("=HH", 4 + len(name) + 1, 1) + name + bytes(1)
    attribute += bytes(-len(attribute) % 4)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netfilter:
        netfilter.settimeout(2)
        netfilter.send(message(0x10, 10) + message(10 << 8 | 2, 0, attribute) + message(0x11, 10))
        number = -struct.unpack_from("=i", netfilter.recv(4096), 16)[0]
        if number:
            raise OSError(number, os.strerror(number))
def attempt(action):
    try:
        exec(action, globals())
    except Exception as error:
        return [False, " ".join(f"{type(error).__name__}: {error}".split())]
    return [True, "done"]
with ThreadPoolExecutor(len(given["actions"])) as pool:
    print(json.dumps(list(pool.map(attempt, given["actions"]))))
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """``by`` a host or process, ``what`` is attempted in words, ``action`` is it in Python.

    ``refused`` is a pattern of how it must be refused, None for a control. ``secrets`` are what it is given;
    ``accounts`` says that it only means something where every server has an account of its own.
    """

    by: str
    what: str
    action: str
    refused: str | None
    secrets: tuple[str, ...] = ()
    accounts: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt, and what came of it."""

    attempt: Attempt
    verdict: Verdict
    observed: str

    @property
    def as_it_must_be(self) -> bool:
        """Return whether nothing is wrong; what cannot be tried here is not wrong, and proves nothing."""
        return self.verdict in {"refused", "allowed", "not here"}


def attempts(directory: Path) -> tuple[Attempt, ...]:
    """Return what is tried on the range in ``directory``, controls included."""
    return (*_ledger(), *_consensus(), *_vault(directory), *_elsewhere(directory))


def _ledger() -> Iterable[Attempt]:
    """Return what concerns the primary and its copies."""
    leader = 'target_session_attrs="read-write"'

    def as_app(statement: str) -> str:
        return f'sql("ledger_app", "ledger-app", "{statement}", "{_DATABASES}", {leader})'

    def as_other(role: str, secret: str, more: str = "") -> str:
        return f'sql("{role}", "{secret}", "", "{_DATABASES}"{more})'

    own = ("ledger-app",)
    replication = ', database="replication", replication="true"'
    yield Attempt("settlement-a", "log in to the ledger as itself", as_app("SELECT 1"), None, own)
    yield Attempt(
        "settlement-a", "alter an entry of the ledger",
        as_app("UPDATE ledger.entry SET amount_cents = 0"), _DENIED, own,
    )  # fmt: skip
    yield Attempt(
        "settlement-a", "delete an instruction",
        as_app("DELETE FROM ledger.instruction"), _DENIED, own,
    )  # fmt: skip
    yield Attempt(
        "settlement-a", "have its commits acknowledged by one copy alone",
        as_app("SET synchronous_commit = local; SELECT ledger.handle('[]')"), _ONE_COPY, own,
    )  # fmt: skip
    yield Attempt(
        "settlement-a", "log in as superuser, with the right password",
        as_other("postgres", "postgres-superuser"), _NO_ENTRY, ("postgres-superuser",),
    )  # fmt: skip
    yield Attempt(
        "settlement-a", "copy the ledger as replicator, with the right password",
        as_other("replicator", "postgres-replication", replication), _NO_ENTRY, ("postgres-replication",),
    )  # fmt: skip
    yield Attempt("participants", "reach the ledger", f'connect("{HOSTS["db-a"].address}", 5432)', _SILENCE)
    for statement, what, refused in (
        ("SELECT 1", "read the ledger as auditor", None),
        ("UPDATE ledger.account SET balance_cents = 0", "alter a balance as auditor", _DENIED),
    ):
        action = f'sql("auditor", "ledger-auditor", "{statement}", given["run"])'
        yield Attempt("ledger-a", what, action, refused, ("ledger-auditor",))


def _consensus() -> Iterable[Attempt]:
    """Return what concerns who leads."""
    here = HOSTS["db-a"].address
    put = json.dumps({"key": "eA==", "value": "eA=="})
    patch = json.dumps({"synchronous_mode": False})
    write = f'ask("{here}", 2379, "POST", "/v3/kv/put", {put!r})'
    yield Attempt("settlement-a", "ask the cluster manager who leads", f'ask("{here}", 8008, "GET", "/patroni")', None)
    yield Attempt(
        "settlement-a", "change the cluster's configuration without a password",
        f'ask("{here}", 8008, "PATCH", "/config", {patch!r})', r"HTTP 401",
    )  # fmt: skip
    yield Attempt(
        "settlement-a", "order a failover without a password",
        f'ask("{here}", 8008, "POST", "/switchover", "{{}}")', r"HTTP 401",
    )  # fmt: skip
    for by in ("settlement-a", "vault-base", "participants"):
        yield Attempt(by, "write to the consensus store", write, _SILENCE)
    yield Attempt(
        "settlement-a", "take down the filter of its own host",
        "drop_table(b'segmentation')", _NO_CAPABILITY,
    )  # fmt: skip


def _vault(directory: Path) -> Iterable[Attempt]:
    """Return what concerns the vault, from both sides."""
    keep = directory / "hosts" / "vault" / "keep"
    shelf = HOSTS["vault"].address
    for by in ("settlement-a", "ledger-a", "participants"):
        yield Attempt(by, "reach the vault", f'connect("{shelf}", 8090)', _SILENCE)
        yield Attempt(by, "write into what the vault keeps", f'open("{keep}/base/x", "w")', _NOT_THERE)
    kept = f'ask("{shelf}", 8090, "{{method}}", "/v1/kept", token=given["rebuild-token"])'
    own = ("rebuild-token",)
    yield Attempt("rebuild", "read what the vault keeps", kept.format(method="GET"), None, own)
    yield Attempt("rebuild", "change what the vault keeps", kept.format(method="POST"), r"HTTP 405", own)
    yield Attempt("rebuild", "read it without its token", f'ask("{shelf}", 8090, "GET", "/v1/kept")', r"HTTP 401")
    replication = 'database="replication", replication="true"'
    yield Attempt(
        "vault-base", "follow the ledger's log as vault",
        f'sql("vault", "ledger-vault", "", "{_DATABASES}", {replication})', None, ("ledger-vault",),
    )  # fmt: skip
    yield Attempt(
        "vault-base", "open the ledger for statements as vault",
        f'sql("vault", "ledger-vault", "SELECT 1", "{_DATABASES}")', _NO_ENTRY, ("ledger-vault",),
    )  # fmt: skip
    yield Attempt("vault-base", "reach the cluster manager", f'connect("{HOSTS["db-a"].address}", 8008)', _SILENCE)


def _elsewhere(directory: Path) -> Iterable[Attempt]:
    """Return what concerns clean room and cloud, and what identity rests on: secrets and the hypervisor."""
    shelf = HOSTS["vault"].address
    for by in ("settlement-a", "ledger-a", "vault-base"):
        yield Attempt(by, "reach the clean room", f'connect("{HOSTS["rebuild"].address}", 5432)', _SILENCE)
    yield Attempt("rebuild", "reach production", f'connect("{HOSTS["db-a"].address}", 5432)', _SILENCE)
    yield Attempt("cloud", "reach production", f'connect("{HOSTS["app-a"].address}", 8080)', _SILENCE)
    yield Attempt("cloud", "reach the vault before it is used", f'connect("{shelf}", 8090)', _SILENCE)
    disk = directory / "disk"
    yield Attempt("settlement-a", "read its own secret", f'open("{disk}/app-a/secrets/ledger-app").read()', None)
    for by, host, name in (
        ("settlement-a", "vault", "ledger-vault"),
        ("settlement-a", "cloud", "cloud-key"),
        ("ledger-a", "app-a", "ledger-app"),
        ("participants", "app-a", "operator-token"),
        ("cloud", "app-a", "ledger-app"),
    ):
        yield Attempt(by, f"read a secret of {host}", f'open("{disk}/{host}/secrets/{name}").read()', _NOT_THERE)
    for by in ("settlement-a", "ledger-a", "vault-base"):
        action = f'socket.socket(socket.AF_UNIX).connect("{directory}/keeper.sock")'
        yield Attempt(by, "reach the hypervisor's socket", action, _NOT_THERE)
    yield Attempt(
        "etcd-a", "read the data of another account on its host",
        f'open("{disk}/db-a/stack/patroni.json").read()', _NOT_THERE, accounts=True,
    )  # fmt: skip


def tried(inventory: Mapping[str, Any], wanted: Sequence[Attempt]) -> list[Result]:
    """Make the attempts on a range, and return what came of each, in their order."""
    possible = [each for each in wanted if not each.accounts or inventory["mode"] == "root"]
    actors = sorted({each.by for each in possible})
    of_actor = [[each for each in possible if each.by == actor] for actor in actors]
    with ThreadPoolExecutor(len(actors)) as pool:
        answers = pool.map(lambda actor, theirs: _run(inventory, actor, theirs), actors, of_actor)
        found = {
            each: answer
            for theirs, said in zip(of_actor, answers, strict=True)
            for each, answer in zip(theirs, said, strict=True)
        }
    return [
        Result(each, judged(each, *found[each]), found[each][1])
        if each in found
        else Result(each, "not here", "without root, all servers are one account")
        for each in wanted
    ]


def judged(attempt: Attempt, done: bool | None, observed: str) -> Verdict:  # noqa: FBT001 - what came of it
    """Return what an attempt comes to: whether it was done, None if it could not be made, and what was said of it."""
    if done:
        return "allowed" if attempt.refused is None else "ALLOWED"
    if done is False and attempt.refused is not None and re.search(attempt.refused, observed):
        return "refused"
    return "unclear"


def _run(inventory: Mapping[str, Any], actor: str, theirs: Sequence[Attempt]) -> list[tuple[bool | None, str]]:
    """Make all attempts of one actor in one process, on its host and as its account."""
    directory = Path(inventory["dir"])
    names = {name for each in theirs for name in each.secrets}
    given: dict[str, object] = {name: (directory / "secrets" / name).read_text(encoding="ascii") for name in names}
    given |= {"run": str(directory / "hosts" / "db-a" / "run"), "actions": [each.action for each in theirs]}
    line = (sys.executable, "-P", "-m", "meridian", "shell", actor, "--dir", str(directory))
    try:
        done = subprocess.run(
            (*line, "--", sys.executable, "-P", "-c", _PROGRAM),
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [(None, f"{actor} did not come to an end within {LIMIT_S:.0f} s")] * len(theirs)
    try:
        return [(bool(each[0]), str(each[1])[:SAID_LIMIT]) for each in json.loads(done.stdout)]
    except (ValueError, TypeError, IndexError):
        return [(None, f"{actor} could not try: {done.stderr.strip()[-SAID_LIMIT:]}")] * len(theirs)
