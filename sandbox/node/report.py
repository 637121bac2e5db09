# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Reports a pod's status to the API server, when it has changed, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.node import images, status
from sandbox.node.api import Api, ApiError
from sandbox.node.status import ContainerState

Json = dict[str, Any]


class Reporter:
    """Sends the status of one pod. `failure`, once set, is the pod's final (reason, message)."""

    def __init__(self, api: Api, pod: Json) -> None:
        self._api = api
        before = pod.get("status", {})
        self._start_time: str = before.get("startTime") or status.now()
        self._sent: Json = {}
        self._conditions: Sequence[Json] = before.get("conditions", [])
        self.failure: tuple[str, str] | None = None

    @property
    def start_time(self) -> str:
        """When the node took the pod."""
        return self._start_time

    def phase(self, pod: Json, inits: Sequence[ContainerState], mains: Sequence[ContainerState]) -> str:
        """The pod's phase."""
        if self.failure is not None:
            return "Failed"
        return status.phase(inits, mains, restart_policy(pod))

    def send(self, pod: Json, inits: Sequence[ContainerState], mains: Sequence[ContainerState], ip: str | None) -> None:
        """Patch the pod's status unless it is what was sent last; raises ApiError."""
        phase = self.phase(pod, inits, mains)
        conditions = status.conditions(pod, self._conditions, inits, mains, phase, ip is not None)
        wanted: Json = {
            "phase": phase,
            "startTime": self._start_time,
            "conditions": conditions,
            "containerStatuses": [_container(state) for state in mains],
            **_replacing(status.addresses(ip)),
        }
        if inits:
            wanted["initContainerStatuses"] = [_container(state) for state in inits]
        if self.failure is not None:
            wanted["reason"], wanted["message"] = self.failure
        if wanted == self._sent:
            return
        metadata = pod["metadata"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}/status"
        try:
            # The uid keeps the status of a pod from reaching a later one of the same name.
            self._api.patch(path, {"metadata": {"uid": metadata["uid"]}, "status": wanted})
        except ApiError as error:
            if error.status not in (404, 409):
                raise
        self._sent, self._conditions = wanted, conditions


def _replacing(fields: Json) -> Json:
    """`fields` with lists that replace the old ones: the strategic merge would add a new address to that of before."""
    replace = {"$patch": "replace"}
    return {key: [replace, *value] if isinstance(value, list) else value for key, value in fields.items()}


def restart_policy(pod: Json) -> str:
    """Always, OnFailure or Never."""
    policy: str = pod["spec"].get("restartPolicy", "Always")
    return policy


def remove(api: Api, pod: Json) -> None:
    """Tell the API server that nothing of the deleted `pod` runs any more, which ends its object; raises ApiError."""
    metadata = pod["metadata"]
    body = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "gracePeriodSeconds": 0,
        "preconditions": {"uid": metadata["uid"]},
    }
    try:
        api.delete(f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}", body)
    except ApiError as error:
        if error.status not in (404, 409):
            raise


def _container(state: ContainerState) -> Json:
    reference = state.spec["image"]
    if state.runtime == status.SIMULATED:
        return state.report(reference, f"{status.SIMULATED}://{reference}")
    image = images.find(reference)
    return state.report(reference, f"process://{image.program} {image.version_here}" if image else "")
