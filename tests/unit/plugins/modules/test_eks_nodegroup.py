# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_nodegroup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._eks_nodegroup_options import require_known
from ansible_collections.supastack.aws.plugins.modules import eks_nodegroup

PLACE = {"clusterName": "production", "nodegroupName": "system"}
ROLE = "arn:aws:iam::123456789012:role/production-node"
ARN = "arn:aws:eks:eu-west-1:123456789012:nodegroup/production/system/01234567"
MISSING = "ResourceNotFoundException: No node group found for name: system."
TAINT = {"key": "dedicated", "value": "system", "effect": "NO_SCHEDULE"}
RELEASE = "1.35.2-20261112"
TEMPLATE = {"id": "lt-1", "name": "node", "version": "1"}
Call = tuple[str, dict[str, Any], Any]

OPTIONS: dict[str, Any] = {
    "cluster_name": "production",
    "name": "system",
    "node_role_arn": ROLE,
    "subnet_ids": ["subnet-2", "subnet-1"],
    "scaling": {"min_size": 1, "max_size": 3},
    "capacity_type": "SPOT",
    "instance_types": ["m7g.large", "m6g.large"],
    "ami_type": "AL2023_ARM_64_STANDARD",
    "disk_size": 30,
    "labels": {"role": "system", "spot": True},
    "taints": [TAINT],
    "update_config": {"max_unavailable_percentage": 33},
    "node_repair_config": {"enabled": True},
    "tags": {"team": "platform"},
}
LEAST = {name: OPTIONS[name] for name in ("cluster_name", "name", "node_role_arn", "subnet_ids")}
ABSENT = {"cluster_name": "production", "name": "system", "state": "absent"}

GROUP: dict[str, Any] = {
    **PLACE,
    "nodegroupArn": ARN,
    "status": "ACTIVE",
    "version": "1.35",
    "releaseVersion": RELEASE,
    "nodeRole": ROLE,
    "subnets": ["subnet-1", "subnet-2"],
    "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
    "capacityType": "SPOT",
    "instanceTypes": ["m7g.large", "m6g.large"],
    "amiType": "AL2023_ARM_64_STANDARD",
    "diskSize": 30,
    "labels": {"role": "system", "spot": "true"},
    "taints": [TAINT],
    "updateConfig": {"maxUnavailablePercentage": 33},
    "nodeRepairConfig": {"enabled": True},
    "resources": {"autoScalingGroups": [{"name": "eks-system-01234567"}]},
    "health": {"issues": []},
    "tags": {"team": "platform"},
}


def described(**changes: Any) -> dict[str, Any]:
    """Return a node group as EKS describes it."""
    return {**GROUP, **changes}


def templated(**changes: Any) -> dict[str, Any]:
    """Return a node group with a launch template as EKS describes it."""
    group = described(launchTemplate=TEMPLATE, **changes)
    return {name: value for name, value in group.items() if name not in ("diskSize", "instanceTypes")}


def describe(answer: dict[str, Any] | str) -> Call:
    """Return the expected DescribeNodegroup call."""
    return ("describe_nodegroup", PLACE, answer if isinstance(answer, str) else {"nodegroup": answer})


def cluster(status: str = "ACTIVE", version: str = "1.35") -> Call:
    """Return the expected DescribeCluster call."""
    answer = {"cluster": {"name": "production", "version": version, "status": status}}
    return ("describe_cluster", {"name": "production"}, answer)


def updated(method: str, update_id: str = "u1", **request: Any) -> list[Call]:
    """Return the expected call that starts an update and the one that finds it done."""
    query = {"name": "production", "nodegroupName": "system", "updateId": update_id}
    return [
        (method, {**PLACE, **request}, {"update": {"id": update_id, "status": "InProgress"}}),
        ("describe_update", query, {"update": {"id": update_id, "status": "Successful"}}),
    ]


