#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster_leftovers
short_description: Remove what controllers of a deleted EKS cluster left in AWS
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Controllers inside a Kubernetes cluster make load balancers, instances and more in AWS. They take them away
    when they are told to in time. What they did not get to, because the cluster could not be reached or was deleted
    first, stays, costs money, and keeps the VPC from being deleted. This module finds it by the tags of these
    controllers, and removes it in the order in which AWS lets it go.
  - Removes load balancers and target groups of the AWS Load Balancer Controller, instances, launch templates and
    instance profiles of Karpenter, network interfaces of the VPC CNI that nothing uses, the security groups of all
    these, and the one of the cluster itself if EKS left it.
  - What a tag says belongs to another cluster is never touched, nor are rules in security groups of another cluster.
  - Volumes of the EBS CSI driver stay, because of the data that is on them.
options:
  cluster_name:
    description:
      - Name of the cluster whose controllers made it. There must not be such a cluster any more, for its controllers
        would make anew what this module removes. In check mode there may, and what it has is told.
    type: str
    required: true
  vpc_id:
    description:
      - Of what lies in a VPC, remove only what lies in this one. Launch templates and instance profiles lie in none.
    type: str
  state:
    description:
      - V(absent) removes what is left. There is no other state.
    type: str
    choices: [absent]
    default: absent
notes:
  - Karpenter's instance profiles are found in the region of the task only, since clusters of two regions may have one
    name.
  - Needs the IAM actions C(eks:DescribeCluster), C(ec2:DescribeInstances), C(ec2:TerminateInstances),
    C(ec2:DescribeNetworkInterfaces), C(ec2:DeleteNetworkInterface), C(ec2:DescribeLaunchTemplates),
    C(ec2:DeleteLaunchTemplate), C(ec2:DescribeSecurityGroups),
    C(ec2:RevokeSecurityGroupIngress), C(ec2:RevokeSecurityGroupEgress), C(ec2:DeleteSecurityGroup),
    C(elasticloadbalancing:DescribeLoadBalancers), C(elasticloadbalancing:DescribeTargetGroups),
    C(elasticloadbalancing:DescribeTags), C(elasticloadbalancing:DeleteLoadBalancer),
    C(elasticloadbalancing:DeleteTargetGroup), C(iam:ListInstanceProfiles), C(iam:RemoveRoleFromInstanceProfile) and
    C(iam:DeleteInstanceProfile).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait.timeout
seealso:
  - module: supastack.aws.eks_cluster
"""

EXAMPLES = r"""
- name: Delete the cluster
  supastack.aws.eks_cluster:
    name: production
    state: absent

- name: Remove what its controllers left
  supastack.aws.eks_cluster_leftovers:
    cluster_name: production
    state: absent

- name: List what is left of a cluster in one VPC, without removing it
  supastack.aws.eks_cluster_leftovers:
    cluster_name: production
    vpc_id: vpc-0123456789abcdef0
  check_mode: true
  register: found
"""

RETURN = r"""
leftovers:
  description:
    - What was found and is gone, or would go in check mode, by kind. A kind of which nothing was found is not there.
  returned: success
  type: dict
  contains:
    instances:
      description: Instances of Karpenter that were not terminated.
      returned: when there were any
      type: list
      elements: dict
      contains: &item
        id: {description: "Its ARN, identifier or name, as AWS wants it.", type: str, sample: i-0123456789abcdef0}
        name: {description: "Its name, or what its tag Name says; empty without either.", type: str, sample: default-x1}
    load_balancers:
      description: Application and network load balancers.
      returned: when there were any
      type: list
      elements: dict
      contains: *item
    target_groups:
      description: Target groups.
      returned: when there were any
      type: list
      elements: dict
      contains: *item
    network_interfaces:
      description: Network interfaces that nothing used. Those of the instances go after these.
      returned: when there were any
      type: list
      elements: dict
      contains: *item
    launch_templates:
      description: Launch templates of Karpenter.
      returned: when there were any
      type: list
      elements: dict
      contains: *item
    instance_profiles:
      description: Instance profiles of Karpenter.
      returned: when there were any
      type: list
      elements: dict
      contains: *item
    security_groups:
      description: Security groups.
      returned: when there were any
      type: list
      elements: dict
      contains: *item
"""

import functools
import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import describe_cluster
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_leftovers import Place, find
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_leftovers_deletion import delete
from ansible_collections.supastack.aws.plugins.module_utils._module import WAIT_SPEC, Result, run

CLUSTER_NAME = re.compile("[0-9A-Za-z][0-9A-Za-z_-]{0,99}")


def refuse_cluster(client: t.Any, name: str) -> None:
    """Stop when the cluster is there, whose controllers go on making what would be removed.

    :raises AnsibleAWSError: naming the cluster, its status and the remedy.
    """
    cluster = describe_cluster(client, name)
    if cluster is not None:
        raise AnsibleAWSError(
            message=f"cluster_name is {name!r}, but this EKS cluster is {cluster['status']}, and its controllers would "
            "make anew what is removed. Delete the cluster first with supastack.aws.eks_cluster, state: absent, or "
            "run in check mode to see what it has."
        )


def ensure(eks: t.Any, elbv2: t.Any, iam: t.Any, ec2: t.Any, options: Plain, check_mode: bool) -> Result:
    """Remove what is left."""
    name = options["cluster_name"]
    if not CLUSTER_NAME.fullmatch(name):
        raise AnsibleAWSError(
            message=f"cluster_name is {name!r}, but a cluster's name has 1 to 100 letters, digits, hyphens and "
            "underscores, of which the first is a letter or a digit. Correct cluster_name."
        )
    if not check_mode:
        refuse_cluster(eks, name)
    place = Place(ec2=ec2, elbv2=elbv2, iam=iam, cluster=name, vpc_id=options["vpc_id"])
    found = find(place)
    difference = Difference(found or None, None)
    if difference.deletes and not check_mode:
        delete(place, options["wait_timeout"])
    return Result(difference, found)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "cluster_name": {"type": "str", "required": True},
        "vpc_id": {"type": "str"},
        "state": {"type": "str", "choices": ["absent"], "default": "absent"},
        "wait_timeout": WAIT_SPEC["wait_timeout"],
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    others = (module.client(service) for service in ("eks", "elbv2", "iam"))
    run(module, "ec2", "leftovers", functools.partial(ensure, *others))


if __name__ == "__main__":
    main()
