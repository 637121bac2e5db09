# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Fargate profiles: one is made or deleted at a time in a cluster. The admission webhook asks which one takes a pod."""

from __future__ import annotations

import fnmatch
import uuid
from collections.abc import Mapping
from typing import Any

from moto.ec2.models.route_tables import RouteTable
from moto.ec2.models.subnets import Subnet

from sandbox.aws.eks import refusals
from sandbox.aws.eks.call import LOCK, Call, EksError, handles, in_use, invalid, not_found, now
from sandbox.aws.eks.store import Cluster
from sandbox.kubernetes.admission import PROFILE_LABEL

_SERVICE = "eks-fargate-pods.amazonaws.com"
_RESERVED = "eks-"
_MOST_PROFILES = 10
_MOST_SELECTORS = 5
_MOST_LABELS = 5
# The name under which the cluster knows the one change of a profile that is under way.
_KIND = "fargateProfile"


@handles("CreateFargateProfile")
def create_fargate_profile(call: Call) -> dict[str, Any]:
    cluster, name = call.cluster(), call.params["fargateProfileName"]
    if name.startswith(_RESERVED):
        raise invalid(f"The fargate profile name starts with the reserved prefix: '{_RESERVED}'.")
    _check_selectors(call.params.get("selectors") or [])
    if name in cluster.profiles:
        raise in_use("A Fargate Profile already exists with this name in this cluster.", clusterName=cluster.name)
    _require_idle(cluster, f"create Fargate Profile {name}")
    # Refuses a cluster that is not up yet.
    call.active_cluster()
    if len(cluster.profiles) >= _MOST_PROFILES:
        message = f"Cluster {cluster.name} has reached its limit of {_MOST_PROFILES} Fargate profiles"
        raise EksError("ResourceLimitExceededException", message, clusterName=cluster.name)
    if not refusals.trusts(call, call.params["podExecutionRoleArn"], _SERVICE):
        raise invalid(f"Misconfigured PodExecutionRole Trust Policy; Please add the {_SERVICE} Service Principal")
    profile = {
        "fargateProfileName": name,
        "fargateProfileArn": call.arn(f"fargateprofile/{cluster.name}/{name}/{uuid.uuid4()}"),
        "clusterName": cluster.name,
        "createdAt": now(),
        "podExecutionRoleArn": call.params["podExecutionRoleArn"],
        "subnets": _subnet_ids(call, cluster),
        "selectors": call.params["selectors"],
        "status": "CREATING",
        "tags": call.params.get("tags") or {},
        "health": {"issues": []},
    }
    cluster.profiles[name] = profile
    seconds = call.runtime.seconds("eks_fargate_profile_create")
    cluster.changes.begin(_KIND, name, seconds, lambda: profile.update(status="ACTIVE"))
    return {"fargateProfile": dict(profile)}


@handles("DescribeFargateProfile")
def describe_fargate_profile(call: Call) -> dict[str, Any]:
    return {"fargateProfile": _find(call)}


@handles("ListFargateProfiles")
def list_fargate_profiles(call: Call) -> dict[str, Any]:
    return call.page(sorted(call.cluster().profiles), "fargateProfileNames")


@handles("DeleteFargateProfile")
def delete_fargate_profile(call: Call) -> dict[str, Any]:
    cluster, profile = call.cluster(), _find(call)
    name = profile["fargateProfileName"]
    _require_idle(cluster, f"Delete Fargate Profile {name}")
    profile["status"] = "DELETING"
    cluster.closed_profiles.append(name)

    def finish() -> None:
        del cluster.profiles[name]

    cluster.changes.begin(_KIND, name, call.runtime.seconds("eks_fargate_profile_delete"), finish)
    return {"fargateProfile": dict(profile)}


def matching(cluster: Cluster, namespace: str, labels: Mapping[str, str]) -> str | None:
    """The profile that takes a new pod: of those that match it the alphabetically first, or the one its label names.

    https://docs.aws.amazon.com/eks/latest/userguide/fargate-profile.html: `*` and `?` are wildcards in a selector.
    """
    with LOCK:
        cluster.changes.settle()
        active = {name: dict(item) for name, item in cluster.profiles.items() if item["status"] == "ACTIVE"}
    found = [
        name
        for name, profile in sorted(active.items())
        if any(_selects(selector, namespace, labels) for selector in profile["selectors"])
    ]
    wanted = labels.get(PROFILE_LABEL)
    if wanted is not None:
        found = [name for name in found if name == wanted]
    return found[0] if found else None


def _selects(selector: dict[str, Any], namespace: str, labels: Mapping[str, str]) -> bool:
    return fnmatch.fnmatchcase(namespace, selector["namespace"]) and all(
        any(fnmatch.fnmatchcase(name, key) and fnmatch.fnmatchcase(text, value) for name, text in labels.items())
        for key, value in (selector.get("labels") or {}).items()
    )


def _find(call: Call) -> dict[str, Any]:
    cluster, name = call.cluster(), call.params["fargateProfileName"]
    if name not in cluster.profiles:
        message = f"No Fargate Profile found with name: {name}."
        raise not_found(message, clusterName=cluster.name, fargateProfileName=name)
    return cluster.profiles[name]


def _require_idle(cluster: Cluster, change: str) -> None:
    """Refuse `change` while the cluster is updated or another profile of it, or this one, is made or deleted."""
    reason = "an update in progress" if cluster.status == "UPDATING" else None
    if (other := cluster.changes.subject(_KIND)) is not None:
        reason = f"Fargate profile {other} in status {cluster.profiles[other]['status']}"
    if reason is not None:
        message = f"Cannot {change} because cluster {cluster.name} currently has {reason}"
        raise in_use(message, clusterName=cluster.name)


def _check_selectors(selectors: list[dict[str, Any]]) -> None:
    if not selectors:
        raise invalid("Fargate Profile requires at least one selector.")
    if len(selectors) > _MOST_SELECTORS:
        raise invalid(f"Request contains more than {_MOST_SELECTORS} Selectors")
    for selector in selectors:
        if not selector.get("namespace"):
            raise invalid("Fargate Profile must have at least one selector with at least one namespace value.")
        if len(selector.get("labels") or {}) > _MOST_LABELS:
            raise invalid(f"Request contains Selector with more than {_MOST_LABELS} Label pairs")


def _subnet_ids(call: Call, cluster: Cluster) -> list[str]:
    """The subnets of the request, which must be private, or else the private ones among the cluster's."""
    wanted = call.params.get("subnets")
    if not wanted:
        subnets = refusals.find_subnets(call, cluster.document["resourcesVpcConfig"]["subnetIds"])
        return [str(subnet.id) for subnet in subnets if not _is_public(call, subnet)]
    for subnet in refusals.find_subnets(call, wanted):
        if _is_public(call, subnet):
            raise invalid(f"Subnet {subnet.id} provided in Fargate Profile is not a private subnet")
    return list(wanted)


def _is_public(call: Call, subnet: Subnet) -> bool:
    return any(str(route.gateway_id or "").startswith("igw-") for route in _route_table(call, subnet).routes)


def _route_table(call: Call, subnet: Subnet) -> RouteTable:
    """The table associated with the subnet, else the main one of its VPC."""
    tables = [table for table in call.ec2.route_tables.values() if table.vpc_id == subnet.vpc_id]
    tables.sort(key=lambda table: table.main_association_id is not None)
    return next(
        table
        for table in tables
        if table.main_association_id is not None
        or any(association.get("SubnetId") == subnet.id for association in table.associations)
    )
