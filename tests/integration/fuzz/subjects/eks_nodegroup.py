# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject eks_nodegroup."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import cluster
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some

WORDS = st.sampled_from(["1", "2", ""])
EFFECTS = st.sampled_from(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"])
TAINT = st.fixed_dictionaries({"key": st.sampled_from(["dedicated", "gpu"]), "value": WORDS, "effect": EFFECTS})
# Smallest, desired and largest number, in this order whatever is drawn.
SIZES = st.lists(st.integers(1, 9), min_size=3, max_size=3).map(sorted)
# All three: the node group shows the one that is left out too, so that it would look unmet.
SCALING = SIZES.map(lambda sizes: dict(zip(("min_size", "desired_size", "max_size"), sizes, strict=True)))
STRATEGY = {"update_strategy": st.sampled_from(["DEFAULT", "MINIMAL"])}
NUMBER = st.fixed_dictionaries({"max_unavailable": st.integers(1, 3), **STRATEGY})
PERCENTAGE = st.fixed_dictionaries({"max_unavailable_percentage": st.integers(1, 100), **STRATEGY})


def place(world: Options, text: str) -> Options:
    return {"cluster_name": world["cluster_name"], "name": f"nodes-{text}"}


def fixed(world: Options) -> Wishes:
    types = st.lists(st.sampled_from(["m7g.large", "m6g.large"]), min_size=1, unique=True)
    subnets = st.lists(st.sampled_from(world["subnet_ids"]), min_size=1, unique=True)
    return st.fixed_dictionaries(
        {"node_role_arn": st.sampled_from(world["role_arns"]), "subnet_ids": subnets},
        optional={
            "capacity_type": st.sampled_from(["ON_DEMAND", "SPOT"]),
            "instance_types": types,
            "ami_type": st.sampled_from(["AL2023_ARM_64_STANDARD", "WINDOWS_CORE_2025_x86_64"]),
            "disk_size": st.integers(20, 100),
            "version": st.just("1.35"),
            # Never lowered on a node group that lives.
            "release_version": st.sampled_from(["1.35.2-20261022", "1.35.2-20261112"]),
        },
    )


def wishes(_world: Options) -> Wishes:
    taints = st.lists(TAINT, max_size=3, unique_by=lambda taint: (taint["key"], taint["effect"]))
    return some(
        scaling=SCALING,
        labels=st.dictionaries(st.sampled_from(["role", "team"]), st.sampled_from(["1", "2"])),
        taints=taints,
        update_config=NUMBER | PERCENTAGE,
        node_repair_config=st.fixed_dictionaries({"enabled": st.booleans()}),
        force_update=st.booleans(),
        tags=TAGS,
    )


def observe(clients: Clients, options: Options) -> Options | None:
    eks = clients("eks")
    names = {"clusterName": options["cluster_name"], "nodegroupName": options["name"]}
    try:
        group = eks.describe_nodegroup(**names)["nodegroup"]
    except eks.exceptions.ResourceNotFoundException:
        return None
    scaling, update = group["scalingConfig"], group["updateConfig"]
    return {
        "node_role_arn": group["nodeRole"],
        "subnet_ids": group["subnets"],
        "scaling": {f"{name}_size": scaling[f"{name}Size"] for name in ("min", "desired", "max")},
        "capacity_type": group["capacityType"],
        "instance_types": group["instanceTypes"],
        "ami_type": group["amiType"],
        "disk_size": group["diskSize"],
        "labels": group["labels"],
        "taints": group["taints"],
        "update_config": {
            "max_unavailable": update.get("maxUnavailable"),
            "max_unavailable_percentage": update.get("maxUnavailablePercentage"),
            "update_strategy": update.get("updateStrategy", "DEFAULT"),
        },
        "node_repair_config": group["nodeRepairConfig"],
        "version": group["version"],
        "release_version": group["releaseVersion"],
        "tags": group["tags"],
    }


SUBJECT = Subject(
    module="eks_nodegroup",
    key="nodegroup",
    prepare=cluster,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
    controls=("force_update",),
)
