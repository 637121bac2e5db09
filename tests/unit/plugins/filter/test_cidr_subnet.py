# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter cidr_subnet."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter.cidr_subnet import FilterModule

# As Ansible finds it, by its name.
cidr_subnet = FilterModule().filters()["cidr_subnet"]


@pytest.mark.parametrize(
    ("network", "newbits", "netnum", "subnet"),
    [
        ("10.40.0.0/16", 0, 0, "10.40.0.0/16"),
        ("10.40.0.0/16", 3, 2, "10.40.64.0/19"),
        ("10.40.0.0/16", 6, 32, "10.40.128.0/22"),
        ("10.40.0.0/16", 8, 160, "10.40.160.0/24"),
        ("10.40.0.0/20", 8, 255, "10.40.15.240/28"),
    ],
)
def test_subnets(network: str, newbits: int, netnum: int, subnet: str) -> None:
    assert cidr_subnet(network, newbits, netnum) == subnet


@pytest.mark.parametrize(
    ("network", "newbits", "netnum"),
    [
        ("10.40.0.1/16", 3, 0),
        ("coffee", 3, 0),
        ("10.40.0.0/16", 3, 8),
        ("10.40.0.0/16", -1, 0),
        ("10.40.0.0/30", 3, 0),
        ("255.255.0.0/16", 3, 8),
    ],
)
def test_what_is_no_subnet_is_refused(network: str, newbits: int, netnum: int) -> None:
    with pytest.raises(AnsibleFilterError, match="cidr_subnet"):
        cidr_subnet(network, newbits, netnum)
