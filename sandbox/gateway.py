# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The port of the Supabase gateway, held by the emulator from `up` on so that nobody else can take it."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sandbox import ports, processes
from sandbox.state import Sandbox

_PAUSE_SECONDS = 0.2
# Closes with a reset, as a port does on which nobody listens.
_NO_LINGER = struct.pack("ii", 1, 0)


class Gateway:
    """Lends the listening socket to one process at a time; while nobody has it, connections are reset at once."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Raises SandboxError when the port is not free."""
        self._sandbox = sandbox
        self._listener = ports.hold("gateway", sandbox.read()["ports"]["gateway"])
        self._listener.setblocking(False)
        self._lock = threading.Lock()
        self._borrower: str | None = None
        threading.Thread(target=self._reset_connections, name="gateway", daemon=True).start()

    @contextmanager
    def lent(self, process: str) -> Iterator[tuple[int, ...]]:
        """The descriptor that the sandbox's process `process` has to be started with; none while another one has it."""
        with self._lock:
            if self._is_lent():
                yield ()
                return
            self._borrower = process
            yield (self._listener.fileno(),)

    def _is_lent(self) -> bool:
        return self._borrower is not None and processes.alive(self._sandbox, self._borrower)

    def _reset_connections(self) -> None:
        while True:
            if self._is_lent():
                time.sleep(_PAUSE_SECONDS)
            elif select.select([self._listener], [], [], _PAUSE_SECONDS)[0]:
                # The process that has just got the socket may have accepted it first.
                with suppress(OSError), self._listener.accept()[0] as connection:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
