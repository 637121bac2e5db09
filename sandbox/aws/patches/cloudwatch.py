# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's CloudWatch."""

from __future__ import annotations

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult


def patch_composite_alarms() -> None:
    """PutCompositeAlarm is not there, though the model and DescribeAlarms know composite alarms.

    Source: CloudWatch API reference, PutCompositeAlarm.
    """

    def put(self: CloudWatchResponse) -> ActionResult:
        return self.put_metric_alarm()

    # By its name, since the class does not have it yet.
    action = "put_composite_alarm"
    setattr(CloudWatchResponse, action, put)


PATCHES = (patch_composite_alarms,)
