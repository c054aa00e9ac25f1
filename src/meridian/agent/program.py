"""The agent itself, started by its path: applies every update of its channel file, and fails on one it cannot read.

It trusts what its vendor sends, as such agents have: a rule with fewer fields than the interpreter reads ends it.
"""

from __future__ import annotations

import os
import sys
import time

LOOK_EVERY_S = 0.5


def main(channel: str, fields: int) -> None:
    """Apply the channel file at ``channel`` now and whenever it changes; a rule needs ``fields`` fields."""
    applied = None
    while True:
        about = os.stat(channel)  # noqa: PTH116 - as below
        version = (about.st_mtime_ns, about.st_size)
        if version != applied:
            with open(channel, encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes longer than all the rest
                apply(file.read(), fields)
            applied = version
        time.sleep(LOOK_EVERY_S)


def apply(update: str, fields: int) -> list[str]:
    """Return the field of every rule that the interpreter decides by. Raise IndexError where a rule has too few."""
    return [rule.split("|")[fields - 1] for rule in update.splitlines()[1:]]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
