# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Managed node groups: their life and defaults, how updates merge, versions and launch templates, what EKS refuses."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Create = Callable[..., str]
SERVICE = "ec2.amazonaws.com"
OLD, NEW = "1.35.2-20261022", "1.35.2-20261112"


@pytest.fixture(scope="module")
def role(aws: Any) -> str:
    """A node role."""
    return str(aws.role("sts:AssumeRole", service=SERVICE))


@pytest.fixture
def create(aws: Any, new_cluster: Create, role: str) -> Callable[..., dict[str, str]]:
    """Create a group with other members than the least and return its place; without clusterName in a new cluster."""

    def create_nodegroup(**members: Any) -> dict[str, str]:
        if "clusterName" not in members:
            members["clusterName"] = new_cluster()
        least = {"nodegroupName": "workers", "nodeRole": role, "subnets": aws.subnet_ids}
        created = aws.client("eks").create_nodegroup(**{**least, **members})["nodegroup"]
        return {name: created[name] for name in ("clusterName", "nodegroupName")}

    return create_nodegroup


@pytest.fixture
def new_template(aws: Any) -> Callable[..., dict[str, str]]:
    """Create a launch template with these data and return its id and name."""

    def create_template(**data: Any) -> dict[str, str]:
        name = f"template-{uuid.uuid4().hex[:8]}"
        created = aws.client("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data)
        return {"id": created["LaunchTemplate"]["LaunchTemplateId"], "name": name}

    return create_template


def describe(aws: Any, place: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = aws.client("eks").describe_nodegroup(**place)["nodegroup"]
    return found


def instances(aws: Any, place: dict[str, str]) -> list[dict[str, Any]]:
    """The group's instances that are not terminated."""
    filters = [
        {"Name": "tag:eks:cluster-name", "Values": [place["clusterName"]]},
        {"Name": "tag:eks:nodegroup-name", "Values": [place["nodegroupName"]]},
        {"Name": "instance-state-name", "Values": ["pending", "running"]},
    ]
    answer = aws.client("ec2").describe_instances(Filters=filters)
    return [item for reservation in answer["Reservations"] for item in reservation["Instances"]]


def add_version(aws: Any, template: dict[str, str], **data: Any) -> None:
    """A second version, which is not the default one."""
    aws.client("ec2").create_launch_template_version(LaunchTemplateId=template["id"], LaunchTemplateData=data)


def test_life(aws: Any, new_cluster: Create, role: str) -> None:
    eks, name = aws.client("eks"), new_cluster()
    least = {"clusterName": name, "nodegroupName": "workers", "nodeRole": role, "subnets": aws.subnet_ids}
    created = eks.create_nodegroup(**least)["nodegroup"]
    assert (created["status"], "resources" in created) == ("CREATING", False)
    place = {"clusterName": name, "nodegroupName": "workers"}
    eks.get_waiter("nodegroup_active").wait(**place)
    group = describe(aws, place)
    assert group["nodegroupArn"].startswith(f"arn:aws:eks:eu-west-1:123456789012:nodegroup/{name}/workers/")
    assert group["resources"]["autoScalingGroups"][0]["name"].startswith("eks-workers-")
    assert eks.list_nodegroups(clusterName=name)["nodegroups"] == ["workers"]
    assert eks.delete_nodegroup(**place)["nodegroup"]["status"] == "DELETING"
    with pytest.raises(eks.exceptions.ResourceNotFoundException, match="No node group found for name: workers"):
        eks.describe_nodegroup(**place)


def test_defaults(aws: Any, create: Callable[..., Any], role: str) -> None:
    group = describe(aws, create())
    expected = {
        "version": "1.35",
        "releaseVersion": NEW,
        "capacityType": "ON_DEMAND",
        "scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 2},
        "instanceTypes": ["t3.medium"],
        "amiType": "AL2023_x86_64_STANDARD",
        "diskSize": 20,
        "nodeRole": role,
        "subnets": aws.subnet_ids,
        "labels": {},
        "taints": [],
        "updateConfig": {"maxUnavailable": 1},
        "nodeRepairConfig": {"enabled": False},
        "health": {"issues": []},
        "tags": {},
    }
    assert {name: group[name] for name in expected} == expected
    assert "launchTemplate" not in group
    assert describe(aws, create(amiType="WINDOWS_CORE_2025_x86_64"))["diskSize"] == 50


def test_members_are_kept(aws: Any, create: Callable[..., Any]) -> None:
    wanted = {
        "scalingConfig": {"minSize": 0, "maxSize": 3, "desiredSize": 1},
        "capacityType": "SPOT",
        "instanceTypes": ["m7g.large", "m6g.large"],
        "amiType": "BOTTLEROCKET_ARM_64",
        "diskSize": 40,
        "labels": {"a": "b"},
        "taints": [{"key": "k", "value": "v", "effect": "NO_SCHEDULE"}],
        "updateConfig": {"maxUnavailablePercentage": 33, "updateStrategy": "MINIMAL"},
        "nodeRepairConfig": {"enabled": True},
        "version": "1.35",
        "releaseVersion": OLD,
        "tags": {"a": "b"},
    }
    group = describe(aws, create(**wanted))
    assert {name: group[name] for name in wanted} == wanted


def test_update_merges_and_can_be_polled(aws: Any, create: Callable[..., Any]) -> None:
    eks = aws.client("eks")
    no_schedule = {"key": "k", "value": "1", "effect": "NO_SCHEDULE"}
    no_execute = {"key": "k", "value": "1", "effect": "NO_EXECUTE"}
    place = create(labels={"a": "1", "b": "1"}, taints=[no_schedule, no_execute])
    update = eks.update_nodegroup_config(
        **place,
        labels={"addOrUpdateLabels": {"a": "2", "c": "1"}, "removeLabels": ["b"]},
        taints={"addOrUpdateTaints": [{**no_schedule, "value": "2"}], "removeTaints": [no_execute]},
        scalingConfig={"maxSize": 5},
        updateConfig={"maxUnavailablePercentage": 10},
        nodeRepairConfig={"enabled": True},
    )["update"]
    assert (update["type"], update["status"]) == ("ConfigUpdate", "InProgress")
    assert {item["type"] for item in update["params"]} >= {"LabelsToAdd", "TaintsToRemove", "MaxSize"}
    owner = {"name": place["clusterName"], "nodegroupName": place["nodegroupName"]}
    assert eks.describe_update(**owner, updateId=update["id"])["update"]["status"] == "Successful"
    assert eks.list_updates(**owner)["updateIds"] == [update["id"]]
    group = describe(aws, place)
    assert group["status"] == "ACTIVE"
    assert group["labels"] == {"a": "2", "c": "1"}
    assert group["taints"] == [{**no_schedule, "value": "2"}]
    assert group["scalingConfig"] == {"minSize": 1, "maxSize": 5, "desiredSize": 2}
    assert group["updateConfig"] == {"maxUnavailablePercentage": 10}
    assert group["nodeRepairConfig"] == {"enabled": True}


def test_strategy_outlives_another_number(aws: Any, create: Callable[..., Any]) -> None:
    place = create(updateConfig={"maxUnavailable": 1, "updateStrategy": "MINIMAL"})
    aws.client("eks").update_nodegroup_config(**place, updateConfig={"maxUnavailable": 2})
    assert describe(aws, place)["updateConfig"] == {"maxUnavailable": 2, "updateStrategy": "MINIMAL"}


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({}, "At least one"),
        ({"scalingConfig": {"minSize": 3}}, "Minimum capacity 3 can't be greater than desired size 2"),
        ({"scalingConfig": {"maxSize": 1}}, "desired capacity 2 can't be greater than max size 1"),
        ({"updateConfig": {"updateStrategy": "MINIMAL"}}, "Exactly one of"),
        ({"updateConfig": {"maxUnavailable": 1, "maxUnavailablePercentage": 1}}, "Exactly one of"),
        ({"labels": {"addOrUpdateLabels": {"a": "b"}, "removeLabels": ["a"]}}, "added and removed in one request: a"),
    ],
)
def test_update_refusals(aws: Any, create: Callable[..., Any], members: dict[str, Any], text: str) -> None:
    with pytest.raises(aws.client("eks").exceptions.InvalidParameterException, match=text):
        aws.client("eks").update_nodegroup_config(**create(), **members)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"nodeRole": "arn:aws:iam::123456789012:role/none"}, "The role with name none cannot be found"),
        ({"subnets": ["subnet-0"]}, "The subnet ID 'subnet-0' does not exist"),
        ({"subnets": []}, "Subnets cannot be empty"),
        ({"scalingConfig": {"minSize": 1, "maxSize": 2}}, "desiredSize is not valid"),
        ({"version": "1.34"}, "version 1.34 must be the cluster's version 1.35"),
        ({"releaseVersion": "1.34.2-20261112"}, "1.34.2-20261112 is not valid for kubernetes version 1.35"),
        ({"launchTemplate": {"version": "1"}}, "Either provide launch template ID or launch template name"),
    ],
)
def test_refusals(aws: Any, create: Callable[..., Any], members: dict[str, Any], text: str) -> None:
    with pytest.raises(aws.client("eks").exceptions.InvalidParameterException, match=text):
        create(**members)


