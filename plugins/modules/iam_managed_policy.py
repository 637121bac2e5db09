#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iam_managed_policy
short_description: Manage a customer managed policy of AWS IAM
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a managed policy of the account and its versions.
  - Unlike M(amazon.aws.iam_managed_policy), it asks IAM for the one policy by its ARN. That module lists all policies
    of the account and of AWS, more than 1,400 in pages of 100, each time. It also tells the ARN in check mode.
  - An option that is not set is left alone.
options:
  name:
    description:
      - Name of the policy. IAM has each name once in an account, on whatever path and in whatever case.
    type: str
    required: true
  path:
    description:
      - Path of the policy, with a slash at both ends. It is a part of the ARN and cannot be changed.
      - Check mode does not see that the name is taken on another path. Without check mode it is refused.
    type: str
    default: /
  state:
    description:
      - Whether the policy should exist. V(absent) deletes all its versions with it.
    type: str
    choices: [present, absent]
    default: present
  description:
    description:
      - What the policy is for. IAM cannot change it on an existing policy, so a different one is refused.
    type: str
  policy:
    description:
      - The policy document, as a dictionary or as JSON. A new policy needs it.
      - It is compared by what it means. The order of its members and whether a single value stands in a list make no
        difference.
      - A change makes a new version and makes it the default. IAM keeps five versions. When there are five, the oldest
        that is not the default is deleted first.
    type: json
  prune_versions:
    description:
      - Whether all other versions are deleted after O(policy) was changed.
    type: bool
    default: true
  detach:
    description:
      - Whether O(state=absent) takes the policy off all roles, users and groups that have it. Otherwise it fails,
        naming them. It always fails while the policy is somebody's permissions boundary.
      - In check mode it does not fail, because a task before this one may be about to detach the policy.
    type: bool
    default: false
notes:
  - IAM is global. The policy is the same whatever the region.
  - Needs the IAM actions C(iam:GetPolicy), C(iam:GetPolicyVersion), C(iam:ListPolicyVersions), C(iam:CreatePolicy),
    C(iam:CreatePolicyVersion), C(iam:DeletePolicyVersion), C(iam:TagPolicy) and C(iam:UntagPolicy); C(iam:ListPolicies)
    when the name is taken on another path; to delete, C(iam:ListEntitiesForPolicy) and C(iam:DeletePolicy); with
    O(detach=true) also C(iam:DetachRolePolicy), C(iam:DetachUserPolicy) and C(iam:DetachGroupPolicy).
    C(sts:GetCallerIdentity) tells the account and needs no permission.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.iam_managed_policy
  - module: amazon.aws.iam_role
"""

EXAMPLES = r"""
- name: Ensure the policy that reads this environment's secrets
  supastack.aws.iam_managed_policy:
    name: production-secrets-reader
    description: Read the secrets of production
    policy:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: secretsmanager:GetSecretValue
          Resource: arn:aws:secretsmanager:eu-west-1:123456789012:secret:production-supabase-db-??????
    tags:
      supastack:environment: production
  register: reader

- name: Change it and keep the versions before
  supastack.aws.iam_managed_policy:
    name: production-secrets-reader
    policy: "{{ lookup('ansible.builtin.file', 'reader.json') }}"
    prune_versions: false

- name: Delete it, whoever has it
  supastack.aws.iam_managed_policy:
    name: production-secrets-reader
    detach: true
    state: absent
"""

RETURN = r"""
policy:
  description: The policy. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    arn:
      description: ARN of the policy, in check mode too.
      type: str
      sample: arn:aws:iam::123456789012:policy/production-secrets-reader
    name:
      description: Name of the policy.
      type: str
      sample: production-secrets-reader
    path:
      description: Path of the policy.
      type: str
      sample: /
    policy_id:
      description: Identifier of the policy.
      type: str
      sample: ANPAEXAMPLE0123456789
    default_version_id:
      description: The version that counts.
      type: str
      sample: v1
    description:
      description: Description of the policy, empty when it has none.
      type: str
      sample: Read the secrets of production
    document:
      description: The policy document of the default version.
      type: dict
      sample: {Version: "2012-10-17", Statement: [{Effect: Allow, Action: "s3:ListBucket", Resource: "*"}]}
    tags:
      description: Tags of the policy.
      type: dict
      sample: {supastack:environment: production}
    attachment_count:
      description: How many roles, users and groups the policy is attached to.
      type: int
      sample: 1
