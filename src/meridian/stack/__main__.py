"""``python -m meridian.stack``: the stack's own processes, as the units start them."""

from __future__ import annotations

import sys
from pathlib import Path

from meridian.errors import MeridianError
from meridian.stack import launch, steward
from meridian.stack.gateway import Gateway
from meridian.stack.members import CLIENT_PORT


def main(arguments: list[str]) -> int:
    """Run ``patroni first|later CONFIGURATION`` or ``steward OWN-ADDRESS OTHER-ADDRESS…``; return the exit status."""
    match arguments:
        case ["patroni", ("first" | "later") as role, configuration]:
            launch.become_patroni(Path(configuration), first=role == "first")
        case ["steward", own, *others]:
            steward.keep(Gateway(own, CLIENT_PORT), [Gateway(other, CLIENT_PORT) for other in others])
        case _:
            sys.stderr.write("usage: python -m meridian.stack patroni first|later FILE | steward ADDRESS…\n")
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MeridianError as error:
        sys.exit(f"{error}")
