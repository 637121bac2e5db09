# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""EC2 instances become Nodes, as their boot and the cloud controller manager do it on AWS.

A loop in the emulator writes down the machine of each running instance that belongs to a cluster (the node program then
runs its kubelet), and deletes the Node of each instance that is no more.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path
from weakref import WeakKeyDictionary

from moto.core.utils import utcnow
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.instances import Instance

from sandbox import pki
from sandbox.aws.eks import nodegroup_instances
from sandbox.aws.eks.call import LOCK
from sandbox.aws.eks.lifecycle import all_clusters, control_plane
from sandbox.aws.eks.store import Cluster
from sandbox.aws.runtime import Runtime
from sandbox.kubernetes import capacity, nodes
from sandbox.kubernetes.admission import PROFILE_LABEL
from sandbox.kubernetes.client import Api, Json
from sandbox.node import machine
from sandbox.node.machine import Machine

_POLL_SECONDS = 0.5
_AFTER_FAILURE_SECONDS = 5.0
_KARPENTER_TAG = "karpenter.sh/nodepool"
_CLAIMS = "/apis/karpenter.sh/v1/nodeclaims"

_LOGGER = logging.getLogger(__name__)


def start(runtime: Runtime) -> None:
    """Begin in a background thread; with --api-only there is nothing for instances to join."""
    if not runtime.api_only:
        threading.Thread(target=_loop, args=(runtime,), name="capacity", daemon=True).start()


def follow(runtime: Runtime, cluster: Cluster, api: Api) -> None:
    """Bring the machines and Nodes of `cluster` in line with its instances, once; `api` is the cluster's."""
    with LOCK:
        cluster.changes.settle()
        _keep_sizes(cluster)
    folder = machine.machines_folder(runtime.sandbox, cluster.name)
    known = list(machine.stored(folder))
    _delete_pods_of_profiles(api, cluster)
    _end_drained(api, cluster, {item.instance_id: item.name for item in known})
    running = {item.id: item for item in _instances(cluster)}
    for item in known:
        if item.instance_id in running:
            _relabel(api, cluster, item, running.pop(item.instance_id), folder)
        else:
            api.delete(f"/api/v1/nodes/{item.name}")
            item.remove(folder)
            _LOGGER.info("Node %s of cluster %s is gone with its instance", item.name, cluster.name)
    waiting = [item for item in running.values() if _has_booted(runtime, item)]
    claims = _claims(api) if any(_KARPENTER_TAG in nodegroup_instances.tags(item) for item in waiting) else []
    for instance in waiting:
        _join(runtime, cluster, instance, claims)


def _loop(runtime: Runtime) -> None:
    apis: WeakKeyDictionary[Cluster, Api] = WeakKeyDictionary()
    while True:
        time.sleep(_POLL_SECONDS)
        for cluster in all_clusters():
            try:
                if _is_up(cluster):
                    if cluster not in apis:
                        apis[cluster] = Api(control_plane(runtime, cluster.name).admin_kubeconfig)
                    follow(runtime, cluster, apis[cluster])
            except Exception:
                # A control plane on its way out; and a cluster with an error must not stop the others.
                _LOGGER.exception("Cannot follow the instances of cluster %s", cluster.name)
                time.sleep(_AFTER_FAILURE_SECONDS)


def _is_up(cluster: Cluster) -> bool:
    """Whether a control plane runs that nodes can join."""
    up = cluster.running_version is not None and cluster.status in ("ACTIVE", "UPDATING")
    return up and not cluster.abandoned.is_set()


def _keep_sizes(cluster: Cluster) -> None:
    """Replace the instances of node groups that somebody else has terminated."""
    for group in cluster.nodegroups.values():
        if group["status"] == "ACTIVE":
            nodegroup_instances.scale(cluster, group, group["scalingConfig"]["desiredSize"])


def _delete_pods_of_profiles(api: Api, cluster: Cluster) -> None:
    """AWS deletes the pods of a Fargate profile with it."""
    for name in list(cluster.closed_profiles):
        nodes.delete_pods(api, PROFILE_LABEL, name)
        cluster.closed_profiles.remove(name)


def _end_drained(api: Api, cluster: Cluster, names: dict[str | None, str]) -> None:
    """Terminate the instances of node groups that were to be drained first, when they are or take too long."""
    for identifier, end in list(cluster.retiring.items()):
        if identifier not in names or time.monotonic() > end or nodes.drain(api, names[identifier]):
            with LOCK:
                nodegroup_instances.terminate(cluster, [identifier])


def _relabel(api: Api, cluster: Cluster, known: Machine, instance: Instance, folder: Path) -> None:
    """EKS gives labels and taints that a node group gets later to the nodes it has; Karpenter replaces its own."""
    described = _describe(cluster, instance)
    wanted = None if _KARPENTER_TAG in described.tags else _machine(cluster, described, [])
    if wanted is not None and (wanted.labels, wanted.taints) != (known.labels, known.taints):
        nodes.relabel(api, known, wanted)
        replace(known, labels=wanted.labels, taints=wanted.taints).write(folder)


def _instances(cluster: Cluster) -> list[Instance]:
    tag = nodegroup_instances.owned_tag(cluster.name)
    found = nodegroup_instances.backend(cluster).all_running_instances()
    return [item for item in found if nodegroup_instances.tags(item).get(tag) == "owned"]


def _has_booted(runtime: Runtime, item: Instance) -> bool:
    return (utcnow() - item.launch_time).total_seconds() >= runtime.seconds("ec2_node_join")


def _claims(api: Api) -> list[Json]:
    """Karpenter's NodeClaims; none when the cluster does not know the kind."""
    return list((api.get(_CLAIMS) or {"items": []})["items"])


def _join(runtime: Runtime, cluster: Cluster, item: Instance, claims: list[Json]) -> None:
    with LOCK:
        found = _machine(cluster, _describe(cluster, item), claims)
        # A folder written for a cluster that is being deleted would stay.
        if found is None or not _is_up(cluster):
            return
        plane = control_plane(runtime, cluster.name)
        folder = machine.machines_folder(runtime.sandbox, cluster.name)
        authority = pki.Authority.load(plane.folder / "pki" / "ca.crt", plane.folder / "pki" / "ca.key")
        replace(found, certificate=machine.issue_certificate(authority, found.name, folder)).write(folder)
    _LOGGER.info("Instance %s becomes node %s of cluster %s", item.id, found.name, cluster.name)


def _machine(cluster: Cluster, item: capacity.Instance, claims: list[Json]) -> Machine | None:
    """The machine that the instance is to be; None for one that neither Karpenter nor a node group knows (yet)."""
    if _KARPENTER_TAG in item.tags:
        return capacity.of_karpenter(item, claims)
    group = cluster.nodegroups.get(item.tags.get(nodegroup_instances.NODEGROUP_TAG, ""))
    return capacity.of_nodegroup(item, group) if group else None


def _describe(cluster: Cluster, item: Instance) -> capacity.Instance:
    return capacity.Instance(
        identifier=item.id,
        kind=INSTANCE_TYPES[item.instance_type],
        zone=str(item.availability_zone),
        region=cluster.region_name,
        private_ip=str(item.private_ip),
        image_id=item.image_id,
        disk_gib=nodegroup_instances.root_disk_gib(item),
        tags=nodegroup_instances.tags(item),
    )
