# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What a sandbox is made of right now: processes, ports, clusters, databases, pods, what is real and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import requests

from sandbox import account, lifecycle, processes
from sandbox.kubernetes.client import Api
from sandbox.kubernetes.control_plane import ControlPlane
from sandbox.node import images as node_images
from sandbox.node import status as node_status
from sandbox.state import Sandbox

Json = dict[str, Any]
_MEBIBYTE = 1024 * 1024
SIMULATED = "simulated"
REAL = "real process"
_UNSCHEDULED = "not scheduled"
# The node says so of every container: sandbox/node/simulated.py.
_SIMULATED_ID = f"{node_status.SIMULATED}://"
_COMPUTE = {"karpenter.sh/nodepool": "Karpenter node pool", "eks.amazonaws.com/nodegroup": "node group"}


def collect(sandbox: Sandbox) -> Json:
    """Everything `status` shows, as plain data; raises SandboxError when the sandbox is not up."""
    state = sandbox.read()
    running = _processes(sandbox)
    answer: Json = {"clusters": [], "databases": [], "images": {}, "calls": {}, "changes": {}}
    healthy = lifecycle.is_healthy(sandbox)
    if healthy:
        answer = account.ask(sandbox, "GET", "/sandbox/status")
    for cluster in answer["clusters"]:
        cluster.pop("certificate_authority", None)
        cluster["real"] = cluster["running_version"] is not None
        cluster["nodes"] = [_node(item) for item in _listed(sandbox, cluster, "nodes")]
        cluster["pods"] = [_pod(item) for item in _listed(sandbox, cluster, "pods")]
    return {
        "name": sandbox.name,
        "healthy": healthy,
        "api_only": state["options"]["api_only"],
        "folder": str(sandbox.folder),
        "aws_endpoint_url": state["aws_endpoint_url"],
        "gateway_url": state["gateway_url"],
        "ports": state["ports"],
        "processes": running,
        "memory_mib": round(sum(item["memory_mib"] for item in running), 1),
        **answer,
    }


def _processes(sandbox: Sandbox) -> list[Json]:
    """All processes of the sandbox; those that we have not recorded have the name of their program."""
    recorded = {process.pid: process.name for process in processes.records(sandbox)}
    return sorted(
        (
            {
                "name": recorded.get(pid) or processes.command_name(pid),
                "pid": pid,
                "memory_mib": round(processes.resident_bytes([pid]) / _MEBIBYTE, 1),
            }
            for pid in processes.family(sandbox)
        ),
        key=lambda item: (str(item["name"]), item["pid"]),
    )


def _listed(sandbox: Sandbox, cluster: Json, kind: str) -> list[Json]:
    """All objects of a kind of a cluster that really runs."""
    if not cluster["real"]:
        return []
    try:
        listed = Api(ControlPlane(sandbox, cluster["name"]).admin_kubeconfig).get(f"/api/v1/{kind}")
    except (OSError, requests.RequestException):
        # The cluster is on its way in or out; its status says so.
        return []
    return list((listed or {"items": []})["items"])


def _node(item: Json) -> Json:
    labels = item["metadata"].get("labels", {})
    compute = next((f"{kind} {labels[label]}" for label, kind in _COMPUTE.items() if label in labels), "Fargate")
    conditions = {entry["type"]: entry["status"] for entry in item["status"].get("conditions", [])}
    return {
        "name": item["metadata"]["name"],
        "compute": compute,
        "instance_type": labels.get("node.kubernetes.io/instance-type", ""),
        "instance_id": item["spec"].get("providerID", "").rpartition("/")[2],
        "ready": conditions.get("Ready") == "True",
    }


def _pod(item: Json) -> Json:
    node = item["spec"].get("nodeName", "")
    containers = item["status"].get("containerStatuses", [])
    simulated = any(container.get("containerID", "").startswith(_SIMULATED_ID) for container in containers)
    runs_as = SIMULATED if simulated else REAL if node else _UNSCHEDULED
    return {
        "namespace": item["metadata"]["namespace"],
        "name": item["metadata"]["name"],
        "phase": item["status"].get("phase", ""),
        "node": node,
        "runs_as": runs_as,
        "images": [entry["image"] for entry in [*item["spec"].get("initContainers", []), *item["spec"]["containers"]]],
    }


