# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_cluster_info."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import eks_cluster_info

ARN = "arn:aws:eks:eu-west-1:123456789012:cluster/production"
CLUSTER = {
    "name": "production",
    "arn": ARN,
    "status": "ACTIVE",
    "endpoint": "https://api.example",
    "certificateAuthority": {"data": "Y2E="},
    "resourcesVpcConfig": {"endpointPublicAccess": True, "publicAccessCidrs": ["203.0.113.7/32"]},
}
NAMES = {"names": ["production", "staging"]}
FOUND = ("describe_cluster", {"name": "production"}, {"cluster": CLUSTER})
MISSING = ("describe_cluster", {"name": "staging"}, "ResourceNotFoundException: none")


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_tells_what_exists(run_module: Callable[..., Any], check_mode: bool) -> None:
    outcome = run_module(eks_cluster_info, NAMES, [FOUND, MISSING], check_mode=check_mode)
    assert outcome.result["changed"] is False
    (cluster,) = outcome.result["clusters"]
    wanted = {"arn": ARN, "endpoint": "https://api.example", "certificate_authority": "Y2E="}
    assert {name: cluster[name] for name in wanted} == wanted
    assert (cluster["endpoint_public_access"], cluster["public_access_cidrs"]) == (True, ["203.0.113.7/32"])


def test_another_error_names_the_cluster(run_module: Callable[..., Any]) -> None:
    steps = [("describe_cluster", {"name": "production"}, "AccessDeniedException: no")]
    assert "describe the EKS cluster production" in run_module(eks_cluster_info, NAMES, steps).message


def test_lists_what_pods_run_on(run_module: Callable[..., Any]) -> None:
    name = {"clusterName": "production"}
    steps = [
        FOUND,
        ("list_nodegroups", name, {"nodegroups": ["b", "a"]}),
        ("list_fargate_profiles", name, {"fargateProfileNames": ["system"]}),
    ]
    (cluster,) = run_module(eks_cluster_info, {"names": ["production"], "include_compute": True}, steps).result[
        "clusters"
    ]
    assert (cluster["nodegroup_names"], cluster["fargate_profile_names"]) == (["a", "b"], ["system"])
