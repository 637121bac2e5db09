#!/usr/bin/python

# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: logs_metric_filter_set
short_description: Manage all metric filters of a log group whose names begin alike
version_added: 0.2.0
author:
  - Supastack contributors (@supastack)
description:
  - Creates, changes and deletes filters that count events of a log group of Amazon CloudWatch Logs, as many as there
    are in one task. A filter whose name begins with O(name_prefix) and that O(filters) does not have is deleted.
  - Unlike M(amazon.aws.cloudwatchlogs_log_group_metric_filter), its check mode works where the log group does not exist
    yet.
options:
  log_group_name:
    description:
      - Name of the log group. In check mode, it need not exist yet.
    type: str
    required: true
  name_prefix:
    description:
      - What the names of the filters begin with. Filters of others must not begin so.
    type: str
    required: true
  state:
    description:
      - Whether the filters should exist. V(absent) deletes all whose names begin with O(name_prefix).
    type: str
    choices: [present, absent]
    default: present
  filters:
    description:
      - All filters that there should be.
    type: list
    elements: dict
    default: []
    suboptions:
      name: {description: [Name of the filter behind O(name_prefix)., Unique in the set.], type: str, required: true}
      pattern: {description: [The events that are counted.], type: str, required: true}
      metric_namespace: {description: [Namespace of the metric.], type: str, required: true}
      metric_name: {description: [Name of the metric.], type: str, required: true}
      metric_value: {description: [What an event counts for.], type: str, default: "1"}
      default_value: {description: [The metric in a minute with events of which none matches.], type: float}
notes:
  - A log group may have 100 filters. They count events that come after them.
  - Needs the IAM actions C(logs:DescribeMetricFilters), C(logs:PutMetricFilter) and C(logs:DeleteMetricFilter).
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
  - supastack.aws.attributes
seealso:
  - module: supastack.aws.logs_log_group
"""

EXAMPLES = r"""
- name: Count what a cluster's API server forbids
  supastack.aws.logs_metric_filter_set:
    log_group_name: /aws/eks/production/cluster
    name_prefix: production-audit-
    filters:
      - name: forbidden
        pattern: "{ $.responseStatus.code = 403 }"
        metric_namespace: production
        metric_name: ForbiddenRequests
        default_value: 0

- name: Delete all of them
  supastack.aws.logs_metric_filter_set:
    log_group_name: /aws/eks/production/cluster
    name_prefix: production-audit-
    state: absent
"""

RETURN = r"""
filter_set:
  description: The filters. In check mode, as they will be.
  returned: when O(state=present)
  type: dict
  contains:
    log_group_name: {description: Name of the log group., type: str, sample: /aws/eks/production/cluster}
    name_prefix: {description: What their names begin with., type: str, sample: production-audit-}
    filters:
      description: The settings of each filter by its name without O(name_prefix).
      type: dict
      sample:
        forbidden:
          pattern: "{ $.responseStatus.code = 403 }"
          metric_namespace: production
          metric_name: ForbiddenRequests
          metric_value: "1"
          default_value: 0.0
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._module import STATE_SPEC, Result, refuse_repeated, run
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled

FILTER: Plain = {
    "name": {"type": "str", "required": True},
    "pattern": {"type": "str", "required": True},
    "metric_namespace": {"type": "str", "required": True},
    "metric_name": {"type": "str", "required": True},
    "metric_value": {"type": "str", "default": "1"},
    "default_value": {"type": "float"},
}


@failing_to("describe the metric filters of {group}")
@none_when("ResourceNotFoundException")
@unthrottled
def describe(client: t.Any, group: str, prefix: str) -> list[Plain]:
    """Return the filters as CloudWatch describes them, None when there is no such log group."""
    pages = client.get_paginator("describe_metric_filters").paginate(logGroupName=group, filterNamePrefix=prefix)
    return [found for page in pages for found in page.get("metricFilters", [])]


def view(found: Plain) -> Plain:
    """Return a filter as it is returned and compared."""
    metric = found["metricTransformations"][0]
    return {
        "pattern": found["filterPattern"],
        "metric_namespace": metric["metricNamespace"],
        "metric_name": metric["metricName"],
        "metric_value": metric["metricValue"],
        "default_value": metric.get("defaultValue"),
    }


def read(client: t.Any, group: str, prefix: str) -> dict[str, Plain]:
    """Return the filters by their names without the prefix."""
    found = {each["filterName"].removeprefix(prefix): view(each) for each in describe(client, group, prefix) or []}
    return dict(sorted(found.items()))


def wanted(filters: list[Plain]) -> dict[str, Plain]:
    """Return the filters of the option in the form of those that are read.

    :raises AnsibleAWSError: when two have one name.
    """
    refuse_repeated("filters", "name", filters)
    settings = {each["name"]: {key: value for key, value in each.items() if key != "name"} for each in filters}
    return dict(sorted(settings.items()))


@failing_to("write the metric filter {name} of {group}")
@unthrottled
def put_filter(client: t.Any, group: str, name: str, settings: Plain) -> None:
    """Create or replace a filter."""
    default = settings["default_value"]
    metric = {
        "metricNamespace": settings["metric_namespace"],
        "metricName": settings["metric_name"],
        "metricValue": settings["metric_value"],
        **({} if default is None else {"defaultValue": default}),
    }
    client.put_metric_filter(
        logGroupName=group, filterName=name, filterPattern=settings["pattern"], metricTransformations=[metric]
    )


@failing_to("delete the metric filter {name} of {group}")
@none_when("ResourceNotFoundException")
@unthrottled
def delete_filter(client: t.Any, group: str, name: str) -> None:
    """Delete a filter."""
    client.delete_metric_filter(logGroupName=group, filterName=name)


def write(client: t.Any, options: Plain, current: t.Mapping[str, Plain], desired: t.Mapping[str, Plain]) -> None:
    """Bring the filters from one state into another."""
    group, prefix = options["log_group_name"], options["name_prefix"]
    for name, settings in desired.items():
        if current.get(name) != settings:
            put_filter(client, group, prefix + name, settings)
    for name in current.keys() - desired.keys():
        delete_filter(client, group, prefix + name)


def ensure_present(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Create, change and delete filters."""
    named = {name: options[name] for name in ("log_group_name", "name_prefix")}
    desired = wanted(options["filters"])
    current = read(client, *named.values())
    difference = Difference({"filters": current}, {"filters": desired})
    if difference.changed and not check_mode:
        write(client, options, current, desired)
    return Result(difference, {**named, "filters": desired})


def ensure_absent(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Delete all filters of the set."""
    current = read(client, options["log_group_name"], options["name_prefix"])
    if not check_mode:
        write(client, options, current, {})
    return Result(Difference({"filters": current} if current else None, None), None)


def ensure(client: t.Any, options: Plain, check_mode: bool) -> Result:
    """Bring the filters into the wanted state."""
    action = ensure_present if options["state"] == "present" else ensure_absent
    return action(client, options, check_mode)


def main() -> None:
    """Run the module."""
    argument_spec = {
        "log_group_name": {"type": "str", "required": True},
        "name_prefix": {"type": "str", "required": True},
        "filters": {"type": "list", "elements": "dict", "default": [], "options": FILTER},
        **STATE_SPEC,
    }
    module = AnsibleAWSModule(argument_spec=argument_spec, supports_check_mode=True)
    run(module, "logs", "filter_set", ensure)


if __name__ == "__main__":
    main()
