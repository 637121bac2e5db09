# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Real servers: what the master of an RDS instance can and cannot do on them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox import processes
from sandbox.postgres import launch
from sandbox.postgres.roles import Master
from sandbox.postgres.server import Server, ServerError, authority
from sandbox.state import Sandbox

PASSWORD = "first-Master-pw"
ADDRESS = "unit.c9akciq32rnd.eu-west-1.rds.amazonaws.com"
GROUP = {"rds.force_ssl": "1", "log_statement": "all", "shared_preload_libraries": "pg_stat_statements,pg_cron"}


def connect(server: Server, password: str = PASSWORD, **options: Any) -> psycopg.Connection[Any]:
    defaults: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": "postgres",
        "password": password,
        "dbname": "app",
        "sslmode": "verify-full",
        "sslrootcert": str(authority(server.sandbox).certificate_path),
        "autocommit": True,
    }
    return psycopg.connect(**{**defaults, **options})


def created(box: Sandbox, major: int, bypass: bool = True) -> Server:
    server = Server(box, f"unit-{major}-{int(bypass)}", ADDRESS, major)
    server.create(Master("postgres", "app", bypass), PASSWORD, GROUP)
    return server


@pytest.fixture(scope="module")
def server(box: Sandbox) -> Iterator[Server]:
    server = created(box, 17)
    yield server
    server.destroy()
    assert not server.folder.exists()


def test_master_has_the_documented_attributes(server: Server) -> None:
    with connect(server) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls, "
            "pg_has_role('rds_superuser', 'member'), pg_has_role('pg_monitor', 'usage') "
            "FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True, True, False, True, True, True)


def test_master_owns_its_databases_and_public(server: Server) -> None:
    with connect(server) as connection:
        owners = dict(connection.execute("SELECT datname, datdba::regrole::text FROM pg_database").fetchall())
        connection.execute("CREATE TABLE public.notes (id int)")
    assert owners == {
        "app": "postgres",
        "postgres": "postgres",
        "template1": "postgres",
        "template0": "rdsadmin",
        "rdsadmin": "rdsadmin",
    }


def test_master_passes_on_service_roles_and_bypassrls(server: Server) -> None:
    with connect(server) as connection:
        connection.execute("CREATE ROLE service_role NOLOGIN BYPASSRLS")
        for role in ("rds_superuser", "rds_replication", "rds_password", "rds_iam", "pg_monitor"):
            connection.execute(f"GRANT {role} TO service_role".encode())


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER ROLE postgres SUPERUSER",
        "CREATE ROLE copy_cat REPLICATION",
        "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
        "SET ROLE rdsadmin",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "ALTER SYSTEM SET fsync = on",
    ],
)
def test_master_is_no_superuser(server: Server, statement: str) -> None:
    with connect(server) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_certificate_is_valid_for_the_aws_name(server: Server) -> None:
    with connect(server, host=ADDRESS, hostaddr="127.0.0.1") as connection:
        assert connection.pgconn.ssl_in_use


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sslmode": "disable"}, "no encryption"),
        ({"user": "rdsadmin"}, "pg_hba.conf rejects connection"),
        ({"dbname": "rdsadmin"}, "pg_hba.conf rejects connection"),
        ({"password": "wrong"}, "password authentication failed"),
        ({"host": "other.rds.amazonaws.com", "hostaddr": "127.0.0.1"}, "does not match host name"),
    ],
)
def test_refused_connections(server: Server, options: dict[str, str], message: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=message):
        connect(server, **options)


def test_listens_on_loopback_only(server: Server) -> None:
    process = processes.record(server.sandbox, server.process)
    assert process is not None
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
    listening = [fields[1] for fields in sockets if fields[3] == "0A"]
    assert f"0100007F:{server.port:04X}" in listening
    assert f"00000000:{server.port:04X}" not in listening


def test_process_is_marked_and_runs_as_its_own_account(server: Server) -> None:
    process = processes.record(server.sandbox, server.process)
    assert process is not None and process.pid in processes.marked(server.sandbox)
    expected = launch.UID if os.geteuid() == 0 else os.geteuid()
    assert Path(f"/proc/{process.pid}").stat().st_uid == expected
    assert stat.S_IMODE((server.folder / "socket").stat().st_mode) == 0o700


def test_dynamic_parameters_without_a_restart(server: Server) -> None:
    server.reload({**GROUP, "rds.force_ssl": "0"})
    with connect(server, sslmode="disable") as connection:
        assert connection.execute("SHOW rds.force_ssl").fetchone() == ("0",)
    server.reload(GROUP)
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        connect(server, sslmode="disable")


def test_static_parameters_with_a_restart(server: Server) -> None:
    server.restart({**GROUP, "rds.logical_replication": "1", "max_replication_slots": "7"})
    with connect(server) as connection:
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)
        assert connection.execute("SHOW max_replication_slots").fetchone() == ("7",)


def test_value_that_the_server_refuses_is_reported(server: Server) -> None:
    server.stop()
    with pytest.raises(ServerError, match='invalid value for parameter "default_transaction_isolation"'):
        server.start({**GROUP, "default_transaction_isolation": "nonsense"})
    server.start(GROUP)


def test_new_password_replaces_the_old_and_neither_is_stored(server: Server) -> None:
    new = "second-Master-pw"
    server.set_master_password("postgres", new)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(server)
    connect(server, new).close()
    server.set_master_password("postgres", PASSWORD)
    with server.administrate() as connection:
        connection.execute("CHECKPOINT")
    for path in server.sandbox.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSWORD.encode() not in content and new.encode() not in content, path


@pytest.mark.parametrize(("major", "passes_on"), [(15, False), (16, True)])
def test_bypassrls_on_older_majors(box: Sandbox, major: int, passes_on: bool) -> None:
    older = created(box, major)
    try:
        with connect(older) as connection:
            assert bypasses(connection, "postgres")
            connection.execute("CREATE ROLE app_user LOGIN")
            connection.execute("GRANT rds_iam, rds_superuser TO app_user")
            if passes_on:
                connection.execute("CREATE ROLE service_role NOLOGIN BYPASSRLS")
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute("CREATE ROLE service_role NOLOGIN BYPASSRLS")
    finally:
        older.destroy()


def test_bypassrls_can_be_taken_away(box: Sandbox) -> None:
    without = created(box, 17, bypass=False)
    try:
        with connect(without) as connection:
            assert not bypasses(connection, "postgres")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("CREATE ROLE service_role NOLOGIN BYPASSRLS")
    finally:
        without.destroy()


def bypasses(connection: psycopg.Connection[Any], role: str) -> bool:
    row = connection.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    return bool(row and row[0])
