"""The few Linux calls that Python 3.11 does not offer: namespaces, mounts, and giving up privileges for good.

Constants are those of the kernel's ``sched.h``, ``mount.h`` and ``prctl.h``.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_MOUNT_SETATTR = 442  # the same on every architecture; Linux 5.12
_MOUNT_ATTR_RDONLY = 1
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000

_PR_SET_PDEATHSIG = 1
_PR_CAPBSET_DROP = 24
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_LAST_CAPABILITY = 63
_IPC_RMID = 0  # ipc.h

CAP_NET_ADMIN = 12  # capability.h
_CAPABILITY_VERSION_3 = 0x20080522  # capability.h

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    """Raise OSError with the call's own errno where a call returned -1."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Put this process into new namespaces (unshare(2))."""
    _check(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Put this process into an existing namespace (setns(2)); ``kind`` is one of the CLONE_NEW constants."""
    _check(_libc.setns(descriptor, kind), "setns")


@contextmanager
def inside_network(descriptor: int) -> Iterator[None]:
    """Be in a network namespace for the length of a block; what is opened there stays there."""
    back = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(descriptor, CLONE_NEWNET)
        try:
            yield
        finally:
            setns(back, CLONE_NEWNET)
    finally:
        os.close(back)


def mount(source: str, target: Path | str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount (mount(2)); empty strings stand for null pointers."""
    texts = [text.encode() if text else None for text in (source, str(target), kind)]
    _check(_libc.mount(*texts, ctypes.c_ulong(flags), data.encode() if data else None), f"mount {target}")


def make_read_only(target: Path) -> None:
    """Make a mount and all that is mounted below it read-only (mount_setattr(2)); its other flags stay."""
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    result = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, str(target).encode(), _AT_RECURSIVE, attributes, size)
    _check(result, f"mount_setattr {target}")


def become_subreaper() -> None:
    """Have the orphans among this process's descendants become its own children."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(PR_SET_CHILD_SUBREAPER)")


def die_with_parent() -> None:
    """Have the kernel kill this process the moment its parent ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")


def remove_shared_memory(segment: int) -> None:
    """Remove a segment of System V shared memory, once nobody has it any more (shmctl(2))."""
    _check(_libc.shmctl(segment, _IPC_RMID, None), "shmctl")


def set_hostname(name: str) -> None:
    """Name this UTS namespace."""
    _check(_libc.sethostname(name.encode(), len(name)), "sethostname")


def give_up_privileges(uid: int | None) -> None:
    """Give up every capability for good and, where ``uid`` is given, become that user and its group of the same id.

    After this no exec can regain anything: the bounding set is empty, no_new_privs is set, and this process itself has
    no capability left to pass on.
    """
    for capability in range(_LAST_CAPABILITY + 1):
        # The kernel answers EINVAL past the last capability it knows, and EPERM where this process may not lower
        # its bounding set: an ordinary process has nothing in it to gain, since no_new_privs is set below.
        _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    keep_only()


def keep_only(*capabilities: int) -> None:
    """Give up every capability of this process but these, and whatever an exec could regain."""
    _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl(PR_CAP_AMBIENT)")
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    kept = sum(1 << each for each in capabilities)
    # Effective and permitted, each in two words; the inheritable ones are none.
    low, high = kept & 0xFFFFFFFF, kept >> 32
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)(low, low, 0, high, high, 0)), "capset")


def start_ticks(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot (field 22 of /proc/PID/stat), None if it is gone."""
    fields = _after_name(pid)
    return int(fields[19]) if fields else None


def state(pid: int) -> str | None:
    """Return a process's one-letter state as /proc shows it (``R S D T Z`` …), None if it is gone."""
    fields = _after_name(pid)
    return fields[0] if fields else None


def _after_name(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third on, none if the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return []
    return text.rpartition(")")[2].split()


def identity(pid: int) -> dict[str, int | None]:
    """Return what names a process: its pid, and its start so that the pid cannot come to mean another one."""
    return {"pid": pid, "start_ticks": start_ticks(pid)}


def boot_id() -> str:
    """Return the id of this boot: the clock on which monotonic times are comparable."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
