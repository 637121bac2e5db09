# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module iam_service_linked_role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import iam_service_linked_role

SPOT = "spot.amazonaws.com"
SPOT_ROLE = "AWSServiceRoleForEC2Spot"
SCALING = "autoscaling.amazonaws.com"
SCALING_ROLE = "AWSServiceRoleForAutoScaling"
DYNAMODB = "dynamodb.application-autoscaling.amazonaws.com"
DYNAMODB_ROLE = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
TASK = f"task/aws-service-role/{SPOT}/{SPOT_ROLE}/01234567-89ab-cdef-0123-456789abcdef"
OPTIONS: dict[str, Any] = {"service_name": SPOT, "description": "For Karpenter"}
ABSENT = {"service_name": SPOT, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]


def role(service: str = SPOT, name: str = SPOT_ROLE, description: str | None = "For Karpenter") -> dict[str, Any]:
    """Return a role as IAM describes it."""
    return {
        "Path": f"/aws-service-role/{service}/",
        "RoleName": name,
        "RoleId": "AROAEXAMPLE0123456789",
        "Arn": f"arn:aws:iam::123456789012:role/aws-service-role/{service}/{name}",
        "CreateDate": "2026-11-22T00:00:00Z",
        **({} if description is None else {"Description": description}),
    }


def listed(service: str, *names: str, description: str | None = "For Karpenter") -> Call:
    """Return the expected call that lists the roles of a service."""
    roles = [role(service, name, description) for name in names]
    return ("list_roles", {"PathPrefix": f"/aws-service-role/{service}/"}, {"Roles": roles})


def shown(description: str | None = "For Karpenter") -> Call:
    """Return the expected call that describes the spot role."""
    return ("get_role", {"RoleName": SPOT_ROLE}, {"Role": role(description=description)})


def status(name: str, **reason: Any) -> Call:
    """Return the expected call that asks for the deletion task."""
    answer = {"Status": name, **({"Reason": reason} if reason else {})}
    return ("get_service_linked_role_deletion_status", {"DeletionTaskId": TASK}, answer)


EXISTING = listed(SPOT, SPOT_ROLE)
MISSING = listed(SPOT)
CREATE_REQUEST = {"AWSServiceName": SPOT, "Description": "For Karpenter"}
CREATE: Call = ("create_service_linked_role", CREATE_REQUEST, {"Role": role()})
TAKEN = (
    *CREATE[:2],
    f"InvalidInput: Service role name {SPOT_ROLE} has been taken in this account, please try a different suffix.",
)
DESCRIBE: Call = (
    "update_role_description",
    {"RoleName": SPOT_ROLE, "Description": "For Karpenter"},
    {"Role": role()},
)
CLEAR: Call = ("update_role_description", {"RoleName": SPOT_ROLE, "Description": ""}, {"Role": role(description=None)})
DELETE: Call = ("delete_service_linked_role", {"RoleName": SPOT_ROLE}, {"DeletionTaskId": TASK})
VALUES = {"service_name": SPOT, "role_name": SPOT_ROLE, "description": "For Karpenter"}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned role
    "create": (OPTIONS, [MISSING], [CREATE, shown()], True, {"service_name": SPOT, "description": "For Karpenter"}),
    "no-op": (OPTIONS, [EXISTING], [], False, {**VALUES, "arn": role()["Arn"]}),
    "update": (OPTIONS, [listed(SPOT, SPOT_ROLE, description="Old")], [DESCRIBE], True, VALUES),
    "clear": ({**OPTIONS, "description": ""}, [EXISTING], [CLEAR], True, {**VALUES, "description": ""}),
    "nothing named": ({"service_name": SPOT}, [EXISTING], [], False, VALUES),
    "delete": (
        ABSENT,
        [EXISTING],
        [DELETE, status("NOT_STARTED"), status("IN_PROGRESS"), status("SUCCEEDED")],
        True,
        None,
    ),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, expected = MATRIX[case]
    steps = reads if check_mode else reads + writes
    outcome = run_module(iam_service_linked_role, options, steps, check_mode=check_mode)
    outcome.assert_made(changed, "service_linked_role", expected)


