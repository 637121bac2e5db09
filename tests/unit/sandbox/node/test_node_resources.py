# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Requests and limits as environment variables."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sandbox.node import environment, podspec, resources
from sandbox.node.environment import ConfigError
from sandbox.node.images import Image

Json = dict[str, Any]
NewPod = Callable[..., Json]

IMAGE = Image("X", "1", "1", entrypoint=["/entry"], command=[], mounts=[])
RESOURCES = {"requests": {"cpu": "250m", "memory": "1G"}, "limits": {"cpu": 2, "memory": "512Mi"}}


@pytest.mark.parametrize(
    ("text", "number"),
    [("250m", "0.25"), ("1Gi", "1073741824"), ("1k", "1000"), ("1.5", "1.5"), ("1e3", "1000"), ("2Ei", str(2 << 60))],
)
def test_quantity(text: str, number: str) -> None:
    assert resources.quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "Mi", "1X", "1im"])
def test_what_is_no_quantity(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        resources.quantity(text)


def _env(new_pod: NewPod, objects: Any, reference: Json, **container: Any) -> str:
    variable = {"name": "V", "valueFrom": {"resourceFieldRef": reference}}
    pod = new_pod(env=[variable], resources=RESOURCES, **container)
    assert podspec.unsupported(pod["spec"]) == []
    return environment.build(pod, pod["spec"]["containers"][0], IMAGE, objects, ())["V"]


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ({"resource": "requests.cpu", "divisor": "1m"}, "250"),
        ({"resource": "requests.cpu"}, "1"),
        ({"resource": "limits.cpu", "divisor": "1m"}, "2000"),
        ({"resource": "limits.memory", "divisor": "0"}, str(512 << 20)),
        ({"resource": "limits.memory", "divisor": "1Mi"}, "512"),
        ({"resource": "requests.memory", "divisor": "1Mi"}, "954"),
    ],
)
def test_value_in_divisors_rounded_up(new_pod: NewPod, objects: Any, reference: Json, value: str) -> None:
    assert _env(new_pod, objects, reference) == value


def test_what_is_not_set() -> None:
    assert resources.field({}, {"resource": "requests.memory"}) == "0"
    assert resources.field({}, {"resource": "limits.cpu"}) == str(os.cpu_count())
    assert int(resources.field({}, {"resource": "limits.memory", "divisor": "1Mi"})) > 256


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ({"resource": "limits.ephemeral-storage"}, "not supported"),
        ({"resource": "cpu"}, "not supported"),
        ({"resource": "limits.cpu", "divisor": "x"}, "no quantity"),
        ({"resource": "limits.cpu", "containerName": "other"}, "'other', which the pod has not"),
    ],
)
def test_reference_that_leads_nowhere(new_pod: NewPod, objects: Any, reference: Json, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        _env(new_pod, objects, reference)
