# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""DB snapshots with the data of real servers, and what can be made of them.

Sources: RDS API reference, CreateDBSnapshot, RestoreDBInstanceFromDBSnapshot and RestoreDBInstanceToPointInTime.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from moto.rds.exceptions import InvalidParameterCombination, RDSClientError
from moto.rds.models import DBInstance, DBSnapshot, RDSBackend

from sandbox.aws.rds import refusals
from sandbox.aws.rds.fleet import Fleet
from sandbox.aws.wrap import wrap
from sandbox.state import SandboxError

Create = Callable[[RDSBackend, dict[str, Any]], DBInstance]
# What a restored instance has of the one that it was taken of, unless the request says otherwise. The rest is as in a
# new instance: default parameter group, one zone, no protection, no monitoring.
_TAKEN_OVER = (
    "engine",
    "engine_version",
    "db_instance_class",
    "allocated_storage",
    "storage_type",
    "iops",
    "storage_throughput",
    "storage_encrypted",
    "kms_key_id",
    "master_username",
    "db_name",
    "port",
    "license_model",
    "auto_minor_version_upgrade",
    "backup_retention_period",
    "preferred_backup_window",
    "preferred_maintenance_window",
)
# They say of what and how, not what the instance is like.
_OF_THE_REQUEST = frozenset(
    {
        "db_snapshot_identifier",
        "source_db_instance_identifier",
        "target_db_instance_identifier",
        "use_latest_restorable_time",
        "restore_time",
    }
)


def attach(fleet: Fleet, create: Create) -> None:
    """Route snapshots and restores through `fleet`; `create` enters an instance into moto's books and no more."""
    _attach_snapshots(fleet)
    _attach_restores(fleet, create)


def folder_of(fleet: Fleet, backend: RDSBackend, identifier: str) -> Path:
    """Where the data of a snapshot is."""
    return fleet.snapshots / f"{backend.region_name}-{identifier.lower()}"


def available(fleet: Fleet, backend: RDSBackend, identifier: str) -> DBInstance:
    """The instance, when it can be copied. Raises DBInstanceNotFound, InvalidDBInstanceState."""
    fleet.settle(identifier)
    database = backend.describe_db_instances(identifier)[0]
    if database.status != "available":
        raise RDSClientError(
            "InvalidDBInstanceState",
            f"Cannot create a snapshot because the database instance {identifier} is not currently in the available "
            "state.",
        )
    return database


def _attach_snapshots(fleet: Fleet) -> None:
    def create(original: Callable[..., DBSnapshot], backend: RDSBackend, *arguments: Any, **named: Any) -> DBSnapshot:
        identifier = arguments[0] if arguments else named["db_instance_identifier"]
        database = available(fleet, backend, identifier)
        snapshot = original(backend, *arguments, **named)
        try:
            _save(fleet, database, folder_of(fleet, backend, snapshot.db_snapshot_identifier))
        except RDSClientError:
            backend.database_snapshots.pop(snapshot.db_snapshot_identifier)
            raise
        return snapshot

    def delete(original: Callable[..., DBSnapshot], backend: RDSBackend, db_snapshot_identifier: str) -> DBSnapshot:
        snapshot = original(backend, db_snapshot_identifier)
        shutil.rmtree(folder_of(fleet, backend, db_snapshot_identifier), ignore_errors=True)
        return snapshot

    wrap(RDSBackend, "create_db_snapshot", create)
    wrap(RDSBackend, "delete_db_snapshot", delete)


def _attach_restores(fleet: Fleet, create: Create) -> None:
    def of_snapshot(_original: object, backend: RDSBackend, identifier: str, request: refusals.Request) -> DBInstance:
        if identifier.startswith("arn:"):
            identifier = backend.extract_snapshot_name_from_arn(identifier)
        snapshot = backend.describe_db_snapshots(None, identifier)[0]
        database = _enter(fleet, backend, create, snapshot.database, request)
        fleet.restore(database, folder_of(fleet, backend, identifier))
        return database

    def of_time(
        _original: object, backend: RDSBackend, source: str, target: str, request: refusals.Request
    ) -> DBInstance:
        original = available(fleet, backend, source)
        _check_time(original, request)
        folder = fleet.snapshots / f".{target}"
        _save(fleet, original, folder)
        try:
            database = _enter(fleet, backend, create, original, {**request, "db_instance_identifier": target})
        except RDSClientError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        fleet.restore(database, folder, keep=False)
        return database

    wrap(RDSBackend, "restore_db_instance_from_db_snapshot", of_snapshot)
    wrap(RDSBackend, "restore_db_instance_to_point_in_time", of_time)


def _save(fleet: Fleet, database: DBInstance, folder: Path) -> None:
    try:
        fleet.save(database, folder)
    except (SandboxError, OSError, psycopg.Error) as error:
        raise RDSClientError("InternalFailure", str(error)) from error


def _check_time(source: DBInstance, request: refusals.Request) -> None:
    if not source.backup_retention_period:
        raise RDSClientError(
            "PointInTimeRestoreNotEnabled",
            f"Point in time restore is not enabled for {source.db_instance_identifier}: it keeps no backups.",
        )
    latest, time = request.get("use_latest_restorable_time"), request.get("restore_time")
    if bool(latest) == bool(time):
        raise InvalidParameterCombination("Either RestoreTime or UseLatestRestorableTime must be specified, not both.")
    if time:
        raise refusals.not_implemented(f"a restore to an earlier time ({time}); use UseLatestRestorableTime")


def _enter(
    fleet: Fleet, backend: RDSBackend, create: Create, source: DBInstance, request: refusals.Request
) -> DBInstance:
    """Make the record of an instance that is restored of what `source` was."""
    refusals.check_restore(backend, source, request)
    if request["db_instance_identifier"] not in backend.databases:
        fleet.check_free(request["db_instance_identifier"])
    wanted = {name: value for name, value in request.items() if value is not None and name not in _OF_THE_REQUEST}
    return create(backend, {**{name: getattr(source, name) for name in _TAKEN_OVER}, **wanted})
