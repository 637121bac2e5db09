# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_addon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.module_utils._eks_addon import parse_configuration
from ansible_collections.supastack.aws.plugins.modules import eks_addon

PLACE = {"clusterName": "production", "addonName": "vpc-cni"}
ARN = "arn:aws:eks:eu-west-1:123456789012:addon/production/vpc-cni/01234567"
VERSION = "v1.20.4-eksbuild.1"
MISSING = "ResourceNotFoundException: No addon: vpc-cni found in cluster: production"
CONFIGURATION = '{"enableNetworkPolicy": "true"}'

OPTIONS: dict[str, Any] = {
    "cluster_name": "production",
    "name": "vpc-cni",
    "version": VERSION,
    "configuration_values": {"enableNetworkPolicy": "true"},
    "tags": {"team": "platform"},
}


def described(**changes: Any) -> dict[str, Any]:
    """Return an add-on as EKS describes it."""
    addon: dict[str, Any] = {
        **PLACE,
        "addonArn": ARN,
        "status": "ACTIVE",
        "addonVersion": VERSION,
        "configurationValues": CONFIGURATION,
        "tags": {"team": "platform"},
        "health": {"issues": []},
    }
    return {**addon, **changes}


def describe(answer: dict[str, Any] | str) -> tuple[str, dict[str, Any], Any]:
    """Return the expected DescribeAddon call."""
    return ("describe_addon", PLACE, answer if isinstance(answer, str) else {"addon": answer})


def cluster(status: str = "ACTIVE") -> tuple[str, dict[str, Any], Any]:
    """Return the expected DescribeCluster call."""
    answer = {"cluster": {"name": "production", "version": "1.35", "status": status}}
    return ("describe_cluster", {"name": "production"}, answer)


CREATE_REQUEST = {
    **PLACE,
    "addonVersion": VERSION,
    "configurationValues": CONFIGURATION,
    "resolveConflicts": "NONE",
    "tags": {"team": "platform"},
}
CREATE = ("create_addon", CREATE_REQUEST, {"addon": described(status="CREATING")})
DELETE = ("delete_addon", PLACE, {"addon": described(status="DELETING")})
UPDATE_REQUEST = {**PLACE, "addonVersion": VERSION, "configurationValues": CONFIGURATION, "resolveConflicts": "NONE"}
UPDATE = ("update_addon", UPDATE_REQUEST, {"update": {"id": "u1", "status": "InProgress"}})
UPDATED = (
    "describe_update",
    {"name": "production", "addonName": "vpc-cni", "updateId": "u1"},
    {"update": {"id": "u1", "status": "Successful"}},
)
VERSIONS = (
    "describe_addon_versions",
    {"addonName": "vpc-cni", "kubernetesVersion": "1.35"},
    {
        "addons": [
            {
                "addonName": "vpc-cni",
                "addonVersions": [
                    {"addonVersion": "v1.21.0-eksbuild.1", "compatibilities": [{"defaultVersion": False}]},
                    {"addonVersion": VERSION, "compatibilities": [{"defaultVersion": True}]},
                ],
            }
        ]
    },
)
STUCK = described(status="DELETE_FAILED")
ABSENT = {"cluster_name": "production", "name": "vpc-cni", "state": "absent"}

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned add-on
    "create": (
        OPTIONS,
        [describe(MISSING)],
        [cluster(), CREATE, describe(described(status="CREATING")), describe(described())],
        True,
        {"version": VERSION, "configuration_values": {"enableNetworkPolicy": "true"}, "tags": {"team": "platform"}},
    ),
    "no-op": (OPTIONS, [describe(described())], [], False, {"status": "ACTIVE", "arn": ARN}),
    "update": (
        {**OPTIONS, "tags": {}},
        [describe(described(addonVersion="v1.19.0-eksbuild.1"))],
        [
            UPDATE,
            UPDATED,
            ("untag_resource", {"resourceArn": ARN, "tagKeys": ["team"]}, {}),
            describe(described(tags={})),
        ],
        True,
        {"version": VERSION, "tags": {}},
    ),
    "delete": (
        ABSENT,
        [describe(described())],
        [DELETE, describe(described(status="DELETING")), describe(MISSING)],
        True,
        None,
    ),
    "delete missing": (ABSENT, [describe(MISSING)], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, addon = MATRIX[case]
    outcome = run_module(eks_addon, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "addon", addon)


def test_prediction_has_the_keys_of_a_real_addon(run_module: Callable[..., Any]) -> None:
    real = run_module(eks_addon, OPTIONS, [describe(described())]).result["addon"]
    predicted = run_module(eks_addon, OPTIONS, [describe(MISSING)], check_mode=True).result["addon"]
    assert set(predicted) == set(real)


def test_the_version_can_be_that_of_another_kubernetes_than_the_clusters(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "version": "default", "kubernetes_version": "1.35"}
    outcome = run_module(eks_addon, options, [describe(MISSING), VERSIONS], check_mode=True)
    assert outcome.result["addon"]["version"] == VERSION


@pytest.mark.parametrize(("word", "version"), [("default", VERSION), ("latest", "v1.21.0-eksbuild.1")])
def test_version_by_word(run_module: Callable[..., Any], word: str, version: str) -> None:
    steps = [describe(described(addonVersion=version)), cluster(), VERSIONS]
    assert run_module(eks_addon, {**OPTIONS, "version": word}, steps).result["changed"] is False


def test_version_by_word_is_unknown_without_a_cluster(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), ("describe_cluster", {"name": "production"}, "ResourceNotFoundException: none")]
    outcome = run_module(eks_addon, {**OPTIONS, "version": "default"}, steps, check_mode=True)
    assert outcome.result["addon"]["version"] == "default-known-after-apply"


