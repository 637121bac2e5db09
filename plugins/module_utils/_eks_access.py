# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EKS access entries and pod identity associations: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._eks import ROLE_SETTLING_SECONDS, role_settling
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder, predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled


def entry_view(entry: t.Mapping[str, t.Any], policies: t.Iterable[t.Mapping[str, t.Any]]) -> Plain:
    """Return an access entry and its policies as the module returns and compares them."""
    return {
        "cluster_name": entry["clusterName"],
        "principal_arn": entry["principalArn"],
        "arn": entry.get("accessEntryArn"),
        "type": entry.get("type"),
        "username": entry.get("username"),
        "kubernetes_groups": sorted(entry.get("kubernetesGroups", [])),
        "access_policies": sorted_policies(
            policy_view(policy["policyArn"], policy["accessScope"]["type"], policy["accessScope"].get("namespaces"))
            for policy in policies
        ),
        "tags": dict(entry.get("tags", {})),
    }


def policy_view(arn: str, scope: str, namespaces: t.Iterable[str] | None) -> Plain:
    """Return one associated access policy in the form in which two of them are compared."""
    return {"policy_arn": arn, "scope": scope, "namespaces": sorted(set(namespaces or []))}


def sorted_policies(policies: t.Iterable[Plain]) -> list[Plain]:
    """Return policies in the order of their ARNs; EKS associates each only once."""
    return sorted(policies, key=lambda policy: str(policy["policy_arn"]))


