"""The vault's copy of the gateways' instruction journals: pulled, verified line by line, appended, flushed.

What does not follow from the line before is not taken: from there on the copy of that gateway stands still, and its
status says why. ``status.json`` tells the control plane how far behind each copy is.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from meridian.errors import MeridianError
from meridian.settlement.journal import Chain

PULL_EVERY_S = 0.2
PULL_TIMEOUT_S = 1.0
STATUS_EVERY_S = 0.5
STATUS = "status.json"


@dataclass(slots=True)
class Standing:
    """How a copy stands: its lines, how many the gateway had more at the last pull, and what is wrong, if anything."""

    lines: int = 0
    behind: int | None = None
    intact: bool = True
    pulled_utc_us: int | None = None
    error: str | None = None


class Copy:
    """The copy of one gateway's journal."""

    def __init__(self, directory: Path, gateway: str, address: tuple[str, int], token: str) -> None:
        """Verify what is there and open it for more. Raise MR304 when it is not a chain."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{gateway}.ndjson"
        self.gateway = gateway
        self.standing = Standing()
        self._address = address
        self._headers = {"Authorization": f"Bearer {token}"}
        self._chain = Chain(gateway)
        self._connection: http.client.HTTPConnection | None = None
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        kept = 0
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    self._chain.extend(line)
                    kept += len(line)
        os.ftruncate(self._file, kept)
        self.standing.lines = self._chain.lines

    def pull(self) -> bool:
        """Take what is new; return whether there may be more at once."""
        try:
            lines, total = self._fetch()
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._disconnect()
            self.standing.error = f"{type(error).__name__}: {error}"
            return False
        try:
            self._keep(lines)
        except MeridianError as error:
            self.standing.intact, self.standing.error = False, str(error)
            return False
        self.standing.behind = max(0, total - self._chain.lines)
        self.standing.pulled_utc_us = time.time_ns() // 1000
        self.standing.error = None
        return self.standing.behind > 0

    def _fetch(self) -> tuple[list[bytes], int]:
        """Return the lines after the last one kept, and how many the gateway has in all."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=PULL_TIMEOUT_S)
        self._connection.request("GET", f"/v1/journal?after={self._chain.lines}", headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != http.HTTPStatus.OK:
            raise ValueError(f"answered {answer.status}")
        return body.splitlines(keepends=True), int(answer.headers["X-Journal-Lines"])

    def _keep(self, lines: list[bytes]) -> None:
        """Append the lines that follow, and flush them. Raise MR304 at the first that does not."""
        followed: list[bytes] = []
        try:
            for line in lines:
                self._chain.extend(line)
                followed.append(line)
        finally:
            if followed:
                os.write(self._file, b"".join(followed))
                os.fsync(self._file)
            self.standing.lines = self._chain.lines

    def close(self) -> None:
        """Close file and connection."""
        self._disconnect()
        os.close(self._file)

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def keep(directory: Path, gateways: Mapping[str, tuple[str, int]], token: str) -> None:
    """Pull from all gateways for ever, each by itself: one that does not answer holds up no other."""
    copies = [Copy(directory, gateway, address, token) for gateway, address in gateways.items()]
    for copy in copies:
        threading.Thread(target=_follow, args=(copy,), name=copy.gateway, daemon=True).start()
    said = ""
    while True:
        standings = {copy.gateway: asdict(copy.standing) for copy in copies}
        _replace(directory / STATUS, json.dumps(standings))
        broken = "; ".join(copy.standing.error or "" for copy in copies if not copy.standing.intact)
        if broken != said:
            sys.stderr.write(f"vault-journal: {broken}\n")
            sys.stderr.flush()
            said = broken
        time.sleep(STATUS_EVERY_S)


def _follow(copy: Copy) -> None:
    while copy.standing.intact:
        if not copy.pull():
            time.sleep(PULL_EVERY_S)


def _replace(path: Path, text: str) -> None:
    """Put a text in place of a file, so that a reader sees the old one or the new one."""
    fresh = path.with_suffix(".new")
    with suppress(OSError):
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
