# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible and the warm process say to each other over their socket."""

from __future__ import annotations

import dataclasses
import socket
import struct

# A request is two lengths, a header and the module's source; stdin, stdout and stderr come with the first byte.
LENGTHS = struct.Struct("!II")
FILES = 3

# Answers: one letter and a number.
ANSWER = struct.Struct("!ci")
# The module starts to run; the number is the process ID of the warm process. Until then nothing has happened.
RUNNING = b"R"
# It cannot be run here as the connection plugin local would run it.
REFUSED = b"L"
# What this process has loaded has changed on disk; another one has to be started.
STALE = b"S"
# The module's process is about to exit with this code, says the process itself.
EXITING = b"X"
# It has ended with this wait status, says its parent.
ENDED = b"E"

# Where a lesson comes from: a task of this run, the run before, or the builder of payloads.
TAUGHT = b"T"
BEFORE = b"B"
AHEAD = b"A"

# What Ansible sends after a request when it goes away but the module may go on, as after a task's timeout.
LEAVE = b"D"


@dataclasses.dataclass(frozen=True)
class Request:
    """A Python program to run as if it came to a new interpreter by its stdin."""

    source: bytes
    directory: bytes
    umask: int
    environment: dict[bytes, bytes]

    def send(self, connection: socket.socket, files: list[int]) -> None:
        """Send the request with the program's stdin, stdout and stderr.

        :raises OSError: the other side is gone, or takes longer than the socket's timeout.
        """
        variables = [name + b"=" + value for name, value in self.environment.items()]
        header = b"\0".join([self.directory, b"%o" % self.umask, *variables])
        lengths = LENGTHS.pack(len(header), len(self.source))
        socket.send_fds(connection, [lengths], files)
        connection.sendall(header)
        connection.sendall(self.source)

    @classmethod
    def receive(cls, connection: socket.socket) -> tuple[Request, list[int]]:
        """Return the request that comes next and its files.

        :raises EOFError: the other side went away before the end of it.
        """
        lengths, files, _flags, _address = socket.recv_fds(connection, LENGTHS.size, FILES)
        if len(lengths) < LENGTHS.size or len(files) != FILES:
            raise EOFError
        header_length, source_length = LENGTHS.unpack(lengths)
        header = receive_exactly(connection, header_length)
        directory, umask, *variables = header.split(b"\0")
        environment = dict(variable.split(b"=", 1) for variable in variables)
        source = receive_exactly(connection, source_length)
        return cls(source, directory, int(umask, 8), environment), files


def receive_exactly(connection: socket.socket, length: int) -> bytes:
    """Return as many bytes as wanted.

    :raises EOFError: the other side went away before.
    """
    received = bytearray()
    while len(received) < length:
        chunk = connection.recv(min(length - len(received), 1 << 20))
        if not chunk:
            raise EOFError
        received += chunk
    return bytes(received)


def send_answer(connection: socket.socket, letter: bytes, number: int = 0) -> None:
    """Send one answer.

    :raises OSError: the other side is gone.
    """
    connection.sendall(ANSWER.pack(letter, number))


def receive_answer(connection: socket.socket) -> tuple[bytes, int]:
    """Return the letter and the number of the next answer.

    :raises EOFError: the other side is gone.
    :raises OSError: nothing came within the socket's timeout.
    """
    letter, number = ANSWER.unpack(receive_exactly(connection, ANSWER.size))
    return letter, number


def is_mine(connection: socket.socket, uid: int) -> bool:
    """Tell whether the other side belongs to this user, as the kernel says (SO_PEERCRED, unix(7))."""
    credentials = struct.Struct("3i")
    _pid, owner, _gid = credentials.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    )
    return bool(owner == uid)
