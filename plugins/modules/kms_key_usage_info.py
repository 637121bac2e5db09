#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kms_key_usage_info
short_description: List what is encrypted with a KMS key
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - KMS does not know what its keys encrypt, and deletes a key all the same; nothing that it encrypted can be read after
    that. This module asks the services.
  - Looks at RDS instances, their snapshots and retained backups, S3 buckets, log groups, EBS volumes and snapshots, SNS
    topics, SQS queues, EKS clusters and secrets of the account, in the region of the key.
  - What encrypts by itself, as a program that calls KMS does, is not found, nor are single objects of a bucket that
    itself has another key.
options:
  key_id:
    description:
      - Identifier, ARN or alias of the key, the last one with the prefix C(alias/).
      - A key that does not exist is used by nothing.
    type: str
    required: true
notes:
  - Asks once for each bucket, topic, queue and cluster of the account.
  - Needs the IAM actions C(kms:DescribeKey), C(kms:ListAliases), C(rds:DescribeDBInstances),
    C(rds:DescribeDBSnapshots), C(rds:DescribeDBInstanceAutomatedBackups), C(s3:ListAllMyBuckets),
    C(s3:GetEncryptionConfiguration), C(s3:GetBucketTagging), C(s3:ListBucketVersions), C(logs:DescribeLogGroups),
    C(logs:ListTagsForResource), C(ec2:DescribeVolumes), C(ec2:DescribeSnapshots), C(sns:ListTopics),
    C(sns:GetTopicAttributes), C(sns:ListTagsForResource), C(sqs:ListQueues), C(sqs:GetQueueAttributes),
    C(sqs:ListQueueTags), C(eks:ListClusters), C(eks:DescribeCluster) and C(secretsmanager:ListSecrets).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes.info
seealso:
  - module: amazon.aws.kms_key
"""

EXAMPLES = r"""
- name: Find out what a key encrypts
  supastack.aws.kms_key_usage_info:
    key_id: alias/production-supabase
  register: usage

- name: Print it
  ansible.builtin.debug:
    msg: "{{ usage.users | map(attribute='arn') }}"
"""

RETURN = r"""
users:
  description: What is encrypted with the key.
  returned: always
  type: list
  elements: dict
  contains:
    type:
      description:
        - V(rds_instance), V(rds_snapshot), V(rds_automated_backup), V(s3_bucket), V(log_group), V(ebs_volume),
          V(ebs_snapshot), V(sns_topic), V(sqs_queue), V(eks_cluster) or V(secret).
      type: str
      sample: rds_snapshot
    name: {description: "Its name or identifier; of a retained backup that of its instance.", type: str, sample: a}
    arn:
      description: Its ARN.
      type: str
      sample: arn:aws:rds:eu-west-1:123456789012:snapshot:a
    tags: {description: Its tags., type: dict, sample: {"supastack:environment": production}}
    empty: {description: "Whether a bucket holds nothing, old versions included; null of all else.", type: bool}
    of_instance:
      description: Identifier of the instance that an automated snapshot goes with; null of all else.
      type: str
    problem:
      description: Why nobody knows whether a bucket is encrypted with the key; null when it is.
      type: str
"""

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._kms_key_usage import find_key, users_of


def main() -> None:
    """List what the key encrypts."""
    module = AnsibleAWSModule(argument_spec={"key_id": {"type": "str", "required": True}}, supports_check_mode=True)
    try:
        key = find_key(module.client("kms"), module.params["key_id"])
        users = users_of(module.client, key) if key else []
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        module.exit_json(changed=False, users=users)


if __name__ == "__main__":
    main()
