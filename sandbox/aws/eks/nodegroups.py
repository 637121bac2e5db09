# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Managed node groups: one change of each at a time. Their instances are those of the emulated EC2."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from sandbox.aws.eks import nodegroup_instances, refusals
from sandbox.aws.eks import nodegroup_settings as settings
from sandbox.aws.eks.call import Call, EksError, handles, in_use, invalid, not_found, now
from sandbox.aws.eks.store import Cluster
from sandbox.aws.eks.updates import Update, begin_update

_SERVICE = "ec2.amazonaws.com"
_MOST_NODEGROUPS = 30
_CONFIG = ("labels", "taints", "scalingConfig", "updateConfig", "nodeRepairConfig")


@handles("CreateNodegroup")
def create_nodegroup(call: Call) -> dict[str, Any]:
    cluster, name = call.active_cluster(), call.params["nodegroupName"]
    if name in cluster.nodegroups:
        message = f"NodeGroup already exists with name {name} and cluster name {cluster.name}"
        raise in_use(message, clusterName=cluster.name, nodegroupName=name)
    if len(cluster.nodegroups) >= _MOST_NODEGROUPS:
        message = f"Cluster {cluster.name} has reached its limit of {_MOST_NODEGROUPS} node groups"
        raise EksError("ResourceLimitExceededException", message, clusterName=cluster.name)
    _require_role(call, call.params["nodeRole"])
    if not refusals.find_subnets(call, call.params["subnets"]):
        raise invalid("Subnets cannot be empty", clusterName=cluster.name, nodegroupName=name)
    group = _document(call, cluster, name)
    nodegroup_instances.scale(cluster, group, group["scalingConfig"]["desiredSize"])
    cluster.nodegroups[name] = group

    def finish() -> None:
        groups = [{"name": f"eks-{name}-{uuid.uuid4()}"}]
        group.update(status="ACTIVE", resources={"autoScalingGroups": groups})

    cluster.changes.begin("nodegroup", name, call.runtime.seconds("eks_nodegroup_create"), finish)
    return {"nodegroup": dict(group)}


@handles("DescribeNodegroup")
def describe_nodegroup(call: Call) -> dict[str, Any]:
    return {"nodegroup": _find(call)}


@handles("ListNodegroups")
def list_nodegroups(call: Call) -> dict[str, Any]:
    return call.page(sorted(call.cluster().nodegroups), "nodegroups")


@handles("UpdateNodegroupConfig")
def update_nodegroup_config(call: Call) -> dict[str, Any]:
    cluster, group = call.active_cluster(), _find_active(call)
    wanted = {member: call.params[member] for member in _CONFIG if call.params.get(member)}
    if not wanted:
        raise invalid("At least one of the node group's settings must be specified", clusterName=cluster.name)
    merged = settings.merge(group, wanted)
    if "scalingConfig" in merged:
        nodegroup_instances.scale(cluster, group, merged["scalingConfig"]["desiredSize"])
    update = Update("ConfigUpdate", settings.update_params(wanted), {"nodegroupName": group["nodegroupName"]})
    return _begin(call, cluster, group, update, "eks_nodegroup_update", merged)


@handles("UpdateNodegroupVersion")
def update_nodegroup_version(call: Call) -> dict[str, Any]:
    """Without a version, a group with a launch template follows the cluster and any other keeps its own."""
    cluster, group = call.active_cluster(), _find_active(call)
    template = settings.next_template(call, group)
    kept = cluster.document["version"] if template else group["version"]
    version = call.params.get("version") or kept
    if settings.minor(version) > settings.minor(cluster.document["version"]):
        message = f"Nodegroup Kubernetes version {version} is above the cluster's version {cluster.document['version']}"
        raise invalid(message, clusterName=cluster.name, nodegroupName=group["nodegroupName"])
    if settings.minor(version) < settings.minor(group["version"]):
        message = f"Nodegroup cannot be rolled back from Kubernetes version {group['version']} to {version}"
        raise invalid(message, clusterName=cluster.name, nodegroupName=group["nodegroupName"])
    changes = {"version": version, "releaseVersion": settings.release(call, version, template, group)}
    if template is not None:
        changes["launchTemplate"] = settings.template_document(template)
    params = {"Version": version, "ReleaseVersion": changes["releaseVersion"]}
    update = Update("VersionUpdate", params, {"nodegroupName": group["nodegroupName"]})
    leaving = nodegroup_instances.instances(cluster, group["nodegroupName"])
    nodegroup_instances.launch(cluster, {**group, **changes}, len(leaving))

    def finish() -> None:
        nodegroup_instances.retire(cluster, leaving)

    return _begin(call, cluster, group, update, "eks_nodegroup_version", changes, finish)


