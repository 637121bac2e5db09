# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module helm_rollback, with helm itself and an API server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import helm_rollback

from sandbox import processes
from sandbox.kubernetes.client import Api
from sandbox.kubernetes.control_plane import ControlPlane, Settings
from sandbox.state import Sandbox
from tools.toolchain import tool

CHART = {
    "Chart.yaml": "{apiVersion: v2, name: trial, version: 1.0.0}",
    "templates/configmap.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}'}, "
    "data: {text: '{{ .Values.text }}'}}",
}


class Cluster:
    """An API server, and helm as its administrator."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox("rollback", folder / "rollback")
        self.sandbox.update(ports={})
        self.plane = ControlPlane(self.sandbox, "rollback")
        self.chart = folder / "chart"
        for name, text in CHART.items():
            (self.chart / name).parent.mkdir(parents=True, exist_ok=True)
            (self.chart / name).write_text(text, encoding="utf-8")

    def helm(self, *arguments: str | Path) -> Any:
        """What a command of helm prints."""
        command = [tool("helm"), "--kubeconfig", self.plane.admin_kubeconfig, "--namespace", "default", *arguments]
        return json.loads(subprocess.run([*command, "--output=json"], capture_output=True, check=True).stdout)

    def options(self, **changes: Any) -> dict[str, Any]:
        """Options of the module that go back to the first revision."""
        connection = {"kubeconfig": str(self.plane.admin_kubeconfig), "binary_path": str(tool("helm"))}
        return {"name": "trial", "release_namespace": "default", "revision": 1, **connection, **changes}

    def text(self) -> str:
        """What the cluster has of the release."""
        config_map = Api(self.plane.admin_kubeconfig).get("/api/v1/namespaces/default/configmaps/trial")
        assert config_map is not None
        return str(config_map["data"]["text"])


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.plane.start(Settings("172.21.0.0/16", "https://issuer.example", "https://127.0.0.1:1"))
        for text in ("one", "two"):
            made.helm("upgrade", "--install", "trial", made.chart, f"--set=text={text}")
        yield made
    finally:
        made.plane.stop()
        assert processes.stop_all(made.sandbox) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"revision": 9}, "Release trial has no revision 9: helm has kept 1, 2"),
        ({"name": "unknown"}, "release: not found"),
        ({"timeout": "soon"}, "soon"),
    ],
    ids=["revision", "release", "timeout"],
)
def test_what_cannot_be_done_is_told(
    cluster: Cluster, run_module: Callable[..., Any], wrong: dict[str, Any], message: str
) -> None:
    before = cluster.text()
    assert message in run_module(helm_rollback, cluster.options(**wrong)).message
    assert cluster.text() == before


def test_release_goes_back_once(cluster: Cluster, run_module: Callable[..., Any]) -> None:
    wanted = {"revision": 3, "chart": "trial-1.0.0", "rolled_back_to": 1}
    run_module(helm_rollback, cluster.options(), check_mode=True).assert_made(True, "release", wanted)
    assert cluster.text() == "two"
    first = run_module(helm_rollback, cluster.options())
    first.assert_made(True, "release", wanted)
    assert first.result["diff"] == {"before": "revision 2: trial-1.0.0\n", "after": "revision 3: trial-1.0.0\n"}
    assert cluster.text() == "one"
    for same in (1, 3):
        again = run_module(helm_rollback, cluster.options(revision=same))
        again.assert_made(False, "release", {**wanted, "rolled_back_to": same})
    assert len(cluster.helm("history", "trial")) == 3


@pytest.mark.parametrize(
    ("description", "status", "is_it"),
    [
        ("Rollback to 1", "deployed", True),
        ("Rollback to 1", "failed", False),
        ("Rollback to 11", "deployed", False),
        ("Upgrade complete", "deployed", False),
    ],
)
def test_only_a_rollback_that_was_carried_out_counts(description: str, status: str, is_it: bool) -> None:
    entry = {"revision": 3, "description": description, "status": status}
    assert helm_rollback.is_revision(entry, 1) is is_it
