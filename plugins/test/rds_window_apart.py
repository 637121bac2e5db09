# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A comparison of the two times at which RDS works on an instance."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rds_window_apart
short_description: Test whether a maintenance window of RDS lies outside a backup window
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - True when both windows have RDS' form, last at least half an hour, the maintenance window at most a day, and have no
    minute in common.
  - Either window may pass midnight, and the maintenance window the end of the week.
positional: backup
options:
  _input:
    description: The weekly maintenance window, such as V(sun:04:30-sun:05:30).
    type: raw
    required: true
  backup:
    description: The daily backup window, such as V(03:00-04:00).
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Require windows that RDS accepts
  ansible.builtin.assert:
    that: rds_maintenance_window is supastack.aws.rds_window_apart(rds_backup_window)
"""

RETURN = r"""
_value:
  description: Whether RDS accepts the two windows together.
  type: bool
"""

import re
import typing as t

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
DAILY = re.compile(f"({TIME})-({TIME})")
WEEKLY = re.compile(f"({'|'.join(DAYS)}):({TIME})-({'|'.join(DAYS)}):({TIME})", re.IGNORECASE)
# Minutes.
HOUR = 60
DAY = 24 * HOUR
WEEK = 7 * DAY
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html
SHORTEST = 30


def minute_of(time: str, day: str = DAYS[0]) -> int:
    """Return the minute of the week at which a time of a day comes."""
    hours, minutes = time.split(":")
    return DAYS.index(day.lower()) * DAY + int(hours) * HOUR + int(minutes)


def minutes(begin: int, end: int, period: int) -> list[int]:
    """Return the minutes from begin to end in a time that begins again after a period."""
    return [(begin + passed) % period for passed in range((end - begin) % period)]


def rds_window_apart(value: t.Any, backup: t.Any) -> bool:
    """Return whether RDS accepts a maintenance window together with a backup window."""
    weekly, daily = WEEKLY.fullmatch(str(value)), DAILY.fullmatch(str(backup))
    if weekly is None or daily is None:
        return False
    maintained = minutes(minute_of(weekly[2], weekly[1]), minute_of(weekly[4], weekly[3]), WEEK)
    saved = minutes(minute_of(daily[1]), minute_of(daily[2]), DAY)
    if len(saved) < SHORTEST or not SHORTEST <= len(maintained) <= DAY:
        return False
    return set(saved).isdisjoint(minute % DAY for minute in maintained)


class TestModule:
    """Tests that Ansible loads from this file."""

    def tests(self) -> dict[str, t.Callable[[t.Any, t.Any], bool]]:
        """Return the tests by name."""
        return {"rds_window_apart": rds_window_apart}
