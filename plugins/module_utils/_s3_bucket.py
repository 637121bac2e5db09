# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 buckets: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import document_of
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_rules import (
    by_id,
    lifecycle_view,
    logging_view,
    replication_view,
)

PUBLIC_ACCESS_SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# The region whose buckets have no location constraint, by S3's own history.
CLASSIC_REGION = "us-east-1"


def bucket_arn(client: t.Any, name: str) -> str:
    """Return the ARN of a bucket, which needs neither account nor region."""
    return f"arn:{client.meta.partition}:s3:::{name}"


def unknown_view(client: t.Any, name: str) -> Plain:
    """Return what S3 gives a new bucket, with which check mode predicts one."""
    return {
        "name": name,
        "arn": bucket_arn(client, name),
        "region": client.meta.region_name,
        "public_access_block": True,
        "kms_key_arn": "",
        "bucket_key_enabled": False,
        "versioning": False,
        "object_ownership": "BucketOwnerEnforced",
        "policy": {},
        "lifecycle_rules": [],
        "logging": {},
        "replication": {},
        "tags": {},
    }


@failing_to("look for the bucket {name}")
@unthrottled
def head_bucket(client: t.Any, name: str) -> Plain | None:
    """Return where the bucket is, None when there is none of this name in the world.

    :raises AnsibleAWSError: when it belongs to somebody else.
    """
    try:
        return dict(client.head_bucket(Bucket=name))
    except SDK_ERRORS as error:
        if error_code(error) in ("404", "NoSuchBucket"):
            return None
        if error_code(error) in ("403", "AccessDenied"):
            raise AnsibleAWSError(message=foreign(name)) from error
        raise


def foreign(name: str) -> str:
    """Return the message about a bucket that is not ours."""
    return (
        f"name is {name!r}, but a bucket of this name belongs to another AWS account, or these credentials lack "
        "s3:ListBucket on it. Bucket names are unique in the world: choose another name, or grant the permission."
    )


@failing_to("read the public access block of the bucket {name}")
@none_when("NoSuchPublicAccessBlockConfiguration")
@unthrottled
def get_public_access_block(client: t.Any, name: str) -> Plain:
    """Return the four settings."""
    return dict(client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"])


@failing_to("read the encryption of the bucket {name}")
@none_when("ServerSideEncryptionConfigurationNotFoundError")
@unthrottled
def get_encryption_rule(client: t.Any, name: str) -> Plain:
    """Return the one rule that a bucket has."""
    return dict(client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0])


@failing_to("read the versioning of the bucket {name}")
@unthrottled
def get_versioning(client: t.Any, name: str) -> bool:
    """Return whether versioning is on."""
    return bool(client.get_bucket_versioning(Bucket=name).get("Status") == "Enabled")


@failing_to("read the ownership controls of the bucket {name}")
@none_when("OwnershipControlsNotFoundError")
@unthrottled
def get_ownership(client: t.Any, name: str) -> str:
    """Return who owns new objects."""
    return str(client.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"][0]["ObjectOwnership"])


@failing_to("read the policy of the bucket {name}")
@none_when("NoSuchBucketPolicy")
@unthrottled
def get_policy(client: t.Any, name: str) -> Plain | None:
    """Return the bucket policy."""
    return document_of(client.get_bucket_policy(Bucket=name)["Policy"])


@failing_to("read the lifecycle rules of the bucket {name}")
@none_when("NoSuchLifecycleConfiguration")
@unthrottled
def get_lifecycle(client: t.Any, name: str) -> list[Plain]:
    """Return the lifecycle rules as S3 has them."""
    return list(client.get_bucket_lifecycle_configuration(Bucket=name).get("Rules", []))


@failing_to("read the access logging of the bucket {name}")
@unthrottled
def get_logging(client: t.Any, name: str) -> Plain:
    """Return the access logging as S3 has it, empty when it is off."""
    return dict(client.get_bucket_logging(Bucket=name).get("LoggingEnabled", {}))


@failing_to("read the replication of the bucket {name}")
@none_when("ReplicationConfigurationNotFoundError")
@unthrottled
def get_replication(client: t.Any, name: str) -> Plain:
    """Return the replication as S3 has it."""
    return dict(client.get_bucket_replication(Bucket=name)["ReplicationConfiguration"])


@failing_to("read the tags of the bucket {name}")
@none_when("NoSuchTagSet")
@unthrottled
def get_tags(client: t.Any, name: str) -> dict[str, str]:
    """Return the tags."""
    return dict(boto3_tag_list_to_ansible_dict(client.get_bucket_tagging(Bucket=name)["TagSet"]))


def read(client: t.Any, name: str) -> Plain | None:
    """Return the bucket as the module returns and compares it."""
    place = head_bucket(client, name)
    if place is None:
        return None
    settings = get_public_access_block(client, name) or {}
    blocked = {bool(settings.get(setting)) for setting in PUBLIC_ACCESS_SETTINGS}
    rule = get_encryption_rule(client, name) or {}
    headers = place.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return {
        "name": name,
        "arn": bucket_arn(client, name),
        "region": headers.get("x-amz-bucket-region") or client.meta.region_name,
        "public_access_block": blocked.pop() if len(blocked) == 1 else None,
        "kms_key_arn": key_of(rule),
        "bucket_key_enabled": bool(rule.get("BucketKeyEnabled", False)),
        "versioning": get_versioning(client, name),
        "object_ownership": get_ownership(client, name),
        "policy": get_policy(client, name) or {},
        "lifecycle_rules": by_id(lifecycle_view(found) for found in get_lifecycle(client, name) or []),
        "logging": logging_view(get_logging(client, name)),
        "replication": replication_view(get_replication(client, name)),
        "tags": get_tags(client, name) or {},
    }


def key_of(rule: t.Mapping[str, t.Any]) -> str:
    """Return the KMS key of an encryption rule, empty when S3 encrypts with its own keys."""
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    if default.get("SSEAlgorithm", "AES256") == "AES256":
        return ""
    return str(default.get("KMSMasterKeyID") or "alias/aws/s3")


@failing_to("create the bucket {name}")
@none_when("BucketAlreadyOwnedByYou")
@unthrottled
def create_bucket(client: t.Any, name: str, ownership: str | None) -> None:
    """Create a bucket in the client's region.

    :raises AnsibleAWSError: when somebody else has one of this name.
    """
    request: Plain = {"Bucket": name}
    if client.meta.region_name != CLASSIC_REGION:
        request["CreateBucketConfiguration"] = {"LocationConstraint": client.meta.region_name}
    if ownership:
        request["ObjectOwnership"] = ownership
    try:
        client.create_bucket(**request)
    except SDK_ERRORS as error:
        if error_code(error) == "BucketAlreadyExists":
            raise AnsibleAWSError(message=foreign(name)) from error
        raise
