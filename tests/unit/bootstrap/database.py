# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A real PostgreSQL with the powers of an RDS master, and the bootstrap run against it as its Job would."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import psycopg

from sandbox import processes
from sandbox.postgres import server as postgres
from sandbox.postgres.roles import Master
from sandbox.state import Sandbox
from tools.toolchain import node, node_module

CHECKOUT = Path(__file__).resolve().parents[3]
BOOTSTRAP = CHECKOUT / "roles/supabase_helm/files/bootstrap"
MASTER_PASSWORD = "master-password-of-the-tests"
LOGIN_ROLES = ("authenticator", "supabase_auth_admin", "supabase_storage_admin", "supabase_admin")
AUTHENTICATOR_PASSWORD = "password-of-authenticator"

# Everything the bootstrap may touch but passwords, and without oids, so that two servers can be compared.
CATALOGUE = """
    SELECT jsonb_build_object(
        'roles', (SELECT jsonb_agg(to_jsonb(a) - '{oid,rolpassword}'::text[] ORDER BY rolname) FROM pg_authid a),
        'settings', (
            SELECT jsonb_agg(jsonb_build_array(setrole::regrole, setconfig) ORDER BY setrole::regrole::text)
            FROM pg_db_role_setting),
        'members', (
            SELECT jsonb_agg(line ORDER BY line::text) FROM (
                SELECT to_jsonb(m) - 'oid' || jsonb_build_object(
                    'roleid', roleid::regrole, 'member', member::regrole, 'grantor', grantor::regrole) AS line
                FROM pg_auth_members m) AS lines),
        'databases', (SELECT jsonb_agg(jsonb_build_array(datname, datacl) ORDER BY datname) FROM pg_database),
        'schemas', (
            SELECT jsonb_agg(jsonb_build_array(nspname, nspowner::regrole, nspacl) ORDER BY nspname)
            FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast)'),
        'defaults', (
            SELECT jsonb_agg(line ORDER BY line::text) FROM (
                SELECT jsonb_build_array(defaclrole::regrole, defaclnamespace::regnamespace, defaclobjtype, defaclacl)
                    AS line FROM pg_default_acl) AS lines),
        'extensions', (
            SELECT jsonb_agg(jsonb_build_array(extname, extnamespace::regnamespace) ORDER BY extname)
            FROM pg_extension),
        'publications', (SELECT jsonb_agg(jsonb_build_array(pubname, pubowner::regrole)) FROM pg_publication),
        'policies', (SELECT jsonb_agg(jsonb_build_array(polname, polrelid::regclass)) FROM pg_policy),
        'functions', (
            SELECT jsonb_agg(jsonb_build_array(p.oid::regprocedure, proowner::regrole, proconfig)
                ORDER BY p.oid::regprocedure::text)
            FROM pg_proc p WHERE pronamespace::regnamespace::text !~ '^(pg_catalog|information_schema)$')
    )
"""
REALTIME_VERSIONS = ("20211116024918", "20260218120000")
# In the shape of the dumps in Realtime's image: settings of the session, a function with the clause that only a
# superuser may write, one without it whose body has the same line, and the migrations that it stands for.
REALTIME_DUMP = """SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE FUNCTION realtime.quoted() RETURNS text
    LANGUAGE sql
    AS $_$
SELECT 'stays too' /*
    SET log_min_messages TO 'fatal'
*/$_$;

CREATE FUNCTION realtime.list_changes(publication name) RETURNS SETOF text
    LANGUAGE sql
    SET log_min_messages TO 'fatal'
    AS $$ SELECT publication::text /* stays:
    SET log_min_messages TO 'fatal'
*/ $$;

CREATE TABLE realtime.messages (topic text NOT NULL);
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE realtime.messages OWNER TO supabase_realtime_admin;

CREATE TABLE realtime.schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0) without time zone);
""" + "".join(
    f'INSERT INTO realtime."schema_migrations" (version) VALUES ({version});\n' for version in REALTIME_VERSIONS
)
VERIFIERS = "SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL ORDER BY 1"


