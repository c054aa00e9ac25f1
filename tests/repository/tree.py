"""The files of the repository, as git sees them: tracked ones and new ones that are not ignored."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

BINARY = frozenset({".png", ".ico", ".woff2"})


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is, or with the next commit would be, part of the repository, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return tuple(sorted(Path(name) for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


def texts(*suffixes: str) -> tuple[Path, ...]:
    """Return the text files, all of them or those with one of ``suffixes``."""
    return tuple(path for path in files() if path.suffix not in BINARY and (not suffixes or path.suffix in suffixes))


def read(path: Path) -> str:
    """Return the text of a file given relative to the root."""
    return (ROOT / path).read_text(encoding="utf-8")
