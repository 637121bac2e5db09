# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""From an EC2 instance to the machine that becomes a Node: size, labels and taints as Karpenter or EKS gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.node.machine import Machine

Json = dict[str, Any]

# Karpenter waits for it: a node that joins without has been usable before its labels and taints were right.
UNREGISTERED = {"key": "karpenter.sh/unregistered", "effect": "NoExecute"}
CAPACITY_TYPE = "eks.amazonaws.com/capacityType"
NODEGROUP = "eks.amazonaws.com/nodegroup"
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
_ARCHITECTURES = {"x86_64": "amd64", "arm64": "arm64"}
_GIBIBYTE = 1024**3
# What kernel and hypervisor keep of an instance's memory, as Karpenter estimates it (VM_MEMORY_OVERHEAD_PERCENT).
_MEMORY_OVERHEAD = 0.075
# https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html: limits that managed node groups set.
_MOST_PODS, _MOST_PODS_LARGE, _LARGE_CPUS = 110, 250, 30
# Reserved for the kubelet (AL2023's nodeadm): by core, and memory by pod; and what is kept from eviction.
_FIRST_CORES = (60, 10, 5, 5)
_MILLICORES_EACH_MORE = 2.5
_RESERVED_MIB, _RESERVED_MIB_PER_POD, _EVICTION_MIB = 255, 11, 100


@dataclass(frozen=True)
class Instance:
    """A running EC2 instance. `kind` is its type as DescribeInstanceTypes answers it; `tags` are by name.

    `disk_gib` is the size of its root volume.
    """

    identifier: str
    kind: Json
    zone: str
    region: str
    private_ip: str
    image_id: str
    disk_gib: int
    tags: dict[str, str]

    @property
    def node_name(self) -> str:
        """Its private DNS name, which EKS' images make the node's name."""
        domain = "ec2.internal" if self.region == "us-east-1" else f"{self.region}.compute.internal"
        return f"ip-{self.private_ip.replace('.', '-')}.{domain}"

    @property
    def provider_id(self) -> str:
        """How Kubernetes names it."""
        return f"aws:///{self.zone}/{self.identifier}"


def of_karpenter(instance: Instance, claims: list[Json]) -> Machine | None:
    """The machine of an instance that Karpenter launched, None until its NodeClaim names the instance."""
    for claim in claims:
        status = claim.get("status", {})
        if status.get("providerID") == instance.provider_id and status.get("allocatable"):
            return _claimed(instance, claim)
    return None


def of_nodegroup(instance: Instance, group: Json) -> Machine:
    """The machine of an instance of the managed node group `group`, as DescribeNodegroup shows it."""
    labels = {
        NODEGROUP: group["nodegroupName"],
        CAPACITY_TYPE: group["capacityType"],
        "eks.amazonaws.com/nodegroup-image": instance.image_id,
        **group["labels"],
    }
    capacity, allocatable = _size(instance.kind, instance.disk_gib)
    return Machine(
        name=instance.node_name,
        provider_id=instance.provider_id,
        labels={**_cloud_labels(instance), **labels},
        taints=[_taint(item) for item in group["taints"]],
        capacity=capacity,
        allocatable=allocatable,
    )


def _claimed(instance: Instance, claim: Json) -> Machine:
    spec, status = claim["spec"], claim["status"]
    return Machine(
        name=instance.node_name,
        provider_id=instance.provider_id,
        labels={**_cloud_labels(instance), **claim["metadata"].get("labels", {})},
        taints=[*spec.get("taints", []), *spec.get("startupTaints", []), UNREGISTERED],
        capacity=status["capacity"],
        allocatable=status["allocatable"],
    )


def _cloud_labels(instance: Instance) -> dict[str, str]:
    """What kubelet and cloud controller manager say of every EC2 node."""
    architecture = instance.kind["ProcessorInfo"]["SupportedArchitectures"][0]
    return {
        "kubernetes.io/arch": _ARCHITECTURES.get(architecture, architecture),
        "node.kubernetes.io/instance-type": instance.kind["InstanceType"],
        "topology.kubernetes.io/region": instance.region,
        "topology.kubernetes.io/zone": instance.zone,
    }


def _taint(taint: Json) -> dict[str, str]:
    value = {"value": taint["value"]} if taint.get("value") else {}
    return {"key": taint["key"], **value, "effect": _EFFECTS[taint["effect"]]}


def _size(kind: Json, disk_gib: int) -> tuple[dict[str, str], dict[str, str]]:
    """Capacity and allocatable of a node of EKS on an instance of `kind`."""
    cpus, pods = kind["VCpuInfo"]["DefaultVCpus"], _pods(kind)
    memory = int(kind["MemoryInfo"]["SizeInMiB"] * (1 - _MEMORY_OVERHEAD))
    disk = disk_gib * _GIBIBYTE
    reserved = sum(_FIRST_CORES[:cpus]) + _MILLICORES_EACH_MORE * max(0, cpus - len(_FIRST_CORES))
    free = memory - _RESERVED_MIB - _RESERVED_MIB_PER_POD * pods - _EVICTION_MIB
    capacity = {"cpu": str(cpus), "memory": f"{memory}Mi", "ephemeral-storage": str(disk), "pods": str(pods)}
    allocatable = {
        "cpu": f"{cpus * 1000 - int(reserved)}m",
        "memory": f"{free}Mi",
        # The kubelet evicts below a tenth, and keeps 1 GiB.
        "ephemeral-storage": str(int(disk * 0.9) - _GIBIBYTE),
        "pods": str(pods),
    }
    return capacity, allocatable


def _pods(kind: Json) -> int:
    """As many as the VPC CNI has addresses for, and two that use the host's."""
    network = kind["NetworkInfo"]
    addresses = network["MaximumNetworkInterfaces"] * (network["Ipv4AddressesPerInterface"] - 1) + 2
    most = _MOST_PODS if kind["VCpuInfo"]["DefaultVCpus"] < _LARGE_CPUS else _MOST_PODS_LARGE
    return int(min(addresses, most))
