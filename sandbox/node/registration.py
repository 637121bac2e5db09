# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The Node object and its lease: how the cluster knows that this node exists and lives."""

from __future__ import annotations

import datetime
import logging
import platform
import threading
from typing import Any

from sandbox.node.api import Api, ApiError
from sandbox.node.config import HOST_IP, NODE_NAME
from sandbox.node.status import now

Json = dict[str, Any]

RUNTIME_LABEL = "supastack.dev/runtime"
RUNTIME_VALUE = "process"
_NODE = f"/api/v1/nodes/{NODE_NAME}"
_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LEASE_SECONDS = 40
_RENEW_SECONDS = 10.0
# Every this many renewals the node status is sent again, as the kubelet does every five minutes.
_STATUS_EVERY = 30
# Requests and limits are not enforced here, so the node is as large as any pod of a production chart asks for.
_CAPACITY = {"cpu": "32", "memory": "128Gi", "ephemeral-storage": "512Gi", "pods": "110"}

logger = logging.getLogger(__name__)


def node_object(kubelet_port: int) -> Json:
    """The Node as it registers itself."""
    labels = {
        RUNTIME_LABEL: RUNTIME_VALUE,
        "kubernetes.io/hostname": NODE_NAME,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": NODE_NAME, "labels": labels},
        "spec": {"taints": [{"key": RUNTIME_LABEL, "value": RUNTIME_VALUE, "effect": "NoSchedule"}]},
        "status": node_status(kubelet_port),
    }


def node_status(kubelet_port: int) -> Json:
    """Addresses, capacity and conditions of the node."""
    version = "v1.35.4-process"
    return {
        "addresses": [
            {"type": "InternalIP", "address": HOST_IP},
            {"type": "Hostname", "address": NODE_NAME},
        ],
        "allocatable": _CAPACITY,
        "capacity": _CAPACITY,
        "conditions": [
            _condition("Ready", "True", "KubeletReady", "the process node runs pods as local processes"),
            _condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "not measured"),
            _condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "not measured"),
            _condition("PIDPressure", "False", "KubeletHasSufficientPID", "not measured"),
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": "",
            "containerRuntimeVersion": "process://bubblewrap",
            "kernelVersion": platform.release(),
            "kubeProxyVersion": version,
            "kubeletVersion": version,
            "machineID": "",
            "operatingSystem": "linux",
            "osImage": "supastack process node",
            "systemUUID": "",
        },
    }


class Registration(threading.Thread):
    """Registers the node, then renews its lease until the program ends."""

    def __init__(self, api: Api, kubelet_port: int) -> None:
        super().__init__(name="lease", daemon=True)
        self._api = api
        self._port = kubelet_port
        self._stop_event = threading.Event()

    def register(self) -> None:
        """Create the Node, or take the one of an earlier run; raises ApiError."""
        try:
            self._api.create("/api/v1/nodes", node_object(self._port))
        except ApiError as error:
            if error.status != 409:
                raise
        self._send_status()
        self._renew()

    def stop(self) -> None:
        """Renew no more; the control plane marks the node NotReady after its grace period."""
        self._stop_event.set()

    def run(self) -> None:
        count = 0
        while not self._stop_event.wait(_RENEW_SECONDS):
            count += 1
            try:
                self._renew()
                if count % _STATUS_EVERY == 0:
                    self._send_status()
            except ApiError as error:
                logger.warning("renewing the node's lease: %s", error)

    def _send_status(self) -> None:
        self._api.patch(f"{_NODE}/status", {"status": node_status(self._port)})

    def _renew(self) -> None:
        moment = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = {"holderIdentity": NODE_NAME, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": moment}
        try:
            self._api.patch(f"{_LEASES}/{NODE_NAME}", {"spec": spec})
        except ApiError as error:
            if error.status != 404:
                raise
            metadata = {"name": NODE_NAME, "namespace": "kube-node-lease"}
            self._api.create(
                _LEASES,
                {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec},
            )


def _condition(kind: str, status: str, reason: str, message: str) -> Json:
    moment = now()
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastHeartbeatTime": moment,
        "lastTransitionTime": moment,
    }
