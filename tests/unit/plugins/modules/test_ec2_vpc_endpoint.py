# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ec2_vpc_endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import ec2_vpc_endpoint
from botocore.stub import ANY

NAME = "production-ecr-api"
VPC = "vpc-0123456789abcdef0"
VPCE = "vpce-00000000000000001"
OLD = "vpce-00000000000000000"
SERVICE = "com.amazonaws.eu-west-1.ecr.api"
S3 = "com.amazonaws.eu-west-1.s3"
TAGS = MappingProxyType({"Name": NAME, "team": "platform"})
OPEN = {"Version": "2008-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}
READ_ONLY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["ecr:Get*"]}]}
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "vpc_id": VPC,
    "service_name": "ecr.api",
    "vpc_endpoint_type": "interface",
    "subnet_ids": ["subnet-2", "subnet-1"],
    "security_group_ids": ["sg-1"],
    "private_dns_enabled": True,
    "tags": {"team": "platform"},
}
PLACE = {"name": NAME, "vpc_id": VPC}
GATEWAY = {
    **PLACE,
    "service_name": S3,
    "vpc_endpoint_type": "gateway",
    "route_table_ids": ["rtb-2", "rtb-1"],
}
ABSENT = {**PLACE, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
Endpoint = dict[str, Any]


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as EC2 writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def interface(state: str = "available", **changes: Any) -> Endpoint:
    """Return an interface endpoint as EC2 describes it; a change to None leaves a member out."""
    members = {
        "VpcEndpointId": VPCE,
        "VpcEndpointType": "Interface",
        "VpcId": VPC,
        "ServiceName": SERVICE,
        "State": state,
        "PolicyDocument": json.dumps(OPEN),
        "RouteTableIds": [],
        "SubnetIds": ["subnet-1", "subnet-2"],
        "Groups": [{"GroupId": "sg-1", "GroupName": "endpoints"}],
        "IpAddressType": "ipv4",
        "PrivateDnsEnabled": True,
        "NetworkInterfaceIds": ["eni-2", "eni-1"],
        "DnsEntries": [{"DnsName": "vpce-1.api.ecr.example.com", "HostedZoneId": "Z1"}],
        "Tags": tag_list(TAGS),
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def gateway(state: str = "available", **changes: Any) -> Endpoint:
    """Return a gateway endpoint as EC2 describes it."""
    members = {
        "VpcEndpointType": "Gateway",
        "ServiceName": S3,
        "RouteTableIds": ["rtb-1", "rtb-2"],
        "SubnetIds": None,
        "Groups": None,
        "IpAddressType": None,
        "PrivateDnsEnabled": False,
        "NetworkInterfaceIds": None,
        "DnsEntries": None,
        "Tags": tag_list({"Name": NAME}),
    }
    return interface(state, **{**members, **changes})


def find(*found: Endpoint) -> Call:
    """Return the expected search for endpoints."""
    filters = [{"Name": "vpc-id", "Values": [VPC]}, {"Name": "tag:Name", "Values": [NAME]}]
    return ("describe_vpc_endpoints", {"Filters": filters}, {"VpcEndpoints": list(found)})


def describe(*found: Endpoint | str, endpoint_id: str = VPCE) -> Call:
    """Return the expected question for one endpoint; a text is an error."""
    answer = found[0] if found and isinstance(found[0], str) else {"VpcEndpoints": list(found)}
    return ("describe_vpc_endpoints", {"VpcEndpointIds": [endpoint_id]}, answer)


def offer(services: Mapping[str, list[str]] = MappingProxyType({SERVICE: ["Interface"]}), *names: str) -> Call:
    """Return the expected question for services: these names, unless told otherwise those that are offered."""
    # EC2 describes a service once for each type.
    details = [
        {"ServiceName": name, "ServiceType": [{"ServiceType": kind}]}
        for name, kinds in services.items()
        for kind in kinds
    ]
    filters = [{"Name": "service-name", "Values": list(names or services)}]
    return ("describe_vpc_endpoint_services", {"Filters": filters}, {"ServiceDetails": details})


def create(answer: str | Endpoint | None = None, **changes: Any) -> Call:
    """Return an expected creation; a text is an error, a change to None leaves a member out."""
    members = {
        "ClientToken": ANY,
        "VpcId": VPC,
        "ServiceName": SERVICE,
        "VpcEndpointType": "Interface",
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
        "PrivateDnsEnabled": True,
        "TagSpecifications": [
            {"ResourceType": "vpc-endpoint", "Tags": tag_list({"team": "platform", "Name": NAME})},
        ],
        **changes,
    }
    request = {member: value for member, value in members.items() if value is not None}
    made = answer if isinstance(answer, str) else {"VpcEndpoint": answer or interface("pending")}
    return ("create_vpc_endpoint", request, made)


def create_gateway(**changes: Any) -> Call:
    """Return the expected creation of a gateway endpoint."""
    members = {
        "ServiceName": S3,
        "VpcEndpointType": "Gateway",
        "RouteTableIds": ["rtb-1", "rtb-2"],
        "SubnetIds": None,
        "SecurityGroupIds": None,
        "PrivateDnsEnabled": None,
        "TagSpecifications": [{"ResourceType": "vpc-endpoint", "Tags": tag_list({"Name": NAME})}],
    }
    return create(gateway(), **{**members, **changes})


def modify(error: str | None = None, **members: Any) -> Call:
    """Return an expected change."""
    return ("modify_vpc_endpoint", {"VpcEndpointId": VPCE, **members}, error or {"Return": True})


def delete(*refusals: tuple[str, str]) -> Call:
    """Return an expected deletion; a refusal is a code and a message."""
    refused = [{"ResourceId": VPCE, "Error": {"Code": code, "Message": message}} for code, message in refusals]
    return ("delete_vpc_endpoints", {"VpcEndpointIds": [VPCE]}, {"Unsuccessful": refused})


GONE = describe("InvalidVpcEndpointId.NotFound: The Vpc Endpoint Id does not exist")
CHANGED = interface(
    SubnetIds=["subnet-1", "subnet-3"],
    Groups=[{"GroupId": "sg-2"}],
    PrivateDnsEnabled=False,
    PolicyDocument=json.dumps(READ_ONLY),
    IpAddressType="dualstack",
    Tags=tag_list({"Name": NAME}),
)

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned endpoint
    "create": (
        OPTIONS,
        [find(), offer()],
        [create(), describe(interface("pending")), describe(interface())],
        True,
        {
            "name": NAME,
            "vpc_id": VPC,
            "service_name": SERVICE,
            "vpc_endpoint_type": "interface",
            "state": "available",
            "subnet_ids": ["subnet-1", "subnet-2"],
            "security_group_ids": ["sg-1"],
            "private_dns_enabled": True,
            "policy": OPEN,
            "ip_address_type": "ipv4",
            "tags": TAGS,
        },
    ),
    "create gateway": (
        GATEWAY,
        [find(), offer({S3: ["Gateway", "Interface"]})],
        [create_gateway(), describe(gateway())],
        True,
        {
            "vpc_endpoint_type": "gateway",
            "route_table_ids": ["rtb-1", "rtb-2"],
            "subnet_ids": [],
            "security_group_ids": [],
            "network_interface_ids": [],
            "dns_entries": [],
            "private_dns_enabled": False,
            "policy": OPEN,
            "tags": {"Name": NAME},
        },
    ),
    "no-op": (OPTIONS, [find(interface())], [], False, {"vpc_endpoint_id": VPCE, "tags": TAGS}),
    "no-op gateway": (GATEWAY, [find(gateway())], [], False, {"route_table_ids": ["rtb-1", "rtb-2"]}),
    "update": (
        {
            **OPTIONS,
            "subnet_ids": ["subnet-3", "subnet-1"],
            "security_group_ids": ["sg-2"],
            "private_dns_enabled": False,
            "policy": READ_ONLY,
            "ip_address_type": "dualstack",
            "tags": {},
        },
        [find(interface())],
        [
            ("delete_tags", {"Resources": [VPCE], "Tags": [{"Key": "team"}]}, {}),
            describe(interface()),
            modify(
                AddSubnetIds=["subnet-3"],
                AddSecurityGroupIds=["sg-2"],
                PrivateDnsEnabled=False,
                IpAddressType="dualstack",
                PolicyDocument=json.dumps(READ_ONLY, sort_keys=True),
            ),
            describe(interface("pending")),
            describe(interface()),
            modify(RemoveSubnetIds=["subnet-2"], RemoveSecurityGroupIds=["sg-1"]),
            describe(CHANGED),
        ],
        True,
        {
            "subnet_ids": ["subnet-1", "subnet-3"],
            "security_group_ids": ["sg-2"],
            "private_dns_enabled": False,
            "policy": READ_ONLY,
            "ip_address_type": "dualstack",
            "tags": {"Name": NAME},
        },
    ),
    "update gateway": (
        {**GATEWAY, "route_table_ids": ["rtb-3"]},
        [find(gateway())],
        [
            describe(gateway()),
            modify(AddRouteTableIds=["rtb-3"]),
            describe(gateway()),
            modify(RemoveRouteTableIds=["rtb-1", "rtb-2"]),
            describe(gateway(RouteTableIds=["rtb-3"])),
        ],
        True,
        {"route_table_ids": ["rtb-3"], "vpc_endpoint_id": VPCE},
    ),
    "empty gateway": (
        {**GATEWAY, "route_table_ids": []},
        [find(gateway())],
        [
            describe(gateway()),
            modify(RemoveRouteTableIds=["rtb-1", "rtb-2"]),
            describe(gateway(RouteTableIds=[])),
        ],
        True,
        {"route_table_ids": []},
    ),
    "delete": (
        ABSENT,
        [find(interface())],
        [delete(), describe(interface("deleting")), GONE],
        True,
        None,
    ),
    "delete missing": (ABSENT, [find()], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, endpoint = MATRIX[case]
    outcome = run_module(ec2_vpc_endpoint, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "vpc_endpoint", endpoint)


def test_prediction_has_the_form_of_a_real_endpoint(run_module: Callable[..., Any]) -> None:
    for options, described, offered in (
        (OPTIONS, interface(), offer()),
        (GATEWAY, gateway(), offer({S3: ["Gateway"]})),
    ):
        real = run_module(ec2_vpc_endpoint, options, [find(described)]).result["vpc_endpoint"]
        predicted = run_module(ec2_vpc_endpoint, options, [find(), offered], check_mode=True).result["vpc_endpoint"]
        assert set(predicted) == set(real)
        assert predicted["vpc_endpoint_id"] == "vpce-known-after-apply"
        for name in ("network_interface_ids", "dns_entries", "subnet_ids", "security_group_ids", "route_table_ids"):
            assert len(predicted[name]) == len(real[name]), name


def test_what_ec2_makes_for_a_change_is_predicted(run_module: Callable[..., Any]) -> None:
    names = [{"dns_name": "dns-name-known-after-apply", "hosted_zone_id": "hosted-zone-known-after-apply"}]
    for changes, interfaces in (
        ({"subnet_ids": ["subnet-1"]}, ["eni-known-after-apply"]),
        ({"private_dns_enabled": False}, ["eni-1", "eni-2"]),
        ({"ip_address_type": "dualstack"}, ["eni-1", "eni-2"]),
    ):
        outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, **changes}, [find(interface())], check_mode=True)
        outcome.assert_made(True, "vpc_endpoint", {"network_interface_ids": interfaces, "dns_entries": names})


def test_settings_that_ec2_chooses_are_predicted(run_module: Callable[..., Any]) -> None:
    options = {**PLACE, "service_name": SERVICE, "vpc_endpoint_type": "interface"}
    predicted = run_module(ec2_vpc_endpoint, options, [find(), offer()], check_mode=True).result["vpc_endpoint"]
    chosen = {"security_group_ids": ["sg-known-after-apply"], "private_dns_enabled": True, "policy": OPEN}
    assert {name: predicted[name] for name in chosen} == chosen


def test_check_mode_survives_what_does_not_exist_yet(run_module: Callable[..., Any]) -> None:
    vpc = "vpc-known-after-apply"
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "tag:Name", "Values": [NAME]}]
    unknown = {"subnet_ids": ["subnet-known-after-apply"], "security_group_ids": ["sg-known-after-apply"]}
    steps = [("describe_vpc_endpoints", {"Filters": filters}, {"VpcEndpoints": []}), offer()]
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, **unknown, "vpc_id": vpc}, steps, check_mode=True)
    outcome.assert_made(True, "vpc_endpoint", {**unknown, "vpc_id": vpc})
    options = {**GATEWAY, "route_table_ids": ["rtb-1", "rtb-known-after-apply"]}
    outcome = run_module(ec2_vpc_endpoint, options, [find(gateway())], check_mode=True)
    outcome.assert_made(True, "vpc_endpoint", {"route_table_ids": options["route_table_ids"]})


