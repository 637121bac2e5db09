# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module logs_metric_filter_set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import logs_metric_filter_set

GROUP = {"logGroupName": "/aws/eks/production/cluster"}
PREFIX = "audit-"
FORBIDDEN: dict[str, Any] = {
    "name": "forbidden",
    "pattern": "{ $.responseStatus.code = 403 }",
    "metric_namespace": "production",
    "metric_name": "Forbidden",
}
NOTHING: dict[str, Any] = {**FORBIDDEN, "name": "nothing", "default_value": 0}
PLACE = {"log_group_name": GROUP["logGroupName"], "name_prefix": PREFIX}
OPTIONS: dict[str, Any] = {**PLACE, "filters": [NOTHING, FORBIDDEN]}
ABSENT = {**PLACE, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
REQUEST = {**GROUP, "filterNamePrefix": PREFIX}
NO_GROUP: Call = ("describe_metric_filters", REQUEST, "ResourceNotFoundException: no group")


def filter_of(name: str, pattern: str = FORBIDDEN["pattern"], **metric: Any) -> dict[str, Any]:
    """Return a filter as CloudWatch has it."""
    known = {"metricNamespace": "production", "metricName": "Forbidden", "metricValue": "1"}
    return {"filterName": PREFIX + name, "filterPattern": pattern, "metricTransformations": [{**known, **metric}]}


def read(*filters: dict[str, Any]) -> Call:
    """Return the expected call that reads the filters."""
    return ("describe_metric_filters", REQUEST, {"metricFilters": list(filters)})


def put(found: dict[str, Any]) -> Call:
    """Return the expected call that writes a filter."""
    return ("put_metric_filter", {**GROUP, **found}, {})


FIRST = filter_of("forbidden")
SECOND = filter_of("nothing", defaultValue=0.0)
DELETE: Call = ("delete_metric_filter", {**GROUP, "filterName": f"{PREFIX}stray"}, {})

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes, changed, part of what is returned
    "create": (OPTIONS, [read()], [put(FIRST), put(SECOND)], True, PLACE),
    "no-op": (OPTIONS, [read(SECOND, FIRST)], [], False, PLACE),
    "update": (OPTIONS, [read(filter_of("forbidden", "x"), SECOND)], [put(FIRST)], True, PLACE),
    "what is not listed goes": (OPTIONS, [read(FIRST, SECOND, filter_of("stray"))], [DELETE], True, PLACE),
    "delete": (ABSENT, [read(filter_of("stray"))], [DELETE], True, None),
    "delete missing": (ABSENT, [NO_GROUP], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, filters = MATRIX[case]
    steps = reads if check_mode else reads + writes
    run_module(logs_metric_filter_set, options, steps, check_mode=check_mode).assert_made(
        changed, "filter_set", filters
    )


def test_prediction_before_there_is_a_log_group(run_module: Callable[..., Any]) -> None:
    predicted = run_module(logs_metric_filter_set, OPTIONS, [NO_GROUP], check_mode=True).result
    assert predicted["changed"] is True
    assert (
        predicted["filter_set"]
        == run_module(logs_metric_filter_set, OPTIONS, [read(FIRST, SECOND)]).result["filter_set"]
    )


def test_one_name_is_one_filter(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "filters": [FORBIDDEN, FORBIDDEN]}
    assert "'forbidden' more than once" in run_module(logs_metric_filter_set, options).message
