# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module rds_instance that are its own."""

from __future__ import annotations

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain

LIFECYCLES = ["open-source-rds-extended-support", "open-source-rds-extended-support-disabled"]
RESTORE_FROM: Plain = {
    "type": "dict",
    "options": {
        "snapshot": {"type": "str"},
        "instance": {"type": "str"},
        "time": {"type": "str", "default": "latest"},
    },
    "mutually_exclusive": [("snapshot", "instance")],
    "required_one_of": [("snapshot", "instance")],
}
OPTIONS: Plain = {
    "name": {"type": "str", "required": True},
    "restore_from": RESTORE_FROM,
    "engine_version": {"type": "str"},
    "instance_class": {"type": "str"},
    "multi_az": {"type": "bool"},
    "allocated_storage": {"type": "int"},
    "max_allocated_storage": {"type": "int"},
    "storage_type": {"type": "str", "choices": ["gp2", "gp3"]},
    "kms_key_arn": {"type": "str", "no_log": False},
    "master_username": {"type": "str"},
    "master_user_password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["always", "on_create"], "default": "on_create", "no_log": False},
    "database_name": {"type": "str"},
    "port": {"type": "int"},
    "subnet_group_name": {"type": "str"},
    "security_group_ids": {"type": "list", "elements": "str"},
    "parameter_group_name": {"type": "str"},
    "publicly_accessible": {"type": "bool"},
    "backup_retention_period": {"type": "int"},
    "preferred_backup_window": {"type": "str"},
    "preferred_maintenance_window": {"type": "str"},
    "copy_tags_to_snapshot": {"type": "bool"},
    "auto_minor_version_upgrade": {"type": "bool"},
    "engine_lifecycle_support": {"type": "str", "choices": LIFECYCLES},
    "deletion_protection": {"type": "bool"},
    "monitoring_interval": {"type": "int", "choices": [0, 1, 5, 10, 15, 30, 60]},
    "monitoring_role_arn": {"type": "str"},
    "performance_insights": {"type": "bool"},
    "performance_insights_kms_key_arn": {"type": "str", "no_log": False},
    "performance_insights_retention_period": {"type": "int"},
    "database_insights_mode": {"type": "str", "choices": ["standard", "advanced"]},
    "cloudwatch_logs_exports": {"type": "list", "elements": "str"},
    "apply_immediately": {"type": "bool", "default": False},
    "final_snapshot": {"type": "str"},
    "skip_final_snapshot": {"type": "bool", "default": False},
}
