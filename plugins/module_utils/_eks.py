# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the EKS modules share: reading a cluster, waiting for it, tags."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import tag_changes
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

CLUSTER_PAUSE = 1.5


@failing_to("describe the EKS cluster {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_cluster(client: t.Any, name: str) -> Plain:
    """Return the cluster as EKS describes it."""
    return dict(client.describe_cluster(name=name)["cluster"])


@failing_to("list the node groups of the EKS cluster {name}")
@unthrottled
def nodegroup_names(client: t.Any, name: str) -> list[str]:
    """Return the names of all managed node groups of a cluster."""
    pages = client.get_paginator("list_nodegroups").paginate(clusterName=name)
    return sorted(group for page in pages for group in page["nodegroups"])


@failing_to("list the Fargate profiles of the EKS cluster {name}")
@unthrottled
def fargate_profile_names(client: t.Any, name: str) -> list[str]:
    """Return the names of all Fargate profiles of a cluster."""
    pages = client.get_paginator("list_fargate_profiles").paginate(clusterName=name)
    return sorted(profile for page in pages for profile in page["fargateProfileNames"])


def health(resource: t.Mapping[str, t.Any] | None) -> str:
    """Return the status of a cluster or an add-on with the problems that EKS reports for it."""
    shown = resource or {"status": "not visible"}
    issues = (shown.get("health") or {}).get("issues") or []
    reasons = [f"{issue.get('code', 'Unknown')}: {issue.get('message', 'no message')}" for issue in issues]
    return " ".join([f"status {shown['status']}", *(f"({reason})" for reason in reasons)])


def wait_for_cluster(client: t.Any, name: str, timeout: float) -> Plain:
    """Return the cluster once EKS accepts changes to it. Only a creation that failed leaves it FAILED."""
    # Just after its creation, a cluster may not be visible yet.
    return Waiter[Plain](
        goal=f"the EKS cluster {name} to become ACTIVE",
        read=lambda: describe_cluster(client, name) or {"status": "not visible"},
        ready=lambda cluster: cluster["status"] == "ACTIVE",
        failure=lambda cluster: health(cluster) if cluster["status"] in ("FAILED", "DELETING") else None,
        progress=health,
        pause=CLUSTER_PAUSE,
    ).wait(timeout)


def active_cluster(client: t.Any, name: str, timeout: float) -> Plain:
    """Return the cluster that something is to be made in, after waiting until EKS accepts changes to it.

    :raises AnsibleAWSError: when there is no such cluster or it does not become ACTIVE.
    """
    cluster = describe_cluster(client, name)
    if cluster is None:
        raise AnsibleAWSError(
            message=f"cluster_name is {name!r}, but there is no such EKS cluster in {client.meta.region_name}. "
            "Create it first with supastack.aws.eks_cluster, or correct cluster_name or region."
        )
    return cluster if cluster["status"] == "ACTIVE" else wait_for_cluster(client, name, timeout)


@failing_to("describe the update {request[updateId]} of the EKS cluster {request[name]}")
@unthrottled
def describe_update(client: t.Any, request: t.Mapping[str, str]) -> Plain:
    """Return an update of a cluster or of one of its add-ons."""
    return dict(client.describe_update(**request)["update"])


def wait_for_update(client: t.Any, request: t.Mapping[str, str], subject: str, timeout: float) -> None:
    """Wait until an update is done. The status of the cluster or add-on itself may still read ACTIVE while one runs.

    :param request: the DescribeUpdate request.
    :param subject: what is updated, for messages.
    """

    def failure(update: Plain) -> str | None:
        if update["status"] not in ("Failed", "Cancelled"):
            return None
        errors = [f"{error.get('errorCode')}: {error.get('errorMessage')}" for error in update.get("errors", [])]
        return f"EKS reports {update['status']}. {' '.join(errors)}".strip()

    Waiter[Plain](
        goal=f"the update of {subject} in the EKS cluster {request['name']}",
        read=lambda: describe_update(client, request),
        ready=lambda update: update["status"] == "Successful",
        failure=failure,
        progress=lambda update: f"status {update['status']}",
        pause=CLUSTER_PAUSE,
    ).wait(timeout)


@failing_to("tag {arn}")
@unthrottled
def tag_resource(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    """Add or overwrite tags."""
    client.tag_resource(resourceArn=arn, tags=tags)


@failing_to("untag {arn}")
@unthrottled
def untag_resource(client: t.Any, arn: str, keys: list[str]) -> None:
    """Remove tags."""
    client.untag_resource(resourceArn=arn, tagKeys=keys)


def update_tags(client: t.Any, arn: str, current: Plain, difference: Difference) -> None:
    """Bring the tags of an existing EKS resource into the desired state."""
    if not difference.touches("tags"):
        return
    to_set, to_remove = tag_changes(current["tags"], difference.desired("tags")["tags"])
    if to_remove:
        untag_resource(client, arn, to_remove)
    if to_set:
        tag_resource(client, arn, to_set)


# What will not end by waiting: node groups, Fargate profiles and associations that are there.
LASTING_USE = ("attached", "already exists", "Fargate Profiles in")


def in_use(error: Exception) -> bool:
    """Tell that another change of the same resource is still running."""
    lasting = any(text in error_message(error) for text in LASTING_USE)
    return error_code(error) == "ResourceInUseException" and not lasting


def role_settling(error: Exception) -> bool:
    """Tell that IAM has not shown a new role to EKS yet (texts as Terraform's AWS provider knows them)."""
    texts = (
        "Error in role params",
        "trusted entity is not correct",
        "doesn't have the Amazon EKS Managed Policies",
        "IAM role's policy must include",
        "invalid principal",
    )
    code, message = error_code(error), error_message(error)
    # Without the role, "does not exist" is about a subnet or a key, which will not come by waiting.
    missing_role = "role" in message.lower() and "does not exist" in message
    return code == "ResourcePropagationDelayException" or (
        code == "InvalidParameterException" and (missing_role or any(text in message for text in texts))
    )


# IAM is global and shows a new role everywhere within a minute; this is twice that.
ROLE_SETTLING_SECONDS = 120
