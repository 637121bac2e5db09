# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Ports that users ask for, and free ones."""

from __future__ import annotations

import socket

import pytest

from sandbox import ports
from sandbox.state import SandboxError


def test_free_ports_differ_and_can_be_used() -> None:
    found = ports.free_ports(5)
    assert len(set(found)) == 5
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", found[0]))


def test_wanted_port_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ports.free_ports(1)[0]
    monkeypatch.setenv("SANDBOX_PORT_GATEWAY", str(wanted))
    chosen = ports.choose(["aws", "gateway"])
    assert chosen["gateway"] == wanted
    assert chosen["aws"] != wanted


def test_taken_port_names_variable_value_and_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        monkeypatch.setenv("SANDBOX_PORT_GATEWAY", str(port))
        with pytest.raises(SandboxError, match=rf"SANDBOX_PORT_GATEWAY is {port}.*Free that port, choose another, or"):
            ports.choose(["aws", "gateway"])


@pytest.mark.parametrize("value", ["0", "65536", "-1", "http", "80 ", "٣٤"])
def test_what_is_no_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SANDBOX_PORT_AWS", value)
    with pytest.raises(SandboxError, match=r"SANDBOX_PORT_AWS is .*: give a port from 1 to 65535, or unset it"):
        ports.choose(["aws"])


def test_two_names_cannot_have_one_port(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = str(ports.free_ports(1)[0])
    monkeypatch.setenv("SANDBOX_PORT_AWS", wanted)
    monkeypatch.setenv("SANDBOX_PORT_GATEWAY", wanted)
    with pytest.raises(SandboxError, match="SANDBOX_PORT_GATEWAY"):
        ports.choose(["aws", "gateway"])


def test_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_PORT_AWS", "")
    assert ports.choose(["aws"])["aws"] > 0
