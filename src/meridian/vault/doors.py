"""The vault's two doors, the operator's and the clean room's.

The operator's is a Unix socket: the record of backups, and a backup on request. The other is TCP, for those who
rebuild: whoever has a token of theirs may read what is kept, and nobody may write anything. HTTP with a bearer token on
both. Production has none of the tokens, and the network lets it reach neither door.
"""

from __future__ import annotations

import hmac
import json
import os
import shutil
import socketserver
from collections.abc import Collection
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote

from meridian.vault.base import Shelf

BODY_LIMIT_BYTES = 4096
NAME_LIMIT = 128
TIMEOUT_S = 30.0

BACKUPS = "/v1/backups"
KEPT = "/v1/kept"


class Handler(BaseHTTPRequestHandler):
    """One request: authenticated before anything of it is looked at."""

    tokens: frozenset[str] = frozenset()
    timeout = TIMEOUT_S

    def do_GET(self) -> None:
        """Answer a reader."""
        if self._admitted():
            self.read()

    def do_POST(self) -> None:
        """Answer who wants something done."""
        if self._admitted():
            self.act()

    def read(self) -> None:
        """Answer a GET; nothing is there."""
        self.answer(HTTPStatus.NOT_FOUND, {"error": "there is nothing at this path"})

    def act(self) -> None:
        """Answer a POST; nothing can be done."""
        self.answer(HTTPStatus.METHOD_NOT_ALLOWED, {"error": "nothing can be changed here"})

    def answer(self, status: HTTPStatus, said: object) -> None:
        """Send a JSON answer."""
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the record says what was done."""

    def _admitted(self) -> bool:
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        known = [hmac.compare_digest(given.encode(), token.encode()) for token in self.tokens]
        if scheme == "Bearer" and any(known):
            return True
        self.answer(HTTPStatus.UNAUTHORIZED, {"error": "a bearer token of this door is needed"})
        return False


def operators(path: Path, token: str, shelf: Shelf) -> socketserver.BaseServer:
    """Return the operator's door at a Unix socket, not serving yet."""

    class Door(Handler):
        tokens = frozenset({token})

        def read(self) -> None:
            if self.path == BACKUPS:
                self.answer(HTTPStatus.OK, {"backups": shelf.rows()})
            else:
                super().read()

        def act(self) -> None:
            try:
                length = min(int(self.headers.get("Content-Length", 0)), BODY_LIMIT_BYTES)
                by = json.loads(self.rfile.read(length))["by"]
                if self.path != BACKUPS or not isinstance(by, str) or not 0 < len(by) <= NAME_LIMIT:
                    raise ValueError  # noqa: TRY301 - one answer for all of them
            except (ValueError, KeyError, TypeError):
                self.answer(HTTPStatus.BAD_REQUEST, {"error": f'POST {{"by": "who asks"}} to {BACKUPS}'})
                return
            done = shelf.back_up(f"request of {by}")
            self.answer(HTTPStatus.CREATED if done.result == "verified" else HTTPStatus.CONFLICT, asdict(done))

    path.unlink(missing_ok=True)
    server = socketserver.ThreadingUnixStreamServer(str(path), Door)
    server.daemon_threads = True
    return server


def readers(address: tuple[str, int], tokens: Collection[str], keep: Path) -> ThreadingHTTPServer:
    """Return the clean room's door, not serving yet: a list of what is kept below ``keep``, and each file of it."""
    given = frozenset(tokens)
    root = keep.resolve()

    class Door(Handler):
        tokens = given

        def read(self) -> None:
            if self.path == KEPT:
                files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
                sizes = {quote(str(path.relative_to(root))): _size(path) for path in files}
                self.answer(HTTPStatus.OK, {"kept": sizes})
                return
            try:
                path = (root / unquote(self.path.removeprefix(f"{KEPT}/"))).resolve()
                file = path.open("rb") if path.is_relative_to(root) else None
            except (OSError, ValueError):
                file = None
            if file is None:
                super().read()
                return
            with file:
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(os.fstat(file.fileno()).st_size))
                self.end_headers()
                shutil.copyfileobj(file, self.wfile)

    server = ThreadingHTTPServer(address, Door)
    server.daemon_threads = True
    return server


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
