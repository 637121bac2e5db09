#!/usr/bin/python
# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible module: descriptions of Secrets Manager secrets, without their values."""

from __future__ import annotations

DOCUMENTATION = r"""
module: secretsmanager_secret_info
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
short_description: Describe Secrets Manager secrets without reading their values
description:
  - Tells which of the named secrets exist, with ARN, KMS key, current version and tags.
  - Calls C(secretsmanager:DescribeSecret) only. It neither needs nor uses the right to read a secret's value.
options:
  names:
    description:
      - Names or ARNs of the secrets.
      - A secret that does not exist is left out of the result.
    type: list
    elements: str
    required: true
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes.info
seealso:
  - module: community.aws.secretsmanager_secret
"""

EXAMPLES = r"""
- name: Find out which secrets exist
  supastack.aws.secretsmanager_secret_info:
    names:
      - production-supabase-db
      - production-supabase-jwt
  register: found

- name: Print their names
  ansible.builtin.debug:
    msg: "{{ found.secrets | map(attribute='name') }}"
"""

RETURN = r"""
secrets:
  description: The secrets that exist, in the order of O(names).
  returned: always
  type: list
  elements: dict
  contains:
    arn:
      description: The secret's ARN, which ends with six characters of AWS' choice.
      type: str
      sample: arn:aws:secretsmanager:eu-west-1:123456789012:secret:production-supabase-db-AbCdEf
    name:
      description: The secret's name.
      type: str
      sample: production-supabase-db
    kms_key_id:
      description: The key that encrypts the secret. Empty for the AWS managed key.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab
    version_id:
      description: Version of the value that is current. Empty when the secret has no value.
      type: str
      sample: 01234567-89ab-cdef-0123-456789abcdef
    scheduled_for_deletion:
      description: Whether the secret is in its recovery window.
      type: bool
      sample: false
    tags:
      description: The secret's tags.
      type: dict
      sample: {"supastack:environment": "production"}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.tagging import boto3_tag_list_to_ansible_dict
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled


@failing_to("describe the secret {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_secret(client: t.Any, name: str) -> dict[str, t.Any]:
    """Return the description of one secret, None when there is none.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
    """
    description: dict[str, t.Any] = client.describe_secret(SecretId=name)
    return description


def current_version(description: dict[str, t.Any]) -> str:
    """Return the id of the version that a reader gets, empty when there is none."""
    versions: dict[str, list[str]] = description.get("VersionIdsToStages", {})
    return next((version for version, stages in versions.items() if "AWSCURRENT" in stages), "")


def summary(description: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what the module tells about a secret."""
    return {
        "arn": description["ARN"],
        "name": description["Name"],
        "kms_key_id": description.get("KmsKeyId", ""),
        "version_id": current_version(description),
        "scheduled_for_deletion": "DeletedDate" in description,
        "tags": boto3_tag_list_to_ansible_dict(description.get("Tags", [])),
    }


def main() -> None:
    """Describe the secrets that the options name."""
    module = AnsibleAWSModule(
        argument_spec={"names": {"type": "list", "elements": "str", "required": True}},
        supports_check_mode=True,
    )
    try:
        client = module.client("secretsmanager")
        descriptions = [describe_secret(client, name) for name in module.params["names"]]
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        module.exit_json(changed=False, secrets=[summary(found) for found in descriptions if found])


if __name__ == "__main__":
    main()