@dataclass
class Database:
    """A running server and the secrets that the bootstrap gets; a test may change them."""

    server: postgres.Server
    secrets: dict[str, str] = field(
        default_factory=lambda: {
            "db/username": "postgres",
            "db/password": MASTER_PASSWORD,
            **{f"db-roles/{role}": f"password-of-{role}" for role in LOGIN_ROLES},
        }
    )

    @property
    def ca_path(self) -> Path:
        """The certificate that clients trust."""
        return postgres.authority(self.server.sandbox).certificate_path

    @property
    def log(self) -> str:
        """What the server has logged so far."""
        return (self.server.sandbox.logs / f"{self.server.process}.log").read_text(encoding="utf-8")

    def connect(self, user: str, password: str) -> psycopg.Connection[Any]:
        """A connection as services make it: over TLS, with certificate and name verified."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.server.port,
            user=user,
            password=password,
            dbname="postgres",
            autocommit=True,
            sslmode="verify-full",
            sslrootcert=str(self.ca_path),
        )

    def master(self) -> psycopg.Connection[Any]:
        """The master's connection."""
        return self.connect("postgres", MASTER_PASSWORD)

    def catalogue(self) -> dict[str, Any]:
        """What a superuser sees of the server."""
        (content,) = self.superuser(CATALOGUE)[0]
        return cast("dict[str, Any]", content)

    def superuser(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs statements as no one on RDS can; the rows of the last."""
        with self.server.administrate() as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@contextmanager
def running(major: int, bypassrls: bool = True, **parameters: str) -> Iterator[Database]:
    """A server of that major version, removed at the end. `bypassrls`: whether the master holds that attribute."""
    folder = Path(tempfile.mkdtemp(prefix="supastack-bootstrap-"))
    sandbox = Sandbox.at(folder)
    server = postgres.Server(sandbox, "unit", "unit.example.com", major)
    group = {"rds.force_ssl": "1", "log_statement": "all", **parameters}
    try:
        server.create(Master("postgres", None, bypassrls), MASTER_PASSWORD, group)
        yield Database(server)
    finally:
        server.destroy()
        processes.stop_all(sandbox)
        shutil.rmtree(folder, ignore_errors=True)


def start(
    database: Database, *arguments: str | Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start one of the programs with the secrets as mounted files, the way the Job's pod sees them."""
    secrets = Path(tempfile.mkdtemp(dir=database.server.sandbox.folder))
    for path, value in database.secrets.items():
        (secrets / path).parent.mkdir(exist_ok=True)
        (secrets / path).write_text(value, encoding="utf-8")
    return subprocess.Popen(
        [node(), *arguments],
        # As in the image: `pg` lies in node_modules under the working directory.
        cwd=node_module("@supabase/postgres-meta"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            "PGHOST": "127.0.0.1",
            "PGPORT": str(database.server.port),
            "PGDATABASE": "postgres",
            "PGSSLROOTCERT": str(database.ca_path),
            "BOOTSTRAP_SECRETS": str(secrets),
            "BOOTSTRAP_WAIT_SECONDS": "10",
            **(environment or {}),
        },
    )


def run(
    database: Database, *arguments: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one of the programs to its end."""
    with start(database, *arguments, environment=environment) as process:
        try:
            output, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def run_bootstrap(
    database: Database,
    phase: str = "before",
    *,
    folder: Path = BOOTSTRAP,
    environment: dict[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run one phase of run.mjs of `folder`."""
    return run(database, folder / "run.mjs", phase, environment=environment)


def realtime_dumps(folder: Path, *majors: int, sql: str = REALTIME_DUMP) -> dict[str, str]:
    """Writes Realtime's dumps for these versions of servers; the environment that leads the bootstrap there."""
    folder.mkdir(exist_ok=True)
    for major in majors:
        (folder / f"tenant_db_dump_{major}.sql").write_text(sql, encoding="utf-8")
    return {"BOOTSTRAP_REALTIME": str(folder)}


def report(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON report, which is the last line of standard output."""
    parsed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return parsed
