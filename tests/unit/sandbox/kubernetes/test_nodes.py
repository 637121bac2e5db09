# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Draining and relabelling nodes, and deleting the pods of a profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.kubernetes import nodes
from sandbox.kubernetes.client import Api
from sandbox.node.machine import Machine

Json = dict[str, Any]
MACHINE = Machine("n", "aws:///a/i", {"a": "1", "b": "1"}, [{"key": "own", "effect": "NoSchedule"}], {}, {})


class Server(Api):
    """Answers with `found` by path, and records what is changed."""

    def __init__(self, **found: Json) -> None:
        self.found = found
        self.patches: list[tuple[str, Json]] = []
        self.evicted: list[str] = []
        self.deleted: list[str] = []
        self.asked: list[str] = []

    def get(self, path: str) -> Json | None:
        self.asked.append(path)
        return self.found.get("pods" if path.startswith("/api/v1/pods") else "node")

    def patch(self, path: str, changes: Json) -> bool:
        self.patches.append((path, changes))
        return "node" in self.found

    def evict(self, namespace: str, pod: str) -> None:
        self.evicted.append(f"{namespace}/{pod}")

    def delete(self, path: str) -> None:
        self.deleted.append(path)


def _pod(name: str, phase: str = "Running", owner: str = "ReplicaSet", **metadata: str) -> Json:
    return {
        "metadata": {"namespace": "x", "name": name, "ownerReferences": [{"kind": owner}], **metadata},
        "status": {"phase": phase},
    }


def test_drained_node_takes_no_pods_and_loses_those_it_has() -> None:
    pods = [
        _pod("runs"),
        _pod("leaves", deletionTimestamp="2026-01-01T00:00:00Z"),
        _pod("agent", owner="DaemonSet"),
        _pod("done", phase="Succeeded"),
    ]
    server = Server(node={}, pods={"items": pods})
    assert not nodes.drain(server, "n")
    assert server.patches == [("/api/v1/nodes/n", {"spec": {"unschedulable": True}})]
    assert server.asked == ["/api/v1/pods?fieldSelector=spec.nodeName=n"]
    assert server.evicted == ["x/runs"]
    assert nodes.drain(Server(node={}, pods={"items": pods[2:]}), "n")


def test_node_that_is_gone_is_drained() -> None:
    assert nodes.drain(Server(), "n")


def test_labels_and_taints_of_others_stay() -> None:
    unreachable = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
    server = Server(node={"spec": {"taints": [unreachable, {**MACHINE.taints[0], "value": "old"}]}})
    new = {"key": "new", "effect": "NoExecute"}
    nodes.relabel(server, MACHINE, replace(MACHINE, labels={"a": "2", "c": "1"}, taints=[new]))
    changes = {"metadata": {"labels": {"a": "2", "b": None, "c": "1"}}, "spec": {"taints": [unreachable, new]}}
    assert server.patches == [("/api/v1/nodes/n", changes)]
    gone = Server()
    nodes.relabel(gone, MACHINE, MACHINE)
    assert gone.patches == []


def test_pods_of_a_profile_are_deleted() -> None:
    server = Server(pods={"items": [_pod("p")]})
    nodes.delete_pods(server, "eks.amazonaws.com/fargate-profile", "all")
    assert server.asked == ["/api/v1/pods?labelSelector=eks.amazonaws.com/fargate-profile=all"]
    assert server.deleted == ["/api/v1/namespaces/x/pods/p"]
