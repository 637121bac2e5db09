# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What node an EC2 instance becomes."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPES

from sandbox.kubernetes import capacity

Json = dict[str, Any]

GROUP: Json = {
    "nodegroupName": "workers",
    "capacityType": "SPOT",
    "labels": {"own": "label"},
    "taints": [{"key": "a", "value": "b", "effect": "NO_SCHEDULE"}, {"key": "c", "effect": "PREFER_NO_SCHEDULE"}],
}
CLAIM: Json = {
    "metadata": {"labels": {"karpenter.sh/nodepool": "default", "karpenter.sh/capacity-type": "spot"}},
    "spec": {
        "taints": [{"key": "own", "effect": "NoSchedule"}],
        "startupTaints": [{"key": "starting", "effect": "NoSchedule"}],
    },
    "status": {
        "providerID": "aws:///eu-west-1a/i-1",
        "capacity": {"cpu": "2", "pods": "17"},
        "allocatable": {"cpu": "1930m", "pods": "17"},
    },
}


def _instance(kind: str = "t3.medium", region: str = "eu-west-1") -> capacity.Instance:
    return capacity.Instance(
        identifier="i-1",
        kind=INSTANCE_TYPES[kind],
        zone=f"{region}a",
        region=region,
        private_ip="10.0.1.23",
        image_id="ami-1",
        disk_gib=50,
        tags={},
    )


def test_instance_of_karpenter_is_what_its_claim_says() -> None:
    other = {**CLAIM, "status": {**CLAIM["status"], "providerID": "aws:///eu-west-1a/i-2"}}
    found = capacity.of_karpenter(_instance(), [other, CLAIM])
    assert found is not None
    assert (found.name, found.provider_id) == ("ip-10-0-1-23.eu-west-1.compute.internal", "aws:///eu-west-1a/i-1")
    assert (found.capacity, found.allocatable) == (CLAIM["status"]["capacity"], CLAIM["status"]["allocatable"])
    assert found.labels.items() >= CLAIM["metadata"]["labels"].items()
    assert found.labels["topology.kubernetes.io/region"] == "eu-west-1"
    assert found.taints == [
        {"key": "own", "effect": "NoSchedule"},
        {"key": "starting", "effect": "NoSchedule"},
        {"key": "karpenter.sh/unregistered", "effect": "NoExecute"},
    ]


def test_instance_of_karpenter_waits_for_its_claim() -> None:
    unlaunched = {**CLAIM, "status": {}}
    unsized = {**CLAIM, "status": {"providerID": "aws:///eu-west-1a/i-1"}}
    assert capacity.of_karpenter(_instance(), []) is None
    assert capacity.of_karpenter(_instance(), [unlaunched, unsized]) is None


def test_instance_of_a_node_group() -> None:
    found = capacity.of_nodegroup(_instance(), GROUP)
    assert found.labels == {
        "eks.amazonaws.com/capacityType": "SPOT",
        "eks.amazonaws.com/nodegroup": "workers",
        "eks.amazonaws.com/nodegroup-image": "ami-1",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "t3.medium",
        "own": "label",
        "topology.kubernetes.io/region": "eu-west-1",
        "topology.kubernetes.io/zone": "eu-west-1a",
    }
    assert found.taints == [
        {"key": "a", "value": "b", "effect": "NoSchedule"},
        {"key": "c", "effect": "PreferNoSchedule"},
    ]
    # 4096 MiB less 7.5 %; less 255 + 17 * 11 + 100 MiB.
    assert (found.capacity["cpu"], found.capacity["memory"], found.capacity["pods"]) == ("2", "3788Mi", "17")
    assert (found.allocatable["cpu"], found.allocatable["memory"]) == ("1930m", "3246Mi")
    assert int(found.allocatable["ephemeral-storage"]) < int(found.capacity["ephemeral-storage"]) == 50 * 1024**3


def test_large_instances_and_other_regions() -> None:
    found = capacity.of_nodegroup(_instance("m7g.8xlarge", "us-east-1"), GROUP)
    assert found.name == "ip-10-0-1-23.ec2.internal"
    assert found.labels["kubernetes.io/arch"] == "arm64"
    assert (found.capacity["pods"], found.allocatable["cpu"]) == ("234", "31850m")
    assert capacity.of_nodegroup(_instance("m7i.4xlarge"), GROUP).capacity["pods"] == "110"
