# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's network ACLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.network_acls import NetworkAcl, NetworkAclAssociation, NetworkAclEntry
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses.network_acls import NetworkACLs

from sandbox.aws.wrap import wrap

_DENIAL = 32767
_QUOTA = 20
_EVERYTHING: dict[str, Any] = {
    "cidr_block": "0.0.0.0/0",
    "ipv6_cidr_block": None,
    "icmp_code": None,
    "icmp_type": None,
    "port_range_from": None,
    "port_range_to": None,
}


def patch_icmp_of_network_acl_entry() -> None:
    """CreateNetworkAclEntry and ReplaceNetworkAclEntry forget the ICMP type and code.

    Symptom: a rule for ICMP differs at every run.
    Source: EC2 API reference, CreateNetworkAclEntry, Icmp.
    """

    def answer(original: Callable[..., ActionResult], self: NetworkACLs) -> ActionResult:
        answered = original(self)
        named = (self._get_param(name) for name in ("NetworkAclId", "Egress", "RuleNumber"))
        entry = _entry(self.ec2_backend, *named)
        icmp = self._get_param("IcmpTypeCode", {})
        entry.icmp_type, entry.icmp_code = icmp.get("Type"), icmp.get("Code")
        return answered

    wrap(NetworkACLs, "create_network_acl_entry", answer)
    wrap(NetworkACLs, "replace_network_acl_entry", answer)


def patch_network_acl_id_filter() -> None:
    """DescribeNetworkAcls does not know the filter `network-acl-id`.

    Source: EC2 API reference, DescribeNetworkAcls, Filter.N.
    """

    def value(original: Callable[..., Any], self: NetworkAcl, filter_name: str, method_name: str | None = None) -> Any:
        return self.id if filter_name == "network-acl-id" else original(self, filter_name, method_name)

    wrap(NetworkAcl, "get_filter_value", value)


def patch_denial_of_new_network_acl() -> None:
    """Only the default network ACL has the rules that deny what no other rule matches.

    Symptom: a client that shows or deletes rule 32767 passes here.
    Source: VPC user guide, "Network ACL basics": each network ACL has them, and they cannot be modified or removed.
    """

    def create(
        original: Callable[..., NetworkAcl], self: EC2Backend, vpc_id: str, tags: Any = None, default: bool = False
    ) -> NetworkAcl:
        acl = original(self, vpc_id, tags, default)
        for egress in () if default else (True, False):
            self.create_network_acl_entry(acl.id, _DENIAL, "-1", "deny", egress, **_EVERYTHING)
        return acl

    wrap(EC2Backend, "create_network_acl", create)


def patch_missing_network_acl_entry() -> None:
    """DeleteNetworkAclEntry and ReplaceNetworkAclEntry answer 500 for a rule that does not exist.

    Source: EC2 API reference, Error codes, InvalidNetworkAclEntry.NotFound.
    """

    def delete(
        original: Callable[..., NetworkAclEntry], self: EC2Backend, network_acl_id: str, rule_number: int, egress: bool
    ) -> NetworkAclEntry:
        _entry(self, network_acl_id, egress, rule_number)
        return original(self, network_acl_id, rule_number, egress)

    # moto replaces a rule by deleting and creating it.
    wrap(EC2Backend, "delete_network_acl_entry", delete)


def patch_network_acl_entry_quota() -> None:
    """CreateNetworkAclEntry takes any number of rules.

    Symptom: a client that adds rules before it removes as many others passes here and fails in AWS.
    Source: VPC user guide, "Amazon VPC quotas", Rules per network ACL; EC2 counts each direction and IP version.
    """

    def create(original: Callable[..., NetworkAclEntry], self: EC2Backend, *arguments: Any, **named: Any) -> Any:
        entry = original(self, *arguments, **named)
        entries = self.get_network_acl(entry.network_acl_id).entries
        alike = [
            other
            for other in entries
            if other.rule_number < _DENIAL
            and other.egress == entry.egress
            and bool(other.cidr_block) == bool(entry.cidr_block)
        ]
        if len(alike) > _QUOTA:
            entries.remove(entry)
            message = "The maximum number of network acl entries has been reached."
            raise EC2ClientError("NetworkAclEntryLimitExceeded", message)
        return entry

    wrap(EC2Backend, "create_network_acl_entry", create)


