# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS node groups as plain data: what EKS reports, what is wanted, what check mode predicts."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import (
    UNKNOWN,
    is_unknown,
    placeholder,
    predicted_arn,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags

Given = t.Mapping[str, t.Any]

IMMUTABLE = ("node_role_arn", "subnet_ids", "instance_types", "ami_type", "disk_size", "capacity_type")
REPLACE = "Make a second node group, let the pods move to it, and delete this one (state=absent) afterwards."
SIZES = {"min_size": "minSize", "max_size": "maxSize", "desired_size": "desiredSize"}
UPDATE_MEMBERS = {
    "max_unavailable": "maxUnavailable",
    "max_unavailable_percentage": "maxUnavailablePercentage",
    "update_strategy": "updateStrategy",
}
# What EKS gives a node group for which nothing is asked.
DEFAULT_SCALING = {"min_size": 1, "max_size": 2, "desired_size": 2}
DEFAULT_UPDATE_CONFIG = {"max_unavailable": 1, "max_unavailable_percentage": None, "update_strategy": "DEFAULT"}


def view(nodegroup: Given) -> Plain:
    """Return a described node group as the module returns and compares it."""
    template, groups = nodegroup.get("launchTemplate"), nodegroup.get("resources", {}).get("autoScalingGroups", [])
    update = {name: nodegroup.get("updateConfig", {}).get(member) for name, member in UPDATE_MEMBERS.items()}
    return {
        "name": nodegroup["nodegroupName"],
        "cluster_name": nodegroup["clusterName"],
        "arn": nodegroup.get("nodegroupArn"),
        "status": nodegroup["status"],
        "health_issues": list(nodegroup.get("health", {}).get("issues", [])),
        "version": nodegroup.get("version"),
        "release_version": nodegroup.get("releaseVersion"),
        "node_role_arn": nodegroup.get("nodeRole"),
        "subnet_ids": sorted(nodegroup.get("subnets", [])),
        "scaling": {name: nodegroup.get("scalingConfig", {}).get(member) for name, member in SIZES.items()},
        "capacity_type": nodegroup.get("capacityType"),
        "instance_types": list(nodegroup.get("instanceTypes") or []),
        "ami_type": nodegroup.get("amiType"),
        "disk_size": nodegroup.get("diskSize"),
        "labels": dict(nodegroup.get("labels") or {}),
        "taints": ordered_taints(nodegroup.get("taints") or []),
        "update_config": {**update, "update_strategy": update["update_strategy"] or "DEFAULT"},
        "node_repair_config": {"enabled": bool(nodegroup.get("nodeRepairConfig", {}).get("enabled"))},
        "launch_template": {name: template.get(name) for name in ("id", "name", "version")} if template else None,
        "auto_scaling_groups": [group["name"] for group in groups],
        "tags": dict(nodegroup.get("tags", {})),
    }


