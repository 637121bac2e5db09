#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_access_entry
short_description: Manage an access entry of an Amazon EKS cluster
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Gives an IAM principal access to the Kubernetes API of an EKS cluster, or takes it away.
  - Associates the EKS access policies that say what the principal may do there.
  - The cluster's authentication mode must include C(API).
  - An option that is not set is left alone. An empty list makes the setting empty.
options:
  cluster_name:
    description:
      - Name of the cluster. In check mode, it need not exist yet.
    type: str
    required: true
  principal_arn:
    description:
      - ARN of the IAM role or user. Give the role's own ARN, not that of a session of it.
    type: str
    required: true
  state:
    description:
      - Whether the principal should have an access entry.
    type: str
    choices: [present, absent]
    default: present
  type:
    description:
      - Kind of the principal, V(STANDARD) for people and programs, the others for the roles of nodes.
      - EKS' default is V(STANDARD). Cannot be changed.
    type: str
    choices: [STANDARD, FARGATE_LINUX, EC2_LINUX, EC2_WINDOWS, EC2, HYBRID_LINUX, HYPERPOD_LINUX]
  kubernetes_groups:
    description:
      - Kubernetes groups that the principal belongs to. Replaces the current ones.
    type: list
    elements: str
  username:
    description:
      - Kubernetes name of the principal. EKS makes one from the ARN when it is not set at creation.
    type: str
  access_policies:
    description:
      - EKS access policies of the principal.
    type: list
    elements: dict
    suboptions:
      policy_arn:
        description:
          - ARN of the access policy.
        type: str
        required: true
      scope:
        description:
          - Whether the policy holds for the whole cluster or for namespaces only.
        type: str
        choices: [cluster, namespace]
        default: cluster
      namespaces:
        description:
          - The namespaces, which may hold C(*) as a wildcard. Required when the scope is V(namespace).
        type: list
        elements: str
  purge_access_policies:
    description:
      - Whether policies that O(access_policies) does not name are removed.
    type: bool
    default: true
notes:
  - EKS remembers the id of an IAM role besides its ARN. When a role was deleted and made again under the same name,
    delete its access entry and make it again too.
  - A new entry takes effect after some seconds.
  - Needs the IAM actions C(eks:DescribeAccessEntry), C(eks:ListAssociatedAccessPolicies), C(eks:CreateAccessEntry),
    C(eks:UpdateAccessEntry), C(eks:AssociateAccessPolicy), C(eks:DisassociateAccessPolicy), C(eks:DeleteAccessEntry),
    C(eks:DescribeCluster), C(eks:TagResource), C(eks:UntagResource), and C(iam:PassRole) for the types of nodes.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.eks_cluster
  - plugin: supastack.aws.eks_token
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Ensure the operators administer the cluster
  supastack.aws.eks_access_entry:
    cluster_name: production
    principal_arn: arn:aws:iam::123456789012:role/operators
    access_policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy

- name: Ensure the developers may only read the namespace supabase
  supastack.aws.eks_access_entry:
    cluster_name: production
    principal_arn: arn:aws:iam::123456789012:role/developers
    access_policies:
      - policy_arn: arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy
        scope: namespace
        namespaces: [supabase]

- name: Take the access away
  supastack.aws.eks_access_entry:
    cluster_name: production
    principal_arn: arn:aws:iam::123456789012:role/developers
    state: absent
"""

RETURN = r"""
access_entry:
  description: The access entry. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    cluster_name:
      description: Name of the cluster.
      type: str
      sample: production
    principal_arn:
      description: ARN of the IAM principal.
      type: str
      sample: arn:aws:iam::123456789012:role/operators
    arn:
      description: ARN of the access entry.
      type: str
      sample: arn:aws:eks:eu-west-1:123456789012:access-entry/production/role/123456789012/operators/01234567-89ab
    type:
      description: Kind of the principal.
      type: str
      sample: STANDARD
    username:
      description: Kubernetes name of the principal.
      type: str
      sample: arn:aws:sts::123456789012:assumed-role/operators/{{SessionName}}
    kubernetes_groups:
      description: Kubernetes groups of the principal.
      type: list
      elements: str
      sample: []
    access_policies:
      description: Access policies of the principal, ordered by their ARNs.
      type: list
      elements: dict
      contains:
        policy_arn:
          description: ARN of the access policy.
          type: str
          sample: arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy
        scope:
          description: Where the policy holds.
          type: str
          sample: cluster
        namespaces:
          description: Namespaces in which it holds, empty when the scope is V(cluster).
          type: list
          elements: str
          sample: []
    tags:
      description: Tags of the access entry.
      type: dict
      sample: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._arns import ACCESS_POLICY, PRINCIPAL, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._eks import active_cluster, update_tags
