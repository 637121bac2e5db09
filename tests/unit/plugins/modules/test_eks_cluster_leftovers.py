# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module eks_cluster_leftovers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import eks_cluster_leftovers

NAME = "production"
# A name that has the first one in it.
OTHER = "production-two"
VPC = "vpc-0123456789abcdef0"
ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
BALANCER = f"{ARN}:loadbalancer/app/k8s-supabase/1"
TARGETS = f"{ARN}:targetgroup/k8s-supabase/1"
OPTIONS = {"cluster_name": NAME}
BY_CLUSTER = f"kubernetes.io/cluster/{NAME}"
OWNED = {BY_CLUSTER: "owned"}
ELB = {"elbv2.k8s.aws/cluster": NAME}
ELB_OF_OTHER = {"elbv2.k8s.aws/cluster": OTHER}
NODE = {**OWNED, "karpenter.sh/nodepool": "default", "eks:eks-cluster-name": NAME}
CNI = {"cluster.k8s.amazonaws.com/name": NAME}
ROLE = {"RoleName": "node"}
# How often the module looks within a minute.
LOOKS = 13
Call = tuple[str, dict[str, Any], Any]
NONE: Call = ("describe_cluster", {"name": NAME}, "ResourceNotFoundException: No cluster found for name: production.")


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as AWS writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def node(state: str = "running", tags: Mapping[str, str] | None = None, number: int = 1) -> dict[str, Any]:
    return {"InstanceId": f"i-{number}", "State": {"Name": state}, "Tags": tag_list(NODE if tags is None else tags)}


def interface(tags: Mapping[str, str] | None = None, status: str = "available", number: int = 1) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": f"eni-{number}",
        "Status": status,
        "TagSet": tag_list(CNI if tags is None else tags),
        "Description": "aws-K8S",
    }


def template(tags: Mapping[str, str], number: int = 1) -> dict[str, Any]:
    name = f"karpenter.k8s.aws/{number}"
    return {"LaunchTemplateId": f"lt-{number}", "LaunchTemplateName": name, "Tags": tag_list(tags)}


