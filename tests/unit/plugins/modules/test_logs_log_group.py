# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module logs_log_group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import logs_log_group

NAME = "/aws/eks/production/cluster"
ARN = f"arn:aws:logs:eu-west-1:123456789012:log-group:{NAME}"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
GROUP = {"logGroupName": NAME}
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "kms_key_arn": KEY,
    "retention_in_days": 90,
    "tags": {"team": "platform"},
}
ABSENT = {"name": NAME, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
# Another group whose name begins alike.
OTHER = {"logGroupName": f"{NAME}-old", "arn": f"{ARN}-old:*"}
MISSING: Call = ("describe_log_groups", {"logGroupNamePrefix": NAME}, {"logGroups": [OTHER]})


def read(key: str | None = KEY, days: int | None = 90, tag: str | None = "platform") -> list[Call]:
    """Return the expected calls that read a group; None stands for what is not set."""
    group: dict[str, Any] = {**GROUP, "arn": f"{ARN}:*"}
    group |= {"kmsKeyId": key} if key else {}
    group |= {"retentionInDays": days} if days else {}
    return [
        ("describe_log_groups", {"logGroupNamePrefix": NAME}, {"logGroups": [OTHER, group]}),
        ("list_tags_for_resource", {"resourceArn": ARN}, {"tags": {"team": tag} if tag else {}}),
    ]


CREATE: Call = ("create_log_group", {**GROUP, "kmsKeyId": KEY, "tags": {"team": "platform"}}, {})
RETAIN: Call = ("put_retention_policy", {**GROUP, "retentionInDays": 90}, {})
ASSOCIATE: Call = ("associate_kms_key", {**GROUP, "kmsKeyId": KEY}, {})
TAG: Call = ("tag_resource", {"resourceArn": ARN, "tags": {"team": "platform"}}, {})
VALUES = {**OPTIONS, "arn": ARN}
CLEARED = {"name": NAME, "kms_key_arn": "", "retention_in_days": 0, "tags": {}}
CLEARING: list[Call] = [
    ("disassociate_kms_key", GROUP, {}),
    ("delete_retention_policy", GROUP, {}),
    ("untag_resource", {"resourceArn": ARN, "tagKeys": ["team"]}, {}),
]

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned group
    "create": (OPTIONS, [MISSING], [CREATE, *read(days=None), RETAIN, *read()], True, VALUES),
    "no-op": (OPTIONS, read(), [], False, VALUES),
    "update": (OPTIONS, read(None, 7, None), [ASSOCIATE, RETAIN, TAG, *read()], True, VALUES),
    "update of one setting": (OPTIONS, read(tag="data"), [TAG, *read()], True, VALUES),
    "clear": (CLEARED, read(), [*CLEARING, *read(None, None, None)], True, CLEARED),
    "delete": (ABSENT, read(), [("delete_log_group", GROUP, {})], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, group = MATRIX[case]
    outcome = run_module(logs_log_group, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "log_group", group)


def test_prediction_has_the_keys_of_a_real_group(run_module: Callable[..., Any]) -> None:
    real = run_module(logs_log_group, OPTIONS, read()).result["log_group"]
    assert run_module(logs_log_group, OPTIONS, [MISSING], check_mode=True).result["log_group"] == real


def test_a_group_that_a_service_made_meanwhile_is_adopted(run_module: Callable[..., Any]) -> None:
    taken: Call = (CREATE[0], CREATE[1], "ResourceAlreadyExistsException: taken")
    steps = [MISSING, taken, *read(None, None, None), ASSOCIATE, RETAIN, TAG, *read()]
    assert run_module(logs_log_group, OPTIONS, steps).result["log_group"]["retention_in_days"] == 90


def test_a_retention_that_cloudwatch_does_not_offer_is_its_error(run_module: Callable[..., Any]) -> None:
    refused: Call = ("put_retention_policy", {**GROUP, "retentionInDays": 91}, "InvalidParameterException: 91")
    message = run_module(logs_log_group, {"name": NAME, "retention_in_days": 91}, [*read(), refused]).message
    assert f"set the retention of the log group {NAME}" in message
