# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The parameters of an RDS parameter group: those that PostgreSQL knows, those that RDS adds, and RDS' own defaults."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from sandbox.postgres.binaries import MAJORS, server_parameters

# RDS parameter groups are called after the major version: family postgres17 holds parameters of 17.x.
FAMILIES = {f"postgres{major}": major for major in MAJORS}
# What shared_preload_libraries may name on RDS (DescribeDBParameters, AllowedValues; PostgreSQL 18's list of September
# 2026, which is near that of 15 to 17).
PRELOAD_LIBRARIES = frozenset(
    {
        "auto_explain",
        "orafce",
        "pg_bigm",
        "pg_cron",
        "pg_hint_plan",
        "pg_prewarm",
        "pg_similarity",
        "pg_stat_monitor",
        "pg_stat_statements",
        "pg_tle",
        "pg_transport",
        "pgaudit",
        "pglogical",
        "plprofiler",
    }
)
# Settings that belong to the service: RDS shows them, but a parameter group cannot change them.
_SERVICE_SETTINGS = frozenset(
    {
        "archive_command",
        "archive_library",
        "archive_mode",
        "bonjour",
        "bonjour_name",
        "cluster_name",
        "config_file",
        "data_directory",
        "data_directory_mode",
        "dynamic_library_path",
        "event_source",
        "external_pid_file",
        "fsync",
        "full_page_writes",
        "hba_file",
        "ident_file",
        "listen_addresses",
        "local_preload_libraries",
        "log_directory",
        "log_file_mode",
        "logging_collector",
        "port",
        "recovery_target",
        "restore_command",
        "ssl",
        "ssl_ca_file",
        "ssl_cert_file",
        "ssl_crl_dir",
        "ssl_crl_file",
        "ssl_dh_params_file",
        "ssl_key_file",
        "ssl_passphrase_command",
        "syslog_facility",
        "syslog_ident",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
        "wal_level",
    }
)
_DATA_TYPES = {"BOOLEAN": "boolean", "INTEGER": "integer", "REAL": "float", "STRING": "string", "ENUM": "string"}
_LEVELS = "disabled,debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic"
# name -> (data type, apply type, allowed values, RDS' default). Source: RDS user guide, "RDS for PostgreSQL DB instance
# parameter list"; rds.force_ssl is 1 from family postgres15 on.
_RDS_PARAMETERS: dict[str, tuple[str, str, str, str | None]] = {
    "rds.force_ssl": ("boolean", "dynamic", "0,1", "1"),
    "rds.logical_replication": ("boolean", "static", "0,1", "0"),
    "rds.allowed_extensions": ("string", "dynamic", "", None),
    "rds.adaptive_autovacuum": ("boolean", "dynamic", "0,1", "1"),
    "rds.force_admin_logging_level": ("string", "dynamic", _LEVELS, None),
    "rds.force_autovacuum_logging_level": ("string", "dynamic", _LEVELS, None),
    "rds.log_retention_period": ("integer", "dynamic", "1440-10080", "4320"),
    "rds.rds_superuser_reserved_connections": ("integer", "static", "0-262143", "2"),
    "rds.restrict_password_commands": ("boolean", "static", "0,1", "0"),
    "auto_explain.log_min_duration": ("integer", "dynamic", "-1-2147483647", None),
    "cron.database_name": ("string", "static", "", None),
    "cron.log_run": ("boolean", "static", "0,1", None),
    "cron.log_statement": ("boolean", "static", "0,1", None),
    "cron.max_running_jobs": ("integer", "static", "5-100", None),
    "cron.use_background_workers": ("boolean", "static", "0,1", None),
    "pg_stat_statements.max": ("integer", "static", "100-2147483647", None),
    "pg_stat_statements.save": ("boolean", "dynamic", "0,1", None),
    "pg_stat_statements.track": ("string", "dynamic", "none,top,all", None),
    "pgaudit.log": ("string", "dynamic", "", None),
    "pgaudit.log_catalog": ("boolean", "dynamic", "0,1", None),
    "pgaudit.log_parameter": ("boolean", "dynamic", "0,1", None),
    "pgaudit.log_relation": ("boolean", "dynamic", "0,1", None),
    "pgaudit.role": ("string", "dynamic", "rds_pgaudit", None),
}
# Defaults that RDS gives to PostgreSQL's own parameters; the formulas are in bytes of the class' memory.
_SYSTEM_DEFAULTS = {
    "max_connections": "LEAST({DBInstanceClassMemory/9531392},5000)",
    "max_replication_slots": "20",
    "max_wal_senders": "20",
    "password_encryption": "scram-sha-256",
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "shared_preload_libraries": "pg_stat_statements",
}
_TRUE_FALSE = frozenset({"0", "1", "on", "off", "true", "false", "yes", "no"})
_RANGE = re.compile(r"^(-?[0-9.e+]+)-(-?[0-9.e+]+)$")


