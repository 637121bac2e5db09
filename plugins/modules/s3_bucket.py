#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: s3_bucket
short_description: Manage an Amazon S3 bucket and its protection
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes an S3 bucket with its public access block, default encryption, versioning and ownership
    controls.
  - Unlike M(amazon.aws.s3_bucket), it has a check mode that compares and predicts, and it never deletes objects.
  - An option that is not set is left alone.
options:
  name:
    description:
      - Name of the bucket, unique in the world.
    type: str
    required: true
  state:
    description:
      - Whether the bucket should exist. V(absent) deletes an empty bucket only.
    type: str
    choices: [present, absent]
    default: present
  public_access_block:
    description:
      - Whether to block public access, by all four settings that S3 has for it.
      - S3's default for new buckets is V(true).
    type: bool
  kms_key_arn:
    description:
      - ARN of the KMS key that encrypts objects by default (SSE-KMS).
      - An empty string makes S3 encrypt with its own keys (SSE-S3), which is its default.
    type: str
  bucket_key_enabled:
    description:
      - Whether S3 derives the keys of objects from a key of the bucket, which makes far fewer KMS requests.
    type: bool
  versioning:
    description:
      - Whether S3 keeps every version of an object. V(false) suspends it; S3 cannot switch it off again.
    type: bool
  object_ownership:
    description:
      - Who owns uploaded objects. V(BucketOwnerEnforced) also switches off access control lists.
      - S3's default for new buckets is V(BucketOwnerEnforced).
    type: str
    choices: [BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter]
notes:
  - The bucket is made in the region of the module. A bucket of this name in another region is an error.
  - Needs the IAM actions C(s3:ListBucket), C(s3:CreateBucket), C(s3:DeleteBucket), and the Get and Put actions of
    C(BucketPublicAccessBlock), C(EncryptionConfiguration), C(BucketVersioning), C(BucketOwnershipControls) and
    C(BucketTagging).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.s3_bucket
"""

EXAMPLES = r"""
- name: Ensure the bucket for uploads exists and is protected
  supastack.aws.s3_bucket:
    name: production-supabase-123456789012-eu-west-1
    public_access_block: true
    kms_key_arn: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    bucket_key_enabled: true
    versioning: true
    object_ownership: BucketOwnerEnforced
    tags:
      supastack:environment: production

- name: Suspend versioning
  supastack.aws.s3_bucket:
    name: production-supabase-123456789012-eu-west-1
    versioning: false

- name: Delete the empty bucket
  supastack.aws.s3_bucket:
    name: production-supabase-123456789012-eu-west-1
    state: absent
"""

RETURN = r"""
bucket:
  description: The bucket. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name:
      description: Name of the bucket.
      type: str
      sample: production-supabase-123456789012-eu-west-1
    arn:
      description: ARN of the bucket.
      type: str
      sample: arn:aws:s3:::production-supabase-123456789012-eu-west-1
    region:
      description: Region of the bucket.
      type: str
      sample: eu-west-1
    public_access_block:
      description: Whether public access is blocked; null when only some of the four settings are on.
      type: bool
      sample: true
    kms_key_arn:
      description: KMS key that encrypts objects by default, empty when S3 uses its own keys.
      type: str
      sample: arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef
    bucket_key_enabled:
      description: Whether S3 uses a key of the bucket.
      type: bool
      sample: true
    versioning:
      description: Whether versioning is on.
      type: bool
      sample: true
    object_ownership:
      description: Who owns uploaded objects, null when the bucket has no ownership controls.
      type: str
      sample: BucketOwnerEnforced
    tags:
      description: Tags of the bucket.
      type: dict
      sample: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket import (
    create_bucket,
    delete_bucket,
    read,
    unknown_view,
    update_bucket,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

SETTINGS = ("public_access_block", "kms_key_arn", "bucket_key_enabled", "versioning", "object_ownership")
VISIBLE_SECONDS = 120


def desired_from(client: t.Any, options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the bucket that was read."""
    return {
        "region": client.meta.region_name,
        **{name: options[name] for name in SETTINGS},
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
    }


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the bucket."""
    name = options["name"]
    current = read(client, name)
    difference = Difference(current, desired_from(client, options, current))
    difference.refuse_change("region", "Set region to that of the bucket, or choose another name.")
    if check_mode or (current and not difference.changed):
        return Result(difference, difference.prediction(unknown_view(client, name)))
    remaining = difference
    if difference.creates:
        create_bucket(client, name, options["object_ownership"])
        # S3 gives a new bucket settings of its own; only what they leave to do is written.
        made = wait_for_bucket(client, name)
        remaining = Difference(made, desired_from(client, options, made))
    update_bucket(client, name, remaining)
    return Result(difference, wait_for_bucket(client, name))


def wait_for_bucket(client: t.Any, name: str) -> Plain:
    """Return the bucket once S3 shows it."""
    return wait_until_visible(f"the bucket {name}", "S3", lambda: read(client, name), VISIBLE_SECONDS)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the bucket."""
    difference = Difference(read(client, options["name"]), None)
    if difference.deletes and not check_mode:
        delete_bucket(client, options["name"])
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the bucket into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "public_access_block": {"type": "bool"},
        "kms_key_arn": {"type": "str", "no_log": False},
        "bucket_key_enabled": {"type": "bool", "no_log": False},
        "versioning": {"type": "bool"},
        "object_ownership": {
            "type": "str",
            "choices": ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"],
        },
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "s3", "bucket", ensure)


if __name__ == "__main__":
    main()
