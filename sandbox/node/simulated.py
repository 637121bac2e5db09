# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Pods that nothing can run here, because an image of theirs is not known: reported as running, with nothing behind it.

They are Ready at once, whatever their probes say, and gone at once when deleted; those of a Job complete. The ids of
their containers begin with simulated://.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from sandbox.node import images, report, status
from sandbox.node.api import ApiError
from sandbox.node.namespaces import NamespaceError
from sandbox.node.podsandbox import Parts
from sandbox.node.report import Reporter
from sandbox.node.status import ContainerState

Json = dict[str, Any]

_RETRY_SECONDS = 1.0
_FINAL = ("Succeeded", "Failed")

logger = logging.getLogger(__name__)


def wanted(pod: Json) -> bool:
    """Whether `pod` has an image that the table lacks, in any container."""
    spec = pod["spec"]
    return not all(images.known(item["image"]) for item in [*spec.get("initContainers", []), *spec["containers"]])


def container_states(pod: Json) -> tuple[list[ContainerState], list[ContainerState]]:
    """What the init containers and the other containers of `pod` are said to do."""
    spec = pod["spec"]
    ends = any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", []))
    inits = [_state(item, True, item.get("restartPolicy") != "Always") for item in spec.get("initContainers", [])]
    return inits, [_state(item, False, ends) for item in spec["containers"]]


class SimulatedPod(threading.Thread):
    """The worker of one simulated pod; to the node like a Pod."""

    def __init__(self, parts: Parts, pod: Json) -> None:
        super().__init__(name=f"simulated-{pod['metadata']['name']}", daemon=True)
        self._parts = parts
        self._pod = pod
        self._events = threading.Event()
        self._deleted = self._node_stops = False
        self._ip: str | None = None
        self._reporter = Reporter(parts.api, pod)
        self._states = container_states(pod)
        self._final = pod.get("status", {}).get("phase") in _FINAL

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        metadata = self._pod["metadata"]
        return metadata["namespace"], metadata["name"]

    def update(self, pod: Json) -> None:
        """The API object has changed."""
        self._pod = pod
        self._events.set()

    def delete(self) -> None:
        """The API object is gone."""
        self._deleted = True
        self._events.set()

    def stop(self) -> None:
        """The node stops: keep the API object."""
        self._node_stops = True
        self._events.set()

    def run(self) -> None:
        done = False
        while not done:
            delay = None
            try:
                done = self._step()
            except (ApiError, NamespaceError) as error:
                logger.warning("simulated pod %s/%s: %s", *self.key, error)
                delay = _RETRY_SECONDS
            if not done:
                self._events.wait(delay)
                self._events.clear()
        if self._ip:
            self._parts.fabric.give_back(self._ip)

    def _step(self) -> bool:
        """Report what has changed; returns whether the pod is no more."""
        if self._deleted or self._node_stops:
            return True
        if "deletionTimestamp" in self._pod["metadata"]:
            report.remove(self._parts.api, self._pod)
            return True
        if not self._final:
            self._ip = self._ip or self._parts.fabric.reserve()
            self._reporter.send(self._pod, *self._states, self._ip)
        return False


def _state(spec: Json, init: bool, ends: bool) -> ContainerState:
    state = ContainerState(spec, init, runtime=status.SIMULATED)
    state.run()
    if ends:
        state.end(0, "Completed")
    else:
        state.started = state.ready = True
    return state
