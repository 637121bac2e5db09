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
from typing import Any

import psycopg

from sandbox import processes
from sandbox.postgres import server as postgres
from sandbox.postgres.roles import Master
from sandbox.state import Sandbox
from tools.toolchain import node, node_module

CHECKOUT = Path(__file__).resolve().parents[3]
BOOTSTRAP = CHECKOUT / "roles/supabase_helm/files/bootstrap"
MASTER_PASSWORD = "master-password-of-the-tests"
AUTHENTICATOR_PASSWORD = "password-of-authenticator"


@dataclass
class Database:
    """A running server and the secrets that the bootstrap gets; a test may change them."""

    server: postgres.Server
    secrets: dict[str, str] = field(
        default_factory=lambda: {
            "db/username": "postgres",
            "db/password": MASTER_PASSWORD,
            "db-roles/authenticator": AUTHENTICATOR_PASSWORD,
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


@contextmanager
def running(major: int, bypassrls: bool = True) -> Iterator[Database]:
    """A server of that major version, removed at the end. `bypassrls`: whether the master holds that attribute."""
    folder = Path(tempfile.mkdtemp(prefix="supastack-bootstrap-"))
    sandbox = Sandbox.at(folder)
    server = postgres.Server(sandbox, "unit", "unit.example.com", major)
    try:
        parameters = {"rds.force_ssl": "1", "log_statement": "all"}
        server.create(Master("postgres", None, bypassrls), MASTER_PASSWORD, parameters)
        yield Database(server)
    finally:
        server.destroy()
        processes.stop_all(sandbox)
        shutil.rmtree(folder, ignore_errors=True)


def run_bootstrap(
    database: Database, *, folder: Path = BOOTSTRAP, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run run.mjs of `folder` with the secrets as mounted files, the way the Job's pod sees them."""
    secrets = Path(tempfile.mkdtemp(dir=database.server.sandbox.folder))
    for path, value in database.secrets.items():
        (secrets / path).parent.mkdir(exist_ok=True)
        (secrets / path).write_text(value, encoding="utf-8")
    return subprocess.run(
        [node(), folder / "run.mjs"],
        # As in the image: `pg` lies in node_modules under the working directory.
        cwd=node_module("@supabase/postgres-meta"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
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


def report(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The JSON report, which is the last line of standard output."""
    parsed: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return parsed