def unknown_view(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of a node group that does not exist, before the options are laid over them."""
    name, cluster_name, template = options["name"], options["cluster_name"], options["launch_template"]
    disk_size = 50 if str(options["ami_type"]).startswith("WINDOWS") else 20
    resource = f"nodegroup/{cluster_name}/{name}/{UNKNOWN}"
    return {
        "name": name,
        "cluster_name": cluster_name,
        "arn": predicted_arn(client, "eks", resource, options["node_role_arn"]),
        "status": UNKNOWN,
        "health_issues": [],
        "version": placeholder("version"),
        "release_version": placeholder("release-version"),
        "scaling": dict(DEFAULT_SCALING),
        "capacity_type": "ON_DEMAND",
        "instance_types": [placeholder("instance-type")] if template else ["t3.medium"],
        # EKS chooses it by the instance types.
        "ami_type": placeholder("ami-type"),
        "disk_size": None if template else disk_size,
        "labels": {},
        "taints": [],
        "update_config": dict(DEFAULT_UPDATE_CONFIG),
        "node_repair_config": {"enabled": False},
        "launch_template": None,
        "auto_scaling_groups": [placeholder("auto-scaling-group")],
        "tags": {},
    }


def ordered_taints(taints: t.Iterable[Given]) -> list[Plain]:
    """Return taints without duplicates, in the order and with the values by which they are compared."""
    found = {(taint["key"], taint["effect"], taint.get("value") or "") for taint in taints}
    return [{"key": key, "value": value, "effect": effect} for key, effect, value in sorted(found)]


def given(options: Given | None) -> Plain:
    """Return the suboptions that are set."""
    return {name: value for name, value in (options or {}).items() if value is not None}


def desired_scaling(wanted: Given | None, current: Given | None) -> Plain | None:
    """Return the sizes to reach. The desired size belongs to autoscalers: it only moves when the bounds push it.

    :raises AnsibleAWSError: when the sizes contradict each other.
    """
    if wanted is None:
        return None
    # A new group starts as small as it may be.
    sizes = {**(current or {**DEFAULT_SCALING, "desired_size": 0}), **given(wanted)}
    low, high = sizes["min_size"], sizes["max_size"]
    if wanted["desired_size"] is None:
        sizes["desired_size"] = min(max(sizes["desired_size"], low), high)
    if not low <= sizes["desired_size"] <= high:
        asked = ", ".join(f"{name} {sizes[name]}" for name in SIZES)
        raise AnsibleAWSError(
            message=f"scaling leads to {asked}, but EKS needs min_size <= desired_size <= max_size. Correct scaling."
        )
    return sizes


def desired_update_config(wanted: Given | None, current: Given | None) -> Plain | None:
    """Return the update configuration to reach, in which a number and a percentage replace each other."""
    if wanted is None:
        return None
    asked, kept = given(wanted), dict(current or DEFAULT_UPDATE_CONFIG)
    if "max_unavailable" in asked or "max_unavailable_percentage" in asked:
        kept.update(max_unavailable=None, max_unavailable_percentage=None)
    return {**kept, **asked}


def desired_template(wanted: Given | None, current: Given | None) -> Plain | None:
    """Return the launch template to reach; of a new node group's, EKS tells what is not given."""
    if wanted is None:
        return None
    if current is None:
        unknown = {"id": placeholder("lt"), "name": placeholder("launch-template"), "version": placeholder("version")}
        return {**unknown, **given(wanted)}
    return {**(current["launch_template"] or {}), **given(wanted)}


def label_text(value: t.Any) -> str:
    """Return a label's value as Kubernetes users write it, booleans in lower case."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def minor_version(release: str | None) -> str | None:
    """Return the Kubernetes version of an AMI release such as 1.35.2-20261112; the ID of an AMI tells none."""
    found = re.match(r"(1\.\d{2})[.-]", release or "")
    return found[1] if found else None


def desired_from(options: Plain, current: Plain | None) -> Plain:
    """Return the values that the options ask for, in the form of the described node group."""
    present, labels, taints = current or {}, options["labels"], options["taints"]
    desired: Plain = {
        "node_role_arn": options["node_role_arn"],
        "subnet_ids": sorted(set(options["subnet_ids"])),
        "scaling": desired_scaling(options["scaling"], present.get("scaling")),
        "capacity_type": options["capacity_type"],
        # In the order in which EKS tries them; there is always one.
        "instance_types": options["instance_types"] or None,
        "ami_type": options["ami_type"],
        "disk_size": options["disk_size"],
        "labels": None if labels is None else {key: label_text(value) for key, value in labels.items()},
        "taints": None if taints is None else ordered_taints(taints),
        "update_config": desired_update_config(options["update_config"], present.get("update_config")),
        "node_repair_config": options["node_repair_config"],
        "launch_template": desired_template(options["launch_template"], current),
        "version": options["version"] or minor_version(options["release_version"]),
        "release_version": options["release_version"] or None,
        "tags": desired_tags(present.get("tags"), options["tags"], options["purge_tags"]),
    }
    moves = any(desired[name] not in (None, present.get(name)) for name in ("version", "launch_template"))
    if current and moves and desired["release_version"] is None:
        # New nodes get the newest release.
        desired["release_version"] = placeholder("release-version")
    return desired


def compare(current: Plain | None, options: Plain) -> Difference:
    """Return the difference, refusing what EKS cannot do.

    :raises AnsibleAWSError: naming field, current value, wanted value and what to do.
    """
    difference = Difference(current, desired_from(options, current))
    for name in IMMUTABLE:
        difference.refuse_change(name, REPLACE)
    if current and difference.touches("launch_template"):
        wanted, present = difference.desired("launch_template")["launch_template"], current["launch_template"] or {}
        if any(wanted.get(name) != present.get(name) for name in ("id", "name")):
            difference.refuse_change("launch_template", f"Of a launch template only the version can change. {REPLACE}")
    for name in ("version", "release_version"):
        wanted = numbers(difference.desired(name).get(name))
        if current and wanted and wanted < numbers(current[name]):
            difference.refuse_change(name, "EKS never takes nodes back to an earlier version. Ask for the current one.")
    return difference


def numbers(version: str | None) -> list[int]:
    """Return the numbers of a version by which it is ordered, none for one of another form."""
    if not re.fullmatch(r"\d+(\.\d+)+(-\d{8})?", version or ""):
        return []
    return [int(part) for part in re.findall(r"\d+", version or "")]


def check_control_plane(cluster: Given | None, version: str | None, creates: bool, check_mode: bool) -> None:
    """Stop on a Kubernetes version that EKS does not give to nodes of this cluster.

    :param cluster: None when it does not exist, which only check mode gets past.
    :param check_mode: the play may have predicted an upgrade of the control plane, by one minor version, before.
    :raises AnsibleAWSError: naming both versions and what to do.
    """
    if cluster is None or version is None or is_unknown(version):
        return
    current, wanted = numbers(cluster["version"])[1], numbers(version)[1]
    if (current if creates else 0) <= wanted <= current + check_mode:
        return
    remedy = "Upgrade the control plane first, with supastack.aws.eks_cluster."
    if wanted < current:
        remedy = "EKS makes node groups with the version of the control plane only. Leave version out."
    raise AnsibleAWSError(
        message=f"version is {version!r}, but the control plane of the EKS cluster {cluster['name']} has "
        f"{cluster['version']!r}. {remedy}"
    )
