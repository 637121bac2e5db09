# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Pod identity associations."""

from __future__ import annotations

import secrets
import string
from typing import Any

from sandbox.aws.eks.call import Call, handles, in_use, invalid, not_found, now
from sandbox.aws.eks.store import Cluster
from sandbox.aws.roles import find_role

_SUMMARY = ("clusterName", "namespace", "serviceAccount", "associationArn", "associationId", "ownerArn")
_OPTIONAL = ("targetRoleArn", "disableSessionTags", "policy")


def associate(
    call: Call, cluster: Cluster, namespace: str, service_account: str, role_arn: str, owner_arn: str | None = None
) -> dict[str, Any]:
    """Store a new association; refuses a second one for the same service account, as EKS does."""
    _require_role(call, role_arn)
    for existing in cluster.associations.values():
        if (existing["namespace"], existing["serviceAccount"]) == (namespace, service_account):
            raise in_use(f"Association already exists: {existing['associationId']}", clusterName=cluster.name)
    suffix = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _unused in range(17))
    association: dict[str, Any] = {
        "clusterName": cluster.name,
        "namespace": namespace,
        "serviceAccount": service_account,
        "roleArn": role_arn,
        "associationId": f"a-{suffix}",
        "associationArn": call.arn(f"podidentityassociation/{cluster.name}/a-{suffix}"),
        "createdAt": now(),
        "modifiedAt": now(),
        "tags": {},
        "disableSessionTags": False,
    }
    if owner_arn:
        association["ownerArn"] = owner_arn
    cluster.associations[association["associationId"]] = association
    return association


@handles("CreatePodIdentityAssociation")
def create_association(call: Call) -> dict[str, Any]:
    cluster = call.cluster()
    association = associate(
        call, cluster, call.params["namespace"], call.params["serviceAccount"], call.params["roleArn"]
    )
    association["tags"] = call.params.get("tags") or {}
    association.update({member: call.params[member] for member in _OPTIONAL if member in call.params})
    _give_external_id(call, association)
    return {"association": association}


@handles("DescribePodIdentityAssociation")
def describe_association(call: Call) -> dict[str, Any]:
    return {"association": _find(call)}


@handles("ListPodIdentityAssociations")
def list_associations(call: Call) -> dict[str, Any]:
    """A summary has no role: one has to describe."""
    found = [
        {key: association[key] for key in _SUMMARY if key in association}
        for association in call.cluster().associations.values()
        if call.params.get("namespace") in (None, association["namespace"])
        and call.params.get("serviceAccount") in (None, association["serviceAccount"])
    ]
    return call.page(found, "associations")


@handles("UpdatePodIdentityAssociation")
def update_association(call: Call) -> dict[str, Any]:
    association = _find(call)
    if "roleArn" in call.params:
        _require_role(call, call.params["roleArn"])
    changes = {member: call.params[member] for member in ("roleArn", *_OPTIONAL) if member in call.params}
    association.update(changes, modifiedAt=now())
    _give_external_id(call, association)
    return {"association": association}


@handles("DeletePodIdentityAssociation")
def delete_association(call: Call) -> dict[str, Any]:
    association = _find(call)
    del call.cluster().associations[association["associationId"]]
    return {"association": association}


def _find(call: Call) -> dict[str, Any]:
    cluster, identifier = call.cluster(), call.params["associationId"]
    if identifier not in cluster.associations:
        message = f"No pod identity association found for id: {identifier}"
        raise not_found(message, clusterName=cluster.name)
    return cluster.associations[identifier]


def _give_external_id(call: Call, association: dict[str, Any]) -> None:
    """A target role gets an identifier for its trust policy; without one the association has neither."""
    if association.get("targetRoleArn"):
        place = f"{association['clusterName']}/{association['namespace']}/{association['serviceAccount']}"
        association["externalId"] = f"{call.region}/{call.account_id}/{place}"
    else:
        association.pop("targetRoleArn", None)
        association.pop("externalId", None)


def _require_role(call: Call, role_arn: str) -> None:
    if find_role(call.iam, role_arn) is None:
        raise invalid("Role provided in the request does not exist.")
