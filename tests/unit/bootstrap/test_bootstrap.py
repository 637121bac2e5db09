# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The bootstrap against real servers whose master is not a superuser, as on RDS."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from sandbox.pki import Authority
from tests.unit.bootstrap import database as db

# Everything the bootstrap may touch, passwords included.
CATALOGUE = """
    SELECT jsonb_build_object(
        'roles', (SELECT jsonb_agg(to_jsonb(a) - 'oid' ORDER BY rolname) FROM pg_authid a),
        'settings', (SELECT jsonb_agg(to_jsonb(s) ORDER BY s::text) FROM pg_db_role_setting s),
        'members', (SELECT jsonb_agg(to_jsonb(m) - 'oid' ORDER BY m::text) FROM pg_auth_members m),
        'schemas', (SELECT jsonb_agg(to_jsonb(n) ORDER BY nspname) FROM pg_namespace n WHERE nspname !~ '^pg_temp'),
        'defaults', (SELECT jsonb_agg(to_jsonb(d) - 'oid' ORDER BY d::text) FROM pg_default_acl d)
    )
"""


def catalogue(database: db.Database) -> dict[str, Any]:
    """What a superuser sees of the server."""
    with database.server.administrate() as connection:
        row = connection.execute(CATALOGUE).fetchone()
    assert row is not None
    content: dict[str, Any] = json.loads(json.dumps(row[0]))
    return content


@pytest.fixture(
    scope="module",
    params=[(17, True), (17, False), (15, True)],
    ids=["17", "17-without-bypassrls", "15"],
)
def bootstrapped(request: pytest.FixtureRequest) -> Iterator[tuple[db.Database, dict[str, Any]]]:
    """A server after its first bootstrap, and the report of that."""
    major, bypassrls = request.param
    with db.running(major, bypassrls) as database:
        result = db.run_bootstrap(database)
        assert result.returncode == 0, result.stdout + result.stderr
        yield database, db.report(result)


@pytest.fixture(scope="module")
def empty() -> Iterator[db.Database]:
    """A server that no test bootstraps with success."""
    with db.running(17) as database:
        yield database


def test_reports_that_nothing_differs(bootstrapped: tuple[db.Database, dict[str, Any]]) -> None:
    database, report = bootstrapped
    assert report["mismatches"] == []
    assert report["server_version_num"] // 10000 == database.server.major
    assert report["master"] == "postgres"


def test_reports_whether_the_service_role_bypasses_row_security(
    bootstrapped: tuple[db.Database, dict[str, Any]],
) -> None:
    database, report = bootstrapped
    with database.master() as connection:
        row = connection.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = 'service_role'").fetchone()
        master = connection.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    # Before 16 only a superuser may grant the attribute, also if the master holds it.
    expected = database.server.major >= 16 and master == (True,)
    assert report["capabilities"] == {"bypassrls": expected}
    assert row == (expected,)


def test_second_run_changes_nothing(bootstrapped: tuple[db.Database, dict[str, Any]]) -> None:
    database, report = bootstrapped
    before = catalogue(database)
    result = db.run_bootstrap(database)
    assert result.returncode == 0, result.stderr
    assert catalogue(database) == before
    assert db.report(result) == report
    assert "password of authenticator: unchanged" in result.stdout


def test_authenticator_can_do_nothing_but_switch(bootstrapped: tuple[db.Database, dict[str, Any]]) -> None:
    database, _report = bootstrapped
    with database.master() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS public.switching (id int)")
    with database.connect("authenticator", db.AUTHENTICATOR_PASSWORD) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM public.switching")
        connection.execute("SET ROLE anon")
        connection.execute("SELECT * FROM public.switching")
        connection.execute("RESET ROLE")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SET ROLE postgres")


def test_row_security_hides_rows_from_anon(bootstrapped: tuple[db.Database, dict[str, Any]]) -> None:
    database, report = bootstrapped
    with database.master() as connection:
        connection.execute("CREATE TABLE public.secured (id int)")
        connection.execute("ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY")
        connection.execute("INSERT INTO public.secured VALUES (1)")
        seen = {}
        for role in ("anon", "service_role"):
            connection.execute(f"SET ROLE {role}")
            seen[role] = len(connection.execute("SELECT * FROM public.secured").fetchall())
            connection.execute("RESET ROLE")
        connection.execute("DROP TABLE public.secured")
    assert seen == {"anon": 0, "service_role": int(report["capabilities"]["bypassrls"])}


def test_no_password_reaches_the_server(bootstrapped: tuple[db.Database, dict[str, Any]]) -> None:
    database, _report = bootstrapped
    # The server logs every statement here, as an RDS instance may that has log_statement on.
    assert 'ALTER ROLE "authenticator" PASSWORD \'SCRAM-SHA-256$4096:' in database.log
    assert db.AUTHENTICATOR_PASSWORD not in database.log
    assert db.MASTER_PASSWORD not in database.log


