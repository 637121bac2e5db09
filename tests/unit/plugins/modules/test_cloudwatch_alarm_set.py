# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cloudwatch_alarm_set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import cloudwatch_alarm_set

PREFIX = "production/"
ARNS = f"arn:aws:cloudwatch:eu-west-1:123456789012:alarm:{PREFIX}"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
RULE = f'ALARM("{PREFIX}cpu")'
CPU: dict[str, Any] = {
    "name": "cpu",
    "namespace": "AWS/RDS",
    "metric_name": "CPUUtilization",
    "dimensions": {"DBInstanceIdentifier": "production"},
    "evaluation_periods": 3,
    "threshold": 80,
    "comparison_operator": "GreaterThanThreshold",
}
PAGER: dict[str, Any] = {"name": "pager", "rule": RULE, "alarm_actions": [TOPIC]}
OPTIONS: dict[str, Any] = {"name_prefix": PREFIX, "alarms": [PAGER, CPU], "tags": {"team": "platform"}}
ABSENT = {"name_prefix": PREFIX, "state": "absent"}
SIZE = [{"Key": "size", "Value": "1"}]
TAGS = [{"Key": "team", "Value": "platform"}]
Call = tuple[str, dict[str, Any], Any]

PUT_CPU: dict[str, Any] = {
    "AlarmName": f"{PREFIX}cpu",
    "AlarmDescription": "",
    "ActionsEnabled": True,
    "AlarmActions": [],
    "OKActions": [],
    "InsufficientDataActions": [],
    "Namespace": "AWS/RDS",
    "MetricName": "CPUUtilization",
    "Period": 300,
    "EvaluationPeriods": 3,
    "DatapointsToAlarm": 3,
    "Threshold": 80.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "missing",
    "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "production"}],
    "Statistic": "Average",
}
PUT_PAGER: dict[str, Any] = {
    "AlarmName": f"{PREFIX}pager",
    "AlarmDescription": "",
    "ActionsEnabled": True,
    "AlarmActions": [TOPIC],
    "OKActions": [],
    "InsufficientDataActions": [],
    "AlarmRule": RULE,
}
# As CloudWatch tells them; what has its default may be missing.
FOUND_CPU = {
    **{key: value for key, value in PUT_CPU.items() if key not in ("TreatMissingData", "DatapointsToAlarm")},
    "AlarmArn": f"{ARNS}cpu",
}
FOUND_PAGER = {**PUT_PAGER, "AlarmArn": f"{ARNS}pager"}


def read(*alarms: dict[str, Any], tags: Sequence[dict[str, str]] = (*TAGS,)) -> list[Call]:
    """Return the expected calls that read alarms."""
    answer = {
        "MetricAlarms": [alarm for alarm in alarms if "AlarmRule" not in alarm],
        "CompositeAlarms": [alarm for alarm in alarms if "AlarmRule" in alarm],
    }
    request = {"AlarmNamePrefix": PREFIX, "AlarmTypes": ["CompositeAlarm", "MetricAlarm"]}
    described = sorted(alarms, key=lambda alarm: str(alarm["AlarmName"]))
    return [
        ("describe_alarms", request, answer),
        *[("list_tags_for_resource", {"ResourceARN": alarm["AlarmArn"]}, {"Tags": list(tags)}) for alarm in described],
    ]


def delete(*names: str) -> Call:
    """Return the expected call that deletes alarms."""
    return ("delete_alarms", {"AlarmNames": [PREFIX + name for name in names]}, {})


