# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's VPC endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import (
    DependencyViolationError,
    EC2ClientError,
    InvalidServiceName,
)
from moto.ec2.models import EC2Backend
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC, VPCEndPoint
from moto.ec2.responses.vpcs import VPCs

from sandbox.aws.wrap import wrap


def patch_vpc_endpoint_service_filters() -> None:
    """DescribeVpcEndpointServices answers 500 for every filter.

    Source: EC2 API reference, DescribeVpcEndpointServices, Filter.N: service-name, service-type and tags.
    """

    def describe(original: Callable[..., dict[str, Any]], self: EC2Backend, **request: Any) -> dict[str, Any]:
        filters = [{**item, "Value": item.get("Values", [])} for item in request["filters"] or []]
        return original(self, **{**request, "filters": filters})

    wrap(EC2Backend, "describe_vpc_endpoint_services", describe)


def patch_unknown_vpc_endpoint_service() -> None:
    """CreateVpcEndpoint takes a service that does not exist.

    Source: error of EC2, "InvalidServiceName: The Vpc Endpoint Service '...' does not exist" (eksctl, issue 2568).
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        asked: dict[str, Any] = {"service_names": [], "filters": [], "max_results": 0, "next_token": None}
        offered = self.describe_vpc_endpoint_services(**asked, region=self.region_name)
        if request["service_name"] not in offered["serviceNames"]:
            raise InvalidServiceName(request["service_name"])
        return original(self, **request)

    wrap(EC2Backend, "create_vpc_endpoint", create)


def patch_default_type_of_vpc_endpoint() -> None:
    """An endpoint that is made without a type has none, and DeleteVpcEndpoints then answers 500.

    Source: EC2 API reference, CreateVpcEndpoint, VpcEndpointType: "Default: Gateway".
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        return original(self, **{**request, "endpoint_type": request["endpoint_type"] or "Gateway"})

    wrap(EC2Backend, "create_vpc_endpoint", create)


