# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking name servers which they are of a zone (RFC 1035), so that no answer is an old one out of a cache."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import secrets
import socket
import struct
import typing as t
from pathlib import Path

A, NS, AAAA = 1, 2, 28
PORT = 53
# Codes of an answer: there is such a name, and there is none. With any other, the server did not tell.
NO_ERROR, NO_SUCH_NAME = 0, 3
RESPONSE, TRUNCATED, RECURSION_DESIRED = 0x8000, 0x0200, 0x0100
MOST_POINTERS = 64
# As many name servers of a zone as are asked: where none of them answers, all others would take a minute more.
MOST_SERVERS = 4
RESOLV_CONF = Path("/etc/resolv.conf")

Server = tuple[str, int]


class DnsError(Exception):
    """Why there is no answer."""


@dataclasses.dataclass(frozen=True)
class Record:
    """A record of an answer; `data` is a name, an address, or empty for types that are not looked at."""

    name: str
    type: int
    data: str


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer with the records of all its sections, for a referral stands in another one than an answer."""

    code: int
    truncated: bool
    records: tuple[Record, ...]

    def data(self, name: str, kind: int) -> list[str]:
        """Return what the records of a name and type hold."""
        return sorted({record.data for record in self.records if (record.name, record.type) == (name, kind)})


def encode_name(name: str) -> bytes:
    """Return a name as it stands in a message."""
    labels = [label.encode("ascii") for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def encode_question(identifier: int, name: str, kind: int, recursive: bool) -> bytes:
    """Return a message that asks for the records of a name and type."""
    header = struct.pack(">6H", identifier, RECURSION_DESIRED if recursive else 0, 1, 0, 0, 0)
    return header + encode_name(name) + struct.pack(">2H", kind, 1)


def read_name(message: bytes, place: int) -> tuple[str, int]:
    """Return the name that stands at a place, in lower case, and the place after it.

    A name may end with a pointer to where its rest stands already.

    :raises DnsError: when pointers lead nowhere.
    """
    labels, after, pointers = [], 0, 0
    while length := message[place]:
        if length >= 0xC0:
            after = after or place + 2
            place = (length & 0x3F) << 8 | message[place + 1]
            pointers += 1
            if pointers > MOST_POINTERS:
                raise DnsError("the answer has a name without end")
            continue
        labels.append(message[place + 1 : place + 1 + length].decode("ascii", "replace").lower())
        place += 1 + length
    return ".".join(labels), after or place + 1


def read_record(message: bytes, place: int) -> tuple[Record, int]:
    """Return the record that stands at a place, and the place after it."""
    name, place = read_name(message, place)
    kind, _class, _ttl, length = struct.unpack_from(">2HIH", message, place)
    place += 10
    data = ""
    if kind == NS:
        data, _after = read_name(message, place)
    elif kind in (A, AAAA):
        data = str(ipaddress.ip_address(message[place : place + length]))
    return Record(name, kind, data), place + length


def read_answer(message: bytes, question: bytes) -> Answer:
    """Return the answer to a question.

    :raises DnsError: when the message is none.
    """
    try:
        identifier, flags, questions, *others = struct.unpack_from(">6H", message)
        if message[:2] != question[:2] or not flags & RESPONSE or questions != 1:
            raise DnsError(f"what came is no answer to question {identifier}")
        place = read_name(message, 12)[1] + 4
        records = []
        for _number in range(0 if flags & TRUNCATED else sum(others)):
            record, place = read_record(message, place)
            records.append(record)
    except (struct.error, IndexError, ValueError):
        raise DnsError("what came is no whole message") from None
    return Answer(flags & 0xF, bool(flags & TRUNCATED), tuple(records))


def receive(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes from a connection, fewer when it ends before."""
    received = b""
    while len(received) < size and (part := connection.recv(size - len(received))):
        received += part
    return received


def exchange(server: Server, question: bytes, timeout: float, stream: bool) -> bytes:
    """Send a question and return the message that comes back."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM) as connection:
        connection.settimeout(timeout)
        # A connected socket takes no datagram from anybody else.
        connection.connect(server)
        if not stream:
            connection.send(question)
            return connection.recv(65535)
        connection.sendall(struct.pack(">H", len(question)) + question)
        (size,) = struct.unpack(">H", receive(connection, 2))
        return receive(connection, size)


def ask(server: Server, name: str, kind: int, recursive: bool, timeout: float) -> Answer:
    """Ask one server, by TCP when its answer does not fit into a datagram.

    :raises DnsError: when it does not answer, or does not tell.
    """
    question = encode_question(secrets.randbits(16), name, kind, recursive)
    try:
        answer = read_answer(exchange(server, question, timeout, False), question)
        if answer.truncated:
            answer = read_answer(exchange(server, question, timeout, True), question)
    except (OSError, struct.error) as error:
        raise DnsError(str(error) or type(error).__name__) from None
    if answer.code not in (NO_ERROR, NO_SUCH_NAME):
        raise DnsError(f"it answers with code {answer.code}")
    return answer


def ask_any(servers: t.Sequence[Server], name: str, kind: int, recursive: bool, timeout: float) -> Answer:
    """Return the first answer of several servers, which are asked one after the other.

    :raises DnsError: naming each with what it says, when none answers.
    """
    failures = []
    for server in servers:
        try:
            return ask(server, name, kind, recursive, timeout)
        except DnsError as error:
            failures.append(f"{server[0]}: {error}")
    raise DnsError(f"nobody answers who serves {name or 'the root'} ({'; '.join(failures) or 'no server is known'})")


def system_resolvers() -> list[Server]:
    """Return the resolvers of this machine."""
    text = RESOLV_CONF.read_text(encoding="utf-8") if RESOLV_CONF.is_file() else ""
    return [(address, PORT) for address in re.findall(r"^\s*nameserver\s+(\S+)", text, re.MULTILINE)]


def resolvers_of(resolver: str) -> list[Server]:
    """Return a resolver that is given as an address with or without a port, those of this machine when none is."""
    address, _colon, port = resolver.partition(":")
    return [(address, int(port or PORT))] if resolver else system_resolvers()


def parent_of(zone: str, resolvers: t.Sequence[Server], timeout: float) -> tuple[str, list[str]]:
    """Return the name of the zone above a zone, empty for the root, and the names of its servers.

    :raises DnsError: when no resolver knows of one.
    """
    labels = zone.split(".")
    for number in range(1, len(labels) + 1):
        parent = ".".join(labels[number:])
        servers = ask_any(resolvers, parent, NS, True, timeout).data(parent, NS)
        if servers:
            return parent, servers
    raise DnsError(f"no resolver knows of a zone above {zone}")


def addresses_of(names: t.Iterable[str], resolvers: t.Sequence[Server], timeout: float) -> list[str]:
    """Return the addresses of the first servers, those of the newer kind last: not every network reaches them."""
    asked = list(names)[:MOST_SERVERS]
    return [
        address
        for kind in (A, AAAA)
        for name in asked
        for address in ask_any(resolvers, name, kind, True, timeout).data(name, kind)
    ]


def delegation_of(zone: str, resolvers: t.Sequence[Server], timeout: float) -> tuple[str, list[str]]:
    """Return the zone above a zone, and the servers that it names for it, none when it does not know of the zone.

    :param resolvers: at whose port the servers are asked, too.
    :raises DnsError: when this cannot be told.
    """
    name = zone.lower().rstrip(".")
    parent, names = parent_of(name, resolvers, timeout)
    servers = [(address, resolvers[0][1]) for address in addresses_of(names, resolvers, timeout)]
    return parent, ask_any(servers, name, NS, False, timeout).data(name, NS)
