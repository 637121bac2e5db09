# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""One pod, in a thread of its own: from its arrival on the node to the end of its last container."""

from __future__ import annotations

import datetime
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.node import podspec, report, status
from sandbox.node.api import ApiError
from sandbox.node.container import Container
from sandbox.node.environment import ConfigError
from sandbox.node.launch import ImageError
from sandbox.node.namespaces import NamespaceError
from sandbox.node.podsandbox import REFRESH_SECONDS, Parts, PodSandbox
from sandbox.node.probes import Target
from sandbox.node.report import Reporter, restart_policy
from sandbox.node.services import Record
from sandbox.node.status import ContainerState

Json = dict[str, Any]

_DEFAULT_GRACE = 30.0
# What a pod gets that was deleted without grace, or whose node stops.
_SHORT_GRACE = 2.0
_FIRST_RETRY = 0.1
_LONGEST_RETRY = 2.0
_FINAL = ("Succeeded", "Failed")
_EXCEEDED = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")

logger = logging.getLogger(__name__)


class Pod(threading.Thread):
    """The worker of one pod. `names` are the records for its /etc/hosts at start."""

    def __init__(self, parts: Parts, pod: Json, names: Iterable[Record]) -> None:
        super().__init__(name=f"pod-{pod['metadata']['name']}", daemon=True)
        self._parts = parts
        self._pod = pod
        self._events = threading.Event()
        self._deleted = self._node_stops = False
        self._retry = _FIRST_RETRY
        self.shared = PodSandbox(parts, pod["metadata"]["uid"], names)
        self._reporter = Reporter(parts.api, pod)
        self.inits = [self._container(spec, True) for spec in pod["spec"].get("initContainers", [])]
        self.mains = [self._container(spec, False) for spec in pod["spec"]["containers"]]
        self._final = pod.get("status", {}).get("phase") in _FINAL
        self._restore(pod.get("status", {}))

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        metadata = self._pod["metadata"]
        return metadata["namespace"], metadata["name"]

    def update(self, pod: Json) -> None:
        """The API object has changed."""
        self._pod = pod
        self._wake()

    def delete(self) -> None:
        """The API object is gone: end everything soon."""
        self._deleted = True
        self._wake()

    def stop(self) -> None:
        """The node stops: end the processes, keep the API object and what is on disk."""
        self._node_stops = True
        self._wake()

    def run(self) -> None:
        done = False
        while not done:
            delay: float | None = _LONGEST_RETRY
            try:
                done, delay = self._step()
            except ApiError as error:
                logger.warning("pod %s/%s: %s", *self.key, error)
            except Exception:
                logger.exception("pod %s/%s", *self.key)
            if not done:
                self._events.wait(delay)
                self._events.clear()

    def _step(self) -> tuple[bool, float | None]:
        """Do what can be done now; returns whether all is done, and the seconds until there is more to do."""
        for container in [*self.inits, *self.mains]:
            container.collect(self.shared.files)
        if self._deleted or self._node_stops or "deletionTimestamp" in self._pod["metadata"]:
            return self._terminate(), None
        if self._final:
            return False, None
        delay = None if self._reporter.failure else self._advance()
        if self._reporter.failure and self._stop_containers(self._grace):
            return False, None
        self._send()
        if self._reporter.phase(self._pod, self._states(self.inits), self._states(self.mains)) in _FINAL:
            self._final = True
            self.shared.release()
        return False, delay

    def _advance(self) -> float | None:
        if problems := podspec.unsupported(self._pod["spec"]):
            message = f"the process node does not run {', '.join(problems)}"
            return self._cannot(self.inits + self.mains, "UnsupportedPodSpec", "UnsupportedPodSpec", message)
        left = self._deadline()
        if left <= 0:
            self._reporter.failure = _EXCEEDED
            return None
        try:
            self.shared.prepare(self._pod)
        except (ConfigError, ApiError, NamespaceError) as error:
            return self._cannot(self.inits + self.mains, "FailedMount", "ContainerCreating", str(error))
        for container in self.inits:
            if not container.state.succeeded:
                return min(self._run_container(container), left)
        return min([REFRESH_SECONDS, left, *(self._run_container(container) for container in self.mains)])

    def _run_container(self, container: Container) -> float:
        """Start it if it is time to; returns the seconds until there may be more to do."""
        state = container.state
        if container.running or (
            state.terminated is not None and not status.should_restart(state, restart_policy(self._pod))
        ):
            return REFRESH_SECONDS
        left = container.back_off.remaining(time.monotonic())
        if left <= 0:
            return self._start(container)
        if state.terminated is not None:
            self._parts.events.warning(self._pod, "BackOff", f"Back-off restarting failed container {state.name}")
            state.wait("CrashLoopBackOff", f"back-off restarting failed container={state.name} pod={self.key[1]}")
        return left

    def _start(self, container: Container) -> float:
        state, pod, files = container.state, self.shared.with_address(self._pod), self.shared.files
        assert self.shared.network is not None
        try:
            image = self._parts.launcher.image(state.spec["image"])
            plan = self._parts.launcher.plan(pod, state.spec, image, self.shared.volumes or {}, files)
        except ImageError as error:
            return self._cannot([container], "Failed", "ErrImagePull", str(error))
        except (ConfigError, ApiError) as error:
            return self._cannot([container], "Failed", "CreateContainerConfigError", str(error))
        self._retry = _FIRST_RETRY
        container.begin_run()
        log = container.log(files)
        container.started(self._parts.runner.start(plan, self.shared.network.thread, log, container.ended))
        self._parts.events.normal(pod, "Started", f"Started container {state.name}")
        container.probe(self._probe_target(container), self._unhealthy, self._grace)
        return REFRESH_SECONDS

    def _cannot(self, containers: Sequence[Container], event: str, reason: str, message: str) -> float:
        """Let `containers` wait for `reason`; returns when to try again."""
        self._parts.events.warning(self._pod, event, message)
        for container in containers:
            if not container.running:
                container.state.wait(reason, message)
        delay, self._retry = self._retry, min(self._retry * 2, _LONGEST_RETRY)
        return delay if reason not in ("ErrImagePull", "UnsupportedPodSpec") else REFRESH_SECONDS

    def _terminate(self) -> bool:
        grace = self._pod["metadata"].get("deletionGracePeriodSeconds", self._grace)
        if self._stop_containers(_SHORT_GRACE if self._deleted or self._node_stops else grace):
            return False
        if self._node_stops:
            self.shared.release()
            return True
        if not self._deleted:
            self._send()
            report.remove(self._parts.api, self._pod)
        self.shared.remove()
        return True

    def _stop_containers(self, grace: float) -> bool:
        """Stop what runs; returns whether anything still does."""
        running = [container for container in [*self.mains, *self.inits] if container.running]
        for container in running:
            container.stop(grace, None if self._node_stops else self._probe_target(container))
        return bool(running)

    def _send(self) -> None:
        self._reporter.send(self._pod, self._states(self.inits), self._states(self.mains), self.shared.ip)

    def _probe_target(self, container: Container) -> Target:
        def execute(argv: Sequence[str], timeout: float) -> tuple[int | None, str]:
            process = container.process
            if process is None:
                return None, "the container is not running"
            return self._parts.runner.execute(process, argv, timeout)

        return Target(self.shared.ip or "", container.state.spec, self._parts.fabric.socket, execute)

    def _unhealthy(self, message: str) -> None:
        self._parts.events.warning(self._pod, "Unhealthy", message)

    @property
    def _grace(self) -> float:
        grace = self._pod["spec"].get("terminationGracePeriodSeconds")
        return _DEFAULT_GRACE if grace is None else float(grace)

    def _deadline(self) -> float:
        """Seconds that the pod may still be active."""
        seconds = self._pod["spec"].get("activeDeadlineSeconds")
        if seconds is None:
            return float("inf")
        begun = datetime.datetime.fromisoformat(self._reporter.start_time).timestamp()
        return begun + float(seconds) - time.time()

    def _container(self, spec: Json, init: bool) -> Container:
        reason = "PodInitializing" if self._pod["spec"].get("initContainers") and not init else "ContainerCreating"
        state = ContainerState(spec, init, waiting_reason=reason)
        return Container(state, self._parts.launcher, self._wake)

    def _restore(self, before: Json) -> None:
        reported = [*before.get("containerStatuses", []), *before.get("initContainerStatuses", [])]
        known = {item["name"]: item for item in reported}
        for container in [*self.inits, *self.mains]:
            if container.state.name in known:
                status.restore(container.state, known[container.state.name], restart_policy(self._pod))

    def _states(self, containers: Sequence[Container]) -> list[ContainerState]:
        return [container.state for container in containers]

    def _wake(self) -> None:
        self._events.set()