def unknown_entry(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of an access entry that does not exist."""
    return {
        "cluster_name": options["cluster_name"],
        "principal_arn": options["principal_arn"],
        "arn": predicted_arn(client, "eks", ""),
        "type": "STANDARD",
        "username": placeholder("username"),
        "kubernetes_groups": [],
        "access_policies": [],
        "tags": {},
    }


@failing_to("describe the access entry {principal_arn} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_entry(client: t.Any, cluster_name: str, principal_arn: str) -> Plain:
    """Return the access entry as EKS describes it; None also when the cluster does not exist."""
    return dict(client.describe_access_entry(clusterName=cluster_name, principalArn=principal_arn)["accessEntry"])


@failing_to("list the access policies of {principal_arn} in the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def list_policies(client: t.Any, cluster_name: str, principal_arn: str) -> list[Plain]:
    """Return the access policies that are associated with an entry."""
    pages = client.get_paginator("list_associated_access_policies").paginate(
        clusterName=cluster_name, principalArn=principal_arn
    )
    return [policy for page in pages for policy in page["associatedAccessPolicies"]]


@failing_to("create the access entry {request[principalArn]} of the EKS cluster {request[clusterName]}")
@unthrottled
def create_entry(client: t.Any, request: Plain) -> None:
    """Create an access entry, waiting until EKS sees a role that was made just before."""
    retry_while(role_settling, lambda: client.create_access_entry(**request), ROLE_SETTLING_SECONDS)


@failing_to("update the access entry {request[principalArn]} of the EKS cluster {request[clusterName]}")
@unthrottled
def update_entry(client: t.Any, request: Plain) -> None:
    """Change groups and user name of an access entry."""
    client.update_access_entry(**request)


@failing_to("associate {policy[policy_arn]} with {principal_arn} in the EKS cluster {cluster_name}")
@unthrottled
def associate_policy(client: t.Any, cluster_name: str, principal_arn: str, policy: Plain) -> None:
    """Associate an access policy, or replace the scope of one that is associated."""
    scope: Plain = {"type": policy["scope"]}
    if policy["namespaces"]:
        scope["namespaces"] = policy["namespaces"]
    client.associate_access_policy(
        clusterName=cluster_name, principalArn=principal_arn, policyArn=policy["policy_arn"], accessScope=scope
    )


@failing_to("disassociate {policy_arn} from {principal_arn} in the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def disassociate_policy(client: t.Any, cluster_name: str, principal_arn: str, policy_arn: str) -> None:
    """Remove an access policy from an entry."""
    client.disassociate_access_policy(clusterName=cluster_name, principalArn=principal_arn, policyArn=policy_arn)


@failing_to("delete the access entry {principal_arn} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_entry(client: t.Any, cluster_name: str, principal_arn: str) -> None:
    """Delete an access entry with its policies."""
    client.delete_access_entry(clusterName=cluster_name, principalArn=principal_arn)


# Options of an association that say which role pods get -> members of the API.
ROLE_MEMBERS = {
    "role_arn": "roleArn",
    "target_role_arn": "targetRoleArn",
    "disable_session_tags": "disableSessionTags",
}


def role_request(values: t.Mapping[str, t.Any]) -> Plain:
    """Return these values as members of a request."""
    return {ROLE_MEMBERS[name]: value for name, value in values.items()}


def association_view(association: t.Mapping[str, t.Any]) -> Plain:
    """Return a pod identity association as the module returns and compares it."""
    return {
        "cluster_name": association["clusterName"],
        "namespace": association["namespace"],
        "service_account": association["serviceAccount"],
        "role_arn": association.get("roleArn"),
        "target_role_arn": association.get("targetRoleArn") or "",
        "disable_session_tags": bool(association.get("disableSessionTags", False)),
        "external_id": association.get("externalId"),
        "association_id": association["associationId"],
        "arn": association.get("associationArn"),
        "owner_arn": association.get("ownerArn"),
        "tags": dict(association.get("tags", {})),
    }


def external_id(target_role_arn: str | None) -> str | None:
    """Return what stands for the external id that comes with a target role."""
    return placeholder("external-id") if target_role_arn else None


def unknown_association(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of an association that does not exist."""
    identifier = placeholder("a")
    resource = f"podidentityassociation/{options['cluster_name']}/{identifier}"
    return {
        **{name: options[name] for name in ("cluster_name", "namespace", "service_account", "role_arn")},
        "target_role_arn": "",
        "disable_session_tags": False,
        "external_id": external_id(options["target_role_arn"]),
        "association_id": identifier,
        "arn": predicted_arn(client, "eks", resource, options["role_arn"]),
        "owner_arn": None,
        "tags": {},
    }


@failing_to("list the pod identity associations of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def list_associations(
    client: t.Any, cluster_name: str, namespace: str | None, service_account: str | None
) -> list[Plain]:
    """Return the associations of a service account, of which EKS allows one; None when the cluster does not exist.

    Without a namespace, or without a service account, those of all.
    """
    filters = {"namespace": namespace, "serviceAccount": service_account}
    pages = client.get_paginator("list_pod_identity_associations").paginate(
        clusterName=cluster_name, **{name: value for name, value in filters.items() if value is not None}
    )
    return [association for page in pages for association in page["associations"]]


@failing_to("describe the pod identity association {association_id} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe_association(client: t.Any, cluster_name: str, association_id: str) -> Plain:
    """Return the association as EKS describes it."""
    answer = client.describe_pod_identity_association(clusterName=cluster_name, associationId=association_id)
    return dict(answer["association"])


@failing_to("create the pod identity association of {request[namespace]}/{request[serviceAccount]}")
@unthrottled
def create_association(client: t.Any, request: Plain) -> Plain:
    """Create an association, waiting until EKS sees a role that was made just before."""
    call = retry_while(role_settling, lambda: client.create_pod_identity_association(**request), ROLE_SETTLING_SECONDS)
    return dict(call["association"])


@failing_to("update the pod identity association {association_id} of the EKS cluster {cluster_name}")
@unthrottled
def update_association(client: t.Any, cluster_name: str, association_id: str, values: Plain) -> None:
    """Change the roles of an association, waiting until EKS sees one that was made just before.

    An empty targetRoleArn takes the target role away, as the EKS controller of ACK does it.
    """
    members = {"clusterName": cluster_name, "associationId": association_id, **role_request(values)}
    retry_while(role_settling, lambda: client.update_pod_identity_association(**members), ROLE_SETTLING_SECONDS)


@failing_to("delete the pod identity association {association_id} of the EKS cluster {cluster_name}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_association(client: t.Any, cluster_name: str, association_id: str) -> None:
    """Delete an association. Pods that run keep their credentials until they expire."""
    client.delete_pod_identity_association(clusterName=cluster_name, associationId=association_id)
