# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What EKS refuses and moto accepts, as far as the order of a play depends on it."""

from __future__ import annotations

from collections.abc import Iterable

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models.subnets import Subnet

from sandbox.aws import roles
from sandbox.aws.eks.call import Call, invalid


def require_role(call: Call, role_arn: str, service: str) -> None:
    """The role must exist and trust `service`, such as eks.amazonaws.com."""
    if not trusts(call, role_arn, service):
        raise invalid(
            f"Role with arn: {role_arn}, could not be assumed because it does not exist "
            f"or the trusted entity is not correct ({service})"
        )


def trusts(call: Call, role_arn: str, service: str) -> bool:
    """Whether there is such a role and `service` may assume it."""
    return roles.trusts(call.iam, role_arn, service)


def require_subnets(call: Call, subnet_ids: Iterable[str]) -> list[Subnet]:
    """At least two subnets of one VPC in at least two availability zones."""
    subnets = find_subnets(call, subnet_ids)
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise invalid("Subnets specified must belong to the same VPC")
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs")
    return subnets


def find_subnets(call: Call, subnet_ids: Iterable[str]) -> list[Subnet]:
    """The subnets with these ids, which must exist."""
    subnets = []
    for subnet_id in subnet_ids:
        try:
            subnets.append(call.ec2.get_subnet(subnet_id))
        except InvalidSubnetIdError:
            raise invalid(f"The subnet ID '{subnet_id}' does not exist") from None
    return subnets


def require_security_groups(call: Call, group_ids: Iterable[str]) -> None:
    for group_id in group_ids:
        if call.ec2.get_security_group_from_id(group_id) is None:
            raise invalid(f"The security group '{group_id}' does not exist")
