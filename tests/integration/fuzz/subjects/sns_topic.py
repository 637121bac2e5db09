# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject sns_topic."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:fuzz-inbox"
POLICIES = tuple(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sns:Publish", "Resource": "*"},
        ],
    }
    for service in ("events.amazonaws.com", "cloudwatch.amazonaws.com")
)


def prepare(clients: Clients) -> Options:
    clients("sqs").create_queue(QueueName="fuzz-inbox")
    return {"key_arns": [clients("kms").create_key()["KeyMetadata"]["Arn"] for _number in range(2)]}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def wishes(world: Options) -> Wishes:
    subscription = st.sampled_from(
        [{"protocol": "sqs", "endpoint": QUEUE}, {"protocol": "email", "endpoint": "on-call@example.com"}]
    )
    # The policy is always there, since only SNS knows the one that it gives a topic.
    optional = some(
        display_name=st.sampled_from(["", "Alarms"]),
        kms_key_arn=st.sampled_from(["", *world["key_arns"]]),
        subscriptions=st.lists(subscription, unique_by=lambda each: each["protocol"]),
        tags=TAGS,
    )
    return st.builds(lambda policy, more: {"policy": policy, **more}, st.sampled_from(POLICIES), optional)


def observe(clients: Clients, options: Options) -> Options | None:
    sns = clients("sns")
    arns = [topic["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for topic in page["Topics"]]
    found = [arn for arn in arns if arn.endswith(f":{options['name']}")]
    if not found:
        return None
    attributes = sns.get_topic_attributes(TopicArn=found[0])["Attributes"]
    return {
        "display_name": attributes.get("DisplayName", ""),
        "kms_key_arn": attributes.get("KmsMasterKeyId", ""),
        "policy": json.loads(attributes["Policy"]),
        "subscriptions": [
            {"protocol": each["Protocol"], "endpoint": each["Endpoint"]}
            for each in sns.list_subscriptions_by_topic(TopicArn=found[0])["Subscriptions"]
        ],
        "tags": tags_of(sns.list_tags_for_resource(ResourceArn=found[0])["Tags"]),
    }


def as_asked(_wanted: Options, found: Options) -> Options:
    """Subscriptions without the ARNs that SNS chose."""
    known = [{name: each[name] for name in ("protocol", "endpoint")} for each in found["subscriptions"]]
    return {**found, "subscriptions": known}


SUBJECT = Subject(
    module="sns_topic",
    key="topic",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    as_asked=as_asked,
)
