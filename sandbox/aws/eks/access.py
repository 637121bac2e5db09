# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Access entries and the policies associated with them."""

from __future__ import annotations

import uuid
from typing import Any

from sandbox.aws.eks.call import Call, handles, in_use, invalid, invalid_request, not_found, now
from sandbox.aws.eks.policies import ACCESS_POLICIES, access_policy_arn
from sandbox.aws.eks.store import AccessEntry, Cluster

_RESERVED = ("system:", "eks:", "aws:", "amazon:", "iam:")
_TYPES = ("STANDARD", "FARGATE_LINUX", "EC2_LINUX", "EC2_WINDOWS", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX")


def grant_creator(call: Call, cluster: Cluster, principal_arn: str) -> None:
    """Give the principal that creates a cluster the entry that bootstrapClusterCreatorAdminPermissions promises."""
    entry = _new_entry(call, cluster, principal_arn, "STANDARD")
    policy = access_policy_arn(call.partition, "AmazonEKSClusterAdminPolicy")
    entry.policies[policy] = _associated(policy, {"type": "cluster", "namespaces": []})
    cluster.entries[principal_arn] = entry


@handles("CreateAccessEntry")
def create_access_entry(call: Call) -> dict[str, Any]:
    cluster, principal = _api_cluster(call), call.params["principalArn"]
    if principal in cluster.entries:
        message = "The specified access entry resource is already in use on this cluster."
        raise in_use(message, clusterName=cluster.name)
    _require_principal(call, principal)
    kind = call.params.get("type") or "STANDARD"
    _check_identity(call, kind)
    entry = _new_entry(call, cluster, principal, kind)
    entry.document["kubernetesGroups"] = call.params.get("kubernetesGroups") or []
    entry.document["username"] = call.params.get("username") or entry.document["username"]
    entry.document["tags"] = call.params.get("tags") or {}
    cluster.entries[principal] = entry
    return {"accessEntry": entry.document}


@handles("DescribeAccessEntry")
def describe_access_entry(call: Call) -> dict[str, Any]:
    return {"accessEntry": _find(call).document}


@handles("ListAccessEntries")
def list_access_entries(call: Call) -> dict[str, Any]:
    wanted = call.params.get("associatedPolicyArn")
    entries = _api_cluster(call).entries
    found = sorted(arn for arn, entry in entries.items() if not wanted or wanted in entry.policies)
    return call.page(found, "accessEntries")


@handles("UpdateAccessEntry")
def update_access_entry(call: Call) -> dict[str, Any]:
    entry = _find(call)
    _check_identity(call, entry.document["type"])
    changes: dict[str, Any] = {
        key: value for key, value in call.params.items() if key in ("kubernetesGroups", "username")
    }
    entry.document.update(changes, modifiedAt=now())
    return {"accessEntry": entry.document}


@handles("DeleteAccessEntry")
def delete_access_entry(call: Call) -> dict[str, Any]:
    _find(call)
    del call.cluster().entries[call.params["principalArn"]]
    return {}


@handles("AssociateAccessPolicy")
def associate_access_policy(call: Call) -> dict[str, Any]:
    """A second association of the same policy replaces the scope."""
    entry, policy, scope = _find(call), call.params["policyArn"], call.params["accessScope"]
    known = [access_policy_arn(call.partition, name) for name in ACCESS_POLICIES]
    if policy not in known:
        raise invalid(f"The policyArn parameter format is not valid: {policy} is not an access policy.")
    if entry.document["type"] != "STANDARD":
        raise invalid_request("The specified access entry's type does not take access policies.")
    if scope.get("type") == "namespace" and not scope.get("namespaces"):
        raise invalid("The namespaces parameter is required when the access scope type is namespace.")
    entry.policies[policy] = _associated(policy, {"namespaces": [], **scope})
    return {**_subject(entry), "associatedAccessPolicy": entry.policies[policy]}


@handles("DisassociateAccessPolicy")
def disassociate_access_policy(call: Call) -> dict[str, Any]:
    entry, policy = _find(call), call.params["policyArn"]
    if policy not in entry.policies:
        raise not_found(f"The specified policyArn {policy} is not associated with this access entry.")
    del entry.policies[policy]
    return {}


@handles("ListAssociatedAccessPolicies")
def list_associated_access_policies(call: Call) -> dict[str, Any]:
    entry = _find(call)
    return {**_subject(entry), **call.page(list(entry.policies.values()), "associatedAccessPolicies")}


def _api_cluster(call: Call) -> Cluster:
    cluster = call.cluster()
    if cluster.document["accessConfig"]["authenticationMode"] == "CONFIG_MAP":
        modes = "[API, API_AND_CONFIG_MAP]"
        message = f"The cluster's authentication mode must be set to one of {modes} to perform this operation."
        raise invalid_request(message, clusterName=cluster.name)
    return cluster


def _find(call: Call) -> AccessEntry:
    cluster, principal = _api_cluster(call), call.params["principalArn"]
    if principal not in cluster.entries:
        message = f"The specified principalArn could not be found: {principal}"
        raise not_found(message, clusterName=cluster.name)
    return cluster.entries[principal]


def _new_entry(call: Call, cluster: Cluster, principal: str, kind: str) -> AccessEntry:
    _unused, account, resource = principal.rsplit(":", 2)
    noun, _unused, name = resource.partition("/")
    identifier = f"access-entry/{cluster.name}/{noun}/{account}/{name.rpartition('/')[2]}/{uuid.uuid4()}"
    document = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "accessEntryArn": call.arn(identifier),
        "type": kind,
        "username": _default_username(principal, kind),
        "kubernetesGroups": [],
        "tags": {},
        "createdAt": now(),
        "modifiedAt": now(),
    }
    return AccessEntry(document)


