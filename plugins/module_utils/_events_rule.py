# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge rules and their targets: the API calls."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._events_rule_data import rule_request, target_request, view
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tag_changes, tags_of

R = t.TypeVar("R")
T = t.TypeVar("T")

# PutTargets and RemoveTargets take so many at once (EventBridge API reference).
MOST_AT_ONCE = 10
# Quota of a rule (EventBridge user guide, quotas).
MOST_TARGETS = 5
CONCURRENT_SECONDS = 60
PAUSE = 2.0


def alone(call: t.Callable[[], R]) -> R:
    """Return what a write returns, repeating it while EventBridge is still at another one on the same rule."""
    return retry_while(
        lambda error: error_code(error) == "ConcurrentModificationException", call, CONCURRENT_SECONDS, PAUSE
    )


@failing_to("describe the rule {name} of the event bus {bus}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_rule(client: t.Any, name: str, bus: str) -> Plain:
    """Return the rule as EventBridge describes it, None when there is no such rule, or no such event bus."""
    return dict(client.describe_rule(Name=name, EventBusName=bus))


@failing_to("list the targets of the rule {name}")
@unthrottled
def list_targets(client: t.Any, name: str, bus: str) -> list[Plain]:
    """Return the targets of a rule as EventBridge lists them."""
    pages = client.get_paginator("list_targets_by_rule").paginate(Rule=name, EventBusName=bus)
    return [target for page in pages for target in page.get("Targets", [])]


@failing_to("read the tags of {arn}")
@unthrottled
def read_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags of a rule."""
    return tags_of(client.list_tags_for_resource(ResourceARN=arn))


def read(client: t.Any, name: str, bus: str) -> Plain | None:
    """Return the rule as the module returns and compares it, None when there is none.

    :raises AnsibleAWSError: when the rule belongs to an AWS service.
    """
    rule = describe_rule(client, name, bus)
    if rule is None:
        return None
    if rule.get("ManagedBy"):
        raise AnsibleAWSError(
            message=f"name is {name!r}, but this rule is managed by {rule['ManagedBy']}, which alone may change it. "
            "Choose another name, or change it through that service."
        )
    return view(rule, list_targets(client, name, bus), read_tags(client, rule["Arn"]))


@failing_to("write the rule {name}")
@unthrottled
def put_rule(client: t.Any, name: str, bus: str, rule: Plain, tags: t.Mapping[str, str] | None = None) -> None:
    """Create a rule, or replace all of it but its targets and tags.

    :param tags: of a new rule; EventBridge ignores them for one that exists.
    """
    request = {"Name": name, "EventBusName": bus, **rule_request(rule)}
    if tags:
        request["Tags"] = ansible_dict_to_boto3_tag_list(dict(tags))
    alone(lambda: client.put_rule(**request))


@failing_to("write the targets of the rule {name}")
@unthrottled
def put_targets(client: t.Any, name: str, bus: str, targets: list[Plain]) -> None:
    """Add targets, and replace those whose id is there already: ten at most.

    :raises AnsibleAWSError: with what EventBridge says of each target that it refuses.
    """
    request = {"Rule": name, "EventBusName": bus, "Targets": [target_request(target) for target in targets]}
    answer = alone(lambda: client.put_targets(**request))
    refuse_failures(f"write the targets of the rule {name}", answer)


@failing_to("remove the targets of the rule {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def remove_targets(client: t.Any, name: str, bus: str, ids: list[str]) -> None:
    """Take targets away from a rule: ten at most.

    :raises AnsibleAWSError: with what EventBridge says of each target that it keeps.
    """
    answer = alone(lambda: client.remove_targets(Rule=name, EventBusName=bus, Ids=ids))
    refuse_failures(f"remove the targets of the rule {name}", answer)


def refuse_failures(action: str, answer: Plain) -> None:
    """Stop when EventBridge did only a part of what it was asked for, which is no error to the SDK."""
    if answer["FailedEntryCount"]:
        entries = answer["FailedEntries"]
        reasons = [
            f"{entry.get('TargetId')}: {entry.get('ErrorCode')}, {entry.get('ErrorMessage')}" for entry in entries
        ]
        raise AnsibleAWSError(message=f"Failed to {action}: {'; '.join(reasons)}")


def replace_targets(client: t.Any, name: str, bus: str, current: list[Plain], wanted: list[Plain]) -> None:
    """Bring the targets of a rule into the wanted state.

    What goes away goes last, so that no event is lost between a target and the one that takes its place under another
    id, unless the quota leaves no room for both.
    """
    found = {target["id"]: target for target in current}
    written = [target for target in wanted if found.get(target["id"]) != target]
    gone = sorted(set(found) - {target["id"] for target in wanted})
    crowded = len(set(found) | {target["id"] for target in wanted}) > MOST_TARGETS
    if crowded:
        remove_all(client, name, bus, gone)
    for some in portions(written):
        put_targets(client, name, bus, some)
    if not crowded:
        remove_all(client, name, bus, gone)


def remove_all(client: t.Any, name: str, bus: str, ids: list[str]) -> None:
    """Take targets away from a rule, however many."""
    for some in portions(ids):
        remove_targets(client, name, bus, some)


def portions(things: list[T]) -> t.Iterator[list[T]]:
    """Yield as many as one call takes."""
    for start in range(0, len(things), MOST_AT_ONCE):
        yield things[start : start + MOST_AT_ONCE]


@failing_to("tag {arn}")
@unthrottled
def set_tags(client: t.Any, arn: str, current: Tags, desired: Tags) -> None:
    """Set and remove tags."""
    to_set, to_remove = tag_changes(current, desired)
    if to_set:
        alone(lambda: client.tag_resource(ResourceARN=arn, Tags=ansible_dict_to_boto3_tag_list(to_set)))
    if to_remove:
        alone(lambda: client.untag_resource(ResourceARN=arn, TagKeys=to_remove))


def update_rule(client: t.Any, bus: str, current: Plain, difference: Difference) -> None:
    """Write what differs."""
    name = current["name"]
    if difference.touches("event_pattern", "schedule_expression", "state", "description", "role_arn"):
        put_rule(client, name, bus, difference.prediction({}))
    if difference.touches("targets"):
        replace_targets(client, name, bus, current["targets"], difference.desired("targets")["targets"])
    if difference.touches("tags"):
        set_tags(client, current["arn"], current["tags"], difference.desired("tags")["tags"])


@failing_to("delete the rule {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_rule(client: t.Any, name: str, bus: str) -> None:
    """Delete a rule, which may have no targets any more."""
    alone(lambda: client.delete_rule(Name=name, EventBusName=bus))
