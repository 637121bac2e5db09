#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_network_acl
short_description: Manage a network ACL of a VPC
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a network ACL, which says for whole subnets what traffic may enter and leave them.
  - A rule that differs is replaced in one step, so that there is no moment without it. New rules come before others go,
    those that allow before those that deny, and subnets are moved last. Only where the quota of rules leaves no room
    for old and new ones together, an old one goes first.
  - An option that is not set is left alone. An empty list makes the setting empty.
options:
  name:
    description:
      - Value of the tag C(Name), unique among the network ACLs of the VPC.
      - Together with O(network_acl_id), the tag is set to it.
    type: str
  vpc_id:
    description:
      - The VPC. In check mode, it need not exist yet.
      - Required unless O(network_acl_id) is set.
    type: str
  network_acl_id:
    description:
      - Identifier of a network ACL that exists, which is found by it instead of by O(name) and O(vpc_id).
      - The default network ACL of a VPC can be changed this way as well, but not deleted.
    type: str
  state:
    description:
      - Whether the network ACL should exist. V(absent) gives its subnets to the default network ACL of the VPC first.
    type: str
    choices: [present, absent]
    default: present
  ingress:
    description:
      - Rules for traffic that enters the subnets. They replace the current ones. What no rule matches is denied.
      - Network ACLs keep no state. Answers to what leaves the subnets need a rule here, and the other way round.
    type: list
    elements: dict
    suboptions: &rule
      rule_number:
        description: [From 1 to 32766. The first rule that matches decides., Each number may stand here once only.]
        type: int
        required: true
      action: {description: [Whether the traffic is let through.], type: str, choices: [allow, deny], required: true}
      protocol:
        description:
          - V(all), V(tcp), V(udp), V(icmp), V(icmpv6), or the number of a protocol. V(-1) is V(all).
        type: str
        required: true
      cidr_block:
        description:
          - IPv4 addresses at the other end, such as V(10.0.0.0/16). Bits behind the prefix are ignored.
          - Each rule has either this or C(ipv6_cidr_block).
        type: str
      ipv6_cidr_block: {description: ["IPv6 addresses at the other end, such as V(2001:db8::/64)."], type: str}
      from_port: {description: [First port of V(tcp) or V(udp). Without it and C(to_port), all.], type: int}
      to_port: {description: [Last port.], type: int}
      icmp_type: {description: [Type of V(icmp) or V(icmpv6). V(-1) is any and the default.], type: int}
      icmp_code: {description: [Code of the type. V(-1) is any and the default.], type: int}
  egress:
    description:
      - Rules for traffic that leaves the subnets. They replace the current ones. What no rule matches is denied.
    type: list
    elements: dict
    suboptions: *rule
  subnet_ids:
    description:
      - The subnets that use this network ACL. Each is taken from the network ACL that it uses now. A subnet that uses
        this one and is not named here is given to the default network ACL of the VPC.
      - In check mode, they need not exist yet.
    type: list
    elements: str
  tags:
    description:
      - Tags of the network ACL, besides C(Name).
      - They are left alone when this option is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that O(tags) does not name are removed, except C(Name) and those that begin with C(aws:).
    type: bool
    default: true
notes:
  - The quota is 20 rules for each direction, which AWS raises to 40 at most. C(NetworkAclEntryLimitExceeded) means that
    it is used up.
  - The rule that denies what no other rule matches belongs to EC2. It is neither shown nor counted here.
  - Needs the IAM actions C(ec2:DescribeNetworkAcls), C(ec2:CreateNetworkAcl), C(ec2:CreateNetworkAclEntry),
    C(ec2:ReplaceNetworkAclEntry), C(ec2:DeleteNetworkAclEntry), C(ec2:ReplaceNetworkAclAssociation),
    C(ec2:DeleteNetworkAcl), C(ec2:CreateTags) and C(ec2:DeleteTags).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: amazon.aws.ec2_vpc_subnet
  - module: supastack.aws.ec2_security_group
"""

EXAMPLES = r"""
- name: Ensure only the private subnets reach the database subnets
  supastack.aws.ec2_network_acl:
    name: production-database
    vpc_id: vpc-0123456789abcdef0
    ingress:
      - {rule_number: 100, action: allow, protocol: tcp, cidr_block: 10.0.16.0/20, from_port: 5432, to_port: 5432}
    egress:
      - {rule_number: 100, action: allow, protocol: tcp, cidr_block: 10.0.16.0/20, from_port: 1024, to_port: 65535}
    subnet_ids: [subnet-0aaa, subnet-0bbb]
    tags:
      supastack:environment: production

