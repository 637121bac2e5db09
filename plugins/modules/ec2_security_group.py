#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_security_group
short_description: Manage a security group of a VPC
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes a security group, which says for network interfaces what traffic may enter and leave
    them. It keeps state, so answers need no rules.
  - New rules come before others go, so that there is no moment without what is let through before and after. Only
    where the quota of rules leaves no room for old and new ones together, the old ones go first. A rule of which only
    the description differs stays in force.
  - An option that is not set is left alone. An empty list makes the setting empty.
options:
  name:
    description:
      - Name of the security group, unique in the VPC.
      - V(default) is the group that every VPC has from the beginning. It can be changed, but is neither made nor
        deleted.
    type: str
    required: true
  vpc_id:
    description:
      - The VPC. In check mode, and with O(state=absent), it need not exist.
    type: str
    required: true
  description:
    description:
      - What the security group is for. EC2 cannot change it.
      - Required to create one.
    type: str
  state:
    description:
      - Whether the security group should exist. V(absent) waits until nothing uses it.
    type: str
    choices: [present, absent]
    default: present
  ingress:
    description:
      - Rules for traffic that enters. They replace the current ones. What no rule matches does not pass.
    type: list
    elements: dict
    suboptions: &rule
      protocol:
        description:
          - V(all), V(tcp), V(udp), V(icmp), V(icmpv6), or the number of a protocol. V(-1) is V(all).
        type: str
        required: true
      from_port:
        description:
          - First port of V(tcp) or V(udp). Without it and C(to_port), all.
          - For V(icmp) and V(icmpv6) the type. V(-1) is any and the default.
        type: int
      to_port: {description: [Last port., For V(icmp) and V(icmpv6) the code. V(-1) is any and the default.], type: int}
      cidr:
        description:
          - IPv4 addresses at the other end, such as V(10.0.0.0/16). Bits behind the prefix are ignored.
          - Each rule has exactly one of this, C(group_id) and C(self).
        type: str
      group_id:
        description:
          - Security group of the other end. One of another account has the account before it, such as
            V(123456789012/sg-0123456789abcdef0).
          - In check mode, it need not exist yet.
        type: str
      self: {description: [Whether the other end has this security group too.], type: bool}
      description: {description: [What the rule is for. Without it, the rule has none.], type: str}
  egress:
    description:
      - Rules for traffic that leaves. They replace the current ones, also the one by which a new group lets everything
        out.
    type: list
    elements: dict
    suboptions: *rule
  tags:
    description:
      - Tags of the security group.
      - They are left alone when this option is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that O(tags) does not name are removed, except those that begin with C(aws:).
    type: bool
    default: true
notes:
  - Rules for IPv6 addresses and for prefix lists are returned, and removed like others, but cannot be asked for.
  - The quota is 60 rules for each direction. C(RulesPerSecurityGroupLimitExceeded) means that it is used up.
  - Needs the IAM actions C(ec2:DescribeSecurityGroups), C(ec2:CreateSecurityGroup),
    C(ec2:AuthorizeSecurityGroupIngress), C(ec2:AuthorizeSecurityGroupEgress), C(ec2:RevokeSecurityGroupIngress),
    C(ec2:RevokeSecurityGroupEgress), C(ec2:UpdateSecurityGroupRuleDescriptionsIngress),
    C(ec2:UpdateSecurityGroupRuleDescriptionsEgress), C(ec2:DeleteSecurityGroup), C(ec2:DescribeNetworkInterfaces),
    C(ec2:CreateTags) and C(ec2:DeleteTags).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait.timeout
seealso:
  - module: amazon.aws.ec2_vpc_net
  - module: supastack.aws.ec2_network_acl
"""

EXAMPLES = r"""
- name: Ensure only the cluster reaches the database
  supastack.aws.ec2_security_group:
    name: production-database
    description: PostgreSQL, from the cluster only
    vpc_id: vpc-0123456789abcdef0
    ingress:
      - protocol: tcp
        from_port: 5432
        to_port: 5432
        group_id: sg-0123456789abcdef0
        description: PostgreSQL from the cluster
    egress: []
    tags:
      supastack:environment: production

- name: Ensure nodes reach each other and everything else
  supastack.aws.ec2_security_group:
    name: production-cluster
    description: Kubernetes control plane and nodes
    vpc_id: vpc-0123456789abcdef0
    ingress:
      - {protocol: all, self: true}
    egress:
      - {protocol: all, cidr: 0.0.0.0/0}

- name: Close the group that whatever names none has
  supastack.aws.ec2_security_group:
    name: default
    vpc_id: vpc-0123456789abcdef0
    ingress: []
    egress: []

- name: Delete the group, waiting up to ten minutes for the network interfaces that have it
  supastack.aws.ec2_security_group:
    name: production-database
    vpc_id: vpc-0123456789abcdef0
    state: absent
    wait_timeout: 600
