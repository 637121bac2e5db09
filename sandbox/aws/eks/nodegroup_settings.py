# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Settings of a managed node group: EKS' defaults, how an update merges with them, and what EKS refuses."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.models.launch_templates import LaunchTemplateVersion

from sandbox.aws.eks.call import Call, invalid, invalid_request

_SIZES = ("minSize", "maxSize", "desiredSize")
_UNAVAILABLE = ("maxUnavailable", "maxUnavailablePercentage")
# Of each Kubernetes version, newest first. Shaped as EKS names its releases; which it has now, only EKS knows.
_RELEASES = ("{version}.2-20261112", "{version}.2-20261022")
# The names under which DescribeUpdate tells what an update changes.
_PARAMS = {
    "scalingConfig": {"minSize": "MinSize", "maxSize": "MaxSize", "desiredSize": "DesiredSize"},
    "labels": {"addOrUpdateLabels": "LabelsToAdd", "removeLabels": "LabelsToRemove"},
    "taints": {"addOrUpdateTaints": "TaintsToAdd", "removeTaints": "TaintsToRemove"},
    "updateConfig": {
        "maxUnavailable": "MaxUnavailable",
        "maxUnavailablePercentage": "MaxUnavailablePercentage",
        "updateStrategy": "UpdateStrategy",
    },
    "nodeRepairConfig": {"enabled": "NodeRepairEnabled"},
}


def minor(version: str) -> int:
    """The minor number of a Kubernetes version."""
    return int(version.split(".")[1])


def first_scaling(wanted: dict[str, int] | None) -> dict[str, int]:
    """The sizes of a new group, which are given together or not at all."""
    if not wanted:
        return {"minSize": 1, "maxSize": 2, "desiredSize": 2}
    for name in _SIZES:
        if wanted.get(name) is None:
            raise invalid(f"{name} is not valid")
    return _merge_scaling({}, wanted)


