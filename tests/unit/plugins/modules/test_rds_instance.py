# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module rds_instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import rds_instance

NAME = "production"
ACCOUNT = "123456789012"
ARN = f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:{NAME}"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
OTHER_KEY = KEY.replace("0123", "9999")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/production-monitoring"
PASSWORD = "a-Good-one_of-40"
MISSING = "DBInstanceNotFound: DBInstance production not found."
Call = tuple[str, dict[str, Any], Any]

OPTIONS: dict[str, Any] = {
    "name": "Production",
    "engine_version": "17",
    "instance_class": "db.m7g.large",
    "multi_az": True,
    "allocated_storage": 100,
    "max_allocated_storage": 500,
    "storage_type": "gp3",
    "kms_key_arn": KEY,
    "master_username": "postgres",
    "master_user_password": PASSWORD,
    "database_name": "postgres",
    "port": 5432,
    "subnet_group_name": "production",
    "security_group_ids": ["sg-2", "sg-1"],
    "parameter_group_name": "production-postgres17",
    "publicly_accessible": False,
    "backup_retention_period": 14,
    "preferred_backup_window": "03:00-04:00",
    "preferred_maintenance_window": "Sun:04:30-Sun:05:30",
    "copy_tags_to_snapshot": True,
    "auto_minor_version_upgrade": True,
    "engine_lifecycle_support": "open-source-rds-extended-support-disabled",
    "deletion_protection": True,
    "monitoring_interval": 60,
    "monitoring_role_arn": ROLE,
    "performance_insights": True,
    "performance_insights_kms_key_arn": KEY,
    "performance_insights_retention_period": 7,
    "database_insights_mode": "standard",
    "cloudwatch_logs_exports": ["upgrade", "postgresql"],
    "apply_immediately": True,
    "tags": {"team": "platform"},
}
# What goes into every request that makes an instance like that.
MADE: dict[str, Any] = {
    "DBInstanceIdentifier": NAME,
    "DBInstanceClass": "db.m7g.large",
    "MultiAZ": True,
    "AllocatedStorage": 100,
    "StorageType": "gp3",
    "Port": 5432,
    "DBSubnetGroupName": "production",
    "VpcSecurityGroupIds": ["sg-1", "sg-2"],
    "DBParameterGroupName": "production-postgres17",
    "PubliclyAccessible": False,
    "BackupRetentionPeriod": 14,
    "PreferredBackupWindow": "03:00-04:00",
    "CopyTagsToSnapshot": True,
    "AutoMinorVersionUpgrade": True,
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "DeletionProtection": True,
    "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
    "Tags": [{"Key": "team", "Value": "platform"}],
}
NOT_RESTORED: dict[str, Any] = {
    "PreferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "MonitoringInterval": 60,
    "MonitoringRoleArn": ROLE,
    "EnablePerformanceInsights": True,
    "PerformanceInsightsKMSKeyId": KEY,
    "PerformanceInsightsRetentionPeriod": 7,
    "DatabaseInsightsMode": "standard",
}
CREATE: Call = (
    "create_db_instance",
    {
        **MADE,
        **NOT_RESTORED,
        "Engine": "postgres",
        "EngineVersion": "17",
        "MaxAllocatedStorage": 500,
        "KmsKeyId": KEY,
        "StorageEncrypted": True,
        "MasterUsername": "postgres",
        "MasterUserPassword": PASSWORD,
        "DBName": "postgres",
    },
    {},
)
INSTANCE: dict[str, Any] = {
    "DBInstanceIdentifier": NAME,
    "DBInstanceArn": ARN,
    "DbiResourceId": "db-ABC",
    "DBInstanceStatus": "available",
    "Engine": "postgres",
    "EngineVersion": "17.9",
    "DBInstanceClass": "db.m7g.large",
    "MultiAZ": True,
    "AllocatedStorage": 100,
    "MaxAllocatedStorage": 500,
    "StorageType": "gp3",
    "StorageEncrypted": True,
    "KmsKeyId": KEY,
    "MasterUsername": "postgres",
    "DBName": "postgres",
    "Endpoint": {"Address": "production.example.rds.amazonaws.com", "Port": 5432},
    "DBSubnetGroup": {"DBSubnetGroupName": "production"},
    "VpcSecurityGroups": [
        {"VpcSecurityGroupId": "sg-2", "Status": "active"},
        {"VpcSecurityGroupId": "sg-1", "Status": "active"},
        {"VpcSecurityGroupId": "sg-0", "Status": "removing"},
    ],
    "DBParameterGroups": [{"DBParameterGroupName": "production-postgres17", "ParameterApplyStatus": "in-sync"}],
    "PubliclyAccessible": False,
    "BackupRetentionPeriod": 14,
    "PreferredBackupWindow": "03:00-04:00",
    "PreferredMaintenanceWindow": "sun:04:30-sun:05:30",
    "CopyTagsToSnapshot": True,
    "AutoMinorVersionUpgrade": True,
    "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
    "DeletionProtection": True,
    "MonitoringInterval": 60,
    "MonitoringRoleArn": ROLE,
    "PerformanceInsightsEnabled": True,
    "PerformanceInsightsKMSKeyId": KEY,
    "PerformanceInsightsRetentionPeriod": 7,
    "DatabaseInsightsMode": "standard",
    "EnabledCloudwatchLogsExports": ["upgrade", "postgresql"],
    "TagList": [{"Key": "team", "Value": "platform"}],
}


