# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS node groups: the API calls, and what they are asked."""

from __future__ import annotations

import functools
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import (
    ROLE_SETTLING_SECONDS,
    health,
    in_use,
    role_settling,
    wait_for_update,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_nodegroup_data import (
    DEFAULT_UPDATE_CONFIG,
    SIZES,
    UPDATE_MEMBERS,
    Given,
    given,
    view,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_part import Part
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_message, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import tag_changes

# Nothing usable was made, or it could not be removed: such a node group is removed and made again.
BROKEN = ("CREATE_FAILED", "DELETE_FAILED")
UNDER_WAY = ("CREATING", "UPDATING")
SETTLED = ("ACTIVE", "DEGRADED")
# EKS does nothing more by itself.
HOPELESS = ("DEGRADED", "DELETING", *BROKEN)
CONFIG = ("labels", "taints", "scaling", "update_config", "node_repair_config")
VERSION = ("version", "release_version", "launch_template")


def filled(members: Given) -> Plain:
    """Return the members that have a value."""
    return {member: value for member, value in members.items() if value not in (None, {}, [])}


def members_of(names: Given, values: Given | None) -> Plain:
    """Return the values that are set under their names in the API."""
    return {names[name]: value for name, value in given(values).items()}


def update_config_request(desired: Given | None, current: Given) -> Plain:
    """Return the updateConfig member, without a strategy that is the default one and stays so.

    Older versions of botocore do not know the strategy.
    """
    members = members_of(UPDATE_MEMBERS, desired)
    if members.get("updateStrategy") == current["update_strategy"] == "DEFAULT":
        del members["updateStrategy"]
    return members


def create_request(options: Plain, desired: Given) -> Plain:
    """Return the CreateNodegroup request."""
    members = {
        "nodeRole": desired["node_role_arn"],
        "subnets": desired["subnet_ids"],
        "scalingConfig": members_of(SIZES, desired.get("scaling")),
        "capacityType": desired.get("capacity_type"),
        "instanceTypes": desired.get("instance_types"),
        "amiType": desired.get("ami_type"),
        "diskSize": desired.get("disk_size"),
        "labels": desired.get("labels"),
        "taints": desired.get("taints"),
        "updateConfig": update_config_request(desired.get("update_config"), DEFAULT_UPDATE_CONFIG),
        "nodeRepairConfig": desired.get("node_repair_config"),
        "launchTemplate": given(options["launch_template"]),
        "version": options["version"],
        "releaseVersion": options["release_version"] or None,
        "tags": desired.get("tags"),
    }
    place = {"clusterName": options["cluster_name"], "nodegroupName": options["name"]}
    return {**place, **filled(members)}


def config_request(current: Plain, difference: Difference) -> Plain:
    """Return the members of UpdateNodegroupConfig for what differs."""
    desired, members = difference.desired(*(name for name in CONFIG if difference.touches(name))), {}
    if "labels" in desired:
        to_set, to_remove = tag_changes(current["labels"], desired["labels"])
        members["labels"] = filled({"addOrUpdateLabels": to_set, "removeLabels": to_remove})
    if "taints" in desired:
        members["taints"] = taint_changes(current["taints"], desired["taints"])
    if "scaling" in desired:
        # The desired size as EKS last showed it may be older than the one that an autoscaler has set.
        changed = {name: size for name, size in desired["scaling"].items() if size != current["scaling"][name]}
        members["scalingConfig"] = members_of(SIZES, changed)
    if "update_config" in desired:
        members["updateConfig"] = update_config_request(desired["update_config"], current["update_config"])
    if "node_repair_config" in desired:
        members["nodeRepairConfig"] = desired["node_repair_config"]
    return members


def taint_changes(current: t.Sequence[Given], desired: t.Sequence[Given]) -> Plain:
    """Return the taints to set and those to remove. Another value of the same key and effect is set, not removed."""
    kept = {(taint["key"], taint["effect"]) for taint in desired}
    return filled(
        {
            "addOrUpdateTaints": [taint for taint in desired if taint not in current],
            "removeTaints": [taint for taint in current if (taint["key"], taint["effect"]) not in kept],
        }
    )


def version_request(options: Plain, current: Plain, difference: Difference) -> Plain:
    """Return the members of UpdateNodegroupVersion.

    The version is always among them, because EKS would move a group with a launch template to the control plane's;
    except with an AMI of the user's, with which EKS takes none.
    """
    desired = difference.desired(*(name for name in VERSION if difference.touches(name)))
    kept = None if current["ami_type"] == "CUSTOM" else current["version"]
    template = desired.get("launch_template")
    return filled(
        {
            "version": desired.get("version", kept),
            "releaseVersion": options["release_version"] or None,
            "launchTemplate": template and {"id": template["id"], "version": template["version"]},
            "force": options["force_update"] or None,
        }
    )


@failing_to("describe the node group {name} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_nodegroup(client: t.Any, cluster_name: str, name: str) -> Plain:
    """Return the node group as EKS describes it; None also when the cluster does not exist."""
    return dict(client.describe_nodegroup(clusterName=cluster_name, nodegroupName=name)["nodegroup"])


def unseen_role(error: Exception) -> bool:
    """Tell that IAM has not shown a new role to EKS yet, which for node roles EKS also reports in IAM's words."""
    message = error_message(error)
    return role_settling(error) or ("The role with name" in message and "cannot be found" in message)


@failing_to("create the node group {request[nodegroupName]} of the EKS cluster {request[clusterName]}")
@unthrottled
def create_nodegroup(client: t.Any, request: Plain, timeout: float) -> Plain:
    """Create a node group, waiting until EKS sees a role that was made just before and no change stands in the way."""

    def call() -> Plain:
        return dict(retry_while(unseen_role, lambda: client.create_nodegroup(**request), ROLE_SETTLING_SECONDS))

    return dict(retry_while(in_use, call, timeout)["nodegroup"])


@failing_to("update {fields} of the node group {options[name]} of the EKS cluster {options[cluster_name]} ({state})")
@unthrottled
def start_update(options: Plain, fields: str, state: str, call: t.Callable[[], t.Any], timeout: float) -> str:
    """Start one update and return its id."""
    return str(retry_while(in_use, call, timeout)["update"]["id"])


def update_nodegroup(client: t.Any, options: Plain, current: Plain, difference: Difference) -> None:
    """Make the changes one after the other; with wait false the last of them is only started."""
    place = {"clusterName": options["cluster_name"], "nodegroupName": options["name"]}
    state = health({"status": current["status"], "health": {"issues": current["health_issues"]}})
    # EKS refuses updates of an unhealthy group with the same error as those of a busy one, which passes by itself.
    timeout = 0 if current["status"] == "DEGRADED" else options["wait_timeout"]
    steps: list[tuple[tuple[str, ...], t.Callable[[], t.Any]]] = []
    if difference.touches(*CONFIG):
        request = config_request(current, difference)
        steps.append((CONFIG, functools.partial(client.update_nodegroup_config, **place, **request)))
    if difference.touches(*VERSION):
        request = version_request(options, current, difference)
        steps.append((VERSION, functools.partial(client.update_nodegroup_version, **place, **request)))
    for number, (names, call) in enumerate(steps, start=1):
        fields = ", ".join(name for name in names if difference.touches(name))
        update_id = start_update(options, fields, state, call, timeout)
        if options["wait"] or number < len(steps):
            query = {"name": place["clusterName"], "nodegroupName": place["nodegroupName"], "updateId": update_id}
            wait_for_update(client, query, f"the node group {options['name']}", options["wait_timeout"])


@failing_to("delete the node group {options[name]} of the EKS cluster {options[cluster_name]}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_nodegroup(client: t.Any, options: Plain) -> None:
    """Delete a node group as soon as no other change of it is running. EKS drains its nodes first."""
    place = {"clusterName": options["cluster_name"], "nodegroupName": options["name"]}
    retry_while(in_use, lambda: client.delete_nodegroup(**place), options["wait_timeout"])


NODEGROUP = Part(
    noun="node group",
    describe=describe_nodegroup,
    view=lambda _client, nodegroup: view(nodegroup),
    delete=delete_nodegroup,
    failed=HOPELESS,
    pause=5.0,
)
