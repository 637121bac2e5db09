# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What EKS refuses and moto accepts, as far as the order of a play depends on it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models.subnets import Subnet

from sandbox.aws.eks.call import Call, invalid


def require_role(call: Call, role_arn: str, service: str) -> None:
    """The role must exist and trust `service`, such as eks.amazonaws.com."""
    for role in call.iam.get_roles():
        if role.arn == role_arn and service in _trusted(role.assume_role_policy_document):
            return
    raise invalid(
        f"Role with arn: {role_arn}, could not be assumed because it does not exist "
        f"or the trusted entity is not correct ({service})"
    )


def require_subnets(call: Call, subnet_ids: Iterable[str]) -> list[Subnet]:
    """At least two subnets of one VPC in at least two availability zones."""
    subnets = []
    for subnet_id in subnet_ids:
        try:
            subnets.append(call.ec2.get_subnet(subnet_id))
        except InvalidSubnetIdError:
            raise invalid(f"The subnet ID '{subnet_id}' does not exist") from None
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise invalid("Subnets specified must belong to the same VPC")
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs")
    return subnets


def require_security_groups(call: Call, group_ids: Iterable[str]) -> None:
    for group_id in group_ids:
        if call.ec2.get_security_group_from_id(group_id) is None:
            raise invalid(f"The security group '{group_id}' does not exist")


def _trusted(policy: str | dict[str, Any] | None) -> set[str]:
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    services: set[str] = set()
    for statement in as_list(document.get("Statement")):
        principal = statement.get("Principal") if statement.get("Effect") == "Allow" else {}
        if isinstance(principal, dict):
            services.update(as_list(principal.get("Service")))
    return services


def as_list(value: Any) -> list[Any]:
    """Policies write one element as itself and several as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
