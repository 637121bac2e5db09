# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_pod_identity_association."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import eks_pod_identity_association

IDENTIFIER = "a-0123456789abcdef0"
ROLE = "arn:aws:iam::123456789012:role/production-external-secrets"
ARN = f"arn:aws:eks:eu-west-1:123456789012:podidentityassociation/production/{IDENTIFIER}"
ACCOUNT = {"clusterName": "production", "namespace": "external-secrets", "serviceAccount": "external-secrets"}
SUMMARY = {**ACCOUNT, "associationArn": ARN, "associationId": IDENTIFIER}
ONE = {"clusterName": "production", "associationId": IDENTIFIER}

PLACE: dict[str, Any] = {
    "cluster_name": "production",
    "namespace": "external-secrets",
    "service_account": "external-secrets",
}
OPTIONS: dict[str, Any] = {**PLACE, "role_arn": ROLE, "tags": {"team": "platform"}}
ABSENT = {**PLACE, "state": "absent"}


def listing(*found: dict[str, Any]) -> tuple[str, dict[str, Any], Any]:
    """Return the expected ListPodIdentityAssociations call."""
    return ("list_pod_identity_associations", ACCOUNT, {"associations": list(found)})


def read(**changes: Any) -> list[tuple[str, dict[str, Any], Any]]:
    """Return the expected calls that read the association."""
    association = {**SUMMARY, "roleArn": ROLE, "tags": {"team": "platform"}, **changes}
    return [listing(SUMMARY), ("describe_pod_identity_association", ONE, {"association": association})]


