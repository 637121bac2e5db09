# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the node is told at start, and the certificates it makes for itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sandbox.state import Sandbox, SandboxError, write_atomically

NODE_NAME = "process-node"
HOST_IP = "127.0.0.1"


@dataclass(frozen=True)
class Config:
    """Everything the node needs after start. Certificates are (certificate file, key file).

    `gateway` is the descriptor of a socket that listens on the host; another cluster's node has it when there is none.
    """

    sandbox_folder: str
    cluster: str
    api_host: str
    api_port: int
    ca_file: str
    node_certificate: tuple[str, str]
    proxy_certificate: tuple[str, str]
    serving_certificate: tuple[str, str]
    as_root: bool
    gateway: int | None = None

    @property
    def sandbox(self) -> Sandbox:
        return Sandbox.at(self.sandbox_folder)

    @property
    def folder(self) -> Path:
        """The node's own folder: certificates, and below `pods/<uid>` what must outlive a restart of the node."""
        return self.sandbox.path("clusters", self.cluster, "node")

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
        for name in ("node_certificate", "proxy_certificate", "serving_certificate"):
            values[name] = tuple(values[name])
        return cls(**values)


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
    folder = cluster_folder / "node" / "pki"
    node = authority.issue(f"system:node:{NODE_NAME}", organization="system:nodes", client=True, folder=folder)
    proxy = authority.issue("system:kube-proxy", client=True, folder=folder)
    serving = authority.issue(NODE_NAME, names=[NODE_NAME, HOST_IP], folder=folder)
    return Config(
        sandbox_folder=str(sandbox.folder),
        cluster=cluster,
        api_host=server.hostname or HOST_IP,
        api_port=server.port or 443,
        ca_file=str(pki / "ca.crt"),
        node_certificate=_strings(node),
        proxy_certificate=_strings(proxy),
        serving_certificate=_strings(serving),
        as_root=as_root,
        gateway=gateway,
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
