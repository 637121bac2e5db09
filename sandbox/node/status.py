# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The status of a pod as the kubelet reports it: phase, conditions and container states, from what each container does.

Rules: pkg/kubelet/kubelet_pods.go (getPhase) and pkg/kubelet/status/generate.go of Kubernetes.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.node.config import HOST_IP

Json = dict[str, Any]

PROCESS = "process"
SIMULATED = "simulated"


@dataclass
class ContainerState:
    """What one container does now; `terminated` and `last_terminated` are ContainerStateTerminated objects.

    `runtime` is what its id begins with, as containerd's do with containerd.
    """

    spec: Json
    init: bool
    runtime: str = PROCESS
    restart_count: int = 0
    waiting_reason: str = "ContainerCreating"
    waiting_message: str = ""
    running_since: str | None = None
    terminated: Json | None = None
    last_terminated: Json | None = None
    ready: bool = False
    started: bool = False
    created_before: bool = field(default=False, repr=False)

    @property
    def name(self) -> str:
        name: str = self.spec["name"]
        return name

    @property
    def succeeded(self) -> bool:
        """Whether it has ended with exit code 0."""
        return self.terminated is not None and self.terminated["exitCode"] == 0

    def wait(self, reason: str, message: str = "") -> None:
        """Enter the state waiting."""
        if self.terminated is not None:
            self.last_terminated = self.terminated
        self.running_since = self.terminated = None
        self.waiting_reason, self.waiting_message = reason, message
        self.ready = self.started = False

    def run(self) -> None:
        """Enter the state running."""
        self.running_since, self.terminated = now(), None
        self.waiting_reason = self.waiting_message = ""
        self.ready = self.started = False

    def end(self, exit_code: int, reason: str, message: str = "") -> None:
        """Enter the state terminated."""
        ended: Json = {"exitCode": exit_code, "reason": reason, "finishedAt": now(), "containerID": self.identifier()}
        ended["startedAt"] = self.running_since or ended["finishedAt"]
        if message:
            ended["message"] = message
        self.running_since, self.terminated = None, ended
        self.ready = self.started = False

    def identifier(self) -> str:
        """A container id: unlike any before for each run."""
        return f"{self.runtime}://{self.name}/{self.restart_count}"

    def report(self, image: str, image_id: str) -> Json:
        """The ContainerStatus."""
        status: Json = {
            "name": self.name,
            "image": image,
            "imageID": image_id,
            "restartCount": self.restart_count,
            "ready": self.succeeded if self.init else self.ready,
            "started": self.started,
            "state": self._state(),
            "lastState": {"terminated": self.last_terminated} if self.last_terminated else {},
        }
        if self.running_since or self.terminated or self.last_terminated:
            status["containerID"] = self.identifier()
        return status

    def _state(self) -> Json:
        if self.terminated is not None:
            return {"terminated": self.terminated}
        if self.running_since is not None:
            return {"running": {"startedAt": self.running_since}}
        waiting = {"reason": self.waiting_reason}
        if self.waiting_message:
            waiting["message"] = self.waiting_message
        return {"waiting": waiting}


def restore(state: ContainerState, status: Json, restart_policy: str) -> None:
    """Continue from the last reported `status` after a restart of the node, when nothing of the pod runs any more.

    A container that was running counts as killed. One that had ended for good keeps its result.
    """
    state.restart_count = status.get("restartCount", 0)
    state.last_terminated = status.get("lastState", {}).get("terminated")
    ended = status.get("state", {}).get("terminated")
    running = status.get("state", {}).get("running")
    if running is not None:
        state.running_since = running.get("startedAt")
        state.end(137, "NodeRestarted", "The process node was stopped, and with it every container.")
        state.created_before = True
    elif ended is not None:
        state.terminated = ended
        state.created_before = True
    if state.init or (state.terminated is not None and should_restart(state, restart_policy)):
        # A new pod sandbox runs its init containers again, as the kubelet does.
        state.wait("PodInitializing" if not state.init else "ContainerCreating")


