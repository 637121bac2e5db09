#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_resource_policy
short_description: Manage a resource policy of Amazon CloudWatch Logs
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a policy that lets other AWS services write to log groups of the account and region.
options:
  name:
    description:
      - Name of the policy, unique in account and region.
    type: str
    required: true
  state:
    description:
      - Whether the policy should exist.
    type: str
    choices: [present, absent]
    default: present
  policy:
    description:
      - The policy, as a dictionary or as JSON. Compared by what it means. Required for a policy that does not exist.
    type: json
notes:
  - CloudWatch Logs keeps ten such policies for each account and region.
  - Needs the IAM actions C(logs:DescribeResourcePolicies), C(logs:PutResourcePolicy) and C(logs:DeleteResourcePolicy).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: supastack.aws.logs_log_group
"""

EXAMPLES = r"""
- name: Let EventBridge write events into a log group
  supastack.aws.logs_resource_policy:
    name: production-events
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Principal: {Service: [events.amazonaws.com, delivery.logs.amazonaws.com]}
          Action: [logs:CreateLogStream, logs:PutLogEvents]
          Resource: arn:aws:logs:eu-west-1:123456789012:log-group:/aws/events/production:*

- name: Delete it
  supastack.aws.logs_resource_policy:
    name: production-events
    state: absent
"""

RETURN = r"""
resource_policy:
  description: The policy. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the policy., type: str, sample: production-events}
    policy: {description: The policy., type: dict, sample: {Version: "2012-10-17", Statement: []}}
"""

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import (
    desired_document,
    document_of,
    text_of,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled


@failing_to("list the resource policies of CloudWatch Logs")
@unthrottled
def read(client: t.Any, name: str) -> Plain | None:
    """Return the policy as the module returns and compares it, None when there is none."""
    for page in client.get_paginator("describe_resource_policies").paginate():
        for policy in page.get("resourcePolicies", []):
            if policy["policyName"] == name:
                return {"name": name, "policy": json.loads(policy["policyDocument"])}
    return None


@failing_to("write the resource policy {name}")
@unthrottled
def put_policy(client: t.Any, name: str, policy: Plain) -> None:
    """Create or replace a policy."""
    client.put_resource_policy(policyName=name, policyDocument=text_of(policy))


@failing_to("delete the resource policy {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_policy(client: t.Any, name: str) -> None:
    """Delete a policy."""
    client.delete_resource_policy(policyName=name)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the policy into the wanted state."""
    name, wanted = options["name"], document_of(options["policy"])
    current = read(client, name)
    if options["state"] == "absent":
        if current and not check_mode:
            delete_policy(client, name)
        return Result(Difference(current, None), None)
    if current is None and wanted is None:
        raise AnsibleAWSError(message=f"There is no resource policy {name} yet. Set policy to what it should say.")
    difference = Difference(current, {"policy": desired_document((current or {}).get("policy"), wanted)})
    if difference.changed and not check_mode:
        put_policy(client, name, difference.desired("policy")["policy"])
    return Result(difference, difference.prediction({"name": name}))


def main() -> None:
    """Run the module."""
    argument_spec = {"name": {"type": "str", "required": True}, "policy": {"type": "json"}, **STATE_SPEC}
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "logs", "resource_policy", ensure)


if __name__ == "__main__":
    main()
