# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What RDS refuses in a request, and what this sandbox cannot do yet.

Limits are those of the API reference, CreateDBInstance and ModifyDBInstance; wording follows AWS where it is known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, MutableMapping
from typing import Any, NoReturn

from moto.rds.exceptions import (
    DBParameterGroupNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, RDSBackend

from sandbox.aws.rds import engine

Request = MutableMapping[str, Any]

_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,62}$")
_CLASS = re.compile(r"^db\.[a-z0-9-]+\.[a-z0-9]+$")
_PASSWORD = re.compile(r"^[!#-.0-?A-~]*$")
_PASSWORD_LENGTH = range(8, 129)
_STORAGE_GIB = range(20, 65537)
_RESERVED_USERS = frozenset({"admin", "rdsadmin", "user", "public", "none"})


def not_implemented(what: str) -> RDSClientError:
    """An error that no caller takes for AWS' own; 400, because clients repeat a call that ends with 5xx."""
    return RDSClientError("NotImplemented", f"The sandbox does not do this yet: {what}.")


def refuse(what: str) -> Callable[..., NoReturn]:
    """A wrapper of a moto operation that refuses a call which moto would only pretend to serve."""

    def refusal(_original: Callable[..., Any], *_arguments: Any, **_named: Any) -> NoReturn:
        raise not_implemented(what)

    return refusal


def check_create(backend: RDSBackend, request: Request) -> None:
    """Raise what RDS would answer to a bad CreateDBInstance; replaces EngineVersion by the full version."""
    if request.get("engine") != engine.ENGINE or request.get("db_cluster_identifier"):
        raise not_implemented(f"engine {request.get('engine')} or DB clusters; only {engine.ENGINE} instances")
    if request.get("manage_master_user_password"):
        raise not_implemented("ManageMasterUserPassword; pass MasterUserPassword")
    request["engine_version"] = engine.resolve(request.get("engine_version"))
    _check_class(request["db_instance_class"])
    _check_names(request)
    check_password(request.get("master_user_password"))
    _check_storage(request)
    _check_family(backend, request["engine_version"], request.get("db_parameter_group_name"))


def check_modify(backend: RDSBackend, database: DBInstance, request: Request) -> None:
    """Raise what RDS would answer to a bad ModifyDBInstance."""
    for option in ("new_db_instance_identifier", "manage_master_user_password", "rotate_master_user_password"):
        if request.get(option):
            raise not_implemented(option)
    if request.get("master_user_password") is not None:
        check_password(request["master_user_password"])
    if request.get("db_instance_class"):
        _check_class(request["db_instance_class"])
    if (request.get("allocated_storage") or database.allocated_storage) < database.allocated_storage:
        raise InvalidParameterCombination(
            f"Invalid storage size: AllocatedStorage cannot be reduced from {database.allocated_storage} GiB"
        )
    version = _check_upgrade(database, request)
    if request.get("db_parameter_group_name"):
        _check_family(backend, version, request["db_parameter_group_name"])


def check_restore(backend: RDSBackend, source: DBInstance, request: Request) -> None:
    """Raise what RDS would answer to a bad restore of what `source` was."""
    if request.get("manage_master_user_password"):
        raise not_implemented("ManageMasterUserPassword; modify the restored instance with MasterUserPassword")
    if request.get("db_instance_class"):
        _check_class(request["db_instance_class"])
    _check_storage(request)
    if (request.get("allocated_storage") or source.allocated_storage) < source.allocated_storage:
        raise InvalidParameterValue(
            "The allocated storage size can't be less than the source snapshot or backup size: "
            f"{source.allocated_storage} GiB."
        )
    _check_family(backend, source.engine_version, request.get("db_parameter_group_name"))


def check_delete(final_snapshot: str | None, skip_final_snapshot: bool | None) -> None:
    """Raise what RDS would answer to a bad DeleteDBInstance; protection itself is checked by moto."""
    if final_snapshot and skip_final_snapshot:
        raise InvalidParameterCombination("FinalDBSnapshotIdentifier can not be specified when deleting without one.")
    if not final_snapshot and not skip_final_snapshot:
        raise InvalidParameterCombination(
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
        )


def check_password(password: str | None) -> None:
    """Raise InvalidParameterValue unless `password` is 8 to 128 printable ASCII characters without / @ " and space."""
    message = "The parameter MasterUserPassword is not a valid password"
    if not password:
        raise InvalidParameterValue("The parameter MasterUserPassword must be provided and must not be blank.")
    if len(password) not in _PASSWORD_LENGTH:
        side = "shorter than 8" if len(password) < _PASSWORD_LENGTH.start else "longer than 128"
        raise InvalidParameterValue(f"{message} because it is {side} characters.")
    if not _PASSWORD.match(password):
        raise InvalidParameterValue(
            f"{message}. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used."
        )


def _check_class(instance_class: str) -> None:
    if not _CLASS.match(instance_class):
        raise InvalidParameterValue(f"Invalid DB Instance class: {instance_class}")


def _check_names(request: Request) -> None:
    username, database = request.get("master_username"), request.get("db_name")
    if not username or not _NAME.match(username):
        raise InvalidParameterValue(f"The parameter MasterUsername is not a valid identifier: {username}")
    if username.lower() in _RESERVED_USERS or username.lower().startswith(("pg_", "rds_")):
        raise InvalidParameterValue(
            f"MasterUsername {username} cannot be used as it is a reserved word used by the engine"
        )
    if database and not _NAME.match(database):
        raise InvalidParameterValue(f"DBName must begin with a letter and contain only letters and digits: {database}")


def _check_storage(request: Request) -> None:
    size = request.get("allocated_storage")
    if size is not None and size not in _STORAGE_GIB:
        storage_type = request.get("storage_type") or "gp2"
        raise InvalidParameterValue(
            f"Invalid storage size for engine name {engine.ENGINE} and storage type {storage_type}: {size}"
        )


def _check_family(backend: RDSBackend, version: str, name: str | None) -> None:
    family = engine.family_of(version)
    if not name or name.lower() == f"default.{family}":
        return
    if name not in backend.db_parameter_groups:
        raise DBParameterGroupNotFoundError(name)
    group = backend.db_parameter_groups[name]
    if group.family != family:
        raise InvalidParameterCombination(
            f"The parameter group {group.name} with DBParameterGroupFamily {group.family} can't be used for this "
            f"instance. Use a parameter group with DBParameterGroupFamily {family}."
        )


def _check_upgrade(database: DBInstance, request: Request) -> str:
    version = request.get("engine_version")
    if not version:
        return database.engine_version
    request["engine_version"] = resolved = engine.resolve(version)
    if engine.major_of(resolved) < engine.major_of(database.engine_version):
        raise InvalidParameterCombination(f"Cannot upgrade postgres from {database.engine_version} to {resolved}")
    if engine.major_of(resolved) > engine.major_of(database.engine_version):
        raise not_implemented(f"a major version upgrade from {database.engine_version} to {resolved}")
    return resolved
