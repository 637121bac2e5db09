# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A comparison of networks without ansible.utils and netaddr."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ipv4_overlap
short_description: Test whether two IPv4 networks have addresses in common
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - True when one of the two networks holds the other, which is the only way in which networks overlap.
  - False when they are apart, and when one of the two is no network in CIDR notation.
positional: other
options:
  _input:
    description: The one network, in CIDR notation.
    type: raw
    required: true
  other:
    description: The other network, in CIDR notation.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Require addresses for Services outside the VPC
  ansible.builtin.assert:
    that: eks_service_ipv4_cidr is not supastack.aws.ipv4_overlap(network_cidr)
"""

RETURN = r"""
_value:
  description: Whether the networks have addresses in common.
  type: bool
"""

import ipaddress
import typing as t


def ipv4_overlap(value: t.Any, other: t.Any) -> bool:
    """Return whether two values are IPv4 networks that have addresses in common."""
    if not isinstance(value, str) or not isinstance(other, str):
        return False
    try:
        return ipaddress.IPv4Network(value).overlaps(ipaddress.IPv4Network(other))
    except ValueError:
        return False


class TestModule:
    """Tests that Ansible loads from this file."""

    def tests(self) -> dict[str, t.Callable[[t.Any, t.Any], bool]]:
        """Return the tests by name."""
        return {"ipv4_overlap": ipv4_overlap}