- name: Take away all rules of a default network ACL, so that a subnet that nobody has placed is closed
  supastack.aws.ec2_network_acl:
    network_acl_id: acl-0123456789abcdef0
    ingress: []
    egress: []

- name: Delete the network ACL and give its subnets to the default one
  supastack.aws.ec2_network_acl:
    name: production-database
    vpc_id: vpc-0123456789abcdef0
    state: absent
"""

RETURN = r"""
network_acl:
  description: The network ACL. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: "Value of the tag C(Name), null without one.", type: str, sample: production-database}
    network_acl_id: {description: Identifier of the network ACL., type: str, sample: acl-0123456789abcdef0}
    vpc_id: {description: The VPC., type: str, sample: vpc-0123456789abcdef0}
    is_default: {description: Whether it is the default network ACL of the VPC., type: bool, sample: false}
    ingress:
      description: Rules for traffic that enters the subnets, ordered by their numbers, without the one of EC2.
      type: list
      elements: dict
      contains: &rule
        rule_number: {description: Number of the rule., type: int, sample: 100}
        action: {description: allow or deny., type: str, sample: allow}
        protocol: {description: "The protocol, as the option takes it.", type: str, sample: tcp}
        cidr_block: {description: IPv4 addresses., returned: for a rule of IPv4, type: str, sample: 10.0.16.0/20}
        ipv6_cidr_block: {description: IPv6 addresses., returned: for a rule of IPv6, type: str, sample: "::/0"}
        from_port: {description: First port., returned: for tcp and udp, type: int, sample: 5432}
        to_port: {description: Last port., returned: for tcp and udp, type: int, sample: 5432}
        icmp_type: {description: "ICMP type, -1 for any.", returned: for icmp and icmpv6, type: int, sample: -1}
        icmp_code: {description: "ICMP code, -1 for any.", returned: for icmp and icmpv6, type: int, sample: -1}
    egress:
      description: Rules for traffic that leaves the subnets, in the same form.
      type: list
      elements: dict
      contains: *rule
    subnet_ids: {description: The subnets that use it., type: list, elements: str, sample: [subnet-0aaa, subnet-0bbb]}
    tags: {description: Tags of the network ACL., type: dict, sample: {Name: production-database}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import named_tags, write_tags
from ansible_collections.supastack.aws.plugins.module_utils._ec2_network_acl import (
    SETTLING_SECONDS,
    check_place,
    create_acl,
    delete_acl,
    find_acl,
    missing_subnets,
    move_subnets,
    read_acls,
    unknown_view,
    wait_for_subnets,
    write_rules,
)
from ansible_collections.supastack.aws.plugins.module_utils._ec2_network_acl_rules import check_rules, plain_rules
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, TAGS_SPEC, Result, run
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

DIRECTIONS = ("ingress", "egress")


def wanted_tags(options: Plain, current: t.Mapping[str, str]) -> Tags | None:
    """Return the tags to end with; Name stays even when the network ACL is found by its identifier."""
    if options["name"] is not None:
        return named_tags(options, current)
    tags = desired_tags(current, options["tags"], options["purge_tags"])
    kept = {key: value for key, value in current.items() if key == "Name"}
    return None if tags is None else {**kept, **tags}


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the network ACL that was read."""
    tags = wanted_tags(options, (current or {}).get("tags", {}))
    return {
        "name": (tags or {}).get("Name"),
        "ingress": plain_rules(options["ingress"]),
        "egress": plain_rules(options["egress"]),
        "subnet_ids": distinct(options["subnet_ids"]),
        "tags": tags,
    }


def refuse_unknown(options: Plain, check_mode: bool) -> None:
    """Stop when a network ACL that is named by its identifier does not exist."""
    acl_id = options["network_acl_id"]
    if acl_id and not (check_mode and is_unknown(acl_id)):
        raise AnsibleAWSError(
            message=f"network_acl_id is {acl_id!r}, but there is no such network ACL in {options['vpc_id'] or 'EC2'}. "
            "Correct network_acl_id, or name the network ACL by name and vpc_id to have it made."
        )


def refuse_subnets(current: Plain | None, subnet_ids: t.Sequence[str], unknown: t.Sequence[str]) -> None:
    """Stop when subnets cannot be where the options want them.

    :param unknown: those that EC2 does not show in the VPC.
    """
    if unknown:
        raise AnsibleAWSError(
            message=f"subnet_ids has {', '.join(unknown)}, but the VPC has no such subnet. "
            "Correct subnet_ids or vpc_id."
        )
    if current and current["is_default"] and set(current["subnet_ids"]) - set(subnet_ids):
        raise AnsibleAWSError(
            message=f"subnet_ids is {list(subnet_ids)!r}, but {current['network_acl_id']} is the default network ACL "
            f"of the VPC and has {current['subnet_ids']!r}, which it cannot give away. Leave subnet_ids out, and add "
            "the subnets to subnet_ids of the network ACLs that they shall use."
        )


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the network ACL."""
    acls = read_acls(client, options)
    current = find_acl(options, acls)
    if current is None:
        refuse_unknown(options, check_mode)
    difference = Difference(current, desired_from(options, current))
    if difference.creates or difference.touches("subnet_ids"):
        subnet_ids = difference.desired("subnet_ids").get("subnet_ids", [])
        if not check_mode:
            vpc_id = current["vpc_id"] if current else options["vpc_id"]
            acls = wait_for_subnets(client, vpc_id, acls, subnet_ids)
        # Without any network ACL, not even the VPC exists.
        known = [subnet_id for subnet_id in subnet_ids if acls and not is_unknown(subnet_id)]
        refuse_subnets(current, subnet_ids, missing_subnets(acls, known))
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(unknown_view(options)))
    return Result(difference, write(client, options, current, acls))


