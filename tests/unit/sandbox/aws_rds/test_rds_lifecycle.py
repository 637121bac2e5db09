# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""An instance's life: in the books only, and with a real server."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from sandbox import names, processes
from sandbox.aws.rds import instances
from sandbox.postgres.server import authority
from sandbox.state import Sandbox

PASSWORDS = ("first-Master-pw", "second-Master-pw")
ADDRESS = "life.c9akciq32rnd.eu-west-1.rds.amazonaws.com"


def change(name: str, value: str, method: str = "immediate") -> dict[str, str]:
    return {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}


def create(rds: Any) -> dict[str, Any]:
    """A group that forces TLS and an instance with it; the answer to CreateDBInstance."""
    rds.create_db_parameter_group(DBParameterGroupName="Life", DBParameterGroupFamily="postgres17", Description="unit")
    rds.modify_db_parameter_group(
        DBParameterGroupName="life",
        Parameters=[change("rds.force_ssl", "1"), change("rds.logical_replication", "1", "pending-reboot")],
    )
    answer: dict[str, Any] = rds.create_db_instance(
        DBInstanceIdentifier="Life",
        Engine="postgres",
        EngineVersion="17.9",
        DBInstanceClass="db.m7g.large",
        AllocatedStorage=20,
        MasterUsername="postgres",
        MasterUserPassword=PASSWORDS[0],
        DBParameterGroupName="life",
    )["DBInstance"]
    return answer


def describe(rds: Any) -> dict[str, Any]:
    found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier="life")["DBInstances"][0]
    return found


def test_states_move_without_a_server(rds: Any) -> None:
    assert create(rds)["DBInstanceStatus"] in ("creating", "available")
    database = describe(rds)
    assert database["DBInstanceStatus"] == "available"
    assert database["Endpoint"]["Address"] == ADDRESS and database["Endpoint"]["Port"] == 5432
    rds.stop_db_instance(DBInstanceIdentifier="life")
    assert describe(rds)["DBInstanceStatus"] == "stopped"
    with pytest.raises(rds.exceptions.ClientError, match="not in available state"):
        rds.modify_db_instance(DBInstanceIdentifier="life", MasterUserPassword=PASSWORDS[1])
    with pytest.raises(rds.exceptions.ClientError, match="not in available state"):
        rds.reboot_db_instance(DBInstanceIdentifier="life")
    rds.start_db_instance(DBInstanceIdentifier="life")
    assert describe(rds)["DBInstanceStatus"] == "available"
    rds.delete_db_instance(DBInstanceIdentifier="life", SkipFinalSnapshot=True)
    with pytest.raises(rds.exceptions.DBInstanceNotFoundFault):
        describe(rds)


def test_a_real_server_follows_the_api(real: tuple[Sandbox, Any]) -> None:
    sandbox, rds = real
    create(rds)
    assert describe(rds)["DBInstanceStatus"] == "available"
    (facts,) = instances(sandbox)
    assert facts["running"] and facts["engine_version"] == "17.9" and facts["server_version"].startswith("17.")
    assert [name.host for name in names.published(sandbox)] == [ADDRESS]

    rds.modify_db_instance(DBInstanceIdentifier="life", MasterUserPassword=PASSWORDS[1], ApplyImmediately=True)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(sandbox, PASSWORDS[0])
    connect(sandbox, PASSWORDS[1]).close()
    check_parameters(sandbox, rds)

    rds.stop_db_instance(DBInstanceIdentifier="life")
    assert describe(rds)["DBInstanceStatus"] == "stopped"
    assert not instances(sandbox)[0]["running"] and names.published(sandbox) == []
    rds.start_db_instance(DBInstanceIdentifier="life")
    describe(rds)
    connect(sandbox, PASSWORDS[1]).close()

    rds.delete_db_instance(DBInstanceIdentifier="life", SkipFinalSnapshot=True)
    assert instances(sandbox) == [] and names.published(sandbox) == []
    assert not sandbox.path("postgres", "life").exists()
    assert not processes.alive(sandbox, "postgres-life")


def check_parameters(sandbox: Sandbox, rds: Any) -> None:
    """Dynamic parameters reach the server at once, static ones with a reboot."""
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(sandbox, PASSWORDS[1], sslmode="disable")
    changes = [change("rds.force_ssl", "0"), change("max_replication_slots", "7", "pending-reboot")]
    rds.modify_db_parameter_group(DBParameterGroupName="life", Parameters=changes)
    assert describe(rds)["DBParameterGroups"][0]["ParameterApplyStatus"] == "pending-reboot"
    with connect(sandbox, PASSWORDS[1], sslmode="disable") as connection:
        assert connection.execute("SHOW max_replication_slots").fetchone() == ("20",)
    rds.reboot_db_instance(DBInstanceIdentifier="life")
    assert describe(rds)["DBParameterGroups"][0]["ParameterApplyStatus"] == "in-sync"
    with connect(sandbox, PASSWORDS[1]) as connection:
        assert connection.execute("SHOW max_replication_slots").fetchone() == ("7",)


def connect(sandbox: Sandbox, password: str, sslmode: str = "verify-full") -> psycopg.Connection[Any]:
    (facts,) = instances(sandbox)
    return psycopg.connect(
        host="127.0.0.1",
        port=facts["local_port"],
        user="postgres",
        password=password,
        dbname=facts["database"],
        sslmode=sslmode,
        sslrootcert=str(authority(sandbox).certificate_path),
    )
