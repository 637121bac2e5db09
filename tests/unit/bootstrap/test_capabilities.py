# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the bootstrap says that a database gives, against what is done to that database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.bootstrap import database as db

# Of a PostgreSQL that is not RDS: only trusted extensions, no event triggers, no wal2json, no wal_level logical.
VANILLA = {
    "bypassrls": True,
    "event_triggers": False,
    "graphql": False,
    "log_min_messages": False,
    "pg_stat_statements": False,
    "pgcrypto": True,
    "replication": False,
    "uuid-ossp": True,
    "wal2json": False,
}
SLOTS = "SELECT slot_name FROM pg_replication_slots"


@pytest.fixture(scope="module", params=[15, 17])
def vanilla(request: pytest.FixtureRequest) -> Iterator[db.Database]:
    """A server as it is, before the first bootstrap."""
    with db.running(request.param, max_replication_slots="1") as database:
        yield database


def test_capabilities_are_found_out_by_use(vanilla: db.Database) -> None:
    first = db.run_bootstrap(vanilla)
    assert first.returncode == 0, first.stdout + first.stderr
    expected = VANILLA | {"bypassrls": vanilla.server.major >= 16}
    assert db.report(first)["capabilities"] == expected
    assert list(db.report(first)["capabilities"]) == sorted(expected)
    for line in (
        "before_73_pg_stat_statements.sql: refused (SQLSTATE 42501",
        "before_80_event_triggers.sql: refused (SQLSTATE 42501",
        "before_25_log_min_messages.sql: refused (SQLSTATE 42501",
        "before_60_publication.sql: wal_level is not logical",
        "replication: refused (SQLSTATE 42501",
    ):
        assert line in first.stdout

    # What RDS gives and this server does only for a superuser.
    vanilla.superuser(
        "ALTER ROLE supabase_admin REPLICATION",
        "GRANT SET ON PARAMETER log_min_messages TO supabase_admin",
        "CREATE EXTENSION pg_stat_statements SCHEMA extensions",
        "CREATE SCHEMA graphql_public; CREATE FUNCTION graphql_public.graphql() RETURNS int LANGUAGE sql RETURN 1",
    )
    given = expected | {"log_min_messages": True, "pg_stat_statements": True, "graphql": True}
    result = db.run_bootstrap(vanilla, "after")
    assert (result.returncode, db.report(result)["capabilities"]) == (0, given), result.stdout + result.stderr
    assert "replication: refused (SQLSTATE 55000" in result.stdout

    vanilla.server.restart({"rds.force_ssl": "1", "rds.logical_replication": "1", "max_replication_slots": "1"})
    result = db.run_bootstrap(vanilla, "after")
    assert db.report(result)["capabilities"] == given | {"replication": True}, result.stdout + result.stderr
    assert "wal2json: refused (SQLSTATE 58P01" in result.stdout
    assert vanilla.superuser(SLOTS) == []

    # A transaction that runs keeps the slot from its starting point: that is a matter of time, not of the database.
    with vanilla.master() as connection, connection.transaction():
        connection.execute("CREATE TABLE public.unfinished ()")
        result = db.run_bootstrap(vanilla, "after")
    assert db.report(result)["capabilities"]["replication"], result.stdout + result.stderr

    # Nor is it one that all slots are in use, but then nobody knows.
    vanilla.superuser("SELECT pg_create_physical_replication_slot('of_somebody')")
    result = db.run_bootstrap(vanilla, "after")
    assert (result.returncode, "SQLSTATE 53400" in result.stderr) == (1, True), result.stderr