def test_options_that_are_not_set_are_left_alone(run_module: Callable[..., Any]) -> None:
    options = {**PLACE, "service_name": "ecr.api", "vpc_endpoint_type": "interface"}
    assert run_module(ec2_vpc_endpoint, options, [find(CHANGED)]).result["changed"] is False


@pytest.mark.parametrize(
    "policy",
    [
        {"Statement": [{"Action": ["*"], "Resource": ["*"], "Effect": "Allow", "Principal": {"AWS": "*"}}]},
        json.dumps(OPEN),
        {},
    ],
)
def test_a_policy_of_the_same_meaning_is_no_change(run_module: Callable[..., Any], policy: Any) -> None:
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, "policy": policy}, [find(interface())])
    outcome.assert_made(False, "vpc_endpoint", {"policy": OPEN})


def test_a_service_without_policies_has_none(run_module: Callable[..., Any]) -> None:
    outcome = run_module(ec2_vpc_endpoint, OPTIONS, [find(interface(PolicyDocument=None))])
    outcome.assert_made(False, "vpc_endpoint", {"policy": None})


def test_an_empty_policy_allows_everything_again(run_module: Callable[..., Any]) -> None:
    steps = [
        find(interface(PolicyDocument=json.dumps(READ_ONLY))),
        describe(interface()),
        modify(PolicyDocument=json.dumps(OPEN, sort_keys=True)),
        describe(interface()),
    ]
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, "policy": {}}, steps)
    outcome.assert_made(True, "vpc_endpoint", {"policy": OPEN})