def test_what_only_iam_knows_is_predicted_as_unknown(run_module: Callable[..., Any]) -> None:
    real = run_module(iam_service_linked_role, OPTIONS, [EXISTING]).result["service_linked_role"]
    outcome = run_module(iam_service_linked_role, {"service_name": SPOT}, [MISSING], check_mode=True)
    predicted = outcome.result["service_linked_role"]
    assert set(predicted) == set(real)
    assert predicted == {
        "service_name": SPOT,
        "role_name": "role-known-after-apply",
        "role_id": "role-id-known-after-apply",
        "arn": "arn:aws:iam::known-after-apply",
        "path": f"/aws-service-role/{SPOT}/",
        "description": "",
    }


@pytest.mark.parametrize(
    ("service", "suffix", "names", "found"),
    [
        (SPOT, None, [SPOT_ROLE], SPOT_ROLE),
        (SCALING, None, [f"{SCALING_ROLE}_a", SCALING_ROLE], SCALING_ROLE),
        (SCALING, "", [f"{SCALING_ROLE}_a", SCALING_ROLE], SCALING_ROLE),
        (SCALING, None, [f"{SCALING_ROLE}_a"], None),
        (SCALING, "a", [SCALING_ROLE, f"{SCALING_ROLE}_b_a", f"{SCALING_ROLE}_a"], f"{SCALING_ROLE}_a"),
        (SCALING, "b_a", [SCALING_ROLE, f"{SCALING_ROLE}_b_a", f"{SCALING_ROLE}_a"], f"{SCALING_ROLE}_b_a"),
        (SCALING, "a", [SCALING_ROLE, f"{SCALING_ROLE}_b_a"], None),
        (DYNAMODB, None, [DYNAMODB_ROLE], DYNAMODB_ROLE),
        (DYNAMODB, None, [DYNAMODB_ROLE, f"{DYNAMODB_ROLE}_a"], None),
    ],
)
def test_role_is_found_by_service_and_suffix(
    run_module: Callable[..., Any], service: str, suffix: str | None, names: list[str], found: str | None
) -> None:
    options = {"service_name": service, "custom_suffix": suffix}
    outcome = run_module(iam_service_linked_role, options, [listed(service, *names)], check_mode=True)
    assert outcome.result["changed"] is (found is None)
    assert outcome.result["service_linked_role"]["role_name"] == found or found is None


def test_a_role_with_a_suffix_is_created(run_module: Callable[..., Any]) -> None:
    name = f"{SCALING_ROLE}_production"
    made = {"Role": role(SCALING, name, None)}
    steps = [
        listed(SCALING, SCALING_ROLE),
        ("create_service_linked_role", {"AWSServiceName": SCALING, "CustomSuffix": "production"}, made),
        ("get_role", {"RoleName": name}, made),
    ]
    outcome = run_module(iam_service_linked_role, {"service_name": SCALING, "custom_suffix": "production"}, steps)
    assert outcome.result["service_linked_role"]["role_name"] == name


def test_a_new_role_is_waited_for_until_iam_shows_it(run_module: Callable[..., Any]) -> None:
    not_yet: Call = ("get_role", {"RoleName": SPOT_ROLE}, "NoSuchEntity: not yet")
    steps = [MISSING, CREATE, not_yet, not_yet, shown()]
    assert run_module(iam_service_linked_role, OPTIONS, steps).result["service_linked_role"]["role_name"] == SPOT_ROLE


def test_a_new_role_that_does_not_show_is_named(run_module: Callable[..., Any]) -> None:
    not_yet: Call = ("get_role", {"RoleName": SPOT_ROLE}, "NoSuchEntity: not yet")
    message = run_module(iam_service_linked_role, OPTIONS, [MISSING, CREATE, *[not_yet] * 13]).message
    assert f"waiting for the service-linked role {SPOT_ROLE} to show: IAM does not show it" in message


@pytest.mark.parametrize(("description", "writes"), [("For Karpenter", []), ("Old", [DESCRIBE])])
def test_a_role_that_iam_did_not_show_is_adopted(
    run_module: Callable[..., Any], description: str, writes: list[Call]
) -> None:
    outcome = run_module(iam_service_linked_role, OPTIONS, [MISSING, TAKEN, shown(description), *writes])
    assert outcome.result["changed"] is bool(writes)
    assert outcome.result["service_linked_role"]["description"] == "For Karpenter"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (f"InvalidInput: Custom suffix is not allowed for {SPOT}", "Custom suffix is not allowed"),
        ("AccessDenied: not authorized to perform: iam:CreateServiceLinkedRole", "iam:CreateServiceLinkedRole"),
    ],
)
def test_refusals_of_iam_are_quoted(run_module: Callable[..., Any], error: str, text: str) -> None:
    message = run_module(iam_service_linked_role, OPTIONS, [MISSING, (*CREATE[:2], error)]).message
    assert f"Failed to create the service-linked role of {SPOT}" in message
    assert text in message


