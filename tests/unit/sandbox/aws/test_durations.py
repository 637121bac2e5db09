# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""NAT gateways and DB instances that take AWS' time, and what the emulator counts."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import account, lifecycle, status
from sandbox.aws.runtime import durations
from sandbox.aws.tally import Tally
from sandbox.state import Sandbox
from tests.unit.sandbox.aws.waiting import wait_for


def make_gateway(aws: Any) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    made: dict[str, Any] = ec2.create_nat_gateway(SubnetId=aws.subnet_ids[0], AllocationId=allocation)["NatGateway"]
    return made


def state_of(aws: Any, gateway: dict[str, Any]) -> str:
    found = aws.client("ec2").describe_nat_gateways(NatGatewayIds=[gateway["NatGatewayId"]])["NatGateways"]
    return str(found[0]["State"])


def address_of(aws: Any, gateway: dict[str, Any]) -> dict[str, Any]:
    allocation = gateway["NatGatewayAddresses"][0]["AllocationId"]
    found: dict[str, Any] = aws.client("ec2").describe_addresses(AllocationIds=[allocation])["Addresses"][0]
    return found


def make_instance(aws: Any, **members: Any) -> str:
    name = f"db-{uuid.uuid4().hex[:8]}"
    least = {
        "Engine": "postgres",
        "EngineVersion": "17",
        "DBInstanceClass": "db.m7g.large",
        "AllocatedStorage": 20,
        "MasterUsername": "postgres",
        "MasterUserPassword": "a-password-of-tests",
    }
    aws.client("rds").create_db_instance(DBInstanceIdentifier=name, **{**least, **members})
    return name


def status_of(aws: Any, name: str) -> str:
    try:
        (found,) = aws.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    except aws.client("rds").exceptions.DBInstanceNotFoundFault:
        return "gone"
    return str(found["DBInstanceStatus"])


def delete_instance(aws: Any, name: str) -> str:
    deleted = aws.client("rds").delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
    return str(deleted["DBInstance"]["DBInstanceStatus"])


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return refused.value.response["Error"]["Code"]


def test_nat_gateway_is_pending_before_it_is_available(slow_aws: Any) -> None:
    gateway = make_gateway(slow_aws)
    assert gateway["State"] == "pending"
    assert state_of(slow_aws, gateway) == "pending"
    wait_for(lambda: state_of(slow_aws, gateway) == "available")


def test_nat_gateway_keeps_its_address_until_it_is_deleted(slow_aws: Any) -> None:
    gateway = make_gateway(slow_aws)
    ec2 = slow_aws.client("ec2")
    # A deletion ends the creation too.
    for _time in range(2):
        ec2.delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
        assert state_of(slow_aws, gateway) == "deleting"
    assert "AssociationId" in address_of(slow_aws, gateway)
    with pytest.raises(ClientError) as refused:
        ec2.release_address(AllocationId=gateway["NatGatewayAddresses"][0]["AllocationId"])
    assert code_of(refused) == "InvalidIPAddress.InUse"
    wait_for(lambda: "AssociationId" not in address_of(slow_aws, gateway))
    assert state_of(slow_aws, gateway) == "deleted"


def test_unknown_nat_gateway_is_refused_at_once(slow_aws: Any) -> None:
    with pytest.raises(ClientError) as refused:
        slow_aws.client("ec2").delete_nat_gateway(NatGatewayId="nat-0")
    assert code_of(refused) == "NatGatewayNotFound"


def test_without_a_share_of_time_both_are_done_at_once(aws: Any) -> None:
    gateway = make_gateway(aws)
    assert state_of(aws, gateway) == "available"
    aws.client("ec2").delete_nat_gateway(NatGatewayId=gateway["NatGatewayId"])
    assert state_of(aws, gateway) == "deleted"
    name = make_instance(aws)
    assert status_of(aws, name) == "available"
    assert delete_instance(aws, name) == "deleting"
    assert status_of(aws, name) == "gone"


