"""``python -m meridian.settlement``: one gateway, until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from meridian.address import address
from meridian.banks import BANKS
from meridian.errors import MeridianError
from meridian.secret import read_secret
from meridian.settlement.engine import Connect, Engine
from meridian.settlement.journal import InstructionJournal
from meridian.settlement.naive import NaiveLedger
from meridian.settlement.router import EAGER_S, STEADY_S, Router
from meridian.settlement.safe import SafeLedger
from meridian.settlement.web import OperatorDoor, ParticipantsDoor, Tokens

_CLIENTS: Mapping[str, type[SafeLedger | NaiveLedger]] = {"safe": SafeLedger, "naive": NaiveLedger}


def main() -> int:
    """Read the arguments, serve until SIGTERM, return the exit status."""
    parser = argparse.ArgumentParser(prog="meridian.settlement", description=__doc__)
    parser.add_argument("--name", required=True, help="name of this gateway")
    parser.add_argument("--listen", required=True, help="ADDRESS:PORT for participants")
    parser.add_argument("--operator", required=True, type=Path, help="Unix socket for the operator")
    parser.add_argument("--journal", required=True, type=Path, help="file of the instruction journal")
    parser.add_argument("--secrets", required=True, type=Path, help="directory of the secrets")
    parser.add_argument("--patroni", required=True, action="append", help="ADDRESS:PORT of a Patroni; once for each")
    parser.add_argument("--ledger-port", type=int, default=5432, help="port of PostgreSQL")
    parser.add_argument("--client", choices=sorted(_CLIENTS), default="safe", help="how the ledger is used")
    try:
        return 0 if asyncio.run(_serve(parser.parse_args())) else 1
    except MeridianError as error:
        sys.stderr.write(error.text)
        return error.exit_code


async def _serve(arguments: argparse.Namespace) -> bool:
    """Serve; return whether it ended because it was told to."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    secrets: Path = arguments.secrets
    journal = InstructionJournal(arguments.journal, arguments.name)
    router = Router(dict(address(text) for text in arguments.patroni))
    engine = Engine(_connect(arguments), lambda: router.primary, journal, arguments.name)
    banks = Tokens({bank.name: read_secret(secrets, f"bank-{bank.name}") for bank in BANKS})
    vault = Tokens({"vault": read_secret(secrets, "vault-token")})
    followers = Tokens({"followers": read_secret(secrets, "stream-token")})
    operator = Tokens({"operator": read_secret(secrets, "operator-token")})
    facts = {"gateway": arguments.name, "client": arguments.client}
    runners = [
        web.AppRunner(door.application(), access_log=None)
        for door in (
            ParticipantsDoor(engine, journal, banks, vault, followers),
            OperatorDoor(engine, journal, operator, facts),
        )
    ]
    for runner in runners:
        await runner.setup()
    host, port = address(arguments.listen)
    await web.TCPSite(runners[0], host, port).start()
    arguments.operator.unlink(missing_ok=True)
    await web.UnixSite(runners[1], str(arguments.operator)).start()
    engine.start()
    stopping = asyncio.create_task(stopped.wait())
    routing = asyncio.create_task(_route(router, engine))
    await asyncio.wait({stopping, routing}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.to_thread(engine.stop)
    routing.cancel()
    for runner in runners:
        await runner.cleanup()
    return stopped.is_set()


async def _route(router: Router, engine: Engine) -> None:
    """Look where the primary is, often while the ledger does not answer, seldom else, until the engine ends."""
    due_s = 0.0
    while engine.alive:
        if engine.standing.why is not None or time.monotonic() >= due_s:
            await router.look()
            due_s = time.monotonic() + STEADY_S
        await asyncio.sleep(EAGER_S)


def _connect(arguments: argparse.Namespace) -> Connect:
    password = read_secret(arguments.secrets, "ledger-app")
    client = _CLIENTS[arguments.client]
    return lambda primary: client(primary.host, arguments.ledger_port, password, arguments.name)


if __name__ == "__main__":
    sys.exit(main())
