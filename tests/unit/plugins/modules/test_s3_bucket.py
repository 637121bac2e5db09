# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module s3_bucket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import s3_bucket

NAME = "production-supabase-123456789012-eu-west-1"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
BUCKET = {"Bucket": NAME}
MISSING = ("head_bucket", BUCKET, "404: Not Found")
SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")

OPTIONS: dict[str, Any] = {
    "name": NAME,
    "public_access_block": True,
    "kms_key_arn": KEY,
    "bucket_key_enabled": True,
    "versioning": True,
    "object_ownership": "BucketOwnerEnforced",
    "tags": {"team": "platform"},
}
ABSENT = {"name": NAME, "state": "absent"}
TAGS = MappingProxyType({"team": "platform"})
Call = tuple[str, dict[str, Any], Any]


def kms_rule(key: str = KEY, bucket_key: bool = True) -> dict[str, Any]:
    """Return an encryption rule with a KMS key."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    return {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}


S3_RULE = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}


KMS_RULE = MappingProxyType(kms_rule())


def head(region: str = "eu-west-1") -> Call:
    """Return the expected HeadBucket call."""
    return ("head_bucket", BUCKET, {"ResponseMetadata": {"HTTPHeaders": {"x-amz-bucket-region": region}}})


def rule(value: Mapping[str, Any] | None) -> Call:
    """Return the expected GetBucketEncryption call."""
    missing = "ServerSideEncryptionConfigurationNotFoundError: none"
    answer = {"ServerSideEncryptionConfiguration": {"Rules": [dict(value)]}} if value else missing
    return ("get_bucket_encryption", BUCKET, answer)


def read(
    blocked: tuple[bool, ...] | None = (True,) * 4,
    encryption: Mapping[str, Any] | None = KMS_RULE,
    versioning: str | None = "Enabled",
    ownership: str | None = "BucketOwnerEnforced",
    tags: Mapping[str, str] | None = TAGS,
) -> list[Call]:
    """Return the expected calls that read a bucket; None stands for what was never set."""
    configuration = dict(zip(SETTINGS, blocked or (), strict=False))
    rules = {"Rules": [{"ObjectOwnership": ownership}]}
    tag_set = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    return [
        head(),
        (
            "get_public_access_block",
            BUCKET,
            {"PublicAccessBlockConfiguration": configuration}
            if blocked
            else "NoSuchPublicAccessBlockConfiguration: none",
        ),
        rule(encryption),
        ("get_bucket_versioning", BUCKET, {"Status": versioning} if versioning else {}),
        (
            "get_bucket_ownership_controls",
            BUCKET,
            {"OwnershipControls": rules} if ownership else "OwnershipControlsNotFoundError: none",
        ),
        ("get_bucket_tagging", BUCKET, {"TagSet": tag_set} if tags else "NoSuchTagSet: none"),
    ]


def block(value: bool) -> Call:
    """Return the expected PutPublicAccessBlock call."""
    return (
        "put_public_access_block",
        {**BUCKET, "PublicAccessBlockConfiguration": dict.fromkeys(SETTINGS, value)},
        {},
    )


def encrypt(value: dict[str, Any]) -> Call:
    """Return the expected PutBucketEncryption call."""
    return ("put_bucket_encryption", {**BUCKET, "ServerSideEncryptionConfiguration": {"Rules": [value]}}, {})


def version(status: str) -> Call:
    """Return the expected PutBucketVersioning call."""
    return ("put_bucket_versioning", {**BUCKET, "VersioningConfiguration": {"Status": status}}, {})


def own(value: str) -> Call:
    """Return the expected PutBucketOwnershipControls call."""
    rules = {"Rules": [{"ObjectOwnership": value}]}
    return ("put_bucket_ownership_controls", {**BUCKET, "OwnershipControls": rules}, {})


def tag(**tags: str) -> Call:
    """Return the expected PutBucketTagging call."""
    tag_set = [{"Key": key, "Value": value} for key, value in tags.items()]
    return ("put_bucket_tagging", {**BUCKET, "Tagging": {"TagSet": tag_set}}, {})


CREATE_REQUEST = {
    **BUCKET,
    "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
    "ObjectOwnership": "BucketOwnerEnforced",
}
CREATE: Call = ("create_bucket", CREATE_REQUEST, {})
# What S3 gives a bucket by itself.
NEW = read(encryption=S3_RULE, versioning=None, tags=None)
WRITES = [rule(S3_RULE), encrypt(kms_rule()), version("Enabled"), tag(team="platform")]

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned bucket
    "create": (
        OPTIONS,
        [MISSING],
        [CREATE, *NEW, *WRITES, *read()],
        True,
        {name: OPTIONS[name] for name in OPTIONS} | {"arn": f"arn:aws:s3:::{NAME}", "region": "eu-west-1"},
    ),
    "no-op": (OPTIONS, read(), [], False, {"versioning": True, "arn": f"arn:aws:s3:::{NAME}"}),
    "update": (
        {
            **OPTIONS,
            "public_access_block": False,
            "kms_key_arn": "",
            "bucket_key_enabled": False,
            "versioning": False,
            "object_ownership": "ObjectWriter",
            "tags": {},
        },
        read(),
        [
            block(False),
            own("ObjectWriter"),
            rule(kms_rule()),
            encrypt(S3_RULE),
            version("Suspended"),
            ("delete_bucket_tagging", BUCKET, {}),
            *read((False,) * 4, S3_RULE, "Suspended", "ObjectWriter", None),
        ],
        True,
        {"public_access_block": False, "kms_key_arn": "", "versioning": False, "tags": {}},
    ),
    "delete": (ABSENT, read(), [("delete_bucket", BUCKET, {})], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, bucket = MATRIX[case]
    outcome = run_module(s3_bucket, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "bucket", bucket)


def test_prediction_has_the_keys_of_a_real_bucket(run_module: Callable[..., Any]) -> None:
    real = run_module(s3_bucket, OPTIONS, read()).result["bucket"]
    assert set(run_module(s3_bucket, OPTIONS, [MISSING], check_mode=True).result["bucket"]) == set(real)


def test_the_classic_region_takes_no_location(run_module: Callable[..., Any]) -> None:
    steps = [MISSING, ("create_bucket", BUCKET, {}), head("us-east-1"), *NEW[1:], head("us-east-1"), *NEW[1:]]
    outcome = run_module(s3_bucket, {"name": NAME}, steps, region="us-east-1")
    assert outcome.result["bucket"]["region"] == "us-east-1"


def test_a_bucket_in_another_region_is_refused(run_module: Callable[..., Any]) -> None:
    message = run_module(s3_bucket, OPTIONS, [head("us-east-1"), *read()[1:]]).message
    assert all(part in message for part in ("region", "'us-east-1'", "'eu-west-1'"))


@pytest.mark.parametrize(
    "steps",
    [
        [("head_bucket", BUCKET, "403: Forbidden")],
        [MISSING, ("create_bucket", CREATE_REQUEST, "BucketAlreadyExists: taken")],
    ],
    ids=["seen", "hidden"],
)
def test_a_bucket_of_somebody_else_is_refused(run_module: Callable[..., Any], steps: list[Call]) -> None:
    message = run_module(s3_bucket, OPTIONS, steps).message
    assert f"name is '{NAME}'" in message
    assert "another AWS account" in message
    assert "choose another name" in message


def test_a_bucket_made_meanwhile_is_adopted(run_module: Callable[..., Any]) -> None:
    refusal = ("create_bucket", CREATE_REQUEST, "BucketAlreadyOwnedByYou: yours")
    assert run_module(s3_bucket, OPTIONS, [MISSING, refusal, *NEW, *WRITES, *read()]).exit_code == 0


def test_a_half_made_bucket_is_completed(run_module: Callable[..., Any]) -> None:
    assert run_module(s3_bucket, OPTIONS, [*NEW, *WRITES, *read()]).result["changed"] is True


def test_a_new_bucket_is_waited_for(run_module: Callable[..., Any]) -> None:
    late = ("put_bucket_versioning", version("Enabled")[1], "NoSuchBucket: not everywhere yet")
    steps = [MISSING, CREATE, MISSING, *NEW, *WRITES[:2], late, *WRITES[2:], *read()]
    assert run_module(s3_bucket, OPTIONS, steps).exit_code == 0


def test_public_access_that_is_partly_blocked_differs_from_both(run_module: Callable[..., Any]) -> None:
    partly = read((True, True, False, True))
    assert run_module(s3_bucket, {"name": NAME}, partly).result["bucket"]["public_access_block"] is None
    for wanted in (True, False):
        options = {"name": NAME, "public_access_block": wanted}
        assert run_module(s3_bucket, options, partly, check_mode=True).result["changed"] is True


def test_nothing_set_reads_as_off(run_module: Callable[..., Any]) -> None:
    bucket = run_module(s3_bucket, {"name": NAME}, read(None, None, None, None, None)).result["bucket"]
    assert bucket["public_access_block"] is False
    assert bucket["kms_key_arn"] == ""
    assert bucket["versioning"] is False
    assert bucket["object_ownership"] is None
    assert bucket["tags"] == {}


def test_the_bucket_key_alone_keeps_the_key(run_module: Callable[..., Any]) -> None:
    before = kms_rule(bucket_key=False)
    steps = [*read(encryption=before), rule(before), encrypt(kms_rule()), *read()]
    assert run_module(s3_bucket, {"name": NAME, "bucket_key_enabled": True}, steps).result["changed"] is True


def test_other_parts_of_the_encryption_rule_are_kept(run_module: Callable[..., Any]) -> None:
    blocked = {"BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]}}
    before = {**S3_RULE, **blocked}
    steps = [*read(encryption=before), rule(before), encrypt({**kms_rule(), **blocked}), *read()]
    assert run_module(s3_bucket, OPTIONS, steps).result["changed"] is True


def test_the_managed_key_has_a_name(run_module: Callable[..., Any]) -> None:
    managed = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    bucket = run_module(s3_bucket, {"name": NAME}, read(encryption=managed)).result["bucket"]
    assert bucket["kms_key_arn"] == "alias/aws/s3"


def test_a_bucket_with_objects_is_not_deleted(run_module: Callable[..., Any]) -> None:
    steps = [*read(), ("delete_bucket", BUCKET, "BucketNotEmpty: not empty")]
    message = run_module(s3_bucket, ABSENT, steps).message
    assert NAME in message
    assert "never deletes objects" in message


def test_missing_permissions_are_reported(run_module: Callable[..., Any]) -> None:
    steps = [head(), ("get_public_access_block", BUCKET, "AccessDenied: not allowed")]
    message = run_module(s3_bucket, OPTIONS, steps).message
    assert f"Failed to read the public access block of the bucket {NAME}" in message
    steps = [*read(), ("delete_bucket", BUCKET, "AccessDenied: not allowed")]
    message = run_module(s3_bucket, ABSENT, steps).message
    assert f"Failed to delete the bucket {NAME}" in message
    assert "not allowed" in message
