# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The roles and databases that a new RDS for PostgreSQL instance has.

Sources: RDS user guide, "Understanding the rds_superuser role" (attributes of the master, what rds_superuser grants and
that it can stop any connection and see all of pg_stat_activity) and "Understanding PostgreSQL roles and permissions"
(rds_iam, rds_password, rds_replication).
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from sandbox.postgres.configuration import ADMINISTRATOR

# Memberships of rds_superuser; it passes them on ("Grant (and revoke) the rds_replication role to database users").
_SUPERUSER_MEMBERSHIPS = ("pg_monitor", "pg_signal_backend", "rds_replication", "rds_password")
_SERVICE_ROLES = ("rds_superuser", "rds_replication", "rds_iam", "rds_password", "rds_extension")
_STANDARD_DATABASES = ("postgres", "template1")


@dataclass(frozen=True)
class Master:
    """The master user of CreateDBInstance. `database` is DBName; None means that only `postgres` exists."""

    username: str
    database: str | None
    bypass_row_level_security: bool


def create(connection: psycopg.Connection[tuple[object, ...]], master: Master, password: str) -> None:
    """Turn a new cluster into an RDS one: service roles, master, ownership. `connection` is the administrator's."""
    for role in _SERVICE_ROLES:
        connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)))
    for role in _SUPERUSER_MEMBERSHIPS:
        connection.execute(sql.SQL("GRANT {} TO rds_superuser WITH ADMIN OPTION").format(sql.Identifier(role)))
    _create_master(connection, master, password)
    name = sql.Identifier(master.username)
    for database in _STANDARD_DATABASES:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), name))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(ADMINISTRATOR)))
    if master.database and master.database not in _STANDARD_DATABASES:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(master.database), name)
        connection.execute(statement)


def set_password(connection: psycopg.Connection[tuple[object, ...]], username: str, password: str) -> None:
    """Give `username` a new password; the server only ever gets its SCRAM verifier."""
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(
        sql.Identifier(username), sql.Literal(_verifier(connection, username, password))
    )
    connection.execute(statement)


def _create_master(connection: psycopg.Connection[tuple[object, ...]], master: Master, password: str) -> None:
    name = sql.Identifier(master.username)
    bypass = "BYPASSRLS" if master.bypass_row_level_security else "NOBYPASSRLS"
    connection.execute(
        sql.SQL(
            "CREATE ROLE {} LOGIN NOSUPERUSER INHERIT CREATEDB CREATEROLE NOREPLICATION {} VALID UNTIL 'infinity' "
            "PASSWORD {}"
        ).format(name, sql.SQL(bypass), sql.Literal(_verifier(connection, master.username, password)))
    )
    connection.execute(sql.SQL("GRANT rds_superuser TO {} WITH ADMIN OPTION").format(name))
    if connection.info.server_version >= 160000:
        # Before 16, CREATEROLE alone lets the master grant rds_iam.
        statement = sql.SQL("GRANT rds_iam TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE").format(name)
        connection.execute(statement)


def _verifier(connection: psycopg.Connection[tuple[object, ...]], username: str, password: str) -> str:
    encrypted = connection.pgconn.encrypt_password(password.encode(), username.encode(), b"scram-sha-256")
    return encrypted.decode("ascii")