def test_instance_cannot_be_changed_while_it_is_made(slow_aws: Any) -> None:
    name = make_instance(slow_aws)
    assert status_of(slow_aws, name) == "creating"
    rds = slow_aws.client("rds")
    for change in (rds.reboot_db_instance, rds.stop_db_instance, rds.modify_db_instance):
        with pytest.raises(ClientError) as refused:
            change(DBInstanceIdentifier=name)
        assert code_of(refused) == "InvalidDBInstanceState"
    wait_for(lambda: status_of(slow_aws, name) == "available")
    rds.modify_db_instance(DBInstanceIdentifier=name, BackupRetentionPeriod=2)


def test_instance_is_deleting_before_it_is_gone(slow_aws: Any) -> None:
    name = make_instance(slow_aws)
    # Also one that is still being made.
    assert delete_instance(slow_aws, name) == "deleting"
    assert status_of(slow_aws, name) == "deleting"
    with pytest.raises(ClientError, match="already being deleted") as refused:
        delete_instance(slow_aws, name)
    assert code_of(refused) == "InvalidDBInstanceState"
    wait_for(lambda: status_of(slow_aws, name) == "gone")


def test_protected_instance_stays(slow_aws: Any) -> None:
    name = make_instance(slow_aws, DeletionProtection=True)
    with pytest.raises(ClientError) as refused:
        delete_instance(slow_aws, name)
    assert code_of(refused) == "InvalidParameterCombination"
    assert status_of(slow_aws, name) == "creating"


def test_two_zones_take_longer(slow_aws: Any) -> None:
    before = changes(slow_aws.sandbox)
    make_instance(slow_aws)
    make_instance(slow_aws, MultiAZ=True)
    after = changes(slow_aws.sandbox)
    for change in ("rds_instance_create", "rds_instance_create_multi_az"):
        assert after[change] == before.get(change, 0) + 1
    assert durations()["rds_instance_create"] < durations()["rds_instance_create_multi_az"]


def changes(sandbox: Sandbox) -> dict[str, int]:
    counted: dict[str, int] = status.collect(sandbox)["changes"]
    return counted


@pytest.fixture
def slower(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox in which everything takes longer than a test."""
    sandbox = Sandbox("unit-slower-aws", tmp_path / "unit-slower-aws")
    list(lifecycle.up(sandbox, api_only=True, time_scale=1))
    yield sandbox
    list(lifecycle.down(sandbox))


def test_reset_waits_for_nothing(slower: Sandbox) -> None:
    rds = account.client(slower, "rds")
    least = {"Engine": "postgres", "EngineVersion": "17", "DBInstanceClass": "db.m7g.large", "AllocatedStorage": 20}
    master = {"MasterUsername": "postgres", "MasterUserPassword": "a-password-of-tests"}
    for name in ("made", "deleted"):
        rds.create_db_instance(DBInstanceIdentifier=name, **least, **master)
    rds.delete_db_instance(DBInstanceIdentifier="deleted", SkipFinalSnapshot=True)
    lifecycle.reset(slower)
    assert rds.describe_db_instances()["DBInstances"] == []
    assert status.collect(slower)["databases"] == []


def test_calls_of_the_user_are_counted_by_service(slower: Sandbox) -> None:
    before = status.collect(slower)["calls"]
    for _time in range(2):
        account.client(slower, "ec2").describe_vpcs()
    account.client(slower, "iam").list_roles()
    after = status.collect(slower)["calls"]
    assert (after["ec2"] - before.get("ec2", 0), after["iam"] - before.get("iam", 0)) == (2, 1)


def test_a_tally_is_sorted_by_name() -> None:
    tally = Tally()
    for name in ("two", "one", "two"):
        tally.add(name)
    assert list(tally.counts().items()) == [("one", 1), ("two", 2)]
