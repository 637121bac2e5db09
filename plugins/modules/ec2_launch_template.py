#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_launch_template
short_description: Manage an EC2 launch template
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes an EC2 launch template, which says how instances are launched.
  - A version of a launch template never changes. What differs from the newest version becomes a new one, which also has
    what the newest one has and no option of this module names, such as a machine image.
  - Instances that run, and node groups that use an older version, stay as they are until they are given the new one.
  - An option that is not set is left alone. An empty list or dictionary makes the setting empty.
options:
  name:
    description: Name of the launch template. Cannot be changed.
    type: str
    required: true
  state:
    description: Whether the launch template should exist. V(absent) deletes all its versions.
    type: str
    choices: [present, absent]
    default: present
  metadata_options:
    description:
      - How instances serve their metadata, among which are the credentials of their IAM role.
      - A suboption that is not set is left alone.
    type: dict
    suboptions:
      http_endpoint: {description: [Whether they serve them at all.], type: str, choices: [enabled, disabled]}
      http_tokens:
        description: V(required) refuses requests without a session token, which is called IMDSv2.
        type: str
        choices: [optional, required]
      http_put_response_hop_limit:
        description: Network hops that an answer may take, from 1 to 64. With V(1) it does not reach containers.
        type: int
      http_protocol_ipv6: {description: [Whether by IPv6 as well.], type: str, choices: [enabled, disabled]}
      instance_metadata_tags:
        description: Whether the tags of an instance are among its metadata.
        type: str
        choices: [enabled, disabled]
  block_device_mappings:
    description: Volumes of the instances. They replace the current ones.
    type: list
    elements: dict
    suboptions:
      device_name:
        description: Name of the device. That of the root volume changes the one of the machine image.
        type: str
        required: true
      volume_size: {description: [Size in GiB.], type: int}
      volume_type: {description: ["Type, such as V(gp3)."], type: str}
      iops: {description: [Operations per second.], type: int}
      throughput: {description: [MiB per second of V(gp3).], type: int}
      encrypted: {description: [Whether the volume is encrypted.], type: bool}
      kms_key_id:
        description:
          - Identifier or ARN of the KMS key that encrypts it, by default the account's default key for EBS.
          - The policy of a customer key must admit who launches the instances, with EC2 Auto Scaling its service-linked
            role.
        type: str
      delete_on_termination: {description: [Whether it goes with the instance.], type: bool}
  security_group_ids:
    description:
      - Security groups of the instances. They replace the current ones.
      - In check mode, they need not exist yet.
    type: list
    elements: str
  instance_tags: {description: [Tags of the instances. They replace the current ones.], type: dict}
  volume_tags: {description: [Tags of their volumes. They replace the current ones.], type: dict}
  tags:
    description:
      - Tags of the launch template itself.
      - They are left alone when this option is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description: Whether tags that O(tags) does not name are removed, except those that begin with C(aws:).
    type: bool
    default: true
notes:
  - The default version is not moved. Name the version where the launch template is used.
  - Needs the IAM actions C(ec2:DescribeLaunchTemplates), C(ec2:DescribeLaunchTemplateVersions),
    C(ec2:CreateLaunchTemplate), C(ec2:CreateLaunchTemplateVersion), C(ec2:DeleteLaunchTemplate), C(ec2:CreateTags) and
    C(ec2:DeleteTags).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: supastack.aws.eks_nodegroup
  - module: amazon.aws.ec2_launch_template
"""

EXAMPLES = r"""
- name: Ensure nodes keep their identity to themselves and have encrypted disks
  supastack.aws.ec2_launch_template:
    name: production-nodes
    metadata_options: {http_tokens: required, http_put_response_hop_limit: 1}
    block_device_mappings:
      - {device_name: /dev/xvda, volume_type: gp3, volume_size: 50, encrypted: true}
    security_group_ids: [sg-0123456789abcdef0]
    instance_tags:
      supastack:environment: production
    tags:
      supastack:environment: production

- name: Make a version with larger disks, which has everything else as before
  supastack.aws.ec2_launch_template:
    name: production-nodes
    block_device_mappings:
      - {device_name: /dev/xvda, volume_type: gp3, volume_size: 100, encrypted: true}

