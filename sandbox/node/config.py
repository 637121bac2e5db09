# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the node is told at start, and the certificates it makes for itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sandbox.node.machine import Machine, issue_certificate, machines_folder
from sandbox.state import Sandbox, SandboxError, write_atomically

# One Node stands for all those of Fargate, of which AWS makes one for each pod.
FARGATE_NODE = "fargate"
COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
HOST_IP = "127.0.0.1"
# Requests and limits are not enforced here, so it is as large as any pod of a production chart asks for.
_CAPACITY = {"cpu": "32", "memory": "128Gi", "ephemeral-storage": "512Gi", "pods": "110"}
# To the default scheduler a node of Fargate is always full: with the one pod that it was made for.
_ALLOCATABLE = {**_CAPACITY, "pods": "0"}


@dataclass(frozen=True)
class Config:
    """Everything the node program needs after start. Certificates are (certificate file, key file).

    `gateway` is the descriptor of a socket that listens on the host; another cluster's node has it when there is none.
    """

    sandbox_folder: str
    cluster: str
    api_host: str
    api_port: int
    ca_file: str
    fargate: Machine
    proxy_certificate: tuple[str, str]
    scheduler_certificate: tuple[str, str]
    serving_certificate: tuple[str, str]
    as_root: bool
    gateway: int | None = None

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox.at(self.sandbox_folder)

    @property
    def folder(self) -> Path:
        """The program's folder: certificates, and below `pods/<node>/<uid>` what must outlive a restart of it."""
        return self.sandbox.path("clusters", self.cluster, "node")

    @property
    def machines(self) -> Path:
        """The folder of the EC2 instances that are nodes of the cluster."""
        return machines_folder(self.sandbox, self.cluster)

    @property
    def ready_file(self) -> Path:
        return self.sandbox.path("clusters", self.cluster, "node-ready")

    def write(self) -> Path:
        """Store the configuration in the node's folder and return the file."""
        path = self.folder / "config.json"
        write_atomically(path, json.dumps(asdict(self), indent=2) + "\n")
        return path

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read what `write` stored."""
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for name in ("proxy_certificate", "scheduler_certificate", "serving_certificate"):
            values[name] = tuple(values[name])
        return cls(**{**values, "fargate": Machine.of(values["fargate"])})


def prepare(sandbox: Sandbox, cluster: str, as_root: bool, gateway: int | None = None) -> Config:
    """Read the cluster's admin kubeconfig and sign the node's certificates with the cluster's CA.

    Raises SandboxError when the cluster has no control plane.
    """
    # Imported here: the node itself, which runs for hours, does not need this library in memory.
    from sandbox.pki import Authority

    cluster_folder = sandbox.path("clusters", cluster)
    server = _server(cluster_folder / "admin.kubeconfig")
    pki = cluster_folder / "pki"
    authority = Authority.load(pki / "ca.crt", pki / "ca.key")
    node_folder = cluster_folder / "node"
    folder = node_folder / "pki"
    proxy = authority.issue("system:kube-proxy", client=True, folder=folder)
    scheduler = authority.issue("system:kube-scheduler", client=True, folder=folder)
    # The API server finds every kubelet of this program at the same address.
    serving = authority.issue("kubelet", names=[HOST_IP], folder=folder)
    return Config(
        sandbox_folder=str(sandbox.folder),
        cluster=cluster,
        api_host=server.hostname or HOST_IP,
        api_port=server.port or 443,
        ca_file=str(pki / "ca.crt"),
        fargate=_fargate(issue_certificate(authority, FARGATE_NODE, node_folder)),
        proxy_certificate=_strings(proxy),
        scheduler_certificate=_strings(scheduler),
        serving_certificate=_strings(serving),
        as_root=as_root,
        gateway=gateway,
    )


def _fargate(certificate: tuple[str, str]) -> Machine:
    """The machine behind the Node of Fargate, labelled and tainted as AWS does it."""
    return Machine(
        name=FARGATE_NODE,
        provider_id=None,
        labels={COMPUTE_TYPE: "fargate", "kubernetes.io/arch": "amd64"},
        taints=[{"key": COMPUTE_TYPE, "value": "fargate", "effect": "NoSchedule"}],
        capacity=_CAPACITY,
        allocatable=_ALLOCATABLE,
        certificate=certificate,
    )


def _server(kubeconfig: Path) -> SplitResult:
    import yaml

    try:
        content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SandboxError(f"The cluster has no control plane: {kubeconfig} does not exist. Create it first.") from None
    server: str = content["clusters"][0]["cluster"]["server"]
    return urlsplit(server)


def _strings(pair: tuple[Path, Path]) -> tuple[str, str]:
    return str(pair[0]), str(pair[1])
