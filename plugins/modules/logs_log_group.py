#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_log_group
short_description: Manage a log group of Amazon CloudWatch Logs
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a log group with its retention and encryption.
  - Unlike M(amazon.aws.cloudwatchlogs_log_group), it writes nothing in check mode, changes the key of an existing
    group, and never deletes one because of a retention that it does not know.
  - An option that is not set is left alone.
options:
  name:
    description:
      - Name of the log group.
    type: str
    required: true
  state:
    description:
      - Whether the log group should exist. V(absent) deletes all its events.
    type: str
    choices: [present, absent]
    default: present
  kms_key_arn:
    description:
      - ARN of the KMS key that encrypts events from now on. Its policy must let CloudWatch Logs use it.
      - An empty string leaves the encryption to CloudWatch.
    type: str
  retention_in_days:
    description:
      - Days that events are kept, one of the numbers that CloudWatch offers. V(0) keeps them for ever.
    type: int
notes:
  - Needs the IAM actions C(logs:DescribeLogGroups), C(logs:ListTagsForResource), C(logs:CreateLogGroup),
    C(logs:PutRetentionPolicy), C(logs:DeleteRetentionPolicy), C(logs:AssociateKmsKey), C(logs:DisassociateKmsKey),
    C(logs:TagResource), C(logs:UntagResource) and C(logs:DeleteLogGroup).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.cloudwatchlogs_log_group
"""

EXAMPLES = r"""
- name: Ensure the log group of a cluster, before EKS makes one without key and retention
  supastack.aws.logs_log_group:
    name: /aws/eks/production/cluster
    kms_key_arn: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    retention_in_days: 90
    tags:
      supastack:environment: production

- name: Keep its events for a year
  supastack.aws.logs_log_group:
    name: /aws/eks/production/cluster
    retention_in_days: 365

- name: Delete it
  supastack.aws.logs_log_group:
    name: /aws/eks/production/cluster
    state: absent
"""

RETURN = r"""
log_group:
  description: The log group. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name:
      description: Name of the log group.
      type: str
      sample: /aws/eks/production/cluster
    arn:
      description: ARN of the log group, without C(:*) at its end.
      type: str
      sample: arn:aws:logs:eu-west-1:123456789012:log-group:/aws/eks/production/cluster
    kms_key_arn:
      description: KMS key that encrypts events, empty for CloudWatch's own encryption.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    retention_in_days:
      description: Days that events are kept, 0 for ever.
      type: int
      sample: 90
    tags:
      description: Tags of the log group.
      type: dict
      sample: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._logs_log_group import (
    create_group,
    delete_group,
    read,
    unknown_view,
    update_group,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

VISIBLE_SECONDS = 60


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the group that was read."""
    return {
        "kms_key_arn": options["kms_key_arn"],
        "retention_in_days": options["retention_in_days"],
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
    }


def wait_for_group(client: t.Any, name: str) -> Plain:
    """Return the log group once CloudWatch shows it."""
    return wait_until_visible(f"the log group {name}", "CloudWatch", lambda: read(client, name), VISIBLE_SECONDS)


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the log group."""
    name = options["name"]
    current = read(client, name)
    difference = Difference(current, desired_from(options, current))
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(unknown_view(client, name, options["kms_key_arn"])))
    remaining = difference
    if current is None:
        create_group(client, name, options["kms_key_arn"] or "", desired_from(options, None)["tags"] or {})
        current = wait_for_group(client, name)
        remaining = Difference(current, desired_from(options, current))
    update_group(client, current, remaining)
    return Result(difference, read(client, name))


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the log group."""
    difference = Difference(read(client, options["name"]), None)
    if difference.deletes and not check_mode:
        delete_group(client, options["name"])
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the log group into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "kms_key_arn": {"type": "str", "no_log": False},
        "retention_in_days": {"type": "int"},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "logs", "log_group", ensure)


if __name__ == "__main__":
    main()
