"""``python -m meridian.vault``: one of the vault's pulls, or the door to what it keeps, until told to end."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from meridian.address import address
from meridian.errors import MeridianError
from meridian.secret import read_secret
from meridian.vault import journal


def main() -> int:
    """Read the arguments, pull or serve, return the exit status."""
    arguments = _arguments()
    try:
        match arguments.what:
            case "wal":
                from meridian.vault import wal  # noqa: PLC0415 - only those who need libpq load it

                password = read_secret(arguments.secrets, "ledger-vault")
                wal.receive(
                    arguments.program, arguments.keep / "wal", arguments.ledger, arguments.ledger_port, password
                )
            case "journal":
                token = read_secret(arguments.secrets, "vault-token")
                journal.keep(arguments.keep / "journal", _gateways(arguments.gateway), token)
            case "base":
                _base(arguments)
            case "shelf":
                _shelf(arguments)
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="meridian.vault", description=__doc__)
    parser.add_argument("what", choices=("wal", "journal", "base", "shelf"))
    parser.add_argument("--keep", required=True, type=Path, help="directory of what is kept")
    parser.add_argument("--secrets", required=True, type=Path, help="directory of the secrets")
    parser.add_argument("--program", type=Path, help="pg_receivewal or pg_basebackup")
    parser.add_argument("--ledger", action="append", default=[], help="ADDRESS of a server; once for each")
    parser.add_argument("--ledger-port", type=int, default=5432, help="port of PostgreSQL")
    parser.add_argument("--gateway", action="append", default=[], help="NAME=ADDRESS:PORT; once for each")
    parser.add_argument("--operator", type=Path, help="Unix socket for operators")
    parser.add_argument("--listen", help="ADDRESS:PORT for those who rebuild")
    return parser.parse_args()


def _base(arguments: argparse.Namespace) -> None:
    """Pull base backups for ever, and whenever an operator asks."""
    from meridian.vault import base, doors  # noqa: PLC0415 - as above

    os.nice(base.NICENESS)
    source = base.Source(
        arguments.program, arguments.ledger, arguments.ledger_port, read_secret(arguments.secrets, "ledger-vault")
    )
    shelf = base.Shelf(arguments.keep / "base", arguments.keep / "wal", source)
    door = doors.operators(arguments.operator, read_secret(arguments.secrets, "vault-operator"), shelf)
    threading.Thread(target=door.serve_forever, daemon=True).start()
    base.keep(shelf)


def _shelf(arguments: argparse.Namespace) -> None:
    """Let those who rebuild read what is kept."""
    from meridian.vault import doors  # noqa: PLC0415 - as above

    tokens = [read_secret(arguments.secrets, name) for name in ("rebuild-token", "cloud-token")]
    doors.readers(address(arguments.listen), tokens, arguments.keep).serve_forever()


def _gateways(texts: Sequence[str]) -> dict[str, tuple[str, int]]:
    return {name: address(where) for name, _, where in (text.partition("=") for text in texts)}


if __name__ == "__main__":
    sys.exit(main())
