# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Readiness probes that are commands, run by a shell: what the service answers decides, not that it answers."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.chart.variants import pod

REQUESTS: list[tuple[str, dict[str, str], bytes]] = []
ANSWER: dict[str, Any] = {}


class Service(BaseHTTPRequestHandler):
    """Answers what a test wants of it."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        REQUESTS.append((f"{self.command} {self.path}", dict(self.headers), self.rfile.read(length)))
        self.send_response(ANSWER["status"])
        self.send_header("Content-Length", str(len(ANSWER["body"])))
        self.end_headers()
        self.wfile.write(ANSWER["body"])

    do_POST = do_GET

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: a test shows what went wrong."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


# Service, its port, status and body that it answers, and whether that is ready.
HEALTH: list[tuple[str, int, int, bytes, bool]] = [
    ("storage", 5000, 200, b'{"healthy":true}', True),
    ("storage", 5000, 200, b'{"healthy":false}', False),
    ("storage", 5000, 500, b'{"healthy":true}', False),
    ("realtime", 4000, 200, b'{"data":{"healthy":true,"db_connected":true}}', True),
    ("realtime", 4000, 200, b'{"data":{"healthy":false,"db_connected":false}}', False),
    ("realtime", 4000, 403, b'{"healthy":true}', False),
    # Nobody has the refresh token: that Auth knows it means that it asked the database.
    ("auth", 9999, 400, b"{}", True),
    ("auth", 9999, 500, b"{}", False),
    ("auth", 9999, 429, b"{}", False),
    ("auth", 9999, 200, b"{}", False),
]


@pytest.mark.parametrize(
    ("service", "own", "status", "body", "ready"),
    HEALTH,
    ids=[f"{row[0]} {row[2]} {row[3].decode()}" for row in HEALTH],
)
def test_readiness_reads_the_answer(
    port: int, tmp_path: Path, service: str, own: int, status: int, body: bytes, ready: bool
) -> None:
    (tmp_path / "authorization").write_text("Authorization: Bearer token\n")
    ANSWER.update(status=status, body=body)
    REQUESTS.clear()
    command = pod("ingress", service)["containers"][0]["readinessProbe"]["exec"]["command"]
    here = [part.replace(f":{own}/", f":{port}/").replace("/run/supastack", str(tmp_path)) for part in command]
    result = subprocess.run(here, capture_output=True, timeout=20, check=False)
    assert (result.returncode == 0) is ready
    path, headers, sent = REQUESTS[0]
    if service == "realtime":
        # The tenant's name is the one that the gateway and the tenant's script say.
        assert (path, headers["Authorization"]) == ("GET /api/tenants/realtime-dev/health", "Bearer token")
    if service == "auth":
        assert (path, sent) == ("POST /token?grant_type=refresh_token", b'{"refresh_token":"readinesspro"}')
        # Its own bucket of the limit on requests: none of a client's.
        assert headers["x-supastack-client"] == "readiness"


@pytest.mark.parametrize("service", ["storage", "realtime", "auth"])
def test_service_that_does_not_listen_is_not_ready(service: str) -> None:
    # Nothing of the three runs here, and port 9 serves nobody.
    command = pod("ingress", service)["containers"][0]["readinessProbe"]["exec"]["command"]
    here = [part.replace(":5000/", ":9/").replace(":4000/", ":9/").replace(":9999/", ":9/") for part in command]
    assert subprocess.run(here, capture_output=True, timeout=20, check=False).returncode
