# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS add-ons: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import (
    ROLE_SETTLING_SECONDS,
    describe_cluster,
    in_use,
    role_settling,
    wait_for_update,
)
from ansible_collections.supastack.aws.plugins.module_utils._eks_access import association_view, describe_association
from ansible_collections.supastack.aws.plugins.module_utils._eks_part import Part
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, placeholder, predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled

try:
    import yaml

    YAML_ERROR: tuple[type[Exception], ...] = (yaml.YAMLError,)
except ImportError:
    YAML_ERROR = ()

# Nothing usable was installed, or it could not be removed: such an add-on is removed and made again.
BROKEN = ("CREATE_FAILED", "DELETE_FAILED")
UNDER_WAY = ("CREATING", "UPDATING")
SETTLED = ("ACTIVE", "DEGRADED", "UPDATE_FAILED", *BROKEN)


def by_service_account(associations: t.Iterable[t.Mapping[str, t.Any]]) -> list[Plain]:
    """Return associations in the order and with the values by which they are compared."""
    pairs = [{name: association[name] for name in ("service_account", "role_arn")} for association in associations]
    return sorted(pairs, key=lambda pair: str(pair["service_account"]))


def view(client: t.Any, addon: t.Mapping[str, t.Any]) -> Plain:
    """Return a described add-on as the module returns and compares it.

    EKS describes its associations by their ARNs only, so each costs a call of its own.
    """
    found = [
        describe_association(client, addon["clusterName"], arn.rpartition("/")[2])
        for arn in addon.get("podIdentityAssociations", [])
    ]
    return {
        "name": addon["addonName"],
        "cluster_name": addon["clusterName"],
        "arn": addon.get("addonArn"),
        "status": addon["status"],
        "health_issues": list(addon.get("health", {}).get("issues", [])),
        "version": addon.get("addonVersion"),
        "configuration_values": parse_configuration(addon.get("configurationValues")),
        "service_account_role_arn": addon.get("serviceAccountRoleArn") or "",
        "pod_identity_associations": by_service_account(association_view(item) for item in found if item),
        "tags": dict(addon.get("tags", {})),
    }


def unknown_view(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of an add-on that does not exist."""
    return {
        "name": options["name"],
        "cluster_name": options["cluster_name"],
        "arn": predicted_arn(client, "eks", ""),
        "status": UNKNOWN,
        "health_issues": [],
        "version": placeholder("version"),
        "configuration_values": {},
        "service_account_role_arn": "",
        "pod_identity_associations": [],
        "tags": {},
    }


def parse_configuration(text: str | None) -> t.Any:
    """Return the values of a configuration that EKS keeps as the text it was given, JSON or YAML."""
    if not text:
        return {}
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.safe_load(text) if YAML_ERROR else text
    except YAML_ERROR:
        return text


@failing_to("describe the add-on {name} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_addon(client: t.Any, cluster_name: str, name: str) -> Plain:
    """Return the add-on as EKS describes it; None also when the cluster does not exist."""
    return dict(client.describe_addon(clusterName=cluster_name, addonName=name)["addon"])


@failing_to("list the versions of the add-on {name} for Kubernetes {kubernetes_version}")
@unthrottled
def list_versions(client: t.Any, name: str, kubernetes_version: str) -> list[Plain]:
    """Return the versions that EKS offers, newest first."""
    pages = client.get_paginator("describe_addon_versions").paginate(
        addonName=name, kubernetesVersion=kubernetes_version
    )
    return [version for page in pages for addon in page["addons"] for version in addon["addonVersions"]]


def resolve_version(client: t.Any, options: Plain) -> str | None:
    """Return the version to install; the words default and latest depend on the cluster's Kubernetes version.

    :raises AnsibleAWSError: when EKS does not offer the add-on for it.
    """
    wanted = options["version"]
    if wanted not in ("default", "latest"):
        return None if wanted is None else str(wanted)
    kubernetes_version = options["kubernetes_version"]
    if kubernetes_version is None:
        cluster = describe_cluster(client, options["cluster_name"])
        if cluster is None:
            return placeholder(wanted)
        kubernetes_version = cluster["version"]
    offered = list_versions(client, options["name"], kubernetes_version)
    if wanted == "default":
        offered = [
            version
            for version in offered
            if any(compatibility.get("defaultVersion") for compatibility in version.get("compatibilities", []))
        ]
    if not offered:
        raise AnsibleAWSError(
            message=f"EKS offers no {wanted} version of the add-on {options['name']!r} for Kubernetes "
            f"{kubernetes_version}. Correct name, or give an exact version."
        )
    return str(offered[0]["addonVersion"])


def request(options: Plain, values: t.Mapping[str, t.Any]) -> Plain:
    """Return what CreateAddon and UpdateAddon have in common.

    Both get all values: what an update leaves out, EKS may set back to its default.
    """
    configuration = values.get("configuration_values")
    if configuration is not None and not isinstance(configuration, str):
        configuration = json.dumps(configuration, sort_keys=True)
    associations = values.get("pod_identity_associations")
    members = {
        "clusterName": options["cluster_name"],
        "addonName": options["name"],
        "addonVersion": values.get("version"),
        "configurationValues": configuration,
        "serviceAccountRoleArn": values.get("service_account_role_arn") or None,
        "podIdentityAssociations": None
        if associations is None
        else [{"serviceAccount": pair["service_account"], "roleArn": pair["role_arn"]} for pair in associations],
        "resolveConflicts": options["resolve_conflicts"].upper(),
    }
    return {member: value for member, value in members.items() if value is not None}


@failing_to("create the add-on {options[name]} of the EKS cluster {options[cluster_name]}")
@unthrottled
def create_addon(client: t.Any, options: Plain, values: t.Mapping[str, t.Any]) -> Plain:
    """Create an add-on, waiting until EKS sees a role that was made just before."""
    members = request(options, values)
    if values.get("tags"):
        members["tags"] = values["tags"]
    return dict(retry_while(role_settling, lambda: client.create_addon(**members), ROLE_SETTLING_SECONDS)["addon"])


@failing_to("update the add-on {options[name]} of the EKS cluster {options[cluster_name]}")
@unthrottled
def start_update(client: t.Any, options: Plain, values: t.Mapping[str, t.Any]) -> str:
    """Start an update and return its id."""
    members = request(options, values)

    def call() -> Plain:
        return dict(retry_while(role_settling, lambda: client.update_addon(**members), ROLE_SETTLING_SECONDS))

    return str(retry_while(in_use, call, options["wait_timeout"])["update"]["id"])


def update_addon(client: t.Any, options: Plain, values: t.Mapping[str, t.Any]) -> None:
    """Change an add-on."""
    update_id = start_update(client, options, values)
    if options["wait"]:
        query = {"name": options["cluster_name"], "addonName": options["name"], "updateId": update_id}
        wait_for_update(client, query, f"the add-on {options['name']}", options["wait_timeout"])


@failing_to("delete the add-on {options[name]} of the EKS cluster {options[cluster_name]}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_addon(client: t.Any, options: Plain) -> None:
    """Delete an add-on together with what it installed."""
    members = {"clusterName": options["cluster_name"], "addonName": options["name"]}
    retry_while(in_use, lambda: client.delete_addon(**members), options["wait_timeout"])


# DEGRADED is on the way to ACTIVE: CoreDNS, for one, stays so until there is a node to run on.
ADDON = Part(
    noun="add-on",
    describe=describe_addon,
    view=view,
    delete=delete_addon,
    failed=("UPDATE_FAILED", *BROKEN),
    pause=5.0,
)