def merge(group: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The settings that an update of these leaves the group with."""
    merged: dict[str, Any] = {}
    if "labels" in wanted:
        merged["labels"] = _merge_labels(group["labels"], wanted["labels"])
    if "taints" in wanted:
        merged["taints"] = _merge_taints(group["taints"], wanted["taints"])
    if "scalingConfig" in wanted:
        merged["scalingConfig"] = _merge_scaling(group["scalingConfig"], wanted["scalingConfig"])
    if "updateConfig" in wanted:
        merged["updateConfig"] = merge_update_config(group["updateConfig"], wanted["updateConfig"])
    if "nodeRepairConfig" in wanted:
        merged["nodeRepairConfig"] = {**group["nodeRepairConfig"], **wanted["nodeRepairConfig"]}
    return merged


def update_params(wanted: dict[str, Any]) -> dict[str, Any]:
    """What DescribeUpdate tells of an update of these settings."""
    return {
        _PARAMS[member][name]: value
        for member, values in wanted.items()
        for name, value in values.items()
        if name in _PARAMS[member]
    }


def merge_update_config(current: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """The number or the percentage replaces the other one; the strategy stays unless it is given."""
    if not wanted:
        return current
    if len([name for name in _UNAVAILABLE if wanted.get(name)]) != 1:
        raise invalid("Exactly one of maxUnavailable and maxUnavailablePercentage must be specified in updateConfig")
    kept = {name: value for name, value in current.items() if name not in _UNAVAILABLE}
    return {**kept, **wanted}


def release(call: Call, version: str, template: LaunchTemplateVersion | None, group: dict[str, Any] | None) -> str:
    """The AMI release to take, the newest one unless the request names another; with an AMI of the user's, that."""
    if template is not None and template.image_id:
        for name in ("version", "releaseVersion"):
            if call.params.get(name):
                raise invalid(f"You cannot specify {name} when the launch template has a custom AMI")
        return str(template.image_id)
    known = [text.format(version=version) for text in _RELEASES]
    wanted = call.params.get("releaseVersion") or known[0]
    if wanted not in known:
        raise invalid(f"Requested release version {wanted} is not valid for kubernetes version {version}.")
    current = group["releaseVersion"] if group else wanted
    if current in known and known.index(wanted) > known.index(current):
        raise invalid(f"Nodegroup cannot be rolled back from release version {current} to {wanted}")
    return wanted


def find_template(call: Call, wanted: dict[str, str]) -> LaunchTemplateVersion:
    """The launch template's version that a request means; the default one unless it names another."""
    if bool(wanted.get("id")) == bool(wanted.get("name")):
        raise invalid("Either provide launch template ID or launch template name in the request.")
    try:
        found = (
            call.ec2.get_launch_template(wanted["id"])
            if wanted.get("id")
            else call.ec2.get_launch_template_by_name(wanted["name"])
        )
        version: LaunchTemplateVersion = found.get_version(wanted.get("version") or "$Default")
    except EC2ClientError as error:
        raise invalid_request(f"Launch template details are not valid: {error.message}") from None
    return version


def next_template(call: Call, group: dict[str, Any]) -> LaunchTemplateVersion | None:
    """The version of the group's launch template that an update asks for; it cannot ask for another template."""
    wanted, current = call.params.get("launchTemplate"), group.get("launchTemplate")
    if not wanted:
        if group["amiType"] == "CUSTOM":
            raise invalid("Launch template details can't be null for Custom ami type node group")
        return None
    if current is None:
        raise invalid("Cannot specify a launch template for a node group that was created without one")
    found = find_template(call, wanted)
    if found.template.id != current["id"]:
        raise invalid("Launch template ID and name cannot be changed after the creation of a node group")
    return found


def template_document(version: LaunchTemplateVersion) -> dict[str, str]:
    """A launch template as DescribeNodegroup shows it: always with a number in place of $Latest and $Default."""
    return {"id": version.template.id, "name": version.template.name, "version": str(version.number)}


def machines(call: Call, template: LaunchTemplateVersion | None) -> dict[str, Any]:
    """What kind of instances a new group has. EKS shows no disk size for a group with a launch template."""
    params = call.params
    if unknown := [name for name in params.get("instanceTypes") or [] if name not in INSTANCE_TYPES]:
        raise invalid(f"The following supplied instance types do not exist: [{', '.join(unknown)}]")
    found: dict[str, Any] = {"amiType": params.get("amiType") or "AL2023_x86_64_STANDARD"}
    if template is None:
        default = 50 if found["amiType"].startswith("WINDOWS") else 20
        return {
            **found,
            "diskSize": params.get("diskSize") or default,
            "instanceTypes": params.get("instanceTypes") or ["t3.medium"],
        }
    if params.get("diskSize"):
        raise invalid("Disk size must be specified within the launch template.")
    if template.image_id:
        if params.get("amiType"):
            raise invalid("You cannot specify an AMI Type when the launch template has a custom AMI.")
        found["amiType"] = "CUSTOM"
    if params.get("instanceTypes") and template.instance_type:
        raise invalid("Cannot specify instance types in launch template and API request")
    if not template.instance_type:
        found["instanceTypes"] = params.get("instanceTypes") or ["t3.medium"]
    return {**found, "launchTemplate": template_document(template)}


def _merge_scaling(current: dict[str, int], wanted: dict[str, int]) -> dict[str, int]:
    sizes = {**current, **wanted}
    if sizes["minSize"] > sizes["desiredSize"]:
        raise invalid(f"Minimum capacity {sizes['minSize']} can't be greater than desired size {sizes['desiredSize']}")
    if sizes["desiredSize"] > sizes["maxSize"]:
        raise invalid(f"desired capacity {sizes['desiredSize']} can't be greater than max size {sizes['maxSize']}")
    return sizes


def _merge_labels(current: dict[str, str], wanted: dict[str, Any]) -> dict[str, str]:
    to_set, to_remove = wanted.get("addOrUpdateLabels") or {}, wanted.get("removeLabels") or []
    if both := sorted(set(to_set) & set(to_remove)):
        raise invalid(f"Labels cannot be added and removed in one request: {', '.join(both)}")
    return {key: value for key, value in {**current, **to_set}.items() if key not in to_remove}


def _merge_taints(current: list[dict[str, Any]], wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Key and effect together are what a taint is; the value belongs to them."""

    def by_identity(taints: list[dict[str, Any]] | None) -> dict[tuple[str, str], dict[str, Any]]:
        return {(taint["key"], taint["effect"]): taint for taint in taints or []}

    merged = {**by_identity(current), **by_identity(wanted.get("addOrUpdateTaints"))}
    removed = by_identity(wanted.get("removeTaints"))
    return [taint for identity, taint in merged.items() if identity not in removed]
