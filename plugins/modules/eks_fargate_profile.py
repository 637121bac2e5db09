#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_fargate_profile
short_description: Manage a Fargate profile of an Amazon EKS cluster
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Makes and removes a Fargate profile, which says which pods of a cluster run on AWS Fargate.
  - Nothing but the tags of a profile can be changed. To change a profile, make one under a new name, wait for it, then
    remove the old one.
  - A profile that is being made is adopted. One that is being deleted is waited for, and one whose creation or deletion
    failed is removed first; both are then made again.
options:
  cluster_name:
    description:
      - Name of the cluster. In check mode, it need not exist yet.
    type: str
    required: true
  name:
    description:
      - Name of the profile. Must not begin with V(eks-).
    type: str
    required: true
  state:
    description:
      - Whether the profile should exist.
      - V(absent) also kills the pods that it runs. Kubernetes starts them again where another profile or a node takes
        them.
    type: str
    choices: [present, absent]
    default: present
  pod_execution_role_arn:
    description:
      - ARN of the IAM role with which Fargate joins the cluster and fetches images. Its trust policy must allow
        C(eks-fargate-pods.amazonaws.com) the action C(sts:AssumeRole). Cannot be changed.
      - Required when O(state=present).
    type: str
  subnet_ids:
    description:
      - Private subnets for the pods, that is without a route to an internet gateway. Cannot be changed.
      - When it is not set at creation, EKS takes those of the cluster.
    type: list
    elements: str
  selectors:
    description:
      - Pods that match one of them run on Fargate. One to five, whose order has no meaning. Cannot be changed.
      - Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      namespace:
        description:
          - Namespace of the pods, which need not exist. C(*) and C(?) are wildcards.
        type: str
        required: true
      labels:
        description:
          - Labels that a pod must have, all of them. C(*) and C(?) are wildcards in keys and values.
        type: dict
notes:
  - EKS makes or deletes one profile of a cluster at a time, and none while it updates the cluster. The module waits for
    its turn as long as O(wait_timeout) says, even with O(wait=false).
  - Of several profiles that match a pod, EKS uses the one whose name comes first in the alphabet. The pod's label
    C(eks.amazonaws.com/fargate-profile) can name another.
  - Pods on Fargate cannot use EKS pod identity, DaemonSets, host ports or block storage.
  - Needs the IAM actions C(eks:DescribeFargateProfile), C(eks:CreateFargateProfile), C(eks:DeleteFargateProfile),
    C(eks:DescribeCluster), C(eks:TagResource), C(eks:UntagResource), C(ec2:DescribeSubnets),
    C(ec2:DescribeRouteTables), C(iam:GetRole), C(iam:PassRole) for O(pod_execution_role_arn), and
    C(iam:CreateServiceLinkedRole) for the first profile of an account.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.eks_cluster
  - module: supastack.aws.eks_addon
"""

EXAMPLES = r"""
- name: Ensure CoreDNS and Karpenter run without a node of our own
  supastack.aws.eks_fargate_profile:
    cluster_name: production
    name: system
    pod_execution_role_arn: arn:aws:iam::123456789012:role/production-fargate
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    selectors:
      - namespace: kube-system
        labels: {k8s-app: kube-dns}
      - namespace: karpenter
    tags:
      supastack:environment: production

- name: Make a profile with other selectors, which takes the place of the one above
  supastack.aws.eks_fargate_profile:
    cluster_name: production
    name: system-2
    pod_execution_role_arn: arn:aws:iam::123456789012:role/production-fargate
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    selectors:
      - namespace: kube-system
      - namespace: karpenter

- name: Remove the old profile
  supastack.aws.eks_fargate_profile:
    cluster_name: production
    name: system
    state: absent
