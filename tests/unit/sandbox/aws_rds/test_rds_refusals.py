# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the emulated RDS refuses, as AWS would, and what it does not pretend to do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

REQUEST = {
    "DBInstanceIdentifier": "refused",
    "Engine": "postgres",
    "DBInstanceClass": "db.t4g.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "postgres",
    "MasterUserPassword": "long-enough",
}


@pytest.fixture(scope="module", autouse=True)
def account(patched: Any) -> None:
    """A group per major and one protected instance."""
    rds = patched("rds")
    for major in (16, 17):
        rds.create_db_parameter_group(
            DBParameterGroupName=f"pg{major}", DBParameterGroupFamily=f"postgres{major}", Description="unit"
        )
    existing = {"DBInstanceIdentifier": "kept", "DBParameterGroupName": "pg17", "DeletionProtection": True}
    rds.create_db_instance(**{**REQUEST, **existing, "EngineVersion": "17.9", "AllocatedStorage": 50})


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return f"{error['Code']}: {error['Message']}"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"EngineVersion": "99.9"}, "InvalidParameterCombination: Cannot find version 99.9 for postgres"),
        ({"EngineVersion": "14"}, "InvalidParameterCombination: Cannot find version 14 for postgres"),
        ({"Engine": "mysql"}, "NotImplemented: "),
        ({"MasterUserPassword": "short"}, "InvalidParameterValue: The parameter MasterUserPassword is not a valid"),
        ({"MasterUserPassword": "x" * 129}, "InvalidParameterValue: The parameter MasterUserPassword is not a valid"),
        (
            {"MasterUserPassword": "with@sign1"},
            "InvalidParameterValue: The parameter MasterUserPassword is not a valid",
        ),
        (
            {"MasterUserPassword": "with space1"},
            "InvalidParameterValue: The parameter MasterUserPassword is not a vali",
        ),
        ({"MasterUserPassword": ""}, "InvalidParameterValue: The parameter MasterUserPassword must be provided"),
        ({"ManageMasterUserPassword": True}, "NotImplemented: "),
        ({"MasterUsername": "rdsadmin"}, "InvalidParameterValue: MasterUsername rdsadmin cannot be used"),
        ({"MasterUsername": "1st"}, "InvalidParameterValue: The parameter MasterUsername is not a valid identifier"),
        ({"DBName": "no-hyphens"}, "InvalidParameterValue: DBName must begin with a letter"),
        ({"DBInstanceClass": "db.nope"}, "InvalidParameterValue: Invalid DB Instance class: db.nope"),
        ({"AllocatedStorage": 5}, "InvalidParameterValue: Invalid storage size for engine name postgres"),
        ({"DBParameterGroupName": "nobody"}, "DBParameterGroupNotFound: "),
        ({"DBParameterGroupName": "pg16"}, "InvalidParameterCombination: The parameter group pg16 with DBParameterGr"),
        ({"DBInstanceIdentifier": "kept"}, "DBInstanceAlreadyExists: "),
    ],
)
def test_creation(rds: Any, change: dict[str, Any], expected: str) -> None:
    assert refusal(rds.create_db_instance, **{**REQUEST, **change}).startswith(expected)
    names = [database["DBInstanceIdentifier"] for database in rds.describe_db_instances()["DBInstances"]]
    assert "refused" not in names


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"MasterUserPassword": "short"}, "InvalidParameterValue: "),
        ({"EngineVersion": "16.11"}, "InvalidParameterCombination: Cannot upgrade postgres from 17.9 to 16.11"),
        ({"EngineVersion": "17.99"}, "InvalidParameterCombination: Cannot find version 17.99"),
        ({"AllocatedStorage": 20}, "InvalidParameterCombination: Invalid storage size"),
        ({"DBParameterGroupName": "pg16"}, "InvalidParameterCombination: The parameter group pg16"),
        ({"NewDBInstanceIdentifier": "other"}, "NotImplemented: "),
        ({"DBInstanceClass": "huge"}, "InvalidParameterValue: Invalid DB Instance class: huge"),
    ],
)
def test_modification(rds: Any, change: dict[str, Any], expected: str) -> None:
    assert refusal(rds.modify_db_instance, DBInstanceIdentifier="kept", **change).startswith(expected)


@pytest.mark.parametrize(
    ("name", "value", "method", "expected"),
    [
        ("nobody", "1", "immediate", "InvalidParameterValue: Could not find parameter with name: nobody"),
        ("max_wal_senders", "9", "immediate", "InvalidParameterCombination: cannot use immediate apply method"),
        ("wal_level", "logical", "pending-reboot", "InvalidParameterValue: The parameter wal_level cannot be modified"),
        ("rds.force_ssl", "2", "immediate", "InvalidParameterValue: Invalid parameter value: 2 for: rds.force_ssl"),
    ],
)
def test_parameters(rds: Any, name: str, value: str, method: str, expected: str) -> None:
    change = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    answer = refusal(rds.modify_db_parameter_group, DBParameterGroupName="pg17", Parameters=[change])
    assert answer.startswith(expected)


def test_at_most_twenty_parameters(rds: Any) -> None:
    change = {"ParameterName": "rds.force_ssl", "ParameterValue": "1", "ApplyMethod": "immediate"}
    answer = refusal(rds.modify_db_parameter_group, DBParameterGroupName="pg17", Parameters=[change] * 21)
    assert answer.startswith("InvalidParameterValue: Number of parameters")


def test_unknown_family(rds: Any) -> None:
    answer = refusal(
        rds.create_db_parameter_group, DBParameterGroupName="g", DBParameterGroupFamily="postgres9", Description="d"
    )
    assert answer == "InvalidParameterValue: ParameterGroupFamily postgres9 is not a valid parameter group family"


