#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_nodegroup
short_description: Manage a managed node group of an Amazon EKS cluster
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes, upgrades and deletes a managed node group, that is EC2 instances that EKS joins to a cluster and
    replaces one after the other when their version changes.
  - Settings and version are changed one after the other, because EKS accepts one update of a node group at a time. Each
    is followed until EKS reports that it is done.
  - An option that is not set is left alone. An empty list or dictionary makes the setting empty.
  - A node group that is being made or changed is adopted. One that is being deleted is waited for, and one whose
    creation or deletion failed is removed first; both are then made again.
options:
  cluster_name:
    description: Name of the cluster. In check mode, it need not exist yet.
    type: str
    required: true
  name:
    description: Name of the node group.
    type: str
    required: true
  state:
    description: Whether the node group should exist. V(absent) drains and terminates its nodes.
    type: str
    choices: [present, absent]
    default: present
  node_role_arn:
    description:
      - ARN of the IAM role of the nodes, which C(ec2.amazonaws.com) must be able to assume. Cannot be changed.
      - Required when O(state=present).
    type: str
  subnet_ids:
    description:
      - Subnets for the nodes. Cannot be changed.
      - Required when O(state=present).
    type: list
    elements: str
  scaling:
    description: Numbers of nodes. EKS' default is 1 to 2 nodes and 2 at first.
    type: dict
    suboptions:
      min_size: {description: Smallest number of nodes., type: int}
      max_size: {description: Largest number of nodes., type: int}
      desired_size:
        description:
          - Number of nodes to have now. Leave it out where an autoscaler sets it.
          - It is then never compared, a new node group begins with O(scaling.min_size), and it only moves when
            O(scaling.min_size) or O(scaling.max_size) leave it outside.
        type: int
  capacity_type:
    description: How EC2 sells the instances. EKS' default is V(ON_DEMAND). Cannot be changed.
    type: str
    choices: [ON_DEMAND, SPOT, CAPACITY_BLOCK]
  instance_types:
    description: Instance types in the order in which EKS tries them. EKS' default is V(t3.medium). Cannot be changed.
    type: list
    elements: str
  ami_type:
    description:
      - Kind of machine image, for example V(AL2023_x86_64_STANDARD), V(AL2023_ARM_64_STANDARD) or
        V(BOTTLEROCKET_x86_64); any that the installed botocore knows. EKS' default depends on O(instance_types).
        Cannot be changed.
    type: str
  disk_size:
    description: Size of the root volume in GiB. EKS' default is 20, and 50 for Windows. Cannot be changed.
    type: int
  labels:
    description: Kubernetes labels of the nodes. Replaces those that were set through EKS.
    type: dict
  taints:
    description: Kubernetes taints of the nodes, whose order has no meaning. Replaces those that were set through EKS.
    type: list
    elements: dict
    suboptions:
      key: {description: Key of the taint., type: str, required: true}
      value: {description: Value of the taint., type: str, default: ""}
      effect:
        description: What happens to pods that do not tolerate the taint.
        type: str
        required: true
        choices: [NO_SCHEDULE, NO_EXECUTE, PREFER_NO_SCHEDULE]
  update_config:
    description: How nodes are replaced when their version changes.
    type: dict
    suboptions:
      max_unavailable: {description: Number of nodes replaced at a time. EKS' default is 1., type: int}
      max_unavailable_percentage: {description: The same as a percentage of all nodes. Not with the number., type: int}
      update_strategy:
        description: Whether new nodes start before old ones end (V(DEFAULT)) or afterwards (V(MINIMAL)).
        type: str
        choices: [DEFAULT, MINIMAL]
  node_repair_config:
    description: Whether EKS repairs unhealthy nodes.
    type: dict
    suboptions:
      enabled: {description: Whether it does. EKS' default is V(false)., type: bool, required: true}
  launch_template:
    description:
      - EC2 launch template of the nodes. Only its version can be changed, and only of a node group that was made with
        one.
    type: dict
    suboptions:
      id: {description: Identifier of the template. Either this or O(launch_template.name) is needed., type: str}
      name: {description: Name of the template., type: str}
      version: {description: Number of the version. The default version is used when it is not set., type: str}
  version:
    description:
      - Kubernetes version of the nodes, for example V(1.35). Quote it, since YAML reads V(1.30) as the number 1.3.
      - A new node group has the version of the control plane. Later it may be raised up to that, and never lowered.
    type: str
  release_version:
    description:
      - Release of the machine image, for example V(1.35.2-20261112). It can be raised and never lowered.
      - EKS takes the newest one for the Kubernetes version when it is not set at creation or at a change of O(version)
        or O(launch_template).
    type: str
  force_update:
    description: Whether an update of the version goes on when a disruption budget keeps pods on their nodes.
    type: bool
    default: false
notes:
  - A node group is C(DEGRADED) when EKS reports a problem of its health that it does not solve by itself. With
    O(wait=true), the module makes the changes that EKS accepts and then fails with that report; with O(wait=false), it
    returns the report.
  - Needs the IAM actions C(eks:DescribeNodegroup), C(eks:CreateNodegroup), C(eks:UpdateNodegroupConfig),
    C(eks:UpdateNodegroupVersion), C(eks:DescribeUpdate), C(eks:DeleteNodegroup), C(eks:DescribeCluster),
    C(eks:TagResource), C(eks:UntagResource), C(iam:PassRole), C(iam:GetRole) and C(iam:ListAttachedRolePolicies) for
    O(node_role_arn), C(iam:CreateServiceLinkedRole), C(ec2:DescribeSubnets), and C(ec2:RunInstances) for
    O(launch_template).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: supastack.aws.eks_cluster
  - module: amazon.aws.ec2_launch_template
"""

EXAMPLES = r"""
- name: Ensure nodes for what must run before an autoscaler does
  supastack.aws.eks_nodegroup:
    cluster_name: production
    name: system
    node_role_arn: arn:aws:iam::123456789012:role/production-node
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    scaling: {min_size: 2, max_size: 4}
    instance_types: [m7g.large]
    ami_type: AL2023_ARM_64_STANDARD
    labels: {role: system}
    taints: [{key: CriticalAddonsOnly, value: "true", effect: NO_SCHEDULE}]
    update_config: {max_unavailable_percentage: 33}
    node_repair_config: {enabled: true}
    tags:
      supastack:environment: production

- name: Upgrade the nodes after the control plane
  supastack.aws.eks_nodegroup:
    cluster_name: production
    name: system
    node_role_arn: arn:aws:iam::123456789012:role/production-node
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    version: "1.36"

- name: Remove the nodes
  supastack.aws.eks_nodegroup:
    cluster_name: production
    name: system
    state: absent
"""

RETURN = r"""
nodegroup:
  description: The node group. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the node group., type: str, sample: system}
    cluster_name: {description: Name of the cluster., type: str, sample: production}
    arn:
      description: ARN of the node group.
      type: str
      sample: arn:aws:eks:eu-west-1:123456789012:nodegroup/production/system/01234567-89ab-cdef-0123-456789abcdef
    status: {description: Status that EKS reports., type: str, sample: ACTIVE}
    health_issues: {description: Problems as EKS reports them., type: list, elements: dict, sample: []}
    version: {description: Kubernetes version., type: str, sample: "1.35"}
    release_version: {description: Release or identifier of the machine image., type: str, sample: 1.35.2-20261112}
    node_role_arn: {description: ARN of the role., type: str, sample: "arn:aws:iam::123456789012:role/production-node"}
    subnet_ids: {description: Subnets of the nodes., type: list, elements: str, sample: [subnet-0aaa, subnet-0bbb]}
    scaling:
      description: Numbers of nodes. EKS shows the desired one with a delay where an autoscaler sets it.
      type: dict
      sample: {min_size: 2, max_size: 4, desired_size: 3}
    capacity_type: {description: How EC2 sells the instances., type: str, sample: ON_DEMAND}
    instance_types:
      description: Instance types, empty where the launch template has one.
      type: list
      elements: str
      sample: [m7g.large]
    ami_type: {description: Kind of machine image., type: str, sample: AL2023_ARM_64_STANDARD}
    disk_size: {description: "Size of the root volume in GiB, null with a launch template.", type: int, sample: 20}
    labels: {description: Labels of the nodes., type: dict, sample: {role: system}}
    taints:
      description: Taints of the nodes.
      type: list
      elements: dict
      sample: [{key: CriticalAddonsOnly, value: "true", effect: NO_SCHEDULE}]
    update_config:
      description: How nodes are replaced.
      type: dict
      sample: {max_unavailable: null, max_unavailable_percentage: 33, update_strategy: DEFAULT}
    node_repair_config: {description: Whether EKS repairs nodes., type: dict, sample: {enabled: true}}
    launch_template:
      description: Launch template of the nodes, null where EKS has made it.
      type: dict
      sample: {id: lt-0123456789abcdef0, name: production-node, version: "1"}
    auto_scaling_groups:
      description: Names of the Auto Scaling groups that EKS made, none until it has.
      type: list
      elements: str
      sample: [eks-system-01234567-89ab-cdef-0123-456789abcdef]
    tags: {description: Tags of the node group., type: dict, sample: {supastack:environment: production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import active_cluster, describe_cluster, update_tags
from ansible_collections.supastack.aws.plugins.module_utils._eks_nodegroup import (
    BROKEN,
    NODEGROUP,
    SETTLED,
    UNDER_WAY,
    create_nodegroup,
    create_request,
    delete_nodegroup,
    update_nodegroup,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_nodegroup_data import (
    check_control_plane,
    compare,
    desired_from,
    unknown_view,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_nodegroup_options import OPTIONS, check_options
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, WAIT_SPEC, Result, run


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create, change or upgrade the node group."""
    check_options(client, options)
    found = NODEGROUP.find(client, options)
    status = found["status"] if found else None
    current = None if found is None or status in ("DELETING", *BROKEN) else view(found)
    difference = compare(current, options)
    if check_mode:
        require_version(client, options, difference, check_mode)
        return Result(difference, difference.prediction(unknown_view(client, options)))
    if current and status in UNDER_WAY and (difference.names or options["wait"]):
        # EKS refuses a change while another one runs, and shows only afterwards what that one made of the node group.
        current = view(NODEGROUP.wait(client, options, SETTLED))
        difference = compare(current, options)
    if current and not difference.changed and (current["status"] == "ACTIVE" or not options["wait"]):
        return Result(difference, current)
    require_version(client, options, difference, check_mode)
    if current is None:
        current = view(make(client, options, status))
    else:
        update_nodegroup(client, options, current, difference)
        update_tags(client, current["arn"], current, difference)
    return Result(difference, finished(client, options, current))


def require_version(client: t.Any, options: Plain, difference: Difference, check_mode: bool) -> None:
    """Stop unless the cluster is there to make nodes in, and EKS gives the wanted version to nodes of it."""
    name, timeout = options["cluster_name"], options["wait_timeout"]
    if difference.creates or difference.touches("version"):
        cluster = describe_cluster(client, name) if check_mode else active_cluster(client, name, timeout)
        check_control_plane(cluster, difference.desired("version").get("version"), difference.creates, check_mode)


def make(client: t.Any, options: Plain, status: str | None) -> Plain:
    """Create the node group, after one that is not usable is gone.

    :param status: that one's, None when there is none.
    """
    if status in BROKEN:
        delete_nodegroup(client, options)
    if status is not None:
        NODEGROUP.wait_until_gone(client, options, status)
    return create_nodegroup(client, create_request(options, desired_from(options, None)), options["wait_timeout"])


def finished(client: t.Any, options: Plain, nodegroup: Plain) -> Plain:
    """Return the node group as it is after the writes, and after the wait that was asked for."""
    if options["wait"]:
        return view(NODEGROUP.wait(client, options, ["ACTIVE"]))
    found = NODEGROUP.find(client, options)
    return view(found) if found else nodegroup


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the node group into the wanted state."""
    action = ensure_present if options["state"] == "present" else NODEGROUP.ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    module = AnsibleAWSModule(
        argument_spec={**OPTIONS, **STATE_SPEC, **TAGS_SPEC, **WAIT_SPEC},
        supports_check_mode=True,
        required_if=[("state", "present", ["node_role_arn", "subnet_ids"])],
    )
    run(module, "eks", "nodegroup", ensure)


if __name__ == "__main__":
    main()