"""

RETURN = r"""
fargate_profile:
  description: The profile. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the profile., type: str, sample: system}
    cluster_name: {description: Name of the cluster., type: str, sample: production}
    arn:
      description: ARN of the profile.
      type: str
      sample: arn:aws:eks:eu-west-1:123456789012:fargateprofile/production/system/01234567-89ab-cdef-0123-456789abcdef
    status: {description: Status that EKS reports., type: str, sample: ACTIVE}
    health_issues:
      description: Problems that EKS reports, as EKS returns them.
      type: list
      elements: dict
      sample: []
    pod_execution_role_arn:
      description: ARN of the IAM role with which Fargate joins the cluster.
      type: str
      sample: arn:aws:iam::123456789012:role/production-fargate
    subnet_ids:
      description: Subnets of the pods, sorted.
      type: list
      elements: str
      sample: [subnet-0aaa, subnet-0bbb]
    selectors:
      description: Selectors of the pods, sorted.
      type: list
      elements: dict
      contains:
        namespace: {description: Namespace of the pods., type: str, sample: kube-system}
        labels: {description: Labels that a pod must have., type: dict, sample: {k8s-app: kube-dns}}
    tags: {description: Tags of the profile., type: dict, sample: {"supastack:environment": production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._eks import update_tags
from ansible_collections.supastack.aws.plugins.module_utils._eks_fargate_profile import (
    PROFILE,
    check_options,
    create_profile,
    normal_selectors,
    unknown_view,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags

IMMUTABLE = ("pod_execution_role_arn", "subnet_ids", "selectors")
REPLACE = (
    "Make a profile under a new name, then remove this one (state=absent): its pods are killed, and start again where "
    "the new profile takes them."
)


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described profile."""
    failed = current is not None and str(current["status"]).endswith("_FAILED")
    return {
        "pod_execution_role_arn": options["pod_execution_role_arn"],
        "subnet_ids": distinct(options["subnet_ids"]),
        "selectors": normal_selectors(options["selectors"]),
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
        "status": "ACTIVE" if failed else None,
    }


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Make the profile, or bring its tags into the wanted state."""
    current = PROFILE.read(client, options, check_mode)
    difference = Difference(current, desired_from(options, current))
    # A failed profile is made anew, with whatever values are asked for now.
    if not difference.touches("status"):
        for name in IMMUTABLE:
            difference.refuse_change(name, REPLACE)
    if check_mode:
        return Result(difference, difference.prediction(unknown_view(client, options)))
    return Result(difference, apply(client, options, current, difference))


def apply(client: t.Any, options: Plain, current: Plain | None, difference: Difference) -> Plain:
    """Write the difference, wait, and return the profile as it is then."""
    if current and not difference.changed and (current["status"] == "ACTIVE" or not options["wait"]):
        return current
    profile: Plain = {}
    if current is None or difference.touches("status"):
        profile = make(client, options, current, difference)
    else:
        update_tags(client, current["arn"], current, difference)
    if options["wait"]:
        return view(PROFILE.wait(client, options, ["ACTIVE"]))
    return view(PROFILE.find(client, options) or profile)


def make(client: t.Any, options: Plain, broken: Plain | None, difference: Difference) -> Plain:
    """Make the profile, after removing one that is not usable, whose other values it keeps."""
    PROFILE.make_room(client, options, broken)
    return create_profile(client, options, {**(broken or {}), **difference.desired(*IMMUTABLE, "tags")})


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the profile into the wanted state."""
    check_options(options)
    action = ensure_present if options["state"] == "present" else PROFILE.ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    selector = {"namespace": {"type": "str", "required": True}, "labels": {"type": "dict"}}
    argument_spec = {
        "cluster_name": {"type": "str", "required": True},
        "name": {"type": "str", "required": True},
        "pod_execution_role_arn": {"type": "str"},
        "subnet_ids": {"type": "list", "elements": "str"},
        "selectors": {"type": "list", "elements": "dict", "options": selector},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["pod_execution_role_arn", "selectors"])],
    )
    run(module, "eks", "fargate_profile", ensure)


if __name__ == "__main__":
    main()
