# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS clusters: the API calls."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import (
    CLUSTER_PAUSE,
    ROLE_SETTLING_SECONDS,
    describe_cluster,
    health,
    in_use,
    role_settling,
    wait_for_update,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_data import (
    ENDPOINT_OPTIONS,
    encryption_request,
    logging_request,
    view,
    vpc_request,
)
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    error_message,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

NOTHING_TO_CHANGE = ("No changes", "already at the desired configuration")


@failing_to("list the Kubernetes versions of EKS")
@unthrottled
def list_versions(client: t.Any) -> list[str]:
    """Return the Kubernetes versions that EKS offers, newest first."""
    pages = client.get_paginator("describe_cluster_versions").paginate()
    found = [str(version["clusterVersion"]) for page in pages for version in page["clusterVersions"]]
    return sorted(found, key=lambda version: [int(part) for part in version.split(".")], reverse=True)


def require_offered_version(client: t.Any, version: str) -> None:
    """Stop before anything is made with a Kubernetes version that EKS does not have.

    :raises AnsibleAWSError: naming those that it has.
    """
    offered = list_versions(client)
    if version not in offered:
        raise AnsibleAWSError(
            message=f"version is {version!r}, which EKS does not offer in {client.meta.region_name}. "
            f"Choose one of {', '.join(offered)}."
        )


@failing_to("create the EKS cluster {request[name]}")
@unthrottled
def create_cluster(client: t.Any, request: Plain) -> Plain:
    """Create a cluster, waiting until EKS sees a role that was made just before."""
    return dict(retry_while(role_settling, lambda: client.create_cluster(**request), ROLE_SETTLING_SECONDS)["cluster"])


@failing_to("delete the EKS cluster {name}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_cluster(client: t.Any, name: str, timeout: float) -> None:
    """Delete a cluster as soon as no other change of it is running."""
    retry_while(in_use, lambda: client.delete_cluster(name=name), timeout)


def deletion_waiter(client: t.Any, name: str, status: str) -> Waiter[Plain | None]:
    """Return the waiter for a cluster that is being deleted.

    :param status: the one it had before; a cluster whose creation failed reads FAILED until its deletion shows.
    """
    return Waiter(
        goal=f"the EKS cluster {name} to be deleted",
        read=lambda: describe_cluster(client, name),
        ready=lambda cluster: cluster is None,
        failure=lambda cluster: health(cluster) if cluster and status != cluster["status"] == "FAILED" else None,
        progress=health,
        pause=CLUSTER_PAUSE,
    )


def settled(client: t.Any, options: Plain, check_mode: bool) -> Plain | None:
    """Return the cluster, after waiting for one that is being deleted to go."""
    cluster = describe_cluster(client, options["name"])
    if cluster is None:
        return None
    if cluster["status"] == "FAILED":
        raise AnsibleAWSError(
            message=f"The creation of the EKS cluster {options['name']} failed: {health(cluster)}. "
            "Remove the cause, delete the cluster (state=absent) and run the task again."
        )
    if cluster["status"] == "DELETING":
        if not check_mode:
            deletion_waiter(client, options["name"], "DELETING").wait(options["wait_timeout"])
        return None
    return view(cluster)


UpdateCall = t.Callable[[t.Any, str, Plain], t.Any]


def config_update(member: str, build: t.Callable[[Plain], t.Any]) -> UpdateCall:
    """Return the UpdateClusterConfig call for one category; EKS refuses two of them in one call."""
    return lambda client, name, values: client.update_cluster_config(name=name, **{member: build(values)})


# In the order that works (reference: EKS API, UpdateClusterConfig): who may enter first, protection last.
UPDATES: tuple[tuple[tuple[str, ...], UpdateCall], ...] = (
    (
        ("authentication_mode",),
        config_update("accessConfig", lambda values: {"authenticationMode": values["authentication_mode"]}),
    ),
    (ENDPOINT_OPTIONS, config_update("resourcesVpcConfig", vpc_request)),
    (("subnet_ids",), config_update("resourcesVpcConfig", vpc_request)),
    (("security_group_ids",), config_update("resourcesVpcConfig", vpc_request)),
    (("logging",), config_update("logging", lambda values: logging_request(values["logging"]))),
    (
        ("upgrade_policy",),
        config_update("upgradePolicy", lambda values: {"supportType": values["upgrade_policy"]}),
    ),
    (
        ("zonal_shift",),
        config_update("zonalShiftConfig", lambda values: {"enabled": values["zonal_shift"]}),
    ),
    (
        ("encryption_key_arn",),
        lambda client, name, values: client.associate_encryption_config(
            clusterName=name, encryptionConfig=encryption_request(values["encryption_key_arn"])
        ),
    ),
    (
        ("version",),
        lambda client, name, values: client.update_cluster_version(name=name, version=values["version"]),
    ),
    (
        ("deletion_protection",),
        config_update("deletionProtection", lambda values: values["deletion_protection"]),
    ),
)


@failing_to("update {fields} of the EKS cluster {name}")
@unthrottled
def start_update(client: t.Any, name: str, fields: str, call: t.Callable[[], t.Any], timeout: float) -> str | None:
    """Start one update and return its id, None when EKS says that there is nothing to change."""
    try:
        return str(retry_while(in_use, call, timeout)["update"]["id"])
    except SDK_ERRORS as error:
        if error_code(error) == "InvalidParameterException" and any(
            text in error_message(error) for text in NOTHING_TO_CHANGE
        ):
            return None
        raise


def update_cluster(client: t.Any, name: str, difference: Difference, wait: bool, timeout: float) -> None:
    """Make the changes one after the other; with wait false the last of them is only started."""
    steps = [(options, call) for options, call in UPDATES if difference.touches(*options)]
    for number, (options, call) in enumerate(steps, start=1):
        fields = ", ".join(option for option in options if difference.touches(option))
        request = functools.partial(call, client, name, difference.desired(*options))
        update_id = start_update(client, name, fields, request, timeout)
        if update_id is not None and (wait or number < len(steps)):
            wait_for_update(client, {"name": name, "updateId": update_id}, fields, timeout)