def test_role_must_trust_ec2(aws: Any, create: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match=rf"service principals \[{SERVICE}\] were not found .* {aws.cluster_role}"):
        create(nodeRole=aws.cluster_role)


def test_duplicate_name(aws: Any, create: Callable[..., Any]) -> None:
    place = create()
    with pytest.raises(aws.client("eks").exceptions.ResourceInUseException, match="already exists with name workers"):
        create(**place)


def test_thirty_groups_are_enough(aws: Any, create: Callable[..., Any], new_cluster: Create) -> None:
    eks, cluster = aws.client("eks"), new_cluster()
    for number in range(30):
        create(clusterName=cluster, nodegroupName=f"workers-{number}")
    with pytest.raises(eks.exceptions.ResourceLimitExceededException, match="limit of 30 node groups"):
        create(clusterName=cluster, nodegroupName="workers-30")
    pages = eks.get_paginator("list_nodegroups").paginate(clusterName=cluster, PaginationConfig={"PageSize": 20})
    assert [len(page["nodegroups"]) for page in pages] == [20, 10]


def test_version_follows_the_cluster_up_only(aws: Any, create: Callable[..., Any]) -> None:
    eks, place = aws.client("eks"), create()
    with pytest.raises(ClientError, match=r"1\.36 is above the cluster's version 1\.35"):
        eks.update_nodegroup_version(**place, version="1.36")
    eks.update_cluster_version(name=place["clusterName"], version="1.36")
    assert eks.update_nodegroup_version(**place, version="1.36")["update"]["type"] == "VersionUpdate"
    group = describe(aws, place)
    assert (group["version"], group["releaseVersion"]) == ("1.36", "1.36.2-20261112")
    with pytest.raises(ClientError, match=r"cannot be rolled back from Kubernetes version 1\.36 to 1\.35"):
        eks.update_nodegroup_version(**place, version="1.35")