@pytest.mark.parametrize("policy", ["{", "[]", '"*"'])
def test_a_policy_that_is_none_is_refused(run_module: Callable[..., Any], policy: str) -> None:
    message = run_module(ec2_vpc_endpoint, {**OPTIONS, "policy": policy}).message
    assert f"policy is {policy!r}" in message


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({**GATEWAY, "subnet_ids": ["subnet-1"]}, ("subnet_ids is ['subnet-1']", "'gateway'")),
        ({**GATEWAY, "security_group_ids": ["sg-1"]}, ("security_group_ids is ['sg-1']", "'gateway'")),
        ({**GATEWAY, "private_dns_enabled": True}, ("private_dns_enabled is True", "'gateway'")),
        ({**OPTIONS, "route_table_ids": ["rtb-1"]}, ("route_table_ids is ['rtb-1']", "'interface'")),
        ({**OPTIONS, "security_group_ids": []}, ("security_group_ids is []", "leave security_group_ids out")),
        (PLACE, ("service_name", "vpc_endpoint_type")),
    ],
)
def test_options_that_do_not_fit_are_refused(
    run_module: Callable[..., Any], options: dict[str, Any], parts: tuple[str, ...]
) -> None:
    message = run_module(ec2_vpc_endpoint, options).message
    assert [part for part in parts if part not in message] == []


