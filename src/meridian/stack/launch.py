"""How a Patroni is started: after what it needs is there, and never blocked by what a power loss left behind.

Patroni sleeps five seconds whenever etcd does not answer yet, and whichever Patroni comes first initialises the
cluster. So this process waits until etcd answers, and then *is* Patroni. The first member loads Patroni's modules while
etcd elects its leader; the others wait until the first one has begun to initialise, and load them while it does: on two
cores that is quicker than all at once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from meridian.errors import MeridianError
from meridian.stack.gateway import Gateway, NoAnswerError
from meridian.stack.members import CLIENT_PORT, MEMBERS, WITNESS

WAIT_LIMIT_S = 30.0
SETTLE_LIMIT_S = 5.0
OWN_LIMIT_S = 5.0
ETCD_VARIABLE = "PATRONI_ETCD3_HOST"
"""What overrides the configuration's ``etcd3: host`` (Patroni, "Environment Configuration Settings")."""
LOOK_EVERY_S = 0.05

PRELOADED = (
    "patroni.__main__",
    "patroni.api",
    "patroni.config",
    "patroni.dcs.etcd3",
    "patroni.ha",
    "patroni.log",
    "patroni.postgresql",
    "patroni.psycopg",
    "patroni.request",
    "patroni.watchdog",
)


def become_patroni(configuration: Path, *, first: bool) -> None:
    """Clear stale locks, load Patroni, wait for what it needs, and run Patroni in this process until it ends."""
    settings = json.loads(configuration.read_text(encoding="utf-8"))
    local = settings["postgresql"]
    discard_stale_locks(Path(local["data_dir"]), Path(local["parameters"]["unix_socket_directories"]))
    own = str(settings["etcd3"]["host"]).rpartition(":")[0]
    members = sorted(MEMBERS, key=lambda member: member.address != own)
    gateways = [Gateway(member.address, CLIENT_PORT) for member in members]
    key = f"{settings['namespace']}{settings['scope']}/initialize"
    if first:
        _preload()
        wait_for(lambda: _answers(gateways, key), "etcd answers")
        if not _answers(gateways, key, present=True):
            _let_etcd_settle()
    else:
        wait_for(lambda: _answers(gateways, key, present=True), f"{key} is in etcd")
    os.environ.update(attached(gateways, key))
    sys.argv = ["patroni", str(configuration)]
    import_module("patroni.__main__").main()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Return once ``condition`` holds. Raise MR204 when it does not within WAIT_LIMIT_S: the supervisor starts anew."""
    deadline = time.monotonic() + WAIT_LIMIT_S
    while not condition():
        if time.monotonic() > deadline:
            raise MeridianError(
                "MR204", f"waited {WAIT_LIMIT_S:.0f} s until {what}", remedy="see the logs of etcd on the three hosts"
            )
        time.sleep(LOOK_EVERY_S)


def attached(gateways: Sequence[Gateway], key: str) -> dict[str, str]:
    """Return what Patroni's environment must say for it to begin with an etcd that answers.

    That is nothing where its own host's does, the first of ``gateways``, which may need a moment after the host was
    switched on. Else it is the first that does, because Patroni cannot start on one that does not.
    """
    deadline = time.monotonic() + OWN_LIMIT_S
    while not _answers(gateways[:1], key):
        if time.monotonic() > deadline:
            other = next((gateway for gateway in gateways[1:] if _answers([gateway], key)), None)
            return {} if other is None else {ETCD_VARIABLE: f"{other.host}:{other.port}"}
        time.sleep(LOOK_EVERY_S)
    return {}


def discard_stale_locks(data: Path, sockets: Path) -> None:
    """Remove the lock files of a PostgreSQL that went down with its host.

    They name a process id of a PID namespace that is gone. In the new one that id may be anybody's, this process's
    included, and PostgreSQL would refuse to start for fear of a second server. While any process of a PostgreSQL works
    in ``data``, nothing is touched: that is the server's own interlock to judge.
    """
    if any(_works_in(process, data) for process in Path("/proc").glob("[0-9]*")):
        return
    for stale in (data / "postmaster.pid", *sockets.glob(".s.PGSQL.*.lock")):
        stale.unlink(missing_ok=True)


def _works_in(process: Path, data: Path) -> bool:
    """Return whether a process has ``data`` as its working directory, as every process of a PostgreSQL server has."""
    try:
        return (process / "cwd").samefile(data)
    except OSError:
        # It has ended, belongs to another account and so is no server of this directory, or there is no directory yet.
        return False


def _preload() -> None:
    """Import Patroni: most of a second of computing."""
    for module in PRELOADED:
        import_module(module)


def _let_etcd_settle() -> None:
    """Wait until etcd is led from the witness, but not for ever: the witness may be away.

    A request that is under way while etcd's leader changes may be carried out and yet be answered with an error. When
    that happens to the one that announces the initialisation, Patroni takes its own announcement for somebody else's,
    and the cluster waits for ever.
    """
    witness = Gateway(WITNESS.address, CLIENT_PORT)
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while time.monotonic() < deadline:
        try:
            standing = witness.standing()
        except NoAnswerError:
            pass
        else:
            if standing.leader_id == standing.member_id:
                return
        time.sleep(LOOK_EVERY_S)


def _answers(gateways: Sequence[Gateway], key: str, *, present: bool = False) -> bool:
    """Return whether any member gives an answer with a quorum behind it, and has ``key`` if it must be present."""
    for gateway in gateways:
        try:
            return gateway.value(key) is not None or not present
        except NoAnswerError:
            continue
    return False
