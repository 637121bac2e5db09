# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Machines on disk, and the Nodes that they become."""

from __future__ import annotations

from pathlib import Path

from sandbox.node import machine, registration
from sandbox.node.config import Config
from sandbox.node.machine import Machine
from sandbox.pki import Authority


def _machine(name: str = "ip-10-0-0-1", certificate: tuple[str, str] = ("c", "k")) -> Machine:
    return Machine(
        name=name,
        provider_id="aws:///eu-west-1a/i-1",
        labels={"a": "b", "kubernetes.io/arch": "arm64"},
        taints=[{"key": "k", "effect": "NoExecute"}],
        capacity={"cpu": "2"},
        allocatable={"cpu": "1"},
        certificate=certificate,
    )


def test_stored_machines_are_read_back_until_removed(tmp_path: Path) -> None:
    authority = Authority.load_or_create(tmp_path / "ca", "kubernetes")
    assert list(machine.stored(tmp_path / "machines")) == []
    written = [
        _machine(name, machine.issue_certificate(authority, name, tmp_path / "machines")) for name in ("n-1", "n-2")
    ]
    for item in written:
        item.write(tmp_path / "machines")
    assert list(machine.stored(tmp_path / "machines")) == written
    assert [item.instance_id for item in written] == ["i-1", "i-1"]
    written[0].remove(tmp_path / "machines")
    assert list(machine.stored(tmp_path / "machines")) == written[1:]
    assert not Path(written[0].certificate[1]).exists()


def test_node_of_an_instance() -> None:
    node = registration.node_object(_machine(), 1234)
    assert node["spec"] == {"providerID": "aws:///eu-west-1a/i-1", "taints": [{"key": "k", "effect": "NoExecute"}]}
    assert node["metadata"]["labels"] == {
        "a": "b",
        "kubernetes.io/arch": "arm64",
        "kubernetes.io/hostname": "ip-10-0-0-1",
        "kubernetes.io/os": "linux",
    }
    status = node["status"]
    assert (status["capacity"], status["allocatable"]) == ({"cpu": "2"}, {"cpu": "1"})
    assert status["nodeInfo"]["architecture"] == "arm64"
    assert status["daemonEndpoints"]["kubeletEndpoint"]["Port"] == 1234


def test_configuration_is_read_back(tmp_path: Path) -> None:
    fargate = Machine("fargate", None, {}, [], {}, {}, ("c", "k"))
    config = Config(str(tmp_path), "c", "127.0.0.1", 1, "ca", fargate, ("a", "b"), ("c", "d"), ("e", "f"), False)
    assert Config.load(config.write()) == config
    assert fargate.instance_id is None
