# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's security groups."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models import EC2Backend
from moto.ec2.models.security_groups import SecurityGroupRule

from sandbox.aws.wrap import wrap

_WITH_PORTS = ("tcp", "udp", "icmp", "icmpv6", "1", "6", "17", "58")
_ALL = ("-1", "all")


def patch_ports_of_other_protocols() -> None:
    """A rule for a protocol that has no ports answers 500 when none are given.

    Source: EC2 API reference, IpPermission, IpProtocol: only tcp, udp and icmp must have a port range, and a protocol
    other than these and icmpv6 "allows traffic on all ports, regardless of any port range you specify".
    """

    def initialise(
        original: Callable[..., None],
        self: SecurityGroupRule,
        backend: Any,
        protocol: str,
        group_id: str,
        from_port: Any,
        to_port: Any,
        *rest: Any,
        **named: Any,
    ) -> None:
        if str(protocol).lower() in (*_WITH_PORTS, *_ALL):
            original(self, backend, protocol, group_id, from_port, to_port, *rest, **named)
        else:
            original(self, backend, protocol, group_id, "0", "0", *rest, **named)
            self.from_port = self.to_port = None

    wrap(SecurityGroupRule, "__init__", initialise)


def patch_description_of_group_rule() -> None:
    """Two rules for one group are taken for different ones when their descriptions differ.

    Symptom: the description of such a rule never changes, and the rule can be added twice.
    Source: EC2 API reference, RevokeSecurityGroupIngress: a rule has a protocol, ports and a source, and "you do not
    need to specify the description to revoke the rule".
    """

    def equals(original: Callable[..., bool], self: SecurityGroupRule, other: SecurityGroupRule) -> bool:
        return original(_undescribed(self), _undescribed(other))

    wrap(SecurityGroupRule, "__eq__", equals)


def patch_removed_rule_description() -> None:
    """UpdateSecurityGroupRuleDescriptions{Ingress,Egress} keep a description that is left out.

    Source: EC2 API reference, UpdateSecurityGroupRuleDescriptionsIngress: "You can remove a description for a security
    group rule by omitting the description parameter in the request."
    """

    def update(
        original: Callable[..., None], self: EC2Backend, wanted: SecurityGroupRule, rule: SecurityGroupRule
    ) -> None:
        original(self, wanted, rule)
        for asked, kept in ((wanted.ip_range, rule.ip_range), (wanted.source_group, rule.source_group)):
            if "Description" not in asked:
                kept.pop("Description", None)

    wrap(EC2Backend, "_sg_update_description", update)


def patch_deletion_of_group_in_use() -> None:
    """A security group can be deleted while a network interface has it, or a rule of another group names it.

    Symptom: a play that removes groups before what uses them passes here and fails in AWS.
    Source: EC2 API reference, DeleteSecurityGroup: a group that "is associated with an instance or network interface"
    or "is referenced by another security group" fails with DependencyViolation.
    """

    def delete(
        original: Callable[..., None], self: EC2Backend, name: str | None = None, group_id: str | None = None
    ) -> None:
        if group_id in _used_groups(self):
            raise DependencyViolationError(f"resource {group_id} has a dependent object")
        original(self, name, group_id)

    wrap(EC2Backend, "delete_security_group", delete)


def _used_groups(backend: EC2Backend) -> set[str]:
    """The groups that network interfaces have, and those that other groups name in their rules."""
    groups = [group for of_vpc in backend.groups.values() for group in of_vpc.values()]
    named = {
        str(rule.source_group.get("GroupId"))
        for group in groups
        for rule in (*group.ingress_rules, *group.egress_rules)
        if rule.source_group.get("GroupId") != group.id
    }
    return named | {str(group.id) for interface in backend.enis.values() for group in interface.group_set}


def _undescribed(rule: SecurityGroupRule) -> SecurityGroupRule:
    """A copy without the description of the group at its other end."""
    bare = copy.copy(rule)
    bare.source_group = {key: value for key, value in rule.source_group.items() if key != "Description"}
    return bare


PATCHES = (
    patch_ports_of_other_protocols,
    patch_description_of_group_rule,
    patch_removed_rule_description,
    patch_deletion_of_group_in_use,
)
