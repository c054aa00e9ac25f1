"""``python as_nobody.py [--root] WRITABLE COMMAND…``: run a command as the account 65534, in mounts of its own.

For a test that runs as root and wants to see the same as an ordinary account. What the account needs may lie below
directories that only root enters (the interpreter under root's home, say): these are covered, and the needed paths
appear in them, as on a host of the range. Nothing outside this process and its children changes. With ``--root`` it
stays root, and only what it starts as another account is one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from meridian.host.room import Room, cover, covers, way
from meridian.linux import CLONE_NEWNS, MS_PRIVATE, MS_REC, give_up_privileges, mount, unshare

NOBODY = 65534
ROOT = Path(__file__).parents[2]
PROGRAMS = (
    Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix),
    ROOT / "src", ROOT / "tests", ROOT / "pyproject.toml",
)  # fmt: skip


def main(writable: Path, command: list[str], *, root: bool) -> None:
    """Become the command."""
    links: dict[Path, str] = {}
    programs = tuple(dict.fromkeys(way(path, links) for path in PROGRAMS))
    covered = covers((*programs, writable, *(link.parent for link in links)))
    unshare(CLONE_NEWNS)
    mount("", "/", flags=MS_REC | MS_PRIVATE)
    if not root:
        os.chown(writable, NOBODY, NOBODY)
    cover(Room((writable,), programs, tuple(sorted(covered)), links, Path()))
    os.chdir(ROOT)
    if not root:
        give_up_privileges(NOBODY)
    environment = {"PATH": os.environ["PATH"], "HOME": str(writable), "PYTHONDONTWRITEBYTECODE": "1"}
    os.execve(command[0], command, environment)  # noqa: S606 - an argument list, no shell


if __name__ == "__main__":
    stays_root = sys.argv[1] == "--root"
    place, *words = sys.argv[2:] if stays_root else sys.argv[1:]
    main(Path(place).resolve(), words, root=stays_root)
