# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_pod_identity_association_info."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import eks_pod_identity_association_info

ROLE = "arn:aws:iam::123456789012:role/production-{}"
MISSING = "ResourceNotFoundException: No such thing"


def summary(number: int, service_account: str) -> dict[str, Any]:
    """Return an association as EKS lists it."""
    place = {"clusterName": "production", "namespace": "supabase", "serviceAccount": service_account}
    return {
        **place,
        "associationId": f"a-{number}",
        "associationArn": f"arn:aws:eks:eu-west-1:123456789012:x/a-{number}",
    }


def listing(request: dict[str, str], *found: dict[str, Any]) -> tuple[str, dict[str, Any], Any]:
    """Return the expected ListPodIdentityAssociations call."""
    return ("list_pod_identity_associations", {"clusterName": "production", **request}, {"associations": list(found)})


def describe(association: dict[str, Any], missing: bool = False) -> tuple[str, dict[str, Any], Any]:
    """Return the expected DescribePodIdentityAssociation call."""
    role = ROLE.format(association["serviceAccount"])
    answer = MISSING if missing else {"association": {**association, "roleArn": role}}
    request = {"clusterName": "production", "associationId": association["associationId"]}
    return ("describe_pod_identity_association", request, answer)


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_associations_come_in_the_order_of_their_names(run_module: Callable[..., Any], check_mode: bool) -> None:
    rest, auth = summary(1, "rest"), summary(2, "auth")
    steps = [listing({}, rest, auth), describe(rest), describe(auth)]
    outcome = run_module(
        eks_pod_identity_association_info, {"cluster_name": "production"}, steps, check_mode=check_mode
    )
    assert outcome.result["changed"] is False
    found = [(item["service_account"], item["role_arn"]) for item in outcome.result["associations"]]
    assert found == [("auth", ROLE.format("auth")), ("rest", ROLE.format("rest"))]


def test_filters_are_handed_to_eks(run_module: Callable[..., Any]) -> None:
    options = {"cluster_name": "production", "namespace": "supabase", "service_account": "rest"}
    steps = [listing({"namespace": "supabase", "serviceAccount": "rest"})]
    assert run_module(eks_pod_identity_association_info, options, steps).result["associations"] == []


def test_one_that_is_deleted_meanwhile_is_left_out(run_module: Callable[..., Any]) -> None:
    rest = summary(1, "rest")
    steps = [listing({}, rest), describe(rest, missing=True)]
    outcome = run_module(eks_pod_identity_association_info, {"cluster_name": "production"}, steps)
    assert outcome.result["associations"] == []


def test_a_missing_cluster_has_none(run_module: Callable[..., Any]) -> None:
    steps = [("list_pod_identity_associations", {"clusterName": "production"}, MISSING)]
    outcome = run_module(eks_pod_identity_association_info, {"cluster_name": "production"}, steps)
    assert outcome.result["associations"] == []


def test_a_missing_permission_names_the_action(run_module: Callable[..., Any]) -> None:
    refusal = "AccessDeniedException: User is not authorized to perform: eks:ListPodIdentityAssociations"
    steps = [("list_pod_identity_associations", {"clusterName": "production"}, refusal)]
    message = run_module(eks_pod_identity_association_info, {"cluster_name": "production"}, steps).message
    assert "eks:ListPodIdentityAssociations" in message