def group(
    tags: Mapping[str, str] | None = None, number: int = 1, name: str = "k8s-traffic", **rules: str
) -> dict[str, Any]:
    """Return a security group; rules lead to a group by their direction."""
    permissions = {
        member: [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": rules[direction]}, {"GroupId": "sg-99"}]}]
        if direction in rules
        else []
        for direction, member in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress"))
    }
    names = {"GroupId": f"sg-{number}", "GroupName": name, "VpcId": VPC, "Description": "d", "OwnerId": "123456789012"}
    return {**names, **permissions, "Tags": tag_list(ELB if tags is None else tags)}


def tagged(operation: str, member: str, keys: list[str], items: Any, filters: list[dict[str, Any]]) -> Call:
    return (operation, {"Filters": [{"Name": "tag-key", "Values": keys}, *filters]}, {member: items})


def nodes(*items: Any, filters: Any = ()) -> Call:
    reservations = [{"Instances": list(items)}]
    return tagged("describe_instances", "Reservations", [BY_CLUSTER], reservations, list(filters))


def interfaces(*items: Any, filters: Any = ()) -> Call:
    keys = ["cluster.k8s.amazonaws.com/name", "node.k8s.amazonaws.com/instance_id"]
    return tagged("describe_network_interfaces", "NetworkInterfaces", keys, list(items), list(filters))


def templates(*items: Any) -> Call:
    keys = ["eks:eks-cluster-name", "karpenter.k8s.aws/cluster"]
    return tagged("describe_launch_templates", "LaunchTemplates", keys, list(items), [])


def groups(name: str, value: str, *items: Any, vpc: bool = False) -> Call:
    filters = [{"Name": name, "Values": [value]}] + [{"Name": "vpc-id", "Values": [VPC]}] * vpc
    return ("describe_security_groups", {"Filters": filters}, {"SecurityGroups": list(items)})


def tagged_groups(balancing: Any = (), owned: Any = (), vpc: bool = False) -> list[Call]:
    return [
        groups("tag:elbv2.k8s.aws/cluster", NAME, *balancing, vpc=vpc),
        groups(f"tag:{BY_CLUSTER}", "owned", *owned, vpc=vpc),
    ]


def ec2(found: Any = (), free: Any = (), launch: Any = (), **secured: Any) -> list[Call]:
    """Return the expected search in EC2."""
    return [nodes(*found), interfaces(*free), templates(*launch), *tagged_groups(**secured)]


def balanced(member: str, arns: Mapping[str, Mapping[str, str]], vpc: str = VPC) -> list[Call]:
    """Return the expected search for load balancers or target groups, by ARN with their tags."""
    operation = {"LoadBalancer": "describe_load_balancers", "TargetGroup": "describe_target_groups"}[member]
    items = [{f"{member}Arn": arn, f"{member}Name": "k8s-supabase", "VpcId": vpc} for arn in arns]
    tags = [{"ResourceArn": arn, "Tags": tag_list(of_it)} for arn, of_it in arns.items()]
    asked: list[Call] = [("describe_tags", {"ResourceArns": list(arns)}, {"TagDescriptions": tags})] if arns else []
    return [(operation, {}, {f"{member}s": items}), *asked]


def elb(balancers: Any = None, targets: Any = None) -> list[Call]:
    """Return the expected search in ELB."""
    return [*balanced("LoadBalancer", balancers or {}), *balanced("TargetGroup", targets or {})]


def profiles(*names: str) -> Call:
    path = f"/karpenter/eu-west-1/{NAME}/"
    shown = {"Path": path, "InstanceProfileId": "AIPA0123456789ABCDEF", "Arn": f"arn:aws:iam::123456789012:{path}x"}
    role = {"Path": "/", "RoleId": "AROA0123456789ABCDEF", "Arn": "arn:aws:iam::123456789012:role/node", **ROLE}
    dates = {"CreateDate": "2026-11-28T00:00:00Z"}
    found = [{**shown, **dates, "InstanceProfileName": name, "Roles": [{**role, **dates}]} for name in names]
    return ("list_instance_profiles", {"PathPrefix": path}, {"InstanceProfiles": found})


SERVICES: dict[str, list[Call]] = {"eks": [NONE], "elbv2": elb(), "iam": [profiles()]}
NOTHING: list[Call] = ec2()
# The one of EKS has its own name; the tag alone is on groups that users make for their nodes as well.
CLUSTER_GROUP = group(OWNED, 2, f"eks-cluster-sg-{NAME}-1234567890", egress="sg-1")
STRANGERS: dict[str, Any] = {
    "found": [node(tags=OWNED, number=8), node(tags={**NODE, f"kubernetes.io/cluster/{OTHER}": "owned"}, number=9)],
    "free": [
        interface({"cluster.k8s.amazonaws.com/name": OTHER}, number=7),
        interface({"node.k8s.amazonaws.com/instance_id": "i-8"}, number=8),
        interface(status="in-use", number=9),
    ],
    "launch": [template({"eks:eks-cluster-name": OTHER}, 9)],
    "owned": [group(OWNED, 8, "nodes"), group(OWNED, 9, f"eks-cluster-sg-{NAME}-two-1")],
}
STRANGE = ec2(**STRANGERS)
LEFT: dict[str, Any] = {
    "found": [node(), node("terminated", number=2)],
    "free": [interface(), interface({"node.k8s.amazonaws.com/instance_id": "i-2"}, number=2)],
    "launch": [template({"eks:eks-cluster-name": NAME}), template({"karpenter.k8s.aws/cluster": NAME}, 2)],
    "balancing": [group()],
    "owned": [CLUSTER_GROUP],
}
HELD = interface({"node.k8s.amazonaws.com/instance_id": "i-1"}, "in-use", 3)
DEAD = [node("terminated"), node("terminated", number=2)]
LATE = [node("shutting-down"), DEAD[1]]
LEFTOVERS = {
    "instances": [{"id": "i-1", "name": ""}],
    "load_balancers": [{"id": BALANCER, "name": "k8s-supabase"}],
    "target_groups": [{"id": TARGETS, "name": "k8s-supabase"}],
    "network_interfaces": [{"id": "eni-1", "name": "aws-K8S"}, {"id": "eni-2", "name": "aws-K8S"}],
    "launch_templates": [{"id": f"lt-{number}", "name": f"karpenter.k8s.aws/{number}"} for number in (1, 2)],
    "instance_profiles": [{"id": "production_1", "name": "production_1"}],
    "security_groups": [
        {"id": "sg-1", "name": "k8s-traffic"},
        {"id": "sg-2", "name": f"eks-cluster-sg-{NAME}-1234567890"},
    ],
}


def revoked(direction: str, group_id: str, named: str) -> Call:
    permissions = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}]
    return (f"revoke_security_group_{direction}", {"GroupId": group_id, "IpPermissions": permissions}, {})