def test_options_that_say_what_a_gateway_has_are_taken(run_module: Callable[..., Any]) -> None:
    nothing = {"subnet_ids": [], "security_group_ids": [], "private_dns_enabled": False}
    assert run_module(ec2_vpc_endpoint, {**GATEWAY, **nothing}, [find(gateway())]).result["changed"] is False
    steps = [find(), offer({S3: ["Gateway"]}), create_gateway(), describe(gateway())]
    assert run_module(ec2_vpc_endpoint, {**GATEWAY, **nothing}, steps).result["changed"] is True


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"service_name": "ecr.dkr"}, (SERVICE, "com.amazonaws.eu-west-1.ecr.dkr", "service_name")),
        (
            {
                "vpc_endpoint_type": "gateway",
                "subnet_ids": None,
                "security_group_ids": None,
                "private_dns_enabled": None,
            },
            ("vpc_endpoint_type", "'interface'", "'gateway'"),
        ),
    ],
)
def test_service_and_type_cannot_be_changed(
    run_module: Callable[..., Any], changes: dict[str, Any], parts: tuple[str, ...], check_mode: bool
) -> None:
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, **changes}, [find(interface())], check_mode=check_mode)
    assert [part for part in (*parts, "state=absent") if part not in outcome.message] == []


CHINA = ("com.amazonaws.cn-north-1.ecr.api", "cn.com.amazonaws.cn-north-1.ecr.api")


