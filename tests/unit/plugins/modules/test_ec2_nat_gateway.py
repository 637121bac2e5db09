# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ec2_nat_gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import ec2_nat_gateway

NAME = "production-eu-west-1a"
NAT = "nat-0123456789abcdef0"
EIP = "eipalloc-0123456789abcdef0"
FILTER = [{"Name": "tag:Name", "Values": [NAME]}]
TAGS = MappingProxyType({"Name": NAME, "team": "platform"})
OPTIONS: dict[str, Any] = {"name": NAME, "subnet_id": "subnet-1", "tags": {"team": "platform"}}
Call = tuple[str, dict[str, Any], Any]
ABSENT = {"name": NAME, "state": "absent"}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as EC2 writes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def gateway(state: str = "available", tags: Mapping[str, str] = TAGS, **changes: Any) -> dict[str, Any]:
    """Return a NAT gateway as EC2 describes it."""
    described: dict[str, Any] = {
        "NatGatewayId": NAT,
        "State": state,
        "SubnetId": "subnet-1",
        "VpcId": "vpc-1",
        "NatGatewayAddresses": [
            {
                "AllocationId": EIP,
                "PublicIp": "203.0.113.7",
                "PrivateIp": "10.0.0.9",
                "NetworkInterfaceId": "eni-1",
            }
        ],
        "Tags": tag_list(tags),
    }
    return {**described, **changes}


def private_gateway(state: str = "available") -> dict[str, Any]:
    """Return a private NAT gateway as EC2 describes it."""
    addresses = [{"PrivateIp": "10.0.0.9", "NetworkInterfaceId": "eni-1"}]
    return gateway(state, ConnectivityType="private", NatGatewayAddresses=addresses)


def address(tags: Mapping[str, str] = TAGS, **changes: Any) -> dict[str, Any]:
    """Return an Elastic IP address as EC2 describes it."""
    return {"AllocationId": EIP, "PublicIp": "203.0.113.7", "Tags": tag_list(tags), **changes}


def named_gateways(*found: dict[str, Any]) -> Call:
    """Return the expected search for NAT gateways."""
    return ("describe_nat_gateways", {"Filter": FILTER}, {"NatGateways": list(found)})


def named_addresses(*found: dict[str, Any]) -> Call:
    """Return the expected search for addresses."""
    return ("describe_addresses", {"Filters": FILTER}, {"Addresses": list(found)})


def one_gateway(answer: dict[str, Any] | str) -> Call:
    """Return the expected look at one NAT gateway."""
    found = answer if isinstance(answer, str) else {"NatGateways": [answer]}
    return ("describe_nat_gateways", {"NatGatewayIds": [NAT]}, found)


def one_address(**changes: Any) -> Call:
    """Return the expected look at one address."""
    return ("describe_addresses", {"AllocationIds": [EIP]}, {"Addresses": [address(**changes)]})


WRITTEN_TAGS = tag_list({"team": "platform", "Name": NAME})
ALLOCATE = (
    "allocate_address",
    {"Domain": "vpc", "TagSpecifications": [{"ResourceType": "elastic-ip", "Tags": WRITTEN_TAGS}]},
    {"AllocationId": EIP, "PublicIp": "203.0.113.7"},
)
CREATE_REQUEST = {
    "SubnetId": "subnet-1",
    "AllocationId": EIP,
    "TagSpecifications": [{"ResourceType": "natgateway", "Tags": WRITTEN_TAGS}],
}
CREATE = ("create_nat_gateway", CREATE_REQUEST, {"NatGateway": gateway("pending")})
CREATE_PRIVATE = (
    "create_nat_gateway",
    {
        "SubnetId": "subnet-1",
        "ConnectivityType": "private",
        "TagSpecifications": CREATE_REQUEST["TagSpecifications"],
    },
    {"NatGateway": private_gateway("pending")},
)
DELETE = ("delete_nat_gateway", {"NatGatewayId": NAT}, {"NatGatewayId": NAT})
RELEASE: Call = ("release_address", {"AllocationId": EIP}, {})

