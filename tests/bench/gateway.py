# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the gateway: one row read through Envoy with the chart's configuration against PostgREST asked directly.

PostgreSQL, PostgREST and Envoy are real and on this machine, and so is the client: they share its cores.
"""

from __future__ import annotations

import argparse
import re
import selectors
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.site import BenchError
from tests.unit.bootstrap import database as db
from tests.unit.chart import stack

CONNECTIONS = 8
SECONDS = 4.0
# No answer may take longer.
TIMEOUT = 20.0
ROW = b'[{"id":1,"note":"hello"}]'
TABLE = """
    CREATE TABLE public.bench (id int PRIMARY KEY, note text NOT NULL);
    INSERT INTO public.bench VALUES (1, 'hello');
    ALTER TABLE public.bench ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everybody ON public.bench FOR SELECT TO anon USING (true);
"""


@dataclass(frozen=True)
class Target:
    """Where the row is asked for: a port of this machine, and the request."""

    name: str
    port: int
    request: bytes

    @classmethod
    def of(cls, name: str, port: int, path: str, header: str) -> Target:
        """One that is asked with a header of its own."""
        lines = [f"GET {path}?select=id,note&id=eq.1 HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: */*", header]
        return cls(name, port, "\r\n".join([*lines, "", ""]).encode())


@dataclass(frozen=True)
class Load:
    """What clients saw that asked again as soon as they had their answer: each answer's seconds, and all of them."""

    latencies: Sequence[float]
    seconds: float

    @property
    def throughput(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    @property
    def p99(self) -> float:
        """Milliseconds that 99 of 100 answers took at most."""
        return 1000 * statistics.quantiles(self.latencies, n=100)[98]


@dataclass
class Client:
    """One connection, with at most one request under way."""

    target: Target
    connection: socket.socket
    received: bytes = b""
    asked: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def ask(self) -> None:
        """Send the request."""
        self.received, self.asked = b"", time.perf_counter()
        self.connection.sendall(self.target.request)

    def read(self) -> bool:
        """Take what has come; whether that makes the answer whole. Raises BenchError when it is not the row."""
        part = self.connection.recv(65536)
        self.received += part
        if part and not is_whole(self.received):
            return False
        if not self.received.startswith(b"HTTP/1.1 200 ") or ROW not in self.received:
            raise BenchError(f"{self.target.name} answered {self.received.decode(errors='replace')!r}")
        self.latencies.append(time.perf_counter() - self.asked)
        return True


def is_whole(answer: bytes) -> bool:
    """Whether an answer has all of its body, whose length it tells beforehand or which comes in chunks."""
    head, _blank, body = answer.partition(b"\r\n\r\n")
    told = re.search(rb"(?im)^content-length: *(\d+)", head)
    return len(body) >= int(told[1]) if told else body.endswith(b"0\r\n\r\n")


def load(target: Target, seconds: float, connections: int = CONNECTIONS) -> Load:
    """Ask over some connections for some seconds. Raises BenchError for an answer that is not the row."""
    with ExitStack() as opened, selectors.DefaultSelector() as selector:
        address = ("127.0.0.1", target.port)
        sockets = [opened.enter_context(socket.create_connection(address, TIMEOUT)) for _number in range(connections)]
        clients = [Client(target, connection) for connection in sockets]
        for client in clients:
            client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client.connection, selectors.EVENT_READ, client)
        started = time.perf_counter()
        for client in clients:
            client.ask()
        while selector.get_map():
            ready = selector.select(TIMEOUT)
            if not ready:
                raise BenchError(f"{target.name} answered nothing for {TIMEOUT:g} s")
            for key, _events in ready:
                if not key.data.read():
                    continue
                if time.perf_counter() - started < seconds:
                    key.data.ask()
                else:
                    selector.unregister(key.fileobj)
        took = time.perf_counter() - started
    return Load([latency for client in clients for latency in client.latencies], took)


def measure(rounds: int, seconds: float) -> list[tuple[Load, Load]]:
    """PostgREST itself and through the gateway in turns, each one first in every other round."""
    secrets = stack.generated_secrets() | stack.secrets_of_the_database()
    keys = secrets["supabase-api-keys"]
    with ExitStack() as running:
        database = running.enter_context(db.running(17))
        prepared = db.run_bootstrap(database)
        if prepared.returncode:
            raise BenchError(f"the bootstrap of the database ended with {prepared.returncode}\n{prepared.stderr}")
        with database.master() as connection:
            connection.execute(TABLE.encode())
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="supastack-bench-")))
        ports = running.enter_context(stack.running(database, secrets, folder)).ports
        # What the gateway makes of the key: PostgREST has the same to do.
        token = f"Authorization: Bearer {keys['anon_asymmetric']}"
        direct = Target.of("PostgREST", ports["rest"], "/bench", token)
        gateway = Target.of("the gateway", ports["gateway"], "/rest/v1/bench", f"apikey: {keys['publishable']}")
        for target in (direct, gateway):
            load(target, 1)
        pairs = []
        for number in range(rounds):
            found = {target.name: load(target, seconds) for target in (direct, gateway)[:: -1 if number % 2 else 1]}
            pairs.append((found[direct.name], found[gateway.name]))
        return pairs


def table(pairs: Sequence[tuple[Load, Load]]) -> list[str]:
    """What was measured, and the ratios of the medians."""
    lines = ["round   direct req/s   gateway req/s   gateway ÷ direct   direct p99 ms   gateway p99 ms"]
    for number, (direct, gateway) in enumerate(pairs, start=1):
        ratio = gateway.throughput / direct.throughput
        lines.append(
            f"{number:5} {direct.throughput:14.0f} {gateway.throughput:15.0f} {ratio:18.2f}"
            f" {direct.p99:15.2f} {gateway.p99:16.2f}"
        )
    medians = [
        [statistics.median(values) for values in zip(*((item.throughput, item.p99) for item in side), strict=True)]
        for side in zip(*pairs, strict=True)
    ]
    requests, p99 = (gateway / direct for direct, gateway in zip(*medians, strict=True))
    return [
        *lines,
        f"ratios of the medians, gateway ÷ direct: {requests:.2f} of the requests a second, {p99:.2f} times the p99",
        f"{CONNECTIONS} connections; client, Envoy, PostgREST and PostgreSQL on the cores of one machine",
    ]


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when every answer was the row."""
    parser = argparse.ArgumentParser(prog="tests/bench/gateway.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of both (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each time (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.seconds <= 0:
        parser.error(f"--rounds is {options.rounds} and --seconds {options.seconds}: give at least one round, and time")
    try:
        pairs = measure(options.rounds, options.seconds)
    except (BenchError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(table(pairs)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
