# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What EKS does to the nodes of managed node groups, and to the pods of Fargate profiles."""

from __future__ import annotations

from typing import Any

from sandbox.kubernetes.client import Api
from sandbox.node.machine import Machine

Json = dict[str, Any]

_FINAL = ("Succeeded", "Failed")


def drain(api: Api, node: str) -> bool:
    """Ask every pod to leave `node`; returns whether none is left, else it is to be called again.

    https://docs.aws.amazon.com/eks/latest/userguide/managed-node-update-behavior.html: the node takes no new pods, and
    those on it are evicted as their disruption budgets allow.
    """
    if not api.patch(f"/api/v1/nodes/{node}", {"spec": {"unschedulable": True}}):
        return True
    staying = [pod for pod in _pods(api, f"fieldSelector=spec.nodeName={node}") if _must_leave(pod)]
    for pod in staying:
        if "deletionTimestamp" not in pod["metadata"]:
            api.evict(pod["metadata"]["namespace"], pod["metadata"]["name"])
    return not staying


def relabel(api: Api, before: Machine, after: Machine) -> None:
    """Give the Node of `before` the labels and taints of `after`; those that others gave it stay."""
    path = f"/api/v1/nodes/{before.name}"
    node = api.get(path)
    if node is None:
        return
    removed: dict[str, str | None] = dict.fromkeys(before.labels.keys() - after.labels.keys())
    ours = [_identity(taint) for taint in [*before.taints, *after.taints]]
    others = [taint for taint in node["spec"].get("taints", []) if _identity(taint) not in ours]
    changes = {"metadata": {"labels": {**removed, **after.labels}}, "spec": {"taints": [*others, *after.taints]}}
    api.patch(path, changes)


def delete_pods(api: Api, label: str, value: str) -> None:
    """Delete all pods with this label, with their usual grace."""
    for pod in _pods(api, f"labelSelector={label}={value}"):
        api.delete(f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}")


def _pods(api: Api, selector: str) -> list[Json]:
    return list((api.get(f"/api/v1/pods?{selector}") or {"items": []})["items"])


def _must_leave(pod: Json) -> bool:
    """Pods of a DaemonSet would come back at once; what has ended needs no node."""
    owners = {owner["kind"] for owner in pod["metadata"].get("ownerReferences", [])}
    return not owners & {"DaemonSet", "Node"} and pod["status"].get("phase") not in _FINAL


def _identity(taint: dict[str, str]) -> tuple[str, str]:
    return taint["key"], taint["effect"]
