# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EC2."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instance_types import InstanceTypeOfferingBackend
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.responses.security_groups import SecurityGroups
from moto.utilities.utils import get_partition

from sandbox.aws.wrap import wrap


def patch_rule_description_answer() -> None:
    """UpdateSecurityGroupRuleDescriptions{Ingress,Egress} answer an empty element instead of `return: true`.

    Symptom: amazon.aws.ec2_security_group with a described all-traffic egress rule ends with KeyError 'Return'.
    Source: EC2 API reference, UpdateSecurityGroupRuleDescriptionsEgress, response element `return`.
    """

    def answer(original: Callable[..., ActionResult], self: SecurityGroups) -> ActionResult:
        original(self)
        return ActionResult({"Return": True})

    for direction in ("ingress", "egress"):
        wrap(SecurityGroups, f"update_security_group_rule_descriptions_{direction}", answer)


def patch_nat_gateway_resource_type() -> None:
    """DescribeTags finds NAT gateways as `nat-gateway`; EC2 calls them `natgateway`.

    Symptom: tags of NAT gateways look empty, so modules write them at every run.
    Source: EC2 API reference, TagSpecification, ResourceType; amazon.aws.ec2_vpc_nat_gateway asks for natgateway.
    """

    def describe_tags(original: Callable[..., list[dict[str, str]]], self: EC2Backend, filters: Any = None) -> Any:
        wanted = (filters or {}).get("resource-type", [])
        if "natgateway" in wanted:
            names = ["nat-gateway" if name == "natgateway" else name for name in wanted]
            filters = {**filters, "resource-type": names}
        found = original(self, filters)
        for tag in found:
            if tag["resource_type"] == "nat-gateway":
                tag["resource_type"] = "natgateway"
        return found

    wrap(EC2Backend, "describe_tags", describe_tags)


def patch_nat_gateway_tag_filters() -> None:
    """DescribeNatGateways ignores the filters `tag:<key>` and `tag-key` and answers every NAT gateway.

    Symptom: a lookup by the tag Name finds another environment's gateway.
    Source: EC2 API reference, DescribeNatGateways, Filter.N.
    """

    def describe(
        original: Callable[..., list[NatGateway]], self: EC2Backend, filters: Any, nat_gateway_ids: Any
    ) -> list[NatGateway]:
        return [gateway for gateway in original(self, filters, nat_gateway_ids) if _has_tags(gateway, filters or {})]

    wrap(EC2Backend, "describe_nat_gateways", describe)


def patch_nat_gateway_connectivity() -> None:
    """DescribeNatGateways does not tell the connectivity of a NAT gateway that was created without one.

    Source: EC2 API reference, CreateNatGateway, ConnectivityType: the default is public.
    """

    def create(
        original: Callable[..., NatGateway],
        self: EC2Backend,
        subnet_id: str,
        allocation_id: str,
        tags: dict[str, str] | None = None,
        connectivity_type: str | None = None,
    ) -> NatGateway:
        return original(self, subnet_id, allocation_id, tags, connectivity_type or "public")

    wrap(EC2Backend, "create_nat_gateway", create)


def patch_address_of_deleted_nat_gateway() -> None:
    """DeleteNatGateway leaves the Elastic IP address associated with the gateway that is gone.

    Source: EC2 API reference, DeleteNatGateway: "disassociates its Elastic IP address, but does not release" it.
    """

    def delete(original: Callable[..., NatGateway], self: EC2Backend, nat_gateway_id: str) -> NatGateway:
        gateway = self.nat_gateways.get(nat_gateway_id)
        if gateway is None:
            raise EC2ClientError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
        original(self, nat_gateway_id)
        for address in gateway.address_set:
            for elastic_ip in self.addresses:
                if elastic_ip.association_id and elastic_ip.allocation_id == address.get("allocationId"):
                    self.disassociate_address(association_id=elastic_ip.association_id)
        return gateway

    wrap(EC2Backend, "delete_nat_gateway", delete)