def test_new_password_replaces_the_old_one(bootstrapped: tuple[db.Database, dict[str, Any]]) -> None:
    database, _report = bootstrapped
    database.secrets["db-roles/authenticator"] = "another-password"
    try:
        result = db.run_bootstrap(database)
        assert "password of authenticator: set" in result.stdout, result.stderr
        database.connect("authenticator", "another-password").close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            database.connect("authenticator", db.AUTHENTICATOR_PASSWORD)
    finally:
        database.secrets["db-roles/authenticator"] = db.AUTHENTICATOR_PASSWORD
        assert db.run_bootstrap(database).returncode == 0


@pytest.mark.parametrize(
    ("damage", "repair", "message"),
    [
        (
            "ALTER ROLE anon CREATEDB",
            "ALTER ROLE anon NOCREATEDB",
            "MISMATCH role anon: elevated is true, wanted false",
        ),
        (
            "ALTER ROLE anon SET work_mem = '1MB'",
            "ALTER ROLE anon RESET work_mem",
            "MISMATCH role anon: settings is",
        ),
        (
            "CREATE ROLE thief; ALTER SCHEMA extensions OWNER TO thief",
            "ALTER SCHEMA extensions OWNER TO postgres; DROP ROLE thief",
            # Granting on a schema of somebody else is only a warning to PostgreSQL.
            "01007: no privileges were granted",
        ),
    ],
    ids=["attribute", "setting", "owner"],
)
def test_says_what_it_cannot_repair(
    bootstrapped: tuple[db.Database, dict[str, Any]], damage: str, repair: str, message: str
) -> None:
    database, _report = bootstrapped
    with database.server.administrate() as connection:
        connection.execute(damage.encode())
    try:
        result = db.run_bootstrap(database)
        assert result.returncode == 1
        assert message in result.stderr
    finally:
        with database.server.administrate() as connection:
            connection.execute(repair.encode())
        assert db.run_bootstrap(database).returncode == 0


def copy_with(folder: Path, name: str, sql: str) -> Path:
    """The bootstrap with one more file."""
    copy = folder / "bootstrap"
    shutil.copytree(db.BOOTSTRAP, copy)
    (copy / name).write_text(sql, encoding="utf-8")
    return copy


def test_error_names_file_line_and_sqlstate(empty: db.Database, tmp_path: Path) -> None:
    folder = copy_with(tmp_path, "05_wrong.sql", "CREATE SCHEMA half_done;\n\nSELECT * FROM missing_table;\n")
    result = db.run_bootstrap(empty, folder=folder)
    assert result.returncode == 1
    assert '05_wrong.sql:3: SQLSTATE 42P01: relation "missing_table" does not exist' in result.stderr
    with empty.master() as connection:
        # One transaction per file: what came before the error is gone too.
        assert connection.execute("SELECT FROM pg_namespace WHERE nspname = 'half_done'").fetchone() is None


def test_sqlstate_is_excepted_for_its_own_file_only(empty: db.Database, tmp_path: Path) -> None:
    folder = copy_with(tmp_path, "05_refused.sql", "CREATE ROLE mighty SUPERUSER;\n")
    result = db.run_bootstrap(empty, folder=folder)
    assert result.returncode == 1
    assert "05_refused.sql" in result.stderr and "SQLSTATE 42501" in result.stderr


@pytest.mark.parametrize(
    ("secret", "value", "message"),
    [
        ("db/password", "wrong", "password authentication failed"),
        ("db-roles/authenticator", "", "db-roles/authenticator is empty or holds characters outside printable ASCII"),
        ("db-roles/authenticator", "pässword", "outside printable ASCII"),
    ],
    ids=["wrong master password", "empty password", "password that needs preparation"],
)
def test_bad_secret_is_refused(empty: db.Database, secret: str, value: str, message: str) -> None:
    good = empty.secrets[secret]
    empty.secrets[secret] = value
    try:
        result = db.run_bootstrap(empty)
    finally:
        empty.secrets[secret] = good
    assert result.returncode == 1
    assert message in result.stderr


def test_certificate_of_another_authority_is_refused(empty: db.Database, tmp_path: Path) -> None:
    other = Authority.load_or_create(tmp_path, "Another CA")
    result = db.run_bootstrap(empty, environment={"PGSSLROOTCERT": str(other.certificate_path)})
    assert result.returncode == 1
    assert re.search("certificate|self.signed", result.stderr)


def test_waits_for_the_database_but_not_for_ever(empty: db.Database) -> None:
    result = db.run_bootstrap(empty, environment={"PGPORT": "1", "BOOTSTRAP_WAIT_SECONDS": "1"})
    assert result.returncode == 1
    assert "waiting for 127.0.0.1:1: connect ECONNREFUSED" in result.stdout
    assert "bootstrap failed: connect ECONNREFUSED" in result.stderr


def test_missing_variable_is_named(empty: db.Database) -> None:
    result = db.run_bootstrap(empty, environment={"PGHOST": ""})
    assert result.returncode == 1
    assert "environment variable PGHOST is missing" in result.stderr
