# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""From a pod's container to a plan that can be started: image, environment, files; and what it left when it ended."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.node import containers, environment, images, logs
from sandbox.node.containers import Bind, Plan
from sandbox.node.environment import Sources
from sandbox.node.images import Image
from sandbox.node.stage import Stage

Json = dict[str, Any]

_TERMINATION_PATH = "/dev/termination-log"
_TERMINATION_LIMIT = 4096
_FALLBACK_LINES = 80
_FALLBACK_LIMIT = 2048


class ImageError(Exception):
    """The image is not in the table or its program is missing; the message becomes that of ErrImagePull."""


@dataclass(frozen=True)
class PodFiles:
    """Folders of one pod: on the node's tmpfs, on disk as containers reach it, and its logs."""

    memory: Path
    disk: Path
    logs: Path

    @property
    def hosts(self) -> Path:
        return self.memory / "hosts"

    def termination_log(self, container: str) -> Path:
        return self.memory / "termination" / container


class Launcher:
    """Makes plans. `services` returns the Services, for their environment variables."""

    def __init__(self, stage: Stage, sources: Sources, services: Callable[[], Iterable[Json]]) -> None:
        self._stage = stage
        self._sources = sources
        self._services = services

    def image(self, reference: str) -> Image:
        """The image of `reference`, with its files in reach of containers; raises ImageError."""
        image = images.find(reference)
        if image is None:
            known = ", ".join(sorted(images.available()))
            raise ImageError(
                f'image "{reference}" is not in the table of the process node (sandbox/node/images.py): it runs {known}'
            )
        for source, _unused in image.mounts:
            if not os.access(source, os.R_OK):
                variable = images.own_program_variable(reference)
                advice = f"correct {variable}" if variable in os.environ else "run `make setup`"
                raise ImageError(f'image "{reference}": {source} cannot be read: {advice}')
        return image

    def plan(self, pod: Json, container: Json, image: Image, volumes: Mapping[str, Path], files: PodFiles) -> Plan:
        """The plan of `container`; raises ConfigError when it cannot be configured yet, ApiError."""
        who = containers.identity(pod, container, image)
        env = environment.build(pod, container, image, self._sources, self._services())
        # Container runtimes take it from the image's passwd file.
        env.setdefault("HOME", "/root" if who.uid == 0 else "/")
        hostname = environment.hostname(pod)
        small = containers.etc_files(hostname, who)
        return Plan(
            argv=environment.argv(container, image, env),
            env=env,
            hostname=hostname,
            identity=who,
            image_binds=[Bind(self._stage.expose(source), target) for source, target in image.mounts],
            volume_binds=containers.volume_binds(container, volumes, env),
            etc_binds=[*self._etc(container["name"], small, files), self._termination(container, files)],
            working_dir=posixpath.normpath(container.get("workingDir") or image.working_dir),
            read_only_root=bool(containers.security(pod, container, "readOnlyRootFilesystem", False)),
        )

    def message(self, container: Json, exit_code: int, files: PodFiles, log: Path) -> str:
        """The termination message: the file at terminationMessagePath or, where asked for, the end of the log."""
        path = files.termination_log(container["name"])
        text = path.read_bytes()[:_TERMINATION_LIMIT].decode(errors="replace") if path.exists() else ""
        fallback = container.get("terminationMessagePolicy") == "FallbackToLogsOnError"
        if not text and fallback and exit_code != 0:
            return logs.last_lines(log, _FALLBACK_LINES, _FALLBACK_LIMIT)
        return text

    def _etc(self, container: str, small: Mapping[str, str], files: PodFiles) -> list[Bind]:
        folder = files.memory / "etc" / container
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        for name, content in small.items():
            (folder / name).write_text(content, encoding="utf-8")
            (folder / name).chmod(0o644)
        binds = [Bind(folder / name, f"/etc/{name}") for name in small]
        return [*binds, Bind(files.hosts, "/etc/hosts")]

    def _termination(self, container: Json, files: PodFiles) -> Bind:
        path = files.termination_log(container["name"])
        path.parent.mkdir(mode=0o755, exist_ok=True)
        path.write_bytes(b"")
        path.chmod(0o666)
        self._stage.give(path)
        return Bind(path, container.get("terminationMessagePath") or _TERMINATION_PATH, writable=True)
