# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Pods as the API server hands them to the node, and Secrets and ConfigMaps without a cluster."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Json = dict[str, Any]

_POD: Json = {
    "metadata": {"name": "rest-abc", "namespace": "supabase", "uid": "u-1", "labels": {"app": "rest"}},
    "spec": {"serviceAccountName": "rest", "containers": [{"name": "rest", "image": "postgrest/postgrest:v14.17"}]},
    "status": {"podIP": "10.244.0.7"},
}


class Objects:
    """Secrets and ConfigMaps by name, whatever the namespace."""

    def __init__(self, secrets: dict[str, dict[str, bytes]], config_maps: dict[str, dict[str, str]]) -> None:
        self.secrets = secrets
        self.config_maps = config_maps

    def secret(self, _namespace: str, name: str) -> Json | None:
        if name not in self.secrets:
            return None
        return {"data": {key: base64.b64encode(value).decode() for key, value in self.secrets[name].items()}}

    def config_map(self, _namespace: str, name: str) -> Json | None:
        return {"data": self.config_maps[name]} if name in self.config_maps else None


class Owner:
    """Records which paths are given to the containers' user."""

    def __init__(self) -> None:
        self.given: list[Path] = []

    def give(self, path: Path) -> None:
        self.given.append(path)


@pytest.fixture
def objects() -> Objects:
    return Objects({"db": {"password": b"s3cret", "username": b"authenticator"}}, {"cfg": {"level": "info"}})


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def new_pod() -> Callable[..., Json]:
    """A pod with the given fields of its first container and, as `spec`, of its PodSpec."""

    def make(spec: Json | None = None, **container: Any) -> Json:
        pod = copy.deepcopy(_POD)
        pod["spec"].update(spec or {})
        pod["spec"]["containers"][0].update(container)
        return pod

    return make
