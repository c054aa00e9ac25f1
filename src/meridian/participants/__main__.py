"""``python -m meridian.participants``: the banks, their alarm, or their inbox, until told to end."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from meridian.address import address, wait_until_heard
from meridian.errors import MeridianError
from meridian.participants import monitor
from meridian.secret import read_secret


def main() -> int:
    """Read the arguments, work until SIGTERM, return the exit status."""
    parser = argparse.ArgumentParser(prog="meridian.participants", description=__doc__)
    parser.add_argument("what", choices=("banks", "monitor", "inbox"))
    parser.add_argument("--records", required=True, type=Path, help="directory of the banks' own records")
    parser.add_argument("--secrets", type=Path, help="directory of the secrets")
    parser.add_argument("--control", type=Path, help="Unix socket of the load's switch")
    parser.add_argument("--gateway", action="append", default=[], help="NAME=URL, in order of preference")
    parser.add_argument("--collect", action="append", default=[], help="NAME=ADDRESS:PORT to collect messages from")
    parser.add_argument("--rate", type=int, default=0, help="instructions a second of all banks together")
    parser.add_argument("--seed", type=int, default=1, help="seed of the load")
    arguments = parser.parse_args()
    try:
        if arguments.what == "monitor":
            monitor.watch(arguments.records)
        elif arguments.what == "inbox":
            _inbox(arguments)
        else:
            # The alarm needs little and starts at once: what only the banks need is not loaded for it.
            from meridian.participants import run  # noqa: PLC0415

            run.banks(arguments)
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code
    return 0


def _inbox(arguments: argparse.Namespace) -> None:
    wait_until_heard([address(url.removeprefix("http://")) for _, _, url in map(_named, arguments.gateway)])
    # Nothing can have come before a gateway was there: only now is the rest loaded.
    from meridian.participants import inbox  # noqa: PLC0415
    from meridian.peer import Peer  # noqa: PLC0415

    token = read_secret(arguments.secrets, "inbox-token")
    inbox.collect(
        arguments.records, {name: Peer(address(text), token) for name, _, text in map(_named, arguments.collect)}
    )


def _named(text: str) -> tuple[str, str, str]:
    return text.partition("=")


if __name__ == "__main__":
    sys.exit(main())