def render(data: Json) -> Iterator[str]:
    """`collect`'s data as lines for a person."""
    kind = "emulated APIs only, nothing real behind them" if data["api_only"] else "real control plane, database, pods"
    yield f"Sandbox {data['name']} ({kind})" + ("" if data["healthy"] else ": NOT HEALTHY, its emulated AWS is gone")
    yield f"  folder   {data['folder']}"
    yield f"  AWS      {data['aws_endpoint_url']}"
    yield f"  gateway  {data['gateway_url']}"
    calls = ", ".join(f"{count} of {service}" for service, count in data["calls"].items())
    yield f"  calls    {sum(data['calls'].values())}" + (f" ({calls})" if calls else "")
    rows = [(item["name"], str(item["pid"]), f"{item['memory_mib']:.0f}") for item in data["processes"]]
    yield from table("Processes", ("name", "pid", "MiB"), rows)
    yield f"  {len(rows)} processes, {data['memory_mib']:.0f} MiB"
    yield from table("Clusters", ("name", "status", "reported", "running", "endpoint"), _cluster_rows(data))
    yield from table("Databases", ("name", "status", "asked for", "running", "on 127.0.0.1"), _database_rows(data))
    yield from _not_loaded(data["databases"])
    yield from table("Nodes", ("name", "compute", "instance", "type", "status"), _node_rows(data))
    pods = [pod for cluster in data["clusters"] for pod in cluster["pods"]]
    pod_rows = [(f"{pod['namespace']}/{pod['name']}", pod["phase"], pod["runs_as"]) for pod in pods]
    yield from table("Pods", ("name", "phase", "runs as"), pod_rows)
    if data["api_only"]:
        return
    yield from simulated(data)
    image_rows = [(ref, item["program"], item["here"], item["production"]) for ref, item in data["images"].items()]
    yield from table("Images that run as real processes", ("image", "program", "here", "in production"), image_rows)
    yield from differences(data["images"].values())


def _cluster_rows(data: Json) -> list[tuple[str, ...]]:
    return [
        (
            cluster["name"],
            cluster["status"],
            cluster["version"],
            cluster["running_version"] or "nothing (api-only)",
            cluster["endpoint"] or "-",
        )
        for cluster in data["clusters"]
    ]


def _node_rows(data: Json) -> list[tuple[str, ...]]:
    return [
        (
            node["name"],
            node["compute"],
            node["instance_id"] or "-",
            node["instance_type"] or "-",
            "Ready" if node["ready"] else "NotReady",
        )
        for cluster in data["clusters"]
        for node in cluster["nodes"]
    ]


def _database_rows(data: Json) -> list[tuple[str, ...]]:
    return [
        (
            item["identifier"],
            item["status"],
            item["engine_version"],
            item["server_version"] if item["running"] else "nothing",
            str(item["local_port"] or "-"),
        )
        for item in data["databases"]
    ]


def _not_loaded(databases: Iterable[Json]) -> Iterator[str]:
    for item in databases:
        if item["not_loaded"]:
            yield f"  {item['identifier']}: accepted but not loaded: {', '.join(item['not_loaded'])}"


def simulated(data: Json) -> Iterator[str]:
    """The images that nothing runs for here, and what would; nothing when there are none."""
    pods = [pod for cluster in data["clusters"] for pod in cluster["pods"] if pod["runs_as"] == SIMULATED]
    used = {image for pod in pods for image in pod["images"]}
    rows = [
        (image, _count(pods, image), node_images.own_program_variable(image) or "nothing here")
        for image in sorted(used)
        if node_images.canonical(image) not in data["images"]
    ]
    yield from table("Images that are only simulated", ("image", "pods", "would run by"), rows)


def _count(pods: Iterable[Json], image: str) -> str:
    return str(sum(image in pod["images"] for pod in pods))


def differences(images: Iterable[Json]) -> Iterator[str]:
    """What is different from the image's own content, each difference once; nothing when there are no images."""
    programs: dict[str, list[str]] = {}
    for item in images:
        programs.setdefault(item["note"], []).append(item["program"])
    yield from table("Differences", ("program", "note"), [(", ".join(names), note) for note, names in programs.items()])


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Aligned columns under a title; nothing when there are no rows."""
    if not rows:
        return
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    yield ""
    yield title
    for row in [header, *rows]:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