def should_restart(state: ContainerState, restart_policy: str) -> bool:
    """Whether the ended container `state` is started again (an init container of an Always pod only on failure)."""
    if restart_policy == "Never":
        return False
    if restart_policy == "OnFailure" or state.init:
        return not state.succeeded
    return True


def phase(inits: Sequence[ContainerState], mains: Sequence[ContainerState], restart_policy: str) -> str:
    """Pending, Running, Succeeded or Failed."""
    if any(init.terminated and not init.succeeded for init in inits) and restart_policy == "Never":
        return "Failed"
    ended = [state.terminated is not None and not should_restart(state, restart_policy) for state in mains]
    if mains and all(ended):
        return "Succeeded" if all(state.succeeded for state in mains) else "Failed"
    begun = [state for state in mains if state.running_since or state.terminated or state.last_terminated]
    if len(begun) == len(mains) and begun:
        return "Running"
    return "Pending"


def conditions(
    pod: Json,
    before: Sequence[Json],
    inits: Sequence[ContainerState],
    mains: Sequence[ContainerState],
    current: str,
    has_network: bool,
) -> list[Json]:
    """The conditions that the kubelet owns; `before` are the last reported ones, whose times are kept where the status
    is the same. Readiness gates are read from `pod`."""
    done = current in ("Succeeded", "Failed")
    initialized = all(state.succeeded for state in inits) or current == "Succeeded"
    unready = [state.name for state in mains if not state.ready]
    gates = _gates(pod)
    readiness = _readiness(done, unready)
    pod_ready = readiness if readiness["status"] == "False" or not gates else _gate_condition(gates)
    wanted = [
        {"type": "PodReadyToStartContainers", "status": _truth(has_network and not done)},
        {"type": "Initialized", "status": _truth(initialized)},
        {"type": "Ready", **pod_ready},
        {"type": "ContainersReady", **readiness},
    ]
    if not initialized:
        incomplete = [state.name for state in inits if not state.succeeded]
        wanted[1].update(
            reason="ContainersNotInitialized",
            message=f"containers with incomplete status: [{' '.join(incomplete)}]",
        )
    known = {item["type"]: item for item in before}
    return [_timed(item, known.get(item["type"])) for item in wanted]


def now() -> str:
    """The current time as the API writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def addresses(pod_ip: str | None) -> Json:
    """hostIP, and podIP when the pod has a network."""
    result: Json = {"hostIP": HOST_IP, "hostIPs": [{"ip": HOST_IP}]}
    if pod_ip:
        result.update(podIP=pod_ip, podIPs=[{"ip": pod_ip}])
    return result


def _readiness(done: bool, unready: list[str]) -> Json:
    if done:
        return {"status": "False", "reason": "PodCompleted"}
    if unready:
        message = f"containers with unready status: [{' '.join(unready)}]"
        return {"status": "False", "reason": "ContainersNotReady", "message": message}
    return {"status": "True"}


def _gates(pod: Json) -> list[str]:
    """Readiness gates that are not true yet; other controllers set them."""
    true = {item["type"] for item in pod.get("status", {}).get("conditions", []) if item["status"] == "True"}
    wanted = [gate["conditionType"] for gate in pod["spec"].get("readinessGates", [])]
    return [name for name in wanted if name not in true]


def _gate_condition(gates: list[str]) -> Json:
    missing = ", ".join(f'"{name}"' for name in gates)
    message = f'the status of pod readiness gate {missing} is not "True"'
    return {"status": "False", "reason": "ReadinessGatesNotReady", "message": message}


def _truth(value: bool) -> str:
    return "True" if value else "False"


def _timed(item: Json, before: Json | None) -> Json:
    same = before is not None and before["status"] == item["status"]
    moment = before["lastTransitionTime"] if before and same else now()
    # Fields are named so that a merge removes a reason and message that no longer hold.
    return {"reason": None, "message": None, **item, "lastTransitionTime": moment}
