# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Network ACLs: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import tag_specification
from ansible_collections.supastack.aws.plugins.module_utils._ec2_network_acl_rules import (
    described_rules,
    numbers_of,
    request,
    rules_to_remove,
    rules_to_write,
)
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import own_tags, tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter

R = t.TypeVar("R")

# EC2 shows a new subnet or network ACL everywhere, and a moved subnet as moved, within this time.
SETTLING_SECONDS = 60


def view(acl: t.Mapping[str, t.Any]) -> Plain:
    """Return a described network ACL as the module returns and compares it."""
    return {
        "name": tags_of(acl).get("Name"),
        "network_acl_id": acl["NetworkAclId"],
        "vpc_id": acl["VpcId"],
        "is_default": acl["IsDefault"],
        "ingress": described_rules(acl["Entries"], "ingress"),
        "egress": described_rules(acl["Entries"], "egress"),
        "subnet_ids": distinct(associations([acl])),
        "tags": tags_of(acl),
    }


def unknown_view(options: Plain) -> Plain:
    """Return the predicted return values of a network ACL that does not exist, without those that the options set."""
    return {
        "name": options["name"],
        "network_acl_id": options["network_acl_id"] or placeholder("acl"),
        "vpc_id": options["vpc_id"] or placeholder("vpc"),
        "is_default": False,
        "ingress": [],
        "egress": [],
        "subnet_ids": [],
        "tags": {},
    }


def associations(acls: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, str]:
    """Return the identifier of the association that each subnet of these network ACLs has; it has exactly one."""
    return {
        association["SubnetId"]: association["NetworkAclAssociationId"]
        for acl in acls
        for association in acl["Associations"]
    }


def check_place(options: Plain) -> None:
    """Stop when the options name no network ACL: without a name, any that has no tag Name would be meant.

    :raises AnsibleAWSError: naming the options, their values and the remedy.
    """
    if not options["network_acl_id"] and not (options["name"] and options["vpc_id"]):
        raise AnsibleAWSError(
            message=f"name is {options['name']!r} and vpc_id is {options['vpc_id']!r}, but both are needed to find a "
            "network ACL. Set both, or network_acl_id."
        )


@failing_to("list the network ACLs with {filter_name}={value}")
@unthrottled
def list_acls(client: t.Any, filter_name: str, value: str) -> list[Plain]:
    """Return the network ACLs that a filter finds, as EC2 describes them."""
    filters = [{"Name": filter_name, "Values": [value]}]
    pages = client.get_paginator("describe_network_acls").paginate(Filters=filters)
    return [acl for page in pages for acl in page["NetworkAcls"]]


def read_acls(client: t.Any, options: Plain) -> list[Plain]:
    """Return all network ACLs of the VPC: the wanted one, the default one, and where each subnet belongs now."""
    vpc_id = options["vpc_id"]
    if not vpc_id:
        found = list_acls(client, "network-acl-id", options["network_acl_id"])
        if not found:
            return []
        vpc_id = found[0]["VpcId"]
    return list_acls(client, "vpc-id", vpc_id)


def find_acl(options: Plain, acls: t.Iterable[Plain]) -> Plain | None:
    """Return the network ACL that the options name, as the module returns and compares it; None when there is none.

    :raises AnsibleAWSError: when several have the name.
    """
    acl_id, name = options["network_acl_id"], options["name"]
    found = [acl for acl in acls if (acl["NetworkAclId"] == acl_id if acl_id else tags_of(acl).get("Name") == name)]
    if len(found) > 1:
        ids = ", ".join(sorted(acl["NetworkAclId"] for acl in found))
        raise AnsibleAWSError(
            message=f"name is {name!r}, but {len(found)} network ACLs of {options['vpc_id']} have this tag Name: "
            f"{ids}. Give network_acl_id to choose one, or delete or rename the others."
        )
    return view(found[0]) if found else None


def missing_subnets(acls: t.Sequence[Plain], subnet_ids: t.Iterable[str]) -> list[str]:
    """Return the subnets that EC2 does not show in the VPC."""
    shown = associations(acls)
    return [subnet_id for subnet_id in subnet_ids if subnet_id not in shown]


def wait_for_subnets(client: t.Any, vpc_id: str, acls: list[Plain], subnet_ids: t.Sequence[str]) -> list[Plain]:
    """Return the network ACLs of the VPC once EC2 shows these subnets there, which may have been made just before."""
    if not missing_subnets(acls, subnet_ids):
        return acls
    return Waiter[list[Plain]](
        goal=f"EC2 to show the subnets of subnet_ids in {vpc_id}",
        read=lambda: list_acls(client, "vpc-id", vpc_id),
        ready=lambda found: not missing_subnets(found, subnet_ids),
        failure=lambda found: None,
        progress=lambda found: (
            f"it does not show {', '.join(missing_subnets(found, subnet_ids))}. Correct subnet_ids or vpc_id if this "
            "is no subnet of the VPC"
        ),
    ).wait(SETTLING_SECONDS)