def described(**changes: Any) -> dict[str, Any]:
    """Return an instance as RDS describes it; a change to None takes a member away."""
    return {name: value for name, value in {**INSTANCE, **changes}.items() if value is not None}


def read(answer: dict[str, Any] | str | None = None) -> Call:
    """Return the expected DescribeDBInstances call, by default of the instance."""
    return (
        "describe_db_instances",
        {"DBInstanceIdentifier": NAME},
        answer if isinstance(answer, str) else {"DBInstances": [answer or INSTANCE]},
    )


def modify(**request: Any) -> Call:
    """Return the expected ModifyDBInstance call."""
    return ("modify_db_instance", {"DBInstanceIdentifier": NAME, "ApplyImmediately": True, **request}, {})


GONE = read(MISSING)
BUSY = described(DBInstanceStatus="creating", Endpoint=None)
PENDING = described(PendingModifiedValues={"DBInstanceClass": "db.m7g.large"})
UNPROTECTED = described(DeletionProtection=False)
ABSENT = {"name": NAME, "state": "absent", "final_snapshot": "last"}
DELETE: Call = (
    "delete_db_instance",
    {"DBInstanceIdentifier": NAME, "SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": "last"},
    {},
)
VALUES = {"name": NAME, "arn": ARN, "port": 5432, "engine": "postgres", "security_group_ids": ["sg-1", "sg-2"]}
SMALL = described(DBInstanceClass="db.t4g.medium", AllocatedStorage=50)
OPEN = described(
    DeletionProtection=False,
    BackupRetentionPeriod=0,
    MonitoringInterval=0,
    MonitoringRoleArn=None,
    EnabledCloudwatchLogsExports=["iam-db-auth-error", "postgresql"],
    Endpoint={"Address": "production.example.rds.amazonaws.com", "Port": 5433},
)
REPAIR = modify(
    DeletionProtection=True,
    BackupRetentionPeriod=14,
    MonitoringInterval=60,
    MonitoringRoleArn=ROLE,
    CloudwatchLogsExportConfiguration={"EnableLogTypes": ["upgrade"], "DisableLogTypes": ["iam-db-auth-error"]},
    DBPortNumber=5432,
)
BLIND = described(
    PerformanceInsightsEnabled=False, PerformanceInsightsKMSKeyId=None, PerformanceInsightsRetentionPeriod=None
)
SEE = modify(
    EnablePerformanceInsights=True,
    PerformanceInsightsKMSKeyId=KEY,
    PerformanceInsightsRetentionPeriod=7,
    DatabaseInsightsMode="standard",
)
LONGER = modify(EnablePerformanceInsights=True, PerformanceInsightsRetentionPeriod=93, DatabaseInsightsMode="standard")
RETAG: list[Call] = [
    ("add_tags_to_resource", {"ResourceName": ARN, "Tags": [{"Key": "team", "Value": "platform"}]}, {}),
    ("remove_tags_from_resource", {"ResourceName": ARN, "TagKeys": ["mood"]}, {}),
]

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned instance
    "create": (OPTIONS, [GONE], [CREATE, read(BUSY), read()], True, {**VALUES, "deletion_protection": True}),
    "no-op": (OPTIONS, [read()], [], False, {**VALUES, "engine_version": "17.9"}),
    "larger": (
        OPTIONS,
        [read(SMALL)],
        [modify(DBInstanceClass="db.m7g.large", AllocatedStorage=100), read(PENDING), read()],
        True,
        {**VALUES, "allocated_storage": 100},
    ),
    "repair": (OPTIONS, [read(OPEN)], [REPAIR, read()], True, {**VALUES, "monitoring_interval": 60}),
    "insights on": (OPTIONS, [read(BLIND)], [SEE, read()], True, {**VALUES, "performance_insights": True}),
    "insights longer": (
        {**OPTIONS, "performance_insights_retention_period": 93},
        [read()],
        [LONGER, read(described(PerformanceInsightsRetentionPeriod=93))],
        True,
        {"performance_insights_retention_period": 93},
    ),
    "insights off": (
        {**OPTIONS, "performance_insights": False},
        [read()],
        [modify(EnablePerformanceInsights=False, DatabaseInsightsMode="standard"), read(BLIND)],
        True,
        {"performance_insights": False},
    ),
    "monitoring off": (
        {**OPTIONS, "monitoring_interval": 0},
        [read()],
        [modify(MonitoringInterval=0), read(described(MonitoringInterval=0))],
        True,
        {"monitoring_interval": 0},
    ),
    "minor upgrade": (
        {**OPTIONS, "engine_version": "17.10"},
        [read()],
        [modify(EngineVersion="17.10"), read(described(EngineVersion="17.10"))],
        True,
        {"engine_version": "17.10"},
    ),
    "tags": (OPTIONS, [read(described(TagList=[{"Key": "mood", "Value": "x"}]))], [*RETAG, read()], True, VALUES),
    "under way": (
        OPTIONS,
        [read(described(DBInstanceClass="db.t4g.medium", PendingModifiedValues={"DBInstanceClass": "db.m7g.large"}))],
        [],
        False,
        {"instance_class": "db.m7g.large"},
    ),
    "delete": ({**ABSENT, "wait": False}, [read(UNPROTECTED)], [DELETE], True, None),
    "delete missing": (ABSENT, [GONE], [], False, None),
    "delete deleting": (ABSENT, [read(described(DBInstanceStatus="deleting"))], [GONE], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, instance = MATRIX[case]
    outcome = run_module(rds_instance, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "instance", instance)


def test_prediction_has_the_keys_of_a_real_instance(run_module: Callable[..., Any]) -> None:
    real = run_module(rds_instance, OPTIONS, [read()]).result["instance"]
    predicted = run_module(rds_instance, OPTIONS, [GONE], check_mode=True).result["instance"]
    assert set(predicted) == set(real)
    assert predicted["arn"] == ARN and predicted["exists"] is False


RESTORE: dict[str, tuple[dict[str, Any], Call]] = {
    "snapshot": (
        {"snapshot": "before"},
        ("restore_db_instance_from_db_snapshot", {**MADE, "DBSnapshotIdentifier": "before"}, {}),
    ),
    "latest": (
        {"instance": "old"},
        (
            "restore_db_instance_to_point_in_time",
            {
                **{name: value for name, value in MADE.items() if name != "DBInstanceIdentifier"},
                "SourceDBInstanceIdentifier": "old",
                "TargetDBInstanceIdentifier": NAME,
                "UseLatestRestorableTime": True,
                "MaxAllocatedStorage": 500,
            },
            {},
        ),
    ),
}


@pytest.mark.parametrize("case", RESTORE)
def test_restore_and_what_it_does_not_take(run_module: Callable[..., Any], case: str) -> None:
    source, call = RESTORE[case]
    options = {**OPTIONS, "restore_from": source, "update_password": "always"}
    restored = described(
        MonitoringInterval=0,
        MonitoringRoleArn=None,
        PerformanceInsightsEnabled=False,
        PerformanceInsightsKMSKeyId=None,
        PerformanceInsightsRetentionPeriod=None,
        PreferredMaintenanceWindow="mon:00:00-mon:01:00",
    )
    rest = modify(**NOT_RESTORED, MasterUserPassword=PASSWORD)
    outcome = run_module(rds_instance, options, [GONE, call, read(BUSY), read(restored), rest, read()])
    outcome.assert_made(True, "instance", VALUES)
    assert "password" not in outcome.result["instance"]


def test_restore_to_a_time_of_all_that_it_takes(run_module: Callable[..., Any]) -> None:
    time = "2026-11-26T04:00:00Z"
    request = {"SourceDBInstanceIdentifier": "old", "TargetDBInstanceIdentifier": NAME, "RestoreTime": time}
    call: Call = ("restore_db_instance_to_point_in_time", request, {})
    options = {"name": NAME, "restore_from": {"instance": "old", "time": time}}
    assert run_module(rds_instance, options, [GONE, call, read()]).exit_code == 0
    assert run_module(rds_instance, {**options, "wait": False}, [GONE, call, read(BUSY)]).exit_code == 0
    assert run_module(rds_instance, options, [GONE], check_mode=True).result["changed"] is True


def test_a_password_is_set_each_time_only_when_asked_for(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "update_password": "always"}
    steps = [read(), modify(MasterUserPassword=PASSWORD), read()]
    run_module(rds_instance, options, steps).assert_made(True, "instance", VALUES)
    predicted = run_module(rds_instance, options, [read()], check_mode=True)
    assert predicted.result["changed"] is True and "password" not in predicted.result["instance"]


def test_creation_is_not_waited_for(run_module: Callable[..., Any]) -> None:
    outcome = run_module(rds_instance, {**OPTIONS, "wait": False}, [GONE, CREATE, read(BUSY)])
    outcome.assert_made(True, "instance", {"status": "creating", "port": None})
    again = run_module(rds_instance, {**OPTIONS, "wait": False}, [read(BUSY)])
    again.assert_made(False, "instance", {"status": "creating"})


def test_a_change_waits_for_the_window(run_module: Callable[..., Any]) -> None:
    change = modify(DBInstanceClass="db.m7g.large", AllocatedStorage=100)
    change[1]["ApplyImmediately"] = False
    outcome = run_module(rds_instance, {**OPTIONS, "apply_immediately": False}, [read(SMALL), change, read(PENDING)])
    outcome.assert_made(True, "instance", VALUES)


def test_what_is_under_way_is_waited_for_and_compared_again(run_module: Callable[..., Any]) -> None:
    busy = read(described(DBInstanceStatus="modifying", DBInstanceClass="db.t4g.medium"))
    run_module(rds_instance, OPTIONS, [busy, busy, read()]).assert_made(False, "instance", VALUES)


def test_one_that_is_being_deleted_is_made_again(run_module: Callable[..., Any]) -> None:
    deleting = read(described(DBInstanceStatus="deleting"))
    run_module(rds_instance, OPTIONS, [deleting, deleting, GONE, CREATE, read()]).assert_made(True, "instance", VALUES)
    predicted = run_module(rds_instance, OPTIONS, [deleting], check_mode=True)
    predicted.assert_made(True, "instance", {"exists": False})


def test_a_protected_instance_is_deleted_on_purpose(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "state": "absent", "deletion_protection": False, "skip_final_snapshot": True}
    delete: Call = ("delete_db_instance", {"DBInstanceIdentifier": NAME, "SkipFinalSnapshot": True}, {})
    deleting = read(described(DBInstanceStatus="deleting"))
    steps = [read(), modify(DeletionProtection=False), delete, deleting, GONE]
    assert run_module(rds_instance, options, steps).result["changed"] is True


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any] | str, list[str]]] = {
    # changed options, what is there, parts of the message
    "engine": ({}, described(Engine="mysql"), ["engine", "'mysql'", "another name"]),
    "key": ({"kms_key_arn": OTHER_KEY}, INSTANCE, ["kms_key_arn", KEY, OTHER_KEY, "restore_from"]),
    "master": ({"master_username": "root"}, INSTANCE, ["master_username", "'root'", "restore_from"]),
    "database": ({"database_name": "app"}, INSTANCE, ["database_name", "'app'", "restore_from"]),
    "subnets": ({"subnet_group_name": "other"}, INSTANCE, ["subnet_group_name", "'other'"]),
    "shrink": ({"allocated_storage": 50}, INSTANCE, ["allocated_storage is 100", "50", "never shrinks"]),
    "downgrade": ({"engine_version": "17.8"}, INSTANCE, ["engine_version is '17.9'", "'17.8'", "never goes back"]),
    "older major": ({"engine_version": "16"}, INSTANCE, ["engine_version is '17.9'", "'16'", "never goes back"]),
    "newer major": ({"engine_version": "18"}, INSTANCE, ["engine_version is '17.9'", "'18'", "blue/green"]),
    "insights key": (
        {"performance_insights_kms_key_arn": OTHER_KEY},
        INSTANCE,
        ["performance_insights_kms_key_arn", OTHER_KEY, "off first"],
    ),
    "nothing to make one of": (
        {"allocated_storage": None, "master_user_password": None},
        MISSING,
        ["does not exist", "allocated_storage, master_user_password"],
    ),
    "failed": ({}, described(DBInstanceStatus="failed"), ["production is failed", "events"]),
    "incompatible": ({}, described(DBInstanceStatus="incompatible-network"), ["is incompatible-network"]),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals(run_module: Callable[..., Any], case: str) -> None:
    options, answer, parts = REFUSALS[case]
    message = run_module(rds_instance, {**OPTIONS, **options}, [read(answer)]).message
    assert [part for part in parts if part not in message] == []
    assert PASSWORD not in message


@pytest.mark.parametrize("password", ["short", "x" * 129, "with@sign-1", "with space1", "with/slash1", 'with"quote'])
def test_a_password_that_rds_refuses_is_never_sent_nor_told(run_module: Callable[..., Any], password: str) -> None:
    message = run_module(rds_instance, {**OPTIONS, "master_user_password": password}).message
    assert "master_user_password of production" in message and "8 to 128" in message
    assert password not in message


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"kms_key_arn": "alias/mine"}, "kms_key_arn is 'alias/mine'"),
        ({"performance_insights_kms_key_arn": "mine"}, "performance_insights_kms_key_arn is 'mine'"),
        ({"monitoring_role_arn": "mine"}, "monitoring_role_arn is 'mine'"),
        ({"monitoring_role_arn": None}, "monitoring_interval is 60"),
        ({"restore_from": {"snapshot": "a", "instance": "b"}}, "mutually exclusive"),
        ({"restore_from": {"time": "latest"}}, "one of the following is required"),
    ],
)
def test_options_that_rds_would_misread(run_module: Callable[..., Any], options: dict[str, Any], part: str) -> None:
    assert part in run_module(rds_instance, {**OPTIONS, **options}).message


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"final_snapshot": "last"}, "deletion_protection of the RDS instance production is true"),
        ({"deletion_protection": False}, "name a last snapshot"),
        ({"deletion_protection": False, "final_snapshot": "a", "skip_final_snapshot": True}, "final_snapshot is 'a'"),
    ],
)
def test_a_deletion_that_is_not_meant(run_module: Callable[..., Any], options: dict[str, Any], part: str) -> None:
    for check_mode in (False, True):
        options = {"name": NAME, "state": "absent", **options}
        assert part in run_module(rds_instance, options, [read()], check_mode=check_mode).message


