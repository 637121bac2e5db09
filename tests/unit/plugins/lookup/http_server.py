# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real HTTP server on loopback with a WebSocket, which writes down what it is asked."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# RFC 6455, section 1.3.
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE = 1, 8
# Status, headers and body by path. Others are answered by what was asked, mostly with status 500.
ANSWERS: dict[str, tuple[int, dict[str, str], str]] = {
    "/user": (200, {"X-Served-By": "test"}, '{"user": {"id": 7}}'),
    "/moved": (302, {"location": "/user"}, ""),
    "/lines": (200, {}, "one\n\x1b[31mtwo\n"),
    "/long": (200, {}, "x" * 500),
    "/closed": (403, {}, "nobody may"),
}


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request; names of headers are in lower case. Requests over one connection have the same port."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    port: int


class Server(ThreadingHTTPServer):
    """What it was asked, in `asked`. /meet answers two at once only, /later from the third time, /slow at the end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[Asked] = []
        self.meeting = threading.Barrier(2, timeout=10)
        self.ended = threading.Event()
        self.scheme = "http"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection after the other request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def answer(self) -> None:
        """Answer any request."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        self.server.asked.append(Asked(self.command, self.path, headers, body, self.client_address[1]))
        path = self.path.partition("?")[0]
        if path == "/socket":
            return self.talk(headers["sec-websocket-key"])
        if path == "/meet":
            self.server.meeting.wait()
        if path == "/slow":
            self.server.ended.wait()
        tries = sum(asked.path == "/later" for asked in self.server.asked)
        fallback = 200 if path in ("/meet", "/echo") or (path == "/later" and tries > 2) else 500
        self.send(*ANSWERS.get(path, (fallback, {}, body.decode("utf-8", "replace"))))
        return None

    do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer

    def send(self, status: int, headers: dict[str, str], body: str) -> None:
        """Send an answer."""
        data = body.encode()
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def talk(self, key: str) -> None:
        """Send back every message, after another one; go without a word at `bye`."""
        accept = base64.b64encode(hashlib.sha1((key + WEBSOCKET_GUID).encode()).digest()).decode()
        self.send_response(101)
        for name, value in {"upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": accept}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        while (message := self.receive()) not in (None, '"bye"'):
            for text in ("something else", f"back: {message}"):
                self.wfile.write(bytes([0x80 | TEXT, len(text)]) + text.encode())

    def receive(self) -> str | None:
        """A message of fewer than 126 bytes; None when the client closes."""
        head = self.rfile.read(2)
        if len(head) < 2:
            return None
        mask = self.rfile.read(4)
        text = bytes(byte ^ mask[number % 4] for number, byte in enumerate(self.rfile.read(head[1] & 0x7F)))
        if head[0] & 0x0F == CLOSE:
            self.wfile.write(bytes([0x80 | CLOSE, len(text)]) + text)
            return None
        return text.decode()

    def log_message(self, *args: Any) -> None:
        """Print nothing."""


@contextlib.contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that runs, over TLS with a context."""
    with Server() as server:
        if context:
            server.scheme = "https"
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
