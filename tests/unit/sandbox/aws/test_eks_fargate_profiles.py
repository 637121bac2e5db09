# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Fargate profiles: their life, what EKS refuses, and one change at a time in a cluster."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.sandbox.aws.waiting import wait_for

Create = Callable[..., str]
SERVICE = "eks-fargate-pods.amazonaws.com"
SELECTORS = [{"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}, {"namespace": "karpenter"}]


@pytest.fixture(scope="module")
def role(aws: Any) -> str:
    """A pod execution role."""
    return str(aws.role("sts:AssumeRole", service=SERVICE))


@pytest.fixture
def create(aws: Any, new_cluster: Create, role: str) -> Callable[..., Any]:
    """Create a profile with other members than the least and return it; without clusterName in a new cluster."""

    def create_profile(**members: Any) -> Any:
        if "clusterName" not in members:
            members["clusterName"] = new_cluster()
        least = {"fargateProfileName": "pods", "podExecutionRoleArn": role, "selectors": SELECTORS}
        return aws.client("eks").create_fargate_profile(**{**least, **members})["fargateProfile"]

    return create_profile


def place_of(profile: dict[str, Any]) -> dict[str, str]:
    return {"clusterName": profile["clusterName"], "fargateProfileName": profile["fargateProfileName"]}


def public_subnet(aws: Any, main: bool) -> str:
    """A subnet with a route to an internet gateway, in the main route table of its VPC or in one of its own."""
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.21.0.0/16")["Vpc"]["VpcId"]
    zone = {"CidrBlock": "10.21.0.0/24", "AvailabilityZone": "eu-west-1a"}
    subnet_id = ec2.create_subnet(VpcId=vpc_id, **zone)["Subnet"]["SubnetId"]
    gateway_id = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc_id, InternetGatewayId=gateway_id)
    if main:
        mine = [{"Name": "vpc-id", "Values": [vpc_id]}]
        table_id = ec2.describe_route_tables(Filters=mine)["RouteTables"][0]["RouteTableId"]
    else:
        table_id = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=table_id, SubnetId=subnet_id)
    ec2.create_route(RouteTableId=table_id, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway_id)
    return str(subnet_id)


def test_life(aws: Any, create: Callable[..., Any], role: str) -> None:
    eks = aws.client("eks")
    created = create(subnets=aws.subnet_ids[:1], tags={"a": "b"})
    place = place_of(created)
    assert created["status"] == "CREATING"
    eks.get_waiter("fargate_profile_active").wait(**place)
    profile = eks.describe_fargate_profile(**place)["fargateProfile"]
    arn = f"arn:aws:eks:eu-west-1:123456789012:fargateprofile/{place['clusterName']}/pods/"
    assert profile["fargateProfileArn"].startswith(arn)
    assert profile["podExecutionRoleArn"] == role
    assert (profile["selectors"], profile["subnets"]) == (SELECTORS, aws.subnet_ids[:1])
    assert (profile["tags"], profile["health"]) == ({"a": "b"}, {"issues": []})
    assert eks.list_fargate_profiles(clusterName=place["clusterName"])["fargateProfileNames"] == ["pods"]
    assert eks.delete_fargate_profile(**place)["fargateProfile"]["status"] == "DELETING"
    with pytest.raises(eks.exceptions.ResourceNotFoundException, match="No Fargate Profile found with name: pods"):
        eks.describe_fargate_profile(**place)


def test_subnets_are_the_private_ones_of_the_cluster_unless_named(
    aws: Any, create: Callable[..., Any], new_cluster: Create
) -> None:
    assert create()["subnets"] == aws.subnet_ids
    ec2, public = aws.client("ec2"), public_subnet(aws, main=False)
    vpc_id = ec2.describe_subnets(SubnetIds=[public])["Subnets"][0]["VpcId"]
    private = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.21.1.0/24", AvailabilityZone="eu-west-1b")
    private_id = private["Subnet"]["SubnetId"]
    cluster = new_cluster(resourcesVpcConfig={"subnetIds": [public, private_id]})
    assert create(clusterName=cluster)["subnets"] == [private_id]


@pytest.mark.parametrize("main", [True, False], ids=["main route table", "own route table"])
def test_public_subnet_is_refused(aws: Any, create: Callable[..., Any], main: bool) -> None:
    subnet_id = public_subnet(aws, main)
    with pytest.raises(ClientError, match=f"Subnet {subnet_id} provided in Fargate Profile is not a private subnet"):
        create(subnets=[subnet_id])


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"fargateProfileName": "eks-pods"}, "starts with the reserved prefix: 'eks-'"),
        ({"selectors": []}, "requires at least one selector"),
        ({"selectors": [{"namespace": str(number)} for number in range(6)]}, "more than 5 Selectors"),
        ({"selectors": [{"labels": {"a": "b"}}]}, "at least one namespace value"),
        ({"selectors": [{"namespace": "n", "labels": dict.fromkeys("abcdef", "1")}]}, "more than 5 Label pairs"),
        ({"podExecutionRoleArn": "arn:aws:iam::123456789012:role/none"}, "Misconfigured PodExecutionRole Trust Policy"),
        ({"subnets": ["subnet-0"]}, "The subnet ID 'subnet-0' does not exist"),
    ],
)
def test_refusals(aws: Any, create: Callable[..., Any], members: dict[str, Any], text: str) -> None:
    with pytest.raises(aws.client("eks").exceptions.InvalidParameterException, match=text):
        create(**members)


def test_role_must_trust_fargate(aws: Any, create: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match=f"Please add the {SERVICE} Service Principal"):
        create(podExecutionRoleArn=aws.cluster_role)


