# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Authentication of API calls by EKS tokens, as aws-iam-authenticator does it: TokenReview in, user and groups out.

A token is `k8s-aws-v1.` and the base64url of a presigned STS GetCallerIdentity URL that signs the cluster's name.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Any

from sandbox.aws.eks.store import AccessEntry, Cluster
from sandbox.aws.identity import Caller
from sandbox.aws.sigv4 import Denied, verify
from sandbox.kubernetes import rbac

Json = dict[str, Any]
PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
_MAXIMUM_LENGTH = 4096
_SIGNED_HEADERS = re.compile(r"[?&]X-Amz-SignedHeaders=([^&]*)")


def review(request: Json, cluster: Cluster | None, emulator_port: int, namespaces: Callable[[], list[str]]) -> Json:
    """Answer a TokenReview of `cluster`. `namespaces` lists its namespaces, for policies limited to some.

    Nothing leaves this process: the URL in the token is verified, never called.
    """
    token = str(request.get("spec", {}).get("token", ""))
    try:
        if cluster is None:
            raise Denied("AccessDenied", "The cluster is not there.")
        caller = authenticate(token, cluster.name, emulator_port)
        entry = _entry(caller, cluster.entries)
        status: Json = {"authenticated": True, "user": _user(caller, entry, namespaces)}
    except Denied as denied:
        status = {"authenticated": False, "error": denied.message}
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "status": status}


def authenticate(token: str, cluster_name: str, emulator_port: int) -> Caller:
    """The AWS principal that made `token` for `cluster_name`; raises Denied for anything else."""
    if not token.startswith(PREFIX) or len(token) > _MAXIMUM_LENGTH:
        raise Denied("AccessDenied", f"The token is not an EKS token ({PREFIX}…).")
    text = token.removeprefix(PREFIX)
    try:
        url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise Denied("AccessDenied", "The token is not base64url of a URL.") from None
    found = _SIGNED_HEADERS.search(url)
    if found is None or CLUSTER_HEADER not in re.split(";|%3B", found.group(1)):
        raise Denied("AccessDenied", f"The token does not sign the header {CLUSTER_HEADER}.")
    # Another cluster's name gives another signature, so a token is good for one cluster only.
    return verify(url, {CLUSTER_HEADER: cluster_name}, emulator_port)


def namespace_groups(entry: AccessEntry, namespaces: Callable[[], list[str]]) -> list[tuple[str, str]]:
    """(policy name, namespace) for each policy of `entry` that is limited to namespaces; patterns are resolved."""
    limited = [policy for policy in entry.policies.values() if policy["accessScope"]["type"] == "namespace"]
    if not limited:
        return []
    existing = namespaces()
    return [
        (policy["policyArn"].rpartition("/")[2], namespace)
        for policy in limited
        for namespace in existing
        if any(fnmatch.fnmatchcase(namespace, pattern) for pattern in policy["accessScope"]["namespaces"])
    ]


def _entry(caller: Caller, entries: Mapping[str, AccessEntry]) -> AccessEntry:
    entry = entries.get(caller.principal_arn)
    if entry is None:
        raise Denied("AccessDenied", f"{caller.principal_arn} has no access entry in this cluster.")
    return entry


def _user(caller: Caller, entry: AccessEntry, namespaces: Callable[[], list[str]]) -> Json:
    session = caller.arn.rpartition("/")[2] if ":assumed-role/" in caller.arn else ""
    clusterwide = [policy for policy in entry.policies.values() if policy["accessScope"]["type"] == "cluster"]
    groups = [rbac.group(policy["policyArn"].rpartition("/")[2]) for policy in clusterwide]
    groups += [rbac.group(*found) for found in namespace_groups(entry, namespaces)]
    username = entry.document["username"].replace("{{SessionName}}", session)
    return {
        "username": username,
        "uid": f"aws-iam-authenticator:{caller.account_id}:{caller.user_id}",
        "groups": [*entry.document["kubernetesGroups"], *groups],
        "extra": {"arn": [caller.arn], "canonicalArn": [caller.principal_arn], "sessionName": [session]},
    }