@pytest.mark.parametrize("name", CHINA)
def test_short_name_in_china_is_the_one_that_the_region_offers(run_module: Callable[..., Any], name: str) -> None:
    steps = [find(), offer({name: ["Interface"]}, *CHINA)]
    outcome = run_module(ec2_vpc_endpoint, OPTIONS, steps, check_mode=True, region="cn-north-1")
    outcome.assert_made(True, "vpc_endpoint", {"service_name": name})
    steps = [find(interface(ServiceName=name))]
    outcome = run_module(ec2_vpc_endpoint, OPTIONS, steps, region="cn-north-1")
    outcome.assert_made(False, "vpc_endpoint", {"service_name": name})


@pytest.mark.parametrize(
    "name", [SERVICE, "aws.sagemaker.eu-west-1.notebook", "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"]
)
def test_full_name_stays_as_it_is(run_module: Callable[..., Any], name: str) -> None:
    steps = [find(), offer({name: ["Interface"]})]
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, "service_name": name}, steps, check_mode=True)
    outcome.assert_made(True, "vpc_endpoint", {"service_name": name})


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("offered", "text"),
    [
        ({}, f"eu-west-1 offers {SERVICE} for no endpoints"),
        ({SERVICE: ["Gateway"]}, f"offers {SERVICE} for gateway endpoints"),
    ],
)
def test_a_service_that_is_not_offered_is_refused(
    run_module: Callable[..., Any], offered: dict[str, list[str]], text: str, check_mode: bool
) -> None:
    message = run_module(ec2_vpc_endpoint, OPTIONS, [find(), offer(offered, SERVICE)], check_mode=check_mode).message
    assert text in message
    assert "service_name is 'ecr.api' and vpc_endpoint_type is 'interface'" in message


def test_a_subnet_in_the_zone_of_a_new_one_goes_first(run_module: Callable[..., Any]) -> None:
    added: dict[str, Any] = {"AddSubnetIds": ["subnet-3"], "AddSecurityGroupIds": ["sg-2"]}
    steps = [
        find(interface()),
        describe(interface()),
        modify("DuplicateSubnetsInSameZone: Found another VPC endpoint subnet", **added),
        modify(RemoveSubnetIds=["subnet-2"]),
        describe(interface("pending")),
        describe(interface()),
        modify(**added),
        describe(interface()),
        modify(RemoveSecurityGroupIds=["sg-1"]),
        describe(CHANGED),
    ]
    options = {**OPTIONS, "subnet_ids": ["subnet-1", "subnet-3"], "security_group_ids": ["sg-2"]}
    assert run_module(ec2_vpc_endpoint, options, steps).result["changed"] is True


def test_a_zone_that_stays_taken_is_the_error_of_ec2(run_module: Callable[..., Any]) -> None:
    refusal = modify("DuplicateSubnetsInSameZone: Found another VPC endpoint subnet", AddSubnetIds=["subnet-3"])
    options = {**OPTIONS, "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"]}
    message = run_module(ec2_vpc_endpoint, options, [find(interface()), describe(interface()), refusal]).message
    assert f"Failed to change the VPC endpoint {VPCE}" in message
    assert "DuplicateSubnetsInSameZone" in message


