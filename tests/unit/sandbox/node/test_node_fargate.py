# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Fargate's scheduler: what it binds, what it refuses, and what it tries again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.node import fargate
from sandbox.node.api import Api, ApiError
from sandbox.node.fargate import FargateScheduler

Json = dict[str, Any]
NewPod = Callable[..., Json]


class Server(Api):
    """An API server with one waiting pod; `answers` are the errors of the first bindings."""

    def __init__(self, pod: Json, *answers: ApiError) -> None:
        self.pod = pod
        self.answers = list(answers)
        self.bound: list[Json] = []
        self.events: list[Json] = []

    def get(self, path: str, **query: str) -> Json:
        assert (path, query) == (
            "/api/v1/pods",
            {"fieldSelector": "spec.schedulerName=fargate-scheduler,spec.nodeName="},
        )
        return {"items": [self.pod], "metadata": {"resourceVersion": "1"}}

    def watch(self, path: str, query: dict[str, str]) -> Any:
        time.sleep(60)

    def create(self, path: str, body: Json) -> Json:
        if path.endswith("/binding"):
            if self.answers:
                raise self.answers.pop(0)
            self.bound.append(body)
        else:
            self.events.append(body)
        return {"metadata": {"name": "x"}}


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_waiting_pod_is_bound_to_fargates_node(new_pod: NewPod) -> None:
    server = Server(new_pod())
    FargateScheduler(server).start()
    _wait(lambda: server.events)
    assert server.bound[0]["target"]["name"] == "fargate"
    assert server.bound[0]["metadata"] == {"name": "rest-abc", "namespace": "supabase", "uid": "u-1"}
    assert server.events[0]["reason"] == "Scheduled"
    assert server.events[0]["source"]["component"] == "fargate-scheduler"


def test_binding_that_failed_is_tried_again(new_pod: NewPod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fargate, "_RETRY_SECONDS", 0.01)
    server = Server(new_pod(), ApiError(500, "no"))
    FargateScheduler(server).start()
    _wait(lambda: server.bound)


@pytest.mark.parametrize("status", [404, 409])
def test_pod_that_is_gone_or_bound_is_left(new_pod: NewPod, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(fargate, "_RETRY_SECONDS", 0.01)
    server = Server(new_pod(), ApiError(status, "no"))
    FargateScheduler(server).start()
    _wait(lambda: not server.answers)
    time.sleep(0.1)
    assert server.bound == []


@pytest.mark.parametrize("change", [{"schedulingGates": [{"name": "wait"}]}, {"hostNetwork": True}])
def test_gated_and_unsupported_pods_wait(new_pod: NewPod, change: Json) -> None:
    server = Server(new_pod(change))
    scheduler = FargateScheduler(server)
    scheduler.start()
    time.sleep(0.1)
    assert server.bound == []
    messages = [event["message"] for event in server.events]
    refusal = ["Pod not supported on Fargate: fields not supported: hostNetwork"]
    assert messages == (refusal if "hostNetwork" in change else [])


def test_deleted_pod_is_not_bound(new_pod: NewPod) -> None:
    pod = new_pod()
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    server = Server(pod)
    FargateScheduler(server).start()
    time.sleep(0.1)
    assert server.bound == []


def test_what_fargate_does_not_run(new_pod: NewPod) -> None:
    assert fargate.unsupported(new_pod()["spec"]) == []
    spec = new_pod(
        {"volumes": [{"name": "v", "hostPath": {"path": "/"}}, {"name": "e", "emptyDir": {}}], "hostPID": False},
        ports=[{"containerPort": 1, "hostPort": 1}],
        securityContext={"privileged": True},
    )["spec"]
    assert fargate.unsupported(spec) == [
        "volume v (hostPath)",
        "hostPort of container rest",
        "privileged container rest",
    ]
