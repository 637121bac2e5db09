# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Phase, conditions and container states as the kubelet reports them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.node import podspec, status
from sandbox.node.container import BackOff
from sandbox.node.status import ContainerState

Json = dict[str, Any]
NewPod = Callable[..., Json]


def _state(what: str, init: bool = False) -> ContainerState:
    state = ContainerState({"name": what, "image": "i"}, init)
    if what != "waiting":
        state.run()
    if what in ("0", "1"):
        state.end(int(what), "Completed" if what == "0" else "Error")
    return state


@pytest.mark.parametrize(
    ("policy", "inits", "mains", "phase"),
    [
        ("Always", [], ["waiting"], "Pending"),
        ("Always", ["run"], ["waiting"], "Pending"),
        ("Always", ["0"], ["run", "waiting"], "Pending"),
        ("Always", ["0"], ["run"], "Running"),
        ("Always", [], ["1"], "Running"),
        ("Always", [], ["0"], "Running"),
        ("OnFailure", [], ["1"], "Running"),
        ("OnFailure", [], ["0", "run"], "Running"),
        ("OnFailure", [], ["0"], "Succeeded"),
        ("Never", [], ["1", "run"], "Running"),
        ("Never", [], ["1", "0"], "Failed"),
        ("Never", [], ["0", "0"], "Succeeded"),
        ("Never", ["1"], ["waiting"], "Failed"),
        ("OnFailure", ["1"], ["waiting"], "Pending"),
    ],
)
def test_phase(policy: str, inits: list[str], mains: list[str], phase: str) -> None:
    init_states = [_state(what, init=True) for what in inits]
    assert status.phase(init_states, [_state(what) for what in mains], policy) == phase


def _conditions(pod: Json, mains: list[ContainerState], before: list[Json] | None = None) -> dict[str, Json]:
    found = status.conditions(pod, before or [], [], mains, "Running", True)
    return {item["type"]: item for item in found}


def test_ready_needs_every_container(new_pod: NewPod) -> None:
    state = _state("run")
    found = _conditions(new_pod(), [state])
    assert found["Ready"]["status"] == "False"
    assert found["Ready"]["message"] == "containers with unready status: [run]"
    state.ready = True
    found = _conditions(new_pod(), [state])
    assert (found["Ready"]["status"], found["ContainersReady"]["status"]) == ("True", "True")


def test_readiness_gate_holds_a_pod_back(new_pod: NewPod) -> None:
    state = _state("run")
    state.ready = True
    pod = new_pod(spec={"readinessGates": [{"conditionType": "target-health"}]})
    assert _conditions(pod, [state])["Ready"]["reason"] == "ReadinessGatesNotReady"
    pod["status"]["conditions"] = [{"type": "target-health", "status": "True"}]
    assert _conditions(pod, [state])["Ready"]["status"] == "True"


def test_time_of_a_transition_is_kept(new_pod: NewPod) -> None:
    old = {"type": "Ready", "status": "False", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    state = _state("run")
    assert _conditions(new_pod(), [state], [old])["Ready"]["lastTransitionTime"] == "2020-01-01T00:00:00Z"
    state.ready = True
    assert _conditions(new_pod(), [state], [old])["Ready"]["lastTransitionTime"] != "2020-01-01T00:00:00Z"


def test_crash_keeps_its_end_as_last_state() -> None:
    state = _state("1")
    state.wait("CrashLoopBackOff", "back-off")
    report = state.report("i", "id")
    assert report["state"] == {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    assert report["lastState"]["terminated"]["exitCode"] == 1


@pytest.mark.parametrize(
    ("policy", "before", "restarts", "runs_again"),
    [
        ("Always", {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "restartCount": 2}, 2, True),
        ("Never", {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "restartCount": 0}, 0, False),
        ("OnFailure", {"state": {"terminated": {"exitCode": 0}}, "restartCount": 1}, 1, False),
        ("OnFailure", {"state": {"terminated": {"exitCode": 3}}, "restartCount": 1}, 1, True),
        ("Always", {"state": {"waiting": {"reason": "X"}}, "restartCount": 4}, 4, True),
    ],
)
def test_after_a_restart_of_the_node(policy: str, before: Json, restarts: int, runs_again: bool) -> None:
    state = ContainerState({"name": "c", "image": "i"}, False)
    status.restore(state, before, policy)
    assert state.restart_count == restarts
    assert (state.terminated is None) is runs_again


def test_back_off_doubles_and_forgives() -> None:
    back_off = BackOff()
    waits = []
    for _unused in range(8):
        back_off.ended(1.0, 0.0)
        waits.append(back_off.remaining(0.0))
    assert waits == [0, 10, 20, 40, 80, 160, 300, 300]
    back_off.ended(601.0, 0.0)
    assert back_off.remaining(0.0) == 0


@pytest.mark.parametrize(
    ("spec", "container", "problem"),
    [
        ({"hostNetwork": True}, {}, "spec.hostNetwork"),
        ({"volumes": [{"name": "d", "persistentVolumeClaim": {}}]}, {}, "spec.volumes[d].persistentVolumeClaim"),
        ({"dnsPolicy": "None"}, {}, "spec.dnsPolicy=None"),
        ({"shareProcessNamespace": True}, {}, "spec.shareProcessNamespace"),
        ({}, {"livenessProbe": {"grpc": {"port": 1}}}, "spec.containers[rest].livenessProbe.grpc"),
        ({}, {"securityContext": {"privileged": True}}, "spec.containers[rest].securityContext.privileged"),
        (
            {},
            {"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}},
            "spec.containers[rest].securityContext.capabilities.add=SYS_ADMIN",
        ),
        ({}, {"lifecycle": {"postStart": {}}}, "spec.containers[rest].lifecycle.postStart"),
        ({}, {"ports": [{"containerPort": 80, "hostPort": 80}]}, "spec.containers[rest].ports[80].hostPort"),
        ({}, {"restartPolicy": "Always"}, "spec.containers[rest].restartPolicy"),
        (
            {},
            {"env": [{"name": "M", "valueFrom": {"fileKeyRef": {}}}]},
            "spec.containers[rest].env[M].valueFrom.fileKeyRef",
        ),
    ],
)
def test_what_cannot_be_run_is_named(new_pod: NewPod, spec: Json, container: Json, problem: str) -> None:
    assert podspec.unsupported(new_pod(spec=spec, **container)["spec"]) == [problem]


def test_usual_fields_are_run(new_pod: NewPod) -> None:
    spec = {"hostNetwork": False, "securityContext": {"fsGroup": 1, "seccompProfile": {"type": "RuntimeDefault"}}}
    pod = new_pod(
        spec=spec,
        securityContext={"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}, "privileged": False},
        livenessProbe={"httpGet": {"port": 1}, "periodSeconds": 5},
        lifecycle={"preStop": {"sleep": {"seconds": 1}}},
    )
    assert podspec.unsupported(pod["spec"]) == []
