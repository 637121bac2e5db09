#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: events_rule
short_description: Manage an Amazon EventBridge rule with its targets
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a rule of an event bus together with its targets.
  - Unlike M(amazon.aws.cloudwatchevent_rule), it has a check mode, knows other event buses, keeps what it is not told
    to change, and fails when EventBridge refuses a target.
  - An option that is not set is left alone. A rule that an AWS service manages is refused.
options:
  name:
    description:
      - Name of the rule, unique in its event bus.
    type: str
    required: true
  event_bus_name:
    description:
      - Name or ARN of the event bus. In check mode, it need not exist yet.
    type: str
    default: default
  state:
    description:
      - Whether the rule should exist. V(absent) removes its targets first.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the rule is for. An empty string removes the description.
    type: str
  event_pattern:
    description:
      - The events that the rule matches, as a dictionary or as JSON. Compared as values, whatever the order of fields
        and the spaces. Each field has fields of its own or a list of values.
      - An empty dictionary takes the pattern away from a rule that has an O(schedule_expression).
      - A rule needs a pattern or a schedule, and may have both.
    type: json
  schedule_expression:
    description:
      - When the rule is triggered, such as V(rate(5 minutes)) or V(cron(0 20 * * ? *)). Only on the bus V(default).
      - An empty string takes the schedule away from a rule that has an O(event_pattern).
    type: str
  enabled:
    description:
      - Whether the rule is in force. A new one is, unless told otherwise.
      - A rule that is enabled with all management events of CloudTrail stays so with V(true), unless
        O(all_management_events) says otherwise.
    type: bool
  all_management_events:
    description:
      - Whether a rule in force also matches events of CloudTrail for calls that only read, such as C(GetSecretValue).
        Without it, EventBridge leaves out what begins with Get, List or Describe. Only on the bus V(default).
    type: bool
  role_arn:
    description:
      - ARN of the IAM role with which EventBridge reaches the targets that have none of their own. Queues, topics, log
        groups and functions need none, but a resource policy.
      - An empty string removes it.
    type: str
  targets:
    description:
      - Where events go. They replace the current ones, and an empty list removes all. Their order has no meaning.
      - A setting of a target that is not given is removed. What EventBridge knows besides, such as settings for a task
        of ECS, is kept as long as the C(arn) stays, and returned.
    type: list
    elements: dict
    suboptions:
      id: {description: [Name of the target, unique in the rule.], type: str, required: true}
      arn:
        description: [ARN of the queue or other resource. In check mode, it need not exist yet.]
        type: str
        required: true
      role_arn: {description: [ARN of the IAM role with which EventBridge reaches this target.], type: str}
      input:
        description:
          - JSON that is sent in place of the event.
          - At most one of C(input), C(input_path) and C(input_transformer).
        type: json
      input_path: {description: [The part of the event that is sent, such as V($.detail).], type: str}
      input_transformer:
        description: [Makes what is sent out of parts of the event.]
        type: dict
        suboptions:
          input_paths_map: {description: ["Name of a part -> its path, such as V($.detail.state)."], type: dict}
          input_template:
            description: [What is sent. The name of a part in angle brackets stands for it.]
            type: json
            required: true
      sqs_message_group_id: {description: [Message group of a FIFO queue.], type: str}
      dead_letter_arn: {description: [ARN of the SQS queue for events that could not be delivered.], type: str}
      retry_policy:
        description: [How long EventBridge tries to deliver an event.]
        type: dict
        suboptions:
          maximum_retry_attempts: {description: [From 0 to 185. 185 when it is not set.], type: int}
          maximum_event_age_in_seconds: {description: [From 60 to 86400. 86400 when it is not set.], type: int}
notes:
  - A queue, topic, log group or function needs a resource policy that lets C(events.amazonaws.com) use it. Without one,
    events are lost silently, unless the target has a C(dead_letter_arn).
  - A rule may have five targets. Changes reach running rules within about a minute.
  - Needs the IAM actions C(events:DescribeRule), C(events:ListTargetsByRule), C(events:ListTagsForResource),
    C(events:PutRule), C(events:PutTargets), C(events:RemoveTargets), C(events:DeleteRule), C(events:TagResource),
    C(events:UntagResource), and C(iam:PassRole) for the roles.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.cloudwatchevent_rule
"""

EXAMPLES = r"""
- name: Tell Karpenter of Spot interruptions
  supastack.aws.events_rule:
    name: production-karpenter-spot-interruption
    event_pattern:
      source: [aws.ec2]
      detail-type: [EC2 Spot Instance Interruption Warning]
    targets:
      - id: queue
        arn: arn:aws:sqs:eu-west-1:123456789012:production-karpenter
    tags:
      supastack:environment: production

- name: Send a short text about failed backups to a topic, and keep what could not be sent
  supastack.aws.events_rule:
    name: production-backup-failed
    event_pattern: '{"source": ["aws.backup"], "detail": {"state": ["FAILED"]}}'
    targets:
      - id: topic
        arn: arn:aws:sns:eu-west-1:123456789012:production-alarms
        input_transformer:
          input_paths_map: {resource: "$.resources[0]"}
          input_template: '"The backup of <resource> failed."'
        dead_letter_arn: arn:aws:sqs:eu-west-1:123456789012:production-undelivered
        retry_policy: {maximum_event_age_in_seconds: 3600}

