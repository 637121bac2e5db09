# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject rds_instance."""

from __future__ import annotations

import operator
from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import role
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

LIFECYCLES = ["open-source-rds-extended-support", "open-source-rds-extended-support-disabled"]
INSIGHTS: list[Options] = [
    {},
    {"performance_insights": False},
    {"performance_insights": True, "performance_insights_retention_period": 7},
    {"performance_insights": True, "performance_insights_retention_period": 93},
]
# Option -> member of the described instance.
SHOWN = {
    "engine_version": "EngineVersion",
    "instance_class": "DBInstanceClass",
    "multi_az": "MultiAZ",
    "allocated_storage": "AllocatedStorage",
    "max_allocated_storage": "MaxAllocatedStorage",
    "master_username": "MasterUsername",
    "database_name": "DBName",
    "backup_retention_period": "BackupRetentionPeriod",
    "preferred_backup_window": "PreferredBackupWindow",
    "preferred_maintenance_window": "PreferredMaintenanceWindow",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "engine_lifecycle_support": "EngineLifecycleSupport",
    "deletion_protection": "DeletionProtection",
    "monitoring_interval": "MonitoringInterval",
    "monitoring_role_arn": "MonitoringRoleArn",
    "performance_insights": "PerformanceInsightsEnabled",
    "performance_insights_retention_period": "PerformanceInsightsRetentionPeriod",
    "cloudwatch_logs_exports": "EnabledCloudwatchLogsExports",
}


def prepare(clients: Clients) -> Options:
    return {"role_arn": role(clients, ["monitoring.rds.amazonaws.com"])}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def fixed(_world: Options) -> Wishes:
    always: Options = {
        "allocated_storage": 20,
        "master_username": "postgres",
        "master_user_password": "a-Good-one_of-40",
        "apply_immediately": True,
    }
    choices = {
        "engine_version": st.sampled_from(["15.14", "16.10", "17.9"]),
        "instance_class": st.sampled_from(["db.t4g.micro", "db.m7g.large"]),
        "database_name": st.sampled_from(["postgres", "app"]),
    }
    return st.fixed_dictionaries({**{name: st.just(value) for name, value in always.items()}, **choices})


def wishes(world: Options) -> Wishes:
    watched = [{}, {"monitoring_interval": 0}]
    watched += [{"monitoring_interval": seconds, "monitoring_role_arn": world["role_arn"]} for seconds in (5, 60)]
    settings = some(
        multi_az=st.booleans(),
        max_allocated_storage=st.sampled_from([30, 200]),
        backup_retention_period=st.sampled_from([0, 1, 35]),
        preferred_backup_window=st.sampled_from(["03:00-04:00", "23:30-00:30"]),
        preferred_maintenance_window=st.sampled_from(["sun:04:30-sun:05:30", "Mon:12:00-Mon:13:00"]),
        copy_tags_to_snapshot=st.booleans(),
        auto_minor_version_upgrade=st.booleans(),
        engine_lifecycle_support=st.sampled_from(LIFECYCLES),
        deletion_protection=st.booleans(),
        cloudwatch_logs_exports=st.lists(st.sampled_from(["postgresql", "upgrade", "iam-db-auth-error"]), unique=True),
        tags=TAGS,
    )
    parts = st.builds(operator.or_, st.sampled_from(watched), st.sampled_from(INSIGHTS))
    return st.builds(operator.or_, parts, settings)


def as_asked(wanted: Options, found: Options) -> Options:
    """RDS writes days in lower case."""
    window = wanted.get("preferred_maintenance_window", "")
    same = window.lower() == found["preferred_maintenance_window"]
    return {**found, "preferred_maintenance_window": window} if same else found


def observe(clients: Clients, options: Options) -> Options | None:
    rds = clients("rds")
    try:
        instance: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=options["name"])["DBInstances"][0]
    except rds.exceptions.DBInstanceNotFoundFault:
        return None
    return {
        **{option: instance.get(member) for option, member in SHOWN.items()},
        "cloudwatch_logs_exports": instance.get("EnabledCloudwatchLogsExports", []),
        "tags": tags_of(instance["TagList"]),
    }


SUBJECT = Subject(
    module="rds_instance",
    key="instance",
    prepare=prepare,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
    absence={"deletion_protection": False, "skip_final_snapshot": True},
    hints=("exists",),
    controls=("master_user_password", "apply_immediately"),
    as_asked=as_asked,
)
