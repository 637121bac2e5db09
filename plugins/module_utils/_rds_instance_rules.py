# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What RDS does not do with an instance, told before it is asked."""

from __future__ import annotations

import re

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import KEY, ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown
from ansible_collections.supastack.aws.plugins.module_utils._rds_instance_data import ENGINE, desired_from

REPLACE = "Restore a snapshot of it into another instance (restore_from), or make another one."
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, MasterUserPassword
PASSWORD = re.compile(r"[!#-.0-?A-~]{8,128}")
NEEDED = ("instance_class", "allocated_storage", "master_username", "master_user_password")


def check_options(options: Plain) -> None:
    """Stop on option values that RDS would misread or refuse without a clear reason.

    :raises AnsibleAWSError: naming the option, never the password.
    """
    check_arn("kms_key_arn", options["kms_key_arn"], KEY)
    check_arn("performance_insights_kms_key_arn", options["performance_insights_kms_key_arn"], KEY)
    check_arn("monitoring_role_arn", options["monitoring_role_arn"], ROLE)
    password = options["master_user_password"]
    if password is not None and not PASSWORD.fullmatch(password):
        raise AnsibleAWSError(
            message=f"master_user_password of {options['name']} has too few or too many characters, or one that RDS "
            "refuses. Use 8 to 128 printable ASCII characters, none of them '/', '@', '\"' or a space."
        )
    if options["monitoring_interval"] and not options["monitoring_role_arn"]:
        raise AnsibleAWSError(
            message=f"monitoring_interval is {options['monitoring_interval']}, for which RDS needs a role that may "
            "write the metrics: set monitoring_role_arn, or monitoring_interval to 0."
        )


def require_for_creation(options: Plain) -> None:
    """Stop when an option is missing without which RDS makes no new instance.

    :raises AnsibleAWSError: naming all that are missing.
    """
    missing = [name for name in NEEDED if options[name] is None]
    if missing:
        raise AnsibleAWSError(
            message=f"The instance {options['name']} does not exist, and to make it RDS needs {', '.join(missing)}."
        )


def compare(current: Plain | None, options: Plain) -> Difference:
    """Return the difference, refusing what RDS cannot do.

    :raises AnsibleAWSError: naming field, current value, wanted value and what to do.
    """
    if current and current["engine"] != ENGINE:
        raise AnsibleAWSError(
            message=f"engine of {current['name']} is {current['engine']!r} and cannot be changed to {ENGINE!r} on an "
            "existing resource. Choose another name."
        )
    difference = Difference(current, desired_from(options, current))
    for name in ("kms_key_arn", "master_username", "database_name", "subnet_group_name"):
        difference.refuse_change(name, REPLACE)
    if current and difference.touches("allocated_storage") and options["allocated_storage"] < storage_of(current):
        difference.refuse_change("allocated_storage", "RDS never shrinks storage.")
    if current and current["performance_insights"]:
        difference.refuse_change(
            "performance_insights_kms_key_arn", "Switch performance_insights off first, which deletes what it has."
        )
    if current and difference.touches("engine_version") and not is_unknown(options["engine_version"]):
        refuse_version(difference, numbers(current["engine_version"]), numbers(options["engine_version"]))
    return difference


def storage_of(current: Plain) -> int:
    """Return the GiB that an instance has."""
    return int(current["allocated_storage"])


def numbers(version: str) -> list[int]:
    """Return a version as numbers that can be compared."""
    return [int(part) for part in re.findall(r"\d+", version)]


def refuse_version(difference: Difference, current: list[int], wanted: list[int]) -> None:
    """Stop unless the wanted version is a newer minor version of the same major one."""
    if wanted < current:
        difference.refuse_change("engine_version", "RDS never goes back to an older version.")
    if wanted[0] != current[0]:
        difference.refuse_change(
            "engine_version",
            "A major upgrade stops the database and cannot be undone: make it in AWS' console or by a blue/green "
            "deployment, then ask for the new version here.",
        )


def refuse_deletion(current: Plain, options: Plain) -> None:
    """Stop before an instance is deleted that is protected, or whose data would be gone without a word about it.

    :raises AnsibleAWSError: naming the option to set.
    """
    if current["deletion_protection"] and options["deletion_protection"] is not False:
        raise AnsibleAWSError(
            message=f"deletion_protection of the RDS instance {current['name']} is true, so it cannot be deleted. "
            "Add deletion_protection=false to state=absent to delete it nevertheless."
        )
    if bool(options["final_snapshot"]) == options["skip_final_snapshot"]:
        raise AnsibleAWSError(
            message=f"final_snapshot is {options['final_snapshot']!r} and skip_final_snapshot "
            f"{options['skip_final_snapshot']}: to delete the RDS instance {current['name']}, name a last snapshot, or "
            "set skip_final_snapshot to lose its data."
        )