@pytest.mark.parametrize("code", ["InvalidSubnetId.NotFound", "InvalidSubnetID.NotFound"])
def test_what_was_made_just_before_is_waited_for(run_module: Callable[..., Any], code: str) -> None:
    steps = [find(), offer(), create(f"{code}: does not exist"), create(), describe(interface())]
    assert run_module(ec2_vpc_endpoint, OPTIONS, steps).result["changed"] is True


def test_an_endpoint_that_conflicts_is_the_error_of_ec2(run_module: Callable[..., Any]) -> None:
    conflict = "private-dns-enabled cannot be set because there is already a conflicting DNS domain"
    steps = [find(), offer(), create(f"InvalidParameter: {conflict}")]
    message = run_module(ec2_vpc_endpoint, OPTIONS, steps).message
    assert f"Failed to create a VPC endpoint in {VPC}" in message
    assert conflict in message


def test_a_new_endpoint_that_does_not_show_yet_is_waited_for(run_module: Callable[..., Any]) -> None:
    for wait, shown in ((True, "available"), (False, "pending")):
        steps = [find(), offer(), create(), GONE, describe(), describe(interface(shown))]
        outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, "wait": wait}, steps)
        outcome.assert_made(True, "vpc_endpoint", {"state": shown})


def test_an_endpoint_under_way_is_adopted(run_module: Callable[..., Any]) -> None:
    pending = interface("pending")
    outcome = run_module(ec2_vpc_endpoint, OPTIONS, [find(pending), describe(pending), describe(interface())])
    outcome.assert_made(False, "vpc_endpoint", {"state": "available"})
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, "wait": False}, [find(pending)])
    outcome.assert_made(False, "vpc_endpoint", {"state": "pending"})


def test_an_endpoint_under_way_is_changed_once_it_is_available(run_module: Callable[..., Any]) -> None:
    pending = interface("Pending")
    steps = [
        find(pending),
        describe(pending),
        describe(interface("Available")),
        modify(AddSubnetIds=["subnet-3"]),
        describe(pending),
    ]
    options = {**OPTIONS, "subnet_ids": ["subnet-1", "subnet-2", "subnet-3"], "wait": False}
    outcome = run_module(ec2_vpc_endpoint, options, steps)
    outcome.assert_made(True, "vpc_endpoint", {"state": "pending"})


ERROR = {"Code": "InsufficientFreeAddresses", "Message": "subnet-1 has no free address"}


@pytest.mark.parametrize("state", ["failed", "Rejected", "expired"])
def test_a_hopeless_endpoint_ends_the_wait_with_its_reason(run_module: Callable[..., Any], state: str) -> None:
    steps = [find(), offer(), create(), describe(interface(state, LastError=ERROR))]
    message = run_module(ec2_vpc_endpoint, OPTIONS, steps).message
    assert f"state {state.lower()}: InsufficientFreeAddresses: subnet-1 has no free address" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_hopeless_endpoint_is_not_taken_for_one(run_module: Callable[..., Any], check_mode: bool) -> None:
    failed = interface("failed", FailureReason="the service is gone")
    message = run_module(ec2_vpc_endpoint, OPTIONS, [find(failed)], check_mode=check_mode).message
    assert f"{VPCE} has the state failed: the service is gone. Delete it (state=absent)" in message


def test_a_hopeless_endpoint_is_deleted(run_module: Callable[..., Any]) -> None:
    steps = [find(interface("failed")), delete(), GONE]
    assert run_module(ec2_vpc_endpoint, ABSENT, steps).result["changed"] is True


def test_an_endpoint_that_stays_pending_is_named(run_module: Callable[..., Any]) -> None:
    waiting = describe(interface("pendingAcceptance"))
    options = {**OPTIONS, "wait_timeout": 1}
    message = run_module(ec2_vpc_endpoint, options, [find(), offer(), create(), waiting, waiting]).message
    assert f"waiting for the VPC endpoint {VPCE} to become available: state pendingacceptance." in message


