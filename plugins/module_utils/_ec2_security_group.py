# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security groups: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import tag_specification
from ansible_collections.supastack.aws.plugins.module_utils._ec2_security_group_rules import (
    TEXT,
    TEXT_RULE,
    changes_between,
    described_rules,
    permission_of,
)
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown, placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import own_tags, tags_of
from ansible_collections.supastack.aws.plugins.module_utils._waiters import Waiter, wait_until_visible

# EC2 shows a new security group, and what was changed of one, everywhere within this time.
SETTLING_SECONDS = 60
# Every VPC has one of this name, which comes and goes with it:
# https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
DEFAULT = "default"
DEFAULT_DESCRIPTION = "default VPC security group"
OPERATIONS = {
    "add": "authorize_security_group_{}",
    "remove": "revoke_security_group_{}",
    # A description that is left out is taken away:
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_UpdateSecurityGroupRuleDescriptionsIngress.html
    "describe": "update_security_group_rule_descriptions_{}",
}


def view(group: Plain) -> Plain:
    """Return a described security group as the module returns and compares it."""
    return {
        "name": group["GroupName"],
        "group_id": group["GroupId"],
        "vpc_id": group["VpcId"],
        "description": group["Description"],
        "ingress": described_rules(group["IpPermissions"], group["OwnerId"]),
        "egress": described_rules(group["IpPermissionsEgress"], group["OwnerId"]),
        "tags": tags_of(group),
    }


def unknown_view(options: Plain) -> Plain:
    """Return the predicted return values of a security group that does not exist, without those that options set."""
    own_id, is_default = placeholder("sg"), options["name"] == DEFAULT
    return {
        "name": options["name"],
        "group_id": own_id,
        "vpc_id": options["vpc_id"],
        "description": DEFAULT_DESCRIPTION if is_default else options["description"],
        "ingress": [{"protocol": "all", "group_id": own_id}] if is_default else [],
        "egress": [{"protocol": "all", "cidr": "0.0.0.0/0"}],
        "tags": {},
    }


def check_texts(options: Plain) -> None:
    """Stop when EC2 would refuse the name or the description, or would change it.

    :raises AnsibleAWSError: naming the option, its value and the remedy.
    """
    for option in ("name", "description"):
        text = options[option]
        if text is not None and not TEXT.fullmatch(text):
            raise AnsibleAWSError(message=f"{option} is {text!r}, {TEXT_RULE}. Correct {option}.")
    name = options["name"]
    if not name or name != name.strip() or name.startswith("sg-"):
        raise AnsibleAWSError(
            message=f"name is {name!r}, but must neither be empty, nor begin with sg-, nor begin or end with a space. "
            "Correct name."
        )


@failing_to("list the security groups with {filters}")
@unthrottled
def list_groups(client: t.Any, filters: t.Mapping[str, str]) -> list[Plain]:
    """Return the security groups that filters find, as EC2 describes them."""
    wanted = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    pages = client.get_paginator("describe_security_groups").paginate(Filters=wanted)
    return [group for page in pages for group in page["SecurityGroups"]]


def find_group(client: t.Any, options: Plain) -> Plain | None:
    """Return the security group that the options name, None when there is none, or no VPC yet."""
    if is_unknown(options["vpc_id"]):
        return None
    found = list_groups(client, {"group-name": options["name"], "vpc-id": options["vpc_id"]})
    # Filters take * and ? for any characters, and names may have a *.
    return next((view(group) for group in found if group["GroupName"] == options["name"]), None)


@failing_to("describe the security group {group_id}")
@none_when("InvalidGroup.NotFound")
@unthrottled
def read_group(client: t.Any, group_id: str) -> Plain | None:
    """Return a security group by its identifier, None while EC2 does not show it."""
    groups = client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    return view(groups[0]) if groups else None


@failing_to("create the security group {options[name]} in {options[vpc_id]}")
@unthrottled
def request_group(client: t.Any, options: Plain, tags: t.Mapping[str, str]) -> str:
    """Create a security group, which lets everything out, and return its identifier."""
    specification = {"TagSpecifications": tag_specification("security-group", own_tags(tags))} if tags else {}
    names = {"GroupName": options["name"], "Description": options["description"], "VpcId": options["vpc_id"]}
    return str(client.create_security_group(**names, **specification)["GroupId"])


def create_group(client: t.Any, options: Plain, tags: t.Mapping[str, str]) -> Plain:
    """Create a security group and return it as EC2 shows it, with the rule that EC2 gives to a new one."""
    group_id = request_group(client, options, tags)

    def complete() -> Plain | None:
        group = read_group(client, group_id)
        return group if group and group["egress"] else None

    return wait_until_visible(f"the new security group {group_id}", "EC2", complete, SETTLING_SECONDS)