"""

import functools
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._iam_managed_policy import (
    arn_of_name,
    check_options,
    create_policy,
    policy_arn,
    read,
    unknown_view,
    update_policy,
    wait_for_policy,
)
from ansible_collections.supastack.aws.plugins.module_utils._iam_managed_policy_deletion import delete_policy
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import desired_document, document_of
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags


def difference_from(options: Plain, current: Plain | None) -> Difference:
    """Return what separates the policy that was read from what the options ask for.

    :raises AnsibleAWSError: when IAM cannot make it so.
    """
    found = current or {}
    document = desired_document(found.get("document"), document_of(options["policy"]))
    if current is None and document is None:
        raise AnsibleAWSError(
            message=f"policy is not set, but there is no policy {options['name']} on the path {options['path']} yet. "
            "Give the document of the new one."
        )
    desired = {
        "description": options["description"],
        "document": document,
        "tags": desired_tags(found.get("tags"), options["tags"], options["purge_tags"]),
    }
    difference = Difference(current, desired)
    remedy = "Leave description out or set it to the current one, or delete the policy to make it again."
    difference.refuse_change("description", remedy)
    return difference


def created_or_found(client: t.Any, arn: str, options: Plain, difference: Difference) -> tuple[Plain, bool]:
    """Create the policy and return it and True; False with one that IAM did not show before.

    :raises AnsibleAWSError: when the account has the name on another path.
    """
    values = difference.desired("description", "document", "tags")
    new = create_policy(client, options["name"], options["path"], values) is not None
    other = None if new else arn_of_name(client, options["name"])
    if other not in (None, arn):
        raise AnsibleAWSError(
            message=f"name is {options['name']!r}, but this account has {other}, and IAM has each name once, on "
            "whatever path and in whatever case. Set name and path to those of that policy, or choose another name."
        )
    return wait_for_policy(client, arn), new


def ensure_present(client: t.Any, arn: str, options: Plain, check_mode: bool) -> Result:
    """Create or change the policy."""
    current = read(client, arn)
    difference = difference_from(options, current)
    if check_mode or not difference.changed:
        resource = difference.prediction(unknown_view(arn, options))
        if difference.touches("document"):
            resource["default_version_id"] = placeholder("v")
        return Result(difference, resource)
    remaining = difference
    if current is None:
        current, new = created_or_found(client, arn, options, difference)
        remaining = difference_from(options, current)
        difference = difference if new else remaining
    if not remaining.changed:
        return Result(difference, current)
    version = update_policy(client, current, remaining, options["prune_versions"])
    return Result(difference, wait_for_policy(client, arn, version))


def ensure_absent(client: t.Any, arn: str, options: Plain, check_mode: bool) -> Result:
    """Delete the policy."""
    difference = Difference(read(client, arn), None)
    if difference.deletes and not check_mode:
        delete_policy(client, arn, options["detach"])
    return Result(difference, None)


def ensure(sts: t.Any, client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the policy into the wanted state."""
    check_options(options)
    document_of(options["policy"])
    arn = policy_arn(sts, options["name"], options["path"])
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, arn, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "path": {"type": "str", "default": "/"},
        "description": {"type": "str"},
        "policy": {"type": "json"},
        "prune_versions": {"type": "bool", "default": True},
        "detach": {"type": "bool", "default": False},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "iam", "policy", functools.partial(ensure, module.client("sts")))


if __name__ == "__main__":
    main()