def patch_private_dns_of_gateway_endpoint() -> None:
    """A gateway endpoint is described as one with private DNS.

    Source: EC2 API reference, CreateVpcEndpoint, PrivateDnsEnabled: "(Interface endpoint)".
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        endpoint = original(self, **request)
        if endpoint.vpc_endpoint_type == "Gateway":
            endpoint.private_dns_enabled = False
        return endpoint

    wrap(EC2Backend, "create_vpc_endpoint", create)


def patch_routes_of_gateway_endpoint() -> None:
    """ModifyVpcEndpoint leaves the routes as they are; two endpoints of a service may share a route table.

    Source: VPC user guide, "Gateway endpoints": the route is added and removed with the route table; EC2 API reference,
    error codes, RouteAlreadyExists.
    """

    def create(original: Callable[..., VPCEndPoint], self: EC2Backend, **request: Any) -> VPCEndPoint:
        _check_routes(self, request["service_name"], request["route_table_ids"] or [])
        return original(self, **request)

    def modify(original: Callable[..., None], self: EC2Backend, **request: Any) -> None:
        endpoint = self.get_vpc_end_point(request["vpc_id"])
        before = list(endpoint.route_table_ids)
        added = [table for table in request["add_route_tables"] or [] if table not in before]
        _check_routes(self, endpoint.service_name, added)
        original(self, **request)
        prefix_list = endpoint.destination_prefix_list_id
        for table in added:
            self.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
        for table in set(before) - set(endpoint.route_table_ids):
            self.delete_route(table, "", destination_prefix_list_id=prefix_list)

    wrap(EC2Backend, "create_vpc_endpoint", create)
    wrap(EC2Backend, "modify_vpc_endpoint", modify)


def patch_ip_address_type_of_vpc_endpoint() -> None:
    """CreateVpcEndpoint and ModifyVpcEndpoint drop IpAddressType, and DescribeVpcEndpoints has none.

    Source: EC2 API reference, VpcEndpoint, ipAddressType; PrivateLink guide: IPv4 unless told otherwise.
    """

    def create(original: Callable[..., ActionResult], self: VPCs) -> ActionResult:
        answer = original(self)
        result: Any = answer.result
        _set_ip_address_type(result["VpcEndpoint"], self._get_param("IpAddressType") or "ipv4")
        return answer

    def modify(original: Callable[..., ActionResult], self: VPCs) -> ActionResult:
        answer = original(self)
        kind = self._get_param("IpAddressType")
        if kind:
            _set_ip_address_type(self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId")), kind)
        return answer

    wrap(VPCs, "create_vpc_endpoint", create)
    wrap(VPCs, "modify_vpc_endpoint", modify)


def patch_settings_of_modified_vpc_endpoint() -> None:
    """ModifyVpcEndpoint ignores PrivateDnsEnabled and ResetPolicy.

    Symptom: private DNS differs at every run.
    Source: EC2 API reference, ModifyVpcEndpoint, PrivateDnsEnabled and ResetPolicy.
    """

    def modify(original: Callable[..., ActionResult], self: VPCs) -> ActionResult:
        answer = original(self)
        endpoint = self.ec2_backend.get_vpc_end_point(self._get_param("VpcEndpointId"))
        private_dns = self._get_bool_param("PrivateDnsEnabled")
        if private_dns is not None:
            endpoint.private_dns_enabled = private_dns
        if self._get_bool_param("ResetPolicy"):
            endpoint.policy_document = json.dumps(VPCEndPoint.DEFAULT_POLICY)
        return answer

    wrap(VPCs, "modify_vpc_endpoint", modify)


def patch_deletion_of_vpc_endpoint() -> None:
    """DeleteVpcEndpoints leaves a `deleted` endpoint for ever, fails when it lacks a route, and knows every identifier.

    Source: EC2 API reference, DeleteVpcEndpoints, Unsuccessful; terraform-provider-aws waits until DescribeVpcEndpoints
    answers InvalidVpcEndpointId.NotFound.
    """

    def delete(original: Callable[..., None], self: EC2Backend, vpce_ids: list[str] | None = None) -> None:
        known = [self.vpc_end_points[vpce_id] for vpce_id in vpce_ids or [] if vpce_id in self.vpc_end_points]
        for endpoint in known:
            endpoint.route_table_ids = [
                table.id
                for table in self.route_tables.values()
                if any(route.gateway_id == endpoint.id for route in table._routes.values())
            ]
        original(self, vpce_ids=vpce_ids)
        for endpoint in known:
            del self.vpc_end_points[endpoint.id]
            self.tags.pop(endpoint.id, None)

    def answer(original: Callable[..., ActionResult], self: VPCs) -> ActionResult:
        asked = self._get_param("VpcEndpointIds", [])
        unknown = [vpce_id for vpce_id in asked if vpce_id not in self.ec2_backend.vpc_end_points]
        original(self)
        return ActionResult({"Unsuccessful": [_unsuccessful(vpce_id) for vpce_id in unknown]})

    wrap(EC2Backend, "delete_vpc_endpoints", delete)
    wrap(VPCs, "delete_vpc_endpoints", answer)


def patch_deletion_of_what_vpc_endpoints_use() -> None:
    """A VPC, a subnet and a security group can be deleted while an endpoint uses them.

    Symptom: a play that deletes the network before its endpoints passes here and fails in AWS.
    Source: EC2 API reference, DeleteVpc, DeleteSubnet and DeleteSecurityGroup: DependencyViolation.
    """

    def delete_vpc(original: Callable[..., VPC], self: EC2Backend, vpc_id: str) -> VPC:
        _check_unused(self, vpc_id, "vpc", lambda endpoint: [endpoint.vpc_id])
        return original(self, vpc_id)

    def delete_subnet(original: Callable[..., Subnet], self: EC2Backend, subnet_id: str) -> Subnet:
        _check_unused(self, subnet_id, "subnet", lambda endpoint: endpoint.subnet_ids or [])
        return original(self, subnet_id)

    def delete_group(
        original: Callable[..., None], self: EC2Backend, name: str | None = None, group_id: str | None = None
    ) -> None:
        _check_unused(self, group_id, "security group", lambda endpoint: endpoint.security_group_ids)
        original(self, name, group_id)

    wrap(EC2Backend, "delete_vpc", delete_vpc)
    wrap(EC2Backend, "delete_subnet", delete_subnet)
    wrap(EC2Backend, "delete_security_group", delete_group)


def _check_routes(backend: EC2Backend, service: str, route_table_ids: Iterable[str]) -> None:
    taken = {
        table
        for other in backend.vpc_end_points.values()
        if other.service_name == service
        for table in other.route_table_ids
    }
    for table in route_table_ids:
        backend.get_route_table(table)
        if table in taken:
            raise EC2ClientError("RouteAlreadyExists", f"route table {table} already has a route to {service}")


def _set_ip_address_type(endpoint: VPCEndPoint, kind: str) -> None:
    # The attribute is new; the serializer takes every attribute that the answer's model has.
    vars(endpoint)["ip_address_type"] = kind


def _unsuccessful(vpce_id: str) -> dict[str, Any]:
    message = f"The Vpc Endpoint Id '{vpce_id}' does not exist"
    return {"ResourceId": vpce_id, "Error": {"Code": "InvalidVpcEndpoint.NotFound", "Message": message}}


def _check_unused(
    backend: EC2Backend, resource_id: str | None, kind: str, used: Callable[[VPCEndPoint], Iterable[str]]
) -> None:
    if any(resource_id in list(used(endpoint)) for endpoint in backend.vpc_end_points.values()):
        raise DependencyViolationError(f"The {kind} '{resource_id}' has dependencies and cannot be deleted.")


PATCHES = (
    patch_vpc_endpoint_service_filters,
    patch_unknown_vpc_endpoint_service,
    patch_private_dns_of_gateway_endpoint,
    patch_routes_of_gateway_endpoint,
    patch_default_type_of_vpc_endpoint,
    patch_ip_address_type_of_vpc_endpoint,
    patch_settings_of_modified_vpc_endpoint,
    patch_deletion_of_vpc_endpoint,
    patch_deletion_of_what_vpc_endpoints_use,
)
