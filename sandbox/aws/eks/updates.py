# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Updates of clusters: one category per call, merged into what is there, each with a record to poll."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.eks import catalog, refusals
from sandbox.aws.eks.call import Call, handles, invalid, not_found, now
from sandbox.aws.eks.store import Cluster

_VPC_CATEGORIES = {
    "endpointPublicAccess": "EndpointAccessUpdate",
    "endpointPrivateAccess": "EndpointAccessUpdate",
    "publicAccessCidrs": "EndpointAccessUpdate",
    "subnetIds": "VpcConfigUpdate",
    "securityGroupIds": "VpcConfigUpdate",
    "controlPlaneEgressMode": "ControlPlaneEgressUpdate",
}
_CATEGORIES = {
    "logging": "LoggingUpdate",
    "accessConfig": "AccessConfigUpdate",
    "upgradePolicy": "UpgradePolicyUpdate",
    "zonalShiftConfig": "ZonalShiftConfigUpdate",
    "computeConfig": "AutoModeUpdate",
    "storageConfig": "AutoModeUpdate",
    "kubernetesNetworkConfig": "AutoModeUpdate",
    "remoteNetworkConfig": "RemoteNetworkConfigUpdate",
    "deletionProtection": "DeletionProtectionUpdate",
    "controlPlaneScalingConfig": "ControlPlaneScalingConfigUpdate",
    "kubeApiServerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeSchedulerConfig": "ControlPlaneComponentConfigUpdate",
    "kubeControllerManagerConfig": "ControlPlaneComponentConfigUpdate",
}
_MODES = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]
LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"]


@dataclass(frozen=True)
class Update:
    """What DescribeUpdate tells of an update. `owner` has addonName or nodegroupName unless it is the cluster's own."""

    kind: str
    params: dict[str, Any]
    owner: dict[str, str] = field(default_factory=dict)


def begin_update(cluster: Cluster, update: Update, seconds: float, finish: Callable[[], None]) -> dict[str, Any]:
    """Store an update that `finish` makes after `seconds`, and return it as the call that started it sees it."""
    record: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "status": "InProgress",
        "type": update.kind,
        "params": [{"type": key, "value": _text(value)} for key, value in update.params.items()],
        "createdAt": now(),
        "errors": [],
    }
    cluster.updates[record["id"]] = {**record, "owner": update.owner}

    def done() -> None:
        finish()
        cluster.updates[record["id"]]["status"] = "Successful"

    noun, subject = next(iter(update.owner.items()), ("cluster", cluster.name))
    cluster.changes.begin(noun.removesuffix("Name"), subject, seconds, done)
    return record


def _begin_cluster_update(
    call: Call, cluster: Cluster, update: Update, duration: str, finish: Callable[[], None]
) -> dict[str, Any]:
    """One update of the cluster itself; EKS takes no second one meanwhile."""
    cluster.set_status("UPDATING")

    def done() -> None:
        finish()
        cluster.set_status("ACTIVE")

    return {"update": begin_update(cluster, update, call.runtime.seconds(duration), done)}


