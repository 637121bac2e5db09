# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Credentials for pods, as the EKS Pod Identity agent gets them from EKS Auth's AssumeRoleForPodIdentity."""

from __future__ import annotations

import re
from typing import Any

from moto.iam.models import Role, iam_backends
from moto.sts.models import sts_backends

from sandbox.aws.eks.lifecycle import find_cluster
from sandbox.aws.roles import find_role, trusted_actions
from sandbox.aws.runtime import Runtime

SERVICE = "pods.eks.amazonaws.com"
ACTIONS = ("sts:AssumeRole", "sts:TagSession")
_SESSION_SECONDS = 6 * 3600


class NoCredentials(Exception):
    """Why a pod gets no credentials."""


def pod_identity(runtime: Runtime, cluster_name: str, request: dict[str, Any]) -> dict[str, Any]:
    """Credentials of the role associated with the pod's service account; raises NoCredentials with the reason.

    The role must exist and trust pods.eks.amazonaws.com with both actions: moto would assume roles that do not.
    """
    cluster = find_cluster(cluster_name)
    if cluster is None:
        raise NoCredentials(f"There is no cluster {cluster_name}.")
    subject = (request.get("namespace"), request.get("serviceAccount"))
    found = [item for item in cluster.associations.values() if (item["namespace"], item["serviceAccount"]) == subject]
    if not found:
        raise NoCredentials(f"No pod identity association for service account {subject[0]}/{subject[1]}.")
    role = _trusting_role(found[0]["roleArn"])
    name = re.sub(r"[^\w+=,.@-]", "-", f"eks-{cluster_name}-{request.get('pod') or subject[1]}")[:64]
    session = sts_backends[role.account_id][role.partition].assume_role(
        region_name=runtime.region,
        role_session_name=name,
        role_arn=role.arn,
        policy=found[0].get("policy", ""),
        duration=_SESSION_SECONDS,
        external_id="",
    )
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": session.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "AccountId": session.account_id,
    }


def _trusting_role(role_arn: str) -> Role:
    role = find_role(iam_backends[role_arn.split(":")[4]]["aws"], role_arn)
    if role is None:
        raise NoCredentials(f"Role {role_arn} of the association does not exist.")
    allowed = trusted_actions(role, SERVICE)
    missing = [action for action in ACTIONS if action not in allowed]
    if missing:
        raise NoCredentials(f"The trust policy of {role_arn} does not allow {SERVICE} {' and '.join(missing)}.")
    return role