NO_CLUSTER: Call = ("describe_cluster", {"name": "production"}, "ResourceNotFoundException: none")
LEAST_REQUEST = {**PLACE, "nodeRole": ROLE, "subnets": ["subnet-1", "subnet-2"]}
CREATE_REQUEST = {
    **LEAST_REQUEST,
    "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 1},
    "capacityType": "SPOT",
    "instanceTypes": ["m7g.large", "m6g.large"],
    "amiType": "AL2023_ARM_64_STANDARD",
    "diskSize": 30,
    "labels": {"role": "system", "spot": "true"},
    "taints": [TAINT],
    "updateConfig": {"maxUnavailablePercentage": 33},
    "nodeRepairConfig": {"enabled": True},
    "tags": {"team": "platform"},
}
CREATING = described(status="CREATING")
CREATE: Call = ("create_nodegroup", CREATE_REQUEST, {"nodegroup": CREATING})
DELETE: Call = ("delete_nodegroup", PLACE, {"nodegroup": described(status="DELETING")})
CHANGES = {
    "scaling": {"min_size": 3, "max_size": 5},
    "labels": {"role": "other"},
    "taints": [{"key": "dedicated", "value": "other", "effect": "NO_SCHEDULE"}],
    "update_config": {"max_unavailable": 2},
    "node_repair_config": {"enabled": False},
    "tags": {},
}
CHANGE_REQUEST: dict[str, Any] = {
    "scalingConfig": {"minSize": 3, "maxSize": 5, "desiredSize": 3},
    "labels": {"addOrUpdateLabels": {"role": "other"}, "removeLabels": ["spot"]},
    "taints": {"addOrUpdateTaints": CHANGES["taints"]},
    "updateConfig": {"maxUnavailable": 2},
    "nodeRepairConfig": {"enabled": False},
}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned node group
    "create": (
        OPTIONS,
        [describe(MISSING), cluster()],
        [CREATE, describe(CREATING), describe(described(scalingConfig=CREATE_REQUEST["scalingConfig"]))],
        True,
        {
            "labels": {"role": "system", "spot": "true"},
            "scaling": {"min_size": 1, "max_size": 3, "desired_size": 1},
            "subnet_ids": ["subnet-1", "subnet-2"],
            "tags": {"team": "platform"},
        },
    ),
    "no-op": (OPTIONS, [describe(described())], [], False, {"status": "ACTIVE", "arn": ARN}),
    "update": (
        {**OPTIONS, **CHANGES},
        [describe(described())],
        [
            *updated("update_nodegroup_config", **CHANGE_REQUEST),
            ("untag_resource", {"resourceArn": ARN, "tagKeys": ["team"]}, {}),
            describe(
                described(
                    scalingConfig=CHANGE_REQUEST["scalingConfig"],
                    labels={"role": "other"},
                    taints=CHANGES["taints"],
                    updateConfig={"maxUnavailable": 2},
                    nodeRepairConfig={"enabled": False},
                    tags={},
                )
            ),
        ],
        True,
        {
            "scaling": {"min_size": 3, "max_size": 5, "desired_size": 3},
            "labels": {"role": "other"},
            "taints": CHANGES["taints"],
            "update_config": {
                "max_unavailable": 2,
                "max_unavailable_percentage": None,
                "update_strategy": "DEFAULT",
            },
            "node_repair_config": {"enabled": False},
            "tags": {},
        },
    ),
    "upgrade": (
        {**OPTIONS, "version": "1.36"},
        [describe(described()), cluster(version="1.36")],
        [
            *updated("update_nodegroup_version", version="1.36"),
            describe(described(version="1.36", releaseVersion="1.36.2-20261112")),
        ],
        True,
        {"version": "1.36"},
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
    options, reads, writes, changed, group = MATRIX[case]
    outcome = run_module(eks_nodegroup, options, reads if check_mode else reads + writes, check_mode=check_mode)
    assert outcome.exit_code == 0, outcome.result
    assert outcome.result["changed"] is changed
    assert (outcome.result["diff"]["before"] != outcome.result["diff"]["after"]) is changed
    if group is None:
        assert "nodegroup" not in outcome.result
    else:
        assert {name: outcome.result["nodegroup"][name] for name in group} == group


def test_prediction_has_the_keys_of_a_real_group(run_module: Callable[..., Any]) -> None:
    real = run_module(eks_nodegroup, OPTIONS, [describe(described())]).result["nodegroup"]
    predicted = run_module(eks_nodegroup, OPTIONS, [describe(MISSING), NO_CLUSTER], check_mode=True)
    group = predicted.result["nodegroup"]
    assert set(group) == set(real)
    assert group["arn"] == "arn:aws:eks:eu-west-1:123456789012:nodegroup/production/system/known-after-apply"
    assert group["version"] == "version-known-after-apply"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"disk_size": 20, "instance_types": ["t3.medium"], "launch_template": None}),
        ({"ami_type": "WINDOWS_CORE_2025_x86_64"}, {"disk_size": 50}),
        (
            {"launch_template": {"name": "node"}},
            {
                "disk_size": None,
                "instance_types": ["instance-type-known-after-apply"],
                "launch_template": {
                    "id": "lt-known-after-apply",
                    "name": "node",
                    "version": "version-known-after-apply",
                },
            },
        ),
    ],
)
def test_prediction_has_the_defaults_of_eks(
    run_module: Callable[..., Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    steps = [describe(MISSING), NO_CLUSTER]
    group = run_module(eks_nodegroup, {**LEAST, **options}, steps, check_mode=True).result["nodegroup"]
    assert {name: group[name] for name in expected} == expected


def test_prediction_survives_predicted_values(run_module: Callable[..., Any]) -> None:
    options = {
        **LEAST,
        "node_role_arn": "arn:aws:iam::known-after-apply",
        "subnet_ids": ["subnet-known-after-apply"],
        "version": "version-known-after-apply",
        "launch_template": {"id": "lt-known-after-apply", "version": "version-known-after-apply"},
    }
    for steps in ([describe(MISSING), NO_CLUSTER], [describe(MISSING), cluster()], [describe(templated()), cluster()]):
        assert run_module(eks_nodegroup, options, steps, check_mode=True).result["changed"] is True


def test_least_options_leave_all_settings_alone(run_module: Callable[..., Any]) -> None:
    assert run_module(eks_nodegroup, LEAST, [describe(described())]).result["changed"] is False
    create: Call = ("create_nodegroup", LEAST_REQUEST, {"nodegroup": CREATING})
    steps = [describe(MISSING), cluster(), create, describe(described())]
    assert run_module(eks_nodegroup, LEAST, steps).result["changed"] is True


def test_empty_values_make_settings_empty(run_module: Callable[..., Any]) -> None:
    request: dict[str, Any] = {"labels": {"removeLabels": ["role", "spot"]}, "taints": {"removeTaints": [TAINT]}}
    steps = [
        describe(described()),
        *updated("update_nodegroup_config", **request),
        describe(described(labels={}, taints=[])),
    ]
    assert run_module(eks_nodegroup, {**LEAST, "labels": {}, "taints": []}, steps).result["changed"] is True


def test_taints_have_no_order(run_module: Callable[..., Any]) -> None:
    other = {"key": "dedicated", "effect": "NO_EXECUTE"}
    steps = [describe(described(taints=[TAINT, other]))]
    options = {**LEAST, "taints": [other, TAINT, other]}
    assert run_module(eks_nodegroup, options, steps).result["changed"] is False


@pytest.mark.parametrize(
    ("wanted", "request_sizes"),
    [
        ({"min_size": 0}, {"minSize": 0}),
        ({"min_size": 3}, {"minSize": 3, "desiredSize": 3}),
        ({"max_size": 1}, {"maxSize": 1, "desiredSize": 1}),
        ({"max_size": 9}, {"maxSize": 9}),
        ({"desired_size": 3}, {"desiredSize": 3}),
    ],
)
def test_desired_size_moves_only_with_the_bounds(
    run_module: Callable[..., Any], wanted: dict[str, int], request_sizes: dict[str, int]
) -> None:
    after = {**GROUP["scalingConfig"], **request_sizes}
    steps = [
        describe(described()),
        *updated("update_nodegroup_config", scalingConfig=request_sizes),
        describe(described(scalingConfig=after)),
    ]
    options = {**LEAST, "scaling": wanted}
    assert run_module(eks_nodegroup, options, steps).result["changed"] is True
    assert run_module(eks_nodegroup, options, [describe(described(scalingConfig=after))]).result["changed"] is False


@pytest.mark.parametrize(
    ("wanted", "text"),
    [
        ({"min_size": 4}, "min_size 4, max_size 3, desired_size 3"),
        ({"desired_size": 4}, "min_size 1, max_size 3, desired_size 4"),
    ],
)
def test_contradicting_sizes_are_refused(run_module: Callable[..., Any], wanted: dict[str, int], text: str) -> None:
    message = run_module(eks_nodegroup, {**LEAST, "scaling": wanted}, [describe(described())]).message
    assert text in message
    assert "Correct scaling" in message


@pytest.mark.parametrize(
    ("before", "wanted", "sent"),
    [
        ({"maxUnavailable": 1}, {"update_strategy": "MINIMAL"}, {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}),
        (
            {"maxUnavailable": 1, "updateStrategy": "MINIMAL"},
            {"max_unavailable": 2},
            {"maxUnavailable": 2, "updateStrategy": "MINIMAL"},
        ),
        (
            {"maxUnavailable": 1, "updateStrategy": "MINIMAL"},
            {"update_strategy": "DEFAULT"},
            {"maxUnavailable": 1, "updateStrategy": "DEFAULT"},
        ),
    ],
)
def test_update_config_keeps_what_is_not_asked(
    run_module: Callable[..., Any], before: dict[str, Any], wanted: dict[str, Any], sent: dict[str, Any]
) -> None:
    steps = [
        describe(described(updateConfig=before)),
        *updated("update_nodegroup_config", updateConfig=sent),
        describe(described(updateConfig=sent)),
    ]
    assert run_module(eks_nodegroup, {**LEAST, "update_config": wanted}, steps).result["changed"] is True


def test_settings_change_before_the_version(run_module: Callable[..., Any]) -> None:
    options = {**LEAST, "labels": {"a": "b"}, "version": "1.36", "release_version": "1.36.2-20261112"}
    config = updated("update_nodegroup_config", "u1", labels={"addOrUpdateLabels": {"a": "b"}})
    version = updated("update_nodegroup_version", "u2", version="1.36", releaseVersion="1.36.2-20261112", force=True)
    before = [describe(described(labels={})), cluster(version="1.36"), *config]
    done = describe(described(labels={"a": "b"}, version="1.36", releaseVersion="1.36.2-20261112"))
    forced = {**options, "force_update": True}
    assert run_module(eks_nodegroup, forced, [*before, *version, done]).result["nodegroup"]["version"] == "1.36"
    started = [*before, version[0], describe(described(status="UPDATING"))]
    outcome = run_module(eks_nodegroup, {**forced, "wait": False}, started)
    assert outcome.result["nodegroup"]["status"] == "UPDATING"


def test_release_tells_the_version(run_module: Callable[..., Any]) -> None:
    release = "1.36.2-20261112"
    steps = [
        describe(described()),
        cluster(version="1.36"),
        *updated("update_nodegroup_version", version="1.36", releaseVersion=release),
        describe(described(version="1.36", releaseVersion=release)),
    ]
    outcome = run_module(eks_nodegroup, {**LEAST, "release_version": release}, steps)
    assert outcome.result["diff"]["after"]["version"] == "1.36"


def test_newer_release_of_the_same_version(run_module: Callable[..., Any]) -> None:
    release = "1.35.4-20261120"
    steps = [
        describe(described()),
        *updated("update_nodegroup_version", version="1.35", releaseVersion=release),
        describe(described(releaseVersion=release)),
    ]
    outcome = run_module(eks_nodegroup, {**LEAST, "release_version": release}, steps)
    assert outcome.result["nodegroup"]["release_version"] == release


def test_new_version_of_the_launch_template(run_module: Callable[..., Any]) -> None:
    template = {"id": "lt-1", "version": "2"}
    options = {**LEAST, "launch_template": {"name": "node", "version": 2}}
    steps = [
        describe(templated()),
        *updated("update_nodegroup_version", version="1.35", launchTemplate=template),
        describe({**templated(), "launchTemplate": {**TEMPLATE, "version": "2"}}),
    ]
    outcome = run_module(eks_nodegroup, options, steps)
    assert outcome.result["diff"]["after"]["release_version"] == "release-version-known-after-apply"
    assert outcome.result["nodegroup"]["launch_template"]["version"] == "2"
    custom = templated(amiType="CUSTOM", releaseVersion="ami-1")
    steps = [describe(custom), *updated("update_nodegroup_version", launchTemplate=template), describe(custom)]
    assert run_module(eks_nodegroup, options, steps).result["changed"] is True


def test_launch_template_at_creation(run_module: Callable[..., Any]) -> None:
    request = {**LEAST_REQUEST, "launchTemplate": {"id": "lt-1"}, "version": "1.35", "releaseVersion": RELEASE}
    options = {
        **LEAST,
        "launch_template": {"id": "lt-1"},
        "version": "1.35",
        "release_version": RELEASE,
        "instance_types": [],
    }
    create: Call = ("create_nodegroup", request, {"nodegroup": CREATING})
    steps = [describe(MISSING), cluster(), create, describe(templated())]
    assert run_module(eks_nodegroup, options, steps).result["nodegroup"]["launch_template"] == TEMPLATE


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("options", "before", "parts"),
    [
        ({"node_role_arn": f"{ROLE}2"}, described(), ["node_role_arn", ROLE, f"{ROLE}2", "second node group"]),
        ({"subnet_ids": ["subnet-3"]}, described(), ["subnet_ids", "subnet-1", "subnet-3"]),
        ({"instance_types": ["m6g.large"]}, described(), ["instance_types", "m7g.large"]),
        ({"ami_type": "CUSTOM"}, described(), ["ami_type", "AL2023_ARM_64_STANDARD"]),
        ({"disk_size": 40}, described(), ["disk_size is 30", "40"]),
        ({"capacity_type": "ON_DEMAND"}, described(), ["capacity_type", "'SPOT'", "'ON_DEMAND'"]),
        ({"launch_template": {"id": "lt-2"}}, templated(), ["launch_template", "lt-1", "lt-2", "only the version"]),
        ({"launch_template": {"name": "x"}}, described(), ["launch_template is None", "second node group"]),
        ({"version": "1.34"}, described(), ["version", "'1.35'", "'1.34'", "never takes nodes back"]),
        ({"release_version": "1.35.2-20261001"}, described(), ["release_version", RELEASE, "never takes nodes back"]),
    ],
)
def test_what_eks_cannot_change_is_refused(
    run_module: Callable[..., Any], options: dict[str, Any], before: dict[str, Any], parts: list[str], check_mode: bool
) -> None:
    outcome = run_module(eks_nodegroup, {**LEAST, **options}, [describe(before)], check_mode=check_mode)
    assert all(part in outcome.message for part in parts), outcome.message


@pytest.mark.parametrize(
    ("before", "version", "control_plane", "check_mode", "text"),
    [
        (MISSING, "1.34", "1.35", False, "Leave version out"),
        (MISSING, "1.36", "1.35", False, "Upgrade the control plane first"),
        (MISSING, "1.34", "1.35", True, "Leave version out"),
        (MISSING, "1.37", "1.35", True, "Upgrade the control plane first"),
        (described(), "1.36", "1.35", False, "Upgrade the control plane first"),
        (described(), "1.37", "1.35", True, "Upgrade the control plane first"),
    ],
)
def test_version_depends_on_the_control_plane(
    run_module: Callable[..., Any],
    before: dict[str, Any] | str,
    version: str,
    control_plane: str,
    check_mode: bool,
    text: str,
) -> None:
    steps = [describe(before), cluster(version=control_plane)]
    message = run_module(eks_nodegroup, {**LEAST, "version": version}, steps, check_mode=check_mode).message
    assert f"version is '{version}'" in message
    assert f"production has '{control_plane}'" in message
    assert text in message


@pytest.mark.parametrize("before", [MISSING, described()], ids=["creation", "update"])
def test_check_mode_allows_for_a_predicted_upgrade(run_module: Callable[..., Any], before: Any) -> None:
    steps = [describe(before), cluster(version="1.35")]
    outcome = run_module(eks_nodegroup, {**LEAST, "version": "1.36"}, steps, check_mode=True)
    assert outcome.result["nodegroup"]["version"] == "1.36"


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"node_role_arn": "production-node"}, ["node_role_arn is 'production-node'", "arn:aws:iam::"]),
        ({"subnet_ids": []}, ["subnet_ids is empty"]),
        ({"ami_type": "AL2024_x86_64"}, ["ami_type is 'AL2024_x86_64'", "AL2023_x86_64_STANDARD", "pip install"]),
        ({"version": "1.3"}, ["version is '1.3'", "quote"]),
        ({"version": "1.35", "release_version": "1.34.2-20261112"}, ["'1.34.2-20261112'", "'1.35'", "leave version"]),
        ({"labels": {"team": ""}}, ["labels gives 'team' the value ''", "1 to 63 characters"]),
        ({"taints": [TAINT, {**TAINT, "value": "x"}]}, ["taints gives 'dedicated'", "NO_SCHEDULE", "Keep one"]),
        ({"launch_template": {"id": "lt-1", "version": "$Latest"}}, ["launch_template.version is '$Latest'", "number"]),
        ({"launch_template": {"id": "lt-1"}, "disk_size": 30}, ["disk_size is 30", "leave disk_size out"]),
        ({"launch_template": {"version": "1"}}, ["id, name", "launch_template"]),
        ({"launch_template": {"id": "lt-1", "name": "x"}}, ["mutually exclusive: id|name"]),
        ({"update_config": {"max_unavailable": 1, "max_unavailable_percentage": 1}}, ["mutually exclusive"]),
    ],
)
def test_bad_options_are_refused_before_any_call(
    run_module: Callable[..., Any], options: dict[str, Any], parts: list[str]
) -> None:
    message = run_module(eks_nodegroup, {**LEAST, **options}).message
    assert all(part in message for part in parts), message