def test_protected_instance_is_kept(rds: Any) -> None:
    answer = refusal(rds.delete_db_instance, DBInstanceIdentifier="kept", SkipFinalSnapshot=True)
    assert answer.startswith("InvalidParameterCombination: Cannot delete protected DB Instance")


def test_replicas_and_copies_are_not_pretended(rds: Any) -> None:
    call = rds.copy_db_snapshot
    copy = {"SourceDBSnapshotIdentifier": "s", "TargetDBSnapshotIdentifier": "t"}
    assert refusal(call, **copy).startswith("NotImplemented: ")
    replica = {"DBInstanceIdentifier": "r", "SourceDBInstanceIdentifier": "kept"}
    assert refusal(rds.create_db_instance_read_replica, **replica).startswith("NotImplemented: ")


@pytest.fixture(scope="module")
def snapshot(account: None, patched: Any) -> str:
    patched("rds").create_db_snapshot(DBInstanceIdentifier="kept", DBSnapshotIdentifier="saved")
    return "saved"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"DBSnapshotIdentifier": "nobody"}, "DBSnapshotNotFound: "),
        ({"DBInstanceIdentifier": "kept"}, "DBInstanceAlreadyExists: "),
        ({"DBInstanceClass": "huge"}, "InvalidParameterValue: Invalid DB Instance class: huge"),
        ({"AllocatedStorage": 20}, "InvalidParameterValue: The allocated storage size can't be less than the source"),
        ({"AllocatedStorage": 5}, "InvalidParameterValue: Invalid storage size"),
        ({"DBParameterGroupName": "pg16"}, "InvalidParameterCombination: The parameter group pg16"),
        ({"ManageMasterUserPassword": True}, "NotImplemented: "),
    ],
)
def test_restore_of_a_snapshot(rds: Any, snapshot: str, change: dict[str, Any], expected: str) -> None:
    request = {"DBInstanceIdentifier": "refused", "DBSnapshotIdentifier": snapshot, **change}
    assert refusal(rds.restore_db_instance_from_db_snapshot, **request).startswith(expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"SourceDBInstanceIdentifier": "nobody"}, "DBInstanceNotFound: "),
        ({"TargetDBInstanceIdentifier": "kept"}, "DBInstanceAlreadyExists: "),
        ({"UseLatestRestorableTime": False}, "InvalidParameterCombination: Either RestoreTime"),
        ({"RestoreTime": "2026-11-26T04:00:00Z"}, "InvalidParameterCombination: Either RestoreTime"),
        (
            {"UseLatestRestorableTime": False, "RestoreTime": "2026-11-26T04:00:00Z"},
            "NotImplemented: The sandbox does not do this yet: a restore to an earlier time",
        ),
        ({"DBParameterGroupName": "pg16"}, "InvalidParameterCombination: The parameter group pg16"),
    ],
)
def test_restore_to_a_time(rds: Any, change: dict[str, Any], expected: str) -> None:
    names = {"SourceDBInstanceIdentifier": "kept", "TargetDBInstanceIdentifier": "refused"}
    request: dict[str, Any] = {**names, "UseLatestRestorableTime": True, **change}
    assert refusal(rds.restore_db_instance_to_point_in_time, **request).startswith(expected)


def test_without_backups_there_is_no_time_to_restore_to(rds: Any) -> None:
    rds.create_db_instance(**{**REQUEST, "DBInstanceIdentifier": "forgetful", "BackupRetentionPeriod": 0})
    request = {"SourceDBInstanceIdentifier": "forgetful", "TargetDBInstanceIdentifier": "refused"}
    answer = refusal(rds.restore_db_instance_to_point_in_time, **request, UseLatestRestorableTime=True)
    assert answer.startswith("PointInTimeRestoreNotEnabled: ")


def test_only_an_available_instance_is_saved(rds: Any) -> None:
    rds.create_db_instance(**{**REQUEST, "DBInstanceIdentifier": "asleep"})
    rds.describe_db_instances(DBInstanceIdentifier="asleep")
    rds.stop_db_instance(DBInstanceIdentifier="asleep")
    request = {"DBInstanceIdentifier": "asleep", "DBSnapshotIdentifier": "dreams"}
    assert refusal(rds.create_db_snapshot, **request).startswith("InvalidDBInstanceState: ")
    assert refusal(rds.create_db_snapshot, **{**request, "DBInstanceIdentifier": "no"}).startswith("DBInstanceNotFound")


@pytest.mark.parametrize("skip", [True, False])
def test_deletion_without_a_word_about_the_data(rds: Any, skip: bool) -> None:
    identifier = f"left-{skip}".lower()
    rds.create_db_instance(**{**REQUEST, "DBInstanceIdentifier": identifier})
    final = {"FinalDBSnapshotIdentifier": "last"} if skip else {}
    request = {"DBInstanceIdentifier": identifier, "SkipFinalSnapshot": skip, **final}
    assert refusal(rds.delete_db_instance, **request).startswith("InvalidParameterCombination: FinalDBSnapshotIdent")


def test_engine_versions(rds: Any) -> None:
    def versions(**options: Any) -> list[str]:
        answer = rds.describe_db_engine_versions(Engine="postgres", **options)
        return [version["EngineVersion"] for version in answer["DBEngineVersions"]]

    assert versions(DefaultOnly=True) == versions(EngineVersion="17")[-1:]
    assert versions(EngineVersion="17.9") == ["17.9"]
    assert {version.partition(".")[0] for version in versions()} == {"15", "16", "17"}
    assert versions(EngineVersion="14") == []