def _default_username(principal: str, kind: str) -> str:
    if kind.startswith(("EC2", "HYBRID", "HYPERPOD")):
        return "system:node:{{EC2PrivateDNSName}}"
    if kind == "FARGATE_LINUX":
        return "system:node:{{SessionName}}"
    if ":role/" not in principal:
        return principal
    account, _unused, name = principal.replace(":iam:", ":sts:").partition(":role/")
    return f"{account}:assumed-role/{name.rpartition('/')[2]}/{{{{SessionName}}}}"


def _associated(policy: str, scope: dict[str, Any]) -> dict[str, Any]:
    return {"policyArn": policy, "accessScope": scope, "associatedAt": now(), "modifiedAt": now()}


def _subject(entry: AccessEntry) -> dict[str, Any]:
    return {key: entry.document[key] for key in ("clusterName", "principalArn")}


def _check_identity(call: Call, kind: str) -> None:
    username, groups = call.params.get("username"), call.params.get("kubernetesGroups") or []
    if kind not in _TYPES:
        raise invalid(f"The type {kind} is not valid: choose one of {', '.join(_TYPES)}.")
    if kind != "STANDARD" and (username or groups):
        raise invalid_request(f"username and kubernetesGroups cannot be set for entries of type {kind}.")
    if username and username.startswith(_RESERVED):
        raise invalid(f"The username cannot begin with one of {', '.join(_RESERVED)}: {username}")
    if any(group.startswith(_RESERVED) for group in groups):
        raise invalid(f"A kubernetes group cannot begin with one of {', '.join(_RESERVED)}: {groups}")


def _require_principal(call: Call, principal: str) -> None:
    arns = {role.arn for role in call.iam.get_roles()} | {user.arn for user in call.iam.users.values()}
    is_root = principal == f"arn:{call.partition}:iam::{call.account_id}:root"
    if principal not in arns and not is_root:
        raise invalid(f"The specified principalArn is invalid: invalid principal {principal}")