def test_present_needs_role_and_subnets(run_module: Callable[..., Any]) -> None:
    options = {"cluster_name": "production", "name": "system"}
    assert "node_role_arn, subnet_ids" in run_module(eks_nodegroup, options).message


def test_what_botocore_does_not_know_is_refused(make_api: Callable[..., Any]) -> None:
    with pytest.raises(AnsibleAWSError, match="option needs a newer botocore, which knows future"):
        require_known(make_api("eks").client, "option", "value", "updateConfig", "future")


def test_update_strategy_is_known(run_module: Callable[..., Any]) -> None:
    steps = [describe(described())]
    options = {**LEAST, "update_config": {"update_strategy": "DEFAULT"}}
    assert run_module(eks_nodegroup, options, steps).result["changed"] is False


def test_a_missing_cluster_is_named(run_module: Callable[..., Any]) -> None:
    message = run_module(eks_nodegroup, OPTIONS, [describe(MISSING), NO_CLUSTER]).message
    assert "cluster_name is 'production'" in message


def test_a_new_cluster_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), cluster("CREATING"), cluster(), CREATE, describe(described())]
    assert run_module(eks_nodegroup, OPTIONS, steps).result["changed"] is True


@pytest.mark.parametrize(
    "refusal",
    [
        "ResourceInUseException: Cluster production currently has an update in progress",
        "InvalidParameterException: The role with name production-node cannot be found.",
        "InvalidParameterException: Role with arn: x, could not be assumed because it does not exist",
    ],
)
def test_what_passes_by_itself_is_waited_for(run_module: Callable[..., Any], refusal: str) -> None:
    steps = [describe(MISSING), cluster(), (*CREATE[:2], refusal), CREATE, describe(described())]
    assert run_module(eks_nodegroup, OPTIONS, steps).result["changed"] is True


