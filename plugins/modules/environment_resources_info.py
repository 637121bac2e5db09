#!/usr/bin/python
# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible module: everything that an environment has in an account and region."""

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_resources_info
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
short_description: List everything that an environment has in an account and region
description:
  - Asks each AWS service for what it has, and the Resource Groups Tagging API for whatever else carries the tags, so
    that neither what no service was asked for nor what carries no tag is missed.
  - Something is the environment's when its tag C(supastack:environment) says so, or a tag by which EKS, the AWS Load
    Balancer Controller, the VPC CNI or Karpenter name the cluster. What has neither is the environment's by its name,
    see O(names), or by what it belongs to, such as the network interfaces in the environment's VPC.
  - What carries another value of C(supastack:environment) is never listed, whatever its name is.
  - A service that does not answer is told in RV(not_checked). It is not taken for one that has nothing.
  - What AWS goes on listing after its deletion, such as terminated instances and keys scheduled for deletion, is
    listed with its state.
  - IAM, Route 53 and S3 are asked for the whole account, all other services for one region.
options:
  environment:
    description: Name of the environment, as in the tag C(supastack:environment).
    type: str
    required: true
  cluster_name:
    description: Name of the environment's EKS cluster, by whose tags its controllers mark what they make.
    type: str
    default: ""
  names:
    description:
      - Names of what has no tags, by the type that RV(resources) tells, for example C(log-group).
      - A name may have the wildcards C(*), C(?) and C([0-9]). It must not match names of another environment, which may
        begin alike; end what is before the wildcard with a character that no name of an environment has, such as C(/).
    type: dict
    default: {}
  hosts:
    description:
      - Names that lead to the environment, whose records are looked for in all hosted zones that may have them.
      - A record is the environment's when it leads one of them to a load balancer of the region or validates a
        certificate for it, unless that load balancer or certificate is somebody else's; and when external-dns made it
        for the cluster, whatever its name is.
    type: list
    elements: str
    default: []
notes:
  - Needs the IAM actions C(tag:GetResources), C(ec2:Describe*), C(elasticloadbalancing:Describe*),
    C(eks:ListClusters), C(eks:DescribeCluster), C(rds:Describe*), C(rds:ListTagsForResource),
    C(secretsmanager:ListSecrets), C(kms:ListKeys), C(kms:ListAliases), C(kms:ListResourceTags), C(kms:DescribeKey),
    C(s3:ListAllMyBuckets), C(s3:GetBucketTagging), C(s3:ListBucketVersions), C(s3:GetEncryptionConfiguration),
    C(logs:Describe*), C(logs:ListTagsForResource), C(cloudwatch:DescribeAlarms), C(cloudwatch:ListDashboards),
    C(cloudwatch:ListTagsForResource), C(events:ListRules), C(events:ListTagsForResource),
    C(cloudtrail:DescribeTrails), C(cloudtrail:ListTags), C(sqs:ListQueues), C(sqs:ListQueueTags), C(sns:ListTopics),
    C(sns:ListTagsForResource), C(iam:List*), C(iam:GetInstanceProfile), C(acm:ListCertificates),
    C(acm:ListTagsForCertificate), C(route53:ListHostedZones), C(route53:ListTagsForResource) and
    C(route53:ListResourceRecordSets).
  - Services that have no tags in their lists are asked for those of resources whose name holds the environment's or the
    cluster's. Others of theirs are found by the Resource Groups Tagging API.
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes.info
"""

EXAMPLES = r"""
- name: Look for what production has
  supastack.aws.environment_resources_info:
    environment: production
    cluster_name: production-supabase
    names:
      log-group: [/aws/eks/production-supabase/*]
      dashboard: [production-supabase]
    hosts: [supabase.example.com]
  register: found

- name: Require that nothing is left, and that everything was looked at
  ansible.builtin.assert:
    that:
      - found.resources | length == 0
      - found.not_checked | length == 0
"""

RETURN = r"""
resources:
  description: What the environment has, sorted by service, type and identifier.
  returned: always
  type: list
  elements: dict
  contains:
    service: {description: Service of AWS as boto3 calls it., type: str, sample: ec2}
    type: {description: What it is., type: str, sample: network-interface}
    id: {description: What identifies it in the AWS CLI., type: str, sample: eni-0123456789abcdef0}
    name: {description: "Name, else the tag C(Name), the description, or nothing.", type: str, sample: production}
    arn: {description: "ARN, null for what has none.", type: str, sample: "arn:aws:sns:eu-west-1:123456789012:alarms"}
    found_by:
      description:
        - By what it is the environment's. C(tag) is its tag, C(cluster) a tag or record that names the cluster, C(name)
          its name, and C(parent) what it belongs to.
      type: str
      sample: tag
    state:
      description: State as the service tells it, of buckets whether they hold objects, of records where they lead.
      type: str
      sample: PendingDeletion
    until: {description: Day of the deletion that is scheduled., type: str, sample: "2026-12-28"}
    kms_key_arn: {description: Key that encrypts it., type: str, sample: "arn:aws:kms:eu-west-1:123456789012:key/0123"}
    component: {description: Value of the tag C(supastack:component)., type: str, sample: network}
not_checked:
  description: What could not be asked.
  returned: always
  type: list
  elements: dict
  contains:
    service: {description: Service of AWS as boto3 calls it., type: str, sample: rds}
    reason:
      description: What was not told, and why.
      type: str
      sample: "db-instance: none was listed (AccessDenied: User is not authorized to perform rds:DescribeDBInstances)"
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources import (
    SERVICES,
    TAGGING,
    environment_resources,
)
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_ask import Scope
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled


@failing_to("find out whose credentials these are")
@unthrottled
def caller_account(client: t.Any) -> str:
    """Return the account: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
    return str(client.get_caller_identity()["Account"])


def scope_of(options: t.Mapping[str, t.Any], client: t.Any) -> Scope:
    """Return whose resources the options ask for."""
    return Scope(
        environment=options["environment"],
        cluster=options["cluster_name"],
        account=caller_account(client),
        region=client.meta.region_name,
        partition=client.meta.partition,
        names=options["names"],
        hosts=[host.lower().rstrip(".") for host in options["hosts"] if host],
    )


def main() -> None:
    """List what the environment of the options has."""
    module = AnsibleAWSModule(
        argument_spec={
            "environment": {"type": "str", "required": True},
            "cluster_name": {"type": "str", "default": ""},
            "names": {"type": "dict", "default": {}},
            "hosts": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    try:
        scope = scope_of(module.params, module.client("sts"))
        # A session makes one client at a time.
        clients = {service: module.client(service) for service in (TAGGING, *SERVICES)}
        resources, not_checked = environment_resources(clients, scope)
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        module.exit_json(changed=False, resources=resources, not_checked=not_checked)


if __name__ == "__main__":
    main()
