# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The bootstrap against real servers whose master is not a superuser, as on RDS."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors

from sandbox.pki import Authority
from sandbox.postgres import server as postgres
from tests.unit.bootstrap import database as db

Bootstrapped = tuple[db.Database, dict[str, Any]]
# Version of the server, and whether its master may pass BYPASSRLS on: before 16 only a superuser may.
VARIANTS = {"17": (17, True), "17-without-bypassrls": (17, False), "16": (16, True), "15": (15, True)}
# For what no version does otherwise.
newest = pytest.mark.parametrize("bootstrapped", [VARIANTS["17"]], ids=["17"], indirect=True)


@pytest.fixture(scope="module", params=VARIANTS.values(), ids=list(VARIANTS))
def bootstrapped(request: pytest.FixtureRequest) -> Iterator[Bootstrapped]:
    """A server after its first bootstrap, and the report of that."""
    with db.running(*request.param) as database:
        result = db.run_bootstrap(database)
        assert result.returncode == 0, result.stdout + result.stderr
        yield database, db.report(result)


@pytest.fixture(scope="module")
def empty() -> Iterator[db.Database]:
    """A server that no test bootstraps with success."""
    with db.running(17) as database:
        yield database


def test_self_check_is_green(bootstrapped: Bootstrapped) -> None:
    database, report = bootstrapped
    assert (report["mismatches"], report["master"], report["phase"]) == ([], "postgres", "before")
    assert report["server_version_num"] // 10000 == database.server.major
    with database.master() as connection:
        rows = connection.execute(
            "SELECT rolbypassrls FROM pg_roles WHERE rolname IN ('service_role', current_user) ORDER BY rolname"
        ).fetchall()
    expected = database.server.major >= 16 and rows[0] == (True,)
    assert (rows[1], report["capabilities"]["bypassrls"]) == ((expected,), expected)


def test_second_run_changes_nothing_and_keeps_what_the_user_set(bootstrapped: Bootstrapped) -> None:
    database, report = bootstrapped
    with database.master() as connection:
        connection.execute("ALTER ROLE anon SET statement_timeout = '5s'")
        connection.execute("ALTER ROLE authenticator SET work_mem = '8MB'")
        connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    before, verifiers = database.catalogue(), database.superuser(db.VERIFIERS)
    result = db.run_bootstrap(database)
    assert (result.returncode, db.report(result)) == (0, report), result.stdout + result.stderr
    assert (database.catalogue(), database.superuser(db.VERIFIERS)) == (before, verifiers)
    assert result.stdout.count(": unchanged") == len(db.LOGIN_ROLES)


def test_services_can_do_nothing_but_switch(bootstrapped: Bootstrapped) -> None:
    database, _report = bootstrapped
    with database.master() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS public.switching (id int)")
    for role in ("authenticator", "supabase_storage_admin"):
        with database.connect(role, database.secrets[f"db-roles/{role}"]) as connection:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("SELECT * FROM public.switching")
            connection.execute("SET ROLE anon")
            connection.execute("SELECT * FROM public.switching")
            connection.execute("RESET ROLE")
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("SET ROLE postgres")


def test_service_role_passes_row_security_by_attribute_or_by_policy(bootstrapped: Bootstrapped) -> None:
    database, report = bootstrapped
    with database.master() as connection:
        connection.execute("CREATE TABLE public.secured (id int)")
        connection.execute("ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY")
        connection.execute("INSERT INTO public.secured VALUES (1)")
        result = db.run_bootstrap(database, "after")
        assert result.returncode == 0, result.stdout + result.stderr
        seen = {}
        for role in ("anon", "service_role"):
            connection.execute(f"SET ROLE {role}")
            seen[role] = len(connection.execute("SELECT * FROM public.secured").fetchall())
            connection.execute("RESET ROLE")
        policies = connection.execute("SELECT polname FROM pg_policy").fetchall()
        connection.execute("DROP TABLE public.secured")
    assert seen == {"anon": 0, "service_role": 1}
    assert policies == ([] if report["capabilities"]["bypassrls"] else [("supastack_service_role",)])


