"""What this machine allows: probed in a child before anything is built, and said as it is.

*root*: namespaces as the real root, every server dropped to an account of its own. *rootless*: the same namespaces
inside a user namespace of an ordinary account. *loopback*: none at all, where a machine allows neither. Which of them
failed and how is kept, and said; so is what therefore cannot be done.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from meridian import topology
from meridian.errors import MachineCannot
from meridian.linux import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_PRIVATE,
    MS_REC,
    give_up_privileges,
    mount,
    unshare,
)
from meridian.unit import ACCOUNTS

ROOT, ROOTLESS, LOOPBACK = "root", "rootless", "loopback"
Asked = Literal["auto", "namespaces", "loopback"]
_HOST_NAMESPACES = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS
_REASON_LIMIT_BYTES = 1000
_NOBODY = "nobody"

_HINTS = (
    (
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
    ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=10000"),
    ("/proc/sys/user/max_net_namespaces", "0", "sysctl user.max_net_namespaces=10000"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Isolation:
    """How hosts are kept apart, and why it is no better than that: empty where nothing was refused."""

    mode: str
    why: str = ""


def choose(asked: Asked = "auto") -> Isolation:
    """Return how hosts are kept apart here: by namespaces, or on loopback if these are refused or it was asked for.

    Raise MR101 when the machine does not allow what was asked, or neither.
    """
    if asked != "loopback":
        try:
            return Isolation(probe())
        except MachineCannot as error:
            if asked == "namespaces":
                raise
            refused = error
        why = f"{refused.message}; to change that: {refused.remedy}"
    else:
        refused, why = None, "it was asked for"
    if reason := _tried(_serve):
        also = f"; {refused.message}" if refused else ""
        raise MachineCannot(
            "MR101",
            f"this machine has no account for the range's servers, which refuse to be root: {reason}{also}",
            remedy="run as an ordinary account that the machine lists" + (f", or {refused.remedy}" if refused else ""),
        )
    return Isolation(LOOPBACK, why)


def uids(mode: str) -> Mapping[str, int]:
    """Return what user id each account has, none where all are the caller's own.

    On loopback root's servers are one account that is in the machine's own list, where ``initdb`` looks for it; there
    no other list can be laid over that one. Raise KeyError if it is not in it.
    """
    if mode == ROOT:
        return ACCOUNTS
    if mode == LOOPBACK and os.geteuid() == 0:
        return dict.fromkeys(ACCOUNTS, pwd.getpwnam(_NOBODY).pw_uid)
    return {}


def network(mode: str) -> str:
    """Return what every address of a range begins with."""
    return topology.LOOPBACK if mode == LOOPBACK else topology.OF_ITS_OWN


def _serve() -> None:
    """Do once, in a child, what a host on loopback does for its servers."""
    try:
        found = min(uids(LOOPBACK).values(), default=None)
        if found is None:
            pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise PermissionError(f"it is not in the machine's list of accounts: {error.args[0]}") from error
    if found is not None:
        _, writing = os.pipe()
        os.fchown(writing, found, found)
        give_up_privileges(found)


def probe() -> str:
    """Return the mode in which namespaces work here. Raise MR101 when none does."""
    mode = ROOT if os.geteuid() == 0 else ROOTLESS
    reason = _tried(lambda: _everything(mode))
    if reason is None:
        return mode
    remedies = [remedy for path, value, remedy in _HINTS if _reads(path, value)]
    if mode == ROOT:
        remedies.append("give this container CAP_SYS_ADMIN and CAP_NET_ADMIN, or run as an ordinary account")
    who = "root" if mode == ROOT else "an ordinary account"
    raise MachineCannot(
        "MR101",
        f"this machine does not let {who} make what isolates the range's hosts: {reason}",
        remedy=" or ".join(remedies) or "run on a Linux machine that allows user namespaces, or as root",
    )


def isolate(mode: str) -> None:
    """Put this process, which must have one thread, into namespaces of its own as ``mode`` says."""
    if mode == LOOPBACK:
        return
    if mode == ROOTLESS:
        uid, gid = os.geteuid(), os.getegid()
        unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET)
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    else:
        unshare(CLONE_NEWNS)
    mount("", "/", flags=MS_REC | MS_PRIVATE)


def _everything(mode: str) -> None:
    """Do once, in a child, everything that a range will need."""
    isolate(mode)
    unshare(CLONE_NEWNET)
    unshare(_HOST_NAMESPACES)
    child = os.fork()
    if child == 0:
        _end(_furnish)
    _, status = os.waitpid(child, 0)
    if status:
        raise PermissionError("in a fresh PID namespace no proc or tmpfs can be mounted, or no forwarding switched on")
    if mode == ROOT:
        give_up_privileges(min(ACCOUNTS.values()))


def _furnish() -> None:
    """Do what a host and a router begin with."""
    mount("proc", "/proc", "proc")
    mount("tmpfs", "/dev/shm", "tmpfs")  # noqa: S108 - a mount point, in a namespace that ends with this child
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1", encoding="ascii")


def _end(action: Callable[[], None]) -> None:
    """Run an action in a forked child and end it, with 1 where the action failed."""
    try:
        action()
    except OSError:
        os._exit(1)
    os._exit(0)


def _tried(action: Callable[[], None]) -> str | None:
    """Run an action in a child that is thrown away; return None when it worked, else the reason it gave."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - the child must end here, whatever happened
            os.write(writing, f"{error}".encode()[:_REASON_LIMIT_BYTES])
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        reason = told.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    return (reason or "it ended without a reason") if status else None


def _reads(path: str, value: str) -> bool:
    try:
        return Path(path).read_text(encoding="ascii").strip() == value
    except OSError:
        return False
