# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Run as a program, without our patches: prints for each gap of moto whether it is still open, as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

REGION = "eu-west-1"
TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": ["arn:aws:s3:::bucket", "arn:aws:s3:::bucket/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def client(service: str) -> Any:
    session: Any = boto3.session.Session(aws_access_key_id="a", aws_secret_access_key="b", region_name=REGION)
    return session.client(service)


def nat_gateway(name: str) -> tuple[str, str]:
    """A NAT gateway tagged Name: (gateway id, allocation id)."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    tags = [{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": name}]}]
    created = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address, TagSpecifications=tags)
    return created["NatGateway"]["NatGatewayId"], address


def rule_description_answer() -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    answer = ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[rule])
    return answer.get("Return") is not True


def nat_gateway_resource_type() -> bool:
    nat_gateway("n")
    filters = [{"Name": "resource-type", "Values": ["natgateway"]}]
    return not client("ec2").describe_tags(Filters=filters)["Tags"]


def nat_gateway_tag_filters() -> bool:
    nat_gateway("one")
    other = [{"Name": "tag:Name", "Values": ["other"]}]
    return bool(client("ec2").describe_nat_gateways(Filters=other)["NatGateways"])


def address_of_deleted_nat_gateway() -> bool:
    gateway, address = nat_gateway("n")
    client("ec2").delete_nat_gateway(NatGatewayId=gateway)
    return "AssociationId" in client("ec2").describe_addresses(AllocationIds=[address])["Addresses"][0]


def release_of_address_in_use() -> bool:
    _unused, address = nat_gateway("n")
    try:
        client("ec2").release_address(AllocationId=address)
    except ClientError:
        return False
    return True


def lists_of_unknown_cluster() -> bool:
    eks = client("eks")
    try:
        eks.list_fargate_profiles(clusterName="none")
    except eks.exceptions.ResourceNotFoundException:
        return False
    except KeyError:
        return True
    return True


def schedule_deletion_by_arn() -> bool:
    kms = client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    try:
        kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    except (ClientError, KeyError):
        return True
    return False


def conditional_deny() -> bool:
    s3 = client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket="bucket", Policy=json.dumps(TLS_ONLY))
    try:
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
    except ClientError:
        return True
    return False


GAPS: list[Callable[[], bool]] = [
    rule_description_answer,
    nat_gateway_resource_type,
    nat_gateway_tag_filters,
    address_of_deleted_nat_gateway,
    release_of_address_in_use,
    lists_of_unknown_cluster,
    schedule_deletion_by_arn,
    conditional_deny,
]

if __name__ == "__main__":
    found = {}
    for gap in GAPS:
        with mock_aws():
            found[gap.__name__] = gap()
    print(json.dumps(found))
