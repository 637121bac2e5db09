# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_access_entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import eks_access_entry

PRINCIPAL = "arn:aws:iam::123456789012:role/operators"
PLACE = {"clusterName": "production", "principalArn": PRINCIPAL}
ARN = "arn:aws:eks:eu-west-1:123456789012:access-entry/production/role/123456789012/operators/01234567"
ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
MISSING = "ResourceNotFoundException: The specified principalArn could not be found."

OPTIONS: dict[str, Any] = {
    "cluster_name": "production",
    "principal_arn": PRINCIPAL,
    "kubernetes_groups": ["operators"],
    "access_policies": [{"policy_arn": ADMIN}],
    "tags": {"team": "platform"},
}
ON_CLUSTER = {"policyArn": ADMIN, "accessScope": {"type": "cluster", "namespaces": []}}
ON_NAMESPACE = {"policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": ["b", "a"]}}


def read(policies: list[dict[str, Any]], **changes: Any) -> list[tuple[str, dict[str, Any], Any]]:
    """Return the expected calls that read an entry with its policies."""
    entry: dict[str, Any] = {
        **PLACE,
        "accessEntryArn": ARN,
        "type": "STANDARD",
        "username": "operators",
        "kubernetesGroups": ["operators"],
        "tags": {"team": "platform"},
    }
    return [
        ("describe_access_entry", PLACE, {"accessEntry": {**entry, **changes}}),
        ("list_associated_access_policies", PLACE, {"associatedAccessPolicies": policies}),
    ]


