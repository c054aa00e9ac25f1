"""An infrastructure's interface: HTTP, JSON in and out, one thread for each connection."""

from __future__ import annotations

import hmac
import json
import socket
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from meridian.market.exchange import COLLECT_AT_ONCE, Exchange

MAX_BODY_BYTES = 1 << 20
MAX_DIGITS = 18
IDLE_S = 60.0
MAX_ITEMS = COLLECT_AT_ONCE


class Server(ThreadingHTTPServer):
    """Serves an exchange to a sender and to those who collect, each known by a token."""

    daemon_threads = True

    def __init__(self, listening: socket.socket, exchange: Exchange, sender: str, collector: str) -> None:
        """Serve from a listening socket; ``sender`` and ``collector`` are their tokens."""
        super().__init__(listening.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.exchange = exchange
        self.tokens = {"sender": sender, "collector": collector}


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        """Answer what was taken last, or what is there to collect."""
        split = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(split.query).items()}
        after = query.get("after", "0")[:MAX_DIGITS]
        if split.path == "/v1/last" and self._known("sender"):
            self._answer(200, {"status": "last", "last": self.server.exchange.last(query.get("channel", ""))})
        elif split.path == "/v1/inbox" and self._known("collector") and after.isdecimal():
            self._answer(200, {"status": "inbox", "messages": self.server.exchange.collect(int(after))})
        else:
            self._answer(400, {"status": "invalid"})

    def do_POST(self) -> None:
        """Take deliveries."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self._answer(413, {"status": "invalid"})
            return
        asked = _deliveries(self.rfile.read(int(length)))
        if self.path != "/v1/deliveries" or not self._known("sender") or asked is None:
            self._answer(400, {"status": "invalid"})
            return
        said = self.server.exchange.take(asked["channel"], asked["by"], asked["term"], asked["items"])
        self._answer(200 if said["status"] == "taken" else 409, said)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing of single requests."""

    def _known(self, who: str) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(errors="replace"), self.server.tokens[who].encode())

    def _answer(self, status: int, body: Mapping[str, object]) -> None:
        data = json.dumps(body, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _deliveries(data: bytes) -> dict[str, Any] | None:
    """Return deliveries that have the form they must have, else None."""
    try:
        asked = json.loads(data)
        sound = (
            isinstance(asked["channel"], str)
            and isinstance(asked["by"], str)
            and type(asked["term"]) is int
            and len(asked["items"]) <= MAX_ITEMS
            and all(
                isinstance(item["to"], str) and type(item["number"]) is int and isinstance(item["body"], dict)
                for item in asked["items"]
            )
        )
    except (ValueError, KeyError, TypeError):
        return None
    return asked if sound else None
