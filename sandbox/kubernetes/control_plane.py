# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The control plane of one cluster: etcd, kube-apiserver, controller-manager and scheduler, run by kwokctl."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox import pki, processes
from sandbox.gateway import Gateway
from sandbox.kubernetes import admission, rbac
from sandbox.kubernetes.client import Api
from sandbox.ports import free_ports
from sandbox.state import CHECKOUT, Sandbox, SandboxError, write_atomically
from tools.toolchain import tool

COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_READY_TIMEOUT = 60.0


@dataclass(frozen=True)
class Settings:
    """What CreateCluster decides: CIDR of Service addresses, issuer of service account tokens, URL of the webhooks.

    The cluster's node serves `gateway`, unless another cluster's does.
    """

    service_cidr: str
    issuer: str
    webhooks_url: str
    gateway: Gateway | None = None


@dataclass(frozen=True)
class Endpoint:
    """Where the API is, by which authority it is signed, and which version answers."""

    url: str
    ca_pem: str
    version: str


@dataclass(frozen=True)
class ControlPlane:
    """`folder` is kwokctl's own for this cluster, so `pki/`, `logs/` and `admin.kubeconfig` lie side by side in it."""

    sandbox: Sandbox
    cluster_name: str

    @property
    def folder(self) -> Path:
        return self.sandbox.path("clusters", self.cluster_name)

    @property
    def admin_kubeconfig(self) -> Path:
        """Cluster administrator by client certificate, for the sandbox's own parts only."""
        return self.folder / "admin.kubeconfig"

    @property
    def node_process(self) -> str:
        """Name of the node program's record and log."""
        return f"node-{self.cluster_name}"

    def start(self, settings: Settings) -> Endpoint:
        """Start everything and return when the API is ready and knows webhooks and access policies.

        Raises SandboxError, TimeoutError or requests.RequestException; what had started is stopped then.
        """
        try:
            self._create(settings)
            api = Api(self.admin_kubeconfig)
            api.wait_until_ready(_READY_TIMEOUT)
            self._adopt_components()
            for path, manifest in self._first_objects(settings):
                api.create(path, manifest)
            self._start_node(settings)
        except BaseException:
            # The folder goes with the cluster; why it failed has to stay.
            if (logs := self.folder / "logs").is_dir():
                shutil.copytree(logs, self.sandbox.logs / f"failed-{self.cluster_name}", dirs_exist_ok=True)
            self.stop()
            raise
        version = (api.get("/version") or {})["gitVersion"]
        return Endpoint(api.url, (self.folder / "pki" / "ca.crt").read_text(encoding="ascii"), version)

    def stop(self) -> None:
        """Stop whatever of the cluster runs and remove its folder; a cluster that is not there is no error."""
        processes.stop(self.sandbox, self.node_process)
        if self.folder.is_dir():
            self._adopt_components()
        for component in COMPONENTS:
            processes.stop(self.sandbox, f"{component}-{self.cluster_name}")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _create(self, settings: Settings) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._create_authority(settings)
        self._write_token_webhook(settings)
        configuration = self.folder / "kwokctl.yaml"
        write_atomically(configuration, yaml.safe_dump(self._configuration(settings)))
        options = ["--name", self.cluster_name, "--config", configuration, "--kubeconfig", self.admin_kubeconfig]
        command = [str(part) for part in (tool("kwokctl"), "create", "cluster", *options)]
        # kwokctl keeps clusters in ~/.kwok/clusters/<name>, and takes the first kubectl of PATH.
        environment = processes.environment(
            self.sandbox,
            {
                "HOME": str(self._home()),
                "PATH": os.pathsep.join([str(tool("kubectl").parent), os.environ.get("PATH", os.defpath)]),
            },
        )
        log = self.sandbox.logs / f"kwokctl-{self.cluster_name}.log"
        with log.open("ab") as output:
            child = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            while child.poll() is None:
                self._require_components()
                time.sleep(0.1)
        finally:
            child.kill()
        if child.wait():
            raise SandboxError(f"kwokctl ended with {child.returncode}: read {log}.")
        self._require_files(log)

    def _home(self) -> Path:
        """A home folder whose ~/.kwok is the sandbox's folder: kwokctl cuts the value of KWOK_WORKDIR at a space."""
        home = self.sandbox.path("home")
        home.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            (home / ".kwok").symlink_to("..")
        return home

    def _require_files(self, log: Path) -> None:
        """What is started elsewhere would be neither found nor stopped."""
        files = [self.folder / "pids" / f"{component}.pid" for component in COMPONENTS]
        missing = [str(file) for file in files if not file.is_file()]
        if missing:
            raise SandboxError(f"kwokctl did not write {', '.join(missing)}: it took another folder, read {log}.")

    def _require_components(self) -> None:
        """kwokctl waits two minutes for a server that has ended; its log says why at once."""
        for component in ("etcd", "kube-apiserver"):
            file = self.folder / "pids" / f"{component}.pid"
            text = file.read_text(encoding="ascii").strip() if file.is_file() else ""
            if text and not processes.exists(int(text)):
                lines = (self.folder / "logs" / f"{component}.log").read_text(encoding="utf-8").splitlines()
                raise SandboxError(f"{component} of cluster {self.cluster_name} ended: {' '.join(lines[-1:])}")

    def _configuration(self, settings: Settings) -> dict[str, Any]:
        ports = free_ports(5)
        return {
            "kind": "KwokctlConfiguration",
            "apiVersion": "config.kwok.x-k8s.io/v1alpha1",
            "options": {
                "bindAddress": "127.0.0.1",
                "runtime": "binary",
                "securePort": True,
                # Our own kubelets are the nodes.
                "disable": ["kwok-controller"],
                "etcdPort": ports[0],
                "etcdPeerPort": ports[1],
                "kubeApiserverPort": ports[2],
                "kubeControllerManagerPort": ports[3],
                "kubeSchedulerPort": ports[4],
                # Programs from our own builds: kwokctl would download what it is not told.
                "etcdBinary": str(tool("etcd")),
                "kubeApiserverBinary": str(tool("kube-apiserver")),
                "kubeControllerManagerBinary": str(tool("kube-controller-manager")),
                "kubeSchedulerBinary": str(tool("kube-scheduler")),
                "kubectlBinary": str(tool("kubectl")),
            },
            "componentsPatches": list(self._patches(settings)),
        }

    def _patches(self, settings: Settings) -> Iterator[dict[str, Any]]:
        # The data is thrown away with the cluster, so waiting for the disk buys nothing.
        yield _patch("etcd", {"unsafe-no-fsync": "true"})
        # There is one of each. It would end for good when the machine is too busy for it to renew its lease.
        for component in ("kube-controller-manager", "kube-scheduler"):
            yield _patch(component, {"leader-elect": "false"})
        folder = self.folder
        yield _patch(
            "kube-apiserver",
            {
                "service-cluster-ip-range": settings.service_cidr,
                "authentication-token-webhook-config-file": str(folder / "token-webhook.yaml"),
                "authentication-token-webhook-version": "v1",
                "authentication-token-webhook-cache-ttl": "10s",
                "kubelet-client-certificate": str(folder / "pki" / "admin.crt"),
                "kubelet-client-key": str(folder / "pki" / "admin.key"),
                "kubelet-certificate-authority": str(folder / "pki" / "ca.crt"),
                "kubelet-preferred-address-types": "InternalIP",
            },
            replaced={"service-account-issuer": settings.issuer},
        )

    def _create_authority(self, settings: Settings) -> None:
        """kwokctl takes a pki folder that exists as it is, and uses `admin` as client, server and signing key."""
        address = str(ipaddress.IPv4Network(settings.service_cidr)[1])
        names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"]
        authority = pki.Authority.load_or_create(self.folder / "pki", "kubernetes")
        names += [address, "localhost", "127.0.0.1"]
        authority.issue("admin", names, organization="system:masters", client=True)

    def _write_token_webhook(self, settings: Settings) -> None:
        server = {"server": f"{settings.webhooks_url}/token/{self.cluster_name}"}
        server["certificate-authority"] = str(webhooks_authority(self.sandbox).certificate_path)
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tokens", "cluster": server}],
            "users": [{"name": "kube-apiserver", "user": {}}],
            "contexts": [{"name": "tokens", "context": {"cluster": "tokens", "user": "kube-apiserver"}}],
            "current-context": "tokens",
        }
        write_atomically(self.folder / "token-webhook.yaml", yaml.safe_dump(config))

    def _adopt_components(self) -> None:
        for component in COMPONENTS:
            file = self.folder / "pids" / f"{component}.pid"
            name = f"{component}-{self.cluster_name}"
            if file.is_file() and not processes.alive(self.sandbox, name):
                pid = int(file.read_text(encoding="ascii"))
                if pid in processes.marked(self.sandbox):
                    processes.adopt(self.sandbox, name, pid, signal.SIGKILL)

    def _first_objects(self, settings: Settings) -> Iterator[tuple[str, dict[str, Any]]]:
        yield from rbac.cluster_objects()
        url = f"{settings.webhooks_url}/admission/{self.cluster_name}"
        webhooks = admission.webhook_configuration(webhooks_authority(self.sandbox).certificate_pem, url)
        yield "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", webhooks

    def _start_node(self, settings: Settings) -> None:
        options = ["--state", str(self.sandbox.folder), "--cluster", self.cluster_name]
        path = os.pathsep.join(filter(None, [str(CHECKOUT), os.environ.get("PYTHONPATH")]))
        lent = settings.gateway.lent(self.node_process) if settings.gateway else contextlib.nullcontext(())
        with lent as descriptors:
            options += [f"--gateway={descriptor}" for descriptor in descriptors]
            command = [sys.executable, "-m", "sandbox.node", *options]
            environment = {"PYTHONPATH": path}
            processes.start(
                self.sandbox, self.node_process, command, env=environment, cwd=CHECKOUT, descriptors=descriptors
            )


def webhooks_authority(sandbox: Sandbox) -> pki.Authority:
    """The authority that signs the webhooks' certificate and that every API server trusts for them."""
    return pki.Authority.load_or_create(sandbox.path("pki", "webhooks"), "Supastack Sandbox Webhooks CA")


def _patch(component: str, added: dict[str, str], replaced: dict[str, str] | None = None) -> dict[str, Any]:
    """Flags of a component; `replaced` are those that kwokctl sets itself."""
    arguments: list[dict[str, Any]] = [{"key": key, "value": value} for key, value in added.items()]
    arguments += [{"key": key, "value": value, "override": True} for key, value in (replaced or {}).items()]
    return {"name": component, "extraArgs": arguments}
