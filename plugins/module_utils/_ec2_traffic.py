# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols, ports and address ranges, as the rules of network ACLs and of security groups have them."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown

PROTOCOLS = {"all": "-1", "icmp": "1", "tcp": "6", "udp": "17", "icmpv6": "58"}
PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
HIGHEST_PROTOCOL = 255
WITH_PORTS = ("tcp", "udp")
HIGHEST_PORT = 65535
WITH_TYPES = ("icmp", "icmpv6")
HIGHEST_TYPE = 255
ANY_TYPE = -1


def protocol_name(protocol: str) -> str:
    """Return the name of a protocol, its number when it has none here; empty for what is no protocol."""
    number = PROTOCOLS.get(protocol.lower(), protocol)
    if number.isdecimal():
        number = str(int(number)) if int(number) <= HIGHEST_PROTOCOL else ""
    elif number not in PROTOCOL_NAMES:
        number = ""
    return PROTOCOL_NAMES.get(number, number)


def plain_block(block: str) -> str:
    """Return an address range in its canonical form, which EC2 makes of it too: 10.0.0.9/8 is 10.0.0.0/8."""
    return block if is_unknown(block) else str(ipaddress.ip_network(block, strict=False))


def unknown_protocol(protocol: str) -> str | None:
    """Return what is wrong with a protocol."""
    if protocol_name(protocol):
        return None
    return (
        f"protocol is {protocol!r}, which is none of {', '.join(PROTOCOLS)} and no number up to {HIGHEST_PROTOCOL}. "
        "Correct protocol."
    )


def is_range(block: str, network: t.Callable[..., object]) -> bool:
    """Return whether this is an address range; without a length it would be one address, which is seldom meant."""
    try:
        network(block, strict=False)
    except ValueError:
        return False
    return "/" in block
