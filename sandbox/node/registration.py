# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The Node object and its lease: how the cluster knows that a node exists and lives."""

from __future__ import annotations

import datetime
import logging
import platform
import threading
from typing import Any

from sandbox.node.api import Api, ApiError
from sandbox.node.config import HOST_IP
from sandbox.node.machine import Machine
from sandbox.node.status import now

Json = dict[str, Any]

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LEASE_SECONDS = 40
_RENEW_SECONDS = 10.0
# Every this many renewals the node status is sent again, as the kubelet does every five minutes.
_STATUS_EVERY = 30
_ARCHITECTURE = "kubernetes.io/arch"

logger = logging.getLogger(__name__)


def node_object(machine: Machine, kubelet_port: int) -> Json:
    """The Node as it registers itself."""
    spec: Json = {"taints": machine.taints}
    if machine.provider_id:
        spec["providerID"] = machine.provider_id
    labels = {"kubernetes.io/hostname": machine.name, "kubernetes.io/os": "linux", **machine.labels}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": machine.name, "labels": labels},
        "spec": spec,
        "status": node_status(machine, kubelet_port),
    }


def node_status(machine: Machine, kubelet_port: int) -> Json:
    """Addresses, capacity and conditions of the node."""
    version = "v1.35.4-process"
    return {
        "addresses": [
            # Where the API server finds the kubelet: not the address of the emulated instance.
            {"type": "InternalIP", "address": HOST_IP},
            {"type": "Hostname", "address": machine.name},
        ],
        "allocatable": machine.allocatable,
        "capacity": machine.capacity,
        "conditions": [
            _condition("Ready", "True", "KubeletReady", "the process node runs pods as local processes"),
            _condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "not measured"),
            _condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "not measured"),
            _condition("PIDPressure", "False", "KubeletHasSufficientPID", "not measured"),
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": kubelet_port}},
        "nodeInfo": {
            "architecture": machine.labels.get(_ARCHITECTURE, "amd64"),
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
    """Registers the Node of `machine`, then renews its lease until stopped."""

    def __init__(self, api: Api, machine: Machine, kubelet_port: int) -> None:
        super().__init__(name=f"lease-{machine.name}", daemon=True)
        self._api = api
        self._machine = machine
        self._path = f"/api/v1/nodes/{machine.name}"
        self._port = kubelet_port
        self._uid = ""
        self._stop_event = threading.Event()

    def register(self) -> None:
        """Create the Node, or take the one of an earlier run; raises ApiError."""
        try:
            node = self._api.create("/api/v1/nodes", node_object(self._machine, self._port))
        except ApiError as error:
            if error.status != 409:
                raise
            node = self._api.get(self._path)
        self._uid = node["metadata"]["uid"]
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
                logger.warning("renewing the lease of node %s: %s", self._machine.name, error)

    def _send_status(self) -> None:
        self._api.patch(f"{self._path}/status", {"status": node_status(self._machine, self._port)})

    def _renew(self) -> None:
        moment = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        name = self._machine.name
        spec = {"holderIdentity": name, "leaseDurationSeconds": _LEASE_SECONDS, "renewTime": moment}
        try:
            self._api.patch(f"{_LEASES}/{name}", {"spec": spec})
        except ApiError as error:
            if error.status != 404:
                raise
            # The lease goes with its Node.
            owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": self._uid}
            metadata = {"name": name, "namespace": "kube-node-lease", "ownerReferences": [owner]}
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