class ParameterError(ValueError):
    """A value that RDS refuses, in RDS' words."""


@cache
def _catalogue(major: int) -> dict[str, dict[str, Any]]:
    known = {name: _of_server(name, major) for name in server_parameters(major)}
    added = {name: _of_rds(name) for name in _RDS_PARAMETERS}
    return dict(sorted({**known, **added}.items()))


def catalogue(family: str) -> dict[str, dict[str, Any]]:
    """Name -> parameter as DescribeDBParameters shows it in a new group of `family`; KeyError for unknown families."""
    return {name: dict(parameter) for name, parameter in _catalogue(FAMILIES[family]).items()}


def check(parameter: dict[str, Any], value: str) -> None:
    """Raise ParameterError when RDS would refuse `value`; formulas are accepted as they are."""
    name, allowed = parameter["ParameterName"], parameter["AllowedValues"]
    if not parameter["IsModifiable"]:
        raise ParameterError(f"The parameter {name} cannot be modified.")
    if "{" in value or not value:
        return
    if not _is_allowed(parameter, value):
        raise ParameterError(f"Invalid parameter value: {value} for: {name} allowed values are: {allowed}")


def split_list(value: str) -> list[str]:
    """The entries of a list such as shared_preload_libraries."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def _of_server(name: str, major: int) -> dict[str, Any]:
    known = server_parameters(major)[name]
    data_type = _DATA_TYPES[known.data_type]
    allowed = "0,1" if data_type == "boolean" else f"{known.minimum}-{known.maximum}" if known.minimum else ""
    if name == "shared_preload_libraries":
        allowed = ",".join(sorted(PRELOAD_LIBRARIES))
    apply_type = "static" if known.context == "postmaster" else "dynamic"
    parameter = _parameter(name, data_type, apply_type, allowed, _SYSTEM_DEFAULTS.get(name))
    return {**parameter, "Description": known.description, "IsModifiable": name not in _SERVICE_SETTINGS}


def _of_rds(name: str) -> dict[str, Any]:
    return _parameter(name, *_RDS_PARAMETERS[name])


def _parameter(name: str, data_type: str, apply_type: str, allowed: str, default: str | None) -> dict[str, Any]:
    value = {} if default is None else {"ParameterValue": default}
    return {
        "ParameterName": name,
        "Description": f"({name})",
        "Source": "engine-default" if default is None else "system",
        "ApplyType": apply_type,
        "DataType": data_type,
        "AllowedValues": allowed,
        "IsModifiable": True,
        "ApplyMethod": "pending-reboot",
        **value,
    }


def _is_allowed(parameter: dict[str, Any], value: str) -> bool:
    data_type, allowed = parameter["DataType"], parameter["AllowedValues"]
    if data_type == "boolean":
        return value.lower() in _TRUE_FALSE
    if data_type in ("integer", "float"):
        return _in_range(value, allowed)
    entries = split_list(value) if parameter["ParameterName"] == "shared_preload_libraries" else [value]
    return not allowed or set(entries) <= set(split_list(allowed))


def _in_range(value: str, allowed: str) -> bool:
    bounds = _RANGE.match(allowed)
    try:
        number = float(value)
    except ValueError:
        return False
    return bounds is None or float(bounds[1]) <= number <= float(bounds[2])
