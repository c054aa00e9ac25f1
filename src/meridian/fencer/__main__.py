"""``python -m meridian.fencer``: an observer, or the fencer, until told to end."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from meridian.errors import MeridianError
from meridian.fencer.acting import fence
from meridian.fencer.observer import observe
from meridian.secret import read_secret


def main() -> int:
    """Read the arguments, work, return the exit status."""
    parser = argparse.ArgumentParser(prog="meridian.fencer", description=__doc__)
    parser.add_argument("what", choices=("observe", "fence"))
    parser.add_argument("--name", default="", help="name of this observer")
    parser.add_argument("--place", default="", help="which of the tables this observer writes to")
    parser.add_argument("--told-at", type=Path, help="Unix socket on which this observer tells what it sees")
    parser.add_argument("--secrets", type=Path, help="directory of the secrets")
    parser.add_argument("--ledger-port", type=int, default=5432, help="port of PostgreSQL")
    parser.add_argument("--patroni", action="append", default=[], help="ADDRESS:PORT of a Patroni; once for each")
    parser.add_argument("--device", type=Path, help="the fencing device's Unix socket")
    parser.add_argument("--record", type=Path, help="file of the fencer's record")
    parser.add_argument("--observer", action="append", default=[], help="NAME=SOCKET of an observer; once for each")
    arguments = parser.parse_args()
    try:
        if arguments.what == "observe":
            password = read_secret(arguments.secrets, "ledger-observer")
            patronis = {host: int(port) for host, _, port in (text.rpartition(":") for text in arguments.patroni)}
            observe(arguments.name, arguments.place, arguments.told_at, patronis, arguments.ledger_port, password)
        observers = {name: Path(path) for name, _, path in (text.partition("=") for text in arguments.observer)}
        asyncio.run(fence(observers, arguments.device, arguments.record))
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
