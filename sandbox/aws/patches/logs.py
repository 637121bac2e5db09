# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.logs.metric_filters import MetricFilters

from sandbox.aws.wrap import wrap


def patch_metric_filter_written_again() -> None:
    """PutMetricFilter adds a second filter of a name that the log group has.

    Symptom: a play that changes a filter changes it in each run.
    Source: CloudWatch Logs API reference, PutMetricFilter: creates or updates a metric filter.
    """

    def add(
        original: Callable[..., None], self: MetricFilters, filter_name: str, pattern: str, group: str, metrics: Any
    ) -> None:
        self.delete_filter(filter_name, group)
        original(self, filter_name, pattern, group, metrics)

    wrap(MetricFilters, "add_filter", add)


PATCHES = (patch_metric_filter_written_again,)
