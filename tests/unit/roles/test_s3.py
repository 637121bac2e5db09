# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The role s3: names that always fit, and who may do what by its policies, with their conditions evaluated as AWS does.

Neither the emulator nor a plan evaluates conditions, so that a wrong one would only show on AWS.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest
import yaml

from tests.unit.roles.templating import CHECKOUT, evaluate, render

Json = dict[str, Any]

KEY = "arn:aws:kms:eu-west-1:123456789012:key/objects"
COPIES_KEY = "arn:aws:kms:eu-central-1:123456789012:key/copies"
COPIES = "arn:aws:s3:::copies"
INPUTS = {
    "s3_environment": "demo",
    "s3_region": "eu-west-1",
    "s3_account_id": "123456789012",
    "s3_kms_key_arn": KEY,
    "s3_replication_bucket_arn": COPIES,
    "s3_replication_kms_key_arn": COPIES_KEY,
}
BUCKET = "arn:aws:s3:::demo-supabase-123456789012-eu-west-1"
LOGS = f"{BUCKET}-logs"
WHAT = ("Action", "Resource")
CONTEXT = "kms:EncryptionContext:aws:s3:arn"


def holds(operator: str, wanted: Any, found: str | None) -> bool:
    """Return whether one condition holds. Without its key in the request, none of these operators does."""
    values = wanted if isinstance(wanted, list) else [wanted]
    if found is None:
        return False
    if operator == "NumericLessThan":
        return any(float(found) < float(value) for value in values)
    if operator in ("StringLike", "ArnLike"):
        return any(fnmatchcase(found, value) for value in values)
    assert operator in ("StringEquals", "Bool"), operator
    return found in values


def applies(statement: Json, action: str, resource: str, context: dict[str, str]) -> bool:
    """Return whether a statement is about a request."""
    named = [statement[part] if isinstance(statement[part], list) else [statement[part]] for part in WHAT]
    about = all(
        any(fnmatchcase(asked, name) for name in names) for asked, names in zip((action, resource), named, strict=True)
    )
    return about and all(
        holds(operator, wanted, context.get(key))
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def effects(name: str, action: str, resource: str, context: dict[str, str], **variables: Any) -> set[str]:
    """Return the effects of all statements of one of the role's policies that are about a request."""
    statements = evaluate("s3", f"{name}.Statement", **INPUTS, **variables)
    return {entry["Effect"] for entry in statements if applies(entry, action, resource, context)}


def through(service: str, bucket: str, region: str = "eu-west-1") -> dict[str, str]:
    """Return what KMS knows of a request that a service makes for a bucket."""
    return {"kms:ViaService": f"{service}.{region}.amazonaws.com", CONTEXT: bucket}


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("s3:PutObject", f"{BUCKET}/tenant/a", {}, True),
        ("s3:PutObjectTagging", f"{BUCKET}/tenant/a", {}, True),
        ("s3:DeleteObject", f"{BUCKET}/tenant/a", {}, True),
        ("s3:ListBucket", BUCKET, {}, True),
        ("s3:DeleteObjectVersion", f"{BUCKET}/tenant/a", {}, False),
        ("s3:PutBucketPolicy", BUCKET, {}, False),
        ("s3:PutObject", f"{LOGS}/s3/a", {}, False),
        ("s3:ListBucket", LOGS, {}, False),
        ("kms:GenerateDataKey", KEY, through("s3", BUCKET), True),
        ("kms:Decrypt", KEY, through("s3", f"{BUCKET}/tenant/a"), True),
        ("kms:Decrypt", KEY, through("s3", LOGS), False),
        ("kms:Decrypt", KEY, through("secretsmanager", BUCKET), False),
        ("kms:Decrypt", KEY, {}, False),
        ("kms:Decrypt", COPIES_KEY, through("s3", BUCKET), False),
    ],
)
def test_storage_may_use_its_bucket_only(action: str, resource: str, context: dict[str, str], allowed: bool) -> None:
    assert effects("__s3_storage_policy", action, resource, context) == ({"Allow"} if allowed else set())


