# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module events_rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import events_rule

NAME = "production-spot"
ARN = f"arn:aws:events:eu-west-1:123456789012:rule/{NAME}"
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:production"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
ROLE = "arn:aws:iam::123456789012:role/events"
PATTERN = {"source": ["aws.ec2"], "detail": {"state": ["running"]}}
OTHER_PATTERN = {"source": ["aws.health"]}
TEXT = json.dumps(PATTERN)
RULE = {"Name": NAME, "EventBusName": "default"}
OF_RULE = {"Rule": NAME, "EventBusName": "default"}
RETRIES = {"maximum_retry_attempts": 185, "maximum_event_age_in_seconds": 86400}
TARGET = {"id": "queue", "arn": QUEUE}
WIRE = {"Id": "queue", "Arn": QUEUE}
OPTIONS: dict[str, Any] = {"name": NAME, "event_pattern": PATTERN, "targets": [TARGET], "tags": {"team": "platform"}}
ABSENT = {"name": NAME, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
MISSING: Call = ("describe_rule", RULE, "ResourceNotFoundException: none")
DONE = {"FailedEntryCount": 0, "FailedEntries": []}
# Every setting of a target, here and as EventBridge has it.
FULL_TARGET = {
    "id": "full",
    "arn": f"{QUEUE}.fifo",
    "role_arn": ROLE,
    "input_transformer": {"input_paths_map": {"state": "$.detail.state"}, "input_template": '"<state>"'},
    "sqs_message_group_id": "group",
    "dead_letter_arn": f"{QUEUE}-dead",
    "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 86400},
}
FULL_WIRE = {
    "Id": "full",
    "Arn": f"{QUEUE}.fifo",
    "RoleArn": ROLE,
    "InputTransformer": {"InputPathsMap": {"state": "$.detail.state"}, "InputTemplate": '"<state>"'},
    "SqsParameters": {"MessageGroupId": "group"},
    "DeadLetterConfig": {"Arn": f"{QUEUE}-dead"},
    "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 86400},
}


def shown(**changes: Any) -> dict[str, Any]:
    """Return a target as the module returns it."""
    texts = ("role_arn", "input", "input_path", "input_transformer", "sqs_message_group_id", "dead_letter_arn")
    return {**dict.fromkeys(texts), "retry_policy": RETRIES, "other_parameters": {}, **TARGET, **changes}


def read(*targets: dict[str, Any], tag: str | None = "platform", **members: Any) -> list[Call]:
    """Return the expected calls that read a rule; a member of None is not there."""
    rule = {**RULE, "Arn": ARN, "State": "ENABLED", "EventPattern": TEXT, **members}
    tags = [{"Key": "team", "Value": tag}] if tag else []
    return [
        ("describe_rule", RULE, {name: value for name, value in rule.items() if value is not None}),
        ("list_targets_by_rule", OF_RULE, {"Targets": list(targets)} if targets else {}),
        ("list_tags_for_resource", {"ResourceARN": ARN}, {"Tags": tags}),
    ]


def put(**members: Any) -> Call:
    """Return the expected writing of the rule; a member of None must not be sent."""
    request = {**RULE, "EventPattern": TEXT, "State": "ENABLED", **members}
    return ("put_rule", {name: value for name, value in request.items() if value is not None}, {"RuleArn": ARN})


def put_targets(*targets: dict[str, Any], answer: Any = None) -> Call:
    """Return the expected writing of targets."""
    return ("put_targets", {**OF_RULE, "Targets": list(targets)}, answer or DONE)


def remove_targets(*ids: str, answer: Any = None) -> Call:
    """Return the expected removal of targets."""
    return ("remove_targets", {**OF_RULE, "Ids": list(ids)}, answer or DONE)


def numbered(*numbers: int) -> list[dict[str, Any]]:
    """Return targets as EventBridge has them."""
    return [{"Id": f"target-{number:02}", "Arn": QUEUE} for number in numbers]


DELETE: Call = ("delete_rule", RULE, {})
CREATE = put(Tags=[{"Key": "team", "Value": "platform"}])
TAGGING: list[Call] = [
    ("tag_resource", {"ResourceARN": ARN, "Tags": [{"Key": "size", "Value": "1"}]}, {}),
    ("untag_resource", {"ResourceARN": ARN, "TagKeys": ["team"]}, {}),
]
VALUES = {
    "name": NAME,
    "event_bus_name": "default",
    "arn": ARN,
    "state": "ENABLED",
    "description": "",
    "event_pattern": PATTERN,
    "schedule_expression": "",
    "role_arn": "",
    "targets": [shown()],
    "tags": {"team": "platform"},
}
EXTRAS = {"Description": "why", "RoleArn": ROLE}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned rule
    "create": (OPTIONS, [MISSING], [CREATE, *read(), put_targets(WIRE), *read(WIRE)], True, VALUES),
    "no-op": (OPTIONS, read(WIRE), [], False, VALUES),
    "update": (
        {**OPTIONS, "event_pattern": OTHER_PATTERN, "tags": {"size": "1"}, "targets": [{"id": "topic", "arn": TOPIC}]},
        read(WIRE, **EXTRAS),
        [
            put(EventPattern=json.dumps(OTHER_PATTERN), **EXTRAS),
            put_targets({"Id": "topic", "Arn": TOPIC}),
            remove_targets("queue"),
            *TAGGING,
            *read({"Id": "topic", "Arn": TOPIC}, EventPattern=json.dumps(OTHER_PATTERN), tag=None, **EXTRAS),
        ],
        True,
        {"event_pattern": OTHER_PATTERN, "description": "why", "role_arn": ROLE},
    ),
    "update of one tag": (
        {"name": NAME, "tags": {"size": "1"}, "purge_tags": False},
        read(WIRE),
        [TAGGING[0], *read(WIRE)],
        True,
        {"targets": [shown()]},
    ),
    "disable": (
        {"name": NAME, "enabled": False},
        read(WIRE, **EXTRAS),
        [put(State="DISABLED", **EXTRAS), *read(WIRE, State="DISABLED", **EXTRAS)],
        True,
        {"state": "DISABLED", "targets": [shown()], "tags": {"team": "platform"}},
    ),
    "clear": (
        {"name": NAME, "description": "", "role_arn": "", "schedule_expression": "rate(1 day)", "event_pattern": {}}
        | {"targets": [], "tags": {}},
        read(WIRE, **EXTRAS),
        [
            put(EventPattern=None, ScheduleExpression="rate(1 day)"),
            remove_targets("queue"),
            ("untag_resource", {"ResourceARN": ARN, "TagKeys": ["team"]}, {}),
            *read(tag=None, EventPattern=None, ScheduleExpression="rate(1 day)"),
        ],
        True,
        {"description": "", "event_pattern": {}, "schedule_expression": "rate(1 day)", "targets": [], "tags": {}},
    ),
    "every setting of a target": (
        {"name": NAME, "targets": [FULL_TARGET]},
        read(FULL_WIRE | {"RoleArn": f"{ROLE}-2"}),
        [put_targets(FULL_WIRE), *read(FULL_WIRE)],
        True,
        {"targets": [shown(**FULL_TARGET)]},
    ),
    "delete": (ABSENT, read(WIRE), [remove_targets("queue"), DELETE], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, rule = MATRIX[case]
    outcome = run_module(events_rule, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "rule", rule)


def test_prediction_is_the_rule_that_is_made(run_module: Callable[..., Any]) -> None:
    assert run_module(events_rule, OPTIONS, [MISSING], check_mode=True).result["rule"] == VALUES


PREDICTED = "arn:aws:events:eu-west-1"


@pytest.mark.parametrize(
    ("options", "arn"),
    [
        ({"targets": [{"id": "a", "arn": QUEUE}]}, ARN),
        ({"role_arn": ROLE}, ARN),
        ({"targets": [{"id": "a", "arn": QUEUE.replace("123456789012", "210987654321"), "role_arn": ROLE}]}, ARN),
        ({"targets": [{"id": "a", "arn": "sqs-known-after-apply"}]}, f"{PREDICTED}:known-after-apply"),
        (
            {"targets": [{"id": "a", "arn": "arn:aws:events:eu-west-1:210987654321:event-bus/central"}]},
            f"{PREDICTED}:known-after-apply",
        ),
        ({}, f"{PREDICTED}:known-after-apply"),
        (
            {"event_bus_name": f"{PREDICTED}:123456789012:event-bus/orders"},
            f"{PREDICTED}:123456789012:rule/orders/{NAME}",
        ),
        ({"event_bus_name": "orders", "role_arn": ROLE}, f"{PREDICTED}:123456789012:rule/orders/{NAME}"),
    ],
)
def test_the_arn_is_predicted_when_the_account_can_be_told(
    run_module: Callable[..., Any], options: dict[str, Any], arn: str
) -> None:
    request = {**RULE, "EventBusName": options.get("event_bus_name", "default")}
    steps = [("describe_rule", request, "ResourceNotFoundException: none")]
    options = {"name": NAME, "event_pattern": PATTERN, **options}
    assert run_module(events_rule, options, steps, check_mode=True).result["rule"]["arn"] == arn


def test_a_pattern_is_compared_as_values(run_module: Callable[..., Any]) -> None:
    text = '{"detail":{"state":["running"]},\n "source":["aws.ec2"]}'
    for pattern in (text, PATTERN):
        options = {"name": NAME, "event_pattern": pattern}
        assert run_module(events_rule, options, read(EventPattern=text)).result["changed"] is False


def test_the_order_of_targets_and_the_usual_retries_are_no_difference(run_module: Callable[..., Any]) -> None:
    targets = [{"id": "b", "arn": TOPIC, "retry_policy": RETRIES}, {"id": "a", "arn": QUEUE, "role_arn": ""}]
    found = read({"Id": "a", "Arn": QUEUE}, {"Id": "b", "Arn": TOPIC})
    assert run_module(events_rule, {"name": NAME, "targets": targets}, found).result["changed"] is False


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ({"input": {"a": 1}}, {"Input": '{"a": 1}'}),
        ({"input_path": "$.detail"}, {"InputPath": "$.detail"}),
        (
            {"input_transformer": {"input_template": {"a": "<x>"}}},
            {"InputTransformer": {"InputPathsMap": {}, "InputTemplate": '{"a": "<x>"}'}},
        ),
        (
            {"retry_policy": {"maximum_retry_attempts": 0}},
            {"RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 86400}},
        ),
    ],
)
def test_what_a_target_gets(run_module: Callable[..., Any], given: dict[str, Any], wire: dict[str, Any]) -> None:
    options = {"name": NAME, "targets": [{**TARGET, **given}]}
    steps = [*read(WIRE), put_targets({**WIRE, **wire}), *read({**WIRE, **wire})]
    assert run_module(events_rule, options, steps).result["changed"] is True
    assert run_module(events_rule, options, read({**WIRE, **wire})).result["changed"] is False


def test_only_one_kind_of_input_is_taken(run_module: Callable[..., Any]) -> None:
    target = {**TARGET, "input": "{}", "input_path": "$.detail"}
    assert "mutually exclusive" in run_module(events_rule, {"name": NAME, "targets": [target]}).message


ECS = {"EcsParameters": {"TaskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/a:1"}}


def test_what_no_option_sets_is_kept_with_a_target(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "targets": [{**TARGET, "input": "{}"}]}
    written = {**WIRE, **ECS, "Input": "{}"}
    outcome = run_module(events_rule, options, [*read({**WIRE, **ECS}), put_targets(written), *read(written)])
    assert outcome.result["rule"]["targets"] == [shown(input="{}", other_parameters=ECS)]


def test_another_resource_does_not_get_the_parameters_of_the_one_before(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "targets": [{"id": "queue", "arn": TOPIC}]}
    written = {"Id": "queue", "Arn": TOPIC}
    run_module(events_rule, options, [*read({**WIRE, **ECS}), put_targets(written), *read(written)])


def test_only_targets_that_differ_are_written(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "targets": [TARGET, {"id": "topic", "arn": TOPIC}]}
    topic = {"Id": "topic", "Arn": TOPIC}
    run_module(events_rule, options, [*read(WIRE), put_targets(topic), *read(WIRE, topic)])


def test_targets_that_the_quota_leaves_no_room_for_go_first(run_module: Callable[..., Any]) -> None:
    wanted = [{"id": f"target-{number:02}", "arn": QUEUE} for number in range(2, 7)]
    steps = [*read(*numbered(*range(1, 6))), remove_targets("target-01"), put_targets(*numbered(6))]
    steps += read(*numbered(*range(2, 7)))
    assert run_module(events_rule, {"name": NAME, "targets": wanted}, steps).result["changed"] is True


def test_targets_are_written_and_removed_ten_at_a_time(run_module: Callable[..., Any]) -> None:
    old = [f"old-{number:02}" for number in range(11)]
    wanted = [{"id": f"target-{number:02}", "arn": QUEUE} for number in range(11)]
    steps = [
        *read(*({"Id": name, "Arn": QUEUE} for name in old)),
        remove_targets(*old[:10]),
        remove_targets(*old[10:]),
        put_targets(*numbered(*range(10))),
        put_targets(*numbered(10)),
        *read(*numbered(*range(11))),
    ]
    assert run_module(events_rule, {"name": NAME, "targets": wanted}, steps).result["changed"] is True


REFUSED = {
    "FailedEntryCount": 1,
    "FailedEntries": [{"TargetId": "queue", "ErrorCode": "InternalFailure", "ErrorMessage": "no such queue"}],
}


def test_a_target_that_eventbridge_refuses_is_an_error(run_module: Callable[..., Any]) -> None:
    message = run_module(events_rule, OPTIONS, [*read(), put_targets(WIRE, answer=REFUSED)]).message
    assert all(part in message for part in ("write the targets", NAME, "queue", "InternalFailure", "no such queue"))


def test_a_target_that_eventbridge_keeps_is_an_error(run_module: Callable[..., Any]) -> None:
    message = run_module(events_rule, ABSENT, [*read(WIRE), remove_targets("queue", answer=REFUSED)]).message
    assert all(part in message for part in ("remove the targets", NAME, "queue", "no such queue"))


@pytest.mark.parametrize("options", [OPTIONS, ABSENT], ids=["present", "absent"])
@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_rule_of_an_aws_service_is_refused(
    run_module: Callable[..., Any], options: dict[str, Any], check_mode: bool
) -> None:
    steps = read(ManagedBy="autoscaling.amazonaws.com")[:1]
    message = run_module(events_rule, options, steps, check_mode=check_mode).message
    assert NAME in message
    assert "managed by autoscaling.amazonaws.com" in message


def test_writes_are_repeated_while_another_one_is_under_way(run_module: Callable[..., Any]) -> None:
    busy = "ConcurrentModificationException: try again"

    def twice(call: Call) -> list[Call]:
        return [(call[0], call[1], busy), call]

    topic = {"Id": "topic", "Arn": TOPIC}
    options = {"name": NAME, "enabled": False, "targets": [{"id": "topic", "arn": TOPIC}], "tags": {"size": "1"}}
    steps = [
        *read(WIRE),
        *twice(put(State="DISABLED")),
        *twice(put_targets(topic)),
        *twice(remove_targets("queue")),
        *twice(TAGGING[0]),
        *twice(TAGGING[1]),
        *read(topic, State="DISABLED"),
    ]
    assert run_module(events_rule, options, steps).result["changed"] is True
    assert run_module(events_rule, ABSENT, [*read(), *twice(DELETE)]).result["changed"] is True


def test_a_lasting_conflict_is_an_error(run_module: Callable[..., Any]) -> None:
    busy = ("delete_rule", RULE, "ConcurrentModificationException: try again")
    message = run_module(events_rule, ABSENT, [*read(), *[busy] * 31]).message
    assert f"delete the rule {NAME}" in message


@pytest.mark.parametrize("state", ["ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"])
def test_an_enabled_rule_stays_enabled_as_it_is(run_module: Callable[..., Any], state: str) -> None:
    outcome = run_module(events_rule, {"name": NAME, "enabled": True}, read(State=state))
    assert outcome.result["changed"] is False
    assert outcome.result["rule"]["state"] == state


def test_a_disabled_rule_is_enabled(run_module: Callable[..., Any]) -> None:
    steps = [*read(State="DISABLED"), put(), *read()]
    assert run_module(events_rule, {"name": NAME, "enabled": True}, steps).result["rule"]["state"] == "ENABLED"


ALL = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@pytest.mark.parametrize(
    ("found", "options", "state"),
    [
        ("ENABLED", {"all_management_events": True}, ALL),
        (ALL, {"all_management_events": False}, "ENABLED"),
        ("DISABLED", {"all_management_events": True}, None),
        ("DISABLED", {"all_management_events": True, "enabled": True}, ALL),
        (ALL, {"all_management_events": True, "enabled": False}, "DISABLED"),
    ],
)
def test_calls_that_only_read(
    run_module: Callable[..., Any], found: str, options: dict[str, Any], state: str | None
) -> None:
    steps = read(State=found) if state is None else [*read(State=found), put(State=state), *read(State=state)]
    result = run_module(events_rule, {"name": NAME, **options}, steps).result
    assert (result["changed"], result["rule"]["state"]) == (state is not None, state or found)


def test_a_new_rule_is_waited_for(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "event_pattern": PATTERN, "enabled": False}
    found = read(State="DISABLED", tag=None)
    outcome = run_module(events_rule, options, [MISSING, put(State="DISABLED"), MISSING, *found, *found])
    assert outcome.result["rule"]["state"] == "DISABLED"


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("{", ["no JSON", "line 1"]),
        ("[]", ["[]", "must be an object"]),
        ({"source": "aws.ec2"}, ["source is 'aws.ec2'", "['aws.ec2']"]),
        ({"detail": {"count": 3}}, ["detail.count is 3", "[3]"]),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_pattern_that_cannot_match_is_refused(
    run_module: Callable[..., Any], pattern: Any, parts: list[str], check_mode: bool
) -> None:
    options = {"name": NAME, "event_pattern": pattern}
    message = run_module(events_rule, options, check_mode=check_mode).message
    assert all(part in message for part in ["event_pattern", *parts])


def test_a_rule_without_a_trigger_is_refused(run_module: Callable[..., Any]) -> None:
    steps: list[Any] = [[MISSING], read()]
    for options, reads in zip(({"name": NAME}, {"name": NAME, "event_pattern": ""}), steps, strict=True):
        assert "neither event_pattern nor schedule_expression" in run_module(events_rule, options, reads).message


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        ({"role_arn": "events"}, ["role_arn is 'events'"]),
        ({"targets": [{**TARGET, "role_arn": QUEUE}]}, ["role_arn of the target queue", QUEUE]),
        ({"targets": [TARGET, {"id": "queue", "arn": TOPIC}]}, ["'queue' more than once"]),
    ],
)
def test_options_that_cannot_work_are_refused(
    run_module: Callable[..., Any], options: dict[str, Any], parts: list[str]
) -> None:
    message = run_module(events_rule, {"name": NAME, "event_pattern": PATTERN, **options}).message
    assert all(part in message for part in parts)


def test_the_rule_of_another_bus(run_module: Callable[..., Any]) -> None:
    arn = ARN.replace("rule/", "rule/orders/")
    bus = {"EventBusName": "orders"}
    found = {"Name": NAME, **bus, "Arn": arn, "State": "ENABLED", "EventPattern": TEXT}
    steps = [
        ("describe_rule", {"Name": NAME, **bus}, found),
        ("list_targets_by_rule", {"Rule": NAME, **bus}, {}),
        ("list_tags_for_resource", {"ResourceARN": arn}, {"Tags": []}),
        ("delete_rule", {"Name": NAME, **bus}, {}),
    ]
    outcome = run_module(events_rule, {**ABSENT, "event_bus_name": "orders"}, steps)
    assert outcome.result["changed"] is True
