# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A pod's volumes: emptyDir folders, and files from Secrets, ConfigMaps, the downward API and service account tokens.

Files are replaced as the kubelet does it: all at once, by swapping the link `..data`.
"""

from __future__ import annotations

import base64
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox.node import environment
from sandbox.node.environment import ConfigError, Sources

Json = dict[str, Any]

_DEFAULT_MODE = 0o644
# The kubelet renews a token when 80 % of its life or 24 hours have passed.
_TOKEN_RENEWAL = 0.8
_TOKEN_RENEWAL_SECONDS = 86400.0
_DEFAULT_TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class File:
    """One file of a volume."""

    content: bytes
    mode: int


class Tokens(Protocol):
    """Issues service account tokens bound to a pod."""

    def token(self, pod: Json, audience: str | None, seconds: int) -> str:
        """A new token valid for `seconds`; raises ApiError."""


class Owner(Protocol):
    """Gives a path to the containers' user."""

    def give(self, path: Path) -> None:
        """Make the containers' user the owner of `path`."""


class PodVolumes:
    """The volumes of one pod. `memory` is a folder on the node's tmpfs, `disk` one that outlives the node."""

    def __init__(self, memory: Path, disk: Path, owner: Owner, sources: Sources, tokens: Tokens) -> None:
        self._memory = memory
        self._disk = disk
        self._owner = owner
        self._sources = sources
        self._tokens = tokens
        self._issued: dict[tuple[str, str], tuple[str, float]] = {}

    def prepare(self, pod: Json) -> dict[str, Path]:
        """Make or refresh every volume; returns its folder by volume name. Raises ConfigError, ApiError."""
        folders = {}
        for volume in pod["spec"].get("volumes", []):
            try:
                folders[volume["name"]] = self._volume(pod, volume)
            except ConfigError as error:
                raise ConfigError(f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}') from error
        return folders

    def _volume(self, pod: Json, volume: Json) -> Path:
        if "emptyDir" in volume:
            return self._empty(volume)
        folder: Path = self._memory / volume["name"]
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_files(folder, self._files(pod, volume), self._owner)
        return folder

    def _empty(self, volume: Json) -> Path:
        parent = self._memory if volume["emptyDir"].get("medium") == "Memory" else self._disk
        folder: Path = parent / volume["name"]
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o777)
            self._owner.give(folder)
        return folder

    def _files(self, pod: Json, volume: Json) -> dict[str, File]:
        if "projected" in volume:
            mode = volume["projected"].get("defaultMode", _DEFAULT_MODE)
            files: dict[str, File] = {}
            for source in volume["projected"].get("sources", []):
                files.update(self._source(pod, volume["name"], source, mode))
            return files
        kind = next(key for key in ("secret", "configMap", "downwardAPI") if key in volume)
        source = dict(volume[kind])
        # Volumes of their own say `secretName` where projections say `name`.
        source.setdefault("name", source.get("secretName"))
        return self._source(pod, volume["name"], {kind: source}, source.get("defaultMode", _DEFAULT_MODE))

    def _source(self, pod: Json, volume: str, source: Json, mode: int) -> dict[str, File]:
        namespace = pod["metadata"]["namespace"]
        if item := source.get("secret"):
            secret = self._sources.secret(namespace, item["name"])
            return selected("secret", item, None if secret is None else environment.secret_data(secret), mode)
        if item := source.get("configMap"):
            config_map = self._sources.config_map(namespace, item["name"])
            return selected("configmap", item, None if config_map is None else _config_map_data(config_map), mode)
        if item := source.get("downwardAPI"):
            return downward(pod, item, mode)
        item = source["serviceAccountToken"]
        return {item["path"]: File(self._token(pod, volume, item).encode(), mode)}

    def _token(self, pod: Json, volume: str, item: Json) -> str:
        key = (volume, item["path"])
        token, renew_at = self._issued.get(key, ("", 0.0))
        if time.monotonic() >= renew_at:
            seconds = item.get("expirationSeconds", _DEFAULT_TOKEN_SECONDS)
            token = self._tokens.token(pod, item.get("audience"), seconds)
            lifetime = min(seconds * _TOKEN_RENEWAL, _TOKEN_RENEWAL_SECONDS)
            self._issued[key] = (token, time.monotonic() + lifetime)
        return token


def selected(kind: str, source: Json, data: Mapping[str, bytes] | None, mode: int) -> dict[str, File]:
    """The files of a Secret or ConfigMap source: all keys, or those of `items` at their paths and modes.

    Raises ConfigError when it or a named key is missing and it is not optional.
    """
    optional = source.get("optional", False)
    if data is None:
        if optional:
            return {}
        raise ConfigError(f'{kind} "{source["name"]}" not found')
    if "items" not in source:
        return {key: File(value, mode) for key, value in data.items()}
    files = {}
    for item in source["items"]:
        if item["key"] in data:
            files[item["path"]] = File(data[item["key"]], item.get("mode", mode))
        elif not optional:
            raise ConfigError(f'{kind} "{source["name"]}" has no key {item["key"]!r}')
    return files


def downward(pod: Json, source: Json, mode: int) -> dict[str, File]:
    """The files of a downward API source; raises ConfigError for resourceFieldRef."""
    files = {}
    for item in source.get("items", []):
        if "fieldRef" not in item:
            raise ConfigError("resourceFieldRef is not supported by the process node")
        content = environment.field(pod, item["fieldRef"]["fieldPath"]).encode()
        files[item["path"]] = File(content, item.get("mode", mode))
    return files


def write_files(folder: Path, files: Mapping[str, File], owner: Owner) -> None:
    """Make `folder` hold exactly `files`, switching from the old content to the new in one step."""
    link = folder / "..data"
    if link.is_symlink() and _content(link) == dict(files):
        return
    target = Path(tempfile.mkdtemp(prefix="..", dir=folder))
    target.chmod(0o755)
    for path, file in files.items():
        _write(target, path, file, owner)
    old = link.readlink() if link.is_symlink() else None
    temporary = folder / "..data_tmp"
    temporary.symlink_to(target.name)
    temporary.replace(link)
    _link_names(folder, {path.split("/")[0] for path in files})
    if old is not None:
        shutil.rmtree(folder / old, ignore_errors=True)


def _write(folder: Path, path: str, file: File, owner: Owner) -> None:
    target = folder / path
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    target.touch(mode=0o600)
    target.write_bytes(file.content)
    target.chmod(file.mode)
    owner.give(target)


def _link_names(folder: Path, names: set[str]) -> None:
    for existing in folder.iterdir():
        if existing.is_symlink() and existing.name != "..data" and existing.name not in names:
            existing.unlink()
    for name in names:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")


def _content(folder: Path) -> dict[str, File]:
    root = folder.resolve()
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): File(path.read_bytes(), path.stat().st_mode & 0o7777) for path in files}


def _config_map_data(config_map: Json) -> dict[str, bytes]:
    data = {key: value.encode() for key, value in (config_map.get("data") or {}).items()}
    data.update({key: base64.b64decode(value) for key, value in (config_map.get("binaryData") or {}).items()})
    return data