@pytest.mark.parametrize(
    "refusal",
    [
        "ResourceInUseException: NodeGroup already exists with name system and cluster name production",
        f"InvalidParameterException: [ec2.amazonaws.com] were not found in the trust relationships of nodeRole {ROLE}",
    ],
)
def test_what_lasts_is_reported_at_once(run_module: Callable[..., Any], clock: Any, refusal: str) -> None:
    steps = [describe(MISSING), cluster(), (*CREATE[:2], refusal)]
    message = run_module(eks_nodegroup, OPTIONS, steps).message
    assert "create the node group system of the EKS cluster production" in message
    assert refusal.partition(": ")[2] in message
    assert clock.now == 0


STUCK = described(status="DELETE_FAILED")


@pytest.mark.parametrize(
    ("status", "steps", "changed"),
    [
        ("CREATING", [describe(described())], False),
        ("UPDATING", [describe(described())], False),
        ("DELETING", [cluster(), describe(MISSING), CREATE, describe(described())], True),
        ("CREATE_FAILED", [cluster(), DELETE, describe(MISSING), CREATE, describe(described())], True),
        (
            "DELETE_FAILED",
            [cluster(), DELETE, describe(STUCK), describe(MISSING), CREATE, describe(described())],
            True,
        ),
    ],
)
def test_run_is_resumed_from(run_module: Callable[..., Any], status: str, steps: list[Call], changed: bool) -> None:
    outcome = run_module(eks_nodegroup, OPTIONS, [describe(described(status=status)), *steps])
    assert outcome.result["changed"] is changed
    assert outcome.result["nodegroup"]["status"] == "ACTIVE"


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_FAILED", "DELETING"])
def test_check_mode_predicts_that_it_is_made_again(run_module: Callable[..., Any], status: str) -> None:
    # What cannot be changed on a node group that is in use can be another one on its successor.
    steps = [describe(described(status=status, nodeRole=f"{ROLE}2")), cluster()]
    outcome = run_module(eks_nodegroup, OPTIONS, steps, check_mode=True)
    assert outcome.result["changed"] is True
    assert outcome.result["nodegroup"]["status"] == "known-after-apply"