def test_release_goes_up_only(aws: Any, create: Callable[..., Any]) -> None:
    eks, place = aws.client("eks"), create(releaseVersion=OLD)
    eks.update_nodegroup_version(**place)
    group = describe(aws, place)
    assert (group["version"], group["releaseVersion"]) == ("1.35", NEW)
    with pytest.raises(ClientError, match="rolled back from release version"):
        eks.update_nodegroup_version(**place, releaseVersion=OLD)


def test_launch_template(aws: Any, create: Callable[..., Any], new_template: Callable[..., dict[str, str]]) -> None:
    eks, template = aws.client("eks"), new_template(InstanceType="m7i.large")
    place = create(launchTemplate={"name": template["name"], "version": "$Latest"}, releaseVersion=OLD)
    group = describe(aws, place)
    assert group["launchTemplate"] == {**template, "version": "1"}
    assert not {"instanceTypes", "diskSize"} & group.keys()
    add_version(aws, template, InstanceType="m7i.xlarge")
    eks.update_cluster_version(name=place["clusterName"], version="1.36")
    eks.update_nodegroup_version(**place, version="1.35", launchTemplate={"id": template["id"], "version": "2"})
    group = describe(aws, place)
    assert (group["version"], group["launchTemplate"]["version"]) == ("1.35", "2")
    eks.update_nodegroup_version(**place, launchTemplate={"id": template["id"], "version": "2"})
    assert describe(aws, place)["version"] == "1.36"
    other = new_template()
    with pytest.raises(ClientError, match="cannot be changed after the creation"):
        eks.update_nodegroup_version(**place, launchTemplate={"id": other["id"]})