from ansible_collections.supastack.aws.plugins.module_utils._eks_access import (
    associate_policy,
    create_entry,
    delete_entry,
    describe_entry,
    disassociate_policy,
    entry_view,
    list_policies,
    policy_view,
    sorted_policies,
    unknown_entry,
    update_entry,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

TYPES = ["STANDARD", "FARGATE_LINUX", "EC2_LINUX", "EC2_WINDOWS", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX"]
MEMBERS = {"type": "type", "username": "username", "kubernetes_groups": "kubernetesGroups", "tags": "tags"}


def desired_policies(options: Plain, current: t.Sequence[Plain]) -> list[Plain] | None:
    """Return the policies that the entry should end with, None when they are left alone."""
    if options["access_policies"] is None:
        return None
    wanted = {
        policy["policy_arn"]: policy_view(policy["policy_arn"], policy["scope"], policy["namespaces"])
        for policy in options["access_policies"]
    }
    kept = [] if options["purge_access_policies"] else [old for old in current if old["policy_arn"] not in wanted]
    return sorted_policies([*kept, *wanted.values()])


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described entry."""
    present = current or {}
    return {
        "type": options["type"],
        "username": options["username"],
        "kubernetes_groups": distinct(options["kubernetes_groups"]),
        "access_policies": desired_policies(options, present.get("access_policies", [])),
        "tags": desired_tags(present.get("tags"), options["tags"], options["purge_tags"]),
    }


def read(client: t.Any, options: Plain) -> Plain | None:
    """Return the entry with its policies."""
    place = (options["cluster_name"], options["principal_arn"])
    entry = describe_entry(client, *place)
    return None if entry is None else entry_view(entry, list_policies(client, *place) or [])


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the entry."""
    current = read(client, options)
    difference = Difference(current, desired_from(options, current))
    difference.refuse_change("type", "Delete the entry (state=absent) and make it again.")
    if check_mode or (current and not difference.changed):
        return Result(difference, difference.prediction(unknown_entry(client, options)))
    write(client, options, current, difference)
    return Result(difference, reread(client, options, difference))


def write(client: t.Any, options: Plain, current: Plain | None, difference: Difference) -> None:
    """Write the difference."""
    place = (options["cluster_name"], options["principal_arn"])
    request = {"clusterName": place[0], "principalArn": place[1]}
    if current is None:
        active_cluster(client, place[0], options["wait_timeout"])
        values = difference.desired(*MEMBERS)
        create_entry(client, {**request, **{MEMBERS[name]: value for name, value in values.items()}})
    elif difference.touches("username", "kubernetes_groups"):
        values = difference.desired("username", "kubernetes_groups")
        update_entry(client, {**request, **{MEMBERS[name]: value for name, value in values.items()}})
    if current is not None:
        update_tags(client, current["arn"], current, difference)
    write_policies(client, place, (current or {}).get("access_policies", []), difference)


def write_policies(client: t.Any, place: tuple[str, str], current: list[Plain], difference: Difference) -> None:
    """Associate and disassociate policies."""
    wanted = difference.desired("access_policies").get("access_policies", current)
    for policy in wanted:
        if policy not in current:
            associate_policy(client, *place, policy)
    arns = {policy["policy_arn"] for policy in wanted}
    for policy in current:
        if policy["policy_arn"] not in arns:
            disassociate_policy(client, *place, policy["policy_arn"])


def reread(client: t.Any, options: Plain, difference: Difference) -> Plain:
    """Return the entry as EKS shows it, waiting until it shows a new one."""
    if not options["wait"]:
        return read(client, options) or difference.prediction(unknown_entry(client, options))
    subject = f"the access entry {options['principal_arn']} of the EKS cluster {options['cluster_name']}"
    return wait_until_visible(subject, "EKS", lambda: read(client, options), options["wait_timeout"])


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the entry."""
    difference = Difference(read(client, options), None)
    if difference.deletes and not check_mode:
        delete_entry(client, options["cluster_name"], options["principal_arn"])
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the entry into the wanted state."""
    check_arn("principal_arn", options["principal_arn"], PRINCIPAL)
    for number, policy in enumerate(options["access_policies"] or []):
        check_arn(f"access_policies[{number}].policy_arn", policy["policy_arn"], ACCESS_POLICY)
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    policy = {
        "policy_arn": {"type": "str", "required": True},
        "scope": {"type": "str", "choices": ["cluster", "namespace"], "default": "cluster"},
        "namespaces": {"type": "list", "elements": "str"},
    }
    argument_spec = {
        "cluster_name": {"type": "str", "required": True},
        "principal_arn": {"type": "str", "required": True},
        "type": {"type": "str", "choices": TYPES},
        "kubernetes_groups": {"type": "list", "elements": "str"},
        "username": {"type": "str"},
        "access_policies": {
            "type": "list",
            "elements": "dict",
            "options": policy,
            "required_if": [("scope", "namespace", ["namespaces"])],
        },
        "purge_access_policies": {"type": "bool", "default": True},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "eks", "access_entry", ensure)


if __name__ == "__main__":
    main()
