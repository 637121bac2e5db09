# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DB parameter groups: the API calls, and what RDS allows to do with a parameter."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import (
    ansible_dict_to_boto3_tag_list,
    boto3_tag_list_to_ansible_dict,
)
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tag_changes

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBParameterGroup.html
MOST_PER_CALL = 20
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
RANGE = re.compile(r"(-?[0-9.]+)-(-?[0-9.]+)")
WORDS = re.compile(r"[\w.-]+(,[\w.-]+)*")
APPLY_METHODS = {"dynamic": "immediate", "static": "pending-reboot"}


def as_text(value: t.Any) -> str:
    """Return a parameter's value as RDS writes it."""
    return str(int(value)) if isinstance(value, bool) else str(value)


@failing_to("describe the parameter group {name}")
@none_when("DBParameterGroupNotFound")
@unthrottled
def describe_group(client: t.Any, name: str) -> Plain:
    """Return the group as RDS describes it, None when there is none."""
    groups: list[Plain] = client.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"]
    return groups[0]


@failing_to("read the parameters of the group {name}")
@unthrottled
def read_parameters(client: t.Any, name: str, wanted: t.AbstractSet[str]) -> Plain:
    """Return what RDS tells about the wanted parameters, by name. One that the engine does not have is left out."""
    if not wanted:
        return {}
    pages = client.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=name)
    return {
        parameter["ParameterName"]: parameter
        for page in pages
        for parameter in page["Parameters"]
        if parameter["ParameterName"] in wanted
    }


@failing_to("read the tags of {arn}")
@unthrottled
def read_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags of a group."""
    tags: Tags = boto3_tag_list_to_ansible_dict(client.list_tags_for_resource(ResourceName=arn)["TagList"])
    return tags


@failing_to("read the parameters of the family {family}")
@unthrottled
def read_defaults(client: t.Any, family: str, wanted: t.AbstractSet[str]) -> Plain:
    """Return what RDS tells about the wanted parameters in a new group of this family, by name."""
    pages = client.get_paginator("describe_engine_default_parameters").paginate(DBParameterGroupFamily=family)
    return {
        parameter["ParameterName"]: parameter
        for page in pages
        for parameter in page["EngineDefaults"].get("Parameters", [])
        if parameter["ParameterName"] in wanted
    }


def problem_of(key: str, value: str, detail: Plain | None) -> str | None:
    """Return why RDS would refuse a parameter with this value, None when it would not as far as it tells."""
    if detail is None:
        return f"the engine has no parameter {key}"
    if not detail.get("IsModifiable", True):
        return f"{key} cannot be set"
    allowed = detail.get("AllowedValues", "")
    # RDS computes formulas from the size of the machine.
    if not allowed or "{" in value or is_allowed(value, allowed, detail.get("DataType", "")):
        return None
    return f"{key} is {value!r}, but must be of {allowed}"


def is_allowed(value: str, allowed: str, data_type: str) -> bool:
    """Return whether a value is among those that RDS allows, as far as they are numbers or a list of words."""
    if data_type in ("integer", "float"):
        bounds = RANGE.fullmatch(allowed)
        if not NUMBER.fullmatch(value):
            return False
        return bounds is None or float(bounds[1]) <= float(value) <= float(bounds[2])
    return not WORDS.fullmatch(allowed) or data_type != "string" or set(value.split(",")) <= set(allowed.split(","))


def refuse_unusable(name: str, wanted: t.Mapping[str, str], details: t.Mapping[str, Plain]) -> None:
    """Stop when a wanted parameter does not exist, cannot be set, or not to this value.

    :raises AnsibleAWSError: naming all such parameters.
    """
    found = [problem_of(key, value, details.get(key)) for key, value in sorted(wanted.items())]
    problems = [problem for problem in found if problem]
    if problems:
        raise AnsibleAWSError(message=f"parameters of the group {name}: {'; '.join(problems)}. Remove or correct them.")


def require_accepted(name: str, wanted: t.Mapping[str, str], shown: t.Mapping[str, str | None]) -> None:
    """Stop when RDS took a value and shows another one.

    :raises AnsibleAWSError: naming all such parameters with both values.
    """
    others = [
        f"{key} is {shown.get(key)!r} after it was set to {value!r}"
        for key, value in sorted(wanted.items())
        if shown.get(key) != value
    ]
    if others:
        raise AnsibleAWSError(message=f"parameters of the group {name}: {'; '.join(others)}. Ask for what RDS shows.")


@failing_to("create the parameter group {name}")
@unthrottled
def create_group(client: t.Any, name: str, family: str, description: str, tags: t.Mapping[str, t.Any]) -> None:
    """Create a group with the family's defaults."""
    client.create_db_parameter_group(
        DBParameterGroupName=name,
        DBParameterGroupFamily=family,
        Description=description,
        Tags=ansible_dict_to_boto3_tag_list(tags),
    )


@failing_to("set parameters of the group {name}")
@unthrottled
def modify_parameters(client: t.Any, name: str, values: t.Mapping[str, str], details: t.Mapping[str, Plain]) -> None:
    """Set parameters, each by the apply method that its type allows."""
    changes = [
        {
            "ParameterName": key,
            "ParameterValue": value,
            "ApplyMethod": APPLY_METHODS[details[key].get("ApplyType", "static")],
        }
        for key, value in sorted(values.items())
    ]
    for start in range(0, len(changes), MOST_PER_CALL):
        client.modify_db_parameter_group(DBParameterGroupName=name, Parameters=changes[start : start + MOST_PER_CALL])


@failing_to("tag {arn}")
@unthrottled
def update_tags(client: t.Any, arn: str, current: Tags, desired: Tags | None) -> None:
    """Set and remove tags; None leaves them alone."""
    if desired is None:
        return
    to_set, to_remove = tag_changes(current, desired)
    if to_set:
        client.add_tags_to_resource(ResourceName=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))
    if to_remove:
        client.remove_tags_from_resource(ResourceName=arn, TagKeys=to_remove)


@failing_to("delete the parameter group {name}")
@none_when("DBParameterGroupNotFound")
@unthrottled
def delete_group(client: t.Any, name: str) -> None:
    """Delete a group that no instance uses."""
    client.delete_db_parameter_group(DBParameterGroupName=name)
