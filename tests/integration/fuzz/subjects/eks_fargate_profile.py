# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_fargate_profile."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import cluster
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some


def place(world: Options, text: str) -> Options:
    return {"cluster_name": world["cluster_name"], "name": f"pods-{text}"}


def fixed(world: Options) -> Wishes:
    labels = st.dictionaries(st.sampled_from(["app", "tier"]), st.sampled_from(["1", "a*"]), max_size=2)
    selector = st.fixed_dictionaries({"namespace": st.sampled_from(["karpenter", "team-*"]), "labels": labels})
    return st.fixed_dictionaries(
        {
            "pod_execution_role_arn": st.sampled_from(world["role_arns"]),
            "selectors": st.lists(selector, min_size=1, max_size=5, unique_by=canonical_text),
        },
        optional={"subnet_ids": st.lists(st.sampled_from(world["subnet_ids"]), min_size=1, unique=True)},
    )


def canonical_text(selector: Options) -> str:
    return json.dumps(selector, sort_keys=True)


def wishes(_world: Options) -> Wishes:
    return some(tags=TAGS)


def observe(clients: Clients, options: Options) -> Options | None:
    eks = clients("eks")
    names = {"clusterName": options["cluster_name"], "fargateProfileName": options["name"]}
    try:
        profile = eks.describe_fargate_profile(**names)["fargateProfile"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    return {
        "pod_execution_role_arn": profile["podExecutionRoleArn"],
        "subnet_ids": profile["subnets"],
        "selectors": [{"labels": {}, **selector} for selector in profile["selectors"]],
        "tags": profile["tags"],
    }


SUBJECT = Subject(
    module="eks_fargate_profile",
    key="fargate_profile",
    prepare=cluster,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
)
