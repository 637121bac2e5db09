# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""RDS instances: the API calls, and how long they take."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._rds_instance_data import ENGINE, request_of
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
USABLE = ("available", "storage-optimization")
# AWS changes none of these by itself.
LASTING = ("failed", "restore-error", "stopped", "storage-full")
LASTING_KINDS = ("incompatible-", "inaccessible-", "insufficient-")
PAUSE = 15.0
# IAM is global and shows a new role everywhere within a minute; this is twice that.
ROLE_SETTLING_SECONDS = 120
# Settings that RDS restores from what it restores, or refuses to be told then.
NOT_RESTORED = (
    "engine_version",
    "kms_key_arn",
    "master_username",
    "database_name",
    "preferred_maintenance_window",
    "monitoring_interval",
    "monitoring_role_arn",
    "performance_insights",
    "performance_insights_kms_key_arn",
    "performance_insights_retention_period",
    "database_insights_mode",
)


@failing_to("describe the RDS instance {name}")
@none_when("DBInstanceNotFound")
@unthrottled
def describe_instance(client: t.Any, name: str) -> Plain:
    """Return the instance as RDS describes it, None when there is none."""
    found: list[Plain] = client.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return found[0]


def role_settling(error: Exception) -> bool:
    """Tell that IAM has not shown a new monitoring role to RDS yet."""
    return error_code(error) == "InvalidParameterValue" and "ENHANCED_MONITORING" in error_message(error)


def busy(error: Exception) -> bool:
    """Tell that RDS is still at work on the instance, or has not seen a new monitoring role."""
    return error_code(error) == "InvalidDBInstanceState" or role_settling(error)


@failing_to("create the RDS instance {name}")
@unthrottled
def create_instance(client: t.Any, name: str, request: Plain) -> None:
    """Create an instance, waiting until RDS sees a role that was made just before."""
    retry_while(
        role_settling,
        lambda: client.create_db_instance(DBInstanceIdentifier=name, Engine=ENGINE, **request),
        ROLE_SETTLING_SECONDS,
    )


@failing_to("restore the RDS instance {name} from {source}")
@unthrottled
def restore_instance(client: t.Any, name: str, source: t.Mapping[str, t.Any], desired: Plain) -> None:
    """Make an instance of what a snapshot or a point in time holds."""
    request = request_of({key: value for key, value in desired.items() if key not in NOT_RESTORED})
    if source["snapshot"]:
        # Only a restore to a point in time takes it.
        request.pop("MaxAllocatedStorage", None)
        client.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=name, DBSnapshotIdentifier=source["snapshot"], **request
        )
        return
    latest = source["time"] == "latest"
    moment = {"UseLatestRestorableTime": True} if latest else {"RestoreTime": source["time"]}
    client.restore_db_instance_to_point_in_time(
        SourceDBInstanceIdentifier=source["instance"], TargetDBInstanceIdentifier=name, **moment, **request
    )


@failing_to("modify the RDS instance {name}")
@unthrottled
def modify_instance(client: t.Any, name: str, request: Plain, timeout: float) -> None:
    """Change an instance as soon as RDS has finished what it does with it."""
    retry_while(busy, lambda: client.modify_db_instance(DBInstanceIdentifier=name, **request), timeout)


@failing_to("delete the RDS instance {name}")
@none_when("DBInstanceNotFound")
@unthrottled
def delete_instance(client: t.Any, name: str, final_snapshot: str | None, timeout: float) -> None:
    """Delete an instance as soon as RDS has finished what it does with it."""
    snapshot = {"FinalDBSnapshotIdentifier": final_snapshot} if final_snapshot else {}
    request = {"SkipFinalSnapshot": not final_snapshot, **snapshot}
    retry_while(busy, lambda: client.delete_db_instance(DBInstanceIdentifier=name, **request), timeout)


def lasting(status: str) -> bool:
    """Return whether a status needs somebody to do something."""
    return status in LASTING or status.startswith(LASTING_KINDS)


def trouble(instance: Plain | None) -> str | None:
    """Return why an instance will not become usable by itself, None while it may."""
    if instance is None:
        return "it was deleted"
    status = instance["DBInstanceStatus"]
    return f"it is {status}; RDS' events say why" if lasting(status) or status == "deleting" else None


def wait_until_usable(client: t.Any, name: str, timeout: float, unchanged: bool = False) -> Plain:
    """Return the instance once RDS has finished with it.

    :param unchanged: whether changes may still wait, as they do for the maintenance window. RDS shows a change there
        first, and the status that goes with it only some time after.
    """
    found = Waiter(
        goal=f"the RDS instance {name} to be available",
        read=lambda: describe_instance(client, name),
        ready=lambda instance: (
            instance is not None
            and instance["DBInstanceStatus"] in USABLE
            and (unchanged or not instance.get("PendingModifiedValues"))
        ),
        failure=trouble,
        progress=lambda instance: str((instance or {}).get("DBInstanceStatus")),
        pause=PAUSE,
    ).wait(timeout)
    return found or {}


def wait_until_gone(client: t.Any, name: str, timeout: float) -> None:
    """Return once the instance does not exist any more."""
    Waiter(
        goal=f"the RDS instance {name} to be deleted",
        read=lambda: describe_instance(client, name),
        ready=lambda instance: instance is None,
        failure=lambda instance: None,
        progress=lambda instance: str((instance or {}).get("DBInstanceStatus")),
        pause=PAUSE,
    ).wait(timeout)


def settled(client: t.Any, name: str, timeout: float, check_mode: bool) -> Plain | None:
    """Return the instance, after waiting for one that is being deleted to go."""
    instance = describe_instance(client, name)
    if instance is None or instance["DBInstanceStatus"] != "deleting":
        return instance
    if not check_mode:
        wait_until_gone(client, name, timeout)
    return None


def require_usable(instance: Plain) -> None:
    """Stop when an instance has to be repaired before it can be changed.

    :raises AnsibleAWSError: naming its state.
    """
    status = instance["DBInstanceStatus"]
    if lasting(status):
        raise AnsibleAWSError(
            message=f"The RDS instance {instance['DBInstanceIdentifier']} is {status}, and RDS changes no such one. "
            "Its events say why; start or repair it, then run the task again."
        )