- name: Delete the launch template with all its versions
  supastack.aws.ec2_launch_template:
    name: production-nodes
    state: absent
"""

RETURN = r"""
launch_template:
  description: The launch template and its newest version. In check mode, as they will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the launch template., type: str, sample: production-nodes}
    launch_template_id: {description: Its identifier., type: str, sample: lt-0123456789abcdef0}
    version: {description: Number of the newest version., type: str, sample: "2"}
    default_version:
      description: Number of the version that is used where none is named.
      type: str
      sample: "1"
    metadata_options:
      description: How instances serve their metadata, as far as the version says it.
      type: dict
      sample: {http_tokens: required, http_put_response_hop_limit: 1}
    block_device_mappings:
      description: Volumes of the instances, in the form of the option, ordered by their devices.
      type: list
      elements: dict
      sample: [{device_name: /dev/xvda, volume_type: gp3, volume_size: 50, encrypted: true}]
    security_group_ids:
      description: Security groups of the instances.
      type: list
      elements: str
      sample: [sg-0123456789abcdef0]
    instance_tags: {description: Tags of the instances., type: dict, sample: {supastack:environment: production}}
    volume_tags: {description: Tags of their volumes., type: dict, sample: {}}
    tags: {description: Tags of the launch template., type: dict, sample: {supastack:environment: production}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import write_tags
from ansible_collections.supastack.aws.plugins.module_utils._ec2_launch_template import (
    DATA,
    SETTLING_SECONDS,
    create_template,
    create_version,
    delete_template,
    desired_from,
    predicted,
    read,
    version_data,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

SWITCH = {"type": "str", "choices": ["enabled", "disabled"]}
METADATA_SPEC: Plain = {
    "http_endpoint": SWITCH,
    "http_tokens": {"type": "str", "choices": ["optional", "required"], "no_log": False},
    "http_put_response_hop_limit": {"type": "int"},
    "http_protocol_ipv6": SWITCH,
    "instance_metadata_tags": SWITCH,
}
VOLUME_SPEC: Plain = {
    "device_name": {"type": "str", "required": True},
    "volume_size": {"type": "int"},
    "volume_type": {"type": "str"},
    "iops": {"type": "int"},
    "throughput": {"type": "int"},
    "encrypted": {"type": "bool"},
    "kms_key_id": {"type": "str", "no_log": False},
    "delete_on_termination": {"type": "bool"},
}


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create the launch template, or a version of it for what differs."""
    current, described = read(client, options["name"])
    difference = Difference(current, desired_from(options, current))
    data: Plain = {}
    if difference.creates or difference.touches(*DATA):
        data = version_data(client, described, difference.desired(*DATA))
    if check_mode or not difference.changed:
        return Result(difference, predicted(options, difference))
    return Result(difference, write(client, options, current, difference, data))


def write(client: t.Any, options: Plain, current: Plain | None, difference: Difference, data: Plain) -> Plain:
    """Write what differs and return the launch template as it is then.

    :param data: of the version to make, empty when none is needed.
    """
    tags = difference.desired("tags").get("tags", {})
    if current is None:
        number = create_template(client, options["name"], data, tags)
    else:
        number = current["version"]
        if difference.touches("tags"):
            write_tags(client, current["launch_template_id"], current["tags"], tags)
        if data:
            number = create_version(client, current["launch_template_id"], data)

    def shown() -> Plain | None:
        found, _described = read(client, options["name"])
        return found if found and int(found["version"]) >= int(number) else None

    subject = f"version {number} of the launch template {options['name']}"
    return wait_until_visible(subject, "EC2", shown, SETTLING_SECONDS)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the launch template."""
    current, _described = read(client, options["name"])
    if current and not check_mode:
        delete_template(client, current["launch_template_id"])
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the launch template into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "metadata_options": {"type": "dict", "options": METADATA_SPEC},
        "block_device_mappings": {"type": "list", "elements": "dict", "options": VOLUME_SPEC},
        "security_group_ids": {"type": "list", "elements": "str"},
        "instance_tags": {"type": "dict"},
        "volume_tags": {"type": "dict"},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "ec2", "launch_template", ensure)


if __name__ == "__main__":
    main()
