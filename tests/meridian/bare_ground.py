"""A content for ground alone: on every host a process that answers on TCP, and on one a family of processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from meridian.topology import HOSTS
from meridian.unit import Child, RangeContext, Unit

PORT = 7000

# Says who it is to whoever connects, and stays connected until the other side leaves.
_LISTENER = """
import os, selectors, socket, sys
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=64)
pool = selectors.DefaultSelector()
pool.register(listener, selectors.EVENT_READ)
while True:
    for key, _ in pool.select():
        if key.fileobj is listener:
            client, _ = listener.accept()
            pool.register(client, selectors.EVENT_READ)
            try:
                client.sendall(f"{socket.gethostname()} {os.getuid()} {os.getpid()}\\n".encode())
            except OSError:
                pass
            continue
        try:
            said = key.fileobj.recv(4096)
        except OSError:
            said = b""
        if not said:
            pool.unregister(key.fileobj)
            key.fileobj.close()
"""

# A process with a child and a grandchild whose parent has ended: the grandchild is the host's own orphan.
_FAMILY = "(sleep 1000 & echo $! > orphan.pid) ; sleep 1000 & wait"


def units(context: RangeContext) -> Sequence[Unit]:
    """Return a listener for every host, and a family at the witness."""
    listeners = (
        Unit(
            name=f"listener-{host.name}",
            host=host.name,
            account=host.account,
            argv=(context.python, "-I", "-S", "-c", _LISTENER, host.address, str(PORT)),
            ports=(PORT,),
            restart_after_s=0.2,
        )
        for host in HOSTS.values()
    )
    family = Unit(name="family", host="db-w", account="meridian-etcd", argv=("/bin/sh", "-c", _FAMILY))
    return (*listeners, family)


def prepare(context: RangeContext, host: str) -> Mapping[str, str]:
    """Return one file with a secret for each host."""
    return {"secrets/own": context.secret("vault-token" if host == "vault" else "banks-token")}


def children(context: RangeContext, host: str) -> Sequence[Child]:
    """Return the orphan."""
    return (Child("orphan", context.disk[host] / "orphan.pid"),) if host == "db-w" else ()


def components() -> Mapping[str, object]:
    """Return nothing: only the system's own programs run."""
    return {}


def trees() -> Sequence[Path]:
    """Return nothing beyond the interpreter."""
    return ()


def policy() -> None:
    """Filter nothing: the ground itself is looked at."""


def endpoints(context: RangeContext) -> Mapping[str, object]:
    """Return where a management plane would ask the vault."""
    return {"listener-vault": {"http_unix": str(context.run["vault"] / "vault.sock")}}
