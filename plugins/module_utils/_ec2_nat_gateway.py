# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT gateways and their Elastic IP addresses: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import name_filter, tag_specification
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

LIVE = ("pending", "available")
PUBLIC = "public"
PRIVATE = "private"
PAUSE = 5.0
# EC2 shows a new address everywhere, and a released one as free, within this time.
SETTLING_SECONDS = 120


def view(gateway: t.Mapping[str, t.Any], address: t.Mapping[str, t.Any] | None) -> Plain:
    """Return a NAT gateway and its address as the module returns and compares them."""
    first = (gateway.get("NatGatewayAddresses") or [{}])[0]
    return {
        "name": tags_of(gateway).get("Name"),
        "nat_gateway_id": gateway["NatGatewayId"],
        "state": gateway["State"],
        "connectivity_type": gateway.get("ConnectivityType", PUBLIC),
        "subnet_id": gateway.get("SubnetId"),
        "vpc_id": gateway.get("VpcId"),
        "allocation_id": first.get("AllocationId"),
        "public_ip": first.get("PublicIp") or (address or {}).get("PublicIp"),
        "private_ip": first.get("PrivateIp"),
        "network_interface_id": first.get("NetworkInterfaceId"),
        "tags": tags_of(gateway),
        "address_tags": tags_of(address),
    }


def unknown_view(options: Plain, address: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the predicted return values of a NAT gateway that does not exist.

    :param address: the Elastic IP that it will take, when there is one already.
    """
    known = address or {}
    private = options["connectivity_type"] == PRIVATE
    return {
        "name": options["name"],
        "nat_gateway_id": placeholder("nat"),
        "state": "available",
        "vpc_id": placeholder("vpc"),
        "allocation_id": None if private else known.get("AllocationId", placeholder("eipalloc")),
        "public_ip": None if private else known.get("PublicIp", placeholder("public-ip")),
        "private_ip": placeholder("private-ip"),
        "network_interface_id": placeholder("eni"),
        "tags": {},
        "address_tags": tags_of(address),
    }


@failing_to("list the NAT gateways with the tag Name={name}")
@unthrottled
def list_gateways(client: t.Any, name: str) -> list[Plain]:
    """Return the NAT gateways of this name in every state; EC2 shows deleted ones for about an hour."""
    pages = client.get_paginator("describe_nat_gateways").paginate(Filter=name_filter(name))
    # Services that emulate EC2 may ignore the filter.
    return [gateway for page in pages for gateway in page["NatGateways"] if tags_of(gateway).get("Name") == name]


@failing_to("describe the NAT gateway {gateway_id}")
@none_when("NatGatewayNotFound")
@unthrottled
def describe_gateway(client: t.Any, gateway_id: str) -> Plain:
    """Return one NAT gateway."""
    gateways = client.describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"]
    return dict(gateways[0]) if gateways else {"NatGatewayId": gateway_id, "State": "deleted"}


@failing_to("list the Elastic IP addresses with the tag Name={name}")
@unthrottled
def list_addresses(client: t.Any, name: str) -> list[Plain]:
    """Return the addresses of this name."""
    addresses = client.describe_addresses(Filters=name_filter(name))["Addresses"]
    return [address for address in addresses if tags_of(address).get("Name") == name]


@failing_to("describe the Elastic IP address {allocation_id}")
@none_when("InvalidAllocationID.NotFound")
@unthrottled
def describe_address(client: t.Any, allocation_id: str) -> Plain:
    """Return one address."""
    return dict(client.describe_addresses(AllocationIds=[allocation_id])["Addresses"][0])


@failing_to("allocate an Elastic IP address")
@unthrottled
def allocate_address(client: t.Any, tags: t.Mapping[str, str]) -> Plain:
    """Allocate an address with these tags."""
    return dict(client.allocate_address(Domain="vpc", TagSpecifications=tag_specification("elastic-ip", tags)))


@failing_to("create a NAT gateway in the subnet {subnet_id}")
@unthrottled
def create_gateway(client: t.Any, subnet_id: str, allocation_id: str | None, tags: t.Mapping[str, str]) -> Plain:
    """Create a NAT gateway, waiting until EC2 sees an address that was allocated just before.

    :param allocation_id: the address of a public one, None for a private one.
    """
    request = {
        "SubnetId": subnet_id,
        **({"AllocationId": allocation_id} if allocation_id else {"ConnectivityType": PRIVATE}),
        "TagSpecifications": tag_specification("natgateway", tags),
    }
    answer = retry_while(
        lambda error: error_code(error) in ("InvalidAllocationID.NotFound", "InvalidElasticIpID.NotFound"),
        lambda: client.create_nat_gateway(**request),
        SETTLING_SECONDS,
    )
    return dict(answer["NatGateway"])


@failing_to("delete the NAT gateway {gateway_id}")
@none_when("NatGatewayNotFound")
@unthrottled
def delete_gateway(client: t.Any, gateway_id: str) -> None:
    """Start the deletion of a NAT gateway."""
    client.delete_nat_gateway(NatGatewayId=gateway_id)


@failing_to("release the Elastic IP address {allocation_id}")
@none_when("InvalidAllocationID.NotFound")
@unthrottled
def release_address(client: t.Any, allocation_id: str) -> None:
    """Release an address, waiting until EC2 shows it as free."""
    retry_while(
        lambda error: error_code(error) in ("InvalidIPAddress.InUse", "AuthFailure"),
        lambda: client.release_address(AllocationId=allocation_id),
        SETTLING_SECONDS,
    )


def wait_until_available(client: t.Any, gateway_id: str, timeout: float) -> Plain:
    """Return the NAT gateway once it passes traffic."""

    def failure(gateway: Plain) -> str | None:
        if gateway["State"] in (*LIVE, "not visible"):
            return None
        reason = f"{gateway.get('FailureCode', 'no code')}: {gateway.get('FailureMessage', 'no message')}"
        return f"state {gateway['State']} ({reason})"

    return Waiter[Plain](
        goal=f"the NAT gateway {gateway_id} to become available",
        read=lambda: describe_gateway(client, gateway_id) or {"State": "not visible"},
        ready=lambda gateway: gateway["State"] == "available",
        failure=failure,
        progress=lambda gateway: f"state {gateway['State']}",
        pause=PAUSE,
    ).wait(timeout)


def wait_until_deleted(client: t.Any, gateway_id: str, timeout: float) -> None:
    """Wait until the NAT gateway has given its address free."""
    Waiter[Plain](
        goal=f"the NAT gateway {gateway_id} to be deleted",
        read=lambda: describe_gateway(client, gateway_id) or {"State": "deleted"},
        ready=lambda gateway: gateway["State"] == "deleted",
        failure=lambda gateway: None,
        progress=lambda gateway: f"state {gateway['State']}",
        pause=PAUSE,
    ).wait(timeout)


def one_gateway(name: str, gateways: t.Sequence[Plain]) -> Plain | None:
    """Return the only NAT gateway that is not on its way out.

    :raises AnsibleAWSError: when several share the name.
    """
    live = [gateway for gateway in gateways if gateway["State"] in LIVE]
    if len(live) > 1:
        ids = ", ".join(sorted(gateway["NatGatewayId"] for gateway in live))
        raise AnsibleAWSError(
            message=f"name is {name!r}, but {len(live)} NAT gateways have this tag Name: {ids}. "
            "Delete or rename all but the one that your routes use."
        )
    return live[0] if live else None
