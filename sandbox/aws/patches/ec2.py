# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EC2."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2 import utils
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.availability_zones_and_regions import Region, RegionsAndZonesBackend
from moto.ec2.models.elastic_block_store import Snapshot, Volume
from moto.ec2.models.instance_types import InstanceTypeOfferingBackend
from moto.ec2.models.instances import Instance
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


def patch_network_interface_of_deleted_nat_gateway() -> None:
    """DeleteNatGateway leaves the network interface of the gateway that is gone, in a subnet that can then be deleted.

    Source: EC2 API reference, DeleteNatGateway; VPC guide, "NAT gateway basics": its network interface is requester
    managed, and goes with it.
    """

    def delete(original: Callable[..., NatGateway], self: EC2Backend, nat_gateway_id: str) -> NatGateway:
        gateway = original(self, nat_gateway_id)
        self.enis.pop(gateway._eni.id, None)
        return gateway

    wrap(EC2Backend, "delete_nat_gateway", delete)


def patch_network_interface_of_terminated_instance() -> None:
    """TerminateInstances leaves the primary network interface, attached to what is gone.

    Source: EC2 API reference, InstanceNetworkInterfaceSpecification, DeleteOnTermination; EC2 guide, "Delete a network
    interface": the primary one is deleted with its instance by default.
    """

    def terminate(original: Callable[..., Any], self: Instance) -> Any:
        for device_index, interface in self.nics.items():
            if device_index == 0 and interface.id in self.ec2_backend.enis:
                interface.delete_on_termination = True
        return original(self)

    wrap(Instance, "terminate", terminate)


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


def patch_key_of_snapshot() -> None:
    """A snapshot of an encrypted volume is described without its key.

    Source: EBS user guide, "How Amazon EBS encryption works": a snapshot of an encrypted volume is encrypted with the
    volume's key.
    """

    def create(original: Callable[..., Snapshot], self: EC2Backend, volume_id: str, *rest: Any, **named: Any) -> Any:
        snapshot = original(self, volume_id, *rest, **named)
        snapshot.kms_key_id = snapshot.volume.kms_key_id
        return snapshot

    wrap(EC2Backend, "create_snapshot", create)


def patch_filter_of_several_values() -> None:
    """A filter with several values finds only what has all of them, or nothing else, where a resource may have many.

    Symptom: the filter tag-key finds nothing when the resource has one of two keys.
    Source: EC2 user guide, "Filter Amazon EC2 resources": values of one filter are "joined with an OR".
    """

    def matches(original: Callable[..., bool], resource: Any, name: str, values: Any) -> bool:
        if isinstance(values, list):
            return any(original(resource, name, [value]) for value in values)
        return original(resource, name, values)

    wrap(utils, "is_filter_matching", matches)


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
    patch_key_of_snapshot,
    patch_filter_of_several_values,
    patch_rule_description_answer,
    patch_nat_gateway_resource_type,
    patch_nat_gateway_tag_filters,
    patch_nat_gateway_connectivity,
    patch_address_of_deleted_nat_gateway,
    patch_network_interface_of_deleted_nat_gateway,
    patch_network_interface_of_terminated_instance,
    patch_release_of_address_in_use,
    patch_snapshot_of_volume,
    patch_regions_of_account,
    patch_wildcards_of_instance_type_offerings,
)
