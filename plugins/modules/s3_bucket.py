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
  - Creates, changes and deletes an S3 bucket with its public access block, default encryption, versioning, ownership
    controls, policy, lifecycle rules, access logging and replication.
  - Unlike M(amazon.aws.s3_bucket) and its companions, it makes all of these in one task, with a check mode that
    compares and predicts.
  - An option that is not set is left alone.
options:
  name:
    description:
      - Name of the bucket, unique in the world.
    type: str
    required: true
  state:
    description:
      - Whether the bucket should exist. V(absent) deletes an empty bucket only, unless O(delete_objects) is set.
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
  policy:
    description:
      - The bucket policy, as a dictionary or as JSON. An empty one takes the policy away.
      - It is compared by what it means, not by how it is written.
    type: json
  lifecycle_rules:
    description:
      - What S3 deletes by itself. Other rules go away, and so does what only other tools set, such as transitions.
    type: list
    elements: dict
    suboptions:
      id: {type: str, required: true, description: Name of the rule.}
      enabled: {type: bool, default: true, description: Whether the rule is in force.}
      prefix:
        description: Begins the keys of the objects that the rule is for. Empty means all objects.
        type: str
        default: ""
      abort_incomplete_multipart_upload_days:
        description: Days after which an upload that was never completed is given up.
        type: int
      noncurrent_version_expiration_days:
        description: Days after which a version that was replaced or deleted is deleted for ever.
        type: int
      newer_noncurrent_versions:
        description: How many such versions of each object are kept longer than that, up to 100. V(0) means none.
        type: int
      expiration_days:
        description: Days after which an object is deleted. With versioning, its version stays as a noncurrent one.
        type: int
      expired_object_delete_marker:
        description: Whether a delete marker goes away when it is all that is left of an object.
        type: bool
        default: false
  logging:
    description:
      - Where S3 logs each request to the bucket. An empty dictionary switches it off.
    type: dict
    suboptions:
      target_bucket:
        description: Bucket of the same region and account that lets C(logging.s3.amazonaws.com) put objects.
        type: str
      target_prefix: {type: str, default: "", description: Begins the keys of the logs.}
  replication:
    description:
      - What S3 copies to other buckets. It needs O(versioning) here and there. An empty dictionary ends it.
    type: dict
    suboptions:
      role_arn: {type: str, description: ARN of the role that S3 assumes to do so.}
      rules:
        description: What goes where. Rules that are not in this list go away.
        type: list
        elements: dict
        suboptions:
          id: {type: str, required: true, description: Name of the rule.}
          enabled: {type: bool, default: true, description: Whether the rule is in force.}
          priority:
            description: The rule with the greater one decides when two are for the same objects. Each has its own.
            type: int
            default: 1
          prefix:
            description: Begins the keys of the objects that the rule is for. Empty means all objects.
            type: str
            default: ""
          delete_markers:
            description: Whether an object that is deleted here is deleted there.
            type: bool
            default: false
          destination_bucket_arn:
            description: ARN of the bucket that gets the copies.
            type: str
            required: true
          destination_kms_key_arn:
            description: >-
              ARN of the KMS key that encrypts the copies, in the region of that bucket. Without one, objects that are
              encrypted with a KMS key are not copied.
            type: str
            default: ""
  delete_objects:
    description:
      - With O(state=absent), whether all objects of the bucket are deleted with it, with all their versions, for ever.
        Without it a bucket that is not empty is refused.
    type: bool
    default: false
notes:
  - The bucket is made in the region of the module. A bucket of this name in another region is an error.
  - Needs the IAM actions C(s3:ListBucket), C(s3:CreateBucket), C(s3:DeleteBucket), and the Get and Put actions of
    C(BucketPublicAccessBlock), C(EncryptionConfiguration), C(BucketVersioning), C(BucketOwnershipControls),
    C(BucketPolicy), C(LifecycleConfiguration), C(BucketLogging), C(ReplicationConfiguration) and C(BucketTagging).
  - O(policy={}) needs C(s3:DeleteBucketPolicy), O(replication) C(iam:PassRole) on its role, O(state=absent)
    C(s3:ListBucketVersions), and O(delete_objects=true) C(s3:DeleteObject), C(s3:DeleteObjectVersion),
    C(s3:ListBucketMultipartUploads) and C(s3:AbortMultipartUpload) besides.
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
    policy: "{{ lookup('ansible.builtin.file', 'tls-only.json') }}"
    lifecycle_rules:
      - id: uploads
        abort_incomplete_multipart_upload_days: 7
      - id: old-versions
        noncurrent_version_expiration_days: 90
    logging:
      target_bucket: production-supabase-123456789012-eu-west-1-logs
      target_prefix: s3/
    tags:
      supastack:environment: production

- name: Suspend versioning, which replication needs
  supastack.aws.s3_bucket:
    name: production-supabase-123456789012-eu-west-1
    versioning: false
    replication: {}

- name: Delete the bucket and all that is in it
  supastack.aws.s3_bucket:
    name: production-supabase-123456789012-eu-west-1
    delete_objects: true
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
    policy:
      description: The bucket policy, empty when there is none.
      type: dict
      sample: {Version: "2012-10-17", Statement: []}
    lifecycle_rules:
      description: The rules, as in O(lifecycle_rules). What that cannot tell is in C(other_parameters), as S3 has it.
      type: list
      elements: dict
      sample: []
    logging:
      description: The access logging in the same way, empty when it is off.
      type: dict
      sample: {target_bucket: logs-of-production, target_prefix: s3/, other_parameters: {}}
    replication:
      description: The replication in the same way, empty when there is none.
      type: dict
      sample: {}
    tags:
      description: Tags of the bucket.
      type: dict
      sample: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._iam_policy_document import desired_document, document_of
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket import create_bucket, read, unknown_view
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_deletion import delete_bucket, refuse_objects
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_options import (
    NESTED,
    check_options,
    check_versioning,
)
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_rules import wanted_rules
from ansible_collections.supastack.aws.plugins.module_utils._s3_bucket_settings import update_bucket
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

SETTINGS = ("public_access_block", "kms_key_arn", "bucket_key_enabled", "versioning", "object_ownership")
VISIBLE_SECONDS = 120


def desired_from(client: t.Any, options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the bucket that was read."""
    found = current or {}
    return {
        "region": client.meta.region_name,
        **{name: options[name] for name in SETTINGS},
        "policy": desired_document(found.get("policy") or None, document_of(options["policy"])),
        **wanted_rules(options),
        "tags": desired_tags(found.get("tags"), options["tags"], options["purge_tags"]),
    }


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the bucket."""
    name = options["name"]
    current = read(client, name)
    difference = Difference(current, desired_from(client, options, current))
    difference.refuse_change("region", "Set region to that of the bucket, or choose another name.")
    prediction = difference.prediction(unknown_view(client, name))
    check_versioning(prediction)
    if check_mode or (current and not difference.changed):
        return Result(difference, prediction)
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
    """Delete the bucket. Check mode refuses what a run would refuse."""
    name, with_objects = options["name"], options["delete_objects"]
    difference = Difference(read(client, name), None)
    if difference.deletes and not check_mode:
        delete_bucket(client, name, with_objects)
    elif difference.deletes and not with_objects:
        refuse_objects(client, name)
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the bucket into the wanted state."""
    check_options(options)
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
        "object_ownership": {"type": "str", "choices": ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"]},
        "policy": {"type": "json"},
        **NESTED,
        "delete_objects": {"type": "bool", "default": False},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "s3", "bucket", ensure)


if __name__ == "__main__":
    main()
