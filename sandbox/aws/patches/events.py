# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's EventBridge."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import ResourceNotFoundException
from moto.events.models import EventBus, EventsBackend, Rule
from moto.events.utils import EventTemplateParser
from moto.sns.models import sns_backends

from sandbox.aws.wrap import wrap

_MOST_TARGETS = 5


def patch_tags_by_arn() -> None:
    """TagResource, UntagResource and ListTagsForResource look for the name in an ARN on any bus and take the first.

    Symptom: a rule has the tags of another one with the same name on another event bus.
    Source: EventBridge API reference, ListTagsForResource, ResourceARN; a rule's name is unique in its bus only.
    """

    def list_tags(_original: Callable[..., Any], self: EventsBackend, arn: str) -> dict[str, list[dict[str, str]]]:
        return self.tagger.list_tags_for_resource(_named(self, arn).arn)

    def tag(_original: Callable[..., None], self: EventsBackend, arn: str, tags: dict[str, str]) -> None:
        self.tagger.tag_resource(_named(self, arn).arn, self.tagger.convert_dict_to_tags_input(tags))

    def untag(_original: Callable[..., None], self: EventsBackend, arn: str, tag_keys: list[str]) -> None:
        self.tagger.untag_resource_using_names(_named(self, arn).arn, tag_keys)

    wrap(EventsBackend, "list_tags_for_resource", list_tags)
    wrap(EventsBackend, "tag_resource", tag)
    wrap(EventsBackend, "untag_resource", untag)


def patch_tags_of_rule_that_exists() -> None:
    """PutRule tags a rule that exists already.

    Symptom: a play that changes tags with PutRule passes here and changes nothing in AWS.
    Source: EventBridge API reference, PutRule: tags are ignored when an existing rule is updated.
    """

    def put(original: Callable[..., Rule], self: EventsBackend, name: str, **request: Any) -> Rule:
        bus = self.event_buses.get(self._normalize_event_bus_arn(request.get("event_bus_arn")))
        if bus and name in bus.rules:
            request["tags"] = None
        return original(self, name, **request)

    wrap(EventsBackend, "put_rule", put)


def patch_target_quota() -> None:
    """PutTargets takes any number of targets for a rule.

    Symptom: a play with six passes here and fails in AWS.
    Source: EventBridge user guide, quotas: five targets per rule; API reference, PutTargets, LimitExceededException.
    """

    def put(
        original: Callable[..., None],
        self: EventsBackend,
        name: str,
        event_bus_arn: str | None,
        targets: list[dict[str, Any]],
    ) -> None:
        bus = self.event_buses.get(self._normalize_event_bus_arn(event_bus_arn))
        rule = bus.rules.get(name) if bus else None
        present = rule.targets if rule else []
        if len({target["Id"] for target in (*present, *targets)}) > _MOST_TARGETS:
            message = "The requested resource exceeds the maximum number allowed."
            raise JsonRESTError("LimitExceededException", message)
        original(self, name, event_bus_arn, targets)

    wrap(EventsBackend, "put_targets", put)


def patch_events_of_disabled_rule() -> None:
    """Events that match a disabled rule reach its targets.

    Source: EventBridge API reference, DisableRule: a disabled rule does not match any events.
    """

    def send(original: Callable[..., None], self: Rule, *event: Any, **options: Any) -> None:
        if self.state != "DISABLED":
            original(self, *event, **options)

    wrap(Rule, "send_to_targets", send)


def patch_events_to_topics() -> None:
    """An event for an SNS topic makes PutEvents fail.

    Source: EventBridge user guide, "Event bus targets": an SNS topic is one; its subscribers get what the target sends,
    the whole event unless it is transformed.
    """

    def send(original: Callable[..., None], self: Rule, event: Any, *rest: Any, **options: Any) -> None:
        topics = [target for target in self.targets if target["Arn"].split(":")[2] == "sns"]
        others = copy.copy(self)
        others.targets = [target for target in self.targets if target not in topics]
        original(others, event, *rest, **options)
        if self.state == "DISABLED" or not self.event_pattern.matches_event(event):
            return
        for target in topics:
            region, account = target["Arn"].split(":")[3:5]
            topic = sns_backends[account][region].topics.get(target["Arn"])
            if topic:
                topic.publish(_text(target, event))

    wrap(Rule, "send_to_targets", send)


def _text(target: dict[str, Any], event: Any) -> str:
    """What a target sends of an event."""
    transformer = target.get("InputTransformer", {})
    sent = EventTemplateParser.parse(
        input_template=transformer.get("InputTemplate"),
        input_paths_map=transformer.get("InputPathsMap", {}),
        event=event,
    )
    return sent if isinstance(sent, str) else json.dumps(sent)


def _named(backend: EventsBackend, arn: str) -> EventBus | Rule:
    for bus in backend.event_buses.values():
        resources: list[EventBus | Rule] = [bus, *bus.rules.values()]
        for resource in resources:
            if resource.arn == arn:
                return resource
    raise ResourceNotFoundException(f"Resource {arn} does not exist.")


PATCHES = (
    patch_tags_by_arn,
    patch_tags_of_rule_that_exists,
    patch_target_quota,
    patch_events_of_disabled_rule,
    patch_events_to_topics,
)
