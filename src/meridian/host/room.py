"""What a host sees of the machine: its own disk and sockets, the programs it runs, and nothing of the other hosts.

The mounts are made in the host's own mount namespace and end with it. A directory that the host's unprivileged
accounts could not pass through (root's home, say, under which the interpreter may lie) is covered by an empty file
system in which only the trees that are needed appear, read-only and at the paths that they have outside.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from meridian.linux import MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT, mount
from meridian.unit import ACCOUNTS

_SCRATCH_BYTES = 64 << 20
_SHARED_MEMORY_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Room:
    """``own`` are directories that the host may write to, ``programs`` those that it may only read."""

    own: tuple[Path, ...]
    programs: tuple[Path, ...]
    covered: tuple[Path, ...]
    passwd: Path


def accounts_file(directory: Path, *, dedicated: bool) -> Path:
    """Write the passwd file that hosts see and return its path: initdb refuses an account that is not in it."""
    lines = ["root:x:0:0:root:/root:/usr/sbin/nologin"]
    if dedicated:
        lines += [f"{name}:x:{uid}:{uid}:{name}:/:/usr/sbin/nologin" for name, uid in ACCOUNTS.items()]
    else:
        lines.append(f"{_own_name()}:x:{os.getuid()}:{os.getgid()}:range:/:/usr/sbin/nologin")
    path = directory / "passwd"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    path.chmod(0o644)
    return path


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "meridian"


def covers(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the topmost directories on the way to ``paths`` that other accounts may not pass through."""
    found: set[Path] = set()
    for path in paths:
        for ancestor in reversed((path, *path.parents)):
            mode = ancestor.stat().st_mode
            if stat.S_ISDIR(mode) and not mode & stat.S_IXOTH:
                found.add(ancestor)
                break
    return tuple(sorted(found))


def enter(room: Room) -> None:
    """Make the mounts of a room; this process must be PID 1 of fresh PID and mount namespaces."""
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV)
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={_SHARED_MEMORY_BYTES}")  # noqa: S108
    kept = {path: os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (*room.own, *room.programs)}
    mount(str(room.passwd), "/etc/passwd", flags=MS_BIND)
    tops = _topmost(room.covered)
    for cover in tops:
        mode = "1777" if cover.stat().st_mode & stat.S_ISVTX else "0755"
        mount("tmpfs", cover, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode},size={_SCRATCH_BYTES}")
    for path, descriptor in sorted(kept.items()):
        if any(path.is_relative_to(cover) for cover in tops):
            path.mkdir(parents=True, exist_ok=True)
            mount(f"/proc/self/fd/{descriptor}", path, flags=MS_BIND | MS_REC)
            if path in room.programs:
                _make_read_only(path)
        os.close(descriptor)


def _make_read_only(path: Path) -> None:
    """Forbid writing below a bind mount, keeping the flags that a user namespace may not clear."""
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY
    try:
        mount("", path, flags=flags)
    except PermissionError:
        mount("", path, flags=flags | MS_NOSUID | MS_NODEV)


def _topmost(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the paths that lie under no other of them."""
    return tuple(
        path for path in sorted(set(paths)) if not any(path != other and path.is_relative_to(other) for other in paths)
    )
