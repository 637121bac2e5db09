# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A canary per gap: stock moto still has it (else our patch can go), and our emulator has not."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from sandbox.aws.rds import gaps, parameter_groups

Account = Callable[[str], Any]


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def instance(rds: Any, **options: Any) -> dict[str, Any]:
    identifier = unique("db")
    rds.create_db_instance(
        **{
            "DBInstanceIdentifier": identifier,
            "Engine": "postgres",
            "EngineVersion": "17.9",
            "DBInstanceClass": "db.m7g.large",
            "AllocatedStorage": 20,
            "MasterUsername": "postgres",
            "MasterUserPassword": "long-enough",
            **options,
        }
    )
    found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    return found


def group(rds: Any) -> str:
    name = unique("group")
    rds.create_db_parameter_group(DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="unit")
    return name


def subnets(account: Account, zones: str) -> list[str]:
    ec2 = account("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    made = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for number, zone in enumerate(zones)
    ]
    return [answer["Subnet"]["SubnetId"] for answer in made]


def subnet_group(account: Account, zones: str = "ab") -> str:
    name = unique("subnets")
    account("rds").create_db_subnet_group(
        DBSubnetGroupName=name, DBSubnetGroupDescription="unit", SubnetIds=subnets(account, zones)
    )
    return name


def succeeds(call: Callable[..., Any], **options: Any) -> bool:
    try:
        call(**options)
    except (ClientError, ResponseParserError):
        # moto answers with a page of HTML when it does not know the operation.
        return False
    return True


def no_gp3_defaults(account: Account) -> bool:
    database = instance(account("rds"), StorageType="gp3")
    return (database.get("Iops"), database.get("StorageThroughput")) != (3000, 125)


def insights_dropped(account: Account) -> bool:
    rds = account("rds")
    database = instance(rds, EnablePerformanceInsights=True)
    identifier = database["DBInstanceIdentifier"]
    rds.modify_db_instance(DBInstanceIdentifier=identifier, EnablePerformanceInsights=False, ApplyImmediately=True)
    after = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    before = (database.get("PerformanceInsightsEnabled"), database.get("PerformanceInsightsRetentionPeriod"))
    return before != (True, 7) or after.get("PerformanceInsightsEnabled") is not False


def settings_dropped(account: Account) -> bool:
    rds = account("rds")
    asked = {"EngineLifecycleSupport": "open-source-rds-extended-support-disabled", "DatabaseInsightsMode": "advanced"}
    defaults = {"EngineLifecycleSupport": "open-source-rds-extended-support", "DatabaseInsightsMode": "standard"}
    found = instance(rds, **asked, EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=465)
    bare = instance(rds)
    return any(found.get(name) != asked[name] or bare.get(name) != defaults[name] for name in asked)


def log_exports_not_repeated(account: Account) -> bool:
    rds = account("rds")
    place = {"DBInstanceIdentifier": instance(rds)["DBInstanceIdentifier"], "ApplyImmediately": True}
    for exports, left in (({"EnableLogTypes": ["upgrade"]}, ["upgrade"]), ({"DisableLogTypes": ["upgrade"]}, [])):
        for _time in range(2):
            if not succeeds(rds.modify_db_instance, **place, CloudwatchLogsExportConfiguration=exports):
                return True
        found = rds.describe_db_instances(DBInstanceIdentifier=place["DBInstanceIdentifier"])["DBInstances"][0]
        if found.get("EnabledCloudwatchLogsExports", []) != left:
            return True
    return False


def no_default_subnet_group(account: Account) -> bool:
    return "DBSubnetGroup" not in instance(account("rds"))


def constant_resource_id(account: Account) -> bool:
    rds = account("rds")
    return len({instance(rds)["DbiResourceId"] for _unused in range(2)}) == 1


def any_key_accepted(account: Account) -> bool:
    kms = account("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/unit", TargetKeyId=key["KeyId"])
    rds = account("rds")
    try:
        known = instance(rds, StorageEncrypted=True, KmsKeyId="alias/unit")["KmsKeyId"] == key["Arn"]
    finally:
        kms.delete_alias(AliasName="alias/unit")
    try:
        instance(rds, StorageEncrypted=True, KmsKeyId="alias/nobody")
    except ClientError as error:
        return not known or error.response["Error"]["Code"] != "KMSKeyNotAccessibleFault"
    return True


def modified_subnet_group_vanishes(account: Account) -> bool:
    rds, name = account("rds"), subnet_group(account)
    rds.modify_db_subnet_group(DBSubnetGroupName=name, SubnetIds=subnets(account, "abc"))
    return not succeeds(rds.describe_db_subnet_groups, DBSubnetGroupName=name)


