# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module sns_topic."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import sns_topic

NAME = "production-alarms"
ARN = f"arn:aws:sns:eu-west-1:123456789012:{NAME}"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
POLICY = {"Version": "2012-10-17", "Statement": []}
TEXT = '{"Version":"2012-10-17","Statement":[]}'
MAIL = {"protocol": "email", "endpoint": "on-call@example.com"}
QUEUE = {"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-1:123456789012:alarms"}
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "display_name": "Alarms",
    "kms_key_arn": KEY,
    "policy": POLICY,
    "subscriptions": [MAIL],
    "tags": {"team": "platform"},
}
NAMED = {"name": NAME, "display_name": "Alarms"}
ABSENT = {"name": NAME, "state": "absent"}
TAGS = [{"Key": "team", "Value": "platform"}]
OF_TOPIC = {"TopicArn": ARN}
OTHER = {"TopicArn": f"{ARN}-old"}
Call = tuple[str, dict[str, Any], Any]
LIST: Call = ("list_topics", {}, {"Topics": [OTHER, OF_TOPIC]})
MISSING: Call = ("list_topics", {}, {"Topics": [OTHER]})


def subscribed(subscription: dict[str, str], arn: str = "PendingConfirmation") -> dict[str, str]:
    """Return a subscription as SNS lists it."""
    return {"Protocol": subscription["protocol"], "Endpoint": subscription["endpoint"], "SubscriptionArn": arn}


def read(*subscriptions: dict[str, str], bare: bool = False) -> list[Call]:
    """Return the expected calls that read a topic; a bare one has nothing of its own."""
    own = {} if bare else {"DisplayName": "Alarms", "KmsMasterKeyId": KEY}
    policy = json.dumps({**POLICY, "Statement": [{"Effect": "Deny"}]} if bare else POLICY)
    return [
        LIST,
        ("get_topic_attributes", OF_TOPIC, {"Attributes": {**own, "Policy": policy}}),
        ("list_subscriptions_by_topic", OF_TOPIC, {"Subscriptions": list(subscriptions)}),
        ("list_tags_for_resource", {"ResourceArn": ARN}, {"Tags": [] if bare else TAGS}),
    ]


def attribute(name: str, value: str) -> Call:
    """Return the expected call that sets an attribute."""
    return ("set_topic_attributes", {**OF_TOPIC, "AttributeName": name, "AttributeValue": value}, {})


CREATE: Call = (
    "create_topic",
    {"Name": NAME, "Attributes": {"DisplayName": "Alarms", "KmsMasterKeyId": KEY, "Policy": TEXT}, "Tags": TAGS},
    OF_TOPIC,
)
SUBSCRIBE: Call = (
    "subscribe",
    {**OF_TOPIC, "Protocol": "email", "Endpoint": MAIL["endpoint"]},
    {"SubscriptionArn": "pending confirmation"},
)
BARE: Call = ("create_topic", {"Name": NAME, "Attributes": {"DisplayName": "Alarms"}, "Tags": []}, OF_TOPIC)
SUBSCRIBE_QUEUE: Call = (
    "subscribe",
    {**OF_TOPIC, "Protocol": "sqs", "Endpoint": QUEUE["endpoint"]},
    {"SubscriptionArn": f"{ARN}:1"},
)
UNSUBSCRIBE: Call = ("unsubscribe", {"SubscriptionArn": f"{ARN}:1"}, {})
TAG: Call = ("tag_resource", {"ResourceArn": ARN, "Tags": TAGS}, {})
UNTAG: Call = ("untag_resource", {"ResourceArn": ARN, "TagKeys": ["team"]}, {})
SETTING = [attribute("DisplayName", "Alarms"), attribute("KmsMasterKeyId", KEY), attribute("Policy", TEXT)]
SUBSCRIBED = subscribed(MAIL)
CONFIRMED = subscribed(QUEUE, f"{ARN}:1")
VALUES = {**OPTIONS, "arn": ARN}
# Only SNS knows its ARN.
del VALUES["subscriptions"]
CLEARED: dict[str, Any] = {"name": NAME, "display_name": "", "subscriptions": [], "tags": {}}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned topic
    "create": (OPTIONS, [MISSING], [CREATE, *read(), SUBSCRIBE, *read(SUBSCRIBED)], True, VALUES),
    "no-op": (OPTIONS, read(SUBSCRIBED), [], False, VALUES),
    "update": (
        OPTIONS,
        read(CONFIRMED, bare=True),
        [*SETTING, SUBSCRIBE, UNSUBSCRIBE, TAG, *read(SUBSCRIBED)],
        True,
        VALUES,
    ),
    "clear": (
        CLEARED,
        read(CONFIRMED),
        [attribute("DisplayName", ""), UNSUBSCRIBE, UNTAG, *read(bare=True)],
        True,
        CLEARED,
    ),
    "create with a name": (NAMED, [MISSING], [BARE, *read(), *read()], True, NAMED),
    "one more reader": (
        {"name": NAME, "subscriptions": [MAIL, QUEUE]},
        read(SUBSCRIBED),
        [SUBSCRIBE_QUEUE, *read(SUBSCRIBED, CONFIRMED)],
        True,
        {"name": NAME},
    ),
    "leave alone": ({"name": NAME}, read(CONFIRMED), [], False, {"subscriptions": [{**QUEUE, "arn": f"{ARN}:1"}]}),
    "delete": (ABSENT, read(), [("delete_topic", OF_TOPIC, {})], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
    "delete what goes": (ABSENT, [LIST, ("get_topic_attributes", OF_TOPIC, "NotFound: gone")], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, topic = MATRIX[case]
    outcome = run_module(sns_topic, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "topic", topic)


def test_prediction_is_a_real_topic_but_for_what_only_sns_knows(run_module: Callable[..., Any]) -> None:
    real = run_module(sns_topic, OPTIONS, read(SUBSCRIBED)).result["topic"]
    predicted = run_module(sns_topic, OPTIONS, [MISSING], check_mode=True).result["topic"]
    assert real["subscriptions"] == [{**MAIL, "arn": None}]
    assert predicted == {**real, "subscriptions": [{**MAIL, "arn": "subscription-known-after-apply"}]}


def test_a_subscription_that_nobody_confirmed_cannot_be_ended(run_module: Callable[..., Any]) -> None:
    assert run_module(sns_topic, {"name": NAME, "subscriptions": []}, read(SUBSCRIBED)).result["changed"] is False
