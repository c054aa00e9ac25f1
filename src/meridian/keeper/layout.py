"""A range's directory: what lies where, made before the keeper starts, gone after ``down``.

``keeper.sock`` and ``keeper.log``; ``settings.json`` and ``secrets/``, readable by the owner alone; ``disk/<host>``,
empty outside, inside the keeper's mount namespace a file system in memory; ``hosts/<host>/run`` with the Unix sockets
of the management plane, ``log`` and what the control plane may read (``records`` of the banks, the vault's ``keep``).
"""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from meridian.errors import MeridianError
from meridian.topology import HOSTS
from meridian.unit import RangeContext

SECRETS = (
    "postgres-superuser", "postgres-replication", "postgres-rewind", "ledger-app", "ledger-auditor", "ledger-vault",
    "patroni-rest", "operator-token", "banks-token", "vault-token",
    *(f"bank-{name}" for name in ("AURUM", "BOREAL", "CASTOR", "DELTA", "EIDER", "FJORD", "GARNET", "HALYARD")),
)  # fmt: skip
_SECRET_BYTES = 24
_SOCKET_PATH_LIMIT_BYTES = 107
_LONGEST_SOCKET = "hosts/banks/run/participants.sock"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a range was asked for; ``mode`` is what the probe of this machine found."""

    name: str
    mode: str
    profile: str
    client: str
    rate_per_s: int


def create(directory: Path, settings: Settings) -> None:
    """Make a new range's directory with its secrets. Raise MR103 when its path is too long for Unix sockets."""
    longest = directory / _LONGEST_SOCKET
    if len(str(longest).encode()) > _SOCKET_PATH_LIMIT_BYTES:
        raise MeridianError(
            "MR103",
            f"{directory} is too long: a Unix socket's path has at most {_SOCKET_PATH_LIMIT_BYTES} bytes, "
            f"and {longest} has {len(str(longest).encode())}",
            remedy="choose a shorter directory with --dir",
        )
    directory.mkdir(mode=0o700, parents=True)
    (directory / "secrets").mkdir(mode=0o700)
    for name in SECRETS:
        path = directory / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(_SECRET_BYTES), encoding="ascii")
    (directory / "settings.json").write_text(json.dumps(asdict(settings)), encoding="utf-8")
    (directory / "disk").mkdir()
    for host in HOSTS:
        # Every account of a host makes its own files here; outside, only the owner of the range gets this far.
        _open_to_all(directory / "hosts" / host)
        for part in ("run", "log", *_EXTRA.get(host, ())):
            _open_to_all(directory / "hosts" / host / part)


_EXTRA: Mapping[str, tuple[str, ...]] = {"banks": ("records",), "vault": ("keep",)}


def _open_to_all(path: Path) -> None:
    path.mkdir(parents=True)
    path.chmod(0o1777)


def settings_of(directory: Path) -> Settings:
    """Return how the range in ``directory`` was asked for."""
    return Settings(**json.loads((directory / "settings.json").read_text(encoding="utf-8")))


def context(directory: Path, settings: Settings) -> RangeContext:
    """Return what the builders of units are given."""
    return RangeContext(
        directory=directory,
        profile=settings.profile,
        client=settings.client,
        rate_per_s=settings.rate_per_s,
        python=sys.executable,
        disk={host: directory / "disk" / host for host in HOSTS},
        run={host: directory / "hosts" / host / "run" for host in HOSTS},
        log={host: directory / "hosts" / host / "log" for host in HOSTS},
        secrets=directory / "secrets",
    )
