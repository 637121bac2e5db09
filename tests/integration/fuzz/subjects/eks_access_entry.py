# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_access_entry."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import cluster
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some

POLICIES = "arn:aws:eks::aws:cluster-access-policy"
SCOPES = [
    {"scope": "cluster", "namespaces": []},
    {"scope": "namespace", "namespaces": ["supabase"]},
    {"scope": "namespace", "namespaces": ["b", "a*"]},
]


def place(world: Options, _text: str) -> Options:
    return {"cluster_name": world["cluster_name"], "principal_arn": world["role_arns"][1]}


def wishes(_world: Options) -> Wishes:
    policies = st.dictionaries(
        st.sampled_from(["AmazonEKSViewPolicy", "AmazonEKSEditPolicy", "AmazonEKSClusterAdminPolicy"]),
        st.sampled_from(SCOPES),
    ).map(lambda chosen: [{"policy_arn": f"{POLICIES}/{name}", **scope} for name, scope in chosen.items()])
    return some(
        kubernetes_groups=st.lists(st.sampled_from(["operators", "viewers", "auditors"]), unique=True),
        username=st.sampled_from(["operator", "operator:{{SessionName}}"]),
        access_policies=policies,
        tags=TAGS,
    )


def observe(clients: Clients, options: Options) -> Options | None:
    eks = clients("eks")
    subject = {"clusterName": options["cluster_name"], "principalArn": options["principal_arn"]}
    try:
        entry = eks.describe_access_entry(**subject)["accessEntry"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    policies = eks.list_associated_access_policies(**subject)["associatedAccessPolicies"]
    return {
        "kubernetes_groups": entry["kubernetesGroups"],
        "username": entry["username"],
        "access_policies": [
            {
                "policy_arn": policy["policyArn"],
                "scope": policy["accessScope"]["type"],
                "namespaces": policy["accessScope"].get("namespaces", []),
            }
            for policy in policies
        ],
        "tags": entry["tags"],
    }


SUBJECT = Subject(
    module="eks_access_entry",
    key="access_entry",
    prepare=cluster,
    place=place,
    wishes=wishes,
    observe=observe,
)
