# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The way of an event: every rule of the role observability has targets, each of which admits it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.templating import evaluate, refusal

INPUTS: dict[str, Any] = {
    "observability_environment": "demo",
    "observability_region": "eu-west-1",
    "observability_account_id": "123456789012",
    "observability_tags": {},
    "observability_kms_key_arn": "arn:aws:kms:eu-west-1:123456789012:key/0123",
    "observability_secret_names": {"SUPABASE_DB": "demo-supabase-db"},
    "observability_secret_arns": {"SUPABASE_DB": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3"},
    "observability_secret_reader_arn": "arn:aws:iam::123456789012:role/reader",
    "observability_known_principal_arns": [],
}
OF_KEY = {
    "kms_secrets_environment": "demo",
    "kms_secrets_region": "eu-west-1",
    "kms_secrets_account_id": "123456789012",
}
QUEUES = ("demo-supabase-events", "demo-supabase-events-undelivered")


def of(expression: str, **more: Any) -> Any:
    """Return what an expression is in the role, with the inputs above."""
    return evaluate("observability", expression, **INPUTS, **more)


def admitted(policy: dict[str, Any], action: str) -> set[str]:
    """Return the rules that a policy lets do something."""
    return {
        arn
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow" and statement["Action"] == action and "ArnEquals" in statement["Condition"]
        for arn in statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    }


def test_every_target_admits_every_rule() -> None:
    rules = {
        f"arn:aws:events:eu-west-1:123456789012:rule/{rule['name']}" for rule in of("__observability_rules_of_all")
    }
    assert len(rules) == 8
    # EventBridge meets no condition when it publishes.
    publishers = [
        (statement["Principal"], "Condition" in statement)
        for statement in of("__observability_topic_policy")["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert publishers == [
        ({"Service": "events.amazonaws.com"}, False),
        ({"Service": "cloudwatch.amazonaws.com"}, True),
    ]
    assert admitted(of("__observability_log_policy"), "logs:PutLogEvents") == rules
    for name in QUEUES:
        assert admitted(of("__observability_queue_policy", item={"name": name}), "sqs:SendMessage") == rules


def test_every_target_keeps_what_it_cannot_deliver() -> None:
    targets = of("__observability_targets")
    assert [target["arn"].split(":")[2] for target in targets] == ["sns", "sqs", "logs"]
    assert {target["dead_letter_arn"].rpartition(":")[2] for target in targets} == {QUEUES[1]}


@pytest.mark.parametrize(
    ("region", "sign_in"),
    [("eu-west-1", "us-east-1"), ("cn-northwest-1", "cn-north-1"), ("us-gov-east-1", "us-gov-west-1")],
)
def test_where_the_root_user_signs_in(region: str, sign_in: str) -> None:
    inputs = {**INPUTS, "observability_region": region}
    assert evaluate("observability", "__observability_sign_in_region", **inputs).strip() == sign_in


def test_the_trail_may_write_and_nobody_else() -> None:
    """What CloudTrail may do with bucket and key, in the documented form, for this trail alone."""
    arn = of("__observability_trail_arn")
    assert arn == "arn:aws:cloudtrail:eu-west-1:123456789012:trail/demo-supabase"
    bucket = "arn:aws:s3:::demo-supabase-trail-123456789012-eu-west-1"
    allowed = [each for each in of("__observability_trail_policy")["Statement"] if each["Effect"] == "Allow"]
    assert {each["Principal"]["Service"] for each in allowed} == {"cloudtrail.amazonaws.com"}
    assert [(each["Action"], each["Resource"], each["Condition"]["StringEquals"]) for each in allowed] == [
        ("s3:GetBucketAcl", bucket, {"aws:SourceArn": arn}),
        (
            "s3:PutObject",
            f"{bucket}/AWSLogs/123456789012/*",
            {"aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control"},
        ),
    ]
    key = evaluate("kms_secrets", "__kms_secrets_key_policy", **OF_KEY)["Statement"]
    of_trail = [each for each in key if each["Principal"] == {"Service": "cloudtrail.amazonaws.com"}]
    assert {each["Action"]: each["Condition"] for each in of_trail} == {
        "kms:GenerateDataKey*": {
            "StringEquals": {"aws:SourceArn": arn},
            "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": arn},
        },
        "kms:DescribeKey": {"StringEquals": {"aws:SourceArn": arn}},
    }


def test_the_longest_names_fit() -> None:
    """An environment has twenty characters at most, and the longest name of a region fourteen."""
    inputs = INPUTS | {"observability_environment": "e" * 20, "observability_region": "ap-southeast-1"}
    assert len(evaluate("observability", "observability_trail_bucket_name", **inputs)) == 63
    assert refusal("observability", **inputs) == ""


OTHER = {"trail_arn": "arn:other", "is_multi_region_trail": True, "is_logging": True, "tags": {}}
OWN = OTHER | {"trail_arn": "arn:aws:cloudtrail:eu-west-1:123456789012:trail/demo-supabase"}


@pytest.mark.parametrize(
    ("trails", "own", "useful"),
    [
        ([OTHER, OWN | {"tags": {"supastack:environment": "demo"}}], 1, 1),
        # Somebody else's of this name, and one whose tags could not be read.
        ([OWN], 0, 1),
        ([OWN | {"tags": {"supastack:environment": "demo-two"}}], 0, 1),
        ([{key: value for key, value in OWN.items() if key != "tags"}], 0, 1),
        ([OTHER | {"is_logging": False}, OTHER | {"is_multi_region_trail": False}], 0, 0),
    ],
)
def test_only_a_trail_with_our_tag_is_ours(trails: list[dict[str, Any]], own: int, useful: int) -> None:
    found = {"__observability_trails": {"trail_list": trails}}
    assert len(of("__observability_own_trails", **found)) == own
    assert len(of("__observability_useful_trails", **found)) == useful


ON_CALL = {"protocol": "email", "endpoint": "on-call@example.com"}
RIGHT = {
    "observability_subscriptions": [
        ON_CALL,
        {"protocol": "https", "endpoint": "https://pager.example.com/x?y=1"},
        {"protocol": "sms", "endpoint": "+4915112345678"},
        {"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-1:123456789012:inbox"},
    ],
    "observability_known_principal_arns": ["arn:aws:iam::123456789012:role/deploy"],
    "observability_certificate_arns": ["arn:aws:acm:eu-west-1:123456789012:certificate/0123"],
}


def test_right_input_passes() -> None:
    assert refusal("observability", **INPUTS | RIGHT) == ""


@pytest.mark.parametrize(
    ("name", "value", "fix"),
    [
        ("retention_days", 91, "90"),
        ("subscriptions", [ON_CALL, ON_CALL], "only once"),
        ("subscriptions", [{**ON_CALL, "protocol": "https"}], "a URL with http and https"),
        ("known_principal_arns", ["arn:aws:sts::123456789012:assumed-role/a/b"], "name its role"),
        ("certificate_arns", ["arn:aws:iam::123456789012:server-certificate/a"], "in ACM"),
        ("database_cpu_percent", 100, "1 to 99"),
        ("database_slot_lag_mib", 1024, "drops the slot"),
        ("pending_pods_minutes", 2000, "1 to 1440"),
        ("trail_bucket_name", "Trail", "lower-case"),
        ("trail_bucket_name", "a" * 64, "of 64 characters"),
        ("trail_retention_days", 0, "1 or more"),
        ("load_balancer_errors", 0, "use 1 or more"),
    ],
)
def test_bad_input_is_refused(name: str, value: Any, fix: str) -> None:
    message = refusal("observability", **INPUTS | {f"observability_{name}": value})
    assert f"observability_{name}" in message
    assert fix in message