def test_a_change_waits_for_the_one_under_way(run_module: Callable[..., Any]) -> None:
    under_way = describe(described(status="UPDATING", labels={}))
    steps = [under_way, under_way, describe(described())]
    assert run_module(eks_nodegroup, OPTIONS, steps).result["changed"] is False


def test_a_change_waits_for_the_one_that_does_not_show(run_module: Callable[..., Any]) -> None:
    request = {**PLACE, "scalingConfig": {"maxSize": 9}}
    busy = "ResourceInUseException: Nodegroup cannot be updated as it is currently not in Active State"
    steps = [
        describe(described()),
        ("update_nodegroup_config", request, busy),
        *updated("update_nodegroup_config", scalingConfig={"maxSize": 9}),
        describe(described(scalingConfig={"minSize": 1, "maxSize": 9, "desiredSize": 2})),
    ]
    assert run_module(eks_nodegroup, {**LEAST, "scaling": {"max_size": 9}}, steps).result["changed"] is True


ISSUES = {"issues": [{"code": "AsgInstanceLaunchFailures", "message": "no capacity", "resourceIds": ["asg"]}]}


def test_a_failed_creation_ends_the_wait_with_its_reason(run_module: Callable[..., Any]) -> None:
    steps = [describe(MISSING), cluster(), CREATE, describe(described(status="CREATE_FAILED", health=ISSUES))]
    assert "CREATE_FAILED (AsgInstanceLaunchFailures: no capacity)" in run_module(eks_nodegroup, OPTIONS, steps).message


