# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Environment, command and arguments of a container."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.node import environment
from sandbox.node.environment import ConfigError
from sandbox.node.images import Image

Json = dict[str, Any]
NewPod = Callable[..., Json]

IMAGE = Image("X", "1", "1", entrypoint=["/entry"], command=["serve"], mounts=[], env={"FROM_IMAGE": "1"})
SERVICES = [
    {
        "metadata": {"namespace": "supabase", "name": "supabase-meta"},
        "spec": {"clusterIP": "10.96.0.5", "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}]},
    },
    {"metadata": {"namespace": "supabase", "name": "headless"}, "spec": {"clusterIP": "None", "ports": [{"port": 1}]}},
    {"metadata": {"namespace": "other", "name": "far"}, "spec": {"clusterIP": "10.96.0.6", "ports": [{"port": 1}]}},
    {
        "metadata": {"namespace": "default", "name": "kubernetes"},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443}]},
    },
]


def _build(pod: Json, objects: Any, services: Any = ()) -> dict[str, str]:
    return environment.build(pod, pod["spec"]["containers"][0], IMAGE, objects, services)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)-$(B)", "1-2"),
        ("$$(A)", "$(A)"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$A and 5$", "$A and 5$"),
        ("$$$(A)", "$1"),
        ("$(A", "$(A"),
    ],
)
def test_expansion(text: str, expanded: str) -> None:
    assert environment.expand(text, {"A": "1", "B": "2"}) == expanded


def test_variables_refer_only_to_earlier_ones(new_pod: NewPod, objects: Any) -> None:
    env = [
        {"name": "URL", "value": "http://$(HOST)"},
        {"name": "HOST", "value": "db"},
        {"name": "LATER", "value": "http://$(HOST)"},
    ]
    built = _build(new_pod(env=env), objects)
    assert (built["URL"], built["LATER"]) == ("http://$(HOST)", "http://db")


def test_values_from_secret_config_map_and_field(new_pod: NewPod, objects: Any) -> None:
    env = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "cfg", "key": "level"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "GONE", "valueFrom": {"secretKeyRef": {"name": "no", "key": "x", "optional": True}}},
        {"name": "URI", "value": "postgres://u:$(PASSWORD)@h"},
    ]
    built = _build(new_pod(env=env), objects)
    assert built["PASSWORD"] == "s3cret"
    assert built["LEVEL"] == "info"
    assert built["IP"] == "10.244.0.7"
    assert built["APP"] == "rest"
    assert "GONE" not in built
    assert built["URI"] == "postgres://u:s3cret@h"


def test_env_from_with_prefix_is_overridden_by_env(new_pod: NewPod, objects: Any) -> None:
    sources = [{"secretRef": {"name": "db"}, "prefix": "DB_"}, {"configMapRef": {"name": "no", "optional": True}}]
    built = _build(new_pod(envFrom=sources, env=[{"name": "DB_username", "value": "me"}]), objects)
    assert (built["DB_password"], built["DB_username"]) == ("s3cret", "me")


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}]}, 'secret "no" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "k"}}}]},
            "couldn't find key k in secret supabase/db",
        ),
        ({"envFrom": [{"configMapRef": {"name": "no"}}]}, 'configmap "no" not found'),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]}, "fieldPath 'spec.x'"),
    ],
)
def test_what_is_missing_is_named(new_pod: NewPod, objects: Any, container: Json, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _build(new_pod(**container), objects)


def test_nothing_of_the_host_is_inherited(new_pod: NewPod, objects: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-host")
    assert set(_build(new_pod(), objects)) == {"PATH", "HOSTNAME", "FROM_IMAGE"}


def test_service_links_are_of_the_own_namespace(new_pod: NewPod, objects: Any) -> None:
    built = _build(new_pod(), objects, SERVICES)
    assert built["SUPABASE_META_SERVICE_HOST"] == "10.96.0.5"
    assert built["SUPABASE_META_PORT"] == "tcp://10.96.0.5:8080"
    assert built["SUPABASE_META_SERVICE_PORT_HTTP"] == "8080"
    assert built["KUBERNETES_SERVICE_HOST"] == "kubernetes.default.svc"
    assert not any(name.startswith(("FAR", "HEADLESS")) for name in built)


def test_service_links_can_be_switched_off_but_for_the_api(new_pod: NewPod, objects: Any) -> None:
    built = _build(new_pod(spec={"enableServiceLinks": False}), objects, SERVICES)
    assert "SUPABASE_META_PORT" not in built
    assert built["KUBERNETES_SERVICE_PORT"] == "443"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({}, ["/entry", "serve"]),
        ({"args": ["x", "$(A)"]}, ["/entry", "x", "1"]),
        ({"command": ["/own"]}, ["/own"]),
        ({"command": ["/own"], "args": ["y"]}, ["/own", "y"]),
    ],
)
def test_command_and_arguments(container: Json, expected: list[str]) -> None:
    assert environment.argv(container, IMAGE, {"A": "1"}) == expected
