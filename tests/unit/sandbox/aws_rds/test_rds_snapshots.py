# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Snapshots and restores: real data goes from one real server to another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.aws.rds import instances
from sandbox.postgres import backup
from sandbox.postgres.server import authority
from sandbox.state import Sandbox

PASSWORDS = ("first-Master-pw", "second-Master-pw")
TAGS = [{"Key": "team", "Value": "platform"}]


def connect(sandbox: Sandbox, identifier: str, password: str = PASSWORDS[0]) -> psycopg.Connection[Any]:
    """A client's connection, which checks certificate and name as far as a sandbox allows."""
    (facts,) = [facts for facts in instances(sandbox) if facts["identifier"] == identifier]
    return psycopg.connect(
        host="127.0.0.1",
        port=facts["local_port"],
        user="postgres",
        password=password,
        dbname="app",
        sslmode="verify-full",
        sslrootcert=str(authority(sandbox).certificate_path),
        autocommit=True,
    )


def rows(sandbox: Sandbox, identifier: str, password: str = PASSWORDS[0]) -> list[str]:
    with connect(sandbox, identifier, password) as connection:
        return [row[0] for row in connection.execute("SELECT word FROM said ORDER BY word")]


def say(sandbox: Sandbox, word: str) -> None:
    with connect(sandbox, "source") as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS said (word text)")
        connection.execute("INSERT INTO said VALUES (%s)", [word])


def describe(rds: Any, identifier: str) -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0]
    return found


@pytest.fixture
def source(real: tuple[Sandbox, Any]) -> tuple[Sandbox, Any]:
    """A sandbox with an instance that says `before`, and an RDS client."""
    sandbox, rds = real
    rds.create_db_instance(
        DBInstanceIdentifier="source",
        Engine="postgres",
        EngineVersion="17.9",
        DBInstanceClass="db.m7g.large",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword=PASSWORDS[0],
        DBName="app",
        BackupRetentionPeriod=7,
        DeletionProtection=True,
        CopyTagsToSnapshot=True,
        Tags=TAGS,
    )
    assert describe(rds, "source")["DBInstanceStatus"] == "available"
    say(sandbox, "before")
    return sandbox, rds


def test_data_goes_into_a_snapshot_and_out_of_it(source: tuple[Sandbox, Any]) -> None:
    sandbox, rds = source
    saved = rds.create_db_snapshot(DBInstanceIdentifier="source", DBSnapshotIdentifier="Saved")["DBSnapshot"]
    assert (saved["Status"], saved["AllocatedStorage"], saved["TagList"]) == ("available", 20, TAGS)
    say(sandbox, "later")
    rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="again", DBSnapshotIdentifier=saved["DBSnapshotArn"], AllocatedStorage=30, MultiAZ=True
    )
    restored = describe(rds, "again")
    assert (restored["DBInstanceStatus"], restored["EngineVersion"], restored["DBName"]) == ("available", "17.9", "app")
    assert (restored["AllocatedStorage"], restored["MultiAZ"], restored["BackupRetentionPeriod"]) == (30, True, 7)
    # Nothing is taken over that the API reference does not say so of.
    assert not restored["DeletionProtection"] and restored["TagList"] == []
    assert rows(sandbox, "again") == ["before"]
    assert rows(sandbox, "source") == ["before", "later"]

    rds.modify_db_instance(DBInstanceIdentifier="again", MasterUserPassword=PASSWORDS[1], ApplyImmediately=True)
    assert rows(sandbox, "again", PASSWORDS[1]) == ["before"]
    assert rows(sandbox, "source") == ["before", "later"]

    rds.delete_db_snapshot(DBSnapshotIdentifier="saved")
    assert list(sandbox.path("snapshots").iterdir()) == []


def test_data_goes_into_the_last_snapshot_of_an_instance(source: tuple[Sandbox, Any]) -> None:
    sandbox, rds = source
    rds.modify_db_instance(DBInstanceIdentifier="source", DeletionProtection=False, ApplyImmediately=True)
    rds.delete_db_instance(DBInstanceIdentifier="source", FinalDBSnapshotIdentifier="last")
    assert instances(sandbox) == []
    request = {"DBInstanceIdentifier": "source", "DBSnapshotIdentifier": "last"}
    rds.restore_db_instance_from_db_snapshot(**request)
    assert describe(rds, "source")["DBInstanceStatus"] == "available"
    assert rows(sandbox, "source") == ["before"]


def test_latest_data_goes_into_an_instance(source: tuple[Sandbox, Any]) -> None:
    sandbox, rds = source
    rds.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier="source", TargetDBInstanceIdentifier="twin", UseLatestRestorableTime=True
    )
    assert describe(rds, "twin")["DBInstanceStatus"] == "available"
    say(sandbox, "later")
    assert rows(sandbox, "twin") == ["before"]
    assert list(sandbox.path("snapshots").iterdir()) == []


def test_a_snapshot_that_is_not_whole_is_none(tmp_path: Path) -> None:
    """A log whose first segment is gone by the time it is copied cannot be replayed."""

    class Connection:
        def execute(self, statement: str) -> Any:
            (data / "pg_wal" / "000000010000000000000002").unlink(missing_ok=True)
            return self if "pg_backup_stop" in statement else None

        def fetchone(self) -> tuple[str]:
            return ("START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n",)

    data = tmp_path / "data"
    (data / "pg_wal").mkdir(parents=True)
    (data / "pg_wal" / "000000010000000000000002").touch()
    connection: Any = Connection()
    with pytest.raises(backup.BackupError, match="take the snapshot again"):
        backup.back_up(connection, data, tmp_path / "copy", lambda path: None)


def test_what_a_copy_leaves_out(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    for name in ("base/5/1259", "base/5/pg_internal.init", "pg_replslot/slot/state", "postmaster.pid", "PG_VERSION"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("17")
    given: list[Path] = []
    backup.copy_folder(data, copy, given.append, emptied=frozenset({"pg_replslot"}))
    names = {str(path.relative_to(copy)) for path in copy.rglob("*")}
    assert names == {"base", "base/5", "base/5/1259", "pg_replslot", "PG_VERSION"}
    assert set(given) == {copy, *copy.rglob("*")}
    assert {path.stat().st_mode & 0o777 for path in copy.rglob("*")} == {0o600, 0o700}
