"""``python -m meridian.dispatch``: messaging, reporting or the RTGS connector of one site, until told to end."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from meridian.address import address, wait_until_heard
from meridian.duties import DUTIES
from meridian.errors import MeridianError
from meridian.secret import read_secret


def main() -> int:
    """Read the arguments, work until SIGTERM, return the exit status."""
    parser = argparse.ArgumentParser(prog="meridian.dispatch", description=__doc__)
    parser.add_argument("task", choices=sorted(DUTIES))
    parser.add_argument("--name", required=True, help="name of this process")
    parser.add_argument("--gateway", action="append", required=True, help="ADDRESS:PORT of a gateway; once for each")
    parser.add_argument("--receiver", required=True, help="ADDRESS:PORT of whoever takes the deliveries")
    parser.add_argument("--receiver-secret", required=True, help="name of the secret that the receiver knows us by")
    parser.add_argument("--store", type=Path, required=True, help="file of what this process keeps")
    parser.add_argument("--secrets", type=Path, required=True, help="directory of the secrets")
    arguments = parser.parse_args()
    gateways = [address(text) for text in arguments.gateway]
    # Nothing is settled before a gateway is there: until then only this much is loaded.
    wait_until_heard(gateways)
    from meridian.dispatch.courier import Courier, work  # noqa: PLC0415
    from meridian.dispatch.store import Store  # noqa: PLC0415
    from meridian.peer import Peer  # noqa: PLC0415

    try:
        token = read_secret(arguments.secrets, "stream-token")
        receiver = Peer(address(arguments.receiver), read_secret(arguments.secrets, arguments.receiver_secret))
        streams = [Peer(each, token) for each in gateways]
        work(Courier(arguments.name, arguments.task, Store(arguments.store), streams, receiver))
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
