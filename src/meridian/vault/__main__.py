"""``python -m meridian.vault``: one of the vault's two pulls, until told to end."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from meridian.errors import MeridianError
from meridian.secret import read_secret
from meridian.vault import journal


def main() -> int:
    """Read the arguments, pull, return the exit status."""
    parser = argparse.ArgumentParser(prog="meridian.vault", description=__doc__)
    parser.add_argument("what", choices=("wal", "journal"))
    parser.add_argument("--keep", required=True, type=Path, help="directory of what is kept")
    parser.add_argument("--secrets", required=True, type=Path, help="directory of the secrets")
    parser.add_argument("--program", type=Path, help="pg_receivewal")
    parser.add_argument("--ledger", action="append", default=[], help="ADDRESS of a server; once for each")
    parser.add_argument("--ledger-port", type=int, default=5432, help="port of PostgreSQL")
    parser.add_argument("--gateway", action="append", default=[], help="NAME=ADDRESS:PORT; once for each")
    arguments = parser.parse_args()
    try:
        if arguments.what == "wal":
            from meridian.vault import wal  # noqa: PLC0415 - only this one needs libpq

            password = read_secret(arguments.secrets, "ledger-vault")
            wal.receive(arguments.program, arguments.keep / "wal", arguments.ledger, arguments.ledger_port, password)
        token = read_secret(arguments.secrets, "vault-token")
        journal.keep(arguments.keep / "journal", dict(_gateway(text) for text in arguments.gateway), token)
    except MeridianError as error:
        sys.stderr.write(f"{error}\n  remedy: {error.remedy}\n")
        return error.exit_code
    return 0


def _gateway(text: str) -> tuple[str, tuple[str, int]]:
    name, _, address = text.partition("=")
    host, _, port = address.rpartition(":")
    return name, (host, int(port))


if __name__ == "__main__":
    sys.exit(main())