def test_custom_ami(aws: Any, create: Callable[..., Any], new_template: Callable[..., dict[str, str]]) -> None:
    eks, template = aws.client("eks"), new_template(ImageId="ami-1")
    chosen = {"id": template["id"]}
    place = create(launchTemplate=chosen, instanceTypes=["m7i.large"])
    group = describe(aws, place)
    assert (group["amiType"], group["releaseVersion"]) == ("CUSTOM", "ami-1")
    assert group["instanceTypes"] == ["m7i.large"]
    with pytest.raises(ClientError, match="Launch template details can't be null"):
        eks.update_nodegroup_version(**place)
    add_version(aws, template, ImageId="ami-2")
    with pytest.raises(ClientError, match="cannot specify version when"):
        eks.update_nodegroup_version(**place, version="1.35", launchTemplate={**chosen, "version": "2"})
    eks.update_nodegroup_version(**place, launchTemplate={**chosen, "version": "2"})
    assert describe(aws, place)["releaseVersion"] == "ami-2"


@pytest.mark.parametrize(
    ("data", "members", "text"),
    [
        ({}, {"diskSize": 30}, "Disk size must be specified within the launch template"),
        ({"ImageId": "ami-1"}, {"amiType": "AL2023_x86_64_STANDARD"}, "cannot specify an AMI Type"),
        ({"InstanceType": "m7i.large"}, {"instanceTypes": ["m7i.large"]}, "Cannot specify instance types"),
        ({"ImageId": "ami-1"}, {"releaseVersion": NEW}, "cannot specify releaseVersion"),
    ],
)
def test_template_and_request_contradict(
    create: Callable[..., Any],
    new_template: Callable[..., dict[str, str]],
    data: dict[str, Any],
    members: dict[str, Any],
    text: str,
) -> None:
    with pytest.raises(ClientError, match=text):
        create(launchTemplate={"id": new_template(**data)["id"]}, **members)


def test_unknown_template(aws: Any, create: Callable[..., Any], new_template: Callable[..., dict[str, str]]) -> None:
    eks, template = aws.client("eks"), new_template()
    for wanted in ({"name": "none"}, {"id": "lt-0"}, {"id": template["id"], "version": "9"}):
        with pytest.raises(eks.exceptions.InvalidRequestException, match="Launch template details are not valid"):
            create(launchTemplate=wanted)
    with pytest.raises(ClientError, match="created without one"):
        eks.update_nodegroup_version(**create(), launchTemplate={"id": template["id"]})


@pytest.mark.parametrize("operation", ["create", "describe", "list", "delete"])
def test_unknown_cluster(aws: Any, create: Callable[..., Any], operation: str) -> None:
    eks, place = aws.client("eks"), {"clusterName": "none", "nodegroupName": "workers"}
    calls: dict[str, Callable[[], Any]] = {
        "create": lambda: create(**place),
        "describe": lambda: eks.describe_nodegroup(**place),
        "list": lambda: eks.list_nodegroups(clusterName="none"),
        "delete": lambda: eks.delete_nodegroup(**place),
    }
    with pytest.raises(ClientError, match="No cluster found for name: none") as refused:
        calls[operation]()
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_one_change_at_a_time(slow_aws: Any) -> None:
    eks, cluster = slow_aws.client("eks"), f"slow-{uuid.uuid4().hex[:8]}"
    eks.create_cluster(
        name=cluster, roleArn=slow_aws.cluster_role, resourcesVpcConfig={"subnetIds": slow_aws.subnet_ids}
    )
    place = {"clusterName": cluster, "nodegroupName": "workers"}
    members = {**place, "nodeRole": slow_aws.role("sts:AssumeRole", service=SERVICE), "subnets": slow_aws.subnet_ids}

    def refused(call: Callable[..., Any], text: str, **request: Any) -> None:
        with pytest.raises(eks.exceptions.ResourceInUseException, match=text):
            call(**request)

    def reads(status: str) -> None:
        wait_for(lambda: describe(slow_aws, place)["status"] == status)

    with pytest.raises(eks.exceptions.InvalidRequestException, match="is not in ACTIVE status"):
        eks.create_nodegroup(**members)
    wait_for(lambda: eks.describe_cluster(name=cluster)["cluster"]["status"] == "ACTIVE")
    eks.create_nodegroup(**members)
    refused(eks.delete_nodegroup, "status CREATING", **place)
    refused(eks.update_nodegroup_config, "not in Active State", **place, scalingConfig={"maxSize": 3})
    reads("ACTIVE")
    eks.update_nodegroup_version(**place)
    assert describe(slow_aws, place)["status"] == "UPDATING"
    refused(eks.update_nodegroup_version, "not in Active State", **place)
    refused(eks.delete_nodegroup, "status UPDATING", **place)
    reads("ACTIVE")
    eks.delete_nodegroup(**place)
    refused(eks.delete_cluster, "nodegroups attached", name=cluster)
    wait_for(lambda: eks.list_nodegroups(clusterName=cluster)["nodegroups"] == [])
    eks.delete_cluster(name=cluster)


