"""``python -m meridian.market``: the messaging network or the RTGS, until told to end."""

from __future__ import annotations

import argparse
import select
import socket
import sys
from pathlib import Path

from meridian.address import address
from meridian.errors import MeridianError
from meridian.secret import read_secret


def main() -> int:
    """Read the arguments, serve until SIGTERM, return the exit status."""
    parser = argparse.ArgumentParser(prog="meridian.market", description=__doc__)
    parser.add_argument("what", choices=("messaging-network", "rtgs"))
    parser.add_argument("--listen", required=True, help="ADDRESS:PORT")
    parser.add_argument("--store", type=Path, required=True, help="file of what it took")
    parser.add_argument("--secrets", type=Path, required=True, help="directory of the secrets")
    parser.add_argument("--sender-secret", required=True, help="name of the secret that its sender is known by")
    arguments = parser.parse_args()
    listening = socket.create_server(address(arguments.listen), backlog=32)
    # Until somebody comes there is nothing to do, and only this much is loaded.
    select.select([listening], [], [])
    from meridian.market.exchange import Exchange, Rtgs  # noqa: PLC0415
    from meridian.market.web import Server  # noqa: PLC0415

    try:
        exchange = (Rtgs if arguments.what == "rtgs" else Exchange)(arguments.store)
        sender = read_secret(arguments.secrets, arguments.sender_secret)
        collector = read_secret(arguments.secrets, "inbox-token")
        Server(listening, exchange, sender, collector).serve_forever()
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