BOTH = read(FOUND_CPU, FOUND_PAGER)
VALUES = {"name_prefix": PREFIX}
SLOW = {
    **{key: value for key, value in FOUND_CPU.items() if key != "Statistic"},
    "AlarmName": f"{PREFIX}slow",
    "AlarmArn": f"{ARNS}slow",
    "ExtendedStatistic": "p99",
}
SLOW_OPTION = {**CPU, "name": "slow", "statistic": "p99"}
PUT_SLOW = {
    **{key: value for key, value in PUT_CPU.items() if key != "Statistic"},
    "AlarmName": f"{PREFIX}slow",
    "ExtendedStatistic": "p99",
}
ONLY_SLOW = {**OPTIONS, "alarms": [SLOW_OPTION]}
ONLY_CPU = {**OPTIONS, "alarms": [CPU]}
# An alarm of another kind under the name.
COMPOSITE_CPU = {**FOUND_PAGER, "AlarmName": f"{PREFIX}cpu", "AlarmArn": f"{ARNS}cpu"}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of what is returned
    "create": (
        OPTIONS,
        read(),
        [
            ("put_metric_alarm", {**PUT_CPU, "Tags": TAGS}, {}),
            ("put_composite_alarm", {**PUT_PAGER, "Tags": TAGS}, {}),
            *BOTH,
        ],
        True,
        VALUES,
    ),
    "no-op": (OPTIONS, BOTH, [], False, VALUES),
    "update": (
        OPTIONS,
        read({**FOUND_CPU, "Unit": "Percent"}, FOUND_PAGER, tags=[{"Key": "size", "Value": "1"}]),
        [
            ("put_metric_alarm", PUT_CPU, {}),
            ("tag_resource", {"ResourceARN": f"{ARNS}cpu", "Tags": TAGS}, {}),
            ("untag_resource", {"ResourceARN": f"{ARNS}cpu", "TagKeys": ["size"]}, {}),
            ("tag_resource", {"ResourceARN": f"{ARNS}pager", "Tags": TAGS}, {}),
            ("untag_resource", {"ResourceARN": f"{ARNS}pager", "TagKeys": ["size"]}, {}),
            *BOTH,
        ],
        True,
        VALUES,
    ),
    "what is not listed goes": (
        ONLY_SLOW,
        BOTH,
        [
            ("put_metric_alarm", {**PUT_SLOW, "Tags": TAGS}, {}),
            delete("pager"),
            delete("cpu"),
            *read(SLOW),
        ],
        True,
        VALUES,
    ),
    "another kind under the name": (
        ONLY_CPU,
        read(COMPOSITE_CPU),
        [delete("cpu"), ("put_metric_alarm", {**PUT_CPU, "Tags": TAGS}, {}), *read(FOUND_CPU)],
        True,
        VALUES,
    ),
    "one tag more": (
        {**ONLY_CPU, "purge_tags": False},
        read(FOUND_CPU, tags=SIZE),
        [("tag_resource", {"ResourceARN": f"{ARNS}cpu", "Tags": TAGS}, {}), *read(FOUND_CPU, tags=[*SIZE, *TAGS])],
        True,
        VALUES,
    ),
    "no tags": (
        {**ONLY_CPU, "tags": {}},
        read(FOUND_CPU),
        [("untag_resource", {"ResourceARN": f"{ARNS}cpu", "TagKeys": ["team"]}, {}), *read(FOUND_CPU, tags=[])],
        True,
        VALUES,
    ),
    "tags left alone": ({"name_prefix": PREFIX, "alarms": [CPU]}, read(FOUND_CPU), [], False, VALUES),
    "delete": (ABSENT, BOTH, [delete("pager"), delete("cpu")], True, None),
    "delete missing": (ABSENT, read(), [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, alarms = MATRIX[case]
    outcome = run_module(cloudwatch_alarm_set, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "alarm_set", alarms)


def test_prediction_is_what_a_real_set_is(run_module: Callable[..., Any]) -> None:
    real = run_module(cloudwatch_alarm_set, OPTIONS, BOTH).result["alarm_set"]
    assert run_module(cloudwatch_alarm_set, OPTIONS, read(), check_mode=True).result["alarm_set"] == real


@pytest.mark.parametrize(
    ("alarm", "fix"),
    [
        ({"name": "memory", "threshold": 1}, "no namespace, metric_name, comparison_operator. Set them, or rule"),
        (CPU, "'cpu' more than once"),
    ],
)
def test_alarms_that_cannot_be_are_refused(run_module: Callable[..., Any], alarm: dict[str, Any], fix: str) -> None:
    options = {"name_prefix": PREFIX, "alarms": [CPU, alarm]}
    assert fix in run_module(cloudwatch_alarm_set, options, read()).message
