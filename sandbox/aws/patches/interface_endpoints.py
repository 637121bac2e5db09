# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's interface endpoints, which have network interfaces, security groups and private DNS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError, InvalidSecurityGroupNotFoundError
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from sandbox.aws.wrap import wrap


def patch_security_groups_of_vpc_endpoint() -> None:
    """An interface endpoint that is made without a security group has none, and an unknown one is taken.

    Source: EC2 API reference, CreateVpcEndpoint, SecurityGroupIds: without it, "we use the default security group for
    the VPC"; error codes, InvalidGroup.NotFound.
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        _check_groups(self, request["security_group_ids"])
        endpoint = original(self, **request)
        default = self.get_default_security_group(endpoint.vpc_id)
        if _is_interface(endpoint) and not endpoint.security_group_ids and default:
            endpoint.security_group_ids = [default.id]
        return endpoint

    def modify(original: Callable[..., None], self: EC2Backend, **request: Any) -> None:
        _check_groups(self, request["add_security_groups"])
        original(self, **request)

    wrap(EC2Backend, "create_vpc_endpoint", create)
    wrap(EC2Backend, "modify_vpc_endpoint", modify)


def patch_zones_of_interface_endpoint() -> None:
    """CreateVpcEndpoint and ModifyVpcEndpoint take two subnets of one availability zone.

    Symptom: a play that names the private and the database subnets passes here and fails in AWS.
    Source: error of EC2, "DuplicateSubnetsInSameZone: Found another VPC endpoint subnet in the availability zone of
    subnet-..." (terraform-aws-modules/terraform-aws-vpc, issue 583).
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        _check_zones(self, request["subnet_ids"] or [])
        return original(self, **request)

    def modify(original: Callable[..., None], self: EC2Backend, **request: Any) -> None:
        present = self.get_vpc_end_point(request["vpc_id"]).subnet_ids or []
        _check_zones(self, dict.fromkeys([*present, *(request["add_subnets"] or [])]))
        original(self, **request)

    wrap(EC2Backend, "create_vpc_endpoint", create)
    wrap(EC2Backend, "modify_vpc_endpoint", modify)


def patch_network_interfaces_of_vpc_endpoint() -> None:
    """ModifyVpcEndpoint leaves the network interfaces, and CreateVpcEndpoint gives them foreign addresses and groups.

    Source: PrivateLink guide, "Interface endpoints": an endpoint network interface in each subnet, with an address of
    it and the security groups of the endpoint.
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        endpoint = original(self, **request)
        for interface_id in endpoint.network_interface_ids:
            del self.enis[interface_id]
        endpoint.network_interface_ids = []
        _place_interfaces(self, endpoint)
        return endpoint

    def modify(original: Callable[..., None], self: EC2Backend, **request: Any) -> None:
        original(self, **request)
        _place_interfaces(self, self.get_vpc_end_point(request["vpc_id"]))

    wrap(EC2Backend, "create_vpc_endpoint", create)
    wrap(EC2Backend, "modify_vpc_endpoint", modify)


def patch_conflicting_private_dns() -> None:
    """Two endpoints of a service in one VPC may both have private DNS.

    Source: error of EC2, "InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting
    DNS domain" (PrivateLink guide, "Private DNS").
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        if request["private_dns_enabled"] and (request["endpoint_type"] or "").lower() == "interface":
            _check_private_dns(self, request["vpc_id"], request["service_name"])
        return original(self, **request)

    def modify(original: Callable[..., ActionResult], self: VPCs) -> ActionResult:
        endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
        if self._get_bool_param("PrivateDnsEnabled") and not endpoint.private_dns_enabled:
            _check_private_dns(self.ec2_backend, endpoint.vpc_id, endpoint.service_name)
        return original(self)

    wrap(EC2Backend, "create_vpc_endpoint", create)
    wrap(VPCs, "modify_vpc_endpoint", modify)


def _is_interface(endpoint: VPCEndPoint) -> bool:
    return (endpoint.vpc_endpoint_type or "").lower() == "interface"


def _check_groups(backend: EC2Backend, group_ids: Iterable[str] | None) -> None:
    for group_id in group_ids or []:
        if backend.get_security_group_from_id(group_id) is None:
            raise InvalidSecurityGroupNotFoundError(group_id)


def _check_zones(backend: EC2Backend, subnet_ids: Iterable[str]) -> None:
    taken: set[str] = set()
    for subnet_id in subnet_ids:
        zone = backend.get_subnet(subnet_id).availability_zone
        if zone in taken:
            message = f"Found another VPC endpoint subnet in the availability zone of {subnet_id}."
            raise EC2ClientError("DuplicateSubnetsInSameZone", message)
        taken.add(zone)


def _place_interfaces(backend: EC2Backend, endpoint: VPCEndPoint) -> None:
    if not _is_interface(endpoint):
        return
    present = {backend.enis[interface_id].subnet.id: interface_id for interface_id in endpoint.network_interface_ids}
    for subnet_id, interface_id in present.items():
        if subnet_id not in (endpoint.subnet_ids or []):
            del backend.enis[interface_id]
            endpoint.network_interface_ids.remove(interface_id)
    for subnet_id in endpoint.subnet_ids or []:
        if subnet_id not in present:
            endpoint.network_interface_ids.append(_new_interface(backend, endpoint, subnet_id))
    for interface_id in endpoint.network_interface_ids:
        groups = map(backend.get_security_group_from_id, endpoint.security_group_ids)
        backend.enis[interface_id]._group_set = list(groups)


def _new_interface(backend: EC2Backend, endpoint: VPCEndPoint, subnet_id: str) -> str:
    description = f"VPC Endpoint Interface {endpoint.id}"
    interface = backend.create_network_interface(backend.get_subnet(subnet_id), "", description=description)
    interface.interface_type, interface.status, interface.requester_managed = "vpc_endpoint", "in-use", True
    return interface.id


def _check_private_dns(backend: EC2Backend, vpc_id: str, service: str) -> None:
    for other in backend.vpc_end_points.values():
        if (other.vpc_id, other.service_name) == (vpc_id, service) and other.private_dns_enabled:
            message = (
                f"private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service}"
            )
            raise EC2ClientError("InvalidParameter", f"{message} in the VPC {vpc_id}")


# The network interfaces come after the security groups, which they take over.
PATCHES = (
    patch_security_groups_of_vpc_endpoint,
    patch_network_interfaces_of_vpc_endpoint,
    patch_zones_of_interface_endpoint,
    patch_conflicting_private_dns,
)