def merge_logging(current: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Switch log types on and off; types that `wanted` does not name keep their state."""
    enabled = {kind for setup in current["clusterLogging"] if setup["enabled"] for kind in setup["types"]}
    for setup in wanted.get("clusterLogging") or []:
        chosen = set(setup.get("types") or [])
        enabled = enabled | chosen if setup.get("enabled") else enabled - chosen
    groups = [([kind for kind in LOG_TYPES if (kind in enabled) is state], state) for state in (True, False)]
    return {"clusterLogging": [{"types": types, "enabled": state} for types, state in groups if types]}


@handles("UpdateClusterConfig")
def update_cluster_config(call: Call) -> dict[str, Any]:
    cluster = call.active_cluster("name")
    wanted = {key: value for key, value in call.params.items() if key in {*_CATEGORIES, "resourcesVpcConfig"}}
    categories = _categories(wanted)
    if not categories:
        raise invalid("No changes needed for the cluster: the request names no configuration.")
    if len(categories) > 1:
        message = f"Only one type of update can be allowed, not {', '.join(sorted(categories))}."
        raise invalid(message, clusterName=cluster.name)
    _check_update(call, cluster, wanted)
    merged = {key: _merged(key, cluster.document.get(key), value) for key, value in wanted.items()}
    if all(cluster.document.get(key) == value for key, value in merged.items()):
        message = f"Cluster is already at the desired configuration with {', '.join(sorted(wanted))}."
        raise invalid(f"No changes needed. {message}", clusterName=cluster.name)
    update = Update(categories.pop(), wanted)
    return _begin_cluster_update(call, cluster, update, "eks_cluster_update", lambda: cluster.document.update(merged))


@handles("UpdateClusterVersion")
def update_cluster_version(call: Call) -> dict[str, Any]:
    """Only the reported version changes: the control plane that runs stays the one we have."""
    cluster, version = call.active_cluster("name"), call.params["version"]
    catalog.require_version(version)
    current, wanted = (int(text.split(".")[1]) for text in (cluster.document["version"], version))
    if wanted == current:
        raise invalid("Cluster is already at version " + version, clusterName=cluster.name)
    if wanted - current not in (1, -1):
        message = f"Unsupported Kubernetes minor version update from 1.{current} to {version}"
        raise invalid(message, clusterName=cluster.name)

    def finish() -> None:
        cluster.document["version"] = cluster.version = version

    update = Update("VersionUpdate" if wanted > current else "VersionRollback", {"Version": version})
    return _begin_cluster_update(call, cluster, update, "eks_cluster_version", finish)


@handles("AssociateEncryptionConfig")
def associate_encryption_config(call: Call) -> dict[str, Any]:
    cluster = call.active_cluster("clusterName")
    if cluster.document.get("encryptionConfig"):
        raise invalid("Cluster already has an encryption configuration", clusterName=cluster.name)
    config = call.params["encryptionConfig"]

    def finish() -> None:
        cluster.document["encryptionConfig"] = config

    update = Update("AssociateEncryptionConfig", {"EncryptionConfig": config})
    return _begin_cluster_update(call, cluster, update, "eks_cluster_update", finish)


@handles("DescribeUpdate")
def describe_update(call: Call) -> dict[str, Any]:
    cluster, identifier = call.cluster("name"), call.params["updateId"]
    owner = {key: call.params[key] for key in ("addonName", "nodegroupName") if call.params.get(key)}
    update = cluster.updates.get(identifier)
    if update is None or update["owner"] != owner:
        raise not_found(f"No update found for ID: {identifier}", clusterName=cluster.name)
    return {"update": update}


@handles("ListUpdates")
def list_updates(call: Call) -> dict[str, Any]:
    owner = {key: call.params[key] for key in ("addonName", "nodegroupName") if call.params.get(key)}
    updates = call.cluster("name").updates.values()
    return call.page([update["id"] for update in updates if update["owner"] == owner], "updateIds")


def _categories(wanted: dict[str, Any]) -> set[str]:
    vpc = wanted.get("resourcesVpcConfig") or {}
    found = {_CATEGORIES[key] for key in wanted if key in _CATEGORIES}
    return found | {_VPC_CATEGORIES[key] for key in vpc}


def _check_update(call: Call, cluster: Cluster, wanted: dict[str, Any]) -> None:
    vpc = wanted.get("resourcesVpcConfig") or {}
    if "subnetIds" in vpc:
        subnets = refusals.require_subnets(call, vpc["subnetIds"])
        if {subnet.vpc_id for subnet in subnets} != {cluster.document["resourcesVpcConfig"]["vpcId"]}:
            raise invalid("Subnets specified must belong to the VPC of the cluster.", clusterName=cluster.name)
    refusals.require_security_groups(call, vpc.get("securityGroupIds") or [])
    mode = (wanted.get("accessConfig") or {}).get("authenticationMode")
    current = cluster.document["accessConfig"]["authenticationMode"]
    if mode and _MODES.index(mode) < _MODES.index(current):
        message = f"Unsupported authentication mode update from {current} to {mode}"
        raise invalid(message, clusterName=cluster.name)


def _merged(key: str, current: Any, wanted: Any) -> Any:
    if key == "logging":
        return merge_logging(current, wanted)
    if isinstance(current, dict) and isinstance(wanted, dict):
        return {**current, **wanted}
    return wanted


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
