#!/usr/bin/python
# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible module: EKS clusters as EKS describes them."""

from __future__ import annotations

DOCUMENTATION = r"""
module: eks_cluster_info
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
short_description: Describe Amazon EKS clusters
description:
  - Tells which of the named clusters exist, with all that M(supastack.aws.eks_cluster) returns.
  - Calls C(eks:DescribeCluster) only, and with O(include_compute) C(eks:ListNodegroups) and
    C(eks:ListFargateProfiles).
options:
  names:
    description:
      - Names of the clusters.
      - A cluster that does not exist is left out of the result.
    type: list
    elements: str
    required: true
  include_compute:
    description: Whether to list what pods run on as well.
    type: bool
    default: false
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes.info
seealso:
  - module: supastack.aws.eks_cluster
"""

EXAMPLES = r"""
- name: Look for the cluster
  supastack.aws.eks_cluster_info:
    names: [production]
  register: found

- name: Print where its API is
  ansible.builtin.debug:
    msg: "{{ found.clusters | map(attribute='endpoint') }}"
"""

RETURN = r"""
clusters:
  description: The clusters that exist, in the order of O(names).
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: Name of the cluster., type: str, sample: production}
    arn: {description: ARN of the cluster., type: str, sample: "arn:aws:eks:eu-west-1:123456789012:cluster/production"}
    status: {description: Status that EKS reports., type: str, sample: ACTIVE}
    endpoint:
      description: URL of the API server, null until EKS has made it.
      type: str
      sample: https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com
    certificate_authority:
      description: Certificate of the authority of the API server, PEM in base64, null until EKS has made it.
      type: str
      sample: LS0tLS1CRUdJTi...
    endpoint_public_access: {description: Whether the internet can reach the API server., type: bool, sample: true}
    public_access_cidrs: {description: Who may reach the endpoint., type: list, elements: str, sample: [203.0.113.0/24]}
    cluster_security_group_id: {description: Security group that EKS made., type: str, sample: sg-0123456789abcdef0}
    authentication_mode: {description: Who decides about access., type: str, sample: API}
    nodegroup_names:
      description: Managed node groups.
      returned: with O(include_compute)
      type: list
      elements: str
      sample: [supabase]
    fargate_profile_names:
      description: Fargate profiles.
      returned: with O(include_compute)
      type: list
      elements: str
      sample: [system]
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._eks import (
    describe_cluster,
    fargate_profile_names,
    nodegroup_names,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_data import view


def compute(client: t.Any, name: str) -> dict[str, list[str]]:
    """Return the names of what pods run on in a cluster."""
    return {
        "nodegroup_names": nodegroup_names(client, name),
        "fargate_profile_names": fargate_profile_names(client, name),
    }


def main() -> None:
    """Describe the clusters that the options name."""
    module = AnsibleAWSModule(
        argument_spec={
            "names": {"type": "list", "elements": "str", "required": True},
            "include_compute": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    try:
        client = module.client("eks")
        descriptions = [describe_cluster(client, name) for name in module.params["names"]]
        clusters = [view(found) for found in descriptions if found]
        if module.params["include_compute"]:
            clusters = [{**cluster, **compute(client, cluster["name"])} for cluster in clusters]
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        module.exit_json(changed=False, clusters=clusters)


if __name__ == "__main__":
    main()
