# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The node itself: watches the API and runs what is bound to it, inside the namespaces that `__main__` has entered."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from sandbox.node import images, logs
from sandbox.node.api import Api, ApiError, Reflector
from sandbox.node.cluster import ClusterNetwork, ObjectSource, TokenSource
from sandbox.node.config import NODE_NAME, Config
from sandbox.node.events import Events
from sandbox.node.launch import Launcher
from sandbox.node.network import Fabric
from sandbox.node.pod import Pod
from sandbox.node.podsandbox import Parts
from sandbox.node.process import Runner
from sandbox.node.registration import Registration
from sandbox.node.server import KubeletServer, LogSource, NotFound
from sandbox.node.stage import Stage
from sandbox.processes import MARKER
from sandbox.state import CHECKOUT, SandboxError

Json = dict[str, Any]

_STOP_SECONDS = 8.0
_SYNC_SECONDS = 30.0

logger = logging.getLogger(__name__)


class Kubelet:
    """The running node of one cluster."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._pods: dict[str, Pod] = {}
        self._pods_folder = config.folder / "pods"
        self._pods_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        needed = [CHECKOUT, config.folder, Path(sys.prefix), Path(sys.base_prefix), Path(__file__)]
        stage = Stage([*needed, *_program_paths()], config.as_root)
        self._api = Api(config.api_host, config.api_port, config.ca_file, config.node_certificate)
        self._fabric = Fabric()
        self._network = ClusterNetwork(config, self._fabric, self._api, self._names_changed)
        sources = ObjectSource(self._api)
        self._parts = Parts(
            api=self._api,
            stage=stage,
            runner=Runner(stage, os.environ[MARKER]),
            fabric=self._fabric,
            launcher=Launcher(stage, sources, self._network.services),
            events=Events(self._api),
            sources=sources,
            tokens=TokenSource(self._api),
            pods_folder=self._pods_folder,
            pods_in_reach=stage.expose(self._pods_folder),
        )
        self._server = KubeletServer(self._find_log, config.ca_file, config.serving_certificate)
        self._registration = Registration(self._api, self._server.port)
        selector = f"spec.nodeName={NODE_NAME}"
        self._reflector = Reflector(self._api, "/api/v1/pods", self._pod_changed, fieldSelector=selector)

    def start(self) -> None:
        """Begin; returns when the node is Ready. Raises SandboxError."""
        self._server.start()
        self._network.start()
        self._register()
        self._reflector.start()
        if not self._reflector.synced.wait(_SYNC_SECONDS):
            raise SandboxError("The process node cannot list its pods: see the API server's log.")
        self._remove_leftovers()
        self._registration.start()
        self._config.ready_file.write_text(f"{os.getpid()}\n", encoding="ascii")
        logger.info("node %s of cluster %s is ready", NODE_NAME, self._config.cluster)

    def stop(self) -> None:
        """End every container; the pods stay bound and run again when the node is back."""
        self._config.ready_file.unlink(missing_ok=True)
        self._registration.stop()
        with self._lock:
            pods = list(self._pods.values())
        for pod in pods:
            pod.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for pod in pods:
            pod.join(max(0.0, deadline - time.monotonic()))

    def _register(self) -> None:
        deadline = time.monotonic() + _SYNC_SECONDS
        while True:
            try:
                self._registration.register()
                return
            except ApiError as error:
                if time.monotonic() > deadline:
                    raise SandboxError(f"The process node cannot register itself: {error}") from error
                time.sleep(0.2)

    def _pod_changed(self, event: str, item: Json) -> None:
        uid = item["metadata"]["uid"]
        with self._lock:
            pod = self._pods.get(uid)
            if event == "DELETED":
                self._pods.pop(uid, None)
            elif pod is None:
                pod = self._pods[uid] = Pod(self._parts, item, self._network.names)
                pod.start()
                return
        if pod is not None:
            if event == "DELETED":
                pod.delete()
            else:
                pod.update(item)

    def _names_changed(self) -> None:
        with self._lock:
            pods = list(self._pods.values())
        for pod in pods:
            pod.shared.set_names(self._network.names)

    def _remove_leftovers(self) -> None:
        """Delete the files of pods that were deleted while the node was away."""
        for folder in self._pods_folder.iterdir():
            if folder.name not in self._reflector.objects:
                shutil.rmtree(folder, ignore_errors=True)

    def _find_log(self, namespace: str, name: str, container: str, previous: bool) -> LogSource:
        with self._lock:
            found = [pod for pod in self._pods.values() if pod.key == (namespace, name)]
        if not found:
            raise NotFound(f"pod {namespace}/{name} is not on this node")
        pod = found[-1]
        runs = [item for item in [*pod.inits, *pod.mains] if item.state.name == container]
        if not runs:
            raise NotFound(f"container {container} is not in pod {namespace}/{name}")
        run = runs[0]
        path = logs.log_file(pod.shared.files.logs, container, run.state.restart_count - int(previous))
        if not path.exists():
            kind = "previous terminated " if previous else ""
            raise NotFound(f"{kind}container {container} in pod {name} has no log yet")
        process = None if previous else run.process
        return LogSource(path, lambda: process is not None and not process.exited.is_set())


def _program_paths() -> list[Path]:
    return [source for image in images.available().values() for source, _unused in image.mounts]


def main() -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(threadName)s: %(message)s")
    config = Config.load(Path(sys.argv[1]))
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_unused: stopped.set())
    if config.as_root:
        # Containers must not have the caller's groups.
        os.setgroups([])
    try:
        kubelet = Kubelet(config)
        kubelet.start()
    except SandboxError as error:
        logger.error("%s", error)
        return 1
    stopped.wait()
    kubelet.stop()
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Threads that watch and wait are not joined; what they started ends with this process.
    os._exit(code)
