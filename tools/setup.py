"""Make ``.venv`` from ``uv.lock`` on a machine that has nothing but Python 3.11 or later; run by ``make setup``.

The lock is the only source: it names pip's wheel and its digest, pip (run straight from that wheel, so Debian's missing
``ensurepip`` does not matter) installs uv by the digests in the lock, and uv installs all the rest. Nothing happens
when nothing changed: what was installed is stamped with a digest of everything that decides it.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import ssl
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import venv
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
LOCK = ROOT / "uv.lock"

FETCH_TIMEOUT_S = 60
FETCH_ATTEMPTS = 3
WHEEL_LIMIT_BYTES = 16 * 1024 * 1024
PIP_TIMEOUT_S = 300
SYNC_TIMEOUT_S = 1200
ETCD_TIMEOUT_S = 180
READ_ABOVE = "read what it said above, then try again"
NO_NETWORK = "check the network and proxy settings, then try again"
NO_PIP = "check the network and proxy settings, or install python3-venv (Debian, Ubuntu), then try again"


def main() -> None:
    """Install what is missing; quick and silent when nothing is."""
    wanted = _digest()
    installed = _installed()
    if installed == (str(ROOT), wanted) and os.access(PYTHON, os.X_OK):
        return
    # A tree that was moved has scripts that name the old place: make it anew. Anything else is brought up to date.
    usable = installed is None or installed[0] == str(ROOT)
    if not (usable and _works()):
        _say(f"making {VENV.name} with Python {sys.version.split()[0]}")
        venv.create(VENV, clear=True, symlinks=True, with_pip=False)
    if _version_of_uv() != _locked("uv")["version"]:
        _install_uv()
    _say("installing what uv.lock names")
    # The range's servers run as accounts that cannot write bytecode: without it each start compiles all that it loads.
    sync = [str(VENV / "bin" / "uv"), "sync", "--frozen", "--all-extras", "--compile-bytecode", "--quiet"]
    _run(sync, _uv_environment(), SYNC_TIMEOUT_S)
    _fetch_etcd()
    STAMP.write_text(f"{ROOT}\n{wanted}\n", encoding="utf-8")
    _say("ready")


def _digest() -> str:
    parts = (LOCK, ROOT / "pyproject.toml", Path(__file__).resolve())
    return hashlib.sha256(b"".join(hashlib.sha256(part.read_bytes()).digest() for part in parts)).hexdigest()


def _installed() -> tuple[str, str] | None:
    try:
        root, digest = STAMP.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return root, digest


def _works() -> bool:
    """Whether there is an interpreter that runs; it is gone when the system's Python was replaced."""
    try:
        return subprocess.run([PYTHON, "-c", "import encodings"], check=False, timeout=FETCH_TIMEOUT_S).returncode == 0
    except OSError:
        return False


def _version_of_uv() -> str | None:
    try:
        shown = subprocess.run(
            [VENV / "bin" / "uv", "--version"], check=True, timeout=FETCH_TIMEOUT_S, capture_output=True, text=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return shown.split()[1]


def _locked(name: str) -> dict[str, Any]:
    """Return what the lock says about one package."""
    packages = tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]
    return next(package for package in packages if package["name"] == name)


def _install_uv() -> None:
    uv = _locked("uv")
    _say(f"fetching uv {uv['version']}")
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        hashes = " ".join(f"--hash={wheel['hash']}" for wheel in uv["wheels"])
        requirements.write_text(f"uv=={uv['version']} {hashes}\n", encoding="utf-8")
        command = [*_pip(Path(scratch)), "install", "--quiet", "--require-hashes", "--only-binary=:all:", "--no-deps"]
        environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        _run([*command, "--requirement", str(requirements)], environment, PIP_TIMEOUT_S, NO_NETWORK)


def _pip(scratch: Path) -> list[str]:
    """Return the command that runs pip: the wheel in the lock, or the one inside Python where it cannot be had."""
    wheel = _locked("pip")["wheels"][0]
    url, digest = str(wheel["url"]), str(wheel["hash"]).removeprefix("sha256:")
    data = _fetch(url)
    if data is None:
        _say("pip's wheel cannot be fetched; trying the one inside Python")
        _run([str(PYTHON), "-m", "ensurepip"], dict(os.environ), PIP_TIMEOUT_S, NO_PIP)
        return [str(PYTHON), "-m", "pip"]
    found = hashlib.sha256(data).hexdigest()
    if found != digest:
        _stop(f"pip's wheel is not the one in the lock: expected {digest}, got {found}", "do not use this network")
    path = scratch / url.rsplit("/", 1)[1]
    path.write_bytes(data)
    return [str(PYTHON), f"{path}/pip"]


def _fetch(url: str) -> bytes | None:
    """Return what is at ``url``; None, and why on the terminal, when every attempt failed."""
    for attempt in range(1, FETCH_ATTEMPTS + 1):
        try:
            # The address is the lock's and the digest is checked, so the scheme decides nothing.
            with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_S) as reply:  # noqa: S310
                return bytes(reply.read(WHEEL_LIMIT_BYTES))
        except OSError as error:
            _say(f"attempt {attempt} of {FETCH_ATTEMPTS} to fetch {url} failed: {error}")
    return None


def _uv_environment() -> dict[str, str]:
    """Return uv's environment: this ``.venv``, this Python, the machine's certificates, a cache that can be written."""
    environment = os.environ | {
        "UV_PROJECT": str(ROOT),
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON": str(PYTHON),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    environment.pop("VIRTUAL_ENV", None)
    if ssl.create_default_context().cert_store_stats()["x509_ca"]:
        # An institution's proxy signs with its own authority, which only the machine's store knows.
        environment["UV_SYSTEM_CERTS"] = "1"
    home = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    existing = next(place for place in (home, *home.parents) if place.exists())
    if not os.access(existing, os.W_OK):
        environment["UV_NO_CACHE"] = "1"
    return environment


def _fetch_etcd() -> None:
    """Let Meridian look for a better etcd than the wheel's; without one it runs on the wheel's, and says so."""
    command = [str(PYTHON), "-m", "meridian", "fetch-etcd"]
    try:
        subprocess.run(command, check=True, timeout=ETCD_TIMEOUT_S, cwd=ROOT)
    except (OSError, subprocess.SubprocessError) as error:
        _say(f"Meridian will run on the etcd that uv.lock names: {_why(error)}")


def _run(command: list[str], environment: dict[str, str], timeout_s: int, remedy: str = READ_ABOVE) -> None:
    try:
        subprocess.run(command, check=True, timeout=timeout_s, env=environment, cwd=ROOT)
    except (OSError, subprocess.SubprocessError) as error:
        _stop(_why(error), remedy)


def _why(error: OSError | subprocess.SubprocessError) -> str:
    match error:
        case subprocess.CalledProcessError():
            return f"`{shlex.join(error.cmd)}` ended with status {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"`{shlex.join(error.cmd)}` was not done after {error.timeout:.0f} s"
    return str(error)


def _say(text: str) -> None:
    sys.stderr.write(f"setup: {text}\n")


def _stop(what: str, remedy: str) -> NoReturn:
    _say(what)
    sys.exit(f"  remedy: {remedy}")


if __name__ == "__main__":
    main()
