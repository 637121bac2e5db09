# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test ipv4_overlap."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.test import ipv4_overlap as plugin

# As Ansible finds it, by its name.
ipv4_overlap = plugin.TestModule().tests()["ipv4_overlap"]


@pytest.mark.parametrize(
    "networks",
    [("10.40.0.0/16", "10.40.0.0/16"), ("10.40.0.0/16", "10.40.64.0/20"), ("10.40.0.0/16", "10.32.0.0/12")],
)
def test_common_addresses(networks: tuple[str, str]) -> None:
    assert ipv4_overlap(*networks) is True
    assert ipv4_overlap(*reversed(networks)) is True


@pytest.mark.parametrize("other", ["10.41.0.0/16", "172.20.0.0/16", "10.40.0.1/16", "ten", "::/0", None, 10])
def test_nothing_in_common(other: Any) -> None:
    assert ipv4_overlap("10.40.0.0/16", other) is False
    assert ipv4_overlap(other, "10.40.0.0/16") is False
