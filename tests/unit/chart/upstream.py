# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A service that answers what it was asked: for what the gateway makes of a request, whoever serves it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Seconds after which a path with this in its query is answered.
SLOW = 3


class Handler(BaseHTTPRequestHandler):
    """Answers with its own name, the path and the headers it got, in a header: an upgrade has no body."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        if "slow" in self.path:
            time.sleep(SLOW)
        got = {name.lower(): value for name, value in self.headers.items()}
        upgrade = got.get("upgrade")
        self.send_response(101 if upgrade else 200)
        self.send_header("x-received", json.dumps([str(self.server.service), self.path, got]))  # type: ignore[attr-defined]
        self.send_header("access-control-allow-origin", "*")
        for name, value in (
            {"upgrade": upgrade, "connection": "upgrade"}.items() if upgrade else [("content-length", "0")]
        ):
            self.send_header(name, str(value))
        self.end_headers()
        self.close_connection = bool(upgrade)

    do_GET = do_POST = do_OPTIONS = _answer

    def log_message(self, *_args: object) -> None:
        """Print nothing."""


@contextmanager
def running(services: list[str]) -> Iterator[dict[str, int]]:
    """One for each service; yields their ports."""
    servers = []
    for service in services:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.service = service  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        servers.append(server)
    try:
        yield dict(zip(services, (server.server_port for server in servers), strict=True))
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
