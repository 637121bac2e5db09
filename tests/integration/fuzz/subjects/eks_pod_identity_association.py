# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_pod_identity_association."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import cluster
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes

OTHER_ACCOUNT = "arn:aws:iam::210987654321:role/target"


def place(world: Options, text: str) -> Options:
    return {"cluster_name": world["cluster_name"], "namespace": "fuzz", "service_account": text}


def wishes(world: Options) -> Wishes:
    return st.fixed_dictionaries(
        {"role_arn": st.sampled_from(world["role_arns"])},
        optional={
            "target_role_arn": st.sampled_from(["", OTHER_ACCOUNT]),
            "disable_session_tags": st.booleans(),
            "tags": TAGS,
        },
    )


def observe(clients: Clients, options: Options) -> Options | None:
    eks = clients("eks")
    listed = eks.list_pod_identity_associations(
        clusterName=options["cluster_name"],
        namespace=options["namespace"],
        serviceAccount=options["service_account"],
    )["associations"]
    if not listed:
        return None
    association = eks.describe_pod_identity_association(
        clusterName=options["cluster_name"], associationId=listed[0]["associationId"]
    )["association"]
    return {
        "role_arn": association["roleArn"],
        "target_role_arn": association.get("targetRoleArn", ""),
        "disable_session_tags": association["disableSessionTags"],
        "tags": association["tags"],
    }


SUBJECT = Subject(
    module="eks_pod_identity_association",
    key="association",
    prepare=cluster,
    place=place,
    wishes=wishes,
    observe=observe,
)
