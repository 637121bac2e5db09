# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which Kubernetes role an access policy grants (EKS user guide, "Review access policy permissions")."""

from __future__ import annotations

ACCESS_POLICIES: dict[str, str] = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSAdminViewPolicy": "eks:admin-view",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
}


def access_policy_arn(partition: str, name: str) -> str:
    """The ARN of an access policy of EKS."""
    return f"arn:{partition}:eks::aws:cluster-access-policy/{name}"
