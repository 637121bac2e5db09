# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A check of networks without ansible.utils and netaddr."""

from __future__ import annotations

DOCUMENTATION = r"""
name: ipv4_network
short_description: Test for an IPv4 network in CIDR notation
version_added: 0.1.0
author:
  - Supastack contributors (@supastack)
description:
  - True for a network such as V(10.40.0.0/16).
  - False when the prefix length is missing, when bits of the host part are set, and for anything else.
options:
  _input:
    description: The value to test.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Require a network
  ansible.builtin.assert:
    that: network_cidr is supastack.aws.ipv4_network
"""

RETURN = r"""
_value:
  description: Whether the value is an IPv4 network.
  type: bool
"""

import ipaddress
import typing as t


def ipv4_network(value: t.Any) -> bool:
    """Return whether a value is an IPv4 network in CIDR notation, without host bits."""
    if not isinstance(value, str) or "/" not in value:
        return False
    try:
        return str(ipaddress.IPv4Network(value)) == value
    except ValueError:
        return False


class TestModule:
    """Tests that Ansible loads from this file."""

    def tests(self) -> dict[str, t.Callable[[t.Any], bool]]:
        """Return the tests by name."""
        return {"ipv4_network": ipv4_network}
