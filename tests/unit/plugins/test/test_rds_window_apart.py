# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test rds_window_apart."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.test import rds_window_apart as plugin

# As Ansible finds it, by its name.
rds_window_apart = plugin.TestModule().tests()["rds_window_apart"]


@pytest.mark.parametrize(
    ("maintenance", "backup"),
    [
        ("sun:04:30-sun:05:30", "03:00-04:00"),
        ("Sun:04:00-Sun:04:30", "03:30-04:00"),
        ("sun:23:30-mon:00:30", "00:30-01:00"),
        ("sat:22:00-sat:23:00", "23:00-00:30"),
        ("mon:01:00-tue:00:30", "00:30-01:00"),
    ],
)
def test_apart(maintenance: str, backup: str) -> None:
    assert rds_window_apart(maintenance, backup) is True


@pytest.mark.parametrize(
    ("maintenance", "backup"),
    [
        ("sun:03:30-sun:04:30", "03:00-04:00"),
        ("sun:23:30-mon:00:31", "00:30-01:00"),
        ("sat:22:00-sat:23:00", "22:59-00:30"),
        ("sun:03:10-sun:03:50", "03:00-04:00"),
        ("mon:01:00-tue:01:00", "12:00-13:00"),
    ],
)
def test_a_minute_in_common(maintenance: str, backup: str) -> None:
    assert rds_window_apart(maintenance, backup) is False


@pytest.mark.parametrize(
    ("maintenance", "backup"),
    [
        ("sun:04:30-sun:04:59", "03:00-04:00"),
        ("sun:04:30-sun:05:30", "03:00-03:29"),
        ("sun:04:30-tue:04:31", "03:00-04:00"),
        ("sun:04:30-sun:04:30", "03:00-04:00"),
        ("04:30-05:30", "03:00-04:00"),
        ("sun:04:30-sun:05:30", "sun:03:00-sun:04:00"),
        ("sun:04:30-sun:24:00", "03:00-04:00"),
        ("sunday:04:30-sunday:05:30", "03:00-04:00"),
        (None, "03:00-04:00"),
        ("sun:04:30-sun:05:30", 3),
    ],
)
def test_no_windows_of_rds(maintenance: Any, backup: Any) -> None:
    assert rds_window_apart(maintenance, backup) is False
