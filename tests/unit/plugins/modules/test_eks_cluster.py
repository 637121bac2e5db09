# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._eks_cluster_data import require_member
from ansible_collections.supastack.aws.plugins.modules import eks_cluster

NAME = "production"
ROLE = "arn:aws:iam::123456789012:role/production-cluster"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
ARN = f"arn:aws:eks:eu-west-1:123456789012:cluster/{NAME}"
MISSING = "ResourceNotFoundException: No cluster found for name: production."
ALL_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]

OPTIONS: dict[str, Any] = {
    "name": NAME,
    "role_arn": ROLE,
    "version": "1.35",
    "subnet_ids": ["subnet-2", "subnet-1"],
    "endpoint_public_access": True,
    "endpoint_private_access": True,
    "public_access_cidrs": ["203.0.113.0/24"],
    "authentication_mode": "API",
    "bootstrap_self_managed_addons": False,
    "encryption_key_arn": KEY,
    "logging": ["audit", "api"],
    "upgrade_policy": "STANDARD",
    "zonal_shift": False,
    "deletion_protection": True,
    "tags": {"team": "platform"},
}


CLUSTER: dict[str, Any] = {
    "name": NAME,
    "arn": ARN,
    "status": "ACTIVE",
    "version": "1.35",
    "platformVersion": "eks.4",
    "endpoint": "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com",
    "certificateAuthority": {"data": "UEVN"},
    "identity": {"oidc": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"}},
    "roleArn": ROLE,
    "resourcesVpcConfig": {
        "subnetIds": ["subnet-1", "subnet-2"],
        "securityGroupIds": [],
        "clusterSecurityGroupId": "sg-cluster",
        "vpcId": "vpc-1",
        "endpointPublicAccess": True,
        "endpointPrivateAccess": True,
        "publicAccessCidrs": ["203.0.113.0/24"],
    },
    "kubernetesNetworkConfig": {"serviceIpv4Cidr": "172.20.0.0/16"},
    "accessConfig": {"authenticationMode": "API"},
    "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
    "logging": {
        "clusterLogging": [
            {"types": ["api", "audit"], "enabled": True},
            {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
        ]
    },
    "upgradePolicy": {"supportType": "STANDARD"},
    "zonalShiftConfig": {"enabled": False},
    "deletionProtection": True,
    "tags": {"team": "platform"},
    "health": {"issues": []},
}


def described(**changes: Any) -> dict[str, Any]:
    """Return a cluster as EKS describes it."""
    return {**CLUSTER, **changes}


def describe(answer: dict[str, Any] | str) -> tuple[str, dict[str, Any], Any]:
    """Return the expected DescribeCluster call."""
    return ("describe_cluster", {"name": NAME}, answer if isinstance(answer, str) else {"cluster": answer})


def updated(answer_id: str, **request: Any) -> list[tuple[str, dict[str, Any], Any]]:
    """Return the expected UpdateClusterConfig call and the one that finds it done."""
    return [
        ("update_cluster_config", {"name": NAME, **request}, {"update": {"id": answer_id, "status": "InProgress"}}),
        (
            "describe_update",
            {"name": NAME, "updateId": answer_id},
            {"update": {"id": answer_id, "status": "Successful"}},
        ),
    ]


CREATE_REQUEST = {
    "name": NAME,
    "roleArn": ROLE,
    "version": "1.35",
    "resourcesVpcConfig": {
        "subnetIds": ["subnet-1", "subnet-2"],
        "endpointPublicAccess": True,
        "endpointPrivateAccess": True,
        "publicAccessCidrs": ["203.0.113.0/24"],
    },
    "accessConfig": {"authenticationMode": "API"},
    "bootstrapSelfManagedAddons": False,
    "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": KEY}}],
    "logging": {
        "clusterLogging": [
            {"types": ["api", "audit"], "enabled": True},
            {"types": ["authenticator", "controllerManager", "scheduler"], "enabled": False},
        ]
    },
    "upgradePolicy": {"supportType": "STANDARD"},
    "zonalShiftConfig": {"enabled": False},
    "deletionProtection": True,
    "tags": {"team": "platform"},
}
CREATING = described(status="CREATING", endpoint=None) | {"certificateAuthority": {}, "identity": {}}
CREATING.pop("endpoint")
VERSIONS: tuple[str, dict[str, Any], Any] = (
    "describe_cluster_versions",
    {},
    {"clusterVersions": [{"clusterVersion": version} for version in ("1.9", "1.35", "1.36", "1.34")]},
)
UNPROTECTED = described(deletionProtection=False)

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned cluster
    "create": (
        OPTIONS,
        [describe(MISSING), VERSIONS],
        [
            ("create_cluster", CREATE_REQUEST, {"cluster": CREATING}),
            describe(CREATING),
            describe(described()),
        ],
        True,
        {"version": "1.35", "logging": ["api", "audit"], "authentication_mode": "API", "arn": ARN},
    ),
    "no-op": (OPTIONS, [describe(described())], [], False, {"exists": True, "status": "ACTIVE"}),
    "update": (
        {**OPTIONS, "endpoint_public_access": False, "logging": [], "tags": {"team": "data"}},
        [describe(described())],
        [
            *updated("u1", resourcesVpcConfig={"endpointPublicAccess": False, "endpointPrivateAccess": True}),
            *updated("u2", logging={"clusterLogging": [{"types": ALL_LOGS, "enabled": False}]}),
            ("tag_resource", {"resourceArn": ARN, "tags": {"team": "data"}}, {}),
            describe(described(tags={"team": "data"}, logging={})),
        ],
        True,
        {"logging": [], "tags": {"team": "data"}},
    ),
    "delete": (
        {"name": NAME, "state": "absent"},
        [describe(UNPROTECTED)],
        [
            ("delete_cluster", {"name": NAME}, {"cluster": {"name": NAME, "status": "DELETING"}}),
            describe(described(status="DELETING")),
            describe(MISSING),
        ],
        True,
        None,
    ),
    "delete missing": ({"name": NAME, "state": "absent"}, [describe(MISSING)], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, cluster = MATRIX[case]
    outcome = run_module(eks_cluster, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "cluster", cluster)


def test_prediction_has_the_keys_of_a_real_cluster(run_module: Callable[..., Any]) -> None:
    real = run_module(eks_cluster, OPTIONS, [describe(described())]).result["cluster"]
    predicted = run_module(eks_cluster, OPTIONS, [describe(MISSING), VERSIONS], check_mode=True).result["cluster"]
    assert set(predicted) == set(real)
    assert predicted["exists"] is False
    assert predicted["endpoint"] == "endpoint-known-after-apply"
    assert predicted["vpc_id"] == "vpc-known-after-apply"
    assert predicted["subnet_ids"] == ["subnet-1", "subnet-2"]


def test_prediction_survives_predicted_identifiers(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "role_arn": "role-known-after-apply", "subnet_ids": ["subnet-known-after-apply"]}
    predicted = run_module(eks_cluster, options, [describe(MISSING), VERSIONS], check_mode=True).result["cluster"]
    assert predicted["arn"] == "arn:aws:eks:eu-west-1:known-after-apply"


def test_wait_false_starts_the_cluster_only(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), VERSIONS, ("create_cluster", CREATE_REQUEST, {"cluster": CREATING}), describe(MISSING)]
    outcome = run_module(eks_cluster, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["cluster"]["status"] == "CREATING"
    assert outcome.result["cluster"]["exists"] is True
    assert outcome.result["cluster"]["endpoint"] is None


@pytest.mark.parametrize(
    ("status", "steps", "changed"),
    [
        ("CREATING", [describe(described())], False),
        (
            "DELETING",
            [
                describe(MISSING),
                VERSIONS,
                ("create_cluster", CREATE_REQUEST, {"cluster": CREATING}),
                describe(described()),
            ],
            True,
        ),
    ],
)
def test_run_is_resumed_from(run_module: Callable[..., Any], status: str, steps: list[Any], changed: bool) -> None:
    outcome = run_module(eks_cluster, OPTIONS, [describe(described(status=status)), *steps])
    assert outcome.result["changed"] is changed
    assert outcome.result["cluster"]["status"] == "ACTIVE"


def test_a_change_under_way_may_be_the_wanted_one(run_module: Callable[..., Any]) -> None:
    steps = [describe(described(status="UPDATING", logging={})), describe(described())]
    assert run_module(eks_cluster, OPTIONS, steps).result["changed"] is False


def test_a_change_waits_for_the_one_under_way(run_module: Callable[..., Any]) -> None:
    request = {"name": NAME, "deletionProtection": True}
    steps = [
        describe(UNPROTECTED),
        ("update_cluster_config", request, "ResourceInUseException: Cluster already has update in progress"),
        *updated("u1", deletionProtection=True),
        describe(described()),
    ]
    assert run_module(eks_cluster, OPTIONS, steps).result["changed"] is True


def test_a_change_that_eks_finds_done_is_none(run_module: Callable[..., Any]) -> None:
    request = {"name": NAME, "deletionProtection": True}
    refusal = "InvalidParameterException: No changes needed for the update"
    steps = [describe(UNPROTECTED), ("update_cluster_config", request, refusal), describe(described())]
    assert run_module(eks_cluster, OPTIONS, steps).result["cluster"]["deletion_protection"] is True


def test_a_change_that_eks_refuses_is_named(run_module: Callable[..., Any]) -> None:
    request = {"name": NAME, "deletionProtection": True}
    refusal = "InvalidParameterException: not for local clusters"
    steps = [describe(UNPROTECTED), ("update_cluster_config", request, refusal)]
    message = run_module(eks_cluster, OPTIONS, steps).message
    assert f"Failed to update deletion_protection of the EKS cluster {NAME}" in message
    assert "not for local clusters" in message


def test_wait_false_starts_the_last_change_only(run_module: Callable[..., Any]) -> None:
    changed = described(deletionProtection=False, logging={})
    logging = CREATE_REQUEST["logging"]
    steps = [
        describe(changed),
        *updated("u1", logging=logging),
        *updated("u2", deletionProtection=True)[:1],
        describe(described(status="UPDATING")),
    ]
    outcome = run_module(eks_cluster, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["cluster"]["status"] == "UPDATING"


def test_upgrade_by_one_minor_version(run_module: Callable[..., Any]) -> None:
    answer = {"update": {"id": "u1", "status": "InProgress"}}
    steps = [
        describe(described()),
        VERSIONS,
        ("update_cluster_version", {"name": NAME, "version": "1.36"}, answer),
        ("describe_update", {"name": NAME, "updateId": "u1"}, answer),
        ("describe_update", {"name": NAME, "updateId": "u1"}, {"update": {"id": "u1", "status": "Successful"}}),
        describe(described(version="1.36")),
    ]
    assert run_module(eks_cluster, {**OPTIONS, "version": "1.36"}, steps).result["cluster"]["version"] == "1.36"


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_version_that_eks_does_not_offer_is_refused(run_module: Callable[..., Any], check_mode: bool) -> None:
    options = {**OPTIONS, "version": "1.99"}
    message = run_module(eks_cluster, options, [describe(MISSING), VERSIONS], check_mode=check_mode).message
    assert "version is '1.99'" in message
    assert "Choose one of 1.36, 1.35, 1.34, 1.9." in message


def test_settings_are_changed_one_category_after_the_other(run_module: Callable[..., Any]) -> None:
    config = {
        **CLUSTER["resourcesVpcConfig"],
        "subnetIds": ["subnet-3", "subnet-4"],
        "securityGroupIds": ["sg-old"],
    }
    old = described(
        accessConfig={"authenticationMode": "API_AND_CONFIG_MAP"},
        resourcesVpcConfig=config,
        upgradePolicy={"supportType": "EXTENDED"},
        zonalShiftConfig={"enabled": True},
    )
    steps = [
        describe(old),
        *updated("u1", accessConfig={"authenticationMode": "API"}),
        *updated("u2", resourcesVpcConfig={"subnetIds": ["subnet-1", "subnet-2"]}),
        *updated("u3", resourcesVpcConfig={"securityGroupIds": []}),
        *updated("u4", upgradePolicy={"supportType": "STANDARD"}),
        *updated("u5", zonalShiftConfig={"enabled": False}),
        describe(described()),
    ]
    outcome = run_module(eks_cluster, {**OPTIONS, "security_group_ids": []}, steps)
    assert outcome.result["diff"]["before"]["upgrade_policy"] == "EXTENDED"
    assert outcome.result["cluster"]["zonal_shift"] is False


def test_encryption_can_be_added_once(run_module: Callable[..., Any]) -> None:
    config = [{"resources": ["secrets"], "provider": {"keyArn": KEY}}]
    steps = [
        describe(described(encryptionConfig=[])),
        (
            "associate_encryption_config",
            {"clusterName": NAME, "encryptionConfig": config},
            {"update": {"id": "u1", "status": "InProgress"}},
        ),
        ("describe_update", {"name": NAME, "updateId": "u1"}, {"update": {"id": "u1", "status": "Successful"}}),
        describe(described()),
    ]
    assert run_module(eks_cluster, OPTIONS, steps).result["cluster"]["encryption_key_arn"] == KEY


def test_a_failed_update_is_quoted(run_module: Callable[..., Any]) -> None:
    failed = {
        "id": "u1",
        "status": "Failed",
        "errors": [{"errorCode": "InsufficientFreeAddresses", "errorMessage": "subnet-1 is full"}],
    }
    steps = [
        describe(UNPROTECTED),
        updated("u1", deletionProtection=True)[0],
        ("describe_update", {"name": NAME, "updateId": "u1"}, {"update": failed}),
    ]
    assert "InsufficientFreeAddresses: subnet-1 is full" in run_module(eks_cluster, OPTIONS, steps).message


def test_a_new_role_is_waited_for(run_module: Callable[..., Any]) -> None:
    refusal = "InvalidParameterException: Role with arn: x, could not be assumed because it does not exist"
    steps = [
        describe(MISSING),
        VERSIONS,
        ("create_cluster", CREATE_REQUEST, refusal),
        ("create_cluster", CREATE_REQUEST, {"cluster": CREATING}),
        describe(described()),
    ]
    assert run_module(eks_cluster, OPTIONS, steps).result["changed"] is True


def test_a_missing_subnet_is_reported_at_once(run_module: Callable[..., Any], clock: Any) -> None:
    refusal = "InvalidParameterException: The subnet ID 'subnet-1' does not exist"
    steps = [describe(MISSING), VERSIONS, ("create_cluster", CREATE_REQUEST, refusal)]
    assert "'subnet-1' does not exist" in run_module(eks_cluster, OPTIONS, steps).message
    assert clock.now == 0


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_failed_creation_is_quoted_with_what_to_do(run_module: Callable[..., Any], check_mode: bool) -> None:
    issues = {"issues": [{"code": "KmsKeyDisabled", "message": "The key is disabled", "resourceIds": []}]}
    steps = [describe(described(status="FAILED", health=issues))]
    message = run_module(eks_cluster, OPTIONS, steps, check_mode=check_mode).message
    assert "KmsKeyDisabled: The key is disabled" in message
    assert "state=absent" in message


def test_a_creation_that_fails_ends_the_wait(run_module: Callable[..., Any]) -> None:
    issues = {"issues": [{"code": "IamRoleNotFound", "message": "no role", "resourceIds": []}]}
    steps = [
        describe(MISSING),
        VERSIONS,
        ("create_cluster", CREATE_REQUEST, {"cluster": CREATING}),
        describe(described(status="FAILED", health=issues)),
    ]
    assert "IamRoleNotFound: no role" in run_module(eks_cluster, OPTIONS, steps).message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("option", "value", "parts"),
    [
        ("role_arn", f"{ROLE}2", [ROLE, f"{ROLE}2", "another cluster"]),
        ("service_ipv4_cidr", "10.100.0.0/16", ["172.20.0.0/16", "10.100.0.0/16"]),
        ("encryption_key_arn", f"{KEY}2", [KEY, f"{KEY}2"]),
        ("authentication_mode", "CONFIG_MAP", ["'API'", "'CONFIG_MAP'", "one step forward"]),
        ("version", "1.34", ["'1.35'", "'1.34'", "not downgraded"]),
        ("version", "1.37", ["'1.35'", "'1.37'", "next to '1.36'"]),
    ],
)
def test_what_eks_cannot_change_is_refused(
    run_module: Callable[..., Any], option: str, value: str, parts: list[str], check_mode: bool
) -> None:
    outcome = run_module(eks_cluster, {**OPTIONS, option: value}, [describe(described())], check_mode=check_mode)
    assert all(part in outcome.message for part in [option, *parts]), outcome.message


def test_access_mode_may_not_skip_a_step(run_module: Callable[..., Any]) -> None:
    steps = [describe(described(accessConfig={"authenticationMode": "CONFIG_MAP"}))]
    assert "CONFIG_MAP -> API_AND_CONFIG_MAP -> API" in run_module(eks_cluster, OPTIONS, steps).message


@pytest.mark.parametrize("version", ["1.3", "v1.35", "1.35.4", "latest"])
def test_a_version_that_yaml_misread_is_refused(run_module: Callable[..., Any], version: str) -> None:
    message = run_module(eks_cluster, {**OPTIONS, "version": version}).message
    assert repr(version) in message
    assert "quote" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_protected_cluster_is_not_deleted(run_module: Callable[..., Any], check_mode: bool) -> None:
    options = {"name": NAME, "state": "absent"}
    outcome = run_module(eks_cluster, options, [describe(described())], check_mode=check_mode)
    assert "deletion_protection=false" in outcome.message


def test_protection_is_lifted_when_asked_for(run_module: Callable[..., Any]) -> None:
    steps = [
        describe(described()),
        *updated("u1", deletionProtection=False),
        ("delete_cluster", {"name": NAME}, {"cluster": {"name": NAME}}),
        describe(MISSING),
    ]
    options = {"name": NAME, "state": "absent", "deletion_protection": False}
    assert run_module(eks_cluster, options, steps).result["changed"] is True


def test_a_deletion_under_way_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [describe(described(status="DELETING")), describe(described(status="DELETING")), describe(MISSING)]
    assert run_module(eks_cluster, {"name": NAME, "state": "absent"}, steps).result["changed"] is False


def test_check_mode_predicts_a_cluster_after_the_deletion_under_way(run_module: Callable[..., Any]) -> None:
    steps = [describe(described(status="DELETING")), VERSIONS]
    outcome = run_module(eks_cluster, OPTIONS, steps, check_mode=True)
    assert outcome.result["changed"] is True
    assert outcome.result["cluster"]["exists"] is False


def test_wait_false_starts_the_deletion_only(run_module: Callable[..., Any]) -> None:
    steps = [describe(UNPROTECTED), ("delete_cluster", {"name": NAME}, {"cluster": {"name": NAME}})]
    options = {"name": NAME, "state": "absent", "wait": False}
    assert run_module(eks_cluster, options, steps).result["changed"] is True


def test_a_cluster_in_use_is_reported_at_once(run_module: Callable[..., Any]) -> None:
    refusal = "ResourceInUseException: Cluster has nodegroups attached"
    steps = [describe(UNPROTECTED), ("delete_cluster", {"name": NAME}, refusal)]
    assert "nodegroups attached" in run_module(eks_cluster, {"name": NAME, "state": "absent"}, steps).message


def test_closed_public_endpoint_hides_its_ranges(run_module: Callable[..., Any]) -> None:
    closed = described()
    closed["resourcesVpcConfig"] = {**closed["resourcesVpcConfig"], "endpointPublicAccess": False}
    closed["resourcesVpcConfig"]["publicAccessCidrs"] = []
    options = {**OPTIONS, "endpoint_public_access": False}
    assert run_module(eks_cluster, options, [describe(closed)]).result["changed"] is False


def test_prediction_of_a_closed_public_endpoint(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "role_arn": ROLE, "subnet_ids": ["subnet-1"], "endpoint_public_access": False}
    predicted = run_module(eks_cluster, options, [describe(MISSING)], check_mode=True).result["cluster"]
    assert predicted["public_access_cidrs"] == []


@pytest.mark.parametrize(
    ("option", "value"), [("role_arn", "production-cluster"), ("encryption_key_arn", "alias/production")]
)
def test_what_is_no_arn_is_refused(run_module: Callable[..., Any], option: str, value: str) -> None:
    message = run_module(eks_cluster, {**OPTIONS, option: value}).message
    assert f"{option} is {value!r}" in message
    assert "arn:aws:" in message


def test_an_old_botocore_is_named(make_api: Callable[..., Any]) -> None:
    with pytest.raises(AnsibleAWSError, match="botocore does not know deletionShield"):
        require_member(make_api("eks").client, "CreateCluster", "deletionShield")


def test_present_needs_role_and_subnets(run_module: Callable[..., Any]) -> None:
    assert "role_arn, subnet_ids" in run_module(eks_cluster, {"name": NAME}).message
