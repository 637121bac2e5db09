# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudWatch alarms whose names begin alike: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import failing_to
from ansible_collections.supastack.aws.plugins.module_utils._module import refuse_repeated
from ansible_collections.supastack.aws.plugins.module_utils._retries import unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, desired_tags, tag_changes, tags_of

# DeleteAlarms takes so many metric alarms at once, and one composite alarm (CloudWatch API reference).
MOST_AT_ONCE = 100
STATISTICS = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"]
# Settings of any alarm, and of one that watches a metric: name here -> member of the request.
COMMON = {
    "description": "AlarmDescription",
    "actions_enabled": "ActionsEnabled",
    "alarm_actions": "AlarmActions",
    "ok_actions": "OKActions",
    "insufficient_data_actions": "InsufficientDataActions",
}
METRIC = {
    "namespace": "Namespace",
    "metric_name": "MetricName",
    "period": "Period",
    "evaluation_periods": "EvaluationPeriods",
    "datapoints_to_alarm": "DatapointsToAlarm",
    "threshold": "Threshold",
    "comparison_operator": "ComparisonOperator",
    "treat_missing_data": "TreatMissingData",
}
ACTIONS = ("alarm_actions", "ok_actions", "insufficient_data_actions")
# CloudWatch's own defaults of what may be missing in an answer.
ABSENT: Plain = {"description": "", "actions_enabled": True, "treat_missing_data": "missing"}


def metric_view(alarm: Plain) -> Plain:
    """Return a metric alarm as it is compared."""
    evaluated = alarm.get("EvaluationPeriods")
    return {
        **common_view(alarm),
        **{name: alarm.get(key, ABSENT.get(name)) for name, key in METRIC.items()},
        "datapoints_to_alarm": alarm.get("DatapointsToAlarm") or evaluated,
        "dimensions": {part["Name"]: part["Value"] for part in alarm.get("Dimensions", [])},
        "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"),
        # What this module never sets, so that a metric-math alarm of that name is told from one of it.
        "other": {key: alarm[key] for key in ("Metrics", "Unit") if alarm.get(key)},
        "rule": None,
    }


def common_view(alarm: Plain) -> Plain:
    """Return what alarms of both kinds have."""
    found = {name: alarm.get(key, ABSENT.get(name)) for name, key in COMMON.items()}
    return {**found, **{name: sorted(alarm.get(COMMON[name], [])) for name in ACTIONS}}


def composite_view(alarm: Plain) -> Plain:
    """Return a composite alarm as it is compared."""
    return {**common_view(alarm), "rule": alarm["AlarmRule"]}


def wanted_view(alarm: Plain) -> Plain:
    """Return an alarm of the option in the form of those that are read.

    :raises AnsibleAWSError: when it has neither a rule nor all that a metric needs.
    """
    common = {name: alarm[name] for name in COMMON} | {name: sorted(set(alarm[name])) for name in ACTIONS}
    if alarm["rule"]:
        return {**common, "rule": alarm["rule"]}
    needed = ("namespace", "metric_name", "threshold", "comparison_operator")
    missing = [name for name in needed if alarm[name] is None]
    if missing:
        raise AnsibleAWSError(
            message=f"The alarm {alarm['name']} has no {', '.join(missing)}. Set them, or rule for a composite alarm."
        )
    return {
        **common,
        **{name: alarm[name] for name in METRIC},
        "datapoints_to_alarm": alarm["datapoints_to_alarm"] or alarm["evaluation_periods"],
        "dimensions": {name: str(value) for name, value in (alarm["dimensions"] or {}).items()},
        "statistic": alarm["statistic"],
        "other": {},
        "rule": None,
    }


def request_of(name: str, alarm: Plain) -> Plain:
    """Return an alarm as PutMetricAlarm or PutCompositeAlarm takes it; both replace all of it but its tags."""
    request = {"AlarmName": name, **{key: alarm[option] for option, key in COMMON.items()}}
    if alarm["rule"]:
        return {**request, "AlarmRule": alarm["rule"]}
    request |= {key: alarm[option] for option, key in METRIC.items()}
    request["Dimensions"] = [{"Name": name, "Value": value} for name, value in sorted(alarm["dimensions"].items())]
    request["Statistic" if alarm["statistic"] in STATISTICS else "ExtendedStatistic"] = alarm["statistic"]
    return request


@failing_to("describe the alarms whose names begin with {prefix}")
@unthrottled
def describe(client: t.Any, prefix: str) -> tuple[list[Plain], list[Plain]]:
    """Return the metric alarms and the composite alarms as CloudWatch describes them."""
    pages = client.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, AlarmTypes=["CompositeAlarm", "MetricAlarm"]
    )
    found: tuple[list[Plain], list[Plain]] = ([], [])
    for page in pages:
        found[0].extend(page.get("MetricAlarms", []))
        found[1].extend(page.get("CompositeAlarms", []))
    return found


