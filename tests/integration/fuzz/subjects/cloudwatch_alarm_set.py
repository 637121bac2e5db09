# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject cloudwatch_alarm_set."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, tags_of

TOPIC = "arn:aws:sns:eu-west-1:123456789012:fuzz"
SETTINGS: dict[str, st.SearchStrategy[Any]] = {
    "description": st.sampled_from(["", "what to do"]),
    "threshold": st.sampled_from([0.5, 80.0]),
    "statistic": st.sampled_from(["Sum", "p99"]),
    "evaluation_periods": st.just(3),
    "datapoints_to_alarm": st.sampled_from([2, 3]),
    "treat_missing_data": st.sampled_from(["missing", "breaching"]),
    "dimensions": st.sampled_from([{}, {"DBInstanceIdentifier": "fuzz"}]),
    "alarm_actions": st.sampled_from([[], [TOPIC]]),
}


def prepare(_clients: Clients) -> Options:
    return {}


def place(_world: Options, text: str) -> Options:
    return {"name_prefix": f"fuzz-{text}/"}


def wishes(_world: Options) -> Wishes:
    watched = {
        "namespace": st.just("AWS/RDS"),
        "metric_name": st.sampled_from(["CPUUtilization", "FreeStorageSpace"]),
        "comparison_operator": st.just("GreaterThanThreshold"),
    }
    metric = st.fixed_dictionaries({"name": st.sampled_from("abc"), **watched, **SETTINGS})
    composite = st.fixed_dictionaries({"name": st.sampled_from("cd"), "rule": st.sampled_from(["TRUE", "FALSE"])})
    alarms = st.lists(st.one_of(metric, composite), min_size=1, max_size=4, unique_by=lambda alarm: alarm["name"])
    return st.fixed_dictionaries({"alarms": alarms}, optional={"tags": TAGS})


def observe(clients: Clients, options: Options) -> Options | None:
    cloudwatch = clients("cloudwatch")
    answer = cloudwatch.describe_alarms(
        AlarmNamePrefix=options["name_prefix"], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [*answer["MetricAlarms"], *answer["CompositeAlarms"]]
    tags = [tags_of(cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]) for alarm in found]
    return {"alarms": [observed(alarm, options["name_prefix"]) for alarm in found], "tags": tags} if found else None


def observed(alarm: dict[str, Any], prefix: str) -> Options:
    """An alarm under the names of the options."""
    name = alarm["AlarmName"].removeprefix(prefix)
    if "AlarmRule" in alarm:
        return {"name": name, "rule": alarm["AlarmRule"]}
    return {
        "name": name,
        "namespace": alarm["Namespace"],
        "metric_name": alarm["MetricName"],
        "comparison_operator": alarm["ComparisonOperator"],
        "description": alarm["AlarmDescription"],
        "threshold": alarm["Threshold"],
        "statistic": alarm.get("ExtendedStatistic") or alarm["Statistic"],
        "evaluation_periods": alarm["EvaluationPeriods"],
        "datapoints_to_alarm": alarm["DatapointsToAlarm"],
        "treat_missing_data": alarm["TreatMissingData"],
        "dimensions": {part["Name"]: part["Value"] for part in alarm["Dimensions"]},
        "alarm_actions": alarm["AlarmActions"],
    }


def as_asked(wanted: Options, found: Options) -> Options:
    """Alarms as a list of what was asked of them, whether the module returned them or they were observed."""
    alarms = found["alarms"]
    if isinstance(alarms, dict):
        alarms = [{"name": name, **alarm} for name, alarm in alarms.items()]
    tags = found.get("tags") or [alarm["tags"] for alarm in alarms]
    asked = {alarm["name"]: alarm for alarm in wanted.get("alarms", [])}
    shown = [{name: alarm.get(name) for name in asked.get(alarm["name"], alarm)} for alarm in alarms]
    # Of new alarms and of old ones all have the same, once they are told.
    return {"alarms": shown, "tags": wanted["tags"] if all(each == wanted.get("tags") for each in tags) else tags}


SUBJECT = Subject(
    module="cloudwatch_alarm_set",
    key="alarm_set",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    as_asked=as_asked,
)