def test_not_while_the_cluster_is_updated(slow_aws: Any) -> None:
    eks, cluster = slow_aws.client("eks"), f"slow-{uuid.uuid4().hex[:8]}"
    eks.create_cluster(
        name=cluster, roleArn=slow_aws.cluster_role, resourcesVpcConfig={"subnetIds": slow_aws.subnet_ids}
    )
    wait_for(lambda: eks.describe_cluster(name=cluster)["cluster"]["status"] == "ACTIVE")
    eks.update_cluster_config(name=cluster, upgradePolicy={"supportType": "STANDARD"})
    with pytest.raises(eks.exceptions.ResourceInUseException, match="update in progress"):
        role = slow_aws.role("sts:AssumeRole", service=SERVICE)
        eks.create_nodegroup(clusterName=cluster, nodegroupName="w", nodeRole=role, subnets=slow_aws.subnet_ids)


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_instances_are_those_of_the_group(aws: Any, create: Callable[..., Any]) -> None:
    place = create(
        scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": 3}, instanceTypes=["m7i.large"], capacityType="SPOT"
    )
    found = instances(aws, place)
    assert sorted(item["SubnetId"] for item in found) in [
        sorted([*aws.subnet_ids, subnet]) for subnet in aws.subnet_ids
    ]
    cluster = aws.client("eks").describe_cluster(name=place["clusterName"])["cluster"]
    group_id = cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]
    for item in found:
        tags = {tag["Key"]: tag["Value"] for tag in item["Tags"]}
        assert tags[f"kubernetes.io/cluster/{place['clusterName']}"] == "owned"
        assert (item["InstanceType"], item["InstanceLifecycle"]) == ("m7i.large", "spot")
        assert [group["GroupId"] for group in item["SecurityGroups"]] == [group_id]


def test_instances_follow_the_desired_size_and_go_with_the_group(aws: Any, create: Callable[..., Any]) -> None:
    eks = aws.client("eks")
    place = create(scalingConfig={"minSize": 0, "maxSize": 4, "desiredSize": 3})
    eks.update_nodegroup_config(**place, scalingConfig={"desiredSize": 4})
    kept = {item["InstanceId"] for item in instances(aws, place)}
    assert len(kept) == 4
    eks.update_nodegroup_config(**place, scalingConfig={"desiredSize": 2})
    left = instances(aws, place)
    assert {item["InstanceId"] for item in left} < kept
    assert {item["SubnetId"] for item in left} == set(aws.subnet_ids)
    eks.delete_nodegroup(**place)
    eks.list_nodegroups(clusterName=place["clusterName"])
    assert instances(aws, place) == []


def test_version_update_replaces_the_instances(aws: Any, create: Callable[..., Any]) -> None:
    eks = aws.client("eks")
    place = create(releaseVersion=OLD)
    old = {item["InstanceId"]: item["ImageId"] for item in instances(aws, place)}
    eks.update_nodegroup_version(**place)
    assert {item["InstanceId"] for item in instances(aws, place)} > set(old)
    assert describe(aws, place)["status"] == "ACTIVE"
    new = {item["InstanceId"]: item["ImageId"] for item in instances(aws, place)}
    assert len(new) == len(old)
    assert old.keys().isdisjoint(new)
    assert set(old.values()).isdisjoint(new.values())