- name: Tell of every secret that is read
  supastack.aws.events_rule:
    name: production-secret-read
    event_pattern:
      source: [aws.secretsmanager]
      detail-type: [AWS API Call via CloudTrail]
      detail: {eventName: [GetSecretValue, BatchGetSecretValue]}
    all_management_events: true
    targets:
      - id: topic
        arn: arn:aws:sns:eu-west-1:123456789012:production-alarms

- name: Switch a rule off
  supastack.aws.events_rule:
    name: production-backup-failed
    enabled: false

- name: Delete it with its targets
  supastack.aws.events_rule:
    name: production-backup-failed
    state: absent
"""

RETURN = r"""
rule:
  description: The rule. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the rule., type: str, sample: production-karpenter-spot-interruption}
    event_bus_name: {description: Name of the event bus., type: str, sample: default}
    arn:
      description:
        - ARN of the rule. Predicted as far as the options tell the account, by a role, a target or the event bus.
      type: str
      sample: arn:aws:events:eu-west-1:123456789012:rule/production-karpenter-spot-interruption
    state: {description: State that EventBridge reports., type: str, sample: ENABLED}
    description: {description: What the rule is for., type: str, sample: Spot interruptions for Karpenter}
    event_pattern:
      description: The events that the rule matches, empty when it has a schedule only.
      type: dict
      sample: {source: [aws.ec2], detail-type: [EC2 Spot Instance Interruption Warning]}
    schedule_expression: {description: "When the rule is triggered, or an empty text.", type: str, sample: ""}
    role_arn: {description: "Role for targets that have none of their own, or an empty text.", type: str, sample: ""}
    targets:
      description:
        - The targets by their ids, with the settings of O(targets). Null is what a target does not have, and
          C(other_parameters) what no option sets, as EventBridge returns it.
      type: list
      elements: dict
      sample:
        - id: queue
          arn: arn:aws:sqs:eu-west-1:123456789012:production-karpenter
          retry_policy: {maximum_retry_attempts: 185, maximum_event_age_in_seconds: 86400}
          other_parameters: {}
    tags: {description: Tags of the rule., type: dict, sample: {supastack:environment: production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._events_rule import (
    delete_rule,
    put_rule,
    read,
    remove_all,
    update_rule,
)
from ansible_collections.supastack.aws.plugins.module_utils._events_rule_data import (
    check_options,
    check_trigger,
    desired_from,
    unknown_view,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

VISIBLE_SECONDS = 60
TARGET: Plain = {
    "id": {"type": "str", "required": True},
    "arn": {"type": "str", "required": True},
    "role_arn": {"type": "str"},
    "input": {"type": "json"},
    "input_path": {"type": "str"},
    "input_transformer": {
        "type": "dict",
        "options": {"input_paths_map": {"type": "dict"}, "input_template": {"type": "json", "required": True}},
    },
    "sqs_message_group_id": {"type": "str"},
    "dead_letter_arn": {"type": "str"},
    "retry_policy": {
        "type": "dict",
        "options": {"maximum_retry_attempts": {"type": "int"}, "maximum_event_age_in_seconds": {"type": "int"}},
    },
}


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the rule and its targets."""
    name, bus = options["name"], options["event_bus_name"]
    current = read(client, name, bus)
    desired = desired_from(options, current)
    difference = Difference(current, desired)
    predicted = difference.prediction(unknown_view(client, options))
    check_trigger(predicted)
    if check_mode or not difference.changed:
        return Result(difference, predicted)
    remaining = difference
    if current is None:
        put_rule(client, name, bus, predicted, desired["tags"])
        current = wait_until_visible(
            f"the rule {name}", "EventBridge", lambda: read(client, name, bus), VISIBLE_SECONDS
        )
        remaining = Difference(current, desired_from(options, current))
    update_rule(client, bus, current, remaining)
    return Result(difference, read(client, name, bus))


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the rule, after its targets."""
    name, bus = options["name"], options["event_bus_name"]
    current = read(client, name, bus)
    if current and not check_mode:
        remove_all(client, name, bus, [target["id"] for target in current["targets"]])
        delete_rule(client, name, bus)
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the rule into the wanted state."""
    check_options(options)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "event_bus_name": {"type": "str", "default": "default"},
        "description": {"type": "str"},
        "event_pattern": {"type": "json"},
        "schedule_expression": {"type": "str"},
        "enabled": {"type": "bool"},
        "all_management_events": {"type": "bool"},
        "role_arn": {"type": "str"},
        "targets": {
            "type": "list",
            "elements": "dict",
            "options": TARGET,
            "mutually_exclusive": [("input", "input_path", "input_transformer")],
        },
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "events", "rule", ensure)


if __name__ == "__main__":
    main()
