# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_fargate_profile."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.module_utils._eks_fargate_profile import normal_selectors
from ansible_collections.supastack.aws.plugins.modules import eks_fargate_profile

Call = tuple[str, dict[str, Any], Any]
PLACE = {"clusterName": "production", "fargateProfileName": "system"}
ARN = "arn:aws:eks:eu-west-1:123456789012:fargateprofile/production/system/01234567"
ROLE = "arn:aws:iam::123456789012:role/production-fargate"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
MISSING = "ResourceNotFoundException: No Fargate Profile found with name: system."
DNS = {"namespace": "kube-system", "labels": {"k8s-app": "kube-dns"}}
KARPENTER = {"namespace": "karpenter", "labels": {}}

OPTIONS: dict[str, Any] = {
    "cluster_name": "production",
    "name": "system",
    "pod_execution_role_arn": ROLE,
    "subnet_ids": ["subnet-b", "subnet-a", "subnet-b"],
    "selectors": [DNS, {"namespace": "karpenter"}, DNS],
    "tags": {"team": "platform"},
}
ABSENT = {"cluster_name": "production", "name": "system", "state": "absent"}


def described(**changes: Any) -> dict[str, Any]:
    """Return a profile as EKS describes it."""
    profile: dict[str, Any] = {
        **PLACE,
        "fargateProfileArn": ARN,
        "podExecutionRoleArn": ROLE,
        "subnets": ["subnet-b", "subnet-a"],
        "selectors": [{"namespace": "karpenter"}, DNS],
        "status": "ACTIVE",
        "tags": {"team": "platform"},
        "health": {"issues": []},
    }
    return {**profile, **changes}


def describe(answer: dict[str, Any] | str) -> Call:
    """Return the expected DescribeFargateProfile call."""
    return ("describe_fargate_profile", PLACE, answer if isinstance(answer, str) else {"fargateProfile": answer})


def sorted_keys(value: Any) -> Any:
    """Return a value in the order in which a message shows it."""
    return json.loads(json.dumps(value, sort_keys=True))


def cluster(status: str = "ACTIVE") -> Call:
    """Return the expected DescribeCluster call."""
    return ("describe_cluster", {"name": "production"}, {"cluster": {"name": "production", "status": status}})


CREATE_REQUEST = {
    **PLACE,
    "podExecutionRoleArn": ROLE,
    "subnets": ["subnet-a", "subnet-b"],
    "selectors": [DNS, KARPENTER],
    "tags": {"team": "platform"},
}
CREATING = describe(described(status="CREATING"))
DELETING = describe(described(status="DELETING"))
CREATE: Call = ("create_fargate_profile", CREATE_REQUEST, {"fargateProfile": described(status="CREATING")})
DELETE: Call = ("delete_fargate_profile", PLACE, {"fargateProfile": described(status="DELETING")})
MAKE = [cluster(), CREATE, CREATING, describe(described())]
STUCK = described(status="DELETE_FAILED")
VALUES = {
    "arn": ARN,
    "status": "ACTIVE",
    "pod_execution_role_arn": ROLE,
    "subnet_ids": ["subnet-a", "subnet-b"],
    "selectors": [DNS, KARPENTER],
    "tags": {"team": "platform"},
}
KNOWN = {name: value for name, value in VALUES.items() if name not in ("arn", "status")}
RETAGGED = {"size": "2", "team": "platform"}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned profile
    "create": (OPTIONS, [describe(MISSING)], MAKE, True, KNOWN),
    "no-op": (OPTIONS, [describe(described())], [], False, VALUES),
    "update": (
        {**OPTIONS, "tags": {"size": 2, "team": "platform"}},
        [describe(described(tags={"old": "1", "team": "platform"}))],
        [
            ("untag_resource", {"resourceArn": ARN, "tagKeys": ["old"]}, {}),
            ("tag_resource", {"resourceArn": ARN, "tags": {"size": "2"}}, {}),
            describe(described(tags=RETAGGED)),
        ],
        True,
        {**VALUES, "tags": RETAGGED},
    ),
    "delete": (ABSENT, [describe(described())], [DELETE, DELETING, describe(MISSING)], True, None),
    "delete missing": (ABSENT, [describe(MISSING)], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, profile = MATRIX[case]
    steps = reads if check_mode else reads + writes
    outcome = run_module(eks_fargate_profile, options, steps, check_mode=check_mode)
    outcome.assert_made(changed, "fargate_profile", profile)


def test_prediction_has_the_keys_of_a_real_profile(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "subnet_ids": None}
    real = run_module(eks_fargate_profile, OPTIONS, [describe(described())]).result["fargate_profile"]
    outcome = run_module(eks_fargate_profile, options, [describe(MISSING)], check_mode=True)
    predicted = outcome.result["fargate_profile"]
    assert set(predicted) == set(real)
    assert predicted["subnet_ids"] == ["subnet-known-after-apply"]
    assert predicted["arn"] == f"{ARN.rpartition('/')[0]}/known-after-apply"


def test_prediction_of_a_profile_whose_role_and_subnets_are_predicted(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "pod_execution_role_arn": "arn-known-after-apply", "subnet_ids": ["subnet-known-after-apply"]}
    for answer in (MISSING, described()):
        outcome = run_module(eks_fargate_profile, options, [describe(answer)], check_mode=True)
        assert outcome.result["fargate_profile"]["subnet_ids"] == ["subnet-known-after-apply"]


def test_what_is_not_set_is_left_to_eks(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "subnet_ids": None, "tags": None}
    request = {key: value for key, value in CREATE_REQUEST.items() if key not in ("subnets", "tags")}
    create: Call = ("create_fargate_profile", request, CREATE[2])
    steps = [describe(MISSING), cluster(), create, describe(described(tags={}))]
    assert run_module(eks_fargate_profile, options, steps).result["fargate_profile"]["tags"] == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("pod_execution_role_arn", OTHER_ROLE),
        ("subnet_ids", ["subnet-c"]),
        ("selectors", [KARPENTER]),
    ],
)
@pytest.mark.parametrize("status", ["ACTIVE", "CREATING"])
def test_everything_but_tags_is_immutable(run_module: Callable[..., Any], field: str, value: Any, status: str) -> None:
    steps = [describe(described(status=status))]
    message = run_module(eks_fargate_profile, {**OPTIONS, field: value}, steps).message
    assert message.startswith(f"{field} is {sorted_keys(VALUES[field])!r} and cannot be changed to ")
    assert f"to {sorted_keys(value)!r} on an existing resource" in message
    assert "Make a profile under a new name, then remove this one (state=absent): its pods are killed" in message


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "eks-system"}, "name is 'eks-system', but EKS keeps names that begin with eks- for itself"),
        ({"pod_execution_role_arn": "production-fargate"}, "pod_execution_role_arn is 'production-fargate', but must"),
        ({"subnet_ids": []}, "subnet_ids is [], but a profile needs a private subnet"),
        ({"selectors": []}, "selectors has 0 entries, but a profile has 1 to 5"),
        ({"selectors": [{"namespace": str(number)} for number in range(6)]}, "selectors has 6 entries"),
        ({"selectors": [{"labels": {"a": "b"}}]}, "missing required arguments: namespace found in selectors"),
        ({"selectors": None}, "selectors has 0 entries"),
    ],
)
def test_bad_input_is_refused_before_any_call(
    run_module: Callable[..., Any], changes: dict[str, Any], text: str
) -> None:
    assert text in run_module(eks_fargate_profile, {**OPTIONS, **changes}).message