def test_a_degraded_group_is_reported_at_once(run_module: Callable[..., Any], clock: Any) -> None:
    degraded = describe(described(status="DEGRADED", health=ISSUES))
    message = run_module(eks_nodegroup, OPTIONS, [degraded, degraded]).message
    assert "status DEGRADED (AsgInstanceLaunchFailures: no capacity)" in message
    assert clock.now == 0
    unwaited = run_module(eks_nodegroup, {**OPTIONS, "wait": False}, [degraded]).result
    assert unwaited["changed"] is False
    assert unwaited["nodegroup"]["health_issues"] == ISSUES["issues"]


def test_a_refused_update_of_a_degraded_group_names_its_health(run_module: Callable[..., Any], clock: Any) -> None:
    refusal = "ResourceInUseException: Nodegroup cannot be updated as it is currently not in Active State"
    steps = [
        describe(described(status="DEGRADED", health=ISSUES)),
        ("update_nodegroup_config", {**PLACE, "scalingConfig": {"maxSize": 9}}, refusal),
    ]
    message = run_module(eks_nodegroup, {**LEAST, "scaling": {"max_size": 9}}, steps).message
    assert "update scaling of the node group system of the EKS cluster production (status DEGRADED" in message
    assert "no capacity" in message
    assert clock.now == 0


