"""The vault's pull of the instruction journals, over HTTP from a gateway's real door."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from meridian.errors import MeridianError
from meridian.settlement.engine import Engine
from meridian.settlement.journal import READ_LIMIT_LINES, InstructionJournal
from meridian.settlement.router import Primary
from meridian.settlement.safe import Ledger
from meridian.settlement.web import ParticipantsDoor, Tokens
from meridian.vault.journal import Copy

GATEWAY = "settlement-a"


def instruction(number: int) -> dict[str, Any]:
    return {"participant": "AURUM", "key": f"k{number}", "to": "BOREAL", "amount_cents": number, "priority": "normal"}


def nowhere(_: Primary) -> Ledger:
    raise AssertionError("no ledger is asked for a journal")


class Door:
    """A gateway's door for participants and the vault, on a port of its own, with nothing behind it but the journal."""

    def __init__(self, journal: InstructionJournal) -> None:
        """Open it."""
        self.journal = journal
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._open.wait(30)

    def _run(self) -> None:
        engine = Engine(nowhere, lambda: None, self.journal)
        door = ParticipantsDoor(engine, self.journal, Tokens({"AURUM": "bank"}), Tokens({"vault": "vault"}), Tokens({}))
        runner = web.AppRunner(door.application(), access_log=None)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", 0)
        self._loop.run_until_complete(site.start())
        self.port = runner.addresses[0][1]
        self._open.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    def close(self) -> None:
        """Close it; once more does nothing."""
        if not self._thread.is_alive():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def copy(self, directory: Path, whose: str = "vault") -> AbstractContextManager[Copy]:
        return closing(Copy(directory / "vault", GATEWAY, ("127.0.0.1", self.port), whose))


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    opened = Door(InstructionJournal(tmp_path / "journal.ndjson", GATEWAY))
    yield opened
    opened.close()


def test_the_copy_has_every_line_and_goes_on_where_it_stood(door: Door, tmp_path: Path) -> None:
    door.journal.append(instruction(number) for number in range(3))
    with door.copy(tmp_path) as copy:
        assert copy.pull() is False
    door.journal.append(instruction(number) for number in range(2))
    # A vault that was killed in the middle of a line begins anew with the last whole one.
    kept = tmp_path / "vault" / f"{GATEWAY}.ndjson"
    kept.write_bytes(kept.read_bytes()[:-5])
    with door.copy(tmp_path) as again:
        assert again.standing.lines == 2
        again.pull()
        assert (again.standing.lines, again.standing.behind, again.standing.error) == (5, 0, None)
    assert kept.read_bytes() == (tmp_path / "journal.ndjson").read_bytes()


def test_a_long_journal_is_pulled_in_parts(door: Door, tmp_path: Path) -> None:
    door.journal.append(instruction(number) for number in range(READ_LIMIT_LINES + 1))
    with door.copy(tmp_path) as copy:
        assert copy.pull() is True
        assert (copy.standing.lines, copy.standing.behind) == (READ_LIMIT_LINES, 1)
        assert copy.pull() is False
        assert copy.standing.lines == READ_LIMIT_LINES + 1


def test_what_does_not_follow_is_not_taken(door: Door, tmp_path: Path) -> None:
    door.journal.append(instruction(number) for number in range(2))
    path = tmp_path / "journal.ndjson"
    with door.copy(tmp_path) as copy:
        copy.pull()
        door.journal.append(instruction(number) for number in range(2))
        lines = path.read_bytes().splitlines(keepends=True)
        lines[3] = lines[3].replace(b'"amount_cents":1', b'"amount_cents":9')
        path.write_bytes(b"".join(lines))
        assert copy.pull() is False
        assert (copy.standing.lines, copy.standing.intact) == (3, False)
    assert (tmp_path / "vault" / f"{GATEWAY}.ndjson").read_bytes() == b"".join(lines[:3])


def test_a_copy_that_was_tampered_with_is_not_continued(door: Door, tmp_path: Path) -> None:
    door.journal.append([instruction(7)])
    with door.copy(tmp_path) as copy:
        copy.pull()
    kept = tmp_path / "vault" / f"{GATEWAY}.ndjson"
    kept.write_bytes(kept.read_bytes().replace(b"AURUM", b"EIDER"))
    with pytest.raises(MeridianError) as refused:
        door.copy(tmp_path)
    assert refused.value.code == "MR304"


@pytest.mark.parametrize("whose", ["bank", "", "vault2"])
def test_nobody_else_gets_the_journal(door: Door, tmp_path: Path, whose: str) -> None:
    door.journal.append([instruction(1)])
    with door.copy(tmp_path, whose) as copy:
        assert copy.pull() is False
        assert (copy.standing.lines, copy.standing.intact, copy.standing.error) == (0, True, "ValueError: answered 401")


def test_a_gateway_that_is_away_is_asked_again(door: Door, tmp_path: Path) -> None:
    door.journal.append([instruction(1)])
    with door.copy(tmp_path) as copy:
        door.close()
        assert copy.pull() is False
        assert (copy.standing.behind, copy.standing.intact) == (None, True)
        assert "ConnectionRefusedError" in str(copy.standing.error)