@newest
def test_no_password_reaches_the_server(bootstrapped: Bootstrapped) -> None:
    database, _report = bootstrapped
    # The server logs every statement here, as an RDS instance may that has log_statement on.
    log = database.log
    for role in db.LOGIN_ROLES:
        assert f'ALTER ROLE "{role}" PASSWORD \'SCRAM-SHA-256$4096:' in log
    leaked = [name for name, value in database.secrets.items() if name != "db/username" and value in log]
    assert leaked == []


@newest
def test_new_password_replaces_the_old_one(bootstrapped: Bootstrapped) -> None:
    database, _report = bootstrapped
    database.secrets["db-roles/authenticator"] = "another-password"
    result = db.run_bootstrap(database)
    assert "password of authenticator: set" in result.stdout, result.stderr
    database.connect("authenticator", "another-password").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        database.connect("authenticator", db.AUTHENTICATOR_PASSWORD)


GRANTS = ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"]
# What somebody did; the row of the table that says so; whether the phase `before` mends it, or how a superuser does.
DAMAGES: list[tuple[str, tuple[str, str, Any, Any], str | None]] = [
    ("ALTER ROLE anon LOGIN", ("role anon", "login", True, False), None),
    ("ALTER ROLE authenticator INHERIT", ("role authenticator", "inherit", True, False), None),
    *(
        (f"ALTER ROLE dashboard_user {word}", ("role dashboard_user", word.lower(), True, False), f"NO{word}")
        for word in ("SUPERUSER", "CREATEROLE", "CREATEDB", "REPLICATION", "BYPASSRLS")
    ),
    (
        "ALTER ROLE supabase_auth_admin SET search_path = public",
        ("role supabase_auth_admin", "search_path", "public", "auth"),
        None,
    ),
    (
        "ALTER ROLE anon RESET statement_timeout",
        ("role anon", "statement_timeout is set", False, True),
        None,
    ),
    (
        "REVOKE service_role FROM authenticator GRANTED BY postgres",
        ("membership of authenticator in service_role", "SET", False, True),
        None,
    ),
    (
        "GRANT anon TO supabase_admin WITH INHERIT TRUE GRANTED BY postgres",
        ("membership of supabase_admin in anon", "INHERIT", True, False),
        None,
    ),
    (
        "GRANT anon TO authenticator WITH ADMIN TRUE GRANTED BY postgres",
        ("membership of authenticator in anon", "ADMIN", True, False),
        "REVOKE ADMIN OPTION FOR anon FROM authenticator GRANTED BY postgres",
    ),
    (
        "REVOKE CREATE ON DATABASE postgres FROM supabase_auth_admin",
        ("database", "CREATE for supabase_auth_admin", False, True),
        None,
    ),
    ("REVOKE USAGE ON SCHEMA auth FROM anon", ("schema auth", "USAGE for anon", False, True), None),
    (
        "REVOKE CREATE ON SCHEMA realtime FROM supabase_realtime_admin",
        ("schema realtime", "CREATE for supabase_realtime_admin", False, True),
        None,
    ),
    (
        "REVOKE GRANT OPTION FOR USAGE ON SCHEMA realtime FROM supabase_realtime_admin",
        ("schema realtime", "USAGE WITH GRANT OPTION for supabase_realtime_admin", False, True),
        None,
    ),
    (
        "ALTER SCHEMA _realtime OWNER TO postgres",
        ("schema _realtime", "owner", "postgres", "supabase_admin"),
        None,
    ),
    (
        "ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA public REVOKE SELECT ON TABLES FROM anon",
        (
            "default privileges of postgres in public",
            "on tables for anon",
            [grant for grant in GRANTS if grant != "SELECT"],
            GRANTS,
        ),
        None,
    ),
    (
        "ALTER PUBLICATION supabase_realtime SET (publish = 'insert')",
        ("publication supabase_realtime", "inserts, updates, deletes", False, True),
        "ALTER PUBLICATION supabase_realtime SET (publish = 'insert, update, delete, truncate')",
    ),
    (
        "ALTER PUBLICATION supabase_realtime OWNER TO rdsadmin",
        ("publication supabase_realtime", "owner", "rdsadmin", "postgres"),
        "ALTER PUBLICATION supabase_realtime OWNER TO postgres",
    ),
    (
        "ALTER EXTENSION pgcrypto SET SCHEMA public",
        ("extension pgcrypto", "schema", "public", "extensions"),
        "ALTER EXTENSION pgcrypto SET SCHEMA extensions",
    ),
    (
        "ALTER EVENT TRIGGER pgrst_drop_watch DISABLE",
        ("event trigger pgrst_drop_watch", "enabled", False, True),
        "ALTER EVENT TRIGGER pgrst_drop_watch ENABLE",
    ),
    (
        "CREATE TABLE auth.users ()",
        ("auth.users", "owner", "rdsadmin", "supabase_auth_admin"),
        "DROP TABLE auth.users",
    ),
]