def settled(call: t.Callable[[], R]) -> R:
    """Return what a call returns, repeating it while EC2 does not see a new network ACL everywhere."""
    return retry_while(lambda error: error_code(error) == "InvalidNetworkAclID.NotFound", call, SETTLING_SECONDS)


@failing_to("create a network ACL in {vpc_id}")
@unthrottled
def create_acl(client: t.Any, vpc_id: str, tags: t.Mapping[str, str]) -> Plain:
    """Create a network ACL, which denies everything until it has rules."""
    specification = tag_specification("network-acl", own_tags(tags))
    return view(client.create_network_acl(VpcId=vpc_id, TagSpecifications=specification)["NetworkAcl"])


@failing_to("create the {direction} rule {rule[rule_number]} of {acl_id}")
@unthrottled
def create_rule(client: t.Any, acl_id: str, direction: str, rule: Plain) -> None:
    """Create a rule."""
    settled(lambda: client.create_network_acl_entry(**request(acl_id, direction, rule)))


@failing_to("create the {direction} rule {rule[rule_number]} of {acl_id}")
@none_when("NetworkAclEntryLimitExceeded")
@unthrottled
def create_rule_if_room(client: t.Any, acl_id: str, direction: str, rule: Plain) -> bool:
    """Create a rule; None when the network ACL has as many as the quota of the account allows."""
    settled(lambda: client.create_network_acl_entry(**request(acl_id, direction, rule)))
    return True


@failing_to("change the {direction} rule {rule[rule_number]} of {acl_id}")
@unthrottled
def replace_rule(client: t.Any, acl_id: str, direction: str, rule: Plain) -> None:
    """Put a rule in the place of the one with its number, at once."""
    client.replace_network_acl_entry(**request(acl_id, direction, rule))


@failing_to("delete the {direction} rule {rule[rule_number]} of {acl_id}")
@none_when("InvalidNetworkAclEntry.NotFound")
@unthrottled
def delete_rule(client: t.Any, acl_id: str, direction: str, rule: Plain) -> None:
    """Delete a rule."""
    client.delete_network_acl_entry(NetworkAclId=acl_id, Egress=direction == "egress", RuleNumber=rule["rule_number"])


def write_rules(client: t.Any, current: Plain, direction: str, desired: list[Plain]) -> None:
    """Bring the rules of one direction into the desired state.

    Rules go away last, unless the quota leaves no room for new ones beside them.
    """
    acl_id, present = current["network_acl_id"], current[direction]
    numbers = numbers_of(present)
    superfluous = rules_to_remove(present, desired)
    for rule in rules_to_write(present, desired):
        if rule["rule_number"] in numbers:
            replace_rule(client, acl_id, direction, rule)
        else:
            add_rule(client, acl_id, direction, rule, superfluous)
    for rule in superfluous:
        delete_rule(client, acl_id, direction, rule)


def add_rule(client: t.Any, acl_id: str, direction: str, rule: Plain, superfluous: list[Plain]) -> None:
    """Create a rule.

    :param superfluous: rules to delete, one by one and taken out of this list, while there is no room for it.
    """
    while superfluous:
        if create_rule_if_room(client, acl_id, direction, rule):
            return
        delete_rule(client, acl_id, direction, superfluous.pop(0))
    create_rule(client, acl_id, direction, rule)


@failing_to("move {subnet_id} to {acl_id}")
@unthrottled
def associate(client: t.Any, subnet_id: str, association_id: str, acl_id: str) -> None:
    """Give a subnet to a network ACL, which takes it from the one that it belongs to, at once."""
    settled(lambda: client.replace_network_acl_association(AssociationId=association_id, NetworkAclId=acl_id))


def move_subnets(client: t.Any, current: Plain, desired: t.Sequence[str], acls: t.Sequence[Plain]) -> None:
    """Give a network ACL the subnets that it should have, and those that it should not to the default one.

    :param acls: all of the VPC.
    """
    places = associations(acls)
    for subnet_id in desired:
        if subnet_id not in current["subnet_ids"]:
            associate(client, subnet_id, places[subnet_id], current["network_acl_id"])
    default = next(acl["NetworkAclId"] for acl in acls if acl["IsDefault"])
    for subnet_id in current["subnet_ids"]:
        if subnet_id not in desired:
            associate(client, subnet_id, places[subnet_id], default)


@failing_to("delete the network ACL {acl_id}")
@none_when("InvalidNetworkAclID.NotFound")
@unthrottled
def delete_acl(client: t.Any, acl_id: str) -> None:
    """Delete a network ACL, waiting until EC2 shows it without the subnets that were moved just before."""
    retry_while(
        lambda error: error_code(error) == "DependencyViolation",
        lambda: client.delete_network_acl(NetworkAclId=acl_id),
        SETTLING_SECONDS,
    )
