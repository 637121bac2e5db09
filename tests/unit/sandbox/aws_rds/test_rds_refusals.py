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


def test_snapshots_are_not_pretended(rds: Any) -> None:
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    call = rds.create_db_snapshot
    assert refusal(call, DBInstanceIdentifier="kept", DBSnapshotIdentifier="s").startswith("NotImplemented: ")
    restore = rds.restore_db_instance_from_db_snapshot
    assert refusal(restore, DBInstanceIdentifier="n", DBSnapshotIdentifier="s").startswith("NotImplemented: ")


def test_engine_versions(rds: Any) -> None:
    def versions(**options: Any) -> list[str]:
        answer = rds.describe_db_engine_versions(Engine="postgres", **options)
        return [version["EngineVersion"] for version in answer["DBEngineVersions"]]

    assert versions(DefaultOnly=True) == versions(EngineVersion="17")[-1:]
    assert versions(EngineVersion="17.9") == ["17.9"]
    assert {version.partition(".")[0] for version in versions()} == {"15", "16", "17"}
    assert versions(EngineVersion="14") == []
