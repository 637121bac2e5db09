# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The gateway's port: held for whoever serves it, and never anybody else's."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import ports, processes
from sandbox.gateway import Gateway
from sandbox.state import Sandbox, SandboxError

SERVER = """\
import socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
listener.setblocking(True)
while True:
    listener.accept()[0].sendall(b"hello")
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    sandbox = Sandbox("gateway", tmp_path / "gateway")
    sandbox.update(ports={"gateway": ports.free_ports(1)[0]})
    yield sandbox
    processes.stop_all(sandbox, timeout=1)


def said(sandbox: Sandbox) -> bytes:
    """What the port's server says; empty when the connection is reset."""
    try:
        with socket.create_connection(("127.0.0.1", sandbox.read()["ports"]["gateway"]), timeout=5) as connection:
            return connection.recv(16)
    except ConnectionResetError:
        return b""


def wait_for(sandbox: Sandbox, text: bytes) -> None:
    deadline = time.monotonic() + 5
    while said(sandbox) != text:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_process_at_a_time_serves_the_port(sandbox: Sandbox) -> None:
    gateway = Gateway(sandbox)
    wait_for(sandbox, b"")
    with gateway.lent("first") as descriptors:
        command = [sys.executable, "-c", SERVER, *map(str, descriptors)]
        processes.start(sandbox, "first", command, descriptors=descriptors)
    wait_for(sandbox, b"hello")
    with gateway.lent("second") as descriptors:
        assert descriptors == ()
    processes.stop(sandbox, "first")
    wait_for(sandbox, b"")
    with gateway.lent("second") as descriptors:
        assert len(descriptors) == 1


def test_a_process_that_did_not_start_leaves_the_port_to_others(sandbox: Sandbox) -> None:
    gateway = Gateway(sandbox)
    with pytest.raises(SandboxError, match="Cannot start"), gateway.lent("first") as descriptors:
        processes.start(sandbox, "first", ["/no/program"], descriptors=descriptors)
    with gateway.lent("second") as descriptors:
        assert len(descriptors) == 1


def test_nobody_else_gets_a_port_that_is_held(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    Gateway(sandbox)
    port = sandbox.read()["ports"]["gateway"]
    monkeypatch.setenv("SANDBOX_PORT_GATEWAY", str(port))
    refusal = rf"SANDBOX_PORT_GATEWAY is {port}.*Free that port, choose another, or"
    with pytest.raises(SandboxError, match=refusal):
        ports.choose(["gateway"])
    with pytest.raises(SandboxError, match=refusal):
        Gateway(sandbox)
