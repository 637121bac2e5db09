# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The node program of one cluster, inside the namespaces that `__main__` has entered: all its kubelets, one network.

Fargate's node is always there. The others come and go with the EC2 instances that the emulator writes down.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from sandbox.node import images, machine
from sandbox.node.api import Api
from sandbox.node.cluster import ClusterNetwork
from sandbox.node.config import Config
from sandbox.node.fargate import FargateScheduler
from sandbox.node.kubelet import Kubelet, Shared, node_api
from sandbox.node.machine import Machine
from sandbox.node.network import Fabric
from sandbox.node.process import Runner
from sandbox.node.server import KubeletServer, LogSource, NotFound
from sandbox.node.stage import Stage
from sandbox.processes import MARKER
from sandbox.state import CHECKOUT, SandboxError

_STOP_SECONDS = 8.0
# Files have no watch here, so the folder of machines is looked at this often.
_POLL_SECONDS = 0.5

logger = logging.getLogger(__name__)


class Program:
    """The kubelets of one cluster."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._kubelets: dict[str, Kubelet] = {}
        pods_folder = config.folder / "pods"
        pods_folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        needed = [CHECKOUT, config.folder, Path(sys.prefix), Path(sys.base_prefix), Path(__file__)]
        stage = Stage([*needed, *_program_paths()], config.as_root)
        fabric = Fabric()
        network = ClusterNetwork(config, fabric, node_api(config, config.fargate), self._names_changed)
        self._server = KubeletServer(self._find_log, config.ca_file, config.serving_certificate)
        self._shared = Shared(
            config=config,
            stage=stage,
            runner=Runner(stage, os.environ[MARKER]),
            fabric=fabric,
            network=network,
            kubelet_port=self._server.port,
            pods_folder=pods_folder,
            pods_in_reach=stage.expose(pods_folder),
        )
        scheduler_api = Api(config.api_host, config.api_port, config.ca_file, config.scheduler_certificate)
        self._scheduler = FargateScheduler(scheduler_api)

    def start(self) -> None:
        """Begin; returns when Fargate's node is Ready. Raises SandboxError."""
        self._server.start()
        self._shared.network.start()
        self._start_kubelet(self._config.fargate)
        self._scheduler.start()
        self._config.ready_file.write_text(f"{os.getpid()}\n", encoding="ascii")

    def run(self, stopped: threading.Event) -> None:
        """Follow the machines until `stopped`."""
        while not stopped.wait(_POLL_SECONDS):
            try:
                self._follow()
            except (OSError, ValueError, SandboxError):
                # One machine that cannot become a node must not keep later ones from it.
                logger.exception("cannot follow the machines")

    def stop(self) -> None:
        """End every container of every node."""
        self._config.ready_file.unlink(missing_ok=True)
        self._stop_kubelets(list(self._all()))

    def _follow(self) -> None:
        wanted = {item.name: item for item in machine.stored(self._config.machines)}
        wanted[self._config.fargate.name] = self._config.fargate
        gone = [kubelet for kubelet in self._all() if not _is(kubelet.machine, wanted.get(kubelet.machine.name))]
        self._stop_kubelets(gone)
        for kubelet in gone:
            kubelet.remove_files()
        for name, item in wanted.items():
            if name not in self._kubelets:
                self._start_kubelet(item)

    def _start_kubelet(self, item: Machine) -> None:
        kubelet = Kubelet(self._shared, item)
        with self._lock:
            self._kubelets[item.name] = kubelet
        try:
            kubelet.start()
        except SandboxError:
            self._stop_kubelets([kubelet])
            raise

    def _stop_kubelets(self, kubelets: list[Kubelet]) -> None:
        for kubelet in kubelets:
            kubelet.stop()
        deadline = time.monotonic() + _STOP_SECONDS
        for kubelet in kubelets:
            kubelet.join(deadline)
            with self._lock:
                self._kubelets.pop(kubelet.machine.name, None)
            logger.info("node %s has stopped", kubelet.machine.name)

    def _all(self) -> list[Kubelet]:
        with self._lock:
            return list(self._kubelets.values())

    def _names_changed(self) -> None:
        for kubelet in self._all():
            kubelet.set_names(self._shared.network.names)

    def _find_log(self, namespace: str, name: str, container: str, previous: bool) -> LogSource:
        for kubelet in self._all():
            if source := kubelet.find_log(namespace, name, container, previous):
                return source
        raise NotFound(f"pod {namespace}/{name} is not on this node")


def _is(running: Machine, wanted: Machine | None) -> bool:
    """Whether it is still the same machine: a later one may get the name of an earlier one."""
    return wanted is not None and wanted.provider_id == running.provider_id


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
        program = Program(config)
        program.start()
    except SandboxError as error:
        logger.error("%s", error)
        return 1
    program.run(stopped)
    program.stop()
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Threads that watch and wait are not joined; what they started ends with this process.
    os._exit(code)
