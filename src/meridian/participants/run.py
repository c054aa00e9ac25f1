"""All the banks in one process, with the switch of their load."""

from __future__ import annotations

import argparse
import asyncio
import signal

from aiohttp import web

from meridian.banks import BANKS, Bank
from meridian.participants.bank import BankClient
from meridian.participants.control import Load, application
from meridian.participants.gateways import Gateway, Gateways
from meridian.participants.record import Record
from meridian.secret import read_secret


def banks(arguments: argparse.Namespace) -> None:
    """Work until SIGTERM."""
    asyncio.run(_work(arguments))


async def _work(arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    doors = {bank: _gateways(arguments, bank) for bank in BANKS}
    clients = [
        BankClient(bank, Record(arguments.records, bank, arguments.seed), doors[bank], arguments.seed) for bank in BANKS
    ]
    switch = application(Load(clients, arguments.rate, arguments.seed), read_secret(arguments.secrets, "banks-token"))
    runner = web.AppRunner(switch, access_log=None)
    await runner.setup()
    arguments.control.unlink(missing_ok=True)
    await web.UnixSite(runner, str(arguments.control)).start()
    working = [asyncio.create_task(client.work()) for client in clients]
    ending = asyncio.create_task(ended.wait())
    finished, _ = await asyncio.wait([*working, ending], return_when=asyncio.FIRST_COMPLETED)
    for task in (*working, ending):
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    await runner.cleanup()
    for each in doors.values():
        await each.close()
    for task in finished - {ending}:
        task.result()


def _gateways(arguments: argparse.Namespace, bank: Bank) -> Gateways:
    token = read_secret(arguments.secrets, f"bank-{bank.name}")
    return Gateways(Gateway(name, url, token) for name, _, url in (text.partition("=") for text in arguments.gateway))
