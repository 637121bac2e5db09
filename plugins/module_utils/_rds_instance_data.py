# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS instances as plain data: what RDS reports, what check mode predicts, what RDS is asked for."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, placeholder, predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags

ENGINE = "postgres"
# Option -> member, of the same name in answers, in changes that wait for the maintenance window, and in requests.
SAME_NAME = {
    "engine_version": "EngineVersion",
    "instance_class": "DBInstanceClass",
    "multi_az": "MultiAZ",
    "allocated_storage": "AllocatedStorage",
    "max_allocated_storage": "MaxAllocatedStorage",
    "storage_type": "StorageType",
    "kms_key_arn": "KmsKeyId",
    "master_username": "MasterUsername",
    "database_name": "DBName",
    "publicly_accessible": "PubliclyAccessible",
    "backup_retention_period": "BackupRetentionPeriod",
    "preferred_backup_window": "PreferredBackupWindow",
    "preferred_maintenance_window": "PreferredMaintenanceWindow",
    "copy_tags_to_snapshot": "CopyTagsToSnapshot",
    "auto_minor_version_upgrade": "AutoMinorVersionUpgrade",
    "engine_lifecycle_support": "EngineLifecycleSupport",
    "deletion_protection": "DeletionProtection",
    "monitoring_interval": "MonitoringInterval",
    "monitoring_role_arn": "MonitoringRoleArn",
    "performance_insights_kms_key_arn": "PerformanceInsightsKMSKeyId",
    "performance_insights_retention_period": "PerformanceInsightsRetentionPeriod",
    "database_insights_mode": "DatabaseInsightsMode",
}
# Option -> member of requests, for what answers show in another form.
OTHER_NAME = {
    "port": "Port",
    "subnet_group_name": "DBSubnetGroupName",
    "parameter_group_name": "DBParameterGroupName",
    "security_group_ids": "VpcSecurityGroupIds",
    "performance_insights": "EnablePerformanceInsights",
    "cloudwatch_logs_exports": "EnableCloudwatchLogsExports",
}
REQUESTED = {**SAME_NAME, **OTHER_NAME}
UNORDERED = ("security_group_ids", "cloudwatch_logs_exports")
# RDS takes each of these only together with its companions.
COMPANIONS = (
    ("monitoring_interval", "monitoring_role_arn"),
    (
        "performance_insights",
        "performance_insights_kms_key_arn",
        "performance_insights_retention_period",
        "database_insights_mode",
    ),
)
# What RDS takes where Performance Insights is asked for and nothing else.
INSIGHTS: Plain = {"performance_insights_kms_key_arn": placeholder("key"), "performance_insights_retention_period": 7}
# What RDS has for settings that nobody asks for; None where only AWS knows.
DEFAULTS: Plain = {
    "multi_az": False,
    "max_allocated_storage": None,
    "kms_key_arn": None,
    "database_name": None,
    "security_group_ids": [placeholder("sg")],
    "backup_retention_period": 1,
    "copy_tags_to_snapshot": False,
    "auto_minor_version_upgrade": True,
    "engine_lifecycle_support": "open-source-rds-extended-support",
    "deletion_protection": False,
    "monitoring_interval": 0,
    "monitoring_role_arn": None,
    "performance_insights": False,
    "performance_insights_kms_key_arn": None,
    "performance_insights_retention_period": None,
    "database_insights_mode": "standard",
    "cloudwatch_logs_exports": [],
    "port": 5432,
}


def view(instance: t.Mapping[str, t.Any]) -> Plain:
    """Return a described instance as the module returns and compares it, changes that are under way included."""
    pending = instance.get("PendingModifiedValues", {})
    logs = pending.get("PendingCloudwatchLogsExports", {})
    exported = set(instance.get("EnabledCloudwatchLogsExports", [])) | set(logs.get("LogTypesToEnable", []))
    groups = [group for group in instance.get("VpcSecurityGroups", []) if group["Status"] in ("active", "adding")]
    endpoint = instance.get("Endpoint", {})
    return {
        "exists": True,
        "name": instance["DBInstanceIdentifier"],
        "arn": instance["DBInstanceArn"],
        "resource_id": instance.get("DbiResourceId"),
        "status": instance["DBInstanceStatus"],
        "engine": instance["Engine"],
        "endpoint": endpoint.get("Address"),
        **{option: pending.get(member, instance.get(member)) for option, member in SAME_NAME.items()},
        "port": pending.get("Port") or endpoint.get("Port"),
        "subnet_group_name": instance.get("DBSubnetGroup", {}).get("DBSubnetGroupName"),
        "parameter_group_name": (instance.get("DBParameterGroups") or [{}])[0].get("DBParameterGroupName"),
        "security_group_ids": sorted(group["VpcSecurityGroupId"] for group in groups),
        "performance_insights": bool(instance.get("PerformanceInsightsEnabled", False)),
        "cloudwatch_logs_exports": sorted(exported - set(logs.get("LogTypesToDisable", []))),
        "tags": boto3_tag_list_to_ansible_dict(instance.get("TagList", [])),
    }


