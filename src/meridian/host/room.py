"""What a host sees of the machine: its own disk and sockets, the programs it runs, and nothing of the other hosts.

The mounts are made in the host's own mount namespace and end with it. A directory that the host's unprivileged
accounts could not pass through (root's home, say, under which the interpreter may lie) is covered by an empty file
system in which only the trees that are needed appear, read-only and at the paths that they have outside.
"""

from __future__ import annotations

import errno
import os
import pwd
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from meridian.linux import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_REC, make_read_only, mount
from meridian.unit import ACCOUNTS

_SCRATCH_BYTES = 64 << 20
_SHARED_MEMORY_BYTES = 256 << 20
_STEPS_LIMIT = 256
"""Components and symbolic links in one path: far above what a path has, far below for ever."""


@dataclass(frozen=True, slots=True)
class Room:
    """``own`` are directories that the host may write to, ``programs`` those that it may only read.

    ``covered`` directories appear empty but for these; ``links`` are symbolic links on the way to programs.
    """

    own: tuple[Path, ...]
    programs: tuple[Path, ...]
    covered: tuple[Path, ...]
    links: Mapping[Path, str]
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


def way(path: Path, links: dict[Path, str]) -> Path:
    """Return where ``path`` really lies, and note every symbolic link on the way: link, as it really lies → target.

    An interpreter is often reached by several, one into the other. Raise OSError for a path without end.
    """
    reached, ahead = Path("/"), list(path.absolute().parts[1:])
    for _ in range(_STEPS_LIMIT):
        if not ahead:
            return reached
        part = ahead.pop(0)
        if part == "..":
            reached = reached.parent
        elif (reached / part).is_symlink():
            target = (reached / part).readlink()
            links[reached / part] = str(target)
            reached = Path("/") if target.is_absolute() else reached
            ahead[:0] = target.parts[1:] if target.is_absolute() else target.parts
        else:
            reached /= part
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def covers(paths: Iterable[Path]) -> set[Path]:
    """Return the topmost directories on the way to ``paths`` that other accounts may not pass through."""
    found: set[Path] = set()
    for path in paths:
        closed = (parent for parent in reversed(path.parents) if not parent.stat().st_mode & stat.S_IXOTH)
        found.update(islice(closed, 1))
    return found


def enter(room: Room) -> None:
    """Make the mounts of a room; this process must be PID 1 of fresh PID and mount namespaces."""
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={_SHARED_MEMORY_BYTES}")  # noqa: S108
    mount(str(room.passwd), "/etc/passwd", flags=MS_BIND)
    cover(room)


def cover(room: Room) -> None:
    """Cover what a room covers, and let appear in it what the room needs; this process must have its own mounts."""
    tops = _topmost(room.covered)
    kept = [path for path in sorted((*room.own, *_topmost(room.programs))) if _under(path, tops)]
    # Opened before anything is covered: a descriptor still leads to what lies beneath a mount.
    opened = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in kept]
    for top in tops:
        mode = "1777" if top.stat().st_mode & stat.S_ISVTX else "0755"
        mount("tmpfs", top, "tmpfs", MS_NOSUID | MS_NODEV, f"mode={mode},size={_SCRATCH_BYTES}")
    for path, descriptor in zip(kept, opened, strict=True):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        mount(f"/proc/self/fd/{descriptor}", path, flags=MS_BIND | MS_REC)
        os.close(descriptor)
        if path in room.programs:
            make_read_only(path)
    for link, target in room.links.items():
        if not os.path.lexists(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(target)


def _topmost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return the paths that lie under no other of them, sorted."""
    every = sorted(set(paths))
    return tuple(path for path in every if not _under(path, [other for other in every if other != path]))


def _under(path: Path, tops: Iterable[Path]) -> bool:
    """Return whether ``path`` is one of ``tops`` or lies in one."""
    return any(path.is_relative_to(top) for top in tops)
