#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudwatch_alarm_set
short_description: Manage all Amazon CloudWatch alarms whose names begin alike
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes alarms on metrics and composite alarms, as many as there are in one task. An alarm
    whose name begins with O(name_prefix) and that O(alarms) does not have is deleted.
  - Unlike M(amazon.aws.cloudwatch_metric_alarm), it knows composite alarms and tags, and reads everything in one
    request and one more for the tags of each alarm.
options:
  name_prefix:
    description:
      - What the names of the alarms begin with. Alarms of others must not begin so; a last character that no name of
        another set has at this place, such as a slash, sees to that.
    type: str
    required: true
  state:
    description:
      - Whether the alarms should exist. V(absent) deletes all whose names begin with O(name_prefix).
    type: str
    choices: [present, absent]
    default: present
  alarms:
    description:
      - All alarms that there should be. A setting that is not given has its default.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: [Name of the alarm behind O(name_prefix)., Unique in the set.], type: str, required: true}
      description: {description: [What it tells and what to do then.], type: str, default: ""}
      rule:
        description:
          - Makes it a composite alarm, such as V(ALARM("production/a"\) OR ALARM("production/b"\)), with the full names
            of alarms.
        type: str
      namespace: {description: [Namespace of the metric.], type: str}
      metric_name: {description: [Name of the metric.], type: str}
      dimensions: {description: [Dimensions of the metric., All of them; CloudWatch adds nothing up.], type: dict}
      statistic:
        description: ["V(Average), V(Maximum), V(Minimum), V(SampleCount), V(Sum), or a percentile such as V(p99)."]
        type: str
        default: Average
      period: {description: [Seconds that a datapoint is made of.], type: int, default: 300}
      evaluation_periods: {description: [The last datapoints that are looked at.], type: int, default: 1}
      datapoints_to_alarm: {description: [How many of them must breach the threshold., Default is all.], type: int}
      threshold: {description: [What the statistic is compared with., In the unit of the metric.], type: float}
      comparison_operator:
        description: [How it is compared.]
        type: str
        choices:
          - GreaterThanOrEqualToThreshold
          - GreaterThanThreshold
          - LessThanThreshold
          - LessThanOrEqualToThreshold
      treat_missing_data:
        description: [What a missing datapoint is taken for.]
        type: str
        choices: [breaching, notBreaching, ignore, missing]
        default: missing
      actions_enabled: {description: [Whether a change of its state does anything.], type: bool, default: true}
      alarm_actions: {description: [ARNs of what is told of an alarm.], type: list, elements: str, default: []}
      ok_actions: {description: [ARNs of what is told of its end.], type: list, elements: str, default: []}
      insufficient_data_actions:
        description: [ARNs of what is told of missing data.]
        type: list
        elements: str
        default: []
notes:
  - Needs the IAM actions C(cloudwatch:DescribeAlarms), C(cloudwatch:ListTagsForResource), C(cloudwatch:PutMetricAlarm),
    C(cloudwatch:PutCompositeAlarm), C(cloudwatch:DeleteAlarms), C(cloudwatch:TagResource) and
    C(cloudwatch:UntagResource).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.cloudwatch_metric_alarm
"""

EXAMPLES = r"""
- name: Watch the database, and tell one topic of whatever is wrong
  supastack.aws.cloudwatch_alarm_set:
    name_prefix: production/
    alarms:
      - name: database-cpu
        description: The processors of the database have been busy for a quarter of an hour.
        namespace: AWS/RDS
        metric_name: CPUUtilization
        dimensions: {DBInstanceIdentifier: production}
        evaluation_periods: 3
        threshold: 80
        comparison_operator: GreaterThanThreshold
      - name: pager
        rule: ALARM("production/database-cpu")
        alarm_actions: [arn:aws:sns:eu-west-1:123456789012:production-alarms]
    tags:
      supastack:environment: production

- name: Delete all of them
  supastack.aws.cloudwatch_alarm_set:
    name_prefix: production/
    state: absent
"""

RETURN = r"""
alarm_set:
  description: The alarms. In check mode, as they will be.
  returned: when O(state=present)
  type: dict
  contains:
    name_prefix: {description: What their names begin with., type: str, sample: production/}
    alarms:
      description:
        - The settings of each alarm by its name without O(name_prefix), with its C(arn) and its C(tags). The ARN is
          predicted as far as an action tells the account.
      type: dict
      sample:
        pager:
          rule: ALARM("production/database-cpu")
          arn: arn:aws:cloudwatch:eu-west-1:123456789012:alarm:production/pager
          alarm_actions: [arn:aws:sns:eu-west-1:123456789012:production-alarms]
          tags: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._cloudwatch_alarm_set import (
    ACTIONS,
    delete_alarms,
    desired_alarms,
    read,
    write_alarms,
)
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import predicted_arn

COMPARISONS = [
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
ALARM: Plain = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str", "default": ""},
    "rule": {"type": "str"},
    "namespace": {"type": "str"},
    "metric_name": {"type": "str"},
    "dimensions": {"type": "dict"},
    "statistic": {"type": "str", "default": "Average"},
    "period": {"type": "int", "default": 300},
    "evaluation_periods": {"type": "int", "default": 1},
    "datapoints_to_alarm": {"type": "int"},
    "threshold": {"type": "float"},
    "comparison_operator": {"type": "str", "choices": COMPARISONS},
    "treat_missing_data": {
        "type": "str",
        "choices": ["breaching", "notBreaching", "ignore", "missing"],
        "default": "missing",
    },
    "actions_enabled": {"type": "bool", "default": True},
    **{name: {"type": "list", "elements": "str", "default": []} for name in ACTIONS},
}


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create, change and delete alarms."""
    prefix = options["name_prefix"]
    current = read(client, prefix)
    told = next((arn for alarm in options["alarms"] for name in ACTIONS for arn in alarm[name]), None)
    desired = desired_alarms(
        options, current, lambda name: predicted_arn(client, "cloudwatch", f"alarm:{prefix}{name}", told)
    )
    difference = Difference({"alarms": current}, {"alarms": desired})
    if difference.changed and not check_mode:
        write_alarms(client, prefix, current, desired)
        return Result(difference, {"name_prefix": prefix, "alarms": read(client, prefix)})
    return Result(difference, {"name_prefix": prefix, "alarms": desired})


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete all alarms of the set."""
    current = read(client, options["name_prefix"])
    if not check_mode:
        delete_alarms(client, options["name_prefix"], current)
    return Result(Difference({"alarms": current} if current else None, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the alarms into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name_prefix": {"type": "str", "required": True},
        "alarms": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": ALARM,
            "mutually_exclusive": [("rule", "metric_name"), ("rule", "namespace"), ("rule", "dimensions")],
        },
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "cloudwatch", "alarm_set", ensure)


if __name__ == "__main__":
    main()
