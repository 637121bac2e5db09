#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sns_topic
short_description: Manage an Amazon SNS topic with its subscriptions
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a standard topic with its policy, its encryption and its subscriptions.
  - Unlike M(community.aws.sns_topic), its check mode works in an account that does not have the topic yet, it encrypts,
    and it does not ask again for a subscription that somebody still has to confirm.
  - An option that is not set is left alone.
options:
  name:
    description:
      - Name of the topic, unique in account and region.
    type: str
    required: true
  state:
    description:
      - Whether the topic should exist. V(absent) ends all subscriptions.
    type: str
    choices: [present, absent]
    default: present
  display_name:
    description:
      - The sender of its mails. An empty string removes it.
    type: str
  policy:
    description:
      - Who may use the topic, as a dictionary or as JSON. Compared by what it means. SNS gives a new topic one that
        lets its account use it.
    type: json
  kms_key_arn:
    description:
      - ARN of the KMS key that encrypts messages. Its policy must let the services that publish use it; the key
        C(alias/aws/sns) lets none of them.
      - An empty string ends the encryption.
    type: str
  subscriptions:
    description:
      - Who gets the messages. They replace the current ones, and an empty list ends all. Their order has no meaning.
      - One that was never confirmed cannot be ended; SNS forgets it after two days.
    type: list
    elements: dict
    suboptions:
      protocol:
        description: [How messages are delivered.]
        type: str
        required: true
        choices: [application, email, email-json, firehose, http, https, lambda, sms, sqs]
      endpoint:
        description: [Address, URL or ARN. Whoever reads the mail, or serves the URL, has to confirm.]
        type: str
        required: true
notes:
  - A queue needs a resource policy that lets C(sns.amazonaws.com) send messages to it.
  - Needs the IAM actions C(sns:ListTopics), C(sns:GetTopicAttributes), C(sns:ListSubscriptionsByTopic),
    C(sns:ListTagsForResource), C(sns:CreateTopic), C(sns:SetTopicAttributes), C(sns:Subscribe), C(sns:Unsubscribe),
    C(sns:TagResource), C(sns:UntagResource) and C(sns:DeleteTopic).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: community.aws.sns_topic
"""

EXAMPLES = r"""
- name: Ensure the topic of alarms, encrypted, with a mailbox that reads it
  supastack.aws.sns_topic:
    name: production-alarms
    kms_key_arn: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {Service: cloudwatch.amazonaws.com}
          Action: sns:Publish
          Resource: arn:aws:sns:eu-west-1:123456789012:production-alarms
          Condition: {StringEquals: {aws:SourceAccount: "123456789012"}}
    subscriptions:
      - protocol: email
        endpoint: on-call@example.com
    tags:
      supastack:environment: production

- name: End all its subscriptions
  supastack.aws.sns_topic:
    name: production-alarms
    subscriptions: []

- name: Delete it
  supastack.aws.sns_topic:
    name: production-alarms
    state: absent
"""

RETURN = r"""
topic:
  description: The topic. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the topic., type: str, sample: production-alarms}
    arn:
      description: ARN of the topic. Predicted as far as O(kms_key_arn) tells the account.
      type: str
      sample: arn:aws:sns:eu-west-1:123456789012:production-alarms
    display_name: {description: "The sender of its mails, or an empty text.", type: str, sample: ""}
    kms_key_arn:
      description: KMS key that encrypts messages, or an empty text.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    policy:
      description: Who may use the topic. In check mode, empty for a new one to which SNS gives its own.
      type: dict
      sample: {Version: "2012-10-17", Statement: []}
    subscriptions:
      description: The subscriptions. The ARN of one that nobody has confirmed is null.
      type: list
      elements: dict
      sample: [{protocol: email, endpoint: on-call@example.com, arn: null}]
    tags: {description: Tags of the topic., type: dict, sample: {supastack:environment: production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import desired_document, document_of
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._sns_topic import (
    create_topic,
    delete_topic,
    in_order,
    read,
    unknown_view,
    update_topic,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

VISIBLE_SECONDS = 60
NEW = placeholder("subscription")
PROTOCOLS = ["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"]
SUBSCRIPTION: Plain = {
    "protocol": {"type": "str", "required": True, "choices": PROTOCOLS},
    "endpoint": {"type": "str", "required": True},
}


def desired_from(options: Plain, current: Plain | None) -> Plain:
    """Return the values that the options ask for, in the form of the topic that was read."""
    found = current or {}
    return {
        "display_name": options["display_name"],
        "kms_key_arn": options["kms_key_arn"],
        "policy": desired_document(found.get("policy"), document_of(options["policy"])),
        "subscriptions": wanted_subscriptions(options["subscriptions"], found.get("subscriptions", [])),
        "tags": desired_tags(found.get("tags"), options["tags"], options["purge_tags"]),
    }


def wanted_subscriptions(wanted: list[Plain] | None, found: list[Plain]) -> list[Plain] | None:
    """Return the subscriptions that the option asks for: those that are there as they are, None for none.

    One that is not wanted and not confirmed has nothing by which it could be ended, so it is left to SNS.
    """
    if wanted is None:
        return None
    asked = {(each["protocol"], each["endpoint"]): {**each, "arn": NEW} for each in wanted}
    present = {(each["protocol"], each["endpoint"]): each for each in found}
    pending = {key: each for key, each in present.items() if each["arn"] is None}
    return in_order({**pending, **asked, **{key: present[key] for key in asked if key in present}}.values())


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the topic."""
    name = options["name"]
    current = read(client, name)
    difference = Difference(current, desired_from(options, current))
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(unknown_view(client, name, options["kms_key_arn"])))
    remaining = difference
    if current is None:
        create_topic(client, name, desired_from(options, None))
        current = wait_until_visible(f"the topic {name}", "SNS", lambda: read(client, name), VISIBLE_SECONDS)
        remaining = Difference(current, desired_from(options, current))
    update_topic(client, current, remaining)
    return Result(difference, read(client, name))


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the topic."""
    current = read(client, options["name"])
    if current and not check_mode:
        delete_topic(client, current["arn"])
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the topic into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "display_name": {"type": "str"},
        "policy": {"type": "json"},
        "kms_key_arn": {"type": "str", "no_log": False},
        "subscriptions": {"type": "list", "elements": "dict", "options": SUBSCRIPTION},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "sns", "topic", ensure)


if __name__ == "__main__":
    main()