def patch_release_of_address_in_use() -> None:
    """ReleaseAddress releases an address that a NAT gateway uses.

    Symptom: a play that releases before the gateway is deleted passes here and fails in AWS.
    Source: EC2 API reference, ReleaseAddress: InvalidIPAddress.InUse for an address that is in use.
    """

    def release(
        original: Callable[..., None], self: EC2Backend, address: str | None = None, allocation_id: str | None = None
    ) -> None:
        for elastic_ip in self.addresses:
            is_named = elastic_ip.allocation_id == allocation_id if allocation_id else elastic_ip.public_ip == address
            if is_named and elastic_ip.association_id:
                message = f"Address {elastic_ip.public_ip} is in use."
                raise EC2ClientError("InvalidIPAddress.InUse", message)
        original(self, address, allocation_id)

    wrap(EC2Backend, "release_address", release)


def _has_tags(gateway: NatGateway, filters: dict[str, list[str]]) -> bool:
    tags = {tag["key"]: tag["value"] for tag in gateway.get_tags()}
    for name, patterns in filters.items():
        if name == "tag-key":
            candidates = list(tags)
        elif name.startswith("tag:"):
            candidates = [tags[key] for key in [name.removeprefix("tag:")] if key in tags]
        else:
            continue
        if not any(fnmatch.fnmatchcase(value, pattern) for value in candidates for pattern in patterns):
            return False
    return True


def patch_snapshot_of_volume() -> None:
    """A volume that was made of no snapshot is described without SnapshotId, which EC2 has as an empty text.

    Symptom: amazon.aws.ec2_vol_info ends with KeyError 'snapshot_id'.
    Source: EC2 API reference, Volume, snapshotId; amazon.aws.ec2_vol_info reads it from every volume.
    """

    def initialise(original: Callable[..., None], self: Volume, *arguments: Any, **named: Any) -> None:
        original(self, *arguments, **named)
        self.snapshot_id = self.snapshot_id or ""

    wrap(Volume, "__init__", initialise)


def patch_regions_of_account() -> None:
    """DescribeRegions answers with those that the account has not enabled, and with those of other partitions.

    Symptom: who looks for something in all regions asks twice as many.
    Source: EC2 API reference, DescribeRegions: the regions that are enabled for the account, unless AllRegions is set.
    """

    def describe(original: Callable[..., list[Region]], self: EC2Backend, *names: list[str] | None) -> list[Region]:
        found = original(self, *names)
        return [
            region
            for region in found
            if region.opt_in_status != "not-opted-in" and get_partition(region.name) == self.partition
        ]

    wrap(RegionsAndZonesBackend, "describe_regions", describe)


def patch_wildcards_of_instance_type_offerings() -> None:
    """DescribeInstanceTypeOfferings takes wildcards in the filter `instance-type` for letters.

    Symptom: no zone has an instance of a family.
    Source: EC2 user guide, "Filter resources": an asterisk in a filter's value stands for any text.
    """

    def matches(
        original: Callable[..., bool], self: EC2Backend, offering: dict[str, Any], filters: Any, location_type: str
    ) -> bool:
        names = filters.get("instance-type", ["*"])
        rest = {name: values for name, values in filters.items() if name != "instance-type"}
        return any(fnmatch.fnmatchcase(offering["InstanceType"], name) for name in names) and original(
            self, offering, rest, location_type
        )

    wrap(InstanceTypeOfferingBackend, "matches_filters", matches)


PATCHES = (
    patch_rule_description_answer,
    patch_nat_gateway_resource_type,
    patch_nat_gateway_tag_filters,
    patch_nat_gateway_connectivity,
    patch_address_of_deleted_nat_gateway,
    patch_release_of_address_in_use,
    patch_snapshot_of_volume,
    patch_regions_of_account,
    patch_wildcards_of_instance_type_offerings,
)
