# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The scheduler of EKS Fargate: it puts the pods that name it on Fargate, whatever room the other nodes have.

https://docs.aws.amazon.com/eks/latest/userguide/fargate.html lists what a pod on Fargate cannot have. AWS makes a node
for each pod; here one Node stands for them all.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

from sandbox.node.api import Api, ApiError, Reflector
from sandbox.node.config import FARGATE_NODE
from sandbox.node.events import Events

Json = dict[str, Any]

SCHEDULER = "fargate-scheduler"
_RETRY_SECONDS = 1.0
_HOST_FLAGS = ("hostIPC", "hostNetwork", "hostPID")
# Persistent volumes may be EFS file systems, which a pod on Fargate can have: only the claim's driver would tell.
_HOST_VOLUMES = ("awsElasticBlockStore", "hostPath")

logger = logging.getLogger(__name__)


def unsupported(spec: Json) -> list[str]:
    """Fields of the PodSpec `spec` that Fargate does not run; empty when it can run the pod."""
    return list(_unsupported(spec))


class FargateScheduler:
    """Binds waiting pods to the node of Fargate; `api` has the rights of the default scheduler."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._events = Events(api, SCHEDULER)
        selector = f"spec.schedulerName={SCHEDULER},spec.nodeName="
        self._reflector = Reflector(api, "/api/v1/pods", self._changed, fieldSelector=selector)

    def start(self) -> None:
        """Begin; returns at once."""
        self._reflector.start()

    def _changed(self, event: str, pod: Json) -> None:
        # A change of the list without the pod, such as its binding, looks like a deletion.
        waits = event != "DELETED" and "deletionTimestamp" not in pod["metadata"]
        if not waits or pod["spec"].get("schedulingGates"):
            return
        if problems := unsupported(pod["spec"]):
            message = f"Pod not supported on Fargate: fields not supported: {', '.join(problems)}"
            self._events.warning(pod, "FailedScheduling", message)
            return
        self._bind(pod)

    def _bind(self, pod: Json) -> None:
        metadata = pod["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": FARGATE_NODE}
        identity = {key: metadata[key] for key in ("name", "namespace", "uid")}
        binding = {"apiVersion": "v1", "kind": "Binding", "metadata": identity, "target": target}
        try:
            self._api.create(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/binding", binding)
        except ApiError as error:
            if error.status in (404, 409):
                return
            logger.warning("binding pod %s/%s: %s", metadata["namespace"], metadata["name"], error)
            retry = threading.Timer(_RETRY_SECONDS, self._retry, (metadata["uid"],))
            retry.daemon = True
            retry.start()
            return
        message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {FARGATE_NODE}"
        self._events.normal(pod, "Scheduled", message)

    def _retry(self, uid: str) -> None:
        if pod := self._reflector.objects.get(uid):
            self._changed("MODIFIED", pod)


def _unsupported(spec: Json) -> Iterator[str]:
    yield from (flag for flag in _HOST_FLAGS if spec.get(flag))
    for volume in spec.get("volumes", []):
        yield from (f"volume {volume['name']} ({kind})" for kind in _HOST_VOLUMES if kind in volume)
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        if any(port.get("hostPort") for port in container.get("ports", [])):
            yield f"hostPort of container {container['name']}"
        if container.get("securityContext", {}).get("privileged"):
            yield f"privileged container {container['name']}"
