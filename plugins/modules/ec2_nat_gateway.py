#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ec2_nat_gateway
short_description: Manage a NAT gateway together with its Elastic IP address
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates and deletes a NAT gateway, and the Elastic IP address of a public one. Both are found by their tag C(Name),
    so that a second run changes nothing and a run that was interrupted between the two is resumed.
  - A NAT gateway of this name that is being deleted is waited for if it still holds the address.
options:
  name:
    description:
      - Value of the tag C(Name) of the NAT gateway and of its address, unique in the region for each of the two.
    type: str
    required: true
  state:
    description:
      - Whether the NAT gateway should exist.
      - V(absent) also releases the address, for which it has to wait until the NAT gateway is gone, even with
        O(wait=false). It keeps that of O(allocation_id), which has to be given for this as well.
    type: str
    choices: [present, absent]
    default: present
  subnet_id:
    description:
      - Subnet of the NAT gateway, a public one unless O(connectivity_type=private). Cannot be changed.
      - Required when O(state=present).
    type: str
  connectivity_type:
    description:
      - V(public) reaches the internet from an Elastic IP address, V(private) other networks only and has no such
        address. Cannot be changed.
    type: str
    choices: [public, private]
    default: public
  allocation_id:
    description:
      - An Elastic IP address of your own, such as one that others have on their lists. It is used, and neither tagged
        nor released. In check mode, it need not exist yet. Cannot be changed.
      - Without it, an address is allocated.
    type: str
  tags:
    description:
      - Tags of the NAT gateway and of its address, besides C(Name).
      - They are left alone when this option is not set.
    type: dict
    aliases: [resource_tags]
  purge_tags:
    description:
      - Whether tags that O(tags) does not name are removed, except C(Name) and those that begin with C(aws:).
    type: bool
    default: true
notes:
  - A NAT gateway costs money for every hour and every gigabyte, an address without one for every hour.
  - Needs the IAM actions C(ec2:DescribeNatGateways), C(ec2:DescribeAddresses), C(ec2:AllocateAddress),
    C(ec2:CreateNatGateway), C(ec2:DeleteNatGateway), C(ec2:ReleaseAddress), C(ec2:CreateTags) and C(ec2:DeleteTags).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
  - supastack.aws.wait
seealso:
  - module: amazon.aws.ec2_vpc_subnet
  - module: amazon.aws.ec2_vpc_route_table
"""

EXAMPLES = r"""
- name: Start the NAT gateway of the first availability zone
  supastack.aws.ec2_nat_gateway:
    name: production-eu-west-1a
    subnet_id: subnet-0aaa
    tags:
      supastack:environment: production
    wait: false

- name: Wait for the NAT gateway that was started before
  supastack.aws.ec2_nat_gateway:
    name: production-eu-west-1a
    subnet_id: subnet-0aaa
  register: nat

- name: Ensure a NAT gateway with an address of your own
  supastack.aws.ec2_nat_gateway:
    name: production-eu-west-1b
    subnet_id: subnet-0bbb
    allocation_id: eipalloc-0123456789abcdef0

- name: Ensure a NAT gateway to networks behind a transit gateway
  supastack.aws.ec2_nat_gateway:
    name: production-private
    subnet_id: subnet-0ccc
    connectivity_type: private

- name: Delete the NAT gateway and release its address
  supastack.aws.ec2_nat_gateway:
    name: production-eu-west-1a
    state: absent
"""

RETURN = r"""
nat_gateway:
  description: The NAT gateway. In check mode, as it will be.
  returned: when O(state=present)
  type: dict
  contains:
    name:
      description: Value of the tag C(Name).
      type: str
      sample: production-eu-west-1a
    nat_gateway_id:
      description: Identifier of the NAT gateway.
      type: str
      sample: nat-0123456789abcdef0
    state:
      description: State that EC2 reports.
      type: str
      sample: available
    connectivity_type: {description: V(public) or V(private)., type: str, sample: public}
    subnet_id:
      description: Subnet of the NAT gateway.
      type: str
      sample: subnet-0aaa
    vpc_id:
      description: VPC of the subnet.
      type: str
      sample: vpc-0123456789abcdef0
    allocation_id:
      description: Identifier of the Elastic IP address, null for a private NAT gateway.
      type: str
      sample: eipalloc-0123456789abcdef0
    public_ip:
      description: The Elastic IP address, null for a private NAT gateway.
      type: str
      sample: 203.0.113.7
    private_ip:
      description: Address in the subnet, null until EC2 has assigned it.
      type: str
      sample: 10.0.0.9
    network_interface_id:
      description: Network interface in the subnet, null until EC2 has made it.
      type: str
      sample: eni-0123456789abcdef0
    tags:
      description: Tags of the NAT gateway.
      type: dict
      sample: {Name: production-eu-west-1a}
    address_tags:
      description: Tags of the Elastic IP address.
      type: dict
      sample: {Name: production-eu-west-1a}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import named_tags, write_tags