def test_duplicate_name(aws: Any, create: Callable[..., Any]) -> None:
    profile = create()
    with pytest.raises(ClientError, match="already exists with this name in this cluster") as refused:
        create(**place_of(profile))
    assert refused.value.response["Error"]["Code"] == "ResourceInUseException"


def test_ten_profiles_are_enough(aws: Any, create: Callable[..., Any], new_cluster: Create) -> None:
    eks, cluster = aws.client("eks"), new_cluster()
    for number in range(10):
        create(clusterName=cluster, fargateProfileName=f"pods-{number}")
    with pytest.raises(eks.exceptions.ResourceLimitExceededException, match="limit of 10 Fargate profiles"):
        create(clusterName=cluster, fargateProfileName="pods-10")
    pages = eks.get_paginator("list_fargate_profiles").paginate(clusterName=cluster, PaginationConfig={"PageSize": 6})
    assert [len(page["fargateProfileNames"]) for page in pages] == [6, 4]


@pytest.mark.parametrize("operation", ["create", "describe", "list", "delete"])
def test_unknown_cluster(aws: Any, create: Callable[..., Any], operation: str) -> None:
    eks, place = aws.client("eks"), {"clusterName": "none", "fargateProfileName": "pods"}
    calls: dict[str, Callable[[], Any]] = {
        "create": lambda: create(**place),
        "describe": lambda: eks.describe_fargate_profile(**place),
        "list": lambda: eks.list_fargate_profiles(clusterName="none"),
        "delete": lambda: eks.delete_fargate_profile(**place),
    }
    with pytest.raises(ClientError, match="No cluster found for name: none") as refused:
        calls[operation]()
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


@pytest.fixture
def slow_cluster(slow_aws: Any) -> dict[str, Any]:
    """The members of a profile in a cluster of its own, in which a profile takes a second to be made."""
    eks, name = slow_aws.client("eks"), f"slow-{uuid.uuid4().hex[:8]}"
    eks.create_cluster(name=name, roleArn=slow_aws.cluster_role, resourcesVpcConfig={"subnetIds": slow_aws.subnet_ids})
    wait_for(lambda: eks.describe_cluster(name=name)["cluster"]["status"] == "ACTIVE")
    role_arn = slow_aws.role("sts:AssumeRole", service=SERVICE)
    return {"clusterName": name, "podExecutionRoleArn": role_arn, "selectors": SELECTORS}


def test_one_change_at_a_time(slow_aws: Any, slow_cluster: dict[str, Any]) -> None:
    eks, cluster = slow_aws.client("eks"), slow_cluster["clusterName"]
    first, second = ({"clusterName": cluster, "fargateProfileName": name} for name in ("first", "second"))

    def refused(call: Callable[..., Any], text: str, **members: Any) -> None:
        with pytest.raises(ClientError, match=text) as refusal:
            call(**members)
        assert refusal.value.response["Error"]["Code"] == "ResourceInUseException"

    def reads(place: dict[str, str], status: str) -> None:
        wait_for(lambda: eks.describe_fargate_profile(**place)["fargateProfile"]["status"] == status)

    eks.create_fargate_profile(**slow_cluster | first)
    text = f"Cannot create Fargate Profile second because cluster {cluster} currently has Fargate profile first in"
    refused(eks.create_fargate_profile, f"{text} status CREATING", **slow_cluster | second)
    refused(eks.delete_fargate_profile, "Cannot Delete Fargate Profile first .* status CREATING", **first)
    reads(first, "ACTIVE")
    eks.create_fargate_profile(**slow_cluster | second)
    reads(second, "ACTIVE")
    eks.delete_fargate_profile(**first)
    text = f"Cannot Delete Fargate Profile second because cluster {cluster} currently has Fargate profile first in"
    refused(eks.delete_fargate_profile, f"{text} status DELETING", **second)
    refused(eks.create_fargate_profile, "status DELETING", **slow_cluster, fargateProfileName="third")
    wait_for(lambda: eks.list_fargate_profiles(clusterName=cluster)["fargateProfileNames"] == ["second"])
    eks.delete_fargate_profile(**second)
    refused(eks.delete_cluster, "Fargate Profiles", name=cluster)
    wait_for(lambda: eks.list_fargate_profiles(clusterName=cluster)["fargateProfileNames"] == [])
    eks.delete_cluster(name=cluster)


def test_not_while_the_cluster_is_updated(slow_aws: Any, slow_cluster: dict[str, Any]) -> None:
    eks, cluster = slow_aws.client("eks"), slow_cluster["clusterName"]
    update = eks.update_cluster_config(name=cluster, upgradePolicy={"supportType": "STANDARD"})["update"]
    with pytest.raises(ClientError, match=f"because cluster {cluster} currently has an update in progress"):
        eks.create_fargate_profile(**slow_cluster, fargateProfileName="pods")
    wait_for(lambda: eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful")
    eks.create_fargate_profile(**slow_cluster, fargateProfileName="pods")


def test_the_module_waits_for_the_other_profiles(slow_aws: Any, slow_cluster: dict[str, Any]) -> None:
    """In a process of its own, because a module needs Ansible's way to import collections."""
    program = Path(__file__).resolve().parent / "serialised_profiles.py"
    command = [sys.executable, str(program), str(slow_aws.sandbox.folder), json.dumps(slow_cluster)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout.splitlines()[-1])
    assert [(step["changed"], step["status"]) for step in steps] == [
        (True, "CREATING"),
        (True, "CREATING"),
        (True, "ACTIVE"),
        (True, None),
        (True, None),
        (True, None),
    ]
    refusals = [step["refusals"] for step in steps]
    # Only the first creation and the first deletion find nothing in their way.
    assert [bool(count) for count in refusals] == [False, True, True, False, True, True]