def test_an_endpoint_that_somebody_deletes_ends_the_wait(run_module: Callable[..., Any]) -> None:
    steps = [find(), offer(), create(), describe(interface("deleting"))]
    assert "state deleting" in run_module(ec2_vpc_endpoint, OPTIONS, steps).message


def test_an_endpoint_that_is_being_deleted_is_not_the_wanted_one(run_module: Callable[..., Any]) -> None:
    leaving = interface("deleting", VpcEndpointId=OLD)
    steps = [
        find(leaving),
        offer(),
        describe(leaving, endpoint_id=OLD),
        describe(endpoint_id=OLD),
        create(),
        describe(interface()),
    ]
    outcome = run_module(ec2_vpc_endpoint, {**OPTIONS, "wait": False}, steps)
    outcome.assert_made(True, "vpc_endpoint", {"vpc_endpoint_id": VPCE})
    predicted = run_module(ec2_vpc_endpoint, OPTIONS, [find(leaving), offer()], check_mode=True)
    predicted.assert_made(True, "vpc_endpoint", {"vpc_endpoint_id": "vpce-known-after-apply"})


def test_two_endpoints_of_one_name_are_refused(run_module: Callable[..., Any]) -> None:
    both = find(interface(), interface(VpcEndpointId=OLD), interface("deleted", VpcEndpointId="vpce-2"))
    for options in (OPTIONS, ABSENT):
        message = run_module(ec2_vpc_endpoint, options, [both]).message
        assert f"2 VPC endpoints of {VPC} have this tag Name: {OLD}, {VPCE}" in message


def test_filters_that_are_ignored_do_no_harm(run_module: Callable[..., Any]) -> None:
    foreign = interface(Tags=tag_list({"Name": "staging"}))
    assert run_module(ec2_vpc_endpoint, ABSENT, [find(foreign)]).result["changed"] is False
    steps = [find(), offer({SERVICE: ["Gateway"], "com.amazonaws.eu-west-1.ecr.dkr": ["Interface"]}, SERVICE)]
    assert "for gateway endpoints" in run_module(ec2_vpc_endpoint, OPTIONS, steps).message


def test_a_deletion_that_ec2_refuses_in_its_answer_fails(run_module: Callable[..., Any]) -> None:
    refusal = ("OperationNotPermitted", "managed by another service")
    message = run_module(ec2_vpc_endpoint, ABSENT, [find(interface()), delete(refusal)]).message
    assert f"Failed to delete the VPC endpoint {VPCE}" in message
    assert "OperationNotPermitted" in message
    assert "managed by another service" in message


@pytest.mark.parametrize("code", ["InvalidVpcEndpoint.NotFound", "InvalidVpcEndpointId.NotFound"])
def test_an_endpoint_that_is_gone_meanwhile_is_deleted(run_module: Callable[..., Any], code: str) -> None:
    steps = [find(interface()), delete((code, "does not exist")), GONE]
    assert run_module(ec2_vpc_endpoint, ABSENT, steps).result["changed"] is True


def test_a_deletion_under_way_is_waited_for(run_module: Callable[..., Any]) -> None:
    leaving = interface("deleting")
    steps = [find(leaving), describe(leaving), describe(interface("deleted"))]
    assert run_module(ec2_vpc_endpoint, ABSENT, steps).result["changed"] is False
    assert run_module(ec2_vpc_endpoint, ABSENT, [find(leaving)], check_mode=True).result["changed"] is False


def test_a_deletion_without_wait_is_started_only(run_module: Callable[..., Any]) -> None:
    outcome = run_module(ec2_vpc_endpoint, {**ABSENT, "wait": False}, [find(interface()), delete()])
    assert outcome.result["changed"] is True


def test_a_deletion_that_does_not_end_is_named(run_module: Callable[..., Any]) -> None:
    leaving = interface("deleting", LastError={"Message": "still attached"})
    steps = [find(leaving), describe(leaving), describe(leaving)]
    message = run_module(ec2_vpc_endpoint, {**ABSENT, "wait_timeout": 1}, steps).message
    assert f"waiting for the VPC endpoint {VPCE} to be deleted: state deleting: still attached." in message
