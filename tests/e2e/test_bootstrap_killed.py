# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The bootstrap killed at a message, before the other side gets that, and run again: the same end state.

BOOTSTRAP_KILLS: at how many messages of each phase, or `all`; BOOTSTRAP_SEED: which ones; BOOTSTRAP_MAJORS: versions of
the server.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bootstrap import database as db

KILLS = os.environ.get("BOOTSTRAP_KILLS", "1")
MAJORS = [int(major) for major in os.environ.get("BOOTSTRAP_MAJORS", "15 16 17").split()]
SEED = int(os.environ.get("BOOTSTRAP_SEED", "0"))
PARAMETERS = {"rds.force_ssl": "1"}
# As in pg's protocol: what the client asks for TLS with, and the answer. All that follows are records of TLS.
SSL_REQUEST, SSL_ANSWER = 8, 1


class Wire:
    """Passes connections on and counts their messages, both ways; at number `limit` it kills instead of passing on."""

    def __init__(self, target: int) -> None:
        self.target, self.limit, self.count = target, 0, 0
        self.process: Any = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for ends in ((client, server, SSL_REQUEST), (server, client, SSL_ANSWER)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, first: int) -> None:
        try:
            for message in _messages(source, first):
                with self.lock:
                    self.count += 1
                    if self.count == self.limit:
                        self.process.send_signal(signal.SIGKILL)
                    if self.limit and self.count >= self.limit:
                        break
                sink.sendall(message)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                end.close()


def _messages(source: socket.socket, first: int) -> Iterator[bytes]:
    stream = source.makefile("rb")
    yield stream.read(first)
    while header := stream.read(5):
        yield header + stream.read(int.from_bytes(header[3:5], "big"))


def bootstrap(database: db.Database, phase: str, dumps: Path, limit: int = 0) -> tuple[int, int]:
    """Runs a phase, up to that message: its exit code, and how many messages there were."""
    wire = Wire(database.server.port)
    wire.limit = limit
    environment = {"PGPORT": str(wire.port), "BOOTSTRAP_REALTIME": str(dumps)}
    wire.process = db.start(database, db.BOOTSTRAP / "run.mjs", phase, environment=environment)
    output, errors = wire.process.communicate(timeout=60)
    wire.listener.close()
    assert wire.process.returncode in (0, -signal.SIGKILL), output + errors
    return wire.process.returncode, wire.count


def state(database: db.Database, phase: str) -> list[Any]:
    """What has to be the same."""
    tables = "SELECT * FROM realtime.schema_migrations ORDER BY 1"
    return [database.catalogue(), None if phase == "before" else database.superuser(tables)]


@pytest.mark.parametrize("major", MAJORS)
def test_killed_bootstrap_is_made_good_by_the_next(major: int, tmp_path: Path) -> None:
    dumps = tmp_path / "dumps"
    db.realtime_dumps(dumps, 15)
    # Without the attribute, so that there are policies to make.
    with db.running(major, bypassrls=False) as database:
        database.superuser("CREATE TABLE public.secured ()", "ALTER TABLE public.secured OWNER TO postgres")
        database.superuser("ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY")
        for phase in ("before", "realtime", "after"):
            saved = tmp_path / phase
            saved.mkdir()
            database.server.save(saved)
            code, count = bootstrap(database, phase, dumps)
            wanted = state(database, phase)
            every = range(1, count)
            points = every if KILLS == "all" else random.Random(SEED).sample(every, int(KILLS))
            unharmed, different = [], []
            for point in points:
                database.server.restore(saved, PARAMETERS)
                if bootstrap(database, phase, dumps, point)[0] == 0:
                    unharmed.append(point)
                if bootstrap(database, phase, dumps)[0] != 0 or state(database, phase) != wanted:
                    different.append(point)
            # The number varies a little, and the last messages come when the program has all that it wants.
            unharmed = [point for point in unharmed if point < count * 0.8]
            assert (code, different, unharmed) == (0, [], []), f"{phase}, seed {SEED}, {count} messages"
