# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject logs_metric_filter_set."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.subject import Clients, Options, Subject, Wishes

GROUP = "/fuzz/filters"


def prepare(clients: Clients) -> Options:
    clients("logs").create_log_group(logGroupName=GROUP)
    return {}


def place(_world: Options, text: str) -> Options:
    return {"log_group_name": GROUP, "name_prefix": f"fuzz-{text}-"}


def wishes(_world: Options) -> Wishes:
    each = st.fixed_dictionaries(
        {
            "name": st.sampled_from("abc"),
            "pattern": st.sampled_from(["{ $.code = 403 }", "ERROR"]),
            "metric_namespace": st.just("fuzz"),
            "metric_name": st.sampled_from(["Forbidden", "Errors"]),
            "metric_value": st.just("1"),
            "default_value": st.sampled_from([None, 0.0]),
        }
    )
    filters = st.lists(each, min_size=1, max_size=3, unique_by=lambda wanted: wanted["name"])
    return st.fixed_dictionaries({"filters": filters})


def observe(clients: Clients, options: Options) -> Options | None:
    answer = clients("logs").describe_metric_filters(logGroupName=GROUP, filterNamePrefix=options["name_prefix"])
    found = [
        {
            "name": each["filterName"].removeprefix(options["name_prefix"]),
            "pattern": each["filterPattern"],
            "metric_namespace": metric["metricNamespace"],
            "metric_name": metric["metricName"],
            "metric_value": metric["metricValue"],
            "default_value": metric.get("defaultValue"),
        }
        for each in answer["metricFilters"]
        for metric in each["metricTransformations"]
    ]
    return {"filters": found} if found else None


def as_asked(_wanted: Options, found: Options) -> Options:
    """Filters as a list, whether the module returned them or they were observed."""
    filters = found["filters"]
    if isinstance(filters, dict):
        filters = [{"name": name, **settings} for name, settings in filters.items()]
    return {"filters": filters}


SUBJECT = Subject(
    module="logs_metric_filter_set",
    key="filter_set",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    as_asked=as_asked,
)