@failing_to("read the tags of {arn}")
@unthrottled
def read_tags(client: t.Any, arn: str) -> Tags:
    """Return the tags of an alarm."""
    return tags_of(client.list_tags_for_resource(ResourceARN=arn))


def read(client: t.Any, prefix: str) -> dict[str, Plain]:
    """Return the alarms by their names without the prefix, as they are returned."""
    metrics, composites = describe(client, prefix)
    views = [(alarm, metric_view(alarm)) for alarm in metrics]
    views += [(alarm, composite_view(alarm)) for alarm in composites]
    return {
        alarm["AlarmName"].removeprefix(prefix): {
            **view,
            "arn": alarm["AlarmArn"],
            "tags": read_tags(client, alarm["AlarmArn"]),
        }
        for alarm, view in sorted(views, key=lambda pair: str(pair[0]["AlarmName"]))
    }


def settings(alarm: Plain) -> Plain:
    """Return what is written with an alarm itself."""
    return {name: value for name, value in alarm.items() if name not in ("arn", "tags")}


@failing_to("write the alarm {name}")
@unthrottled
def put_alarm(client: t.Any, name: str, alarm: Plain, tags: t.Mapping[str, str] | None = None) -> None:
    """Create or replace an alarm.

    :param tags: of a new alarm; CloudWatch ignores them for one that exists.
    """
    put = client.put_composite_alarm if alarm["rule"] else client.put_metric_alarm
    put(**request_of(name, alarm), **({"Tags": ansible_dict_to_boto3_tag_list(dict(tags))} if tags else {}))


@failing_to("tag {arn}")
@unthrottled
def set_tags(client: t.Any, arn: str, current: Tags, desired: Tags) -> None:
    """Set and remove tags."""
    to_set, to_remove = tag_changes(current, desired)
    if to_set:
        client.tag_resource(ResourceARN=arn, Tags=ansible_dict_to_boto3_tag_list(to_set))
    if to_remove:
        client.untag_resource(ResourceARN=arn, TagKeys=to_remove)


@failing_to("delete the alarms {names}")
@unthrottled
def delete_some(client: t.Any, names: list[str]) -> None:
    """Delete alarms in one call."""
    client.delete_alarms(AlarmNames=names)


def delete_alarms(client: t.Any, prefix: str, alarms: t.Mapping[str, Plain]) -> None:
    """Delete alarms: the composite ones first, which the others may be part of."""
    for name, alarm in alarms.items():
        if alarm["rule"]:
            delete_some(client, [prefix + name])
    metrics = [prefix + name for name, alarm in alarms.items() if not alarm["rule"]]
    for start in range(0, len(metrics), MOST_AT_ONCE):
        delete_some(client, metrics[start : start + MOST_AT_ONCE])


def write_alarms(client: t.Any, prefix: str, current: t.Mapping[str, Plain], desired: t.Mapping[str, Plain]) -> None:
    """Bring the alarms into the wanted state: what a composite alarm names is there before it, and gone after it."""
    for name in sorted(desired, key=lambda name: bool(desired[name]["rule"])):
        alarm, found = desired[name], current.get(name)
        # An alarm of the one kind cannot become one of the other.
        if found and bool(found["rule"]) != bool(alarm["rule"]):
            delete_some(client, [prefix + name])
            found = None
        if found is None or settings(found) != settings(alarm):
            put_alarm(client, prefix + name, alarm, None if found else alarm["tags"])
        if found and found["tags"] != alarm["tags"]:
            set_tags(client, found["arn"], found["tags"], alarm["tags"])
    delete_alarms(client, prefix, {name: alarm for name, alarm in current.items() if name not in desired})


def desired_alarms(options: Plain, current: t.Mapping[str, Plain], arn_of: t.Callable[[str], str]) -> dict[str, Plain]:
    """Return the alarms that the options ask for, by their names without the prefix, in the form of those read.

    :raises AnsibleAWSError: when two have one name.
    """
    refuse_repeated("alarms", "name", options["alarms"])
    desired: dict[str, Plain] = {}
    for alarm in options["alarms"]:
        name = alarm["name"]
        found = current.get(name, {})
        tags = desired_tags(found.get("tags"), options["tags"], options["purge_tags"])
        desired[name] = {
            **wanted_view(alarm),
            "arn": found.get("arn") or arn_of(name),
            "tags": found.get("tags", {}) if tags is None else tags,
        }
    return dict(sorted(desired.items()))