CLUSTER = (
    "describe_cluster",
    {"name": "production"},
    {"cluster": {"name": "production", "version": "1.35", "status": "ACTIVE"}},
)
CREATE_REQUEST = {**ACCOUNT, "roleArn": ROLE, "tags": {"team": "platform"}}
CREATE = ("create_pod_identity_association", CREATE_REQUEST, {"association": {**SUMMARY, "roleArn": ROLE}})
DELETE = ("delete_pod_identity_association", ONE, {"association": SUMMARY})

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned association
    "create": (
        OPTIONS,
        [listing()],
        [CLUSTER, CREATE, listing(), *read()],
        True,
        {"role_arn": ROLE, "tags": {"team": "platform"}, "owner_arn": None},
    ),
    "no-op": (OPTIONS, read(), [], False, {"association_id": IDENTIFIER, "arn": ARN}),
    "update": (
        {**OPTIONS, "role_arn": f"{ROLE}2", "tags": {"team": "data"}},
        read(),
        [
            ("update_pod_identity_association", {**ONE, "roleArn": f"{ROLE}2"}, {"association": SUMMARY}),
            ("tag_resource", {"resourceArn": ARN, "tags": {"team": "data"}}, {}),
            *read(roleArn=f"{ROLE}2", tags={"team": "data"}),
        ],
        True,
        {"role_arn": f"{ROLE}2", "tags": {"team": "data"}, "association_id": IDENTIFIER},
    ),
    "delete": (ABSENT, read(), [DELETE], True, None),
    "delete missing": (ABSENT, [listing()], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, association = MATRIX[case]
    steps = reads if check_mode else reads + writes
    outcome = run_module(eks_pod_identity_association, options, steps, check_mode=check_mode)
    outcome.assert_made(changed, "association", association)


def test_prediction_without_a_cluster_has_the_keys_of_a_real_association(run_module: Callable[..., Any]) -> None:
    real = run_module(eks_pod_identity_association, OPTIONS, read()).result["association"]
    steps = [("list_pod_identity_associations", ACCOUNT, "ResourceNotFoundException: No cluster found")]
    outcome = run_module(eks_pod_identity_association, OPTIONS, steps, check_mode=True)
    predicted = outcome.result["association"]
    assert set(predicted) == set(real)
    assert predicted["association_id"] == "a-known-after-apply"
    assert predicted["arn"].startswith("arn:aws:eks:eu-west-1:123456789012:podidentityassociation/production/a-known")


@pytest.mark.parametrize("options", [{**OPTIONS, "role_arn": f"{ROLE}2"}, ABSENT], ids=["update", "delete"])
@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_what_an_addon_owns_is_not_touched(
    run_module: Callable[..., Any], options: dict[str, Any], check_mode: bool
) -> None:
    owner = "arn:aws:eks:eu-west-1:123456789012:addon/production/vpc-cni/01234567"
    outcome = run_module(eks_pod_identity_association, options, read(ownerArn=owner), check_mode=check_mode)
    assert owner in outcome.message


def test_a_new_role_is_waited_for(run_module: Callable[..., Any]) -> None:
    refusal = "InvalidParameterException: Role provided in the request does not exist."
    steps = [listing(), CLUSTER, ("create_pod_identity_association", CREATE_REQUEST, refusal), CREATE, *read()]
    assert run_module(eks_pod_identity_association, OPTIONS, steps).result["changed"] is True


def test_another_mistake_in_the_role_is_reported_at_once(run_module: Callable[..., Any]) -> None:
    refusal = "InvalidParameterException: Trust policy of role provided in the request is invalid"
    steps = [listing(), CLUSTER, ("create_pod_identity_association", CREATE_REQUEST, refusal)]
    assert "Trust policy" in run_module(eks_pod_identity_association, OPTIONS, steps).message


def test_without_wait_the_answer_is_returned_until_it_shows(run_module: Callable[..., Any]) -> None:
    steps = [listing(), CLUSTER, CREATE, listing()]
    outcome = run_module(eks_pod_identity_association, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["association"]["association_id"] == IDENTIFIER


def test_the_role_is_not_sent_when_only_tags_change(run_module: Callable[..., Any]) -> None:
    tag: dict[str, Any] = {"resourceArn": ARN, "tags": {"team": "data"}}
    steps = [*read(), ("tag_resource", tag, {}), *read(tags={"team": "data"})]
    outcome = run_module(eks_pod_identity_association, {**OPTIONS, "tags": {"team": "data"}}, steps)
    assert outcome.result["association"]["tags"] == {"team": "data"}


def test_an_association_that_vanishes_while_read_is_missing(run_module: Callable[..., Any]) -> None:
    steps = [listing(SUMMARY), ("describe_pod_identity_association", ONE, "ResourceNotFoundException: gone")]
    assert run_module(eks_pod_identity_association, ABSENT, steps).result["changed"] is False


def test_present_needs_a_role(run_module: Callable[..., Any]) -> None:
    assert "role_arn" in run_module(eks_pod_identity_association, PLACE).message


TARGET = "arn:aws:iam::210987654321:role/target"


def test_a_target_role_is_added_and_taken_away(run_module: Callable[..., Any]) -> None:
    wanted = {**OPTIONS, "target_role_arn": TARGET, "disable_session_tags": True}
    request = {**ONE, "roleArn": ROLE, "targetRoleArn": TARGET, "disableSessionTags": True}
    with_target = {"targetRoleArn": TARGET, "disableSessionTags": True, "externalId": "eu-west-1/123456789012/x"}
    update = ("update_pod_identity_association", request, {"association": SUMMARY})
    outcome = run_module(eks_pod_identity_association, wanted, [*read(), update, *read(**with_target)])
    assert outcome.result["association"]["external_id"] == "eu-west-1/123456789012/x"
    update = (*update[:1], {**ONE, "roleArn": ROLE, "targetRoleArn": ""}, update[2])
    steps = [*read(**with_target), update, *read(disableSessionTags=True)]
    outcome = run_module(eks_pod_identity_association, {**OPTIONS, "target_role_arn": ""}, steps)
    assert outcome.result["association"]["target_role_arn"] == ""
    assert outcome.result["association"]["disable_session_tags"] is True


@pytest.mark.parametrize(("target", "external_id"), [(TARGET, "external-id-known-after-apply"), ("", None)])
def test_prediction_of_the_external_id(run_module: Callable[..., Any], target: str, external_id: str | None) -> None:
    options = {**OPTIONS, "target_role_arn": target}
    current = {} if target else {"targetRoleArn": TARGET, "externalId": "x"}
    for steps in (read(**current), [listing()]):
        outcome = run_module(eks_pod_identity_association, options, steps, check_mode=True)
        assert outcome.result["association"]["external_id"] == external_id


@pytest.mark.parametrize("option", ["role_arn", "target_role_arn"])
def test_what_is_no_arn_is_refused(run_module: Callable[..., Any], option: str) -> None:
    assert f"{option} is 'admin'" in run_module(eks_pod_identity_association, {**OPTIONS, option: "admin"}).message
