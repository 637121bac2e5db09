# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Each correction of moto twice: stock moto still needs it (the canary), and with it the emulator does as AWS does."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.patches import PATCHES

FOLDER = Path(__file__).resolve().parent
NAMES = [patch.__name__.removeprefix("patch_") for patch in PATCHES]


def _run(program: str) -> dict[str, bool]:
    command = [sys.executable, str(FOLDER / program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    found: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def stock() -> dict[str, bool]:
    return _run("stock_moto.py")


@pytest.fixture(scope="module")
def stock_server() -> dict[str, bool]:
    return _run("stock_server.py")


def test_every_patch_has_a_canary(stock: dict[str, bool]) -> None:
    assert sorted(stock) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_stock_moto_still_has_the_gap(stock: dict[str, bool], name: str) -> None:
    assert stock[name], f"moto closed this gap: remove patch_{name} from sandbox/aws/patches"


@pytest.mark.parametrize("name", ["presigned_caller_identity", "unknown_access_key"])
def test_stock_server_still_has_the_gap(stock_server: dict[str, bool], name: str) -> None:
    assert stock_server[name], f"moto closed this gap ({name}): simplify sandbox/aws/application.py"


def test_every_patch_names_its_source() -> None:
    assert [patch.__name__ for patch in PATCHES if "Source: " not in (patch.__doc__ or "")] == []


@pytest.fixture
def gateway(aws: Any) -> dict[str, str]:
    """A NAT gateway with a name of its own."""
    name = f"nat-{uuid.uuid4().hex[:8]}"
    address = aws.client("ec2").allocate_address(Domain="vpc")
    created = aws.client("ec2").create_nat_gateway(
        SubnetId=aws.subnet_ids[0],
        AllocationId=address["AllocationId"],
        TagSpecifications=[{"ResourceType": "natgateway", "Tags": [{"Key": "Name", "Value": name}]}],
    )
    return {"name": name, "id": created["NatGateway"]["NatGatewayId"], "allocation": address["AllocationId"]}


def test_rule_descriptions_answer_true(aws: Any) -> None:
    ec2 = aws.client("ec2")
    group = ec2.create_security_group(GroupName=uuid.uuid4().hex, Description="g", VpcId=aws.vpc_id)["GroupId"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "all"}]}
    assert ec2.update_security_group_rule_descriptions_egress(GroupId=group, IpPermissions=[rule])["Return"] is True


def test_nat_gateway_is_found_by_resource_type_and_tag(aws: Any, gateway: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    filters = [{"Name": "resource-type", "Values": ["natgateway"]}, {"Name": "resource-id", "Values": [gateway["id"]]}]
    tags = ec2.describe_tags(Filters=filters)["Tags"]
    assert [(tag["ResourceType"], tag["Value"]) for tag in tags] == [("natgateway", gateway["name"])]
    for value, expected in ((gateway["name"], [gateway["id"]]), (f"{gateway['name']}*", [gateway["id"]]), ("none", [])):
        found = ec2.describe_nat_gateways(Filters=[{"Name": "tag:Name", "Values": [value]}])["NatGateways"]
        assert [item["NatGatewayId"] for item in found] == expected


def test_address_is_free_only_after_its_nat_gateway_is_deleted(aws: Any, gateway: dict[str, str]) -> None:
    ec2 = aws.client("ec2")
    with pytest.raises(ClientError) as refused:
        ec2.release_address(AllocationId=gateway["allocation"])
    assert refused.value.response["Error"]["Code"] == "InvalidIPAddress.InUse"
    ec2.delete_nat_gateway(NatGatewayId=gateway["id"])
    assert "AssociationId" not in ec2.describe_addresses(AllocationIds=[gateway["allocation"]])["Addresses"][0]
    ec2.release_address(AllocationId=gateway["allocation"])


def test_unknown_nat_gateway(aws: Any) -> None:
    with pytest.raises(ClientError) as refused:
        aws.client("ec2").delete_nat_gateway(NatGatewayId="nat-0")
    assert refused.value.response["Error"]["Code"] == "NatGatewayNotFound"


@pytest.mark.parametrize("operation", ["list_nodegroups", "list_fargate_profiles"])
def test_lists_of_an_unknown_cluster(aws: Any, operation: str) -> None:
    eks = aws.client("eks")
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        getattr(eks, operation)(clusterName="none")


def test_key_deletion_by_arn(aws: Any) -> None:
    kms = aws.client("kms")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=arn, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_tls_only_policy_leaves_objects_reachable(aws: Any) -> None:
    s3, bucket = aws.client("s3"), f"b-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    unconditional = {key: value for key, value in statement.items() if key != "Condition"}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [unconditional]}))
    with pytest.raises(ClientError, match="Forbidden"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x")