MATRIX: dict[str, tuple[dict[str, Any], list[Any], list[Any], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned NAT gateway
    "create": (
        OPTIONS,
        [named_gateways(), named_addresses()],
        [ALLOCATE, CREATE, one_gateway(gateway("pending")), one_gateway(gateway()), one_address()],
        True,
        {"name": NAME, "subnet_id": "subnet-1", "tags": TAGS, "address_tags": TAGS, "state": "available"},
    ),
    "no-op": (OPTIONS, [named_gateways(gateway()), one_address()], [], False, {"nat_gateway_id": NAT}),
    "update": (
        {**OPTIONS, "tags": {"team": "data"}},
        [named_gateways(gateway(tags={**TAGS, "old": "1"})), one_address(tags={"team": "data", "Name": NAME})],
        [
            ("delete_tags", {"Resources": [NAT], "Tags": [{"Key": "old"}]}, {}),
            ("create_tags", {"Resources": [NAT], "Tags": tag_list({"team": "data"})}, {}),
            one_gateway(gateway(tags={"team": "data", "Name": NAME})),
            one_address(tags={"team": "data", "Name": NAME}),
        ],
        True,
        {"tags": {"team": "data", "Name": NAME}, "public_ip": "203.0.113.7"},
    ),
    "create with an own address": (
        {**OPTIONS, "allocation_id": EIP},
        [named_gateways(), one_address(tags={"Name": "partner"})],
        [CREATE, one_gateway(gateway()), one_address(tags={"Name": "partner"})],
        True,
        {"allocation_id": EIP, "public_ip": "203.0.113.7", "tags": TAGS, "address_tags": {"Name": "partner"}},
    ),
    "no-op with an own address": (
        {**OPTIONS, "allocation_id": EIP},
        [named_gateways(gateway()), one_address(tags={})],
        [],
        False,
        {"allocation_id": EIP, "address_tags": {}, "connectivity_type": "public"},
    ),
    "delete with an own address": (
        {**ABSENT, "allocation_id": EIP},
        [named_gateways(gateway())],
        [DELETE, one_gateway(gateway("deleted"))],
        True,
        None,
    ),
    "create private": (
        {**OPTIONS, "connectivity_type": "private"},
        [named_gateways()],
        [CREATE_PRIVATE, one_gateway(private_gateway())],
        True,
        {"connectivity_type": "private", "allocation_id": None, "public_ip": None, "address_tags": {}, "tags": TAGS},
    ),
    "no-op private": (
        {**OPTIONS, "connectivity_type": "private"},
        [named_gateways(private_gateway())],
        [],
        False,
        {"connectivity_type": "private", "allocation_id": None},
    ),
    "delete private": (
        {**ABSENT, "connectivity_type": "private"},
        [named_gateways(private_gateway())],
        [DELETE, one_gateway(private_gateway("deleted"))],
        True,
        None,
    ),
    "delete": (
        ABSENT,
        [named_gateways(gateway()), named_addresses(address(AssociationId="eipassoc-1"))],
        [DELETE, one_gateway(gateway("deleting")), one_gateway(gateway("deleted")), RELEASE],
        True,
        None,
    ),
    "delete missing": (ABSENT, [named_gateways(gateway("deleted")), named_addresses()], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, found = MATRIX[case]
    outcome = run_module(ec2_nat_gateway, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "nat_gateway", found)


def test_prediction_has_the_keys_of_a_real_gateway(run_module: Callable[..., Any]) -> None:
    real = run_module(ec2_nat_gateway, OPTIONS, [named_gateways(gateway()), one_address()]).result["nat_gateway"]
    options = {**OPTIONS, "subnet_id": "subnet-known-after-apply"}
    steps = [named_gateways(), named_addresses()]
    predicted = run_module(ec2_nat_gateway, options, steps, check_mode=True).result["nat_gateway"]
    assert set(predicted) == set(real)
    assert predicted["nat_gateway_id"] == "nat-known-after-apply"


@pytest.mark.parametrize(
    ("options", "found", "address_read"),
    [
        ({"connectivity_type": "private"}, private_gateway(), []),
        ({"allocation_id": EIP}, gateway(), [one_address()]),
    ],
)
def test_prediction_of_other_gateways_has_the_keys_of_a_real_one(
    run_module: Callable[..., Any], options: dict[str, Any], found: dict[str, Any], address_read: list[Call]
) -> None:
    options = {**OPTIONS, **options}
    real = run_module(ec2_nat_gateway, options, [named_gateways(found), *address_read]).result["nat_gateway"]
    steps = [named_gateways(), *address_read]
    predicted = run_module(ec2_nat_gateway, options, steps, check_mode=True).result["nat_gateway"]
    assert set(predicted) == set(real)
    assert predicted["allocation_id"] == real["allocation_id"]
    assert predicted["public_ip"] == real["public_ip"]


def test_an_own_address_may_be_predicted(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "allocation_id": "eipalloc-known-after-apply"}
    outcome = run_module(ec2_nat_gateway, options, [named_gateways()], check_mode=True)
    assert outcome.result["nat_gateway"]["allocation_id"] == "eipalloc-known-after-apply"
    assert outcome.result["nat_gateway"]["public_ip"] == "public-ip-known-after-apply"


def test_an_own_address_is_waited_for_while_the_gateway_before_leaves(run_module: Callable[..., Any]) -> None:
    held = one_address(tags={}, AssociationId="eipassoc-1")
    steps = [named_gateways(gateway("deleting")), held, one_gateway(gateway("deleted")), CREATE]
    steps += [one_gateway(gateway()), one_address(tags={})]
    outcome = run_module(ec2_nat_gateway, {**OPTIONS, "allocation_id": EIP}, steps)
    assert outcome.result["nat_gateway"]["address_tags"] == {}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize(
    ("answer", "part"),
    [
        ("InvalidAllocationID.NotFound: none", "no such Elastic IP address"),
        ({"Addresses": [address(AssociationId="eipassoc-1")]}, "in use elsewhere: eipalloc-0123456789abcdef0 (203"),
    ],
)
def test_an_own_address_that_cannot_be_used_is_refused(
    run_module: Callable[..., Any], answer: Any, part: str, check_mode: bool
) -> None:
    steps = [named_gateways(), ("describe_addresses", {"AllocationIds": [EIP]}, answer)]
    options = {**OPTIONS, "allocation_id": EIP}
    message = run_module(ec2_nat_gateway, options, steps, check_mode=check_mode).message
    assert f"allocation_id is {EIP!r}" in message
    assert part in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_the_address_cannot_be_changed(run_module: Callable[..., Any], check_mode: bool) -> None:
    steps = [named_gateways(gateway()), one_address()]
    options = {**OPTIONS, "allocation_id": "eipalloc-2"}
    message = run_module(ec2_nat_gateway, options, steps, check_mode=check_mode).message
    assert all(part in message for part in ("allocation_id", EIP, "eipalloc-2", "state=absent", "Leave allocation_id"))


@pytest.mark.parametrize(
    ("wanted", "steps"),
    [
        ("private", [named_gateways(gateway()), one_address()]),
        ("public", [named_gateways(private_gateway())]),
    ],
)
def test_the_connectivity_cannot_be_changed(run_module: Callable[..., Any], wanted: str, steps: list[Call]) -> None:
    message = run_module(ec2_nat_gateway, {**OPTIONS, "connectivity_type": wanted}, steps).message
    assert all(part in message for part in ("connectivity_type", "'private'", "'public'", "state=absent"))


def test_a_private_gateway_takes_no_address(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "connectivity_type": "private", "allocation_id": EIP}
    message = run_module(ec2_nat_gateway, options).message
    assert EIP in message
    assert "connectivity_type=public" in message


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("tags", [{}, {"Name": "partner"}])
def test_an_address_that_was_given_before_is_not_taken_over(
    run_module: Callable[..., Any], tags: dict[str, str], check_mode: bool
) -> None:
    steps = [named_gateways(gateway()), one_address(tags=tags)]
    message = run_module(ec2_nat_gateway, OPTIONS, steps, check_mode=check_mode).message
    assert f"allocation_id={EIP}" in message
    assert "give it the tag again" in message


def test_wait_false_starts_the_gateway_only(run_module: Callable[..., Any]) -> None:
    steps = [named_gateways(), named_addresses(), ALLOCATE, CREATE, named_gateways(), one_address()]
    outcome = run_module(ec2_nat_gateway, {**OPTIONS, "wait": False}, steps)
    assert outcome.result["nat_gateway"]["state"] == "pending"


def test_a_gateway_under_way_is_adopted(run_module: Callable[..., Any]) -> None:
    steps = [named_gateways(gateway("pending")), one_address(), one_gateway(gateway()), one_address()]
    outcome = run_module(ec2_nat_gateway, OPTIONS, steps)
    assert outcome.result["changed"] is False
    assert outcome.result["nat_gateway"]["state"] == "available"


def test_an_address_left_over_is_used_and_tagged(run_module: Callable[..., Any]) -> None:
    steps = [
        named_gateways(gateway("failed")),
        named_addresses(address(tags={"Name": NAME})),
        ("create_tags", {"Resources": [EIP], "Tags": tag_list({"team": "platform"})}, {}),
        CREATE,
        one_gateway(gateway()),
        one_address(),
    ]
    assert run_module(ec2_nat_gateway, OPTIONS, steps).result["nat_gateway"]["allocation_id"] == EIP


def test_check_mode_predicts_the_address_left_over(run_module: Callable[..., Any]) -> None:
    outcome = run_module(ec2_nat_gateway, OPTIONS, [named_gateways(), named_addresses(address())], check_mode=True)
    assert outcome.result["nat_gateway"]["public_ip"] == "203.0.113.7"


def test_a_deletion_under_way_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [
        named_gateways(gateway("deleting")),
        named_addresses(address(AssociationId="eipassoc-1")),
        one_gateway(gateway("deleting")),
        one_gateway(gateway("deleted")),
        CREATE,
        one_gateway(gateway()),
        one_address(),
    ]
    assert run_module(ec2_nat_gateway, OPTIONS, steps).result["changed"] is True


def test_a_new_address_is_waited_for(run_module: Callable[..., Any]) -> None:
    refusal = ("create_nat_gateway", CREATE_REQUEST, "InvalidAllocationID.NotFound: does not exist")
    steps = [named_gateways(), named_addresses(), ALLOCATE, refusal, CREATE, one_gateway(gateway()), one_address()]
    assert run_module(ec2_nat_gateway, OPTIONS, steps).result["changed"] is True


def test_a_failed_gateway_ends_the_wait_with_its_reason(run_module: Callable[..., Any]) -> None:
    failed = gateway("failed", FailureCode="Gateway.NotAttached", FailureMessage="vpc-1 has no Internet gateway")
    steps = [named_gateways(), named_addresses(), ALLOCATE, CREATE, one_gateway(failed)]
    message = run_module(ec2_nat_gateway, OPTIONS, steps).message
    assert "Gateway.NotAttached: vpc-1 has no Internet gateway" in message


def test_filters_that_are_ignored_do_no_harm(run_module: Callable[..., Any]) -> None:
    foreign = gateway(tags={"Name": "staging"}, NatGatewayId="nat-foreign")
    stray = address(tags={"Name": "staging"}, AllocationId="eipalloc-foreign")
    outcome = run_module(ec2_nat_gateway, ABSENT, [named_gateways(foreign), named_addresses(stray)])
    assert outcome.result["changed"] is False


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_the_subnet_cannot_be_changed(run_module: Callable[..., Any], check_mode: bool) -> None:
    steps = [named_gateways(gateway()), one_address()]
    outcome = run_module(ec2_nat_gateway, {**OPTIONS, "subnet_id": "subnet-2"}, steps, check_mode=check_mode)
    assert all(part in outcome.message for part in ("subnet_id", "'subnet-1'", "'subnet-2'", "state=absent"))


def test_tags_of_the_address_are_kept_as_well(run_module: Callable[..., Any]) -> None:
    steps = [
        named_gateways(gateway()),
        one_address(tags={"Name": NAME, "old": "1"}),
        ("delete_tags", {"Resources": [EIP], "Tags": [{"Key": "old"}]}, {}),
        ("create_tags", {"Resources": [EIP], "Tags": tag_list({"team": "platform"})}, {}),
        one_gateway(gateway()),
        one_address(),
    ]
    outcome = run_module(ec2_nat_gateway, OPTIONS, steps)
    assert outcome.result["changed"] is True
    assert outcome.result["nat_gateway"]["address_tags"] == TAGS


def test_two_gateways_of_one_name_are_refused(run_module: Callable[..., Any]) -> None:
    steps = [named_gateways(gateway(), gateway(NatGatewayId="nat-2"))]
    message = run_module(ec2_nat_gateway, OPTIONS, steps).message
    assert NAT in message
    assert "nat-2" in message


def test_an_address_in_use_elsewhere_is_refused(run_module: Callable[..., Any]) -> None:
    steps = [named_gateways(), named_addresses(address(AssociationId="eipassoc-1"))]
    message = run_module(ec2_nat_gateway, OPTIONS, steps).message
    assert EIP in message
    assert "203.0.113.7" in message


def test_an_address_without_a_gateway_is_released(run_module: Callable[..., Any]) -> None:
    outcome = run_module(ec2_nat_gateway, ABSENT, [named_gateways(), named_addresses(address()), RELEASE])
    assert outcome.result["changed"] is True


def test_an_address_in_use_elsewhere_is_not_released(run_module: Callable[..., Any]) -> None:
    steps = [named_gateways(), named_addresses(address(AssociationId="eipassoc-1"))]
    assert run_module(ec2_nat_gateway, ABSENT, steps).result["changed"] is False


def test_the_release_waits_until_the_address_is_free(run_module: Callable[..., Any]) -> None:
    busy = ("release_address", {"AllocationId": EIP}, "InvalidIPAddress.InUse: still in use")
    steps = [named_gateways(), named_addresses(address()), busy, RELEASE]
    assert run_module(ec2_nat_gateway, ABSENT, steps).result["changed"] is True


def test_tags_are_left_alone_when_not_set(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "subnet_id": "subnet-1"}
    outcome = run_module(ec2_nat_gateway, options, [named_gateways(gateway()), one_address()])
    assert outcome.result["changed"] is False


def test_present_needs_a_subnet(run_module: Callable[..., Any]) -> None:
    assert "subnet_id" in run_module(ec2_nat_gateway, {"name": NAME}).message
