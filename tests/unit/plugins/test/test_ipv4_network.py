# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test ipv4_network."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.test import ipv4_network as plugin

# As Ansible finds it, by its name.
ipv4_network = plugin.TestModule().tests()["ipv4_network"]


@pytest.mark.parametrize("value", ["10.40.0.0/16", "0.0.0.0/0", "203.0.113.7/32"])
def test_networks(value: str) -> None:
    assert ipv4_network(value) is True


@pytest.mark.parametrize("value", ["10.40.0.1/16", "10.40.0.0", "10.40.0.0/33", "::/0", "", None, 16, ["10.0.0.0/8"]])
def test_other_values(value: Any) -> None:
    assert ipv4_network(value) is False
