# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of make bench-gateway, and its client against a real server."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.bench import gateway
from tests.bench.site import BenchError
from tests.unit.plugins.lookup.http_server import ANSWERS, serving


def test_the_table_has_each_round_and_the_ratios_of_medians() -> None:
    slow, fast = gateway.Load([0.002] * 100, 0.5), gateway.Load([0.001] * 100, 0.25)
    assert gateway.table([(fast, slow), (fast, fast), (fast, slow)])[:5] == [
        "round   direct req/s   gateway req/s   gateway ÷ direct   direct p99 ms   gateway p99 ms",
        "    1            400             200               0.50            1.00             2.00",
        "    2            400             400               1.00            1.00             1.00",
        "    3            400             200               0.50            1.00             2.00",
        "ratios of the medians, gateway ÷ direct: 0.50 of the requests a second, 2.00 times the p99",
    ]


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", True),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n[]\r\n", False),
    ],
)
def test_an_answer_is_whole_with_its_body(answer: bytes, whole: bool) -> None:
    assert gateway.is_whole(answer) is whole


def test_every_connection_asks_until_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWERS, "/row", (200, {}, gateway.ROW.decode()))
    with serving() as server:
        port = int(server.server_address[1])
        found = gateway.load(gateway.Target.of("it", port, "/row", "apikey: key"), 0.2, connections=3)
        asked = list(server.asked)
        with pytest.raises(BenchError, match=r"it answered 'HTTP/1.1 200 OK.*id.: 7"):
            gateway.load(gateway.Target.of("it", port, "/user", "apikey: key"), 0.2)
    assert len(found.latencies) == len(asked) > 3
    assert 0.2 <= found.seconds < 5
    assert {ask.path for ask in asked} == {"/row?select=id,note&id=eq.1"}
    assert {ask.headers["apikey"] for ask in asked} == {"key"}
    assert len({ask.port for ask in asked}) == 3


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (b"", "it answered ''"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\n\r\n[", r"it answered 'HTTP/1.1 200 OK.*\['"),
        (None, "it answered nothing for 0.2 s"),
    ],
    ids=["closes", "breaks off", "is silent"],
)
def test_a_server_that_does_not_answer_ends_the_bench(
    monkeypatch: pytest.MonkeyPatch, part: bytes | None, message: str
) -> None:
    monkeypatch.setattr(gateway, "TIMEOUT", 0.2)
    asking = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:

        def answer() -> None:
            connection, _address = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(part or b"")
                if part is None:
                    asking.wait(10)

        pool.submit(answer)
        with pytest.raises(BenchError, match=message):
            gateway.load(gateway.Target.of("it", server.getsockname()[1], "/row", "apikey: key"), 5, connections=1)
        asking.set()


def test_no_round_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gateway.main(["--rounds", "0"])
    assert "--rounds is 0 and --seconds 4.0: give at least one round" in capsys.readouterr().err