def test_a_missing_cluster_is_named(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), ("describe_cluster", {"name": "production"}, "ResourceNotFoundException: none")]
    assert "cluster_name is 'production'" in run_module(eks_fargate_profile, OPTIONS, steps).message


@pytest.mark.parametrize(
    ("status", "steps", "changed"),
    [
        ("CREATING", [CREATING, describe(described())], False),
        ("DELETING", [DELETING, describe(MISSING), *MAKE], True),
        ("CREATE_FAILED", [cluster(), DELETE, DELETING, describe(MISSING), *MAKE[1:]], True),
        ("DELETE_FAILED", [cluster(), DELETE, describe(STUCK), DELETING, describe(MISSING), *MAKE[1:]], True),
    ],
)
def test_run_is_resumed_from(run_module: Callable[..., Any], status: str, steps: list[Call], changed: bool) -> None:
    outcome = run_module(eks_fargate_profile, OPTIONS, [describe(described(status=status)), *steps])
    assert outcome.result["changed"] is changed
    assert outcome.result["fargate_profile"]["status"] == "ACTIVE"


def test_a_failed_profile_is_made_again_with_the_values_asked_for_now(run_module: Callable[..., Any]) -> None:
    failed = described(status="CREATE_FAILED", podExecutionRoleArn=OTHER_ROLE, tags={"a": "1", "aws:b": "2"})
    options = {**OPTIONS, "subnet_ids": None, "tags": None}
    request = {**CREATE_REQUEST, "tags": {"a": "1"}}
    create: Call = ("create_fargate_profile", request, CREATE[2])
    steps = [describe(failed), cluster(), DELETE, describe(MISSING), create, describe(described(tags={"a": "1"}))]
    assert run_module(eks_fargate_profile, options, steps).result["changed"] is True
    outcome = run_module(eks_fargate_profile, options, [describe(failed)], check_mode=True)
    assert outcome.result["fargate_profile"]["pod_execution_role_arn"] == ROLE
    assert outcome.result["diff"]["before"]["status"] == "CREATE_FAILED"


def test_check_mode_does_not_wait_for_a_deletion(run_module: Callable[..., Any]) -> None:
    outcome = run_module(eks_fargate_profile, OPTIONS, [DELETING], check_mode=True)
    assert outcome.result["changed"] is True


