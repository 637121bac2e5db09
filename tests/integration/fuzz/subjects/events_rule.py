# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject events_rule."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import role
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

PATTERNS = (
    {"source": ["aws.ec2"]},
    {"source": ["aws.ec2", "aws.health"], "detail": {"state": [{"prefix": "run"}], "size": [{"numeric": [">", 1]}]}},
)
QUEUE = "arn:aws:sqs:eu-west-1:123456789012:fuzz"
RETRIES = {"maximum_retry_attempts": 185, "maximum_event_age_in_seconds": 86400}


def prepare(clients: Clients) -> Options:
    clients("events").create_event_bus(Name="fuzz")
    return {"role_arn": role(clients, ["events.amazonaws.com"])}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}", "event_bus_name": "default" if text < "8" else "fuzz"}


def wishes(world: Options) -> Wishes:
    # The pattern is always there, since a rule of another bus cannot have a schedule instead.
    optional = some(
        description=st.sampled_from(["", "what it is for"]),
        role_arn=st.sampled_from(["", world["role_arn"]]),
        enabled=st.booleans(),
        all_management_events=st.booleans(),
        targets=targets(world),
        tags=TAGS,
    )
    return st.builds(lambda pattern, more: {"event_pattern": pattern, **more}, st.sampled_from(PATTERNS), optional)


def targets(world: Options) -> st.SearchStrategy[list[Options]]:
    """As many targets as the quota lets through."""
    inputs: tuple[Options, ...] = (
        {"input": '{"a": 1}'},
        {"input_path": "$.detail"},
        {"input_transformer": {"input_paths_map": {"state": "$.detail.state"}, "input_template": '"<state>"'}},
        {},
    )
    retries = st.builds(lambda attempts: {**RETRIES, "maximum_retry_attempts": attempts}, st.sampled_from([0, 185]))
    target = st.builds(
        lambda what, policy, more: {"retry_policy": policy, **what, **more},
        st.sampled_from(inputs),
        retries,
        st.fixed_dictionaries(
            {"id": st.sampled_from("abcdefg"), "arn": st.sampled_from([QUEUE, f"{QUEUE}-2"])},
            optional={
                "role_arn": st.just(world["role_arn"]),
                "sqs_message_group_id": st.just("group"),
                "dead_letter_arn": st.just(f"{QUEUE}-dead"),
            },
        ),
    )
    return st.lists(target, max_size=5, unique_by=lambda one: one["id"])


def observe(clients: Clients, options: Options) -> Options | None:
    events = clients("events")
    bus = {"EventBusName": options["event_bus_name"]}
    try:
        rule = events.describe_rule(Name=options["name"], **bus)
    except events.exceptions.ResourceNotFoundException:
        return None
    found = events.list_targets_by_rule(Rule=options["name"], **bus)["Targets"]
    tags = events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
    return {
        "description": rule.get("Description", ""),
        "event_pattern": json.loads(rule["EventPattern"]),
        "role_arn": rule.get("RoleArn", ""),
        "state": rule["State"],
        "targets": [observed(target) for target in found],
        "tags": tags_of(tags),
    }


def observed(target: dict[str, Any]) -> Options:
    """A target under the names of the options."""
    transformer, retries = target.get("InputTransformer"), target.get("RetryPolicy")
    return {
        "id": target["Id"],
        "arn": target["Arn"],
        "role_arn": target.get("RoleArn"),
        "input": target.get("Input"),
        "input_path": target.get("InputPath"),
        "input_transformer": transformer
        and {"input_paths_map": transformer["InputPathsMap"], "input_template": transformer["InputTemplate"]},
        "sqs_message_group_id": target.get("SqsParameters", {}).get("MessageGroupId"),
        "dead_letter_arn": target.get("DeadLetterConfig", {}).get("Arn"),
        "retry_policy": {**RETRIES, "maximum_retry_attempts": retries["MaximumRetryAttempts"]} if retries else RETRIES,
    }


def as_asked(wanted: Options, found: Options) -> Options:
    """The state under the names of its options, and targets without what no option sets."""
    targets_found = [
        {name: value for name, value in target.items() if name != "other_parameters"} for target in found["targets"]
    ]
    state, everything = found["state"], wanted.get("all_management_events")
    # A rule that is off does not tell what it would match.
    everything = everything if state == "DISABLED" else state.endswith("_MANAGEMENT_EVENTS")
    return {**found, "enabled": state != "DISABLED", "all_management_events": everything, "targets": targets_found}


SUBJECT = Subject(
    module="events_rule",
    key="rule",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    as_asked=as_asked,
)
