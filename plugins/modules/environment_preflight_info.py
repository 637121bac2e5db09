#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_preflight_info
short_description: Find out what an AWS account lacks for an environment
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Asks AWS, all at once and within seconds, what would stop or spoil the making of an environment.
  - It looks at credentials, account, clock, region, the environment's name, quotas, versions, instance types,
    addresses, permissions and DNS.
  - It never fails because of what it finds. What could not be checked is a finding like any other, and so is what AWS
    did not answer in time.
options:
  environment:
    description:
      - Name of the environment. Resources whose tag V(supastack:environment) has it count as its own.
    type: str
    required: true
  account_id:
    description:
      - The account that the environment is to be in.
    type: str
    required: true
  availability_zones:
    description:
      - The zones that it uses. Empty for the region's first two.
    type: list
    elements: str
    default: []
  make_vpc:
    description:
      - Whether it has a VPC of its own, with the addresses in O(cidr_block).
    type: bool
    default: false
  cidr_block:
    description:
      - IPv4 addresses of that VPC.
    type: str
  elastic_ips:
    description:
      - How many Elastic IP addresses it allocates. What is no number is a finding, here and with all other numbers.
    type: str
    default: "0"
  nat_gateways:
    description:
      - How many NAT gateways it has, one in each of the first zones.
    type: str
    default: "0"
  cluster:
    description:
      - Its EKS cluster.
    type: dict
    suboptions:
      name:
        description: [Name of the cluster.]
        type: str
        required: true
      version:
        description: [Kubernetes version.]
        type: str
        required: true
      upgrade_support_type:
        description: ['Whether extended support is wanted, V(EXTENDED), or not.']
        type: str
        default: STANDARD
      addons:
        description: [Its add-ons.]
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: [Name of the add-on.]
            type: str
            required: true
          version:
            description: ['Version that it is pinned to, if it is. V(default) and V(latest) are none.']
            type: str
  nodes:
    description:
      - The instances that its pods run on.
    type: dict
    suboptions:
      capacity_types:
        description: ['How they may be bought, as V(spot) or V(on-demand).']
        type: list
        elements: str
        required: true
      instance_types:
        description: ['Instance types, of which each zone must have one. V(*) stands for any text.']
        type: list
        elements: str
        required: true
      minimum:
        description: [How many vCPUs it needs at least.]
        type: str
        required: true
      maximum:
        description: [How many vCPUs it may grow to.]
        type: str
        required: true
      counted_in_instances:
        description: ['Whether the two numbers are of instances instead, each with the vCPUs of the largest type.']
        type: bool
        default: false
  database:
    description:
      - Its RDS instance, with gp3 storage that is encrypted.
    type: dict
    suboptions:
      identifier:
        description: [Identifier of the instance.]
        type: str
        required: true
      engine:
        description: [Database engine.]
        type: str
        default: postgres
      engine_version:
        description: ['Version, major or full.']
        type: str
        required: true
      instance_class:
        description: [Instance class.]
        type: str
        required: true
      multi_az:
        description: [Whether it has a standby.]
        type: bool
        default: false
      insights:
        description: [Whether it has Performance Insights.]
        type: bool
        default: false
      monitoring:
        description: [Whether it has enhanced monitoring.]
        type: bool
        default: false
  permissions:
    description:
      - What the credentials must be allowed to do.
    type: list
    elements: dict
    default: []
    suboptions:
      actions:
        description: [IAM actions.]
        type: list
        elements: str
        required: true
      resources:
        description: [ARNs that they are done to. It is enough that each action is allowed on one of them.]
        type: list
        elements: str
        default: ['*']
  domain:
    description:
      - Domain that it answers on, if it has one whose records are in Route 53.
    type: dict
    suboptions:
      name:
        description: [Name of the host.]
        type: str
        required: true
      zone_id:
        description: ['Hosted zone of its records. Without it, the nearest one of the account.']
        type: str
        default: ""
      resolver:
        description: ['Resolver to ask, as O(supastack.aws.dns_delegation#lookup:resolver) has it.']
        type: str
        default: ""
  timeout:
    description:
      - How many seconds answers are waited for, all together.
    type: float
    default: 8
notes:
  - Each finding of severity V(unchecked) names the IAM actions that its check needs.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes.info
