# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module s3_bucket."""

from __future__ import annotations

import copy
import json
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
ROLE = "arn:aws:iam::123456789012:role/production-supabase-replication"
COPIES = "arn:aws:s3:::copies"
COPIES_KEY = "arn:aws:kms:eu-central-1:123456789012:key/76543210-89ab-cdef-0123-456789abcdef"
LOG_BUCKET = f"{NAME}-logs"

POLICY: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/*"],
            "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        }
    ],
}
# The same with a single value as a list, in another order.
SAME_POLICY: dict[str, Any] = {
    "Statement": [{**POLICY["Statement"][0], "Action": ["s3:*"], "Resource": POLICY["Statement"][0]["Resource"][::-1]}],
    "Version": "2012-10-17",
}
# In the order in which they are compared: by id.
LIFECYCLE: list[dict[str, Any]] = [
    {"id": "markers", "expired_object_delete_marker": True},
    {
        "id": "old",
        "prefix": "a/",
        "noncurrent_version_expiration_days": 30,
        "newer_noncurrent_versions": 3,
        "expiration_days": 365,
    },
    {"id": "uploads", "enabled": False, "abort_incomplete_multipart_upload_days": 7, "newer_noncurrent_versions": 0},
]
S3_LIFECYCLE: list[dict[str, Any]] = [
    {
        "ID": "markers",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    },
    {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "a/"},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
        "Expiration": {"Days": 365},
    },
    {
        "ID": "uploads",
        "Status": "Disabled",
        "Filter": {"Prefix": ""},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    },
]
LOGGING = {"target_bucket": LOG_BUCKET, "target_prefix": "s3/"}
S3_LOGGING = {"TargetBucket": LOG_BUCKET, "TargetPrefix": "s3/"}
REPLICATION: dict[str, Any] = {
    "role_arn": ROLE,
    "rules": [
        {"id": "all", "destination_bucket_arn": COPIES, "destination_kms_key_arn": COPIES_KEY},
        {
            "id": "plain",
            "enabled": False,
            "priority": 2,
            "prefix": "a/",
            "delete_markers": True,
            "destination_bucket_arn": COPIES,
        },
    ],
}
S3_REPLICATION: dict[str, Any] = {
    "Role": ROLE,
    "Rules": [
        {
            "ID": "all",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            "DeleteMarkerReplication": {"Status": "Disabled"},
            "Destination": {"Bucket": COPIES, "EncryptionConfiguration": {"ReplicaKmsKeyID": COPIES_KEY}},
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
        },
        {
            "ID": "plain",
            "Status": "Disabled",
            "Priority": 2,
            "Filter": {"Prefix": "a/"},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": COPIES},
        },
    ],
}

OPTIONS: dict[str, Any] = {
    "name": NAME,
    "public_access_block": True,
    "kms_key_arn": KEY,
    "bucket_key_enabled": True,
    "versioning": True,
    "object_ownership": "BucketOwnerEnforced",
    "policy": POLICY,
    "lifecycle_rules": LIFECYCLE[::-1],
    "logging": LOGGING,
    "replication": REPLICATION,
    "tags": {"team": "platform"},
}
NOTHING: dict[str, Any] = {"policy": {}, "lifecycle_rules": [], "logging": {}, "replication": {}}
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


def read_policy(value: Mapping[str, Any] | None) -> Call:
    """Return the expected GetBucketPolicy call."""
    return ("get_bucket_policy", BUCKET, {"Policy": json.dumps(value)} if value else "NoSuchBucketPolicy: none")


def read_lifecycle(rules: list[dict[str, Any]] | None) -> Call:
    """Return the expected GetBucketLifecycleConfiguration call."""
    answer = {"Rules": copy.deepcopy(rules)} if rules else "NoSuchLifecycleConfiguration: none"
    return ("get_bucket_lifecycle_configuration", BUCKET, answer)


def read_replication(value: Mapping[str, Any] | None) -> Call:
    """Return the expected GetBucketReplication call."""
    missing = "ReplicationConfigurationNotFoundError: none"
    return ("get_bucket_replication", BUCKET, {"ReplicationConfiguration": value} if value else missing)


def read(
    blocked: tuple[bool, ...] | None = (True,) * 4,
    encryption: Mapping[str, Any] | None = KMS_RULE,
    versioning: str | None = "Enabled",
    ownership: str | None = "BucketOwnerEnforced",
    tags: Mapping[str, str] | None = TAGS,
    *,
    bare: bool = False,
    **parts: Any,
) -> list[Call]:
    """Return the expected calls that read a bucket; None stands for what was never set.

    :param bare: whether it has neither policy nor lifecycle rules nor logging nor replication but for those in parts.
    """
    made = {"policy": POLICY, "lifecycle": S3_LIFECYCLE, "logging": S3_LOGGING, "replication": S3_REPLICATION}
    part = {name: parts.get(name, None if bare else value) for name, value in made.items()}
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
        read_policy(part["policy"]),
        read_lifecycle(part["lifecycle"]),
        ("get_bucket_logging", BUCKET, {"LoggingEnabled": part["logging"]} if part["logging"] else {}),
        read_replication(part["replication"]),
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


def policy(value: Mapping[str, Any]) -> Call:
    """Return the expected PutBucketPolicy call."""
    return ("put_bucket_policy", {**BUCKET, "Policy": json.dumps(value, separators=(",", ":"))}, {})


def lifecycle(rules: list[dict[str, Any]]) -> Call:
    """Return the expected PutBucketLifecycleConfiguration call."""
    return ("put_bucket_lifecycle_configuration", {**BUCKET, "LifecycleConfiguration": {"Rules": rules}}, {})


def log_to(value: Mapping[str, Any]) -> Call:
    """Return the expected PutBucketLogging call."""
    return ("put_bucket_logging", {**BUCKET, "BucketLoggingStatus": {"LoggingEnabled": value} if value else {}}, {})


def replicate(value: Mapping[str, Any]) -> Call:
    """Return the expected PutBucketReplication call."""
    return ("put_bucket_replication", {**BUCKET, "ReplicationConfiguration": value}, {})


def listed(versions: int = 0, markers: int = 0, more: bool = False) -> Call:
    """Return the expected ListObjectVersions call."""
    answer: dict[str, Any] = {
        "Versions": [{"Key": f"k{number}", "VersionId": f"v{number}"} for number in range(versions)],
        "DeleteMarkers": [{"Key": f"k{number}", "VersionId": f"m{number}"} for number in range(markers)],
        "IsTruncated": more,
    }
    # What is empty is not in S3's answer.
    return ("list_object_versions", BUCKET, {name: value for name, value in answer.items() if value})


DELETE: Call = ("delete_bucket", BUCKET, {})
NOT_EMPTY: Call = ("delete_bucket", BUCKET, "BucketNotEmpty: not empty")
NO_UPLOADS: Call = ("list_multipart_uploads", BUCKET, {})

CREATE_REQUEST = {
    **BUCKET,
    "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"},
    "ObjectOwnership": "BucketOwnerEnforced",
}
CREATE: Call = ("create_bucket", CREATE_REQUEST, {})
# What S3 gives a bucket by itself.
NEW = read(encryption=S3_RULE, versioning=None, tags=None, bare=True)
SETTLED = [policy(POLICY), lifecycle(S3_LIFECYCLE), log_to(S3_LOGGING), replicate(S3_REPLICATION), tag(team="platform")]
WRITES = [rule(S3_RULE), encrypt(kms_rule()), version("Enabled"), *SETTLED]

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned bucket
    "create": (
        OPTIONS,
        [MISSING],
        [CREATE, *NEW, *WRITES, *read()],
        True,
        {name: OPTIONS[name] for name in OPTIONS if name not in ("lifecycle_rules", "logging", "replication")}
        | {"arn": f"arn:aws:s3:::{NAME}", "region": "eu-west-1"},
    ),
    "no-op": (OPTIONS, read(), [], False, {"versioning": True, "arn": f"arn:aws:s3:::{NAME}", "policy": POLICY}),
    "update": (
        {
            **OPTIONS,
            "public_access_block": False,
            "kms_key_arn": "",
            "bucket_key_enabled": False,
            "versioning": False,
            "object_ownership": "ObjectWriter",
            **NOTHING,
            "tags": {},
        },
        read(),
        [
            block(False),
            own("ObjectWriter"),
            rule(kms_rule()),
            encrypt(S3_RULE),
            # While there is replication, S3 does not suspend versioning.
            ("delete_bucket_replication", BUCKET, {}),
            version("Suspended"),
            ("delete_bucket_policy", BUCKET, {}),
            ("delete_bucket_lifecycle", BUCKET, {}),
            log_to({}),
            ("delete_bucket_tagging", BUCKET, {}),
            *read((False,) * 4, S3_RULE, "Suspended", "ObjectWriter", None, bare=True),
        ],
        True,
        {"public_access_block": False, "kms_key_arn": "", "versioning": False, "tags": {}, **NOTHING},
    ),
    "delete": (ABSENT, [*read(), listed()], [DELETE], True, None),
    "delete with objects": (
        {**ABSENT, "delete_objects": True},
        read(),
        [
            listed(2, 1),
            (
                "delete_objects",
                {
                    **BUCKET,
                    "Delete": {
                        "Objects": [
                            {"Key": "k0", "VersionId": "v0"},
                            {"Key": "k1", "VersionId": "v1"},
                            {"Key": "k0", "VersionId": "m0"},
                        ],
                        "Quiet": True,
                    },
                },
                {},
            ),
            listed(),
            ("list_multipart_uploads", BUCKET, {"Uploads": [{"Key": "k", "UploadId": "u"}]}),
            ("abort_multipart_upload", {**BUCKET, "Key": "k", "UploadId": "u"}, {}),
            DELETE,
        ],
        True,
        None,
    ),
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
    bucket = run_module(s3_bucket, {"name": NAME}, read(None, None, None, None, None, bare=True)).result["bucket"]
    assert bucket["public_access_block"] is False
    assert bucket["kms_key_arn"] == ""
    assert bucket["versioning"] is False
    assert bucket["object_ownership"] is None
    assert {name: bucket[name] for name in NOTHING} == NOTHING
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


def late(step: Call, error: str) -> list[Call]:
    """Return a write that is refused once and then taken."""
    method, request, _answer = step
    return [(method, request, error), step]


def test_what_s3_sees_later_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [
        *read(versioning=None, bare=True),
        version("Enabled"),
        policy(POLICY),
        lifecycle(S3_LIFECYCLE),
        *late(log_to(S3_LOGGING), "InvalidTargetBucketForLogging: You must either provide the necessary permissions"),
        *late(replicate(S3_REPLICATION), "InvalidRequest: Versioning must be 'Enabled' on the bucket to apply a rule"),
        *read(),
    ]
    assert run_module(s3_bucket, OPTIONS, steps).result["changed"] is True


def test_a_destination_without_versioning_is_reported_at_once(run_module: Callable[..., Any], clock: Any) -> None:
    method, request, _answer = replicate(S3_REPLICATION)
    refusal = "InvalidRequest: Destination bucket must have versioning enabled."
    message = run_module(s3_bucket, OPTIONS, [*read(replication=None), (method, request, refusal)]).message
    assert f"Failed to set replication of the bucket {NAME}" in message
    assert "Destination bucket must have versioning enabled" in message
    assert clock.now == 0


def test_a_policy_that_means_the_same_is_none_to_write(run_module: Callable[..., Any]) -> None:
    for same in (SAME_POLICY, json.dumps(SAME_POLICY)):
        outcome = run_module(s3_bucket, {"name": NAME, "policy": same}, read())
        outcome.assert_made(False, "bucket", {"policy": POLICY})


@pytest.mark.parametrize("value", ["[1]", "{"])
def test_a_policy_that_is_no_document_is_refused(run_module: Callable[..., Any], value: str) -> None:
    message = run_module(s3_bucket, {"name": NAME, "policy": value}, read()).message
    assert "policy is" in message


def test_what_is_left_out_is_left_alone(run_module: Callable[..., Any]) -> None:
    run_module(s3_bucket, {"name": NAME}, read()).assert_made(False, "bucket", {"policy": POLICY})


def changed(rule: Mapping[str, Any], **members: Any) -> dict[str, Any]:
    """Return a rule with other members."""
    return {**rule, **members}


@pytest.mark.parametrize(
    ("part", "found", "call"),
    [
        (
            "lifecycle",
            [changed(S3_LIFECYCLE[0], Transitions=[{"Days": 30, "StorageClass": "GLACIER"}]), *S3_LIFECYCLE[1:]],
            lifecycle(S3_LIFECYCLE),
        ),
        (
            "lifecycle",
            [S3_LIFECYCLE[0], changed(S3_LIFECYCLE[1], Filter={"Tag": {"Key": "a", "Value": "b"}}), S3_LIFECYCLE[2]],
            lifecycle(S3_LIFECYCLE),
        ),
        ("lifecycle", S3_LIFECYCLE[:2], lifecycle(S3_LIFECYCLE)),
        ("logging", {**S3_LOGGING, "TargetObjectKeyFormat": {"PartitionedPrefix": {}}}, log_to(S3_LOGGING)),
        ("logging", {"TargetBucket": LOG_BUCKET, "TargetPrefix": ""}, log_to(S3_LOGGING)),
        (
            "replication",
            {
                "Role": ROLE,
                "Rules": [
                    changed(S3_REPLICATION["Rules"][0], ExistingObjectReplication={"Status": "Enabled"}),
                    S3_REPLICATION["Rules"][1],
                ],
            },
            replicate(S3_REPLICATION),
        ),
        ("replication", {**S3_REPLICATION, "Role": f"{ROLE}-other"}, replicate(S3_REPLICATION)),
    ],
    ids=["transition", "tag", "fewer rules", "names of logs", "prefix", "existing objects", "role"],
)
def test_what_others_set_is_a_difference(run_module: Callable[..., Any], part: str, found: Any, call: Call) -> None:
    drifted = read(**{part: found})
    predicted = run_module(s3_bucket, OPTIONS, drifted, check_mode=True)
    assert predicted.result["changed"] is True
    made = run_module(s3_bucket, OPTIONS, [*drifted, call, *read()])
    assert made.result["bucket"] == predicted.result["bucket"]
    assert made.result["diff"] == predicted.result["diff"]


def test_what_s3_spells_otherwise_is_none(run_module: Callable[..., Any]) -> None:
    spelled = read(
        lifecycle=[changed(S3_LIFECYCLE[0], Filter={}), *S3_LIFECYCLE[1:]],
        logging={**S3_LOGGING, "TargetObjectKeyFormat": {"SimplePrefix": {}}},
        replication={"Role": ROLE, "Rules": S3_REPLICATION["Rules"][::-1]},
    )
    run_module(s3_bucket, OPTIONS, spelled).assert_made(False, "bucket", {})


@pytest.mark.parametrize(
    ("options", "reads"),
    [
        ({"replication": REPLICATION}, read(versioning=None, bare=True)),
        ({"replication": REPLICATION, "versioning": False}, read(bare=True)),
        ({"versioning": False}, read()),
        ({"replication": REPLICATION}, [MISSING]),
    ],
    ids=["is off", "off at once", "off later", "new bucket"],
)
def test_replication_without_versioning_is_refused(
    run_module: Callable[..., Any], options: dict[str, Any], reads: list[Call]
) -> None:
    for check_mode in (True, False):
        message = run_module(s3_bucket, {"name": NAME, **options}, reads, check_mode=check_mode).message
        assert all(part in message for part in ("versioning", "would be false", "replication to {}"))


def rules(**members: Any) -> dict[str, Any]:
    """Return options with one lifecycle rule."""
    return {"lifecycle_rules": [{"id": "r", **members}]}


def copies(*rules: dict[str, Any], role_arn: str | None = ROLE) -> dict[str, Any]:
    """Return options with replication by rules of these members."""
    made = [{"id": f"r{number}", "priority": number, "destination_bucket_arn": COPIES} for number in range(len(rules))]
    return {
        "replication": {
            "role_arn": role_arn,
            "rules": [{**base, **given} for base, given in zip(made, rules, strict=True)],
        }
    }


BAD: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "days": (rules(expiration_days=0), ("expiration_days", "is 0", "1 or more")),
    "kept": (
        rules(noncurrent_version_expiration_days=1, newer_noncurrent_versions=101),
        ("newer_noncurrent_versions", "is 101", "0 to 100"),
    ),
    "kept without days": (
        rules(newer_noncurrent_versions=1),
        ("newer_noncurrent_versions", "noncurrent_version_expiration_days too"),
    ),
    "marker with days": (rules(expired_object_delete_marker=True, expiration_days=1), ("rule r", "two rules")),
    "nothing to do": (rules(), ("rule r does nothing", "expiration_days")),
    "no id": (rules(id="", expiration_days=1), ("id ''", "1 to 255")),
    "same id": ({"lifecycle_rules": [rules(expiration_days=1)["lifecycle_rules"][0]] * 2}, ("'r'", "more than once")),
    "prefix alone": ({"logging": {"target_prefix": "s3/"}}, ("target_prefix 's3/'", "target_bucket")),
    "no role": (copies({}, role_arn=None), ("role_arn None", "1 rules", "both")),
    "role alone": ({"replication": {"role_arn": ROLE}}, ("0 rules", "both")),
    "role of no role": (copies({}, role_arn="replicator"), ("'replicator'", "arn:aws:iam::")),
    "key of no key": (copies({"destination_kms_key_arn": "alias/a"}), ("'alias/a'", "arn:aws:kms:")),
    "destination by name": (copies({"destination_bucket_arn": "copies"}), ("'copies'", "arn:aws:s3:::NAME")),
    "destination itself": (copies({"destination_bucket_arn": f"arn:aws:s3:::{NAME}"}), ("the bucket itself",)),
    "same priority": (copies({"priority": 4}, {"priority": 4}), ("priority", "is 4", "its own")),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_options_are_refused_before_anything_is_asked(run_module: Callable[..., Any], case: str) -> None:
    options, parts = BAD[case]
    message = run_module(s3_bucket, {"name": NAME, **options}).message
    assert [part for part in parts if part not in message] == []


def test_a_predicted_destination_is_taken(run_module: Callable[..., Any]) -> None:
    options = copies({"destination_bucket_arn": "known-after-apply"}, role_arn="role-known-after-apply")
    assert run_module(s3_bucket, {**OPTIONS, **options}, read(), check_mode=True).result["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("found", "held"),
    [
        (listed(1, 0), "1 version of objects and 0 delete markers"),
        (listed(0, 1), "0 versions of objects and 1 delete marker"),
        (listed(3, 2, more=True), "at least 3 versions of objects and 2 delete markers"),
    ],
    ids=["version", "marker", "more"],
)
def test_a_bucket_that_is_not_empty_is_kept(
    run_module: Callable[..., Any], found: Call, held: str, check_mode: bool
) -> None:
    message = run_module(s3_bucket, ABSENT, [*read(), found], check_mode=check_mode).message
    assert f"The bucket {NAME} is not empty: it holds {held}" in message
    assert "Empty it first, or set delete_objects to true" in message


def test_an_object_that_comes_meanwhile_keeps_the_bucket(run_module: Callable[..., Any]) -> None:
    steps = [*read(), listed(), NOT_EMPTY, listed(1)]
    assert "it holds 1 version" in run_module(s3_bucket, ABSENT, steps).message


def test_logs_that_come_late_are_deleted_too(run_module: Callable[..., Any]) -> None:
    removal = {"Delete": {"Objects": [{"Key": "k0", "VersionId": "v0"}], "Quiet": True}}
    again = [listed(1), ("delete_objects", {**BUCKET, **removal}, {}), listed(), NO_UPLOADS, DELETE]
    steps = [*read(), listed(), NO_UPLOADS, NOT_EMPTY, *again]
    assert run_module(s3_bucket, {**ABSENT, "delete_objects": True}, steps).result["changed"] is True


def test_a_bucket_that_is_never_empty_is_reported(run_module: Callable[..., Any]) -> None:
    steps = [*read(), *[listed(), NO_UPLOADS, NOT_EMPTY] * 3]
    message = run_module(s3_bucket, {**ABSENT, "delete_objects": True}, steps).message
    assert f"The bucket {NAME} got new objects" in message
    assert "Stop what writes to it" in message


def test_an_object_that_is_not_deleted_is_named(run_module: Callable[..., Any]) -> None:
    removal = {"Delete": {"Objects": [{"Key": "k0", "VersionId": "v0"}], "Quiet": True}}
    errors = {"Errors": [{"Key": "k0", "VersionId": "v0", "Code": "AccessDenied", "Message": "locked"}]}
    steps = [*read(), listed(1), ("delete_objects", {**BUCKET, **removal}, errors)]
    message = run_module(s3_bucket, {**ABSENT, "delete_objects": True}, steps).message
    assert f"Failed to delete version v0 of the object k0 in the bucket {NAME}" in message
    assert "locked (AccessDenied)" in message


def test_a_bucket_deleted_meanwhile_is_gone(run_module: Callable[..., Any]) -> None:
    gone = "NoSuchBucket: gone"
    steps = [("list_object_versions", BUCKET, gone), ("list_multipart_uploads", BUCKET, gone)]
    steps = [*read(), *steps, ("delete_bucket", BUCKET, gone)]
    assert run_module(s3_bucket, {**ABSENT, "delete_objects": True}, steps).result["changed"] is True
    steps = [*read(), ("list_object_versions", BUCKET, gone), ("delete_bucket", BUCKET, gone)]
    assert run_module(s3_bucket, ABSENT, steps).result["changed"] is True


def test_missing_permissions_are_reported(run_module: Callable[..., Any]) -> None:
    steps = [head(), ("get_public_access_block", BUCKET, "AccessDenied: not allowed")]
    message = run_module(s3_bucket, OPTIONS, steps).message
    assert f"Failed to read the public access block of the bucket {NAME}" in message
    steps = [*read(), listed(), ("delete_bucket", BUCKET, "AccessDenied: not allowed")]
    message = run_module(s3_bucket, ABSENT, steps).message
    assert f"Failed to delete the bucket {NAME}" in message
    assert "not allowed" in message
