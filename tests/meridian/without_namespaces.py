"""``python without_namespaces.py COMMAND…``: run a command where the machine refuses namespaces to it.

An ordinary account gets a user namespace of its own in which the kernel's limits for others are zero. Root keeps the
capabilities that containers usually leave it, and loses the rest for good.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from meridian.linux import CLONE_NEWUSER, keep_only, unshare

# capability.h: what container engines leave to root by default.
CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW = (
    0, 1, 3, 4, 5, 6, 7, 8, 10, 13,
)  # fmt: skip
OF_CONTAINERS = (CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP, NET_BIND_SERVICE, NET_RAW)


def main(command: list[str]) -> None:
    """Become the command."""
    if os.geteuid() == 0:
        keep_only(*OF_CONTAINERS)
    else:
        ids = {name: f"{number} {number} 1" for name, number in (("uid", os.geteuid()), ("gid", os.getegid()))}
        unshare(CLONE_NEWUSER)
        own = Path("/proc/self")
        (own / "uid_map").write_text(ids["uid"])
        (own / "setgroups").write_text("deny")
        (own / "gid_map").write_text(ids["gid"])
        for kind in ("net", "pid", "mnt"):
            Path(f"/proc/sys/user/max_{kind}_namespaces").write_text("0")
        keep_only()
    os.execve(command[0], command, os.environ)  # noqa: S606 - an argument list, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
