# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of an IAM managed policy to its end: off everybody who has it, then its versions, then itself."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._iam_managed_policy import (
    SETTLING_SECONDS,
    delete_version,
    old_versions,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled

# A kind of entity and its name, such as ("role", "production-eks").
Entity = tuple[str, str]

# The kinds of entities: where ListEntitiesForPolicy has them, and where it has their names.
KINDS = {
    "role": ("PolicyRoles", "RoleName"),
    "user": ("PolicyUsers", "UserName"),
    "group": ("PolicyGroups", "GroupName"),
}
PERMISSIONS = "PermissionsPolicy"
BOUNDARY = "PermissionsBoundary"


@failing_to("list who has the policy {arn}")
@none_when("NoSuchEntity")
@unthrottled
def entities_of(client: t.Any, arn: str, usage: str) -> list[Entity]:
    """Return who has a policy.

    :param usage: PERMISSIONS for those it is attached to, BOUNDARY for those whose permissions it bounds.
    """
    pages = client.get_paginator("list_entities_for_policy").paginate(PolicyArn=arn, PolicyUsageFilter=usage)
    return [
        (kind, entity[name])
        for page in pages
        for kind, (member, name) in KINDS.items()
        for entity in page.get(member, [])
    ]


def named(entities: t.Iterable[Entity]) -> str:
    """Return entities as part of a sentence."""
    return ", ".join(f"the {kind} {name}" for kind, name in sorted(entities))


@failing_to("detach the policy {arn} from the {kind} {name}")
@none_when("NoSuchEntity")
@unthrottled
def detach(client: t.Any, arn: str, kind: str, name: str) -> None:
    """Take a policy off one entity."""
    if kind == "role":
        client.detach_role_policy(RoleName=name, PolicyArn=arn)
    elif kind == "user":
        client.detach_user_policy(UserName=name, PolicyArn=arn)
    else:
        client.detach_group_policy(GroupName=name, PolicyArn=arn)


@failing_to("delete the policy {arn}")
@none_when("NoSuchEntity")
@unthrottled
def delete_unused(client: t.Any, arn: str) -> None:
    """Delete a policy that nobody has, waiting while IAM does not know yet that it was detached."""
    retry_while(
        lambda error: error_code(error) == "DeleteConflict",
        lambda: client.delete_policy(PolicyArn=arn),
        SETTLING_SECONDS,
    )


def delete_policy(client: t.Any, arn: str, detaching: bool) -> None:
    """Delete a policy with all its versions.

    :param detaching: whether it may be taken off those who have it.
    :raises AnsibleAWSError: naming them when it may not, or when it bounds their permissions.
    """
    bounded = entities_of(client, arn, BOUNDARY)
    if bounded:
        raise AnsibleAWSError(
            message=f"The policy {arn} is the permissions boundary of {named(bounded)}. "
            "Give them another boundary, or none, before the policy is deleted."
        )
    attached = entities_of(client, arn, PERMISSIONS) or []
    if attached and not detaching:
        raise AnsibleAWSError(
            message=f"The policy {arn} is attached to {named(attached)}. "
            "Detach it there first, or set detach to true to have that done here."
        )
    for kind, name in attached:
        detach(client, arn, kind, name)
    for version in old_versions(client, arn) or []:
        delete_version(client, arn, version)
    delete_unused(client, arn)
