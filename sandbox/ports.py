# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Loopback ports of a sandbox: free ones by default, fixed ones on request."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack

from sandbox.state import SandboxError

VARIABLE_PREFIX = "SANDBOX_PORT_"
_FREE_RANGE = range(20000, 32000)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on now. All are held until the last is found, so they differ."""
    with ExitStack() as held:
        return [_bind(held, 0) for _unused in range(count)]


def choose(names: Iterable[str]) -> dict[str, int]:
    """A port for each name: the one that SANDBOX_PORT_<NAME> asks for, else a free one.

    Raises SandboxError naming variable, value and fix when a wanted port is not a port or not free.
    """
    chosen: dict[str, int] = {}
    with ExitStack() as held:
        for name in sorted(names, key=lambda name: _variable(name) not in os.environ):
            variable = _variable(name)
            wanted = _wanted(variable)
            try:
                chosen[name] = _bind(held, wanted)
            except OSError as error:
                raise _unusable(variable, wanted, error) from error
    return chosen


def hold(name: str, port: int) -> socket.socket:
    """A socket that listens on the port chosen for `name`; raises SandboxError when somebody else has it by now."""
    try:
        return _listen(port)
    except OSError as error:
        raise _unusable(_variable(name), port, error) from error


def differing(chosen: Mapping[str, int]) -> list[str]:
    """What SANDBOX_PORT_<NAME> asks for and `chosen` does not have, as `SANDBOX_PORT_X=1 (is 2)`."""
    wanted = {name: _wanted(_variable(name)) for name in chosen}
    return [
        f"{_variable(name)}={port} (is {chosen[name]})"
        for name, port in wanted.items()
        if port not in (0, chosen[name])
    ]


def _unusable(variable: str, port: int, error: OSError) -> SandboxError:
    return SandboxError(
        f"{variable} is {port}: 127.0.0.1:{port} cannot be used ({error.strerror}). "
        f"Free that port, choose another, or unset {variable} to let the sandbox choose."
    )


def _variable(name: str) -> str:
    return f"{VARIABLE_PREFIX}{name.upper()}"


def _wanted(variable: str) -> int:
    text = os.environ.get(variable, "")
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise SandboxError(f"{variable} is {text!r}: give a port from 1 to 65535, or unset it.")
    return int(text)


def _bind(held: ExitStack, port: int) -> int:
    """Listen on `port`, or on any free one for 0, until `held` is closed; raises OSError when that fails."""
    # Below the kernel's range for outgoing connections: one of those could take the port before its server starts.
    for candidate in [port] if port else random.sample(_FREE_RANGE, 100):
        try:
            held.enter_context(_listen(candidate))
        except OSError:
            if port:
                raise
            continue
        return candidate
    raise SandboxError(f"No free port was found on 127.0.0.1 from {_FREE_RANGE.start} to {_FREE_RANGE.stop - 1}.")


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    # A port in TIME_WAIT after `down` is free for a new listener; one that is listened on is not.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