def send_rules(client: t.Any, verb: str, group_id: str, direction: str, rules: t.Sequence[Plain]) -> None:
    """Send rules, repeating it while EC2 does not see this group, or one that a rule names, everywhere."""
    operation = getattr(client, OPERATIONS[verb].format(direction))
    permissions = [permission_of(rule) for rule in rules]
    retry_while(
        lambda error: error_code(error) == "InvalidGroup.NotFound",
        lambda: operation(GroupId=group_id, IpPermissions=permissions),
        SETTLING_SECONDS,
    )


@failing_to("{verb} {direction} rules of {group_id}")
@unthrottled
def change_rules(client: t.Any, verb: str, group_id: str, direction: str, rules: t.Sequence[Plain]) -> None:
    """Add or remove rules, or give them their descriptions, all at once."""
    send_rules(client, verb, group_id, direction, rules)


@failing_to("add {direction} rules of {group_id}")
@none_when("RulesPerSecurityGroupLimitExceeded")
@unthrottled
def add_rules_if_room(client: t.Any, group_id: str, direction: str, rules: t.Sequence[Plain]) -> bool:
    """Add rules; None when the quota of the account leaves no room for them."""
    send_rules(client, "add", group_id, direction, rules)
    return True


def write_rules(client: t.Any, current: Plain, direction: str, desired: t.Sequence[Plain]) -> None:
    """Bring the rules of one direction into the desired state.

    Rules go away last, unless the quota leaves no room for new ones beside them.
    """
    group_id = current["group_id"]
    changes = changes_between(current[direction], desired)
    if changes.described:
        change_rules(client, "describe", group_id, direction, changes.described)
    added = not changes.new or add_rules_if_room(client, group_id, direction, changes.new)
    if changes.superfluous:
        change_rules(client, "remove", group_id, direction, changes.superfluous)
    if not added:
        change_rules(client, "add", group_id, direction, changes.new)


def wait_for_rules(client: t.Any, group_id: str, desired: Plain) -> Plain:
    """Return a security group once EC2 shows these rules of it, which were just written."""
    return Waiter[Plain](
        goal=f"EC2 to show the rules of {group_id} as they were written",
        read=lambda: read_group(client, group_id) or {},
        ready=lambda group: bool(group) and not Difference(group, desired).changed,
        failure=lambda group: None,
        progress=lambda group: f"it shows {', '.join(sorted(Difference(group, desired).names))} otherwise",
    ).wait(SETTLING_SECONDS)


@failing_to("delete the security group {group_id}")
@unthrottled
def delete_group(client: t.Any, group_id: str) -> bool:
    """Delete a security group; False while something uses it."""
    try:
        client.delete_security_group(GroupId=group_id)
    except SDK_ERRORS as error:
        if error_code(error) == "DependencyViolation":
            return False
        if error_code(error) != "InvalidGroup.NotFound":
            raise
    return True


@failing_to("list the network interfaces with {group_id}")
@unthrottled
def list_interfaces(client: t.Any, group_id: str) -> list[str]:
    """Return the network interfaces that have a security group, each with its description."""
    filters = [{"Name": "group-id", "Values": [group_id]}]
    pages = client.get_paginator("describe_network_interfaces").paginate(Filters=filters)
    found = [interface for page in pages for interface in page["NetworkInterfaces"]]
    return [f"{interface['NetworkInterfaceId']} ({interface.get('Description', '')})" for interface in found]


def users_of(client: t.Any, group_id: str) -> str:
    """Return what keeps a security group from being deleted: network interfaces, and rules of other groups."""
    naming = {
        group["GroupId"]
        for name in ("ip-permission.group-id", "egress.ip-permission.group-id")
        for group in list_groups(client, {name: group_id})
        if group["GroupId"] != group_id
    }
    users = list_interfaces(client, group_id) + [f"rules of {other}" for other in sorted(naming)]
    return f"used by {', '.join(users) or 'what EC2 does not show'}"


def delete_when_unused(client: t.Any, group_id: str, timeout: float) -> None:
    """Delete a security group, waiting for the network interfaces that AWS takes away after what they belonged to."""
    Waiter[bool](
        goal=f"the security group {group_id} to be used no more",
        read=lambda: delete_group(client, group_id),
        ready=bool,
        failure=lambda deleted: None,
        progress=lambda deleted: users_of(client, group_id),
    ).wait(timeout)
