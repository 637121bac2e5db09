# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the EC2 modules share: finding resources by their tag Name, tags, and refusals inside an answer."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, desired_tags, tag_changes


def name_filter(name: str) -> list[Plain]:
    """Return the filter that finds resources by their tag Name."""
    return [{"Name": "tag:Name", "Values": [name]}]


def named_tags(options: Plain, current: t.Mapping[str, str] | None) -> Tags:
    """Return the tags to end with; Name is always among them, since it is how the resource is found."""
    tags = desired_tags(current, options["tags"], options["purge_tags"])
    return {**(dict(current or {}) if tags is None else tags), "Name": options["name"]}


def tag_specification(resource_type: str, tags: t.Mapping[str, str]) -> list[Plain]:
    """Return the TagSpecifications member, so that a resource never exists without its tags."""
    return [{"ResourceType": resource_type, "Tags": ansible_dict_to_boto3_tag_list(dict(tags))}]


def accepted(client: t.Any, operation: str, answer: Plain) -> Plain:
    """Return an answer, or raise what it says about a resource that EC2 refused: the call itself succeeds then."""
    if answer.get("Unsuccessful"):
        raise client.exceptions.ClientError({"Error": answer["Unsuccessful"][0]["Error"]}, operation)
    return answer


@failing_to("tag {resource_id}")
@unthrottled
def write_tags(client: t.Any, resource_id: str, current: t.Mapping[str, str], desired: t.Mapping[str, str]) -> None:
    """Bring the tags of an EC2 resource into the desired state."""
    to_set, to_remove = tag_changes(current, desired)
    if to_remove:
        client.delete_tags(Resources=[resource_id], Tags=[{"Key": key} for key in to_remove])
    if to_set:
        client.create_tags(Resources=[resource_id], Tags=ansible_dict_to_boto3_tag_list(to_set))
