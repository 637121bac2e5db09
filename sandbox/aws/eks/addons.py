# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Add-ons. They are records only: the sandbox's nodes have a network, names and Service proxy of their own."""

from __future__ import annotations

import uuid
from typing import Any

import yaml

from sandbox.aws.eks import catalog, pod_identity
from sandbox.aws.eks.call import Call, handles, in_use, invalid, not_found, now
from sandbox.aws.eks.store import Cluster
from sandbox.aws.eks.updates import Update, begin_update


@handles("CreateAddon")
def create_addon(call: Call) -> dict[str, Any]:
    cluster, name = call.active_cluster(), call.params["addonName"]
    version = _version(call, cluster, call.params.get("addonVersion"))
    if name in cluster.addons:
        raise in_use("Addon already exists.", clusterName=cluster.name, addonName=name)
    _check_configuration(call, call.params.get("configurationValues"))
    addon = {
        "addonName": name,
        "clusterName": cluster.name,
        "addonVersion": version,
        "addonArn": call.arn(f"addon/{cluster.name}/{name}/{uuid.uuid4()}"),
        "status": "CREATING",
        "health": {"issues": []},
        "createdAt": now(),
        "modifiedAt": now(),
        "owner": catalog.ADDONS[name].get("owner", "aws"),
        "publisher": "eks",
        "tags": call.params.get("tags") or {},
        "namespaceConfig": call.params.get("namespaceConfig") or {"namespace": catalog.addon_namespace(name)},
        "podIdentityAssociations": _associate(call, cluster, name),
        **_given(call, "configurationValues", "serviceAccountRoleArn"),
    }
    cluster.addons[name] = addon
    seconds = call.runtime.seconds("eks_addon_create")
    cluster.changes.begin("addon", name, seconds, lambda: addon.update(status="ACTIVE"))
    return {"addon": dict(addon)}


@handles("DescribeAddon")
def describe_addon(call: Call) -> dict[str, Any]:
    return {"addon": _find(call)}


@handles("ListAddons")
def list_addons(call: Call) -> dict[str, Any]:
    return call.page(sorted(call.cluster().addons), "addons")


@handles("UpdateAddon")
def update_addon(call: Call) -> dict[str, Any]:
    """The role is not kept when it is left out: EKS then lets the add-on use the node role."""
    cluster, addon = call.active_cluster(), _find_idle(call)
    version = _version(call, cluster, call.params.get("addonVersion") or addon["addonVersion"])
    _check_configuration(call, call.params.get("configurationValues"))
    if "podIdentityAssociations" in call.params:
        _disassociate(cluster, addon)
        addon["podIdentityAssociations"] = _associate(call, cluster, addon["addonName"])
    addon["status"] = "UPDATING"
    values = _given(call, "configurationValues", "serviceAccountRoleArn")

    def finish() -> None:
        addon.pop("serviceAccountRoleArn", None)
        addon.update(status="ACTIVE", addonVersion=version, modifiedAt=now(), **values)

    update = Update("AddonUpdate", {"AddonVersion": version}, {"addonName": addon["addonName"]})
    return {"update": begin_update(cluster, update, call.runtime.seconds("eks_addon_update"), finish)}


@handles("DeleteAddon")
def delete_addon(call: Call) -> dict[str, Any]:
    cluster, addon = call.cluster(), _find_idle(call)
    addon["status"] = "DELETING"

    def finish() -> None:
        if not call.params.get("preserve"):
            _disassociate(cluster, addon)
        del cluster.addons[addon["addonName"]]

    cluster.changes.begin("addon", addon["addonName"], call.runtime.seconds("eks_addon_delete"), finish)
    return {"addon": dict(addon)}


def _find(call: Call) -> dict[str, Any]:
    cluster, name = call.cluster(), call.params["addonName"]
    if name not in cluster.addons:
        message = f"No addon: {name} found in cluster: {cluster.name}"
        raise not_found(message, clusterName=cluster.name, addonName=name)
    return cluster.addons[name]


def _find_idle(call: Call) -> dict[str, Any]:
    """EKS changes an add-on only when no other change of it is under way."""
    addon = _find(call)
    if addon["status"] in ("CREATING", "UPDATING", "DELETING"):
        message = f"Addon {addon['addonName']} cannot be changed while it is in status {addon['status']}"
        raise in_use(message, clusterName=addon["clusterName"], addonName=addon["addonName"])
    return addon


def _version(call: Call, cluster: Cluster, wanted: str | None) -> str:
    name, kubernetes_version = call.params["addonName"], cluster.document["version"]
    if name not in catalog.ADDONS:
        raise invalid(f"Addon {name} specified is not supported", clusterName=cluster.name, addonName=name)
    version = wanted or catalog.default_addon_version(name, kubernetes_version)
    supported = {item for known in catalog.VERSIONS for item in catalog.addon_versions(name, known)}
    if version not in supported:
        message = f"Addon version specified is not supported: {version}"
        raise invalid(message, clusterName=cluster.name, addonName=name)
    return version


def _check_configuration(call: Call, text: str | None) -> None:
    try:
        parsed = yaml.safe_load(text) if text else {}
    except yaml.YAMLError:
        parsed = None
    if not isinstance(parsed, dict):
        message = "ConfigurationValue provided in request is not in a valid JSON or YAML format"
        raise invalid(message, addonName=call.params["addonName"])


def _given(call: Call, *members: str) -> dict[str, Any]:
    return {member: call.params[member] for member in members if call.params.get(member) is not None}


def _associate(call: Call, cluster: Cluster, addon_name: str) -> list[str]:
    owner = call.arn(f"addon/{cluster.name}/{addon_name}")
    wanted, namespace = call.params.get("podIdentityAssociations") or [], catalog.addon_namespace(addon_name)
    return [
        pod_identity.associate(call, cluster, namespace, item["serviceAccount"], item["roleArn"], owner)[
            "associationArn"
        ]
        for item in wanted
    ]


def _disassociate(cluster: Cluster, addon: dict[str, Any]) -> None:
    for arn in addon["podIdentityAssociations"]:
        cluster.associations.pop(arn.rpartition("/")[2], None)
