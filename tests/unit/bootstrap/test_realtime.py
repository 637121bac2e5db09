# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Realtime's schema from its dump, as a role that may not set log_min_messages and as one that may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bootstrap import database as db

GRANT = "GRANT SET ON PARAMETER log_min_messages TO supabase_admin"
REVOKE = "REVOKE SET ON PARAMETER log_min_messages FROM supabase_admin"
FUNCTIONS = """SELECT proname, proowner::regrole::text, proconfig, prosrc FROM pg_proc
    WHERE pronamespace = 'realtime'::regnamespace ORDER BY 1"""
VERSIONS = "SELECT version::text FROM realtime.schema_migrations ORDER BY 1"
CLAUSE = "\n    SET log_min_messages TO 'fatal'"
NEXT = db.REALTIME_DUMP + 'INSERT INTO realtime."schema_migrations" (version) VALUES (20270101000000);\n'


@pytest.fixture(scope="module", params=[15, 17])
def server(request: pytest.FixtureRequest) -> Iterator[db.Database]:
    """A server after the phase `before`."""
    with db.running(request.param) as database:
        assert db.run_bootstrap(database).returncode == 0
        yield database


@pytest.fixture
def database(server: db.Database) -> Iterator[db.Database]:
    """The server, put back after what a test did in Realtime's schema."""
    yield server
    server.superuser(
        REVOKE,
        "DROP SCHEMA realtime CASCADE",
        "CREATE SCHEMA realtime AUTHORIZATION supabase_admin",
    )
    assert db.run_bootstrap(server).returncode == 0


def load(database: db.Database, folder: Path, sql: str = db.REALTIME_DUMP, *majors: int) -> Any:
    """Runs the phase with a dump for this server or for those versions."""
    environment = db.realtime_dumps(folder, *(majors or (database.server.major,)), sql=sql)
    return db.run_bootstrap(database, "realtime", environment=environment)


@pytest.mark.parametrize("settable", [False, True], ids=["refused", "granted"])
def test_dump_is_loaded_once_without_the_clause_where_that_is_refused(
    database: db.Database, tmp_path: Path, settable: bool
) -> None:
    if settable:
        database.superuser(GRANT)
    result = load(database, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (db.report(result)["realtime"], db.report(result)["mismatches"]) == ("loaded", [])
    how = "as it is" if settable else "without SET log_min_messages in list_changes"
    assert f"loaded {how}, 2 migrations" in result.stdout
    bodies = re.findall(r"AS (\$_?\$)(.*?)\1;", db.REALTIME_DUMP, re.DOTALL)
    assert database.superuser(FUNCTIONS) == [
        ("list_changes", "supabase_admin", ["log_min_messages=fatal"] if settable else None, bodies[1][1]),
        ("quoted", "supabase_admin", None, bodies[0][1]),
    ]
    assert [version for (version,) in database.superuser(VERSIONS)] == list(db.REALTIME_VERSIONS)
    before = database.catalogue()
    again = load(database, tmp_path)
    assert (again.returncode, db.report(again)["realtime"]) == (0, "present"), again.stderr
    assert "migrations left to Realtime: none" in again.stdout
    assert database.catalogue() == before


@pytest.mark.parametrize(
    ("grant", "sql", "code", "message"),
    [
        ("", NEXT, 0, "migrations left to Realtime: 20270101000000"),
        ("", NEXT.replace("SELECT publication", "SELECT DISTINCT publication"), 1, "Stay with the image of Realtime"),
        (GRANT, NEXT.replace("SELECT publication", "SELECT DISTINCT publication"), 0, "left to Realtime: 20270101"),
    ],
    ids=["function unchanged", "function changed", "function changed, granted"],
)
def test_upgrade_is_left_to_realtime_unless_it_would_be_refused(
    database: db.Database, tmp_path: Path, grant: str, sql: str, code: int, message: str
) -> None:
    assert load(database, tmp_path).returncode == 0
    database.superuser(grant or "SELECT 1")
    result = load(database, tmp_path, sql)
    assert (result.returncode, message in result.stdout + result.stderr) == (code, True), result.stderr
    assert len(database.superuser(VERSIONS)) == len(db.REALTIME_VERSIONS)


def test_schema_that_realtime_began_itself_is_refused(database: db.Database, tmp_path: Path) -> None:
    database.superuser(
        "CREATE TABLE realtime.schema_migrations (version bigint)",
        "ALTER TABLE realtime.schema_migrations OWNER TO supabase_admin",
        f"INSERT INTO realtime.schema_migrations VALUES ({db.REALTIME_VERSIONS[0]})",
    )
    result = load(database, tmp_path)
    assert result.returncode == 1
    assert f"migrations {db.REALTIME_VERSIONS[1]} are still to run" in result.stderr
    assert "Realtime has begun its schema by itself" in result.stderr


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1;\n", "lists no migrations, so Realtime would run them all again"),
        ("BEGIN;\n" + db.REALTIME_DUMP, "opens or ends transactions"),
        (db.REALTIME_DUMP + "\nSELECT missing;\n", f".sql:{db.REALTIME_DUMP.count(chr(10)) + 2}: SQLSTATE 42703"),
        (
            db.REALTIME_DUMP.replace("log_min_messages TO 'f", "log_min_messages = 'f"),
            "keep the image of the tested set",
        ),
    ],
    ids=["no migrations", "transaction", "error", "clause in another form"],
)
def test_unexpected_dump_is_refused_as_a_whole(database: db.Database, tmp_path: Path, sql: str, message: str) -> None:
    result = load(database, tmp_path, sql)
    assert (result.returncode, message in result.stderr) == (1, True), result.stderr
    assert database.superuser(FUNCTIONS) == []


def test_newest_dump_that_is_not_newer_than_the_server_is_taken(database: db.Database, tmp_path: Path) -> None:
    none = load(database, tmp_path, db.REALTIME_DUMP, 18)
    assert none.returncode == 1
    assert f"has no tenant_db_dump_<n>.sql for PostgreSQL {database.server.major}" in none.stderr
    result = load(database, tmp_path, db.REALTIME_DUMP, 9, 14)
    assert "tenant_db_dump_14.sql: loaded" in result.stdout, result.stderr
