# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The Service proxy: TCP listeners in the fabric and on the host's loopback, and the connections they pass on."""

from __future__ import annotations

import asyncio
import errno
import logging
import random
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from sandbox.node.services import Backend, Listener

_CONNECT_SECONDS = 3.0
_BACKLOG = 512
# A backend that was listed a moment ago may be gone already.
_ROUNDS = 2

logger = logging.getLogger(__name__)


class _Pipe(asyncio.Protocol):
    """One side of a passed-on connection; what it receives is written to the other side."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: _Pipe | None = None
        self._early = bytearray()
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def join(self, other: _Pipe) -> None:
        """Pass on to `other` from now on, beginning with what came before."""
        self.other = other
        if self._early and other.transport is not None:
            other.transport.write(self._early)
            self._early.clear()
        if self._ended:
            other.end()

    def end(self) -> None:
        """The other side sends no more."""
        if self.transport is not None:
            with suppress(OSError):
                self.transport.write_eof()

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            # Python 3.11.2 reads although the transport was paused at once.
            self._early += data
        elif self.other.transport is not None:
            self.other.transport.write(data)

    def eof_received(self) -> bool:
        self._ended = True
        if self.other is None:
            return True
        if self.other.transport is None or self.other._ended:
            return False
        self.other.end()
        return True

    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        other, self.other, self.transport = self.other, None, None
        if other is not None and other.transport is not None:
            other.transport.close()


class _Accepted(_Pipe):
    """The client's side: reads nothing until a backend has accepted."""

    def __init__(self, proxy: Proxy, backends: Callable[[], Sequence[Backend]]) -> None:
        super().__init__()
        self._proxy = proxy
        self._backends = backends
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._proxy.connect(self, self._backends()))


class Proxy(threading.Thread):
    """Runs in the fabric's network; start it with `Fabric.start_thread`, create it in the host's."""

    def __init__(self) -> None:
        super().__init__(name="proxy", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._table: dict[Listener, list[Backend]] = {}
        self._servers: dict[Listener, asyncio.Server] = {}
        # A socket stays in the network of the thread that made it, and this thread stays in the host's.
        self._host = ThreadPoolExecutor(max_workers=1, thread_name_prefix="host-sockets")
        self._host.submit(lambda: None).result()

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def apply(self, table: Mapping[Listener, Sequence[Backend]]) -> None:
        """Listen in the fabric on every key of `table` that has backends; others refuse connections."""
        wanted = {listener: list(backends) for listener, backends in table.items() if backends}
        asyncio.run_coroutine_threadsafe(self._apply(wanted), self._loop).result()

    def forward(self, stream: socket.socket, backends: Callable[[], Sequence[Backend]]) -> None:
        """Pass on what the host socket `stream`, bound and listening, accepts."""
        server = self._loop.create_server(lambda: _Accepted(self, backends), sock=stream, backlog=_BACKLOG)
        asyncio.run_coroutine_threadsafe(server, self._loop).result()

    async def connect(self, accepted: _Pipe, backends: Sequence[Backend]) -> None:
        """Connect `accepted` to one of `backends`, trying others when one does not answer."""
        pipe = await self._connect(backends)
        if accepted.transport is None or pipe is None:
            for side in (accepted, pipe):
                if side is not None and side.transport is not None:
                    side.transport.abort()
            return
        accepted.join(pipe)
        pipe.join(accepted)
        accepted.transport.resume_reading()

    async def _connect(self, backends: Sequence[Backend]) -> _Pipe | None:
        for _round in range(_ROUNDS):
            for backend in random.sample(list(backends), len(backends)):
                stream = await self._socket(backend)
                try:
                    address = (backend.address, backend.port)
                    await asyncio.wait_for(self._loop.sock_connect(stream, address), _CONNECT_SECONDS)
                    _unused, pipe = await self._loop.create_connection(_Pipe, sock=stream)
                except OSError:
                    stream.close()
                else:
                    return pipe
        return None

    async def _socket(self, backend: Backend) -> socket.socket:
        if backend.on_host:
            stream = await self._loop.run_in_executor(self._host, socket.socket)
        else:
            stream = socket.socket()
        stream.setblocking(False)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return stream

    async def _apply(self, wanted: dict[Listener, list[Backend]]) -> None:
        self._table = wanted
        for listener in self._servers.keys() - wanted.keys():
            self._servers.pop(listener).close()
        for listener in wanted.keys() - self._servers.keys():
            try:
                self._servers[listener] = await self._listen(listener)
            except OSError as error:
                logger.warning("cannot listen on %s:%d: %s", *listener, errno.errorcode.get(error.errno or 0))

    async def _listen(self, listener: Listener) -> asyncio.Server:
        def backends() -> Sequence[Backend]:
            return self._table.get(listener, [])

        return await self._loop.create_server(lambda: _Accepted(self, backends), *listener, backlog=_BACKLOG)