def test_a_failed_update_is_quoted(run_module: Callable[..., Any]) -> None:
    errors = [{"errorCode": "PodEvictionFailure", "errorMessage": "Reached max retries while trying to evict pods"}]
    start, query = updated("update_nodegroup_version", version="1.36")
    failed = (*query[:2], {"update": {"id": "u1", "status": "Failed", "errors": errors}})
    steps = [describe(described()), cluster(version="1.36"), start, failed]
    message = run_module(eks_nodegroup, {**LEAST, "version": "1.36"}, steps).message
    assert "PodEvictionFailure: Reached max retries" in message


def test_a_failed_deletion_is_quoted(run_module: Callable[..., Any]) -> None:
    issues = {"issues": [{"code": "Ec2SecurityGroupDeletionFailure", "message": "in use", "resourceIds": []}]}
    steps = [describe(described()), DELETE, describe(described(status="DELETE_FAILED", health=issues))]
    assert "Ec2SecurityGroupDeletionFailure: in use" in run_module(eks_nodegroup, ABSENT, steps).message


def test_a_deletion_under_way_is_waited_for(run_module: Callable[..., Any]) -> None:
    deleting = describe(described(status="DELETING"))
    assert run_module(eks_nodegroup, ABSENT, [deleting, deleting, describe(MISSING)]).result["changed"] is False


def test_wait_false_does_not_wait(run_module: Callable[..., Any]) -> None:
    unwaited = {**OPTIONS, "wait": False}
    for last in (describe(CREATING), describe(MISSING)):
        outcome = run_module(eks_nodegroup, unwaited, [describe(MISSING), cluster(), CREATE, last])
        assert outcome.result["nodegroup"]["status"] == "CREATING"
    assert run_module(eks_nodegroup, unwaited, [describe(CREATING)]).result["changed"] is False
    assert run_module(eks_nodegroup, {**ABSENT, "wait": False}, [describe(described()), DELETE]).result["changed"]