@pytest.mark.parametrize(
    ("action", "resource", "context", "allowed"),
    [
        ("s3:GetReplicationConfiguration", BUCKET, {}, True),
        ("s3:GetObjectVersionForReplication", f"{BUCKET}/a", {}, True),
        ("s3:ReplicateObject", f"{COPIES}/a", {}, True),
        ("s3:ReplicateDelete", f"{COPIES}/a", {}, False),
        ("s3:ReplicateObject", f"{BUCKET}/a", {}, False),
        ("s3:DeleteObject", f"{BUCKET}/a", {}, False),
        ("kms:Decrypt", KEY, through("s3", BUCKET), True),
        ("kms:Encrypt", KEY, through("s3", BUCKET), False),
        ("kms:Encrypt", COPIES_KEY, through("s3", f"{COPIES}/a", "eu-central-1"), True),
        ("kms:GenerateDataKey", COPIES_KEY, through("s3", COPIES, "eu-central-1"), True),
        ("kms:Encrypt", COPIES_KEY, through("s3", COPIES), False),
        ("kms:Decrypt", COPIES_KEY, through("s3", COPIES, "eu-central-1"), False),
    ],
)
def test_replication_may_copy_only(action: str, resource: str, context: dict[str, str], allowed: bool) -> None:
    assert effects("__s3_replication_policy", action, resource, context) == ({"Allow"} if allowed else set())


DELIVERY = {"aws:SourceArn": BUCKET, "aws:SourceAccount": "123456789012"}
TLS = {"aws:SecureTransport": "true", "s3:TlsVersion": "1.2"}


@pytest.mark.parametrize(
    ("resource", "context", "wanted"),
    [
        (f"{LOGS}/s3/a", {**TLS, **DELIVERY}, {"Allow"}),
        # A service's own request may have no version of TLS.
        (f"{LOGS}/s3/a", DELIVERY, {"Allow"}),
        (f"{LOGS}/s3/a", {**TLS, **DELIVERY, "s3:TlsVersion": "1.3"}, {"Allow"}),
        (f"{LOGS}/elsewhere/a", {**TLS, **DELIVERY}, set()),
        (f"{LOGS}/s3/a", {**TLS, **DELIVERY, "aws:SourceArn": f"{BUCKET}-other"}, set()),
        (f"{LOGS}/s3/a", {**TLS, **DELIVERY, "aws:SourceAccount": "210987654321"}, set()),
        (f"{LOGS}/a", {"aws:SecureTransport": "false"}, {"Deny"}),
        (LOGS, {**TLS, "s3:TlsVersion": "1.1"}, {"Deny"}),
    ],
)
def test_who_may_put_logs(resource: str, context: dict[str, str], wanted: set[str]) -> None:
    variables = {"__s3_policed_arn": LOGS}
    assert effects("__s3_log_policy", "s3:PutObject", resource, context, **variables) == wanted


def test_the_bucket_lets_nobody_in_by_itself() -> None:
    statements = evaluate("s3", "__s3_policy.Statement", **INPUTS, __s3_policed_arn=BUCKET)
    assert {entry["Effect"] for entry in statements} == {"Deny"}
    assert {entry["Principal"] for entry in statements} == {"*"}


@pytest.mark.parametrize("task", ["bucket.yml", "log_bucket.yml"])
def test_each_bucket_has_the_policy_of_its_own_name(task: str) -> None:
    (entry,) = yaml_of(f"tasks/{task}")
    variables = {name: render("s3", value, **INPUTS) for name, value in entry["vars"].items()}
    arguments = render("s3", entry["supastack.aws.s3_bucket"], **INPUTS, **variables)
    arn = f"arn:aws:s3:::{arguments['name']}"
    denied = [statement for statement in arguments["policy"]["Statement"] if statement["Effect"] == "Deny"]
    assert [statement["Resource"] for statement in denied] == [[arn, f"{arn}/*"]] * 2


def yaml_of(path: str) -> Any:
    """Return what a file of the role holds."""
    return yaml.safe_load((CHECKOUT / "roles" / "s3" / path).read_text(encoding="utf-8"))


def test_the_default_names_fit_everywhere() -> None:
    regions = evaluate("s3", "'s3' | supastack.aws.aws_regions")
    for region in regions:
        if region not in ("aws-global", "s3-external-1"):
            inputs = {"s3_environment": "a" * 20, "s3_region": region, "s3_account_id": "1" * 12}
            assert evaluate("s3", "s3_log_bucket_name is match(__s3_name)", **inputs) is True, region