def one_zone_accepted(account: Account) -> bool:
    try:
        subnet_group(account, zones="a")
    except ClientError as error:
        return error.response["Error"]["Code"] != "DBSubnetGroupDoesNotCoverEnoughAZs"
    return True


def subnet_group_in_use_deleted(account: Account) -> bool:
    rds, name = account("rds"), subnet_group(account)
    instance(rds, DBSubnetGroupName=name)
    return succeeds(rds.delete_db_subnet_group, DBSubnetGroupName=name)


def no_engine_versions(account: Account) -> bool:
    return not succeeds(account("rds").describe_db_engine_versions, Engine="postgres")


def nothing_to_order(account: Account) -> bool:
    asked = {"Engine": "postgres", "EngineVersion": "17.9", "DBInstanceClass": "db.m7g.large"}
    return not account("rds").describe_orderable_db_instance_options(**asked)["OrderableDBInstanceOptions"]


def unknown_group_not_reported(account: Account) -> bool:
    return succeeds(account("rds").describe_db_parameter_groups, DBParameterGroupName="nobody")


def new_group_empty(account: Account) -> bool:
    rds = account("rds")
    return not rds.describe_db_parameters(DBParameterGroupName=group(rds))["Parameters"]


def any_parameter_accepted(account: Account) -> bool:
    rds = account("rds")
    change = {"ParameterName": "nobody", "ParameterValue": "1", "ApplyMethod": "immediate"}
    return succeeds(rds.modify_db_parameter_group, DBParameterGroupName=group(rds), Parameters=[change])


def group_in_use_deleted(account: Account) -> bool:
    rds = account("rds")
    name = group(rds)
    database = instance(rds, DBParameterGroupName=name)
    deleted = succeeds(rds.delete_db_parameter_group, DBParameterGroupName=name)
    if deleted:
        # With its group gone, moto answers 500 to whoever asks for the instance.
        rds.create_db_parameter_group(
            DBParameterGroupName=name, DBParameterGroupFamily="postgres17", Description="again"
        )
        rds.delete_db_instance(DBInstanceIdentifier=database["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    return deleted


def no_family_defaults(account: Account) -> bool:
    rds = account("rds")
    try:
        defaults = rds.describe_engine_default_parameters(DBParameterGroupFamily="postgres17")["EngineDefaults"]
    except (ClientError, ResponseParserError):
        return True
    of_group = rds.describe_db_parameters(DBParameterGroupName=group(rds))["Parameters"]
    return (
        not defaults["Parameters"]
        or not of_group
        or succeeds(rds.describe_engine_default_parameters, DBParameterGroupFamily="postgres9")
    )


CANARIES: dict[Callable[[], None], Callable[[Account], bool]] = {
    gaps.patch_gp3_defaults: no_gp3_defaults,
    gaps.patch_performance_insights: insights_dropped,
    gaps.patch_dropped_settings: settings_dropped,
    gaps.patch_log_exports: log_exports_not_repeated,
    gaps.patch_default_subnet_group: no_default_subnet_group,
    gaps.patch_resource_id: constant_resource_id,
    gaps.patch_kms_key: any_key_accepted,
    gaps.patch_subnet_group_modification: modified_subnet_group_vanishes,
    gaps.patch_subnet_group_coverage: one_zone_accepted,
    gaps.patch_subnet_group_in_use: subnet_group_in_use_deleted,
    gaps.patch_engine_versions: no_engine_versions,
    gaps.patch_orderable_options: nothing_to_order,
    parameter_groups.patch_unknown_group: unknown_group_not_reported,
    parameter_groups.patch_new_group: new_group_empty,
    parameter_groups.patch_modification: any_parameter_accepted,
    parameter_groups.patch_group_in_use: group_in_use_deleted,
    parameter_groups.patch_family_defaults: no_family_defaults,
}


def test_every_patch_has_a_canary() -> None:
    assert set(CANARIES) == {*gaps.PATCHES, *parameter_groups.PATCHES}


@pytest.mark.parametrize("patch", CANARIES, ids=lambda patch: str(patch.__name__))
def test_stock_moto_still_has_the_gap(patch: Callable[[], None], stock: Account) -> None:
    assert CANARIES[patch](stock), f"moto has closed this gap: remove {patch.__module__}.{patch.__name__}"


@pytest.mark.parametrize("patch", CANARIES, ids=lambda patch: str(patch.__name__))
def test_emulator_has_closed_the_gap(patch: Callable[[], None], patched: Account) -> None:
    assert not CANARIES[patch](patched)