def test_an_addon_that_eks_does_not_offer_is_refused(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), cluster(), (*VERSIONS[:2], {"addons": []})]
    message = run_module(eks_addon, {**OPTIONS, "version": "latest"}, steps).message
    assert "'vpc-cni' for Kubernetes 1.35" in message


def test_a_missing_cluster_is_named(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), ("describe_cluster", {"name": "production"}, "ResourceNotFoundException: none")]
    message = run_module(eks_addon, OPTIONS, steps).message
    assert "cluster_name is 'production'" in message
    assert "supastack.aws.eks_cluster" in message


def test_a_new_cluster_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), cluster("CREATING"), cluster(), CREATE, describe(described())]
    assert run_module(eks_addon, OPTIONS, steps).result["changed"] is True


@pytest.mark.parametrize(
    ("status", "steps", "changed"),
    [
        ("CREATING", [describe(described())], False),
        ("DEGRADED", [describe(described(status="DEGRADED")), describe(described())], False),
        ("DELETING", [describe(MISSING), cluster(), CREATE, describe(described())], True),
        ("CREATE_FAILED", [cluster(), DELETE, describe(MISSING), CREATE, describe(described())], True),
        (
            "DELETE_FAILED",
            [cluster(), DELETE, describe(STUCK), describe(MISSING), CREATE, describe(described())],
            True,
        ),
        ("UPDATE_FAILED", [UPDATE, UPDATED, describe(described())], True),
    ],
)
def test_run_is_resumed_from(run_module: Callable[..., Any], status: str, steps: list[Any], changed: bool) -> None:
    outcome = run_module(eks_addon, OPTIONS, [describe(described(status=status)), *steps])
    assert outcome.result["changed"] is changed
    assert outcome.result["addon"]["status"] == "ACTIVE"


@pytest.mark.parametrize("status", ["CREATE_FAILED", "UPDATE_FAILED"])
def test_check_mode_predicts_the_repair(run_module: Callable[..., Any], status: str) -> None:
    outcome = run_module(eks_addon, OPTIONS, [describe(described(status=status))], check_mode=True)
    assert outcome.result["changed"] is True
    assert outcome.result["diff"]["before"]["status"] == status


def test_a_change_waits_for_the_one_under_way(run_module: Callable[..., Any]) -> None:
    steps = [
        describe(described(status="UPDATING", addonVersion="v1.19.0-eksbuild.1")),
        describe(described(status="UPDATING", addonVersion="v1.19.0-eksbuild.1")),
        describe(described()),
    ]
    assert run_module(eks_addon, OPTIONS, steps).result["changed"] is False


def test_a_failed_creation_ends_the_wait_with_its_reason(run_module: Callable[..., Any]) -> None:
    issues = {"issues": [{"code": "ConfigurationConflict", "message": "aws-node exists"}]}
    steps = [describe(MISSING), cluster(), CREATE, describe(described(status="CREATE_FAILED", health=issues))]
    assert "ConfigurationConflict: aws-node exists" in run_module(eks_addon, OPTIONS, steps).message