def mismatches(result: Any) -> set[tuple[str, str, str, str]]:
    """What the report says; each row has to stand in the table as well."""
    assert result.returncode == 1, result.stdout + result.stderr
    assert re.search(r"^MISMATCH\nobject +property +found +wanted$", result.stderr, re.MULTILINE), result.stderr
    rows = {(m["object"], m["property"], str(m["found"]), str(m["wanted"])) for m in db.report(result)["mismatches"]}
    printed = [re.split(r" {2,}", line) for line in result.stderr.splitlines()]
    assert [row for row in rows if not any(cells[:2] == list(row[:2]) for cells in printed)] == []
    return rows


def test_every_kind_of_mismatch_is_printed(empty_of_damage: db.Database, tmp_path: Path) -> None:
    database = empty_of_damage
    # An event trigger belongs to a superuser on a database that is not RDS.
    always = {(f"event trigger pgrst_{name}_watch", "owner", "rdsadmin", "postgres") for name in ("ddl", "drop")}
    database.superuser(*(damage for damage, _row, _repair in DAMAGES))
    # Without its file the phase leaves the policy that its check is to find.
    folder = copy_without(tmp_path, "after_10_service_role_policies.sql")
    database.superuser(
        "CREATE TABLE public.secured (); ALTER TABLE public.secured OWNER TO postgres",
        "ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY supastack_service_role ON public.secured TO service_role USING (true)",
    )
    policy = ("table public.secured", "policy of service_role", "True", "False")
    wanted = {(*row[:2], str(row[2]), str(row[3])) for _damage, row, _repair in DAMAGES}
    assert mismatches(db.run_bootstrap(database, "after", folder=folder)) == wanted | always | {policy}

    stay = {(*row[:2], str(row[2]), str(row[3])) for _damage, row, repair in DAMAGES if repair}
    assert mismatches(db.run_bootstrap(database)) == stay | always

    repairs = [
        f"ALTER ROLE dashboard_user {repair}" if repair.startswith("NO") else repair
        for _damage, _row, repair in DAMAGES
        if repair
    ]
    database.superuser(*repairs, "DROP EVENT TRIGGER pgrst_ddl_watch", "DROP EVENT TRIGGER pgrst_drop_watch")
    assert db.run_bootstrap(database, "after").returncode == 0
    database.superuser("ALTER ROLE dashboard_user RENAME TO nobody_else")
    assert mismatches(db.run_bootstrap(database, "after")) == {("role dashboard_user", "exists", "False", "True")}


@pytest.fixture
def empty_of_damage() -> Iterator[db.Database]:
    """A bootstrapped server with event triggers, for one test to damage."""
    with db.running(17) as database:
        assert db.run_bootstrap(database).returncode == 0
        database.superuser((db.BOOTSTRAP / "before_80_event_triggers.sql").read_text(encoding="utf-8"))
        yield database


def copy_without(folder: Path, name: str) -> Path:
    """The bootstrap without one of its files."""
    copy = folder / "bootstrap"
    shutil.copytree(db.BOOTSTRAP, copy, ignore=shutil.ignore_patterns(name))
    return copy


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "CREATE SCHEMA half_done;\n\nSELECT * FROM missing_table;\n",
            'before_01_wrong.sql:3: SQLSTATE 42P01: relation "missing_table" does not exist',
        ),
        # Excepted in other files.
        ("CREATE SCHEMA half_done;\nCREATE ROLE mighty SUPERUSER;\n", "before_01_wrong.sql: SQLSTATE 42501"),
        # Granting what one has not is only a warning to PostgreSQL.
        (
            "CREATE SCHEMA half_done;\nGRANT SELECT ON pg_class TO pg_monitor;\n",
            "before_01_wrong.sql: 01007: no privileges were granted",
        ),
    ],
    ids=["error", "exception of another file", "warning"],
)
def test_failing_statement_fails_the_run(empty: db.Database, tmp_path: Path, sql: str, message: str) -> None:
    folder = copy_without(tmp_path, "nothing")
    (folder / "before_01_wrong.sql").write_text(sql, encoding="utf-8")
    result = db.run_bootstrap(empty, folder=folder)
    assert (result.returncode, message in result.stderr) == (1, True), result.stderr
    # One transaction per file, and none after it.
    assert empty.superuser("SELECT 1 FROM pg_namespace WHERE nspname = 'half_done'") == []
    assert empty.superuser("SELECT 1 FROM pg_roles WHERE rolname = 'service_role'") == []


