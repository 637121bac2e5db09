# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written to an S3 bucket, and in which order."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, error_message, failing_to
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import text_of
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket import (
    PUBLIC_ACCESS_SETTINGS,
    get_encryption_rule,
    key_of,
)
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_rules import (
    lifecycle_request,
    logging_request,
    replication_rule_request,
)

SETTLING_SECONDS = 60
# What S3 answers while it does not show a new bucket everywhere, is still busy with it, or does not see everywhere the
# policy that another bucket got just before to let logs in.
TRANSIENT = ("NoSuchBucket", "OperationAborted", "InvalidTargetBucketForLogging")
# The same of versioning that was switched on just before. The code alone stands for lasting errors too.
UNSEEN_VERSIONING = "Versioning must be 'Enabled' on the bucket"


def put_public_access_block(client: t.Any, name: str, values: Plain) -> None:
    """Switch all four settings on or off."""
    settings = dict.fromkeys(PUBLIC_ACCESS_SETTINGS, values["public_access_block"])
    client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=settings)


def put_encryption(client: t.Any, name: str, values: Plain) -> None:
    """Set key and bucket key, and keep what else the rule says."""
    rule = get_encryption_rule(client, name) or {}
    key = values.get("kms_key_arn", key_of(rule))
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
    rule["ApplyServerSideEncryptionByDefault"] = default
    rule["BucketKeyEnabled"] = values.get("bucket_key_enabled", bool(rule.get("BucketKeyEnabled", False)))
    client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def put_versioning(client: t.Any, name: str, values: Plain) -> None:
    """Switch versioning on, or suspend it, since S3 cannot switch it off again."""
    status = "Enabled" if values["versioning"] else "Suspended"
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": status})


def put_ownership(client: t.Any, name: str, values: Plain) -> None:
    """Set who owns new objects."""
    rules = [{"ObjectOwnership": values["object_ownership"]}]
    client.put_bucket_ownership_controls(Bucket=name, OwnershipControls={"Rules": rules})


def put_tags(client: t.Any, name: str, values: Plain) -> None:
    """Replace the tags; S3 has no call for a single one."""
    if values["tags"]:
        client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": ansible_dict_to_boto3_tag_list(values["tags"])})
    else:
        client.delete_bucket_tagging(Bucket=name)


def put_policy(client: t.Any, name: str, values: Plain) -> None:
    """Replace the bucket policy, or take it away."""
    if values["policy"]:
        client.put_bucket_policy(Bucket=name, Policy=text_of(values["policy"]))
    else:
        client.delete_bucket_policy(Bucket=name)


def put_lifecycle(client: t.Any, name: str, values: Plain) -> None:
    """Replace all lifecycle rules; S3 has no call for a single one."""
    rules = [lifecycle_request(rule) for rule in values["lifecycle_rules"]]
    if rules:
        client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    else:
        client.delete_bucket_lifecycle(Bucket=name)


def put_logging(client: t.Any, name: str, values: Plain) -> None:
    """Switch access logging on or off."""
    logging = values["logging"]
    enabled = {"LoggingEnabled": logging_request(logging)} if logging else {}
    client.put_bucket_logging(Bucket=name, BucketLoggingStatus=enabled)


def end_replication(client: t.Any, name: str, values: Plain) -> None:
    """Take replication away, if that is wanted."""
    if not values["replication"]:
        client.delete_bucket_replication(Bucket=name)


def put_replication(client: t.Any, name: str, values: Plain) -> None:
    """Replace the replication, if one is wanted."""
    if values["replication"]:
        configuration = {
            "Role": values["replication"]["role_arn"],
            "Rules": [replication_rule_request(rule) for rule in values["replication"]["rules"]],
        }
        client.put_bucket_replication(Bucket=name, ReplicationConfiguration=configuration)


# Public access is blocked before anything else, so that a half-made bucket is never open. S3 suspends versioning only
# when replication is gone, and replicates only when versioning is on.
SETTERS: tuple[tuple[tuple[str, ...], t.Callable[[t.Any, str, Plain], None]], ...] = (
    (("public_access_block",), put_public_access_block),
    (("object_ownership",), put_ownership),
    (("kms_key_arn", "bucket_key_enabled"), put_encryption),
    (("replication",), end_replication),
    (("versioning",), put_versioning),
    (("policy",), put_policy),
    (("lifecycle_rules",), put_lifecycle),
    (("logging",), put_logging),
    (("replication",), put_replication),
    (("tags",), put_tags),
)


@failing_to("set {fields} of the bucket {name}")
@unthrottled
def put(client: t.Any, name: str, fields: str, call: t.Callable[[], None]) -> None:
    """Make one setting, waiting while S3 does not see everywhere what was done just before."""
    retry_while(passes_by_itself, call, SETTLING_SECONDS)


def passes_by_itself(error: Exception) -> bool:
    """Return whether S3 will take a setting a little later."""
    return error_code(error) in TRANSIENT or UNSEEN_VERSIONING in error_message(error)


def update_bucket(client: t.Any, name: str, difference: Difference) -> None:
    """Make all settings that differ."""
    for fields, setter in SETTERS:
        if difference.touches(*fields):
            values = difference.desired(*fields)
            put(client, name, ", ".join(values), functools.partial(setter, client, name, values))
