# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subnet arithmetic without ansible.utils and netaddr."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cidr_subnet
author:
  - Supastack contributors (@supastack)
version_added: 0.1.0
short_description: Cut one subnet out of a network
description:
  - Returns subnet number O(netnum) of the network when its prefix is made O(newbits) bits longer.
  - The same arithmetic as C(cidrsubnet) of Terraform, so that a network plan can be carried over.
positional: newbits, netnum
options:
  _input:
    description: The IPv4 network in CIDR notation, without host bits.
    type: str
    required: true
  newbits:
    description: Number of bits by which the prefix grows.
    type: int
    required: true
  netnum:
    description: Number of the subnet, from 0.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Print the third /19 of a /16, which is 10.40.64.0/19
  ansible.builtin.debug:
    msg: "{{ '10.40.0.0/16' | supastack.aws.cidr_subnet(3, 2) }}"
"""

RETURN = r"""
_value:
  description: The subnet in CIDR notation.
  type: str
"""

import typing as t
from ipaddress import IPv4Network

from ansible.errors import AnsibleFilterError


def cidr_subnet(network: str, newbits: int, netnum: int) -> str:
    """Return subnet ``netnum`` of ``network`` with a prefix ``newbits`` longer.

    Raises:
        AnsibleFilterError: the input is no network, or has no such subnet.
    """
    try:
        whole = IPv4Network(network)
        prefix = whole.prefixlen + newbits
        address = int(whole.network_address) + (netnum << (32 - prefix))
        subnet = IPv4Network((address, prefix))
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(f"cidr_subnet cannot cut {network!r}: {error}") from error
    if newbits < 0 or netnum < 0 or not subnet.subnet_of(whole):
        raise AnsibleFilterError(f"cidr_subnet: {network} has no subnet number {netnum} with {newbits} more bits")
    return str(subnet)


class FilterModule:
    """Filters that Ansible loads from this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return filter names and their functions."""
        return {"cidr_subnet": cidr_subnet}
