# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Where moto's RDS calls reach the fleet of real servers, and the calls that are refused rather than pretended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.rds.models import DBInstance, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.aws.rds import parameter_groups, refusals, snapshots
from sandbox.aws.rds.fleet import Fleet, endpoint_address
from sandbox.aws.wrap import wrap

# moto would answer these from its books alone, without any data behind them.
_REFUSED = {
    "copy_db_snapshot": "copies of DB snapshots",
    "create_db_instance_read_replica": "read replicas",
    "create_blue_green_deployment": "blue/green deployments",
    "create_db_cluster": "DB clusters",
}


def attach(fleet: Fleet) -> None:
    """Route moto's RDS through `fleet`."""
    for operation, what in _REFUSED.items():
        wrap(RDSBackend, operation, refusals.refuse(what))
    # Part of CreateDBInstance in moto, of a database that is not there yet.
    wrap(DBInstance, "save_automated_backup", lambda _original, _database: None)
    _attach_properties(fleet)
    snapshots.attach(fleet, RDSBackend.create_db_instance)
    _attach_creation(fleet)
    _attach_changes(fleet)
    _attach_states(fleet)
    _attach_parameter_groups(fleet)


def _attach_properties(fleet: Fleet) -> None:
    def address(database: DBInstance) -> str:
        return endpoint_address(database.db_instance_identifier, database.region)

    def parameter_groups_status(database: DBInstance) -> list[dict[str, str]]:
        name = parameter_groups.group_of(database).name
        return [{"DBParameterGroupName": name, "ParameterApplyStatus": fleet.parameter_status(database)}]

    for name, getter in (("address", address), ("db_parameter_group_status_list", parameter_groups_status)):
        setattr(DBInstance, name, property(getter))


def _attach_creation(fleet: Fleet) -> None:
    def create(original: Callable[..., DBInstance], backend: RDSBackend, request: refusals.Request) -> DBInstance:
        refusals.check_create(backend, request)
        if request["db_instance_identifier"] not in backend.databases:
            fleet.check_free(request["db_instance_identifier"])
        database = original(backend, request)
        fleet.create(database, request["master_user_password"])
        return database

    wrap(RDSBackend, "create_db_instance", create)


def _attach_changes(fleet: Fleet) -> None:
    def modify(original: Callable[..., DBInstance], backend: RDSBackend, identifier: str, request: Any) -> DBInstance:
        fleet.settle(identifier)
        fleet.check_settled(identifier)
        database = backend.describe_db_instances(identifier)[0]
        refusals.check_modify(backend, database, request)
        password = request.get("master_user_password")
        if password:
            fleet.check_can_set_password(database)
        original(backend, identifier, request)
        fleet.modified(database, password, request.get("db_port_number"))
        return database

    def delete(original: Callable[..., DBInstance], backend: RDSBackend, *_unused: Any, **request: Any) -> DBInstance:
        identifier = request["db_instance_identifier"]
        fleet.settle(identifier)
        existing = backend.databases.get(identifier)
        if existing is None or existing.deletion_protection:
            # Which moto refuses.
            return original(backend, **request)
        final, skip = request.get("final_db_snapshot_identifier"), request.get("skip_final_snapshot")
        refusals.check_delete(final, skip)
        if final:
            backend.create_db_snapshot(identifier, final)
        # Which moto would take of an instance that is gone already.
        rest = {**request, "final_db_snapshot_identifier": None, "skip_final_snapshot": True}
        fleet.begin_deletion(existing, lambda: original(backend, **rest))
        return existing

    wrap(RDSBackend, "modify_db_instance", modify)
    wrap(RDSBackend, "delete_db_instance", delete)


def _attach_states(fleet: Fleet) -> None:
    def settle_first(act: Callable[[DBInstance], None]) -> Callable[..., DBInstance]:
        def call(
            original: Callable[..., DBInstance], backend: RDSBackend, identifier: str, *arguments: Any
        ) -> DBInstance:
            fleet.settle(identifier)
            fleet.check_settled(identifier)
            database = original(backend, identifier, *arguments)
            act(database)
            return database

        return call

    def describe(original: Callable[..., Any], response: RDSResponse) -> Any:
        fleet.settle(response.params.get("DBInstanceIdentifier"))
        return original(response)

    def reset(original: Callable[..., None], backend: RDSBackend) -> None:
        fleet.clear()
        original(backend)

    wrap(RDSBackend, "reboot_db_instance", settle_first(fleet.reboot))
    wrap(RDSBackend, "start_db_instance", settle_first(fleet.start))
    wrap(RDSBackend, "stop_db_instance", settle_first(fleet.stop))
    wrap(RDSBackend, "reset", reset)
    wrap(RDSResponse, "describe_db_instances", describe)


def _attach_parameter_groups(fleet: Fleet) -> None:
    def modify(original: Callable[..., Any], response: RDSResponse) -> Any:
        result = original(response)
        name = response.params.get("DBParameterGroupName")
        fleet.parameters_changed(response.backend.describe_db_parameter_groups({"db_parameter_group_name": name})[0])
        return result

    wrap(RDSResponse, "modify_db_parameter_group", modify)
