# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The user's migrations against a real server, as its master."""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.bootstrap import database as db

FIRST = {"01_a.sql": "CREATE TABLE a (id int PRIMARY KEY);", "02_b.sql": "INSERT INTO a VALUES (1);"}
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
APPLIED = "SELECT name, sha256 FROM supastack_migrations.applied ORDER BY applied_at, name"

Migrate = Callable[[dict[str, str]], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def server() -> Iterator[db.Database]:
    """One server for all."""
    with db.running(17) as database:
        yield database


@pytest.fixture
def database(server: db.Database) -> db.Database:
    """The server without what another test migrated."""
    server.superuser(
        "DROP SCHEMA IF EXISTS supastack_migrations CASCADE",
        "DROP SCHEMA public CASCADE",
        "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
    )
    return server


@pytest.fixture
def migrate(database: db.Database, tmp_path: Path) -> Migrate:
    """Runs the migrations of a folder with these files, which replace the ones of before."""

    def run(files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        write(tmp_path, files)
        return db.run(database, db.BOOTSTRAP / "migrate.mjs", tmp_path)

    return run


def write(folder: Path, files: dict[str, str]) -> None:
    """Makes these the files of the folder."""
    for file in folder.iterdir():
        file.unlink()
    for name, sql in files.items():
        (folder / name).write_text(sql, encoding="utf-8")


def told(result: subprocess.CompletedProcess[str]) -> tuple[list[str], int]:
    """Names applied and number unchanged, of a run that succeeded."""
    assert result.returncode == 0, result.stdout + result.stderr
    report = json.loads(result.stdout.splitlines()[-1])
    return report["applied"], report["unchanged"]


def applied(database: db.Database) -> list[str]:
    """What is recorded, in the order in which it was applied."""
    return [name for name, _sum in database.superuser(APPLIED)]


def test_each_file_runs_once_in_order_and_is_recorded(database: db.Database, migrate: Migrate) -> None:
    # In the order of texts, 10 comes before 9; what is no SQL is left alone.
    files = FIRST | {"10_d.sql": "INSERT INTO a VALUES (2);", "9_e.sql": "DELETE FROM a WHERE id = 2;", "README": "?"}
    with database.master() as connection:
        connection.execute("LISTEN pgrst")
        assert told(migrate(files)) == (["01_a.sql", "02_b.sql", "10_d.sql", "9_e.sql"], 0)
        assert [notice.payload for notice in connection.notifies(timeout=0.5)] == ["reload schema"]
        assert told(migrate(files)) == ([], 4)
        assert list(connection.notifies(timeout=0.2)) == []
        assert connection.execute("SELECT id FROM public.a").fetchall() == [(1,)]
        owners = connection.execute("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [("postgres",)]
    expected = [(name, hashlib.sha256(files[name].encode()).hexdigest()) for name in sorted(files) if name != "README"]
    assert database.superuser(APPLIED) == expected
    # What is gone from the folder stays applied.
    assert told(migrate({"9_f.sql": "DROP TABLE a;"})) == (["9_f.sql"], 0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"01_a.sql": "CREATE TABLE a (id bigint);"}, "01_a.sql was changed after it was applied on 20"),
        ({"01_z.sql": "CREATE TABLE z ();"}, "01_z.sql comes before 02_b.sql, which was applied: give it a later name"),
    ],
    ids=["changed", "earlier"],
)
def test_rewritten_history_is_refused_before_anything_runs(
    database: db.Database, migrate: Migrate, change: dict[str, str], message: str
) -> None:
    told(migrate(FIRST))
    result = migrate(FIRST | change | {"03_c.sql": "CREATE TABLE c ();"})
    assert (result.returncode, message in result.stderr) == (1, True), result.stderr
    assert (database.superuser(TABLES), applied(database)) == ([("a",)], list(FIRST))


DEFERRED = "CREATE TABLE c (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO c VALUES (7);"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE TABLE c ();\n\nSELECT missing;", '03_c.sql:3: SQLSTATE 42703: column "missing" does not exist'),
        (DEFERRED, "03_c.sql: SQLSTATE 23503"),
        ("CREATE TABLE c ();\nROLLBACK;", "03_c.sql rolls back what it does"),
        ("CREATE TABLE c ();\nSELECT pg_terminate_backend(pg_backend_pid());", "03_c.sql: SQLSTATE 57P01"),
        ("COMMIT;\nSELECT missing;", "03_c.sql"),
    ],
    ids=["error", "deferred constraint", "rollback", "connection lost", "error after commit"],
)
def test_failure_undoes_its_file_and_the_next_run_resumes(
    database: db.Database, migrate: Migrate, sql: str, message: str
) -> None:
    last = {"04_d.sql": "CREATE TABLE d ();"}
    result = migrate(FIRST | {"03_c.sql": sql} | last)
    assert (result.returncode, message in result.stderr) == (1, True), result.stdout + result.stderr
    assert (database.superuser(TABLES), applied(database)) == ([("a",)], list(FIRST))
    assert told(migrate(FIRST | {"03_c.sql": "CREATE TABLE c ();"} | last)) == (["03_c.sql", "04_d.sql"], 2)
    assert database.superuser(TABLES) == [("a",), ("c",), ("d",)]


def test_file_that_ends_its_transaction_is_recorded_and_none_sees_the_session_of_another(
    database: db.Database, migrate: Migrate
) -> None:
    files = {
        "1.sql": "CREATE TABLE a (); COMMIT; CREATE INDEX ON a ((1)); SET search_path = pg_temp; SET ROLE pg_monitor;",
        "2.sql": "CREATE TABLE b (); DO $$ BEGIN RAISE NOTICE 'to be seen'; END $$;",
    }
    result = migrate(files)
    assert told(result) == (["1.sql", "2.sql"], 0)
    assert "2.sql: NOTICE: to be seen" in result.stdout
    assert database.superuser(TABLES) == [("a",), ("b",)]


def slow(database: db.Database, folder: Path) -> subprocess.Popen[str]:
    """A run within its second file."""
    write(folder, FIRST | {"03_c.sql": "CREATE TABLE c (); SELECT pg_sleep(2);", "04_d.sql": "CREATE TABLE d ();"})
    process = db.start(database, db.BOOTSTRAP / "migrate.mjs", folder)
    asleep: Any = []
    deadline = time.monotonic() + 20
    while not asleep and time.monotonic() < deadline:
        asleep = database.superuser("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
    assert asleep
    return process


def test_killed_run_is_resumed(database: db.Database, tmp_path: Path) -> None:
    with slow(database, tmp_path) as process:
        process.kill()
    # While the server still works on the statement of the run that is no more.
    result = db.run(database, db.BOOTSTRAP / "migrate.mjs", tmp_path)
    assert told(result) == (["03_c.sql", "04_d.sql"], 2)
    assert database.superuser(TABLES) == [("a",), ("c",), ("d",)]


def test_runs_at_once_apply_each_file_once(database: db.Database, tmp_path: Path) -> None:
    with slow(database, tmp_path) as first:
        second = db.run(database, db.BOOTSTRAP / "migrate.mjs", tmp_path)
        output, _errors = first.communicate(timeout=30)
    assert told(second) == ([], 4)
    assert json.loads(output.splitlines()[-1])["applied"] == applied(database)


def test_missing_folder_is_named(database: db.Database) -> None:
    result = db.run(database, db.BOOTSTRAP / "migrate.mjs")
    assert (result.returncode, result.stderr) == (
        1,
        "migrations failed: the argument is missing: give the folder of the migrations\n",
    )
