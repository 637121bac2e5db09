# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SNS topics and their subscriptions: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import text_of
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tag_changes, tags_of

# In place of the ARN of a subscription that its owner has not confirmed (SNS API reference, Subscription).
PENDING = "PendingConfirmation"
# Settings of a topic: name here -> attribute.
ATTRIBUTES = {"display_name": "DisplayName", "kms_key_arn": "KmsMasterKeyId"}


@failing_to("list the topics")
@unthrottled
def find_arn(client: t.Any, name: str) -> str | None:
    """Return the ARN of the topic with this name in the client's account and region, None when there is none."""
    for page in client.get_paginator("list_topics").paginate():
        for topic in page.get("Topics", []):
            if topic["TopicArn"].rpartition(":")[2] == name:
                return str(topic["TopicArn"])
    return None


@failing_to("read the topic {arn}")
@none_when("NotFound", "NotFoundException")
@unthrottled
def read_attributes(client: t.Any, arn: str) -> Plain:
    """Return the attributes of a topic, None when it is gone."""
    return dict(client.get_topic_attributes(TopicArn=arn)["Attributes"])


@failing_to("list the subscriptions of {arn}")
@unthrottled
def list_subscriptions(client: t.Any, arn: str) -> list[Plain]:
    """Return the subscriptions of a topic as SNS lists them."""
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=arn)
    return [subscription for page in pages for subscription in page.get("Subscriptions", [])]


@failing_to("read the tags of {arn}")
@unthrottled
def read_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags of a topic."""
    return tags_of(client.list_tags_for_resource(ResourceArn=arn))


def read(client: t.Any, name: str) -> Plain | None:
    """Return the topic as the module returns and compares it, None when there is none."""
    arn = find_arn(client, name)
    attributes = read_attributes(client, arn) if arn else None
    if arn is None or attributes is None:
        return None
    return {
        "name": name,
        "arn": arn,
        **{name: attributes.get(attribute, "") for name, attribute in ATTRIBUTES.items()},
        "policy": json.loads(attributes["Policy"]),
        "subscriptions": in_order(subscription_view(found) for found in list_subscriptions(client, arn)),
        "tags": read_tags(client, arn),
    }


def subscription_view(subscription: Plain) -> Plain:
    """Return a subscription as it is returned; without an ARN as long as it is not confirmed."""
    arn = subscription["SubscriptionArn"]
    return {
        "protocol": subscription["Protocol"],
        "endpoint": subscription["Endpoint"],
        "arn": None if arn == PENDING else arn,
    }


def in_order(subscriptions: t.Iterable[Plain]) -> list[Plain]:
    """Return subscriptions in the order in which they are compared."""
    return sorted(subscriptions, key=lambda subscription: (subscription["protocol"], subscription["endpoint"]))


def unknown_view(client: t.Any, name: str, kms_key_arn: str | None) -> Plain:
    """Return the predicted return values of a topic that does not exist, before the options are laid over them."""
    arn = predicted_arn(client, "sns", name, kms_key_arn)
    empty = dict.fromkeys(ATTRIBUTES, "")
    return {"name": name, "arn": arn, **empty, "policy": {}, "subscriptions": [], "tags": {}}


@failing_to("create the topic {name}")
@unthrottled
def create_topic(client: t.Any, name: str, desired: Plain) -> None:
    """Create a topic with everything but its subscriptions."""
    attributes = {attribute: desired[option] for option, attribute in ATTRIBUTES.items() if desired.get(option)}
    if desired.get("policy"):
        attributes["Policy"] = text_of(desired["policy"])
    client.create_topic(
        Name=name, Attributes=attributes, Tags=ansible_dict_to_boto3_tag_list(dict(desired.get("tags") or {}))
    )


@failing_to("set {name} of the topic {arn}")
@unthrottled
def set_attribute(client: t.Any, arn: str, name: str, value: str) -> None:
    """Set one attribute of a topic."""
    client.set_topic_attributes(TopicArn=arn, AttributeName=name, AttributeValue=value)


@failing_to("subscribe {endpoint} to {arn}")
@unthrottled
def subscribe(client: t.Any, arn: str, protocol: str, endpoint: str) -> None:
    """Subscribe an endpoint; one that is subscribed already stays as it is."""
    client.subscribe(TopicArn=arn, Protocol=protocol, Endpoint=endpoint)


@failing_to("end the subscription {arn}")
@none_when("NotFound", "NotFoundException")
@unthrottled
def unsubscribe(client: t.Any, arn: str) -> None:
    """End a subscription."""
    client.unsubscribe(SubscriptionArn=arn)


def replace_subscriptions(client: t.Any, arn: str, current: list[Plain], wanted: list[Plain]) -> None:
    """Bring the subscriptions of a topic into the wanted state."""
    for subscription in wanted:
        if subscription not in current:
            subscribe(client, arn, subscription["protocol"], subscription["endpoint"])
    for subscription in current:
        if subscription not in wanted:
            unsubscribe(client, subscription["arn"])


@failing_to("tag {arn}")
@unthrottled
def set_tags(client: t.Any, arn: str, current: Tags, desired: Tags) -> None:
    """Set and remove tags."""
    to_set, to_remove = tag_changes(current, desired)
    if to_set:
        client.tag_resource(ResourceArn=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))
    if to_remove:
        client.untag_resource(ResourceArn=arn, TagKeys=to_remove)


def update_topic(client: t.Any, current: Plain, difference: Difference) -> None:
    """Write what differs."""
    arn, desired = current["arn"], difference.desired(*ATTRIBUTES, "policy", "subscriptions", "tags")
    for option, attribute in ATTRIBUTES.items():
        if difference.touches(option):
            set_attribute(client, arn, attribute, desired[option])
    if difference.touches("policy"):
        set_attribute(client, arn, "Policy", text_of(desired["policy"]))
    if difference.touches("subscriptions"):
        replace_subscriptions(client, arn, current["subscriptions"], desired["subscriptions"])
    if difference.touches("tags"):
        set_tags(client, arn, current["tags"], desired["tags"])


@failing_to("delete the topic {arn}")
@unthrottled
def delete_topic(client: t.Any, arn: str) -> None:
    """Delete a topic with its subscriptions."""
    client.delete_topic(TopicArn=arn)