def test_degraded_is_pending_until_the_timeout(run_module: Callable[..., Any]) -> None:
    issues = {"issues": [{"code": "InsufficientNumberOfReplicas", "message": "no nodes"}]}
    degraded = describe(described(status="DEGRADED", health=issues))
    message = run_module(eks_addon, {**OPTIONS, "wait_timeout": 5}, [degraded] * 5).message
    assert "Timeout after 5 s" in message
    assert "InsufficientNumberOfReplicas: no nodes" in message


def test_wait_false_does_not_wait(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), cluster(), CREATE, describe(described(status="CREATING"))]
    outcome = run_module(eks_addon, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["addon"]["status"] == "CREATING"
    degraded = [describe(described(status="DEGRADED"))]
    assert run_module(eks_addon, {**OPTIONS, "wait": False}, degraded).result["changed"] is False


def test_wait_false_starts_the_update_only(run_module: Callable[..., Any]) -> None:
    old = {"addonVersion": "v1.19.0-eksbuild.1"}
    steps = [describe(described(**old)), UPDATE, describe(described(status="UPDATING", **old))]
    outcome = run_module(eks_addon, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["changed"] is True
    assert outcome.result["addon"]["status"] == "UPDATING"


def test_what_is_not_set_is_not_sent(run_module: Callable[..., Any]) -> None:
    options = {"cluster_name": "production", "name": "vpc-cni"}
    request = {**PLACE, "resolveConflicts": "NONE"}
    steps = [describe(MISSING), cluster(), ("create_addon", request, {"addon": described()}), describe(described())]
    assert run_module(eks_addon, options, steps).result["addon"]["version"] == VERSION


def test_check_mode_predicts_an_addon_after_the_deletion_under_way(run_module: Callable[..., Any]) -> None:
    outcome = run_module(eks_addon, OPTIONS, [describe(described(status="DELETING"))], check_mode=True)
    assert outcome.result["changed"] is True
    assert outcome.result["diff"]["before"] == {}


def test_a_deletion_under_way_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [describe(described(status="DELETING")), describe(described(status="DELETING")), describe(MISSING)]
    assert run_module(eks_addon, ABSENT, steps).result["changed"] is False


def test_wait_false_starts_the_deletion_only(run_module: Callable[..., Any]) -> None:
    assert run_module(eks_addon, {**ABSENT, "wait": False}, [describe(described()), DELETE]).result["changed"] is True


def test_an_update_sends_what_is_not_changed_as_well(run_module: Callable[..., Any]) -> None:
    role = "arn:aws:iam::123456789012:role/cni"
    options = {"cluster_name": "production", "name": "vpc-cni", "version": VERSION, "resolve_conflicts": "preserve"}
    request = {**UPDATE_REQUEST, "serviceAccountRoleArn": role, "resolveConflicts": "PRESERVE"}
    steps = [
        describe(described(addonVersion="v1.19.0-eksbuild.1", serviceAccountRoleArn=role)),
        ("update_addon", request, {"update": {"id": "u1"}}),
        UPDATED,
        describe(described(serviceAccountRoleArn=role)),
    ]
    assert run_module(eks_addon, options, steps).result["addon"]["service_account_role_arn"] == role


ROLES = ["arn:aws:iam::123456789012:role/cni", "arn:aws:iam::123456789012:role/metrics"]
OWNED = [f"arn:aws:eks:eu-west-1:123456789012:podidentityassociation/production/a-{number}" for number in range(2)]


def association(number: int, service_account: str, role: str) -> tuple[str, dict[str, Any], Any]:
    """Return the expected DescribePodIdentityAssociation call."""
    place = {"clusterName": "production", "associationId": f"a-{number}"}
    described = {**place, "namespace": "kube-system", "serviceAccount": service_account, "roleArn": role}
    return ("describe_pod_identity_association", place, {"association": described})


def pairs(*roles: str) -> list[dict[str, str]]:
    """Return associations as options, the second service account first."""
    names = ["aws-node", "cni-metrics"]
    return [
        {"service_account": name, "role_arn": role} for name, role in reversed(list(zip(names, roles, strict=False)))
    ]


def test_associations_are_compared_by_service_account(run_module: Callable[..., Any]) -> None:
    owned = describe(described(podIdentityAssociations=OWNED))
    steps = [owned, association(0, "cni-metrics", ROLES[1]), association(1, "aws-node", ROLES[0])]
    outcome = run_module(eks_addon, {**OPTIONS, "pod_identity_associations": pairs(*ROLES)}, steps)
    assert outcome.result["changed"] is False
    names = [pair["service_account"] for pair in outcome.result["addon"]["pod_identity_associations"]]
    assert names == ["aws-node", "cni-metrics"]


def test_associations_are_replaced(run_module: Callable[..., Any]) -> None:
    wanted = [{"serviceAccount": "aws-node", "roleArn": ROLES[1]}]
    owned = described(podIdentityAssociations=OWNED[:1])
    refusal = "InvalidParameterException: Role provided in the request does not exist."
    request = {**UPDATE_REQUEST, "podIdentityAssociations": wanted}
    steps = [
        describe(owned),
        association(0, "aws-node", ROLES[0]),
        ("update_addon", request, refusal),
        ("update_addon", request, {"update": {"id": "u1"}}),
        UPDATED,
        describe(owned),
        association(0, "aws-node", ROLES[1]),
    ]
    outcome = run_module(eks_addon, {**OPTIONS, "pod_identity_associations": pairs(ROLES[1])}, steps)
    assert outcome.result["changed"] is True
    assert outcome.result["addon"]["pod_identity_associations"] == pairs(ROLES[1])


def test_associations_that_do_not_change_are_not_sent(run_module: Callable[..., Any]) -> None:
    owned = {"podIdentityAssociations": OWNED[:1]}
    steps = [
        describe(described(addonVersion="v1.19.0-eksbuild.1", **owned)),
        association(0, "aws-node", ROLES[0]),
        UPDATE,
        UPDATED,
        describe(described(**owned)),
        association(0, "aws-node", ROLES[0]),
    ]
    assert run_module(eks_addon, OPTIONS, steps).result["changed"] is True


def test_a_service_account_that_is_taken_is_reported_at_once(run_module: Callable[..., Any], clock: Any) -> None:
    request = {**UPDATE_REQUEST, "podIdentityAssociations": [{"serviceAccount": "aws-node", "roleArn": ROLES[0]}]}
    refusal = "ResourceInUseException: Association already exists: a-9"
    steps = [describe(described()), ("update_addon", request, refusal)]
    message = run_module(eks_addon, {**OPTIONS, "pod_identity_associations": pairs(ROLES[0])}, steps).message
    assert "already exists: a-9" in message
    assert clock.now == 0


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"service_account_role_arn": "cni"}, ["service_account_role_arn is 'cni'", "arn:aws:iam::"]),
        (
            {"pod_identity_associations": [{"service_account": "aws-node", "role_arn": "cni"}]},
            ["pod_identity_associations[0].role_arn is 'cni'"],
        ),
        (
            {"pod_identity_associations": [{"service_account": "aws-node", "role_arn": role} for role in ROLES]},
            ["'aws-node' twice"],
        ),
        ({"configuration_values": "{broken"}, ["configuration_values", "dict"]),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    run_module: Callable[..., Any], options: dict[str, Any], parts: list[str]
) -> None:
    message = run_module(eks_addon, {**OPTIONS, **options}).message
    assert all(part in message for part in parts), message


def test_a_failed_update_is_quoted(run_module: Callable[..., Any]) -> None:
    errors = [{"errorCode": "ConfigurationConflict", "errorMessage": "somebody set replicas"}]
    failed = {"update": {"id": "u1", "status": "Failed", "errors": errors}}
    steps = [describe(described(addonVersion="v1.19.0-eksbuild.1")), UPDATE, (*UPDATED[:2], failed)]
    assert "ConfigurationConflict: somebody set replicas" in run_module(eks_addon, OPTIONS, steps).message


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (None, {}),
        ("", {}),
        ('{"b": 1, "a": [true]}', {"a": [True], "b": 1}),
        ("a:\n  - true\nb: 1\n", {"a": [True], "b": 1}),
        ("{broken: [", "{broken: ["),
    ],
)
def test_configuration_is_compared_by_value(text: str | None, values: Any) -> None:
    assert parse_configuration(text) == values