"""

RETURN = r"""
security_group:
  description: The security group. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name: {description: Name of the group., type: str, sample: production-database}
    group_id: {description: Identifier of the group., type: str, sample: sg-0123456789abcdef0}
    vpc_id: {description: The VPC., type: str, sample: vpc-0123456789abcdef0}
    description: {description: What the group is for., type: str, sample: "PostgreSQL, from the cluster only"}
    ingress:
      description: Rules for traffic that enters, one for each other end.
      type: list
      elements: dict
      contains: &rule
        protocol: {description: "The protocol, as the option takes it.", type: str, sample: tcp}
        from_port: {description: First port or ICMP type., returned: "for tcp, udp, icmp, icmpv6", type: int, sample: 1}
        to_port: {description: Last port or ICMP code., returned: "for tcp, udp, icmp, icmpv6", type: int, sample: 1}
        cidr: {description: IPv4 addresses., returned: for a rule of IPv4, type: str, sample: 10.0.0.0/16}
        ipv6_cidr: {description: IPv6 addresses., returned: for a rule of IPv6, type: str, sample: "::/0"}
        prefix_list_id: {description: Prefix list., returned: for a rule of one, type: str, sample: pl-6da54004}
        group_id: {description: Security group., returned: for a rule of one, type: str, sample: sg-0123456789abcdef0}
        description: {description: What the rule is for., returned: when there is one, type: str, sample: from the VPC}
    egress:
      description: Rules for traffic that leaves, in the same form.
      type: list
      elements: dict
      contains: *rule
    tags: {description: Tags of the group., type: dict, sample: {Name: production-database}}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import write_tags
from ansible_collections.supastack.aws.plugins.module_utils._ec2_security_group import (
    DEFAULT,
    SETTLING_SECONDS,
    check_texts,
    create_group,
    delete_when_unused,
    find_group,
    unknown_view,
    wait_for_rules,
    write_rules,
)
from ansible_collections.supastack.aws.plugins.module_utils._ec2_security_group_rules import (
    check_rules,
    refuse_repetition,
    wanted_rules,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags
from ansible_collections.supastack.aws.plugins.module_utils._waiters import wait_until_visible

DIRECTIONS = ("ingress", "egress")


def desired_from(options: Plain, current: Plain) -> Plain:
    """Return the values that the options ask for, in the form of the security group that was read or is predicted."""
    return {
        "name": options["name"],
        "description": options["description"],
        "ingress": wanted_rules(options["ingress"], current["group_id"]),
        "egress": wanted_rules(options["egress"], current["group_id"]),
        "tags": desired_tags(current["tags"], options["tags"], options["purge_tags"]),
    }


def refuse_predictions(options: Plain) -> None:
    """Stop when a value that check mode predicted is to be written."""
    for option in ("vpc_id", *DIRECTIONS):
        if is_unknown(options[option]):
            raise AnsibleAWSError(
                message=f"{option} is {options[option]!r}, which check mode predicts for what does not exist yet. Give "
                f"{option} what exists, or run in check mode."
            )


def read_default(client: t.Any, options: Plain, check_mode: bool) -> Plain:
    """Return the group named default, which shows soon after its VPC, and is predicted together with it."""
    if is_unknown(options["vpc_id"]):
        return unknown_view(options)
    subject = f"the security group {DEFAULT} of {options['vpc_id']}"
    current = find_group(client, options)
    if current is None and check_mode:
        raise AnsibleAWSError(message=f"EC2 does not show {subject}, which every VPC has. Correct vpc_id.")
    return current or wait_until_visible(subject, "EC2", lambda: find_group(client, options), SETTLING_SECONDS)


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create or change the security group."""
    if not check_mode:
        refuse_predictions(options)
    is_default = options["name"] == DEFAULT
    current = read_default(client, options, check_mode) if is_default else find_group(client, options)
    known = current or unknown_view(options)
    for direction in DIRECTIONS:
        refuse_repetition(direction, options[direction] or [], known["group_id"])
    difference = Difference(current, desired_from(options, known))
    difference.refuse_change("description", "Leave description out, or delete the group with state: absent first.")
    if difference.creates and not options["description"]:
        raise AnsibleAWSError(
            message=f"description is {options['description']!r}, but {options['name']} does not exist in "
            f"{options['vpc_id']}, and EC2 makes no group without one. Set description."
        )
    if check_mode or not difference.changed:
        return Result(difference, difference.prediction(known))
    return Result(difference, write(client, options, current))


def write(client: t.Any, options: Plain, current: Plain | None) -> Plain:
    """Write what differs and return the security group as it is then."""
    if current is None:
        tags = desired_from(options, unknown_view(options))["tags"]
        current = create_group(client, options, tags or {})
    difference = Difference(current, desired_from(options, current))
    if difference.touches("tags"):
        write_tags(client, current["group_id"], current["tags"], difference.desired("tags")["tags"])
    desired = difference.desired(*DIRECTIONS)
    for direction in DIRECTIONS:
        if difference.touches(direction):
            write_rules(client, current, direction, desired[direction])
    return wait_for_rules(client, current["group_id"], desired)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the security group, once nothing uses it."""
    if options["name"] == DEFAULT:
        raise AnsibleAWSError(
            message=f"name is {DEFAULT!r}, the group that EC2 deletes only together with {options['vpc_id']}. Correct "
            "name, or empty the group with ingress: [] and egress: []."
        )
    current = find_group(client, options)
    if current and not check_mode:
        delete_when_unused(client, current["group_id"], options["wait_timeout"])
    return Result(Difference(current, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the security group into the wanted state."""
    check_texts(options)
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
            "protocol": {"type": "str", "required": True},
            **{name: {"type": "int"} for name in ("from_port", "to_port")},
            **{name: {"type": "str"} for name in ("cidr", "group_id", "description")},
            "self": {"type": "bool"},
        },
    }
    argument_spec = {
        "name": {"type": "str", "required": True},
        "vpc_id": {"type": "str", "required": True},
        "description": {"type": "str"},
        "ingress": rules,
        "egress": rules,
        "wait_timeout": WAIT_SPEC["wait_timeout"],
        **STATE_SPEC,
        **TAGS_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "ec2", "security_group", ensure)


if __name__ == "__main__":
    main()
