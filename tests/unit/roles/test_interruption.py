# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The way of an interruption to Karpenter: each rule of the role eks has the queue for its target, which admits it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.unit.roles.templating import CHECKOUT, evaluate, render

Json = dict[str, Any]

INPUTS = {
    "eks_environment": "demo",
    "eks_region": "eu-west-1",
    "eks_account_id": "123456789012",
    "eks_cluster_name": "demo-supabase",
    "eks_tags": {},
}
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:demo-supabase-karpenter"
RULES = "arn:aws:events:eu-west-1:123456789012:rule"
# https://karpenter.sh/docs/concepts/disruption/#interruption
EVENTS = {
    ("aws.ec2", "EC2 Spot Instance Interruption Warning"),
    ("aws.ec2", "EC2 Instance Rebalance Recommendation"),
    ("aws.ec2", "EC2 Instance State-change Notification"),
    ("aws.health", "AWS Health Event"),
}


def queue_and_rules() -> tuple[Json, list[Json]]:
    """Return the arguments with which the role makes the queue, and those of each of its rules."""
    file = CHECKOUT / "roles" / "eks" / "tasks" / "interruption.yml"
    queue, rule = yaml.safe_load(file.read_text(encoding="utf-8"))
    items = evaluate("eks", rule["loop"].strip("{} "), **INPUTS)
    rules = [render("eks", rule["supastack.aws.events_rule"], item=item, **INPUTS) for item in items]
    return render("eks", queue["community.aws.sqs_queue"], **INPUTS), rules


def problems(queue: Json, rules: list[Json]) -> list[str]:
    """Return what keeps an event that Karpenter waits for out of its queue."""
    found = []
    for rule in rules:
        if [target["arn"] for target in rule.get("targets", [])] != [QUEUE]:
            found.append(f"{rule['name']} does not bring its events to the queue")
        if not rule["enabled"]:
            found.append(f"{rule['name']} is switched off")
        if not any(admits(statement, rule["name"]) for statement in queue["policy"]["Statement"]):
            found.append(f"the queue does not admit {rule['name']}")
    caught = {
        (source, kind)
        for rule in rules
        for source in rule["event_pattern"]["source"]
        for kind in rule["event_pattern"]["detail-type"]
    }
    return [*found, *(f"no rule for {kind}" for _source, kind in sorted(EVENTS - caught))]


def admits(statement: Json, rule: str) -> bool:
    """Return whether a statement lets EventBridge put events of a rule into the queue."""
    return (
        statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": "events.amazonaws.com"}
        and statement["Action"] == "sqs:SendMessage"
        and statement["Resource"] == QUEUE
        and f"{RULES}/{rule}" in statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    )


def test_every_event_that_karpenter_waits_for_comes_into_its_queue() -> None:
    queue, rules = queue_and_rules()
    assert queue["name"] == QUEUE.rpartition(":")[2]
    assert problems(queue, rules) == []


def no_target(_queue: Json, rules: list[Json]) -> None:
    rules[0]["targets"] = []


def other_target(_queue: Json, rules: list[Json]) -> None:
    rules[0]["targets"][0]["arn"] += "-other"


def not_admitted(queue: Json, _rules: list[Json]) -> None:
    del queue["policy"]["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"][0]


def everybody_denied(queue: Json, _rules: list[Json]) -> None:
    del queue["policy"]["Statement"][0]


def no_rule(_queue: Json, rules: list[Json]) -> None:
    del rules[0]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (no_target, "demo-supabase-karpenter-spot does not bring its events to the queue"),
        (other_target, "demo-supabase-karpenter-spot does not bring its events to the queue"),
        (not_admitted, "the queue does not admit demo-supabase-karpenter-spot"),
        (everybody_denied, "the queue does not admit demo-supabase-karpenter-health"),
        (no_rule, "no rule for EC2 Spot Instance Interruption Warning"),
    ],
    ids=lambda value: value.__name__.replace("_", "-") if callable(value) else "",
)
def test_a_break_in_the_way_is_caught(mistake: Callable[[Json, list[Json]], None], message: str) -> None:
    queue, rules = copy.deepcopy(queue_and_rules())
    mistake(queue, rules)
    assert message in problems(queue, rules)
