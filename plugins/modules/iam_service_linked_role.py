#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_service_linked_role
short_description: Manage a service-linked role of AWS IAM
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Makes the role through which an AWS service acts in the account, or deletes it. Some services make theirs
    themselves, others fail until somebody has, such as Amazon EC2 Spot when Karpenter asks for its first instance.
  - The role is found by the name of the service. One that exists is kept, whoever made it.
  - An option that is not set is left alone.
options:
  service_name:
    description:
      - Name of the service, for example V(spot.amazonaws.com) for C(AWSServiceRoleForEC2Spot).
    type: str
    required: true
  custom_suffix:
    description:
      - What follows an underscore in the name of the role, for one of several roles of the same service.
      - Only few services take one, V(autoscaling.amazonaws.com) for example. IAM refuses it for the others.
    type: str
  state:
    description:
      - Whether the role should exist.
      - V(absent) fails while the service still uses the role for anything in the account. Another environment, or
        another tool, may rely on it as well.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - Description of the role. An empty string removes it.
    type: str
notes:
  - IAM does not tell that a role is being deleted. With O(state=present), one whose deletion has begun counts as
    existing until it is gone; with O(state=absent), the deletion under way is waited for.
  - IAM is global. The role is the same whatever the region.
  - Needs the IAM actions C(iam:ListRoles), C(iam:GetRole), C(iam:CreateServiceLinkedRole),
    C(iam:UpdateRoleDescription), C(iam:DeleteServiceLinkedRole) and C(iam:GetServiceLinkedRoleDeletionStatus).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - name: AWS services that work with IAM
    description: Names the services that have service-linked roles.
    link: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
  - module: amazon.aws.iam_role
"""

EXAMPLES = r"""
- name: Ensure Karpenter may start spot instances
  supastack.aws.iam_service_linked_role:
    service_name: spot.amazonaws.com

- name: Ensure the Auto Scaling groups of this environment have a role of their own
  supastack.aws.iam_service_linked_role:
    service_name: autoscaling.amazonaws.com
    custom_suffix: production
    description: For the groups whose volumes are encrypted with the key of production

- name: Delete it, once no group uses it any more
  supastack.aws.iam_service_linked_role:
    service_name: autoscaling.amazonaws.com
    custom_suffix: production
    state: absent
"""

RETURN = r"""
service_linked_role:
  description: The role. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    service_name:
      description: Name of the service.
      type: str
      sample: spot.amazonaws.com
    role_name:
      description: Name of the role, which the service chooses.
      type: str
      sample: AWSServiceRoleForEC2Spot
    role_id:
      description: Identifier of the role.
      type: str
      sample: AROAEXAMPLE0123456789
    arn:
      description: ARN of the role.
      type: str
      sample: arn:aws:iam::123456789012:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot
    path:
      description: Path of the role.
      type: str
      sample: /aws-service-role/spot.amazonaws.com/
    description:
      description: Description of the role, empty when it has none.
      type: str
      sample: ""
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._iam_service_linked_role import (
    check_options,
    create_role,
    find_role,
    set_description,
    start_deletion,
    unknown_view,
    wait_for_deletion,
    wait_for_role,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, WAIT_SPEC, Result, run


def desired_from(options: Plain) -> Plain:
    """Return the values that the options ask for, in the form of the role that was read."""
    return {"service_name": options["service_name"], "description": options["description"]}


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create the role, or change its description."""
    current = find_role(client, options["service_name"], options["custom_suffix"])
    difference = Difference(current, desired_from(options))
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(unknown_view(client, options["service_name"])))
    remaining = difference
    if current is None:
        name, new = create_role(client, options)
        current = wait_for_role(client, name)
        remaining = Difference(current, desired_from(options))
        difference = difference if new else remaining
    if remaining.touches("description"):
        current = set_description(client, current["role_name"], options["description"])
    return Result(difference, current)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the role, or wait for the deletion that is under way."""
    current = find_role(client, options["service_name"], options["custom_suffix"])
    difference = Difference(current, None)
    if current is None or check_mode:
        return Result(difference, None)
    task = start_deletion(client, current["role_name"])
    if task is None:
        # It was gone, and IAM did not show it yet.
        return Result(Difference(None, None), None)
    if options["wait"]:
        wait_for_deletion(client, current["role_name"], task, options["wait_timeout"])
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the role into the wanted state."""
    check_options(options, check_mode)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "service_name": {"type": "str", "required": True},
        "custom_suffix": {"type": "str"},
        "description": {"type": "str"},
        **STATE_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "iam", "service_linked_role", ensure)


if __name__ == "__main__":
    main()
