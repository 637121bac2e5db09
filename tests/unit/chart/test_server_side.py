# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Every object of every variant, and every pod, before a real kube-apiserver whose namespace enforces restricted."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.pki import Authority
from tests.unit.chart.rendering import Manifest
from tests.unit.chart.stack import free_ports
from tests.unit.chart.variants import VARIANTS, deployments, pod, variant
from tools.toolchain import tool

LEVEL = {"pod-security.kubernetes.io/enforce": "restricted"}
NEEDED: list[Manifest] = [
    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "supabase", "labels": LEVEL}},
    {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": "supabase"},
        "value": 1000,
    },
]


@dataclass(frozen=True)
class Api:
    """A running kube-apiserver."""

    port: int
    folder: Path

    def kubectl(self, *arguments: str, objects: list[Manifest] | None = None) -> subprocess.CompletedProcess[str]:
        listed = {"apiVersion": "v1", "kind": "List", "items": objects}
        return subprocess.run(
            [
                tool("kubectl"),
                f"--server=https://127.0.0.1:{self.port}",
                "--token=test",
                f"--certificate-authority={self.folder / 'apiserver.crt'}",
                f"--cache-dir={self.folder / 'cache'}",
                *arguments,
            ],
            input=json.dumps(listed) if objects else None,
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self, *arguments: str, objects: list[Manifest]) -> list[str]:
        """What the server says against objects, which it does not keep."""
        result = self.kubectl(*arguments, "--dry-run=server", "--filename=-", objects=objects)
        errors = result.stderr.splitlines()
        assert len(result.stdout.splitlines()) == len(objects) or errors
        return errors


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("api")
    Authority.load_or_create(folder, "service accounts")
    (folder / "tokens.csv").write_text("test,admin,1,system:masters\n")
    store, peer, port = free_ports(3)
    etcd: list[str | Path] = [
        tool("etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{store}",
        f"--advertise-client-urls=http://127.0.0.1:{store}",
        f"--listen-peer-urls=http://127.0.0.1:{peer}",
        "--unsafe-no-fsync",
    ]
    server: list[str | Path] = [
        tool("kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{store}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'ca.key'}",
        f"--service-account-signing-key-file={folder / 'ca.key'}",
        # No controller makes the accounts that pods name.
        "--disable-admission-plugins=ServiceAccount",
    ]
    with ExitStack() as stack:
        for number, command in enumerate((etcd, server)):
            log = stack.enter_context((folder / f"{number}.log").open("w"))
            process = stack.enter_context(subprocess.Popen(command, stdout=log, stderr=log))
            stack.callback(process.kill)
        running = Api(port, folder)
        _until_ready(running)
        result = running.kubectl("create", "--filename=-", objects=NEEDED)
        assert result.returncode == 0, result.stderr
        yield running


def _until_ready(running: Api) -> None:
    deadline = time.monotonic() + 90
    while (result := running.kubectl("get", "--raw=/readyz")).returncode:
        assert time.monotonic() < deadline, result.stderr + (running.folder / "1.log").read_text()[-3000:]
        time.sleep(0.3)


def distinct(manifests: list[Manifest]) -> list[Manifest]:
    """Each once: most variants differ in few objects."""
    return list({json.dumps(item, sort_keys=True): item for item in manifests}.values())


def as_pod(spec: Manifest, **metadata: Any) -> Manifest:
    """The pod that a Deployment would make."""
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "supabase", **metadata}, "spec": spec}


def test_server_takes_every_object_of_every_variant(api: Api) -> None:
    objects = distinct([item for name in VARIANTS for item in variant(name)])
    assert len(objects) > 100
    assert api.refused("apply", "--server-side", "--validate=strict", objects=objects) == []


def test_server_takes_every_pod_under_restricted(api: Api) -> None:
    pods = [
        as_pod(item["spec"]["template"]["spec"], name=f"supabase-{component}")
        for name in VARIANTS
        for component, item in deployments(variant(name)).items()
    ]
    assert api.refused("create", "--validate=strict", objects=distinct(pods)) == []


def test_server_refuses_what_it_should(api: Api) -> None:
    spec = pod("defaults", "rest")
    rooted = as_pod({**spec, "securityContext": {}}, name="rooted")
    misspelt = as_pod({**spec, "priorityClass": "supabase"}, name="misspelt")
    (security,) = api.refused("create", objects=[rooted])
    assert 'violates PodSecurity "restricted' in security
    (field,) = api.refused("create", "--validate=strict", objects=[misspelt])
    assert 'unknown field "' in field and 'priorityClass"' in field
