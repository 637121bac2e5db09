# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""S3 buckets: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled

PUBLIC_ACCESS_SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
# The region whose buckets have no location constraint, by S3's own history.
CLASSIC_REGION = "us-east-1"
SETTLING_SECONDS = 60


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


# Public access is blocked before anything else, so that a half-made bucket is never open.
SETTERS: tuple[tuple[tuple[str, ...], t.Callable[[t.Any, str, Plain], None]], ...] = (
    (("public_access_block",), put_public_access_block),
    (("object_ownership",), put_ownership),
    (("kms_key_arn", "bucket_key_enabled"), put_encryption),
    (("versioning",), put_versioning),
    (("tags",), put_tags),
)


@failing_to("set {fields} of the bucket {name}")
@unthrottled
def put(client: t.Any, name: str, fields: str, call: t.Callable[[], None]) -> None:
    """Make one setting, waiting while S3 does not show a new bucket everywhere or is still busy with it."""
    retry_while(lambda error: error_code(error) in ("NoSuchBucket", "OperationAborted"), call, SETTLING_SECONDS)


def update_bucket(client: t.Any, name: str, difference: Difference) -> None:
    """Make all settings that differ."""
    for fields, setter in SETTERS:
        if difference.touches(*fields):
            values = difference.desired(*fields)
            put(client, name, ", ".join(values), functools.partial(setter, client, name, values))


@failing_to("delete the bucket {name}")
@none_when("NoSuchBucket")
@unthrottled
def delete_bucket(client: t.Any, name: str) -> None:
    """Delete an empty bucket.

    :raises AnsibleAWSError: when it is not empty.
    """
    try:
        client.delete_bucket(Bucket=name)
    except SDK_ERRORS as error:
        if error_code(error) == "BucketNotEmpty":
            raise AnsibleAWSError(
                message=f"The bucket {name} is not empty, and this module never deletes objects. "
                "Empty it first, all versions and delete markers included."
            ) from error
        raise
