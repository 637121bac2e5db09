# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Where moto's RDS differs from AWS in ways that our roles meet: one function per gap.

tests/unit/sandbox/aws_rds has a canary per function which fails as soon as moto closes the gap.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models import ec2_backends
from moto.rds.exceptions import DBSubnetGroupNotFoundError, KMSKeyNotAccessibleFault, RDSClientError
from moto.rds.models import DBInstance, DBSubnetGroup, RDSBackend
from moto.rds.responses import RDSResponse

from sandbox.aws.rds import classes, engine
from sandbox.aws.wrap import wrap

# RDS user guide, "Amazon RDS DB instance storage": gp3 baseline of PostgreSQL, below and from 400 GiB on.
_GP3_SMALL, _GP3_LARGE, _GP3_THRESHOLD = (3000, 125), (12000, 500), 400
_INSIGHTS_RETENTION_DAYS = 7
_SETTINGS = {
    "database_insights_mode": "standard",
    "engine_lifecycle_support": "open-source-rds-extended-support",
}


def patch_gp3_defaults() -> None:
    """A gp3 instance made without Iops or StorageThroughput has none; AWS reports the baseline of its size.

    Symptom: amazon.aws.rds_instance, second run: KeyError 'StorageThroughput'.
    """

    def initialize(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        original(database, *arguments, **named)
        if getattr(database, "_storage_type", None) == "gp3":
            baseline = _GP3_SMALL if database.allocated_storage < _GP3_THRESHOLD else _GP3_LARGE
            vars(database)["iops"] = database.iops or baseline[0]
            database.storage_throughput = database.storage_throughput or baseline[1]

    wrap(DBInstance, "__init__", initialize)


def patch_performance_insights() -> None:
    """Performance Insights settings are dropped at creation and stored under the request's name on modification.

    Symptom: amazon.aws.rds_instance is always changed; with a key it fails: 'NoneType' object has no attribute 'split'.
    """

    def initialize(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        original(database, *arguments, **named)
        _set_insights(database, named)

    def update(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        original(database, *arguments, **named)
        _set_insights(database, named)

    wrap(DBInstance, "__init__", initialize)
    wrap(DBInstance, "update", update)


def _set_insights(database: DBInstance, asked: dict[str, Any]) -> None:
    state = vars(database)
    enabled = asked.get("enable_performance_insights")
    state["performance_insights_enabled"] = (
        state.get("performance_insights_enabled", False) if enabled is None else enabled
    )
    if not state["performance_insights_enabled"]:
        state["performance_insights_kms_key_id"] = state["performance_insights_retention_period"] = None
        return
    defaults = {
        "performance_insights_kms_key_id": database.kms_key_id,
        "performance_insights_retention_period": _INSIGHTS_RETENTION_DAYS,
    }
    for name, default in defaults.items():
        state[name] = asked.get(name) or state.get(name) or default


def patch_dropped_settings() -> None:
    """DatabaseInsightsMode and EngineLifecycleSupport are dropped at creation; AWS reports both, its defaults too.

    Symptom: what was asked for at creation has to be asked for again.
    """

    def initialize(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        original(database, *arguments, **named)
        vars(database).update({name: named.get(name) or default for name, default in _SETTINGS.items()})

    wrap(DBInstance, "__init__", initialize)


def patch_log_exports() -> None:
    """ModifyDBInstance answers 500 where a log that is not exported is to be so no longer, and doubles one that is.

    Symptom: the SDK repeats a request whose answer was lost, and cannot read the page of HTML that it is answered. What
    RDS does with such a log is not documented; as it names what is to be, here nothing is done about it.
    """

    def update(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        asked = named.pop("cloudwatch_logs_export_configuration", None) or {}
        original(database, *arguments, **named)
        exported, unwanted = database.enabled_cloudwatch_logs_exports, asked.get("DisableLogTypes", [])
        kept = [log for log in exported if log not in unwanted]
        added = [log for log in asked.get("EnableLogTypes", []) if log not in kept]
        database.enabled_cloudwatch_logs_exports = kept + added

    wrap(DBInstance, "update", update)


def patch_default_subnet_group() -> None:
    """An instance made without a subnet group has none; AWS puts it into `default`, of the default VPC's subnets.

    Symptom: amazon.aws.rds_instance, second run: KeyError 'DBSubnetGroup'.
    """

    def initialize(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        original(database, *arguments, **named)
        if not hasattr(database, "db_subnet_group"):
            database.db_subnet_group = _default_subnet_group(database.backend)

    wrap(DBInstance, "__init__", initialize)


def _default_subnet_group(backend: RDSBackend) -> DBSubnetGroup:
    existing = backend.subnet_groups.get("default")
    if existing is not None:
        return existing
    ec2 = ec2_backends[backend.account_id][backend.region_name]
    subnets = list(ec2.describe_subnets(filters={"vpc-id": [ec2.default_vpc.id]}))
    return backend.create_subnet_group("default", "default", subnets, [])


def patch_resource_id() -> None:
    """All instances have one constant DbiResourceId; on AWS it is what IAM database authentication names."""

    def initialize(original: Callable[..., None], database: DBInstance, *arguments: Any, **named: Any) -> None:
        original(database, *arguments, **named)
        token = base64.b32encode(secrets.token_bytes(17)).decode("ascii")[:26]
        database.dbi_resource_id = f"db-{token}"

    wrap(DBInstance, "__init__", initialize)


def patch_kms_key() -> None:
    """Any text is taken as KmsKeyId and given back; AWS wants a key that exists and reports its ARN."""

    def initialize(original: Callable[..., None], database: DBInstance, backend: RDSBackend, **named: Any) -> None:
        key = named.get("kms_key_id")
        if key:
            named["kms_key_id"] = _key_arn(backend, key)
        original(database, backend, **named)

    wrap(DBInstance, "__init__", initialize)


def _key_arn(backend: RDSBackend, key: str) -> str:
    name = backend.kms.get_alias_name(key)
    if name.startswith("alias/") and not backend.kms.alias_exists(name):
        raise KMSKeyNotAccessibleFault(key)
    return backend._validate_kms_key(name)


def patch_subnet_group_modification() -> None:
    """ModifyDBSubnetGroup removes the group from the account, and an unknown name is a 500."""

    def modify(original: Callable[..., Any], backend: RDSBackend, name: str, description: str, subnets: Any) -> Any:
        if name not in backend.subnet_groups:
            raise DBSubnetGroupNotFoundError(name)
        group = original(backend, name, description, subnets)
        backend.subnet_groups[name] = group
        return group

    wrap(RDSBackend, "modify_db_subnet_group", modify)


def patch_subnet_group_coverage() -> None:
    """A subnet group in one availability zone is accepted; RDS wants two, also for a single-AZ instance."""

    def check(subnets: list[Any]) -> None:
        if len({subnet.availability_zone for subnet in subnets}) < 2:
            raise RDSClientError(
                "DBSubnetGroupDoesNotCoverEnoughAZs",
                "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
                "Current AZ coverage: " + ", ".join(sorted({subnet.availability_zone for subnet in subnets})) + ". "
                "Add subnets to cover at least 2 AZs.",
            )

    def create(original: Callable[..., Any], backend: RDSBackend, name: str, text: str, subnets: Any, tags: Any) -> Any:
        check(subnets)
        return original(backend, name, text, subnets, tags)

    def modify(original: Callable[..., Any], backend: RDSBackend, name: str, text: str, subnets: Any) -> Any:
        check(subnets)
        return original(backend, name, text, subnets)

    wrap(RDSBackend, "create_subnet_group", create)
    wrap(RDSBackend, "modify_db_subnet_group", modify)


def patch_subnet_group_in_use() -> None:
    """A subnet group that an instance uses can be deleted; AWS refuses."""

    def delete(original: Callable[..., Any], backend: RDSBackend, name: str) -> Any:
        for database in backend.databases.values():
            if database.db_subnet_group.name == name.lower():
                raise RDSClientError(
                    "InvalidDBSubnetGroupStateFault",
                    f"Cannot delete the subnet group '{name}' because at least one database instance: "
                    f"{database.db_instance_identifier} is still using it.",
                )
        return original(backend, name)

    wrap(RDSBackend, "delete_subnet_group", delete)


def patch_engine_versions() -> None:
    """DescribeDBEngineVersions is not implemented."""

    def describe(response: RDSResponse) -> ActionResult:
        return engine.describe_db_engine_versions(response)

    setattr(RDSResponse, engine.describe_db_engine_versions.__name__, describe)


def patch_orderable_options() -> None:
    """DescribeOrderableDBInstanceOptions has none of PostgreSQL."""
    operation = classes.describe_orderable_db_instance_options
    wrap(RDSResponse, operation.__name__, operation)


PATCHES: tuple[Callable[[], None], ...] = (
    patch_gp3_defaults,
    patch_performance_insights,
    patch_dropped_settings,
    patch_log_exports,
    patch_default_subnet_group,
    patch_resource_id,
    patch_kms_key,
    patch_subnet_group_modification,
    patch_subnet_group_coverage,
    patch_subnet_group_in_use,
    patch_engine_versions,
    patch_orderable_options,
)
