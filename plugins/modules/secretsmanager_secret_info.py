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
  - Tells which of the named secrets exist, and which have certain tags, with ARN, KMS key, current version and tags.
  - Calls C(secretsmanager:DescribeSecret), and with O(tags) C(secretsmanager:ListSecrets). It neither needs nor uses
    the right to read a secret's value.
options:
  names:
    description:
      - Names or ARNs of the secrets.
      - A secret that does not exist is left out of the result.
      - Needed unless O(tags) is there.
    type: list
    elements: str
  tags:
    description:
      - All secrets that have these tags are told besides, each once.
      - Secrets Manager may list a new secret, or a new tag, some minutes late; one that O(names) has is always told.
    type: dict
    version_added: 0.2.0
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

- name: Find all secrets of an environment, whatever their names
  supastack.aws.secretsmanager_secret_info:
    tags: {supastack:environment: production}

- name: Print their names
  ansible.builtin.debug:
    msg: "{{ found.secrets | map(attribute='name') }}"
"""

RETURN = r"""
secrets:
  description: The secrets that exist, in the order of O(names), then those that only O(tags) found, by name.
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


@failing_to("list the secrets with {tags}")
@unthrottled
def list_secrets(client: t.Any, tags: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the descriptions of the secrets that have all these tags, also those about to be deleted.

    Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html, whose filters compare
    beginnings, and keys and values each for themselves.
    """
    filters = [{"Key": "tag-key", "Values": list(tags)[:1]}]
    pages = client.get_paginator("list_secrets").paginate(Filters=filters, IncludePlannedDeletion=True)
    wanted = {key: str(value) for key, value in tags.items()}.items()
    found = [dict(secret) for page in pages for secret in page["SecretList"]]
    own = [secret for secret in found if wanted <= boto3_tag_list_to_ansible_dict(secret.get("Tags", [])).items()]
    return sorted(own, key=lambda secret: str(secret["Name"]))


def find_secrets(client: t.Any, names: list[str], tags: dict[str, t.Any]) -> list[dict[str, t.Any]]:
    """Return the descriptions of the secrets with these names, then of others with all these tags."""
    named = [found for found in (describe_secret(client, name) for name in names) if found]
    arns = {description["ARN"] for description in named}
    tagged = list_secrets(client, tags) if tags else []
    return named + [description for description in tagged if description["ARN"] not in arns]


def current_version(description: dict[str, t.Any]) -> str:
    """Return the id of the version that a reader gets, empty when there is none. A list has it under another name."""
    versions: dict[str, list[str]] = description.get(
        "VersionIdsToStages", description.get("SecretVersionsToStages", {})
    )
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
        argument_spec={"names": {"type": "list", "elements": "str"}, "tags": {"type": "dict"}},
        required_one_of=[("names", "tags")],
        supports_check_mode=True,
    )
    try:
        client = module.client("secretsmanager")
        found = find_secrets(client, module.params["names"] or [], module.params["tags"] or {})
    except AnsibleAWSError as error:
        module.fail_json_aws_error(error)
    else:
        module.exit_json(changed=False, secrets=[summary(description) for description in found])


if __name__ == "__main__":
    main()
