# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The kubelet of one Node: watches the API and runs what is bound to the Node. Several share what one program has."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node import logs, simulated
from sandbox.node.api import Api, ApiError, Reflector
from sandbox.node.cluster import ClusterNetwork, ObjectSource, TokenSource
from sandbox.node.config import Config
from sandbox.node.events import Events
from sandbox.node.launch import Launcher
from sandbox.node.machine import Machine
from sandbox.node.network import Fabric
from sandbox.node.pod import Pod
from sandbox.node.podsandbox import Parts
from sandbox.node.process import Runner
from sandbox.node.registration import Registration
from sandbox.node.server import LogSource, NotFound
from sandbox.node.services import Record
from sandbox.node.simulated import SimulatedPod
from sandbox.node.stage import Stage
from sandbox.state import SandboxError

Json = dict[str, Any]

_SYNC_SECONDS = 30.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """What the kubelets of one program share. `pods_in_reach` is `pods_folder` at a path that containers can reach."""

    config: Config
    stage: Stage
    runner: Runner
    fabric: Fabric
    network: ClusterNetwork
    kubelet_port: int
    pods_folder: Path
    pods_in_reach: Path


class Kubelet:
    """The running kubelet of the Node that `machine` is to become."""

    def __init__(self, shared: Shared, machine: Machine) -> None:
        self.machine = machine
        self._network = shared.network
        self._lock = threading.Lock()
        self._pods: dict[str, Pod | SimulatedPod] = {}
        self._folder = shared.pods_folder / machine.name
        self._folder.mkdir(mode=0o755, exist_ok=True)
        self._api = node_api(shared.config, machine)
        sources = ObjectSource(self._api)
        self._parts = Parts(
            api=self._api,
            stage=shared.stage,
            runner=shared.runner,
            fabric=shared.fabric,
            launcher=Launcher(shared.stage, sources, shared.network.services),
            events=Events(self._api, "kubelet", machine.name),
            sources=sources,
            tokens=TokenSource(self._api),
            pods_folder=self._folder,
            pods_in_reach=shared.pods_in_reach / machine.name,
        )
        self._registration = Registration(self._api, machine, shared.kubelet_port)
        selector = f"spec.nodeName={machine.name}"
        self._reflector = Reflector(self._api, "/api/v1/pods", self._pod_changed, fieldSelector=selector)

    def start(self) -> None:
        """Begin; returns when the node is Ready. Raises SandboxError."""
        self._register()
        self._reflector.start()
        if not self._reflector.synced.wait(_SYNC_SECONDS):
            raise SandboxError(f"Node {self.machine.name} cannot list its pods: see the API server's log.")
        self._remove_leftovers()
        self._registration.start()
        logger.info("node %s is ready", self.machine.name)

    def stop(self) -> None:
        """Begin to end every container; the pods stay bound and run again when the node is back."""
        self._registration.stop()
        self._reflector.stop()
        for pod in self._all():
            pod.stop()
        self._parts.events.stop()

    def join(self, deadline: float) -> None:
        """Return when all containers have ended after `stop`, or at `deadline` (monotonic seconds)."""
        for pod in self._all():
            pod.join(max(0.0, deadline - time.monotonic()))

    def remove_files(self) -> None:
        """Forget its pods: the machine does not come back."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def set_names(self, names: Iterable[Record]) -> None:
        """Let every pod know new names."""
        for pod in self._all():
            if isinstance(pod, Pod):
                pod.shared.set_names(names)

    def find_log(self, namespace: str, name: str, container: str, previous: bool) -> LogSource | None:
        """The log of a container, None when the pod is not on this node; raises NotFound when it has no such log."""
        found = [pod for pod in self._all() if pod.key == (namespace, name)]
        if not found:
            return None
        pod = found[-1]
        if isinstance(pod, SimulatedPod):
            raise NotFound(f"pod {namespace}/{name} is simulated: nothing runs that could write a log")
        return _log(pod, container, previous)

    def _all(self) -> list[Pod | SimulatedPod]:
        with self._lock:
            return list(self._pods.values())

    def _register(self) -> None:
        deadline = time.monotonic() + _SYNC_SECONDS
        while True:
            try:
                self._registration.register()
                return
            except ApiError as error:
                if time.monotonic() > deadline:
                    raise SandboxError(f"Node {self.machine.name} cannot register itself: {error}") from error
                time.sleep(0.2)

    def _pod_changed(self, event: str, item: Json) -> None:
        uid = item["metadata"]["uid"]
        with self._lock:
            pod = self._pods.get(uid)
            if event == "DELETED":
                self._pods.pop(uid, None)
            elif pod is None:
                pod = self._pods[uid] = self._worker(item)
                pod.start()
                return
        if pod is not None:
            if event == "DELETED":
                pod.delete()
            else:
                pod.update(item)

    def _worker(self, item: Json) -> Pod | SimulatedPod:
        if simulated.wanted(item):
            return SimulatedPod(self._parts, item)
        return Pod(self._parts, item, self._network.names)

    def _remove_leftovers(self) -> None:
        """Delete the files of pods that were deleted while the node was away."""
        for folder in self._folder.iterdir():
            if folder.name not in self._reflector.objects:
                shutil.rmtree(folder, ignore_errors=True)


def node_api(config: Config, machine: Machine) -> Api:
    """The API as the kubelet of `machine` may use it."""
    return Api(config.api_host, config.api_port, config.ca_file, machine.certificate)


def _log(pod: Pod, container: str, previous: bool) -> LogSource:
    runs = [item for item in [*pod.inits, *pod.mains] if item.state.name == container]
    if not runs:
        raise NotFound(f"container {container} is not in pod {'/'.join(pod.key)}")
    run = runs[0]
    path = logs.log_file(pod.shared.files.logs, container, run.state.restart_count - int(previous))
    if not path.exists():
        kind = "previous terminated " if previous else ""
        raise NotFound(f"{kind}container {container} in pod {pod.key[1]} has no log yet")
    process = None if previous else run.process
    return LogSource(path, lambda: process is not None and not process.exited.is_set())