"""

EXAMPLES = r"""
- name: Find out what stands in the way
  supastack.aws.environment_preflight_info:
    environment: production
    account_id: "123456789012"
    make_vpc: true
    cidr_block: 10.40.0.0/16
    elastic_ips: 2
    nat_gateways: 2
    cluster: {name: production-supabase, version: "1.35", addons: [{name: vpc-cni}, {name: coredns}]}
    nodes: {capacity_types: [spot, on-demand], instance_types: [m7*.xlarge, m6*.xlarge], minimum: 4, maximum: 64}
    database: {identifier: production-supabase, engine_version: "17", instance_class: db.t4g.medium, multi_az: true}
    permissions: [{actions: [ec2:CreateVpc, eks:CreateCluster]}]
  register: found

- name: Stop if anything does
  ansible.builtin.assert:
    that: found.preflight.findings | selectattr('severity', 'equalto', 'error') | length == 0
"""

RETURN = r"""
preflight:
  description: What was found, and what was looked at.
  returned: always
  type: dict
  contains:
    findings:
      description: What stands in the way, the worst first. Empty when everything was checked and nothing was found.
      type: list
      elements: dict
      contains:
        severity:
          description:
            - V(error) stops the making or spoils it. V(unchecked) may be an error, nobody knows. V(warning) may do so
              later.
          type: str
          sample: error
        subject: {description: What it is about., type: str, sample: quota VPCs}
        problem: {description: What is wrong., type: str, sample: "1 needed, but others use 5 of 5."}
        fix: {description: What to do about it., type: str, sample: Delete what is not used.}
    checked:
      description: The subjects of all checks that were made.
      type: list
      elements: str
      sample: [quota VPCs, Kubernetes 1.35]
"""

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._preflight import Clients, client_maker, worst_first
from ansible_collections.supastack.aws.plugins.module_utils._preflight_survey import survey

ADDON = {"name": {"type": "str", "required": True}, "version": {"type": "str"}}
CLUSTER = {
    "name": {"type": "str", "required": True},
    "version": {"type": "str", "required": True},
    "upgrade_support_type": {"type": "str", "default": "STANDARD"},
    "addons": {"type": "list", "elements": "dict", "default": [], "options": ADDON},
}
NODES = {
    "capacity_types": {"type": "list", "elements": "str", "required": True},
    "instance_types": {"type": "list", "elements": "str", "required": True},
    # Texts, for what is no number is to be a finding among the others.
    "minimum": {"type": "str", "required": True},
    "maximum": {"type": "str", "required": True},
    "counted_in_instances": {"type": "bool", "default": False},
}
DATABASE = {
    "identifier": {"type": "str", "required": True},
    "engine": {"type": "str", "default": "postgres"},
    "engine_version": {"type": "str", "required": True},
    "instance_class": {"type": "str", "required": True},
    "multi_az": {"type": "bool", "default": False},
    "insights": {"type": "bool", "default": False},
    "monitoring": {"type": "bool", "default": False},
}
PERMISSION = {
    "actions": {"type": "list", "elements": "str", "required": True},
    "resources": {"type": "list", "elements": "str", "default": ["*"]},
}
DOMAIN = {
    "name": {"type": "str", "required": True},
    "zone_id": {"type": "str", "default": ""},
    "resolver": {"type": "str", "default": ""},
}
ARGUMENTS = {
    "environment": {"type": "str", "required": True},
    "account_id": {"type": "str", "required": True},
    "availability_zones": {"type": "list", "elements": "str", "default": []},
    "make_vpc": {"type": "bool", "default": False},
    "cidr_block": {"type": "str"},
    "elastic_ips": {"type": "str", "default": "0"},
    "nat_gateways": {"type": "str", "default": "0"},
    "cluster": {"type": "dict", "options": CLUSTER},
    "nodes": {"type": "dict", "options": NODES},
    "database": {"type": "dict", "options": DATABASE},
    "permissions": {"type": "list", "elements": "dict", "default": [], "options": PERMISSION},
    "domain": {"type": "dict", "options": DOMAIN},
    "timeout": {"type": "float", "default": 8},
}


def main() -> None:
    """Survey what the options ask for."""
    module = AnsibleAWSModule(
        argument_spec=ARGUMENTS, supports_check_mode=True, required_if=[("make_vpc", True, ("cidr_block",))]
    )
    if not module.region:
        module.fail_json(msg="region is required: it is what the environment is looked at in.")
    clients = Clients(client_maker(module), module.region, module.params["timeout"])
    findings, checked = survey(clients, module.params)
    module.exit_json(changed=False, preflight={"findings": worst_first(findings), "checked": checked})


if __name__ == "__main__":
    main()
