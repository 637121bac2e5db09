# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Simulated pods: which ones are, and what is reported of them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.node import simulated
from sandbox.node.api import Api, ApiError
from sandbox.node.podsandbox import Parts
from sandbox.node.simulated import SimulatedPod

Json = dict[str, Any]
NewPod = Callable[..., Json]


class Fabric:
    """Addresses without a network."""

    def __init__(self) -> None:
        self.returned: list[str] = []

    def reserve(self) -> str:
        return "10.244.0.9"

    def give_back(self, ip: str) -> None:
        self.returned.append(ip)


class Server(Api):
    """Records statuses and deletions; the first `failures` patches fail."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.statuses: list[Json] = []
        self.deleted: list[str] = []

    def patch(self, path: str, body: Json, content_type: str = "") -> Json:
        if self.failures:
            self.failures -= 1
            raise ApiError(500, "no")
        self.statuses.append(body["status"])
        return {}

    def delete(self, path: str, body: Json) -> Json:
        self.deleted.append(path)
        return {}


def _start(pod: Json, server: Server, fabric: Fabric) -> SimulatedPod:
    values = {field.name: None for field in dataclasses.fields(Parts)}
    worker = SimulatedPod(Parts(**{**values, "api": server, "fabric": fabric}), pod)  # type: ignore[arg-type]
    worker.start()
    return worker


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_unknown_image_makes_a_pod_simulated(new_pod: NewPod) -> None:
    assert not simulated.wanted(new_pod())
    assert simulated.wanted(new_pod(image="nginx:1"))
    assert simulated.wanted(new_pod({"initContainers": [{"name": "i", "image": "nginx:1"}]}))


def test_it_is_ready_with_an_address_whatever_its_probes_say(new_pod: NewPod) -> None:
    server, fabric = Server(), Fabric()
    inits = [{"name": "i", "image": "a:1"}, {"name": "s", "image": "b:1", "restartPolicy": "Always"}]
    pod = new_pod({"initContainers": inits}, image="nginx:1", readinessProbe={"exec": {"command": ["false"]}})
    worker = _start(pod, server, fabric)
    _wait(lambda: server.statuses)
    (sent,) = server.statuses
    assert (sent["phase"], sent["podIP"]) == ("Running", "10.244.0.9")
    assert {item["type"]: item["status"] for item in sent["conditions"]}["Ready"] == "True"
    assert sent["containerStatuses"][0]["containerID"].startswith("simulated://")
    assert sent["containerStatuses"][0]["imageID"] == "simulated://nginx:1"
    assert ["terminated" in item["state"] for item in sent["initContainerStatuses"]] == [True, False]
    worker.update({**pod, "metadata": {**pod["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})
    worker.join(5)
    assert server.deleted == ["/api/v1/namespaces/supabase/pods/rest-abc"]
    assert fabric.returned == ["10.244.0.9"]


def test_pod_of_a_job_completes(new_pod: NewPod) -> None:
    pod = new_pod({"restartPolicy": "Never"}, image="nginx:1")
    pod["metadata"]["ownerReferences"] = [{"kind": "Job"}]
    server = Server()
    _start(pod, server, Fabric())
    _wait(lambda: server.statuses)
    assert server.statuses[0]["phase"] == "Succeeded"


@pytest.mark.parametrize("end", ["delete", "stop"])
def test_end_of_the_node_or_of_the_object_deletes_nothing(new_pod: NewPod, end: str) -> None:
    server = Server()
    worker = _start(new_pod(image="nginx:1"), server, Fabric())
    getattr(worker, end)()
    worker.join(5)
    assert not worker.is_alive()
    assert server.deleted == []


def test_report_is_repeated_until_it_arrives(new_pod: NewPod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "_RETRY_SECONDS", 0.01)
    server = Server(failures=2)
    _start(new_pod(image="nginx:1"), server, Fabric())
    _wait(lambda: server.statuses)


def test_finished_pod_is_left_as_it_is(new_pod: NewPod) -> None:
    pod = new_pod(image="nginx:1")
    pod["status"] = {"phase": "Succeeded"}
    server = Server()
    worker = _start(pod, server, Fabric())
    worker.update(pod)
    time.sleep(0.05)
    assert server.statuses == []
