# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stdin, stdout and stderr of a task that runs in a fork of the warm process, and how it ends."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import typing as t

from ansible_collections.supastack.aws.plugins.plugin_utils._warm import wire

# Seconds that a task has left to say how it ends when the warm process has died meanwhile and its output has ended.
END_TIMEOUT = 5


class Pipes:
    """The stdin, stdout and stderr of a program; its stdin is at its end already."""

    def __init__(self) -> None:
        stdin, nothing = os.pipe()
        os.close(nothing)
        self._stdout, stdout = os.pipe()
        self._stderr, stderr = os.pipe()
        self.theirs = [stdin, stdout, stderr]

    def __enter__(self) -> Pipes:
        """Leave it to the with statement to close them."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close them all."""
        self.close_theirs()
        os.close(self._stdout)
        os.close(self._stderr)

    def close_theirs(self) -> None:
        """Close the ends that the program has got."""
        while self.theirs:
            os.close(self.theirs.pop())

    def read(self) -> tuple[bytes, bytes]:
        """Return what the program puts out, when it and all that it left running have closed stdout and stderr."""
        received = {self._stdout: bytearray(), self._stderr: bytearray()}
        with selectors.DefaultSelector() as selector:
            for file in received:
                selector.register(file, selectors.EVENT_READ)
            while selector.get_map():
                for ready, _events in selector.select():
                    chunk = os.read(ready.fd, 1 << 16)
                    received[ready.fd] += chunk
                    if not chunk:
                        selector.unregister(ready.fd)
        return bytes(received[self._stdout]), bytes(received[self._stderr])


def attend(connection: socket.socket, pipes: Pipes, warm: int) -> tuple[int, bytes, bytes]:
    """Wait for a program that runs. Returns as `Place.run` does.

    :param warm: process ID of the warm process.
    """
    connection.settimeout(None)
    try:
        stdout, stderr = pipes.read()
        return await_end(connection, warm), stdout, stderr
    except BaseException:
        # A task's timeout, for one, which ends a task but nothing that it has started.
        with contextlib.suppress(OSError):
            connection.sendall(wire.LEAVE)
        raise


def await_end(connection: socket.socket, warm: int) -> int:
    """Return how a program ended: what its parent says, else what it said itself, else that it was killed."""
    said = -signal.SIGKILL
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        selector.register(connection, selectors.EVENT_READ)
        alive = None
        with contextlib.suppress(ProcessLookupError):
            alive = os.pidfd_open(warm)
            stack.callback(os.close, alive)
            selector.register(alive, selectors.EVENT_READ)
        while ready := [chosen.fileobj for chosen, _events in selector.select(None if alive else END_TIMEOUT)]:
            if connection not in ready:
                # The warm process is gone; its task may still have a word to say.
                selector.unregister(t.cast(int, alive))
                alive = None
                continue
            try:
                answer, number = wire.receive_answer(connection)
            except (EOFError, OSError):
                break
            if answer == wire.ENDED:
                return os.waitstatus_to_exitcode(number)
            said = number
    return said