def deleted_interface(number: int, answer: Any = None) -> Call:
    return ("delete_network_interface", {"NetworkInterfaceId": f"eni-{number}"}, answer or {})


DATABASE = group({}, 5, "database", ingress="sg-1")
DATABASE_OF_OTHER = group(ELB_OF_OTHER, 6, "database", ingress="sg-1")
REMOVAL: list[Call] = [
    nodes(*LEFT["found"]),
    ("terminate_instances", {"InstanceIds": ["i-1"]}, {}),
    nodes(*LATE),
    nodes(*DEAD),
    nodes(*DEAD),
    interfaces(*LEFT["free"], HELD),
    deleted_interface(1),
    deleted_interface(2, "InvalidNetworkInterfaceID.NotFound: gone"),
    # What a terminated instance held is free a little later.
    nodes(*DEAD),
    interfaces({**HELD, "Status": "available"}),
    deleted_interface(3),
    templates(*LEFT["launch"]),
    ("delete_launch_template", {"LaunchTemplateId": "lt-1"}, {}),
    ("delete_launch_template", {"LaunchTemplateId": "lt-2"}, {}),
    *tagged_groups([group()], [CLUSTER_GROUP]),
    groups("ip-permission.group-id", "sg-1", group(), DATABASE, DATABASE_OF_OTHER),
    revoked("ingress", "sg-5", "sg-1"),
    groups("egress.ip-permission.group-id", "sg-1", CLUSTER_GROUP),
    revoked("egress", "sg-2", "sg-1"),
    groups("ip-permission.group-id", "sg-2"),
    groups("egress.ip-permission.group-id", "sg-2"),
    ("delete_security_group", {"GroupId": "sg-1"}, {}),
    ("delete_security_group", {"GroupId": "sg-2"}, {}),
    # A deletion shows a little later.
    *ec2(launch=LEFT["launch"][:1]),
    *ec2(),
]
BALANCED = elb({BALANCER: ELB, f"{BALANCER}0": ELB_OF_OTHER}, {TARGETS: ELB, f"{TARGETS}0": {"team": "data"}})
DELETE_TARGETS = ("delete_target_group", {"TargetGroupArn": TARGETS})
ELB_REMOVAL: list[Call] = [
    *balanced("LoadBalancer", {BALANCER: ELB}),
    ("delete_load_balancer", {"LoadBalancerArn": BALANCER}, {}),
    *balanced("LoadBalancer", {BALANCER: ELB}),
    *balanced("LoadBalancer", {}),
    *balanced("TargetGroup", {TARGETS: ELB}),
    (*DELETE_TARGETS, "ResourceInUse: Target group is currently in use by a listener or a rule"),
    (*DELETE_TARGETS, {}),
    *elb(),
    *elb(),
]
IAM_REMOVAL: list[Call] = [
    profiles("production_1"),
    ("remove_role_from_instance_profile", {"InstanceProfileName": "production_1", **ROLE}, {}),
    ("delete_instance_profile", {"InstanceProfileName": "production_1"}, {}),
    profiles(),
    profiles(),
]
ALL_SERVICES = {"eks": [NONE], "elbv2": BALANCED, "iam": [profiles("production_1")]}
REMOVALS = {"elbv2": ELB_REMOVAL, "iam": IAM_REMOVAL}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any]]] = {
    # options, reads of EC2, writes there (with the reads that follow them), changed, what was left
    "no-op": (OPTIONS, NOTHING, [], False, {}),
    "only of others": (OPTIONS, STRANGE, [], False, {}),
    "remove": (OPTIONS, ec2(**LEFT), REMOVAL, True, LEFTOVERS),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, left = MATRIX[case]
    services = ALL_SERVICES if writes else SERVICES
    services = {name: calls + (REMOVALS.get(name, []) if writes else []) for name, calls in services.items()}
    if check_mode:
        writes, services = [], {**(ALL_SERVICES if changed else SERVICES), "eks": []}
    outcome = run_module(eks_cluster_leftovers, options, reads + writes, services=services, check_mode=check_mode)
    outcome.assert_made(changed, "leftovers", left)
    assert outcome.result["leftovers"] == left
    assert outcome.result["diff"] == {"before": left, "after": {}}


def test_what_lies_in_another_vpc_is_left_alone(run_module: Callable[..., Any]) -> None:
    in_vpc = [{"Name": "vpc-id", "Values": [VPC]}]
    reads = [nodes(filters=in_vpc), interfaces(filters=in_vpc), templates(), *tagged_groups(vpc=True)]
    elsewhere = [*balanced("LoadBalancer", {BALANCER: ELB}, "vpc-2"), *balanced("TargetGroup", {TARGETS: ELB}, "vpc-2")]
    services = {**SERVICES, "elbv2": elsewhere}
    outcome = run_module(eks_cluster_leftovers, {**OPTIONS, "vpc_id": VPC}, reads, services=services)
    outcome.assert_made(False, "leftovers", {})


def test_a_cluster_that_is_there_is_refused(run_module: Callable[..., Any]) -> None:
    there = ("describe_cluster", {"name": NAME}, {"cluster": {"name": NAME, "status": "ACTIVE"}})
    services = {"eks": [there], "elbv2": [], "iam": []}
    message = run_module(eks_cluster_leftovers, OPTIONS, [], services=services).message
    assert f"cluster_name is '{NAME}', but this EKS cluster is ACTIVE" in message
    assert "state: absent" in message


def test_a_name_that_no_cluster_has_is_refused(run_module: Callable[..., Any]) -> None:
    services: dict[str, list[Call]] = {"eks": [], "elbv2": [], "iam": []}
    message = run_module(eks_cluster_leftovers, {"cluster_name": "prod*"}, [], services=services).message
    assert "cluster_name is 'prod*', but a cluster's name has" in message


def test_a_list_that_is_old_already_is_made_again(run_module: Callable[..., Any]) -> None:
    listed, asked, *_rest = balanced("LoadBalancer", {BALANCER: ELB})
    vanished = (*asked[:2], "LoadBalancerNotFound: One or more load balancers not found")
    services = {**SERVICES, "elbv2": [listed, vanished, *elb()]}
    run_module(eks_cluster_leftovers, OPTIONS, NOTHING, services=services).assert_made(False, "leftovers", {})


def test_what_cannot_go_is_named_with_the_reason(run_module: Callable[..., Any]) -> None:
    text = "OperationNotPermitted: The instance 'i-1' may not be terminated."
    steps = [*ec2(found=[node()]), nodes(node()), ("terminate_instances", {"InstanceIds": ["i-1"]}, text)]
    message = run_module(eks_cluster_leftovers, OPTIONS, steps, services=SERVICES).message
    assert "Failed to terminate the instance i-1" in message
    assert "may not be terminated" in message


def test_what_does_not_go_in_time_is_named(run_module: Callable[..., Any]) -> None:
    stays = nodes(LATE[0])
    steps = [*ec2(found=LATE), stays, ("terminate_instances", {"InstanceIds": ["i-1"]}, {}), stays, stays]
    services = {**SERVICES, "elbv2": [*elb(), *balanced("LoadBalancer", {}) * 2, *balanced("TargetGroup", {})]}
    message = run_module(eks_cluster_leftovers, {**OPTIONS, "wait_timeout": 1}, steps, services=services).message
    assert "Timeout after 1 s waiting for the instances to be gone: still there: i-1" in message


def test_what_is_made_anew_is_named(run_module: Callable[..., Any]) -> None:
    again = ec2(launch=[template({"eks:eks-cluster-name": NAME})])
    steps = [
        *again,
        *[nodes()] * 3,
        interfaces(),
        templates(template({"eks:eks-cluster-name": NAME})),
        ("delete_launch_template", {"LaunchTemplateId": "lt-1"}, {}),
        *tagged_groups(),
        *again * LOOKS,
    ]
    elsewhere = [*elb(), *balanced("LoadBalancer", {}) * 2, *balanced("TargetGroup", {}), *elb() * LOOKS]
    services = {**SERVICES, "elbv2": elsewhere, "iam": [profiles()] * (LOOKS + 2)}
    message = run_module(eks_cluster_leftovers, OPTIONS, steps, services=services).message
    assert f"waiting for AWS to show nothing that {NAME} left" in message
    assert "launch_templates: lt-1." in message