def patch_network_acl_association() -> None:
    """ReplaceNetworkAclAssociation answers 500 for an unknown association, and loses one for an unknown network ACL.

    Source: EC2 API reference, Error codes, InvalidAssociationID.NotFound and InvalidNetworkAclID.NotFound.
    """

    def replace(
        original: Callable[..., NetworkAclAssociation], self: EC2Backend, association_id: str, network_acl_id: str
    ) -> NetworkAclAssociation:
        acl = self.get_network_acl(network_acl_id)
        owners = [owner for owner in self.network_acls.values() if association_id in owner._associations]
        if not owners:
            message = f"The association ID '{association_id}' does not exist"
            raise EC2ClientError("InvalidAssociationID.NotFound", message)
        if owners[0].vpc_id != acl.vpc_id:
            message = f"network acl {network_acl_id} and the subnet of {association_id} belong to different networks"
            raise EC2ClientError("InvalidParameterValue", message)
        return original(self, association_id, network_acl_id)

    wrap(EC2Backend, "replace_network_acl_association", replace)


def patch_deletion_of_default_network_acl() -> None:
    """DeleteNetworkAcl deletes the default network ACL of a VPC.

    Symptom: after it, no subnet can be made in the VPC.
    Source: EC2 API reference, DeleteNetworkAcl: "You can't delete the default network ACL."
    """

    def delete(original: Callable[..., NetworkAcl], self: EC2Backend, network_acl_id: str) -> NetworkAcl:
        if self.get_network_acl(network_acl_id).default:
            raise EC2ClientError("InvalidParameterValue", f"cannot delete default network ACL {network_acl_id}")
        return original(self, network_acl_id)

    wrap(EC2Backend, "delete_network_acl", delete)


def patch_network_acl_of_deleted_subnet() -> None:
    """DeleteSubnet leaves the association of the subnet with its network ACL.

    Symptom: the network ACL of deleted subnets cannot be deleted.
    Source: EC2 API reference, ReplaceNetworkAclAssociation: an association is that of a subnet.
    """

    def delete(original: Callable[..., Subnet], self: EC2Backend, subnet_id: str) -> Subnet:
        subnet = original(self, subnet_id)
        for acl in self.network_acls.values():
            for association in acl.associations:
                if association.subnet_id == subnet_id:
                    del acl._associations[association.id]
        return subnet

    wrap(EC2Backend, "delete_subnet", delete)


def patch_network_acls_of_deleted_vpc() -> None:
    """DeleteVpc deletes a VPC that has a network ACL of its own, and leaves the default one.

    Symptom: a play that deletes the VPC first passes here and fails in AWS.
    Source: EC2 API reference, DeleteVpc: "You must detach or delete all gateways and resources that are associated
    with the VPC"; VPC user guide, "Default network ACL".
    """

    def delete(original: Callable[..., VPC], self: EC2Backend, vpc_id: str) -> VPC:
        acls = [acl for acl in self.network_acls.values() if acl.vpc_id == vpc_id]
        if not all(acl.default for acl in acls):
            raise DependencyViolationError(f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        vpc = original(self, vpc_id)
        for acl in acls:
            del self.network_acls[acl.id]
        return vpc

    wrap(EC2Backend, "delete_vpc", delete)


def _entry(backend: EC2Backend, network_acl_id: str, egress: bool, rule_number: int) -> NetworkAclEntry:
    for entry in backend.get_network_acl(network_acl_id).entries:
        if (entry.egress, entry.rule_number) == (egress, rule_number):
            return entry
    message = f"The specified network acl entry with rule number {rule_number} does not exist in {network_acl_id}"
    raise EC2ClientError("InvalidNetworkAclEntry.NotFound", message)


PATCHES = (
    patch_icmp_of_network_acl_entry,
    patch_network_acl_id_filter,
    patch_denial_of_new_network_acl,
    patch_missing_network_acl_entry,
    patch_network_acl_entry_quota,
    patch_network_acl_association,
    patch_deletion_of_default_network_acl,
    patch_network_acl_of_deleted_subnet,
    patch_network_acls_of_deleted_vpc,
)