from ansible_collections.supastack.aws.plugins.module_utils._ec2_nat_gateway import (
    LIVE,
    PRIVATE,
    PUBLIC,
    allocate_address,
    create_gateway,
    delete_gateway,
    describe_address,
    list_addresses,
    list_gateways,
    one_gateway,
    release_address,
    unknown_view,
    view,
    wait_until_available,
    wait_until_deleted,
)
from ansible_collections.supastack.aws.plugins.module_utils._ec2_nat_gateway_address import (
    existing_address,
    manages_address,
    refuse_foreign_address,
)
from ansible_collections.supastack.aws.plugins.module_utils._module import (
    STATE_SPEC,
    TAGS_SPEC,
    WAIT_SPEC,
    Result,
    run,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import tags_of

MOVE = "Delete it first (state=absent), or give the new one another name."
FIXED = {
    "connectivity_type": MOVE,
    "subnet_id": MOVE,
    "allocation_id": f"EC2 keeps the address of a NAT gateway. {MOVE} Leave allocation_id out if this module allocated "
    "the address that it has.",
}


def desired_from(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the values that the options ask for, in the form of the described NAT gateway."""
    present = current or {}
    managed = manages_address(options)
    return {
        "connectivity_type": options["connectivity_type"],
        "subnet_id": options["subnet_id"],
        "allocation_id": options["allocation_id"],
        "tags": named_tags(options, present.get("tags")),
        "address_tags": named_tags(options, present.get("address_tags")) if managed else None,
    }


def current_view(client: t.Any, gateway: Plain) -> Plain:
    """Return the NAT gateway with its address as it is now."""
    allocation_id = view(gateway, None)["allocation_id"]
    address = describe_address(client, allocation_id) if allocation_id else None
    return view(gateway, address)


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create the NAT gateway, or bring its tags into the wanted state."""
    name = options["name"]
    gateways = list_gateways(client, name)
    gateway = one_gateway(name, gateways)
    if gateway is None:
        address = existing_address(client, options, gateways)
        difference = Difference(None, desired_from(options, None))
        if check_mode:
            return Result(difference, difference.prediction(unknown_view(options, address)))
        gateway = make(client, options, address, gateways)
        return Result(difference, finished(client, options, gateway))
    current = current_view(client, gateway)
    difference = Difference(current, desired_from(options, current))
    for field, remedy in FIXED.items():
        difference.refuse_change(field, remedy)
    refuse_foreign_address(options, current)
    if check_mode:
        return Result(difference, difference.prediction({}))
    update(client, current, difference)
    if difference.changed or (options["wait"] and gateway["State"] != "available"):
        return Result(difference, finished(client, options, gateway))
    return Result(difference, current)


def make(client: t.Any, options: Plain, address: Plain | None, gateways: list[Plain]) -> Plain:
    """Create the NAT gateway, a public one with the address given or with a new one."""
    tags = named_tags(options, None)
    if options["connectivity_type"] == PRIVATE:
        return create_gateway(client, options["subnet_id"], None, tags)
    if address is None:
        address = allocate_address(client, tags)
    else:
        for gateway in gateways:
            if gateway["State"] == "deleting":
                wait_until_deleted(client, gateway["NatGatewayId"], options["wait_timeout"])
        if manages_address(options):
            present = tags_of(address)
            write_tags(client, address["AllocationId"], present, named_tags(options, present))
    return create_gateway(client, options["subnet_id"], address["AllocationId"], tags)


def update(client: t.Any, current: Plain, difference: Difference) -> None:
    """Write the tags that differ."""
    if difference.touches("tags"):
        write_tags(client, current["nat_gateway_id"], current["tags"], difference.desired("tags")["tags"])
    if difference.touches("address_tags"):
        desired = difference.desired("address_tags")["address_tags"]
        write_tags(client, current["allocation_id"], current["address_tags"], desired)


def finished(client: t.Any, options: Plain, gateway: Plain) -> Plain:
    """Return the NAT gateway as it is after the writes, and after the wait that was asked for."""
    if options["wait"]:
        gateway = wait_until_available(client, gateway["NatGatewayId"], options["wait_timeout"])
    else:
        gateway = one_gateway(options["name"], list_gateways(client, options["name"])) or gateway
    return current_view(client, gateway)


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete the NAT gateway, and release its address unless it is the user's."""
    name = options["name"]
    gateways = [gateway for gateway in list_gateways(client, name) if gateway["State"] in (*LIVE, "deleting")]
    held = {view(gateway, None)["allocation_id"] for gateway in gateways}
    addresses = [
        address["AllocationId"]
        for address in (list_addresses(client, name) if manages_address(options) else [])
        if "AssociationId" not in address or address["AllocationId"] in held
    ]
    live = one_gateway(name, gateways)
    current = {"name": name, "addresses": addresses, "nat_gateway_id": live and live["NatGatewayId"]}
    difference = Difference(current if live or addresses else None, None)
    if not check_mode:
        if live:
            delete_gateway(client, live["NatGatewayId"])
        for gateway in gateways:
            wait_until_deleted(client, gateway["NatGatewayId"], options["wait_timeout"])
        for allocation_id in addresses:
            release_address(client, allocation_id)
    return Result(difference, None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the NAT gateway into the wanted state."""
    if options["connectivity_type"] == PRIVATE and options["allocation_id"]:
        raise AnsibleAWSError(
            message=f"allocation_id is {options['allocation_id']!r}, but a private NAT gateway has no Elastic IP "
            "address. Leave it out, or set connectivity_type=public."
        )
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "name": {"type": "str", "required": True},
        "subnet_id": {"type": "str"},
        "connectivity_type": {"type": "str", "choices": [PUBLIC, PRIVATE], "default": PUBLIC},
        "allocation_id": {"type": "str"},
        **STATE_SPEC,
        **TAGS_SPEC,
        **WAIT_SPEC,
    }
    module = AnsibleAWSModule(
        argument_spec=argument_spec,
        supports_check_mode=True,
        required_if=[("state", "present", ["subnet_id"])],
    )
    run(module, "ec2", "nat_gateway", ensure)


if __name__ == "__main__":
    main()
