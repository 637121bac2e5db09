# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real DNS server on loopback, by UDP and TCP, that is resolver and name server at once: what it says is a table."""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping
from typing import Any

A, NS, AAAA = 1, 2, 28
RECURSION_DESIRED, RESPONSE, TRUNCATED = 0x0100, 0x8000, 0x0200
SERVER_FAILURE, NO_SUCH_NAME = 2, 3


@dataclasses.dataclass(frozen=True)
class Reply:
    """What is said: values of the name and type asked for, in the answer or, as a referral, in the authority."""

    values: tuple[str, ...] = ()
    code: int = 0
    referral: bool = False
    # Only by TCP.
    long: bool = False
    # Instead of a message.
    raw: bytes | None = None


# Name, type, and whether recursion is desired, as only resolvers are asked.
Table = Mapping[tuple[str, int, bool], Reply]


def encoded(name: str) -> bytes:
    """A name without compression."""
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def record(kind: int, value: str) -> bytes:
    """A record of the name that the question has, which is a pointer to it."""
    data = encoded(value) if kind == NS else ipaddress.ip_address(value).packed
    return struct.pack(">3HIH", 0xC00C, kind, 1, 300, len(data)) + data


def answer(table: Table, message: bytes, stream: bool) -> bytes:
    """The message that answers a question."""
    identifier, flags, *_counts = struct.unpack_from(">6H", message)
    labels, place = [], 12
    while length := message[place]:
        labels.append(message[place + 1 : place + 1 + length].decode())
        place += 1 + length
    (kind,) = struct.unpack_from(">H", message, place + 1)
    reply = table.get((".".join(labels), kind, bool(flags & RECURSION_DESIRED)), Reply())
    if reply.raw is not None:
        return reply.raw.replace(b"ID", message[:2])
    if reply.long and not stream:
        header = struct.pack(">6H", identifier, RESPONSE | TRUNCATED, 1, 0, 0, 0)
        return header + message[12:]
    count = len(reply.values)
    sections = (0, count, 0) if reply.referral else (count, 0, 0)
    header = struct.pack(">6H", identifier, RESPONSE | reply.code, 1, *sections)
    return header + message[12:] + b"".join(record(kind, value) for value in reply.values)


@contextlib.contextmanager
def serving(table: Table) -> Iterator[str]:
    """A server that says what the table has; gives its address with its port."""

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            message, connection = self.request
            connection.sendto(answer(table, message, False), self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            (size,) = struct.unpack(">H", self.rfile.read(2))
            said = answer(table, self.rfile.read(size), True)
            self.wfile.write(struct.pack(">H", len(said)) + said)

    with contextlib.ExitStack() as stack:
        servers = both(Datagram, Stream)
        for server in servers:
            stack.enter_context(server)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            stack.callback(server.shutdown)
        yield f"127.0.0.1:{servers[0].server_address[1]}"


def both(datagram: Any, stream: Any) -> tuple[Any, Any]:
    """A server by UDP and one by TCP at one port, which has to be free for both."""
    while True:
        datagrams = socketserver.ThreadingUDPServer(("127.0.0.1", 0), datagram)
        try:
            return datagrams, socketserver.ThreadingTCPServer(datagrams.server_address, stream)
        except OSError:
            datagrams.server_close()
