# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of S3 buckets that have options themselves, and what is refused before AWS is asked for anything."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import KEY, ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown

LIFECYCLE_RULE: Plain = {
    "id": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "prefix": {"type": "str", "default": ""},
    "abort_incomplete_multipart_upload_days": {"type": "int"},
    "noncurrent_version_expiration_days": {"type": "int"},
    "newer_noncurrent_versions": {"type": "int"},
    "expiration_days": {"type": "int"},
    "expired_object_delete_marker": {"type": "bool", "default": False},
}
LOGGING: Plain = {"target_bucket": {"type": "str"}, "target_prefix": {"type": "str", "default": ""}}
REPLICATION_RULE: Plain = {
    "id": {"type": "str", "required": True},
    "enabled": {"type": "bool", "default": True},
    "priority": {"type": "int", "default": 1},
    "prefix": {"type": "str", "default": ""},
    "delete_markers": {"type": "bool", "default": False},
    "destination_bucket_arn": {"type": "str", "required": True},
    "destination_kms_key_arn": {"type": "str", "default": "", "no_log": False},
}
REPLICATION: Plain = {
    "role_arn": {"type": "str"},
    "rules": {"type": "list", "elements": "dict", "options": REPLICATION_RULE},
}
NESTED: Plain = {
    "lifecycle_rules": {"type": "list", "elements": "dict", "options": LIFECYCLE_RULE},
    "logging": {"type": "dict", "options": LOGGING},
    "replication": {"type": "dict", "options": REPLICATION},
}

# What a rule does: option -> the least and the greatest number that S3 takes, None where it sets no limit.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_NoncurrentVersionExpiration.html
NUMBERS: dict[str, tuple[int, int | None]] = {
    "abort_incomplete_multipart_upload_days": (1, None),
    "noncurrent_version_expiration_days": (1, None),
    "newer_noncurrent_versions": (0, 100),
    "expiration_days": (1, None),
}
LONGEST_ID = 255
BUCKET_ARN = re.compile(r"arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def refuse(message: str) -> t.NoReturn:
    """Stop with a message about an option."""
    raise AnsibleAWSError(message=message)


def check_ids(option: str, rules: list[Plain]) -> None:
    """Stop at an id that is no name, or that two rules have."""
    ids = [rule["id"] for rule in rules]
    for name in ids:
        if not 0 < len(name) <= LONGEST_ID:
            refuse(f"{option} has the id {name!r}, but S3 takes 1 to {LONGEST_ID} characters.")
        if ids.count(name) > 1:
            refuse(f"{option} has the id {name!r} more than once. Give each rule its own.")


def check_lifecycle(rules: list[Plain]) -> None:
    """Stop at lifecycle rules that S3 would not take, or that do nothing."""
    check_ids("lifecycle_rules", rules)
    for rule in rules:
        of_rule = f"of the lifecycle rule {rule['id']}"
        given = {name: rule[name] for name in NUMBERS if rule[name] is not None}
        for name, value in given.items():
            least, greatest = NUMBERS[name]
            if value < least or (greatest is not None and value > greatest):
                wanted = f"{least} or more" if greatest is None else f"{least} to {greatest}"
                refuse(f"{name} {of_rule} is {value}, but must be {wanted}.")
        if rule["newer_noncurrent_versions"] and "noncurrent_version_expiration_days" not in given:
            refuse(f"newer_noncurrent_versions {of_rule} needs noncurrent_version_expiration_days too.")
        if rule["expired_object_delete_marker"] and "expiration_days" in given:
            refuse(f"expiration_days {of_rule} excludes expired_object_delete_marker: make two rules of it.")
        if not rule["expired_object_delete_marker"] and not any(given.values()):
            refuse(f"The lifecycle rule {rule['id']} does nothing. Set one of {', '.join(sorted(NUMBERS))}.")


def check_replication(name: str, replication: Plain) -> None:
    """Stop at a replication that cannot work."""
    rules, role = replication["rules"] or [], replication["role_arn"]
    if bool(rules) != bool(role):
        refuse(f"replication has role_arn {role!r} and {len(rules)} rules: set both, or neither to have none.")
    check_arn("role_arn of replication", role, ROLE)
    check_ids("replication", rules)
    priorities = [rule["priority"] for rule in rules]
    for rule in rules:
        of_rule, arn = f"of the replication rule {rule['id']}", rule["destination_bucket_arn"]
        check_arn(f"destination_kms_key_arn {of_rule}", rule["destination_kms_key_arn"], KEY)
        if not is_unknown(arn) and not BUCKET_ARN.fullmatch(arn):
            refuse(f"destination_bucket_arn {of_rule} is {arn!r}, but must be an ARN such as arn:aws:s3:::NAME.")
        if arn.endswith(f":::{name}"):
            refuse(f"destination_bucket_arn {of_rule} is {arn!r}, which is the bucket itself. Name another one.")
        if priorities.count(rule["priority"]) > 1:
            refuse(f"priority {of_rule} is {rule['priority']}, and another rule has it too. Give each its own.")


def check_options(options: Plain) -> None:
    """Stop at options that cannot work, before AWS is asked for anything.

    :raises AnsibleAWSError: naming option, value and what to do.
    """
    check_lifecycle(options["lifecycle_rules"] or [])
    if options["replication"]:
        check_replication(options["name"], options["replication"])
    logging = options["logging"] or {}
    if logging.get("target_prefix") and not logging["target_bucket"]:
        refuse(f"logging has target_prefix {logging['target_prefix']!r} without target_bucket. Set both, or none.")


def check_versioning(bucket: Plain) -> None:
    """Stop when a bucket would replicate without versioning, which S3 refuses either way round.

    :param bucket: as it will be.
    :raises AnsibleAWSError: naming both options.
    """
    if bucket["replication"] and not bucket["versioning"]:
        refuse(
            f"versioning of the bucket {bucket['name']} would be false, but its replication needs it. Set versioning "
            "to true, or replication to {} to end it."
        )
