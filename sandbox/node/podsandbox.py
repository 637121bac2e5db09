# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the containers of a pod share: the network, the volumes and /etc/hosts."""

from __future__ import annotations

import copy
import logging
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node import environment, services, status
from sandbox.node.api import Api, ApiError
from sandbox.node.environment import ConfigError, Sources
from sandbox.node.events import Events
from sandbox.node.launch import Launcher, PodFiles
from sandbox.node.network import Fabric, PodNetwork
from sandbox.node.process import Runner
from sandbox.node.services import Record
from sandbox.node.stage import Stage
from sandbox.node.volumes import PodVolumes, Tokens

Json = dict[str, Any]

REFRESH_SECONDS = 60.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Parts:
    """What all pods of a node use. `pods_in_reach` is `pods_folder` at a path that containers can reach."""

    api: Api
    stage: Stage
    runner: Runner
    fabric: Fabric
    launcher: Launcher
    events: Events
    sources: Sources
    tokens: Tokens
    pods_folder: Path
    pods_in_reach: Path


class PodSandbox:
    """The shared parts of the pod with `uid`; `names` are the records of its /etc/hosts."""

    def __init__(self, parts: Parts, uid: str, names: Iterable[Record]) -> None:
        self._parts = parts
        self._names = tuple(names)
        self._on_disk = parts.pods_folder / uid
        self.files = PodFiles(parts.stage.memory / uid, parts.pods_in_reach / uid, self._on_disk / "logs")
        self._storage = PodVolumes(
            self.files.memory / "volumes", self.files.disk / "volumes", parts.stage, parts.sources, parts.tokens
        )
        self._refresh_at = 0.0
        self._pod: Json = {}
        self.network: PodNetwork | None = None
        self.volumes: dict[str, Path] | None = None

    @property
    def ip(self) -> str | None:
        """The pod's address, while it has a network."""
        return self.network.ip if self.network else None

    def prepare(self, pod: Json) -> None:
        """Make what is missing and refresh what is old. Raises ConfigError, ApiError, NamespaceError."""
        self._pod = pod
        if self.network is None:
            self.files.memory.mkdir(mode=0o755, parents=True, exist_ok=True)
            network = self._parts.fabric.add_pod(pod["metadata"]["name"])
            self._write_hosts(network)
            self.network = network
        if self.volumes is None:
            self.volumes = self._storage.prepare(self.with_address(pod))
            self._refresh_at = time.monotonic() + REFRESH_SECONDS
        elif time.monotonic() >= self._refresh_at:
            self._refresh_at = time.monotonic() + REFRESH_SECONDS
            self._refresh(pod)

    def set_names(self, names: Iterable[Record]) -> None:
        """Rewrite /etc/hosts for new names."""
        self._names = tuple(names)
        if self.network is not None:
            self._write_hosts(self.network)

    def with_address(self, pod: Json) -> Json:
        """`pod` with its address in the status, where the downward API reads it."""
        return {**pod, "status": {**copy.copy(pod.get("status", {})), **status.addresses(self.ip)}}

    def release(self) -> None:
        """Take the network away and forget Secrets; no container may run any more."""
        network, self.network, self.volumes = self.network, None, None
        if network is not None:
            self._parts.fabric.remove_pod(network)
        shutil.rmtree(self.files.memory, ignore_errors=True)

    def remove(self) -> None:
        """Delete everything, logs and emptyDirs too."""
        self.release()
        shutil.rmtree(self._on_disk, ignore_errors=True)

    def _refresh(self, pod: Json) -> None:
        try:
            self._storage.prepare(self.with_address(pod))
        except (ConfigError, ApiError) as error:
            # Running containers keep the content they have, as with the kubelet.
            logger.warning("pod %s: refreshing volumes: %s", pod["metadata"]["name"], error)

    def _write_hosts(self, network: PodNetwork) -> None:
        pod = self._pod
        content = services.hosts_file(
            pod["metadata"]["namespace"],
            network.ip,
            environment.hostname(pod),
            pod["spec"].get("hostAliases", []),
            self._names,
        )
        path = self.files.hosts
        # Written in place: containers have this very file bound, a new one would not reach them.
        if not path.exists() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            path.chmod(0o644)