def unknown_view(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of an instance that does not exist, before the options are laid over them."""
    return {
        **{option: DEFAULTS.get(option, UNKNOWN) for option in REQUESTED},
        "exists": False,
        "name": options["name"],
        "arn": predicted_arn(client, "rds", f"db:{options['name']}", options["kms_key_arn"]),
        "resource_id": placeholder("db"),
        "status": UNKNOWN,
        "engine": ENGINE,
        "endpoint": placeholder("endpoint"),
        "tags": {},
    }


def has_version(current: str, wanted: str) -> bool:
    """Return whether a version is the wanted one, or one of its minor versions."""
    return current == wanted or current.startswith(f"{wanted}.")


def desired_from(options: t.Mapping[str, t.Any], current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described instance."""
    desired = {name: options[name] for name in REQUESTED}
    desired.update({name: distinct(options[name]) for name in UNORDERED})
    if options["preferred_maintenance_window"]:
        desired["preferred_maintenance_window"] = options["preferred_maintenance_window"].lower()
    if options["monitoring_interval"] == 0:
        desired["monitoring_role_arn"] = None
    if options["performance_insights"] is False:
        desired.update(performance_insights_kms_key_arn=None, performance_insights_retention_period=None)
    if current and options["engine_version"] and has_version(current["engine_version"], options["engine_version"]):
        desired["engine_version"] = current["engine_version"]
    if current and current["port"] is None:
        # RDS tells no port before the instance has its address.
        desired["port"] = None
    if current and options["update_password"] == "always" and options["master_user_password"]:
        # Of no form that an instance shows, so a difference each time.
        desired["password"] = "set anew"
    desired["tags"] = desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"])
    return desired


def prediction(client: t.Any, options: Plain, difference: Difference) -> Plain:
    """Return the instance as it will be."""
    predicted = difference.prediction(unknown_view(client, options))
    predicted.pop("password", None)
    if difference.creates or difference.touches("performance_insights"):
        on = predicted["performance_insights"]
        for name, default in INSIGHTS.items():
            predicted[name] = (predicted[name] or default) if on else None
    return predicted


def creation_of(options: Plain) -> Plain:
    """Return the members of the request that creates the instance. All settings go in at once."""
    return {**request_of(desired_from(options, None)), "MasterUserPassword": options["master_user_password"]}


def request_of(values: t.Mapping[str, t.Any]) -> Plain:
    """Return the members of a creation request for these values."""
    members = {REQUESTED[name]: value for name, value in values.items() if name in REQUESTED and value is not None}
    if "KmsKeyId" in members:
        members["StorageEncrypted"] = True
    if values.get("tags"):
        members["Tags"] = ansible_dict_to_boto3_tag_list(values["tags"])
    return members


def changes_of(difference: Difference, current: Plain) -> Plain:
    """Return the members of the request that makes the difference, tags not included."""
    names = {name for name in difference.names if name in REQUESTED}
    for group in COMPANIONS:
        if names.intersection(group):
            names.update(name for name in group if difference.desired(name))
    if current["performance_insights"]:
        # RDS takes a key only where it begins to keep anything.
        names.discard("performance_insights_kms_key_arn")
    values = difference.desired(*names)
    logs = values.pop("cloudwatch_logs_exports", None)
    request = {REQUESTED[name]: value for name, value in values.items()}
    if "Port" in request:
        request["DBPortNumber"] = request.pop("Port")
    if logs is not None:
        before = set(current["cloudwatch_logs_exports"])
        request["CloudwatchLogsExportConfiguration"] = {
            "EnableLogTypes": sorted(set(logs) - before),
            "DisableLogTypes": sorted(before - set(logs)),
        }
    return request
