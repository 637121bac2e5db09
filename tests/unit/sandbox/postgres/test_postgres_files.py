# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Builds, parameters and rendered configuration, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.postgres import launch, parameters
from sandbox.postgres.account import Account
from sandbox.postgres.binaries import MAJORS, Installation, server_parameters
from sandbox.postgres.configuration import Configuration, Place, render
from sandbox.state import SandboxError
from tools import toolchain

PLACE = Place(port=5433, home=Path("/srv/instance"), system_user="somebody")


def rendered(**values: str) -> Configuration:
    return render(Installation.find(17), PLACE, {name.replace("__", "."): value for name, value in values.items()})


@pytest.mark.parametrize("major", MAJORS)
def test_every_build_runs_and_lists_its_parameters(major: int) -> None:
    known = server_parameters(major)
    assert known["max_wal_senders"].context == "postmaster"
    assert known["log_min_duration_statement"].context == "superuser"
    assert Installation.find(major).version().startswith(f"{major}.")


def test_missing_build_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_major: int) -> Path:
        raise toolchain.ToolMissing(Path("/nowhere/postgres"))

    monkeypatch.setattr(toolchain, "postgres_bin", missing)
    with pytest.raises(SandboxError, match=r"/nowhere/postgres is missing\. Run: make setup"):
        Installation.find(17)


def test_links_lead_to_libraries_where_the_program_sees_them(tmp_path: Path) -> None:
    Installation.find(17).link_libraries(tmp_path / "lib", Path("/view"))
    assert str((tmp_path / "lib" / "libpq.so.5").readlink()).startswith("/view/lib/libpq.so.5.")


def test_copy_of_a_closed_build_is_open_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    for name in ("bin/postgres", "lib/postgresql/plpgsql.so", "share/postgresql/postgres.bki"):
        path = closed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="ascii")
        path.chmod(0o700)
    closed.chmod(0o700)
    installation = Installation(17, closed)
    assert not installation.readable_by_others()
    copy = installation.copy_readable(tmp_path / "copy")
    assert copy.readable_by_others()
    assert (copy.folder / "bin" / "postgres").stat().st_mode & 0o777 == 0o755


def test_ordinary_user_runs_the_program_directly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    account = Account.choose(Installation.find(17), tmp_path)
    assert account.command("initdb", "-V") == [str(account.installation.folder / "bin" / "initdb"), "-V"]
    assert account.home == tmp_path


def test_root_needs_the_unprivileged_uid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sandbox.postgres.account._uid_is_mapped", lambda _uid: False)
    with pytest.raises(SandboxError, match=f"uid {launch.UID} does not exist"):
        Account.choose(Installation.find(17), tmp_path)


def test_launcher_says_how_it_is_called() -> None:
    with pytest.raises(SystemExit, match="usage"):
        launch.main(["native", "instance", "--"])


@pytest.mark.parametrize("family", sorted(parameters.FAMILIES))
def test_catalogue_has_what_the_roles_set(family: str) -> None:
    catalogue = parameters.catalogue(family)
    assert catalogue["rds.force_ssl"]["ParameterValue"] == "1"
    assert catalogue["rds.logical_replication"]["ApplyType"] == "static"
    assert catalogue["max_slot_wal_keep_size"]["ApplyType"] == "dynamic"
    assert catalogue["shared_preload_libraries"]["ParameterValue"] == "pg_stat_statements"
    assert "ParameterValue" not in catalogue["log_min_duration_statement"]


def test_catalogues_are_copies() -> None:
    parameters.catalogue("postgres17")["rds.force_ssl"]["ParameterValue"] = "0"
    assert parameters.catalogue("postgres17")["rds.force_ssl"]["ParameterValue"] == "1"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rds.force_ssl", "2", "Invalid parameter value: 2 for: rds.force_ssl allowed values are: 0,1"),
        ("max_wal_senders", "many", "Invalid parameter value: many"),
        ("max_wal_senders", "-1", "allowed values are: 0-262143"),
        ("shared_preload_libraries", "pg_cron,pg_net", "Invalid parameter value: pg_cron,pg_net"),
        ("wal_level", "logical", "The parameter wal_level cannot be modified."),
    ],
)
def test_refused_values(name: str, value: str, message: str) -> None:
    with pytest.raises(parameters.ParameterError, match=message):
        parameters.check(parameters.catalogue("postgres17")[name], value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_min_duration_statement", "-1"),
        ("max_connections", "LEAST({DBInstanceClassMemory/9531392},500)"),
        ("autovacuum_vacuum_scale_factor", "0.05"),
        ("shared_preload_libraries", "pg_stat_statements, pg_cron"),
        ("rds.force_ssl", "true"),
        ("search_path", "public"),
    ],
)
def test_accepted_values(name: str, value: str) -> None:
    parameters.check(parameters.catalogue("postgres17")[name], value)


def test_force_ssl_decides_who_may_connect() -> None:
    encrypted, both = rendered(rds__force_ssl="1"), rendered(rds__force_ssl="0")
    assert encrypted.force_ssl and "hostssl all          all       127.0.0.1/32" in encrypted.files["pg_hba.conf"]
    assert not both.force_ssl and "hostssl" not in both.files["pg_hba.conf"]
    assert "host    all          rdsadmin  0.0.0.0/0     reject" in both.files["pg_hba.conf"]


def test_libraries_that_the_build_lacks_are_listed() -> None:
    configuration = rendered(shared_preload_libraries="pg_stat_statements,pg_cron")
    assert configuration.not_loaded == ["pg_cron"]
    assert "shared_preload_libraries = 'pg_stat_statements'\n" in configuration.files["postgresql.conf"]


def test_formulas_are_left_out_with_a_reason() -> None:
    configuration = rendered(shared_buffers="{DBInstanceClassMemory/32768}")
    assert "shared_buffers" not in configuration.files["postgresql.conf"]
    assert configuration.not_applied["shared_buffers"].startswith("{DBInstanceClassMemory/32768}: ")


def test_the_sandbox_has_the_last_word() -> None:
    text = rendered(listen_addresses="*", log_line_prefix="it's \\ ").files["postgresql.conf"]
    assert text.index("listen_addresses = '*'") < text.index("listen_addresses = '127.0.0.1'")
    assert "log_line_prefix = 'it''s \\\\ '\n" in text


def test_logical_replication_raises_the_wal_level() -> None:
    assert "wal_level = 'logical'" in rendered(rds__logical_replication="1").files["postgresql.conf"]
    assert "wal_level = 'replica'" in rendered().files["postgresql.conf"]