@pytest.mark.parametrize(
    ("secret", "value", "message"),
    [
        ("db/password", "wrong", "password authentication failed"),
        ("db/password", "", "db/password is empty or holds characters outside printable ASCII"),
        ("db/password", "pässword", "outside printable ASCII"),
    ],
    ids=["wrong", "empty", "to be prepared"],
)
def test_bad_secret_is_refused(
    empty: db.Database, monkeypatch: pytest.MonkeyPatch, secret: str, value: str, message: str
) -> None:
    monkeypatch.setitem(empty.secrets, secret, value)
    result = db.run_bootstrap(empty)
    assert (result.returncode, message in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (["before"], {"PGHOST": ""}, "environment variable PGHOST is missing"),
        (["between"], {}, "the argument is between; it has to be one of before, realtime, after"),
        (["before"], {"PGPORT": "1", "BOOTSTRAP_WAIT_SECONDS": "1"}, "bootstrap failed: connect ECONNREFUSED"),
        (["before"], {"PGSSLROOTCERT": "/dev/null"}, "/dev/null holds no certificate"),
        (["before"], {"PGSSLROOTCERT": "<another>"}, "give the bundle of the authority that signs it now"),
    ],
    ids=["variable", "argument", "nobody there", "no authority", "other authority"],
)
def test_wrong_setting_is_explained(
    empty: db.Database, tmp_path: Path, arguments: list[str], environment: dict[str, str], message: str
) -> None:
    other = Authority.load_or_create(tmp_path, "Another CA")
    values = {name: str(other.certificate_path) if v == "<another>" else v for name, v in environment.items()}
    result = db.run_bootstrap(empty, *arguments, environment=values)
    assert (result.returncode, message in result.stderr) == (1, True), result.stderr


@pytest.mark.parametrize(
    ("ssl", "names", "message"),
    [
        ("off", ["localhost", "127.0.0.1"], "The server does not support SSL connections"),
        ("on", ["unit.example.com"], "(ERR_TLS_CERT_ALTNAME_INVALID)"),
    ],
    ids=["plain", "certificate of another name"],
)
def test_server_without_verified_tls_is_refused(empty: db.Database, ssl: str, names: list[str], message: str) -> None:
    tls, group = empty.server.folder / "tls", {"rds.force_ssl": "1", "log_statement": "all"}
    kept = {file: file.read_bytes() for file in tls.iterdir()}
    certificate, key = postgres.authority(empty.server.sandbox).issue("server", names=names)
    for name, source in (("server.crt", certificate), ("server.key", key)):
        (tls / name).write_bytes(source.read_bytes())
    empty.superuser(f"ALTER SYSTEM SET ssl = {ssl}")
    empty.server.reload(group)
    try:
        result = db.run_bootstrap(empty, environment={"PGHOST": "localhost"})
    finally:
        for file, content in kept.items():
            file.write_bytes(content)
        empty.superuser("ALTER SYSTEM RESET ssl")
        empty.server.reload(group)
    assert result.returncode == 1
    assert "no verified TLS with localhost:" in result.stderr and message in result.stderr, result.stderr


@newest
def test_one_bootstrap_at_a_time(bootstrapped: Bootstrapped) -> None:
    database, _report = bootstrapped
    with database.master() as connection:
        connection.execute("SELECT pg_advisory_lock(hashtextextended('supastack-bootstrap', 0))")
        process = db.start(database, db.BOOTSTRAP / "run.mjs", "after")
        assert process.stdout is not None
        assert "another bootstrap is at work" in process.stdout.readline()
    output, problems = process.communicate(timeout=30)
    assert process.returncode == 0, output + problems
