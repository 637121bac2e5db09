# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Thresholds of probes, single probes against real listeners, and probes of a container together."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from sandbox.node import probes
from sandbox.node.health import Health
from sandbox.node.probes import Series, Target, Timing

Json = dict[str, Any]


class _Server(http.server.ThreadingHTTPServer):
    """Remembers path, Host and X-Probe of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str | None, str | None]] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers["Host"], self.headers["X-Probe"]))
        self.send_response({"/ok": 200, "/moved": 302}.get(self.path, 500))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, template: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def web() -> Iterator[_Server]:
    server = _Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _target(port: int = 0, execute: Any = None) -> Target:
    container = {"name": "c", "ports": [{"name": "http", "containerPort": port}]}
    return Target("127.0.0.1", container, socket.socket, execute)


@pytest.mark.parametrize(
    ("results", "states"),
    [
        ("+", [True]),
        ("---", [None, None, False]),
        ("--+--", [None, None, True, True, True]),
        ("+---", [True, True, True, False]),
        ("+---+", [True, True, True, False, True]),
    ],
)
def test_thresholds(results: str, states: list[bool | None]) -> None:
    series = Series(Timing())
    seen = []
    for result in results:
        series.add(result == "+")
        seen.append(series.state)
    assert seen == states


def test_change_is_reported_once() -> None:
    series = Series(Timing(success_threshold=2, failure_threshold=1))
    assert [series.add(True) for _unused in range(4)] == [False, True, False, False]
    assert series.add(False)


def test_zero_means_the_default() -> None:
    assert Timing.of({"periodSeconds": 0, "failureThreshold": 7}) == Timing(failure_threshold=7)


@pytest.mark.parametrize(("path", "healthy"), [("/ok", True), ("/moved", True), ("/broken", False)])
def test_http(web: _Server, path: str, healthy: bool) -> None:
    action = {"path": path, "port": "http", "httpHeaders": [{"name": "X-Probe", "value": "1"}]}
    success, message = probes.check({"httpGet": action}, _target(web.server_port), 2)
    assert success is healthy
    assert web.seen == [(path, f"127.0.0.1:{web.server_port}", "1")]
    assert healthy or "500" in message


def test_tcp(web: _Server) -> None:
    assert probes.check({"tcpSocket": {"port": web.server_port}}, _target(), 1)[0]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        assert not probes.check({"tcpSocket": {"port": closed.getsockname()[1]}}, _target(), 1)[0]


def test_unknown_port_name() -> None:
    assert probes.check({"tcpSocket": {"port": "nope"}}, _target(), 1) == (False, "container has no port named 'nope'")


@pytest.mark.parametrize(("code", "healthy"), [(0, True), (1, False), (None, False)])
def test_exec(code: int | None, healthy: bool) -> None:
    seen = []

    def execute(argv: Sequence[str], timeout: float) -> tuple[int | None, str]:
        seen.append((list(argv), timeout))
        return code, "output"

    assert probes.check({"exec": {"command": ["test", "-f", "/x"]}}, _target(execute=execute), 3)[0] is healthy
    assert seen == [(["test", "-f", "/x"], 3)]


class _Scripted:
    """An exec probe whose results are scripted by probe; the last one repeats."""

    def __init__(self, **results: str) -> None:
        self.results = {name: list(script) for name, script in results.items()}
        self.counts = dict.fromkeys(results, 0)

    def __call__(self, argv: Sequence[str], _timeout: float) -> tuple[int | None, str]:
        name = argv[0]
        self.counts[name] += 1
        script = self.results[name]
        return (0 if (script.pop(0) if len(script) > 1 else script[0]) == "+" else 1), ""


def _health(script: _Scripted, seen: list[Any], **thresholds: int) -> Health:
    spec: Json = {"name": "c"}
    for name in script.results:
        spec[f"{name}Probe"] = {"exec": {"command": [name]}, "periodSeconds": 0.01, **thresholds}
    return Health(
        spec,
        _target(execute=script),
        lambda started, ready: seen.append((started, ready)),
        lambda kind, _probe: seen.append(kind),
        lambda _message: None,
    )


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 3
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_without_probes_a_container_is_ready_at_once() -> None:
    seen: list[Any] = []
    _health(_Scripted(), seen).start()
    assert seen == [(True, True)]


def test_readiness_waits_for_startup() -> None:
    seen: list[Any] = []
    script = _Scripted(startup="--+", readiness="+")
    health = _health(script, seen, failureThreshold=5)
    health.start()
    _wait(lambda: seen[-1:] == [(True, True)])
    health.stop()
    assert seen == [(False, False), (True, False), (True, True)]
    assert script.counts["startup"] == 3


@pytest.mark.parametrize("kind", ["startup", "liveness"])
def test_failed_startup_and_liveness_ask_for_a_kill(kind: str) -> None:
    seen: list[Any] = []
    health = _health(_Scripted(**{kind: "-"}), seen, failureThreshold=2)
    health.start()
    _wait(lambda: len(seen) > 1)
    health.stop()
    assert seen[1] == kind


def test_readiness_comes_and_goes() -> None:
    seen: list[Any] = []
    health = _health(_Scripted(readiness="+-+"), seen, failureThreshold=1)
    health.start()
    _wait(lambda: len(seen) >= 4)
    health.stop()
    assert seen[:4] == [(True, False), (True, True), (True, False), (True, True)]
