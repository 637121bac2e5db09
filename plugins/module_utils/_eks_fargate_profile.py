# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS Fargate profiles: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import (
    ROLE_SETTLING_SECONDS,
    in_use,
    role_settling,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_part import Part
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, placeholder, predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import own_tags

PAUSE = 1.5
# As EKS names it when it refuses one.
RESERVED_PREFIX = "eks-"
MOST_SELECTORS = 5


def check_options(options: Plain) -> None:
    """Stop when EKS could not make such a profile, before it is asked for anything.

    :raises AnsibleAWSError: naming option, value and what to do.
    """
    if options["name"].startswith(RESERVED_PREFIX):
        raise AnsibleAWSError(
            message=f"name is {options['name']!r}, but EKS keeps names that begin with {RESERVED_PREFIX} for itself. "
            "Choose another name."
        )
    check_arn("pod_execution_role_arn", options["pod_execution_role_arn"], ROLE)
    if options["subnet_ids"] == []:
        raise AnsibleAWSError(
            message="subnet_ids is [], but a profile needs a private subnet. Name one, or leave the option out."
        )
    count = len(normal_selectors(options["selectors"] or []))
    if options["state"] == "present" and not 1 <= count <= MOST_SELECTORS:
        raise AnsibleAWSError(
            message=f"selectors has {count} entries, but a profile has 1 to {MOST_SELECTORS}. "
            "Use wildcards in them, or spread them over several profiles."
        )


def normal_selectors(selectors: t.Iterable[t.Mapping[str, t.Any]]) -> list[Plain]:
    """Return selectors in the form in which they are compared; neither their order nor a repetition matters."""
    texts = {
        json.dumps(
            {
                "namespace": selector["namespace"],
                "labels": {key: str(value) for key, value in (selector.get("labels") or {}).items()},
            },
            sort_keys=True,
        )
        for selector in selectors
    }
    return [json.loads(text) for text in sorted(texts)]


def view(profile: t.Mapping[str, t.Any]) -> Plain:
    """Return a described profile as the module returns and compares it."""
    return {
        "name": profile["fargateProfileName"],
        "cluster_name": profile["clusterName"],
        "arn": profile.get("fargateProfileArn"),
        "status": profile["status"],
        "health_issues": list(profile.get("health", {}).get("issues", [])),
        "pod_execution_role_arn": profile.get("podExecutionRoleArn"),
        "subnet_ids": sorted(profile.get("subnets", [])),
        "selectors": normal_selectors(profile.get("selectors", [])),
        "tags": dict(profile.get("tags", {})),
    }


def unknown_view(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of a profile that does not exist."""
    resource = f"fargateprofile/{options['cluster_name']}/{options['name']}/{UNKNOWN}"
    return {
        "name": options["name"],
        "cluster_name": options["cluster_name"],
        "arn": predicted_arn(client, "eks", resource, options["pod_execution_role_arn"]),
        "status": UNKNOWN,
        "health_issues": [],
        "subnet_ids": [placeholder("subnet")],
        "tags": {},
    }


def waits_its_turn(error: Exception) -> bool:
    """Tell that EKS makes or deletes another profile of the cluster, or updates the cluster, and takes no other change.

    Its texts, as they were reported: "Cannot create Fargate Profile a because cluster b currently has Fargate profile
    c in status CREATING", "Cannot Delete Fargate Profile a because cluster b currently has an update in progress".
    """
    return in_use(error) or (error_code(error) == "InvalidRequestException" and "currently has" in error_message(error))


def execution_role_settling(error: Exception) -> bool:
    """Tell that IAM has not shown a new pod execution role to EKS yet (text as Terraform's AWS provider knows it)."""
    return role_settling(error) or "Misconfigured PodExecutionRole Trust Policy" in error_message(error)


@failing_to("describe the Fargate profile {name} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_profile(client: t.Any, cluster_name: str, name: str) -> Plain:
    """Return the profile as EKS describes it; None also when the cluster does not exist."""
    answer = client.describe_fargate_profile(clusterName=cluster_name, fargateProfileName=name)
    return dict(answer["fargateProfile"])


@failing_to("create the Fargate profile {options[name]} of the EKS cluster {options[cluster_name]}")
@unthrottled
def create_profile(client: t.Any, options: Plain, values: t.Mapping[str, t.Any]) -> Plain:
    """Create a profile, waiting for its turn, and until EKS sees a role that was made just before."""
    members = {
        "clusterName": options["cluster_name"],
        "fargateProfileName": options["name"],
        "podExecutionRoleArn": values.get("pod_execution_role_arn"),
        "subnets": values.get("subnet_ids"),
        "selectors": values["selectors"],
        # EKS refuses tags of AWS, which a failed profile that is made again may have.
        "tags": own_tags(values.get("tags", {})),
    }
    request = {member: value for member, value in members.items() if value}

    def create() -> Plain:
        call = retry_while(
            execution_role_settling, lambda: client.create_fargate_profile(**request), ROLE_SETTLING_SECONDS
        )
        return dict(call["fargateProfile"])

    return retry_while(waits_its_turn, create, options["wait_timeout"], PAUSE)


@failing_to("delete the Fargate profile {options[name]} of the EKS cluster {options[cluster_name]}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_profile(client: t.Any, options: Plain) -> None:
    """Delete a profile with the pods that it runs, waiting for its turn."""
    members = {"clusterName": options["cluster_name"], "fargateProfileName": options["name"]}
    retry_while(waits_its_turn, lambda: client.delete_fargate_profile(**members), options["wait_timeout"], PAUSE)


PROFILE = Part(
    noun="Fargate profile",
    describe=describe_profile,
    view=lambda _client, profile: view(profile),
    delete=delete_profile,
    failed=("CREATE_FAILED", "DELETE_FAILED"),
    pause=PAUSE,
)
