"""A range's directory: what lies where, made before the keeper starts, gone after ``down``.

``keeper.sock`` and ``keeper.log``; ``settings.json`` and ``secrets/``, readable by the owner alone; ``disk/<host>``,
empty outside, inside the keeper's mount namespace a file system in memory; ``hosts/<host>/run`` with the Unix sockets
of the management plane, ``log`` and what the control plane may read (``records`` of the banks, the vault's ``keep``);
``management/<host>``, the sockets that this host shares with ``oob`` alone. Without namespaces all of it is as it is.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from meridian.errors import MeridianError
from meridian.keeper.content import INSTITUTION
from meridian.topology import HOSTS
from meridian.unit import RangeContext

SECRETS = (
    "postgres-superuser", "postgres-replication", "postgres-rewind", "ledger-app", "ledger-auditor", "ledger-vault",
    "ledger-observer",
    "patroni-rest", "operator-token", "banks-token", "vault-token",
    "stream-token", "network-token", "rtgs-token", "inbox-token",
    "vault-operator", "rebuild-token", "cloud-token", "cloud-key",
    *(f"bank-{name}" for name in ("AURUM", "BOREAL", "CASTOR", "DELTA", "EIDER", "FJORD", "GARNET", "HALYARD")),
)  # fmt: skip
OUT_OF_BAND = "oob"
_SECRET_BYTES = 24
_SETTINGS = "settings.json"
_SOCKET_PATH_LIMIT_BYTES = 107
_LONGEST_SOCKET = "hosts/banks/run/participants.sock"


@dataclass(frozen=True, slots=True)
class Settings:
    """How a range was asked for; ``mode`` is what the probe of this machine found, ``content`` a module's name."""

    name: str
    mode: str
    profile: str
    client: str
    rate_per_s: int
    content: str = INSTITUTION
    policy: str = ""
    """The text of a compiled policy to enforce instead of the content's own."""
    why: str = ""
    """Why ``mode`` is no better than it is, where something was refused."""


def create(directory: Path, settings: Settings) -> None:
    """Make a new range's directory with its secrets. Raise MR102, or MR103 if sockets would not fit."""
    longest = directory / _LONGEST_SOCKET
    if len(str(longest).encode()) > _SOCKET_PATH_LIMIT_BYTES:
        raise MeridianError(
            "MR103",
            f"{directory} is too long: a Unix socket's path has at most {_SOCKET_PATH_LIMIT_BYTES} bytes, "
            f"and {longest} has {len(str(longest).encode())}",
            remedy="choose a shorter directory with --dir",
        )
    try:
        directory.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise occupied(directory) from error
    # First of all: it is what marks the directory as a range's, which may be removed.
    (directory / _SETTINGS).write_text(json.dumps(asdict(settings)), encoding="utf-8")
    (directory / "secrets").mkdir(mode=0o700)
    for name in SECRETS:
        path = directory / "secrets" / name
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(_SECRET_BYTES), encoding="ascii")
    (directory / "disk").mkdir()
    for host in HOSTS:
        # Every account of a host makes its own files here; outside, only the owner of the range gets this far.
        _open_to_all(directory / "hosts" / host)
        for part in ("run", "log", *_EXTRA.get(host, ())):
            _open_to_all(directory / "hosts" / host / part)
        if host != OUT_OF_BAND:
            _open_to_all(management(directory, host))


_EXTRA: Mapping[str, tuple[str, ...]] = {"banks": ("records",), "vault": ("keep",), "oob": ("records",)}


def _open_to_all(path: Path) -> None:
    path.mkdir(parents=True)
    path.chmod(0o1777)


def management(directory: Path, host: str) -> Path:
    """Return the directory of a host's sockets on the management path: seen on that host, and, with all, on ``oob``."""
    place = directory / "management"
    return place if host == OUT_OF_BAND else place / host


def fencing_socket(directory: Path) -> Path:
    """Return the fencing device's socket, which the host ``oob`` alone sees."""
    return directory / "hosts" / OUT_OF_BAND / "run" / "fencing.sock"


def lock_file(directory: Path) -> Path:
    """Return the file that is locked (flock(2)) as long as the range's keeper lives."""
    return directory / "keeper.lock"


def keeper_file(directory: Path) -> Path:
    """Return the file that names the keeper."""
    return directory / "keeper.json"


def socket_file(directory: Path) -> Path:
    """Return the keeper's socket."""
    return directory / "keeper.sock"


def hosts_file(directory: Path) -> Path:
    """Return the file in which the keeper names the first processes of the hosts that are on."""
    return directory / "hosts.json"


def settings_of(directory: Path) -> Settings:
    """Return how the range in ``directory`` was asked for."""
    return Settings(**json.loads((directory / _SETTINGS).read_text(encoding="utf-8")))


def occupied(directory: Path) -> MeridianError:
    """Return MR102: a range lives there."""
    return MeridianError(
        "MR102",
        f"a range lives in {directory} already",
        remedy="use it, end it with `python -m meridian down`, or choose another --name",
    )


def remove(directory: Path) -> None:
    """Remove the directory of a range that has ended. Raise MR114 if it is not a range's: nothing is touched then."""
    present = (
        sorted(directory.iterdir(), key=lambda path: path.name == _SETTINGS) if directory.is_dir() else [directory]
    )
    if present and not _is_range(directory):
        raise MeridianError(
            "MR114",
            f"{directory} is there and is not a range's: nothing in it was touched",
            remedy="choose another --dir, one that does not exist or is empty",
        )
    # The settings go last: a removal that is broken off leaves a directory that is still known to be a range's.
    for path in present:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    directory.rmdir()


def _is_range(directory: Path) -> bool:
    try:
        settings_of(directory)
    except (OSError, ValueError, TypeError):
        return False
    return True


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