@handles("DeleteNodegroup")
def delete_nodegroup(call: Call) -> dict[str, Any]:
    cluster, group = call.cluster(), _find(call)
    name = group["nodegroupName"]
    if group["status"] in ("CREATING", "UPDATING", "DELETING"):
        message = f"Nodegroup {name} cannot be deleted while it is in status {group['status']}"
        raise in_use(message, clusterName=cluster.name, nodegroupName=name)
    group["status"] = "DELETING"
    leaving = [item.id for item in nodegroup_instances.instances(cluster, name)]
    nodegroup_instances.scale(cluster, group, 0)

    def finish() -> None:
        nodegroup_instances.terminate(cluster, [item for item in leaving if item in cluster.retiring])
        del cluster.nodegroups[name]

    cluster.changes.begin("nodegroup", name, call.runtime.seconds("eks_nodegroup_delete"), finish)
    return {"nodegroup": dict(group)}


def _begin(
    call: Call,
    cluster: Cluster,
    group: dict[str, Any],
    update: Update,
    duration: str,
    changes: dict[str, Any],
    finish: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    group["status"] = "UPDATING"

    def done() -> None:
        finish()
        group.update(changes, status="ACTIVE", modifiedAt=now())

    return {"update": begin_update(cluster, update, call.runtime.seconds(duration), done)}


def _find(call: Call) -> dict[str, Any]:
    cluster, name = call.cluster(), call.params["nodegroupName"]
    if name not in cluster.nodegroups:
        message = f"No node group found for name: {name}."
        raise not_found(message, clusterName=cluster.name, nodegroupName=name)
    return cluster.nodegroups[name]


def _find_active(call: Call) -> dict[str, Any]:
    """EKS updates a node group only when no other change of it is under way."""
    group = _find(call)
    if group["status"] != "ACTIVE":
        message = "Nodegroup cannot be updated as it is currently not in Active State"
        raise in_use(message, clusterName=group["clusterName"], nodegroupName=group["nodegroupName"])
    return group


def _require_role(call: Call, role_arn: str) -> None:
    if not any(role.arn == role_arn for role in call.iam.get_roles()):
        raise invalid(f"The role with name {role_arn.rpartition('/')[2]} cannot be found.")
    if not refusals.trusts(call, role_arn, _SERVICE):
        text = f"Following required service principals [{_SERVICE}] were not found in the trust relationships"
        raise invalid(f"{text} of nodeRole {role_arn}")


def _document(call: Call, cluster: Cluster, name: str) -> dict[str, Any]:
    params, version = call.params, cluster.document["version"]
    if params.get("version", version) != version:
        message = f"Nodegroup Kubernetes version {params['version']} must be the cluster's version {version}"
        raise invalid(message, clusterName=cluster.name, nodegroupName=name)
    template = settings.find_template(call, params["launchTemplate"]) if params.get("launchTemplate") else None
    return {
        "nodegroupName": name,
        "nodegroupArn": call.arn(f"nodegroup/{cluster.name}/{name}/{uuid.uuid4()}"),
        "clusterName": cluster.name,
        "version": version,
        "releaseVersion": settings.release(call, version, template, None),
        "createdAt": now(),
        "modifiedAt": now(),
        "status": "CREATING",
        "capacityType": params.get("capacityType") or "ON_DEMAND",
        "scalingConfig": settings.first_scaling(params.get("scalingConfig")),
        "subnets": params["subnets"],
        "nodeRole": params["nodeRole"],
        "labels": params.get("labels") or {},
        "taints": params.get("taints") or [],
        "updateConfig": settings.merge_update_config({"maxUnavailable": 1}, params.get("updateConfig") or {}),
        "nodeRepairConfig": params.get("nodeRepairConfig") or {"enabled": False},
        "health": {"issues": []},
        "tags": params.get("tags") or {},
        **settings.machines(call, template),
    }
