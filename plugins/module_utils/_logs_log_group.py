# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch Logs log groups: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tag_changes


@failing_to("describe the log group {name}")
@unthrottled
def describe_group(client: t.Any, name: str) -> Plain | None:
    """Return the log group as CloudWatch describes it, None when there is none."""
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name):
        for group in page["logGroups"]:
            if group["logGroupName"] == name:
                found: Plain = group
                return found
    return None


@failing_to("read the tags of {arn}")
@unthrottled
def read_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags of a log group."""
    return dict(client.list_tags_for_resource(resourceArn=arn).get("tags", {}))


def read(client: t.Any, name: str) -> Plain | None:
    """Return the log group as the module returns and compares it, None when there is none."""
    group = describe_group(client, name)
    if group is None:
        return None
    # arn ends with :*, which the calls about tags refuse; older answers have no logGroupArn.
    arn = group["arn"].removesuffix(":*")
    return {
        "name": name,
        "arn": arn,
        "kms_key_arn": group.get("kmsKeyId", ""),
        "retention_in_days": group.get("retentionInDays", 0),
        "tags": read_tags(client, arn),
    }


def unknown_view(client: t.Any, name: str, kms_key_arn: str | None) -> Plain:
    """Return the predicted return values of a log group that does not exist, before the options are laid over them."""
    arn = predicted_arn(client, "logs", f"log-group:{name}", kms_key_arn)
    return {"name": name, "arn": arn, "kms_key_arn": "", "retention_in_days": 0, "tags": {}}


@failing_to("create the log group {name}")
@none_when("ResourceAlreadyExistsException")
@unthrottled
def create_group(client: t.Any, name: str, kms_key_arn: str, tags: t.Mapping[str, str]) -> None:
    """Create a log group; one that an AWS service has just made by itself is as good."""
    key = {"kmsKeyId": kms_key_arn} if kms_key_arn else {}
    client.create_log_group(logGroupName=name, **key, **({"tags": dict(tags)} if tags else {}))


@failing_to("set the retention of the log group {name}")
@unthrottled
def set_retention(client: t.Any, name: str, days: int) -> None:
    """Set the days that events are kept; 0 keeps them for ever."""
    if days:
        client.put_retention_policy(logGroupName=name, retentionInDays=days)
    else:
        client.delete_retention_policy(logGroupName=name)


@failing_to("set the KMS key of the log group {name}")
@unthrottled
def set_key(client: t.Any, name: str, kms_key_arn: str) -> None:
    """Set the key that encrypts events from now on; an empty one leaves it to CloudWatch."""
    if kms_key_arn:
        client.associate_kms_key(logGroupName=name, kmsKeyId=kms_key_arn)
    else:
        client.disassociate_kms_key(logGroupName=name)


@failing_to("tag {arn}")
@unthrottled
def set_tags(client: t.Any, arn: str, current: Tags, desired: Tags) -> None:
    """Set and remove tags."""
    to_set, to_remove = tag_changes(current, desired)
    if to_set:
        client.tag_resource(resourceArn=arn, tags=to_set)
    if to_remove:
        client.untag_resource(resourceArn=arn, tagKeys=to_remove)


def update_group(client: t.Any, current: Plain, difference: Difference) -> None:
    """Write what differs."""
    desired = difference.desired("kms_key_arn", "retention_in_days", "tags")
    if difference.touches("kms_key_arn"):
        set_key(client, current["name"], desired["kms_key_arn"])
    if difference.touches("retention_in_days"):
        set_retention(client, current["name"], desired["retention_in_days"])
    if difference.touches("tags"):
        set_tags(client, current["arn"], current["tags"], desired["tags"])


@failing_to("delete the log group {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_group(client: t.Any, name: str) -> None:
    """Delete a log group with all its events."""
    client.delete_log_group(logGroupName=name)