def write(client: t.Any, options: Plain, current: Plain | None, acls: list[Plain]) -> Plain:
    """Write what differs, subnets last, and return the network ACL as it is then."""
    if current is None:
        tags = desired_from(options, None)["tags"]
        current = create_acl(client, options["vpc_id"], tags)
    difference = Difference(current, desired_from(options, current))
    desired = difference.desired("tags", *DIRECTIONS, "subnet_ids")
    if difference.touches("tags"):
        write_tags(client, current["network_acl_id"], current["tags"], desired["tags"])
    for direction in DIRECTIONS:
        if difference.touches(direction):
            write_rules(client, current, direction, desired[direction])
    if difference.touches("subnet_ids"):
        move_subnets(client, current, desired["subnet_ids"], acls)
    place = {**options, "network_acl_id": current["network_acl_id"], "vpc_id": current["vpc_id"]}
    subject = f"the network ACL {current['network_acl_id']}"
    return wait_until_visible(subject, "EC2", lambda: find_acl(place, read_acls(client, place)), SETTLING_SECONDS)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Give the subnets to the default network ACL and delete this one."""
    acls = read_acls(client, options)
    current = find_acl(options, acls)
    if current and current["is_default"]:
        raise AnsibleAWSError(
            message=f"{current['network_acl_id']} is the default network ACL of {current['vpc_id']}, which EC2 deletes "
            "only together with the VPC. Give network_acl_id or name of another one, or delete the VPC."
        )
    if current and not check_mode:
        move_subnets(client, current, [], acls)
        delete_acl(client, current["network_acl_id"])
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the network ACL into the wanted state."""
    check_place(options)
    for direction in DIRECTIONS:
        check_rules(direction, options[direction] or [])
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    rules = {
        "type": "list",
        "elements": "dict",
        "options": {
            "rule_number": {"type": "int", "required": True},
            "action": {"type": "str", "choices": ["allow", "deny"], "required": True},
            "protocol": {"type": "str", "required": True},
            "cidr_block": {"type": "str"},
            "ipv6_cidr_block": {"type": "str"},
            **{name: {"type": "int"} for name in ("from_port", "to_port", "icmp_type", "icmp_code")},
        },
    }
    argument_spec = {
        "name": {"type": "str"},
        "vpc_id": {"type": "str"},
        "network_acl_id": {"type": "str"},
        "ingress": rules,
        "egress": rules,
        "subnet_ids": {"type": "list", "elements": "str"},
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_one_of=[("name", "network_acl_id"), ("vpc_id", "network_acl_id")],
    )
    run(module, "ec2", "network_acl", ensure)


if __name__ == "__main__":
    main()
