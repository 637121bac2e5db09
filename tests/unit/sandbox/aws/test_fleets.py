# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""EC2 fleets as Karpenter uses them: what they launch, from which pool, and what they say when there is no capacity."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

Json = dict[str, Any]
Launch = Callable[..., Json]


@pytest.fixture
def group(aws: Any) -> str:
    """A security group of its own."""
    name = f"group-{uuid.uuid4().hex[:8]}"
    created = aws.client("ec2").create_security_group(GroupName=name, Description=name, VpcId=aws.vpc_id)
    return str(created["GroupId"])


@pytest.fixture
def profile(aws: Any) -> str:
    """An instance profile of its own: its name."""
    name = f"profile-{uuid.uuid4().hex[:8]}"
    aws.client("iam").create_instance_profile(InstanceProfileName=name)
    return name


@pytest.fixture
def launch(aws: Any, group: str, profile: str) -> Launch:
    """Create an instant fleet of one instance, by default from two pools in two zones, and return the answer."""
    ec2, name = aws.client("ec2"), f"template-{uuid.uuid4().hex[:8]}"
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    pools = [
        {"InstanceType": "m7i.4xlarge", "SubnetId": aws.subnet_ids[0], "Priority": 0.4},
        {"InstanceType": "m7i.large", "SubnetId": aws.subnet_ids[0], "Priority": 0.1},
        {"InstanceType": "m7i.large", "SubnetId": aws.subnet_ids[1], "Priority": 0.11},
    ]

    def create(lifecycle: str = "spot", overrides: list[Json] | None = None, **data: Any) -> Json:
        members = {"ImageId": image, "SecurityGroupIds": [group], "IamInstanceProfile": {"Name": profile}, **data}
        ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=members)
        template = {"LaunchTemplateName": name, "Version": "$Latest"}
        answer: Json = ec2.create_fleet(
            Type="instant",
            LaunchTemplateConfigs=[{"LaunchTemplateSpecification": template, "Overrides": overrides or pools}],
            TargetCapacitySpecification={"TotalTargetCapacity": 1, "DefaultTargetCapacityType": lifecycle},
        )
        ec2.delete_launch_template(LaunchTemplateName=name)
        return answer

    return create


@pytest.fixture
def shortages(aws: Any) -> Iterator[Callable[[list[Json]], requests.Response]]:
    """Say where there is no capacity; there is everywhere afterwards."""
    url = f"{aws.sandbox.read()['aws_endpoint_url']}/sandbox/capacity-shortages"

    def put(rules: list[Json]) -> requests.Response:
        return requests.put(url, json=rules, timeout=10)

    yield put
    put([])


def _instance(aws: Any, answer: Json) -> Json:
    found = aws.client("ec2").describe_instances(InstanceIds=answer["Instances"][0]["InstanceIds"])
    instance: Json = found["Reservations"][0]["Instances"][0]
    return instance


@pytest.mark.parametrize("lifecycle", ["spot", "on-demand"])
def test_lowest_priority_is_launched(aws: Any, launch: Launch, lifecycle: str) -> None:
    answer = launch(lifecycle)
    instance = _instance(aws, answer)
    assert (instance["InstanceType"], instance["SubnetId"]) == ("m7i.large", aws.subnet_ids[0])
    assert answer["Instances"][0]["LaunchTemplateAndOverrides"]["Overrides"]["Priority"] == 0.1
    assert answer["Errors"] == []


@pytest.mark.parametrize("lifecycle", ["spot", "on-demand"])
def test_instance_is_what_its_launch_template_says(
    aws: Any, launch: Launch, group: str, profile: str, lifecycle: str
) -> None:
    instance = _instance(aws, launch(lifecycle))
    assert [item["GroupId"] for item in instance["SecurityGroups"]] == [group]
    assert [item["GroupId"] for item in instance["NetworkInterfaces"][0]["Groups"]] == [group]
    assert instance["IamInstanceProfile"]["Arn"].endswith(f":instance-profile/{profile}")
    tags = {tag["Key"]: tag["Value"] for tag in instance["Tags"]}
    assert tags["aws:ec2launchtemplate:id"].startswith("lt-")
    assert tags["aws:ec2launchtemplate:version"] == "1"
    assert tags["aws:ec2:fleet-id"].startswith("fleet-")
    address = instance["PrivateIpAddress"].replace(".", "-")
    assert instance["PrivateDnsName"] == f"ip-{address}.eu-west-1.compute.internal"


def test_groups_of_the_primary_network_interface(aws: Any, launch: Launch, group: str) -> None:
    interfaces = [{"DeviceIndex": 0, "Groups": [group]}, {"DeviceIndex": 1, "Groups": ["sg-0"]}]
    instance = _instance(aws, launch(SecurityGroupIds=[], NetworkInterfaces=interfaces))
    assert [item["GroupId"] for item in instance["SecurityGroups"]] == [group]


def test_what_an_ended_instance_leaves(aws: Any, launch: Launch) -> None:
    answer, ec2 = launch("spot"), aws.client("ec2")
    instance = _instance(aws, answer)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    found = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[instance["SpotInstanceRequestId"]])
    assert [request["State"] for request in found["SpotInstanceRequests"]] == ["closed"]
    fleet = answer["FleetId"]
    assert fleet not in [item["FleetId"] for item in ec2.describe_fleets()["Fleets"]]
    assert [item["FleetId"] for item in ec2.describe_fleets(FleetIds=[fleet])["Fleets"]] == [fleet]


def test_only_spot_instances_have_a_spot_request(aws: Any, launch: Launch) -> None:
    instance = _instance(aws, launch("spot"))
    assert instance["InstanceLifecycle"] == "spot"
    described = aws.client("ec2").describe_spot_instance_requests(
        SpotInstanceRequestIds=[instance["SpotInstanceRequestId"]]
    )
    assert described["SpotInstanceRequests"][0]["InstanceId"] == instance["InstanceId"]
    assert "SpotInstanceRequestId" not in _instance(aws, launch("on-demand"))


def test_next_pool_is_taken_when_one_has_no_capacity(
    aws: Any, launch: Launch, shortages: Callable[[list[Json]], requests.Response]
) -> None:
    assert shortages([{"zone": "*-1a", "lifecycle": "spot"}]).status_code == 200
    answer = launch("spot")
    assert _instance(aws, answer)["SubnetId"] == aws.subnet_ids[1]
    error = answer["Errors"][0]
    assert (len(answer["Errors"]), error["ErrorCode"]) == (1, "InsufficientInstanceCapacity")
    assert error["LaunchTemplateAndOverrides"]["Overrides"]["AvailabilityZone"] == "eu-west-1a"
    assert _instance(aws, launch("on-demand"))["SubnetId"] == aws.subnet_ids[0]


def test_no_pool_has_capacity(launch: Launch, shortages: Callable[[list[Json]], requests.Response]) -> None:
    shortages([{"instance_type": "m7i.*"}])
    answer = launch("spot")
    assert answer["Instances"] == []
    assert {error["ErrorCode"] for error in answer["Errors"]} == {"InsufficientInstanceCapacity"}
    assert len(answer["Errors"]) == 3


def test_rule_with_a_wrong_key_is_refused(shortages: Callable[[list[Json]], requests.Response]) -> None:
    answer = shortages([{"type": "m7i.large"}])
    assert answer.status_code == 400
    assert "not type" in answer.json()["message"]
