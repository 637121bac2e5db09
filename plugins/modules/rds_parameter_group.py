#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rds_parameter_group
short_description: Manage a parameter group of Amazon RDS instances
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a DB parameter group.
  - Unlike M(amazon.aws.rds_instance_param_group), its check mode reports parameters that differ, it fails on one that
    the engine does not have, that cannot be set or not to this value, before anything is made, it asks for each to be
    applied in the way that this parameter allows, and reads back what RDS made of it.
  - An option that is not set is left alone.
options:
  name:
    description:
      - Name of the group. RDS keeps it in lower case.
    type: str
    required: true
  state:
    description:
      - Whether the group should exist. A group that an instance uses cannot be deleted.
    type: str
    choices: [present, absent]
    default: present
  family:
    description:
      - Parameter group family, for example V(postgres17). Cannot be changed.
      - Required when O(state=present).
    type: str
  description:
    description:
      - Description of a group to be made. RDS cannot change it later.
      - The name of the group is used when it is not set.
    type: str
  parameters:
    description:
      - Parameters by name. Numbers and booleans are written as RDS does, V(true) as V(1).
      - Other parameters of the group are left alone.
      - A dynamic parameter is applied at once, a static one when the instance restarts.
    type: dict
notes:
  - Needs the IAM actions C(rds:DescribeDBParameterGroups), C(rds:DescribeDBParameters),
    C(rds:DescribeEngineDefaultParameters), C(rds:ListTagsForResource), C(rds:CreateDBParameterGroup),
    C(rds:ModifyDBParameterGroup), C(rds:AddTagsToResource), C(rds:RemoveTagsFromResource) and
    C(rds:DeleteDBParameterGroup).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.rds_instance
"""

EXAMPLES = r"""
- name: Ensure clients use TLS and replication slots are possible
  supastack.aws.rds_parameter_group:
    name: production-postgres17
    family: postgres17
    description: Supabase on PostgreSQL 17
    parameters:
      rds.force_ssl: true
      rds.logical_replication: true
      max_replication_slots: 10
    tags:
      supastack:environment: production

- name: Limit what a replication slot may keep
  supastack.aws.rds_parameter_group:
    name: production-postgres17
    family: postgres17
    parameters:
      max_slot_wal_keep_size: 1024

- name: Delete the group
  supastack.aws.rds_parameter_group:
    name: production-postgres17
    state: absent
"""

RETURN = r"""
parameter_group:
  description: The group. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name:
      description: Name of the group.
      type: str
      sample: production-postgres17
    arn:
      description: ARN of the group.
      type: str
      sample: arn:aws:rds:eu-west-1:123456789012:pg:production-postgres17
    family:
      description: Parameter group family.
      type: str
      sample: postgres17
    description:
      description: Description of the group.
      type: str
      sample: Supabase on PostgreSQL 17
    parameters:
      description: Values of the parameters that O(parameters) names, null for the engine's default.
      type: dict
      sample: {rds.force_ssl: "1"}
    tags:
      description: Tags of the group.
      type: dict
      sample: {supastack:environment: production}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._rds_parameter_group import (
    as_text,
    create_group,
    delete_group,
    describe_group,
    modify_parameters,
    read_defaults,
    read_parameters,
    read_tags,
    refuse_unusable,
    require_accepted,
    update_tags,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags


def read(client: t.Any, name: str, parameters: t.Iterable[str]) -> tuple[Plain | None, Plain]:
    """Return the group, None when there is none, and what RDS tells about the named parameters."""
    group = describe_group(client, name)
    if group is None:
        return None, {}
    details = read_parameters(client, name, set(parameters))
    view = {
        "name": group["DBParameterGroupName"],
        "arn": group["DBParameterGroupArn"],
        "family": group["DBParameterGroupFamily"],
        "description": group["Description"],
        "parameters": {key: detail.get("ParameterValue") for key, detail in details.items()},
        "tags": read_tags(client, group["DBParameterGroupArn"]),
    }
    return view, details


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the group that was read."""
    wanted = options["parameters"]
    return {
        "family": options["family"],
        "parameters": None if wanted is None else {key: as_text(value) for key, value in wanted.items()},
        "tags": desired_tags((current or {}).get("tags"), options["tags"], options["purge_tags"]),
    }


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the group."""
    name, parameters = options["name"].lower(), options["parameters"] or {}
    current, details = read(client, name, parameters)
    difference = Difference(current, desired_from(options, current))
    difference.refuse_change("family", "Choose another name; instances move to it by their parameter group's name.")
    wanted = {key: as_text(value) for key, value in parameters.items()}
    if current is None and wanted:
        details = read_defaults(client, options["family"], set(wanted))
    refuse_unusable(name, wanted, details)
    if check_mode or not difference.changed:
        unknown = {"name": name, "arn": predicted_arn(client, "rds", f"pg:{name}"), "parameters": {}, "tags": {}}
        return Result(difference, difference.prediction({**unknown, "description": options["description"] or name}))
    write(client, options, current, difference, details)
    found = read(client, name, parameters)[0]
    require_accepted(name, wanted, found["parameters"] if found else {})
    return Result(difference, found)


def write(client: t.Any, options: Plain, current: Plain | None, difference: Difference, details: Plain) -> None:
    """Make the group, or change it."""
    name = options["name"].lower()
    if current is None:
        create_group(client, name, options["family"], options["description"] or name, options["tags"] or {})
        before = {key: detail.get("ParameterValue") for key, detail in details.items()}
    else:
        update_tags(client, current["arn"], current["tags"], difference.desired("tags").get("tags"))
        before = current["parameters"]
    asked = difference.desired("parameters").get("parameters", {})
    modify_parameters(client, name, {key: value for key, value in asked.items() if before.get(key) != value}, details)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the group."""
    name = options["name"].lower()
    difference = Difference(read(client, name, ())[0], None)
    if difference.deletes and not check_mode:
        delete_group(client, name)
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the group into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "family": {"type": "str"},
        "description": {"type": "str"},
        "parameters": {"type": "dict"},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec, supports_check_mode=True, required_if=[("state", "present", ["family"])]
    )
    run(module, "rds", "parameter_group", ensure)


if __name__ == "__main__":
    main()
