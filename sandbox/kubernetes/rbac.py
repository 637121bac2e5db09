# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""EKS access policies as Kubernetes RBAC: the token webhook puts callers into groups, and bindings grant them roles.

EKS has an authorizer of its own for access policies; the effect for a caller is the same.
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.eks.policies import ACCESS_POLICIES

Json = dict[str, Any]
_RBAC = "rbac.authorization.k8s.io"
CLUSTER_ROLES = f"/apis/{_RBAC}/v1/clusterroles"
CLUSTER_BINDINGS = f"/apis/{_RBAC}/v1/clusterrolebindings"


def namespace_bindings(namespace: str) -> str:
    """API path of the role bindings in `namespace`."""
    return f"/apis/{_RBAC}/v1/namespaces/{namespace}/rolebindings"


def group(policy_name: str, namespace: str | None = None) -> str:
    """The group that holds an access policy cluster-wide or in one namespace. Access entries cannot name it: `eks:`."""
    return f"eks:access-policy:{policy_name}" + (f":{namespace}" if namespace else "")


def cluster_objects() -> list[tuple[str, Json]]:
    """What every cluster gets: API path and manifest."""
    bindings = [(CLUSTER_BINDINGS, binding(name)) for name in ACCESS_POLICIES]
    return [(CLUSTER_ROLES, _admin_view()), *bindings]


def binding(policy_name: str, namespace: str | None = None) -> Json:
    """The binding of a policy's group to its role, in one namespace or cluster-wide."""
    subject = group(policy_name, namespace)
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": group(policy_name)},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": ACCESS_POLICIES[policy_name]},
        "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": subject}],
    }


def _admin_view() -> Json:
    """AmazonEKSAdminViewPolicy lists and views everything, secrets included."""
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ACCESS_POLICIES["AmazonEKSAdminViewPolicy"]},
        "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}],
    }
