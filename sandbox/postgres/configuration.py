# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""From RDS parameters to the files that a PostgreSQL server reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.postgres.binaries import Installation
from sandbox.postgres.parameters import split_list

ADMINISTRATOR = "rdsadmin"
_TRUE = frozenset({"1", "on", "true", "yes"})


@dataclass(frozen=True)
class Place:
    """Where one server listens and what its folders are, as the server sees them."""

    port: int
    home: Path
    system_user: str


@dataclass
class Configuration:
    """Rendered files by name, and what of the parameter group could not be applied, with the reason."""

    files: dict[str, str] = field(default_factory=dict)
    not_applied: dict[str, str] = field(default_factory=dict)
    not_loaded: list[str] = field(default_factory=list)
    force_ssl: bool = True


def render(installation: Installation, place: Place, parameters: Mapping[str, str]) -> Configuration:
    """The configuration of a server with these RDS parameters (name -> value as the API has it)."""
    configuration = Configuration(force_ssl=parameters.get("rds.force_ssl", "1").lower() in _TRUE)
    settings = _group_settings(configuration, installation, parameters)
    # The last setting of a name wins, so what the sandbox decides comes after the group.
    lines = [*settings.items(), *_service_settings(installation, place, parameters).items()]
    configuration.files = {
        "postgresql.conf": "".join(f"{name} = {_quoted(value)}\n" for name, value in lines),
        "pg_hba.conf": _host_based_authentication(configuration.force_ssl),
        "pg_ident.conf": f'administration "{place.system_user}" {ADMINISTRATOR}\n',
    }
    return configuration


def _group_settings(
    configuration: Configuration, installation: Installation, parameters: Mapping[str, str]
) -> dict[str, str]:
    settings = {}
    for name, value in sorted(parameters.items()):
        if "{" in value:
            configuration.not_applied[name] = f"{value}: no instance class here, so PostgreSQL's own default"
        elif name == "shared_preload_libraries":
            libraries = split_list(value)
            configuration.not_loaded = [library for library in libraries if not installation.can_preload(library)]
            settings[name] = ",".join(library for library in libraries if installation.can_preload(library))
        else:
            settings[name] = value
    return settings


def _service_settings(installation: Installation, place: Place, parameters: Mapping[str, str]) -> dict[str, str]:
    logical = parameters.get("rds.logical_replication", "0").lower() in _TRUE
    folder = place.home / "config"
    return {
        "listen_addresses": "127.0.0.1",
        "port": str(place.port),
        # Relative to the data folder: the path of a Unix socket has at most 107 bytes.
        "unix_socket_directories": "../socket",
        "unix_socket_permissions": "0700",
        "hba_file": str(folder / "pg_hba.conf"),
        "ident_file": str(folder / "pg_ident.conf"),
        "ssl": "on",
        "ssl_cert_file": str(place.home / "tls" / "server.crt"),
        "ssl_key_file": str(place.home / "tls" / "server.key"),
        "wal_level": "logical" if logical else "replica",
        "rds.extensions": ", ".join(installation.trusted_extensions()),
        "logging_collector": "off",
        "log_destination": "stderr",
        "archive_mode": "off",
        "fsync": "off",
        "full_page_writes": "off",
    }


def _host_based_authentication(force_ssl: bool) -> str:
    # RDS too answers "pg_hba.conf rejects connection" for its administrator and its database.
    encrypted = "hostssl" if force_ssl else "host"
    return "".join(
        f"{line}\n"
        for line in (
            f"local   all          {ADMINISTRATOR}  peer map=administration",
            "local   all          all       reject",
            f"host    all          {ADMINISTRATOR}  0.0.0.0/0     reject",
            f"host    {ADMINISTRATOR}     all       0.0.0.0/0     reject",
            f"{encrypted:7s} all          all       127.0.0.1/32  scram-sha-256",
            f"{encrypted:7s} replication  all       127.0.0.1/32  scram-sha-256",
        )
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"