def busy(call: Call, code: str, state: str) -> Call:
    """Return the call with the refusal that EKS answers while something else of the cluster changes."""
    verb = "create" if call is CREATE else "Delete"
    return (*call[:2], f"{code}: Cannot {verb} Fargate Profile system because cluster production currently has {state}")


OTHER_PROFILE = "Fargate profile first in status CREATING"
REFUSALS = [
    ("ResourceInUseException", OTHER_PROFILE),
    ("InvalidRequestException", OTHER_PROFILE),
    ("ResourceInUseException", "an update in progress"),
]


@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize(("code", "state"), REFUSALS)
def test_it_waits_for_its_turn(run_module: Callable[..., Any], code: str, state: str, wait: bool) -> None:
    created = [describe(described())] if wait else [CREATING]
    refused = busy(CREATE, code, state)
    steps = [describe(MISSING), cluster(), refused, refused, CREATE, *created]
    assert run_module(eks_fargate_profile, {**OPTIONS, "wait": wait}, steps).result["changed"] is True
    gone = [describe(MISSING)] if wait else []
    refused = busy(DELETE, code, state)
    steps = [describe(described()), refused, refused, DELETE, *gone]
    assert run_module(eks_fargate_profile, {**ABSENT, "wait": wait}, steps).result["changed"] is True


def test_the_turn_does_not_come_in_time(run_module: Callable[..., Any]) -> None:
    refused = busy(CREATE, "ResourceInUseException", OTHER_PROFILE)
    steps = [describe(MISSING), cluster(), refused, refused, refused]
    message = run_module(eks_fargate_profile, {**OPTIONS, "wait_timeout": 4}, steps).message
    assert message.startswith("Failed to create the Fargate profile system of the EKS cluster production")
    assert OTHER_PROFILE in message


@pytest.mark.parametrize(
    "refusal",
    [
        "ResourceInUseException: A Fargate Profile already exists with this name in this cluster.",
        "InvalidRequestException: Failed to validate if SLR exists due to missing permissions for 'iam:GetRole'",
        "InvalidParameterException: Subnet subnet-a provided in Fargate Profile is not a private subnet",
        "AccessDeniedException: User is not authorized to perform: eks:CreateFargateProfile",
    ],
)
def test_a_lasting_refusal_is_quoted_at_once(run_module: Callable[..., Any], refusal: str) -> None:
    steps = [describe(MISSING), cluster(), (*CREATE[:2], refusal)]
    assert refusal.partition(": ")[2] in run_module(eks_fargate_profile, OPTIONS, steps).message


@pytest.mark.parametrize(
    "text",
    [
        "Misconfigured PodExecutionRole Trust Policy; Please add the eks-fargate-pods.amazonaws.com Service Principal",
        f"Role with arn: {ROLE}, could not be assumed because it does not exist",
    ],
)
def test_a_new_role_is_waited_for(run_module: Callable[..., Any], text: str) -> None:
    steps = [describe(MISSING), cluster(), (*CREATE[:2], f"InvalidParameterException: {text}"), *MAKE[1:]]
    assert run_module(eks_fargate_profile, OPTIONS, steps).result["changed"] is True


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_FAILED"])
def test_a_failure_ends_the_wait_with_its_reason(run_module: Callable[..., Any], status: str) -> None:
    issues = {"issues": [{"code": "AccessDenied", "message": "the role has no policy"}]}
    failed = describe(described(status=status, health=issues))
    steps = [describe(MISSING), cluster(), CREATE, failed]
    if status == "DELETE_FAILED":
        steps = [describe(described()), DELETE, DELETING, failed]
    message = run_module(eks_fargate_profile, OPTIONS if status == "CREATE_FAILED" else ABSENT, steps).message
    assert f"status {status} (AccessDenied: the role has no policy)" in message


def test_a_new_profile_that_does_not_show_yet(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), cluster(), CREATE, describe(MISSING)]
    outcome = run_module(eks_fargate_profile, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["fargate_profile"]["status"] == "CREATING"
    steps = [describe(MISSING), cluster(), CREATE, describe(MISSING), describe(described())]
    assert run_module(eks_fargate_profile, OPTIONS, steps).result["fargate_profile"]["status"] == "ACTIVE"


def test_wait_false_does_not_wait(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "wait": False}
    assert run_module(eks_fargate_profile, options, [CREATING]).result["changed"] is False
    assert run_module(eks_fargate_profile, {**ABSENT, "wait": False}, [DELETING]).result["changed"] is False


def test_a_deletion_under_way_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [DELETING, DELETING, describe(MISSING)]
    assert run_module(eks_fargate_profile, ABSENT, steps).result["changed"] is False


def test_labels_are_compared_as_text() -> None:
    assert normal_selectors([{"namespace": "n", "labels": {"a": 1}}]) == [{"namespace": "n", "labels": {"a": "1"}}]