def test_a_failed_deletion_ends_the_wait_with_its_reason(run_module: Callable[..., Any]) -> None:
    usages = [
        {"Region": "eu-west-1", "Resources": ["arn:aws:ec2:eu-west-1:123456789012:instance/i-1"]},
        {"Resources": ["arn:aws:ec2:eu-west-2:123456789012:instance/i-2"]},
        {"Region": "eu-west-3"},
    ]
    steps = [EXISTING, DELETE, status("IN_PROGRESS"), status("FAILED", Reason="Instances run.", RoleUsageList=usages)]
    message = run_module(iam_service_linked_role, ABSENT, steps).message
    assert f"the deletion of the service-linked role {SPOT_ROLE}: IAM reports FAILED. Instances run." in message
    assert "instance/i-1 (eu-west-1), " in message
    assert "instance/i-2 (no region). Delete these first." in message


def test_a_deletion_that_fails_without_a_reason(run_module: Callable[..., Any]) -> None:
    message = run_module(iam_service_linked_role, ABSENT, [EXISTING, DELETE, status("FAILED")]).message
    assert message.endswith("IAM reports FAILED. It gives no reason.")


def test_a_deletion_that_was_interrupted_is_resumed(run_module: Callable[..., Any]) -> None:
    unseen = (*status("")[:2], "NoSuchEntity: not yet")
    running = [EXISTING, DELETE, *[unseen, status("IN_PROGRESS"), status("IN_PROGRESS")]]
    message = run_module(iam_service_linked_role, {**ABSENT, "wait_timeout": 3}, running).message
    assert "Timeout after 3 s" in message
    assert "status IN_PROGRESS" in message
    resumed = [EXISTING, DELETE, status("SUCCEEDED")]
    assert run_module(iam_service_linked_role, ABSENT, resumed).result["changed"] is True


def test_wait_false_does_not_wait(run_module: Callable[..., Any]) -> None:
    assert run_module(iam_service_linked_role, {**ABSENT, "wait": False}, [EXISTING, DELETE]).result["changed"] is True


def test_a_role_that_is_gone_already_is_no_change(run_module: Callable[..., Any]) -> None:
    steps = [EXISTING, (*DELETE[:2], "NoSuchEntity: gone")]
    assert run_module(iam_service_linked_role, ABSENT, steps).result["changed"] is False


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"service_name": "spot"}, "service_name is 'spot', which is not the name of an AWS service."),
        ({"service_name": "https://spot.amazonaws.com"}, "such as spot.amazonaws.com"),
        ({"service_name": "Spot.amazonaws.com"}, "in lower case"),
        ({"service_name": "spot.amazonaws.com.example.com"}, "is not the name of an AWS service"),
        ({"service_name": SPOT, "custom_suffix": "a b"}, "custom_suffix is 'a b', which cannot be part"),
        ({"service_name": SPOT, "custom_suffix": "a" * 65}, "at most 64"),
        ({"service_name": SPOT, "description": "\u2013"}, "description is '\u2013', which is no description"),
        ({"service_name": SPOT, "description": "a" * 1001}, "at most 1000"),
    ],
)
def test_values_that_iam_does_not_take_are_refused(
    run_module: Callable[..., Any], options: dict[str, Any], text: str
) -> None:
    assert text in run_module(iam_service_linked_role, options).message


def test_check_mode_takes_predicted_values(run_module: Callable[..., Any]) -> None:
    unknown = "service-known-after-apply"
    options = {"service_name": unknown, "custom_suffix": "a known-after-apply"}
    outcome = run_module(iam_service_linked_role, options, [listed(unknown)], check_mode=True)
    assert outcome.result["service_linked_role"]["service_name"] == unknown
    assert "service_name is" in run_module(iam_service_linked_role, options).message