MISSES = [("describe_access_entry", PLACE, MISSING)]
CLUSTER = (
    "describe_cluster",
    {"name": "production"},
    {"cluster": {"name": "production", "version": "1.35", "status": "ACTIVE"}},
)
CREATE_REQUEST = {**PLACE, "kubernetesGroups": ["operators"], "tags": {"team": "platform"}}
CREATE = ("create_access_entry", CREATE_REQUEST, {"accessEntry": PLACE})
ASSOCIATE = (
    "associate_access_policy",
    {**PLACE, "policyArn": ADMIN, "accessScope": {"type": "cluster"}},
    {"associatedAccessPolicy": ON_CLUSTER},
)
ABSENT = {"cluster_name": "production", "principal_arn": PRINCIPAL, "state": "absent"}

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned entry
    "create": (
        OPTIONS,
        MISSES,
        [CLUSTER, CREATE, ASSOCIATE, *read([ON_CLUSTER])],
        True,
        {
            "access_policies": [{"policy_arn": ADMIN, "scope": "cluster", "namespaces": []}],
            "kubernetes_groups": ["operators"],
            "type": "STANDARD",
        },
    ),
    "no-op": (OPTIONS, read([ON_CLUSTER]), [], False, {"arn": ARN, "username": "operators"}),
    "update": (
        {**OPTIONS, "kubernetes_groups": [], "username": "ops", "tags": {"team": "data"}},
        read([ON_NAMESPACE]),
        [
            ("update_access_entry", {**PLACE, "kubernetesGroups": [], "username": "ops"}, {"accessEntry": PLACE}),
            ("tag_resource", {"resourceArn": ARN, "tags": {"team": "data"}}, {}),
            ASSOCIATE,
            ("disassociate_access_policy", {**PLACE, "policyArn": VIEW}, {}),
            *read([ON_CLUSTER], kubernetesGroups=[], username="ops", tags={"team": "data"}),
        ],
        True,
        {"kubernetes_groups": [], "username": "ops", "tags": {"team": "data"}},
    ),
    "delete": (ABSENT, read([]), [("delete_access_entry", PLACE, {})], True, None),
    "delete missing": (ABSENT, MISSES, [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, entry = MATRIX[case]
    outcome = run_module(eks_access_entry, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "access_entry", entry)


def test_prediction_has_the_keys_of_a_real_entry(run_module: Callable[..., Any]) -> None:
    real = run_module(eks_access_entry, OPTIONS, read([ON_CLUSTER])).result["access_entry"]
    predicted = run_module(eks_access_entry, OPTIONS, MISSES, check_mode=True).result["access_entry"]
    assert set(predicted) == set(real)


def test_the_order_of_namespaces_means_nothing(run_module: Callable[..., Any]) -> None:
    policy = {"policy_arn": VIEW, "scope": "namespace", "namespaces": ["a", "b"]}
    outcome = run_module(eks_access_entry, {**OPTIONS, "access_policies": [policy]}, read([ON_NAMESPACE]))
    assert outcome.result["changed"] is False


def test_another_scope_replaces_the_associated_one(run_module: Callable[..., Any]) -> None:
    policy = {"policy_arn": VIEW, "scope": "namespace", "namespaces": ["c"]}
    scope = {"type": "namespace", "namespaces": ["c"]}
    steps = [
        *read([ON_NAMESPACE]),
        ("associate_access_policy", {**PLACE, "policyArn": VIEW, "accessScope": scope}, {}),
        *read([{"policyArn": VIEW, "accessScope": scope}]),
    ]
    assert run_module(eks_access_entry, {**OPTIONS, "access_policies": [policy]}, steps).result["changed"] is True


def test_a_policy_that_is_associated_already_is_not_sent(run_module: Callable[..., Any]) -> None:
    request = {**PLACE, "kubernetesGroups": ["viewers"]}
    steps = [
        *read([ON_CLUSTER]),
        ("update_access_entry", request, {"accessEntry": PLACE}),
        *read([ON_CLUSTER], kubernetesGroups=["viewers"]),
    ]
    outcome = run_module(eks_access_entry, {**OPTIONS, "kubernetes_groups": ["viewers"]}, steps)
    assert outcome.result["access_entry"]["kubernetes_groups"] == ["viewers"]


def test_policies_of_others_stay_without_purge(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "purge_access_policies": False}
    outcome = run_module(eks_access_entry, options, read([ON_CLUSTER, ON_NAMESPACE]))
    assert outcome.result["changed"] is False
    assert len(outcome.result["access_entry"]["access_policies"]) == 2


def test_unset_options_are_left_alone(run_module: Callable[..., Any]) -> None:
    options = {"cluster_name": "production", "principal_arn": PRINCIPAL}
    assert run_module(eks_access_entry, options, read([ON_CLUSTER, ON_NAMESPACE])).result["changed"] is False


def test_the_type_cannot_be_changed(run_module: Callable[..., Any]) -> None:
    message = run_module(eks_access_entry, {**OPTIONS, "type": "EC2_LINUX"}, read([ON_CLUSTER])).message
    assert all(part in message for part in ("type", "'STANDARD'", "'EC2_LINUX'", "state=absent"))


def test_a_new_role_is_waited_for(run_module: Callable[..., Any]) -> None:
    refusal = "InvalidParameterException: The specified principalArn is invalid: invalid principal."
    steps = [*MISSES, CLUSTER, ("create_access_entry", CREATE_REQUEST, refusal), CREATE, ASSOCIATE]
    assert run_module(eks_access_entry, OPTIONS, [*steps, *read([ON_CLUSTER])]).result["changed"] is True


def test_a_new_entry_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [*MISSES, CLUSTER, CREATE, ASSOCIATE, *MISSES, *read([ON_CLUSTER])]
    assert run_module(eks_access_entry, OPTIONS, steps).result["access_entry"]["arn"] == ARN


def test_without_wait_the_entry_is_predicted_until_it_shows(run_module: Callable[..., Any]) -> None:
    steps = [*MISSES, CLUSTER, CREATE, ASSOCIATE, *MISSES]
    outcome = run_module(eks_access_entry, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["access_entry"]["principal_arn"] == PRINCIPAL


def test_a_namespace_scope_needs_namespaces(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "access_policies": [{"policy_arn": VIEW, "scope": "namespace"}]}
    assert "namespaces" in run_module(eks_access_entry, options).message


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"principal_arn": "operators"}, ["principal_arn is 'operators'", "arn:aws:iam::"]),
        (
            {"access_policies": [{"policy_arn": "AmazonEKSViewPolicy"}]},
            ["access_policies[0].policy_arn is 'AmazonEKSViewPolicy'", "arn:aws:eks::aws:cluster-access-policy/"],
        ),
    ],
)
def test_what_is_no_arn_is_refused(run_module: Callable[..., Any], options: dict[str, Any], parts: list[str]) -> None:
    message = run_module(eks_access_entry, {**OPTIONS, **options}).message
    assert all(part in message for part in parts), message