def test_instances_of_a_launch_template(aws: Any, create: Callable[..., Any], new_template: Any) -> None:
    security_group = aws.client("ec2").create_security_group(
        GroupName=f"own-{uuid.uuid4().hex[:8]}", Description="own", VpcId=aws.vpc_id
    )["GroupId"]
    template = new_template(InstanceType="c7i.large", ImageId="ami-00000000", SecurityGroupIds=[security_group])
    place = create(launchTemplate={"id": template["id"]})
    found = instances(aws, place)
    assert [(item["InstanceType"], item["ImageId"]) for item in found] == [("c7i.large", "ami-00000000")] * 2
    assert {group["GroupId"] for item in found for group in item["SecurityGroups"]} == {security_group}


def volumes(aws: Any, instance: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The volumes of an instance by their devices."""
    filters = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    found = aws.client("ec2").describe_volumes(Filters=filters)["Volumes"]
    return {volume["Attachments"][0]["Device"]: volume for volume in found}


def test_instances_have_one_disk_of_the_size_of_the_group(aws: Any, create: Callable[..., Any]) -> None:
    for item in instances(aws, create(diskSize=40)):
        assert {device: volume["Size"] for device, volume in volumes(aws, item).items()} == {"/dev/xvda": 40}


def test_instances_have_disks_metadata_options_and_tags_of_the_launch_template(
    aws: Any, create: Callable[..., Any], new_template: Any
) -> None:
    team = [{"Key": "team", "Value": "platform"}]
    template = new_template(
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 60, "Encrypted": True}},
            {"DeviceName": "/dev/xvdb", "Ebs": {"VolumeSize": 5, "VolumeType": "gp2"}},
        ],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        TagSpecifications=[{"ResourceType": kind, "Tags": team} for kind in ("instance", "volume")],
    )
    place = create(launchTemplate={"id": template["id"]})
    for item in instances(aws, place):
        assert item["MetadataOptions"]["HttpTokens"] == "required"
        assert {"Key": "team", "Value": "platform"} in item["Tags"]
        root, other = (volumes(aws, item)[device] for device in ("/dev/xvda", "/dev/xvdb"))
        assert (root["Size"], root["VolumeType"], root["Encrypted"]) == (60, "gp3", True)
        assert (other["Size"], other["VolumeType"], other["Encrypted"]) == (5, "gp2", False)
        assert root["Tags"] == other["Tags"] == team


def test_a_launch_template_without_security_groups_and_disks_leaves_those_of_eks(
    aws: Any, create: Callable[..., Any], new_template: Any
) -> None:
    place = create(launchTemplate={"id": new_template(MetadataOptions={"HttpTokens": "required"})["id"]})
    cluster = aws.client("eks").describe_cluster(name=place["clusterName"])["cluster"]
    for item in instances(aws, place):
        groups = [group["GroupId"] for group in item["SecurityGroups"]]
        assert groups == [cluster["resourcesVpcConfig"]["clusterSecurityGroupId"]]
        assert {device: volume["Size"] for device, volume in volumes(aws, item).items()} == {"/dev/xvda": 20}


def test_another_version_of_the_launch_template_replaces_the_instances(
    aws: Any, create: Callable[..., Any], new_template: Any
) -> None:
    def disk(size: int) -> dict[str, Any]:
        return {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": size}}]}

    template = new_template(**disk(30))
    place = create(launchTemplate={"id": template["id"]})
    old = {item["InstanceId"] for item in instances(aws, place)}
    add_version(aws, template, **disk(60))
    aws.client("eks").update_nodegroup_version(**place, launchTemplate={"id": template["id"], "version": "2"})
    describe(aws, place)
    new = instances(aws, place)
    assert old.isdisjoint(item["InstanceId"] for item in new)
    assert {volumes(aws, item)["/dev/xvda"]["Size"] for item in new} == {60}


def test_unknown_instance_types_are_refused(create: Callable[..., Any]) -> None:
    with pytest.raises(ClientError, match=r"supplied instance types do not exist: \[t99\.large\]"):
        create(instanceTypes=["t3.medium", "t99.large"])
