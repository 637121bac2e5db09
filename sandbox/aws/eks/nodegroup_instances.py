# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The emulated EC2 instances of managed node groups: launched, spread over the subnets, replaced and terminated.

On AWS an Auto Scaling group does that. Tags and security group are those that EKS gives them:
https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html. A launch template says the rest, and when it
names security groups, EKS adds none: https://docs.aws.amazon.com/eks/latest/userguide/launch-templates.html.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from typing import Any

from moto.ec2.models import EC2Backend, ec2_backends
from moto.ec2.models.instances import Instance

from sandbox.aws.eks.store import Cluster

CLUSTER_TAG = "eks:cluster-name"
NODEGROUP_TAG = "eks:nodegroup-name"
_GONE = ("shutting-down", "terminated")
_ROOT_DEVICE = "/dev/xvda"
# As large as EKS' images of Amazon Linux 2023 are by themselves.
_IMAGE_GIB = 20
# EKS waits so long for a node to be drained.
_DRAIN_SECONDS = 900.0


def backend(cluster: Cluster) -> EC2Backend:
    """EC2 of the cluster's account and region."""
    found: EC2Backend = ec2_backends[cluster.account_id][cluster.region_name]
    return found


def owned_tag(cluster_name: str) -> str:
    """The tag that all instances of a cluster have, with the value `owned`."""
    return f"kubernetes.io/cluster/{cluster_name}"


def tags(instance: Instance) -> dict[str, str]:
    """The instance's tags."""
    return {tag["key"]: tag["value"] for tag in instance.get_tags()}


def root_disk_gib(instance: Instance) -> int:
    """The size of the instance's root volume."""
    volumes = dict(instance.get_block_device_mapping)
    return int(volumes[_ROOT_DEVICE].size) if _ROOT_DEVICE in volumes else _IMAGE_GIB


def instances(cluster: Cluster, group_name: str) -> list[Instance]:
    """The instances of a group that neither are terminated nor will be soon, the oldest first."""
    place = {CLUSTER_TAG: cluster.name, NODEGROUP_TAG: group_name}
    gone = cluster.retiring.keys()
    found = [item for item in backend(cluster).all_instances() if item.state not in _GONE and item.id not in gone]
    return sorted((item for item in found if place.items() <= tags(item).items()), key=lambda item: item.launch_time)


def scale(cluster: Cluster, group: dict[str, Any], desired: int) -> None:
    """Launch or terminate what is missing or too much; the oldest instances of the fullest subnets go first."""
    present = instances(cluster, group["nodegroupName"])
    launch(cluster, group, desired - len(present))
    while len(present) > desired:
        counts = Counter(item.subnet_id for item in present)
        leaving = max(present, key=lambda item: counts[item.subnet_id])
        present.remove(leaving)
        retire(cluster, [leaving])


def launch(cluster: Cluster, group: dict[str, Any], count: int) -> None:
    """Launch `count` more instances, each in the subnet with the fewest of the group."""
    counts = Counter(dict.fromkeys(group["subnets"], 0))
    counts.update(item.subnet_id for item in instances(cluster, group["nodegroupName"]))
    for _unused in range(count):
        subnet = min(group["subnets"], key=lambda item: counts[item])
        counts[subnet] += 1
        _launch(cluster, group, subnet)


def retire(cluster: Cluster, leaving: list[Instance]) -> None:
    """Terminate these instances when their nodes are drained; at once when no control plane runs."""
    cluster.retiring.update({item.id: time.monotonic() + _DRAIN_SECONDS for item in leaving})
    if cluster.running_version is None:
        terminate(cluster, [item.id for item in leaving])


def terminate(cluster: Cluster, identifiers: list[str]) -> None:
    """Terminate these instances, and forget that they were to be drained."""
    if identifiers:
        backend(cluster).terminate_instances(identifiers)
    for identifier in identifiers:
        cluster.retiring.pop(identifier, None)


def _launch(cluster: Cluster, group: dict[str, Any], subnet_id: str) -> None:
    ec2 = backend(cluster)
    template = group.get("launchTemplate")
    data = ec2.get_launch_template(template["id"]).get_version(template["version"]).data if template else {}
    options: dict[str, Any] = {
        "instance_type": (group.get("instanceTypes") or [data.get("InstanceType")])[0],
        "is_instance_type_default": False,
        "region_name": cluster.region_name,
        "subnet_id": subnet_id,
        "associate_public_ip": None,
        "tags": {
            "instance": {**_template_tags(data, "instance"), **_tags(cluster, group)},
            "volume": _template_tags(data, "volume"),
        },
        "block_device_mappings": _disks(group, data),
        "metadata_options": data.get("MetadataOptions", {}),
    }
    if template:
        options["launch_template"] = {"LaunchTemplateId": template["id"], "Version": template["version"]}
    if not data.get("SecurityGroupIds"):
        options["security_group_ids"] = [cluster.document["resourcesVpcConfig"]["clusterSecurityGroupId"]]
    if group["capacityType"] == "SPOT":
        options["instance_market_options"] = "spot"
    ec2.run_instances(data.get("ImageId") or _image_id(group), 1, None, [], **options)


def _disks(group: dict[str, Any], data: dict[str, Any]) -> list[dict[str, Any]]:
    """The root volume with what the launch template says of it, and the template's other volumes."""
    root = {"VolumeSize": group.get("diskSize") or _IMAGE_GIB, "VolumeType": "gp3", "DeleteOnTermination": True}
    wanted = {item["DeviceName"]: item.get("Ebs", {}) for item in data.get("BlockDeviceMappings", [])}
    volumes = {**wanted, _ROOT_DEVICE: {**root, **wanted.get(_ROOT_DEVICE, {})}}
    return [{"DeviceName": device, "Ebs": volume} for device, volume in volumes.items()]


def _template_tags(data: dict[str, Any], kind: str) -> dict[str, str]:
    found = [item for item in data.get("TagSpecifications", []) if item["ResourceType"] == kind]
    return {tag["Key"]: tag["Value"] for item in found for tag in item["Tags"]}


def _tags(cluster: Cluster, group: dict[str, Any]) -> dict[str, str]:
    return {
        CLUSTER_TAG: cluster.name,
        NODEGROUP_TAG: group["nodegroupName"],
        owned_tag(cluster.name): "owned",
        f"k8s.io/cluster-autoscaler/{cluster.name}": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true",
    }


def _image_id(group: dict[str, Any]) -> str:
    """An image id of the group's kind and release, the same one every time."""
    return f"ami-{hashlib.sha256(group['amiType'].encode() + group['releaseVersion'].encode()).hexdigest()[:17]}"