@pytest.mark.parametrize(
    ("answers", "part"),
    [
        ([BUSY, described(DBInstanceStatus="incompatible-parameters")], "it is incompatible-parameters"),
        ([BUSY, MISSING], "it was deleted"),
        ([BUSY, described(DBInstanceStatus="deleting")], "it is deleting"),
    ],
)
def test_a_creation_that_fails(run_module: Callable[..., Any], answers: list[Any], part: str) -> None:
    assert part in run_module(rds_instance, OPTIONS, [GONE, CREATE, *map(read, answers)]).message


@pytest.mark.parametrize("end", ["never", "gone"])
def test_the_end_of_patience(run_module: Callable[..., Any], end: str) -> None:
    options = {**(OPTIONS if end == "never" else ABSENT), "wait_timeout": 1}
    status = read(described(DBInstanceStatus="modifying" if end == "never" else "deleting"))
    assert "Timeout after 1 s" in run_module(rds_instance, options, [status] * 3).message


def test_a_new_monitoring_role_is_waited_for(run_module: Callable[..., Any]) -> None:
    text = "InvalidParameterValue: IAM role ARN value is invalid or lacks permissions for: ENHANCED_MONITORING"
    refused = (CREATE[0], CREATE[1], text)
    run_module(rds_instance, OPTIONS, [GONE, refused, CREATE, read()]).assert_made(True, "instance", VALUES)
    refused = (REPAIR[0], REPAIR[1], text)
    run_module(rds_instance, OPTIONS, [read(OPEN), refused, REPAIR, read()]).assert_made(True, "instance", VALUES)


def test_a_change_that_rds_is_at_is_waited_for(run_module: Callable[..., Any]) -> None:
    busy = (REPAIR[0], REPAIR[1], "InvalidDBInstanceState: not in available state")
    run_module(rds_instance, OPTIONS, [read(OPEN), busy, REPAIR, read()]).assert_made(True, "instance", VALUES)
