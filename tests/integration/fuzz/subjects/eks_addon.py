# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_addon."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import cluster
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some

ADDON = "vpc-cni"
VERSIONS = ["v1.21.1-eksbuild.1", "v1.20.4-eksbuild.2"]


def place(world: Options, _text: str) -> Options:
    return {"cluster_name": world["cluster_name"], "name": ADDON}


def wishes(world: Options) -> Wishes:
    values = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["true", 1, [1, {"c": None}]]), max_size=2)
    accounts = st.lists(st.sampled_from(["aws-node", "cni-metrics"]), unique=True)
    associations = accounts.flatmap(
        lambda names: st.tuples(*[st.sampled_from(world["role_arns"]) for _name in names]).map(
            lambda roles: [{"service_account": name, "role_arn": role} for name, role in zip(names, roles, strict=True)]
        )
    )
    return some(
        version=st.sampled_from(VERSIONS),
        configuration_values=values,
        service_account_role_arn=st.sampled_from(["", world["role_arns"][1]]),
        pod_identity_associations=associations,
        resolve_conflicts=st.just("overwrite"),
        tags=TAGS,
    )


def observe(clients: Clients, options: Options) -> Options | None:
    eks = clients("eks")
    names = {"clusterName": options["cluster_name"], "addonName": options["name"]}
    try:
        addon = eks.describe_addon(**names)["addon"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    described = [
        eks.describe_pod_identity_association(
            clusterName=options["cluster_name"], associationId=arn.rpartition("/")[2]
        )["association"]
        for arn in addon.get("podIdentityAssociations", [])
    ]
    return {
        "version": addon["addonVersion"],
        "configuration_values": json.loads(addon.get("configurationValues") or "{}"),
        "service_account_role_arn": addon.get("serviceAccountRoleArn", ""),
        "pod_identity_associations": [
            {"service_account": item["serviceAccount"], "role_arn": item["roleArn"]} for item in described
        ],
        "tags": addon["tags"],
    }


SUBJECT = Subject(
    module="eks_addon",
    key="addon",
    prepare=cluster,
    place=place,
    wishes=wishes,
    observe=observe,
    controls=("resolve_conflicts",),
)
