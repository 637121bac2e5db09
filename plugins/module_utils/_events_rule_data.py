# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""EventBridge rules and their targets as the plain data in which they are compared, and as requests."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._module import refuse_repeated
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._tags import desired_tags

ENABLED = "ENABLED"
DISABLED = "DISABLED"
# Also for events of calls that only read (EventBridge API reference, PutRule, State).
ALL_MANAGEMENT = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
# What EventBridge does for a target without a retry policy (EventBridge API reference, RetryPolicy).
RETRIES = {"maximum_retry_attempts": 185, "maximum_event_age_in_seconds": 86400}
# Settings of a target whose value is a text: name here -> members of the request.
TEXTS = {
    "id": ("Id",),
    "arn": ("Arn",),
    "role_arn": ("RoleArn",),
    "input": ("Input",),
    "input_path": ("InputPath",),
    "sqs_message_group_id": ("SqsParameters", "MessageGroupId"),
    "dead_letter_arn": ("DeadLetterConfig", "Arn"),
}
KNOWN = {members[0] for members in TEXTS.values()} | {"InputTransformer", "RetryPolicy"}


def parse_pattern(text: str | None) -> Plain | None:
    """Return an event pattern as data: empty for an empty text, None for none.

    :raises AnsibleAWSError: when it is no JSON object, or has a field without a list of values.
    """
    if text is None:
        return None
    try:
        pattern = json.loads(text) if text else {}
    except ValueError as error:
        raise AnsibleAWSError(
            message=f"event_pattern is no JSON: {error}. Give a dictionary, or valid JSON."
        ) from error
    if not isinstance(pattern, dict):
        raise AnsibleAWSError(
            message=f"event_pattern is {pattern!r}, but must be an object such as {{'source': ['aws.ec2']}}."
        )
    check_fields(pattern, "")
    return pattern


def check_fields(fields: Plain, path: str) -> None:
    """Stop when a field of a pattern has neither fields nor a list of values.

    :param path: names of the fields around these, each with a dot behind it.
    """
    for name, value in fields.items():
        if isinstance(value, dict):
            check_fields(value, f"{path}{name}.")
        elif not isinstance(value, list):
            raise AnsibleAWSError(
                message=f"event_pattern: {path}{name} is {value!r}, but must be a list of the values that match, "
                f"such as {[value]!r}."
            )


def view(rule: Plain, targets: t.Iterable[Plain], tags: t.Mapping[str, str]) -> Plain:
    """Return a rule as the module returns and compares it; what it does not have is empty."""
    return {
        "name": rule["Name"],
        "event_bus_name": rule["EventBusName"],
        "arn": rule["Arn"],
        "state": rule["State"],
        "description": rule.get("Description", ""),
        "event_pattern": json.loads(rule.get("EventPattern") or "{}"),
        "schedule_expression": rule.get("ScheduleExpression", ""),
        "role_arn": rule.get("RoleArn", ""),
        "targets": by_id(target_view(target) for target in targets),
        "tags": dict(tags),
    }


def unknown_view(client: t.Any, options: Plain) -> Plain:
    """Return the predicted return values of a rule that does not exist, before the options are laid over them."""
    bus = options["event_bus_name"].split(":event-bus/")[-1]
    resource = f"rule/{options['name']}" if bus == "default" else f"rule/{bus}/{options['name']}"
    known = {"Name": options["name"], "EventBusName": bus, "State": ENABLED}
    arn = predicted_arn(client, "events", resource, own_arn(options))
    return view({**known, "Arn": arn}, [], {})


def own_arn(options: Plain) -> str | None:
    """Return an ARN of the account that the rule will be in, None when the options have none.

    Roles are in the account of the bus. So is a target without a role, save another event bus (EventBridge user guide,
    "Sending events to an AWS service in another account").
    """
    targets = options["targets"] or []
    candidates = [options["event_bus_name"], options["role_arn"], *(target["role_arn"] for target in targets)]
    candidates += [target["arn"] for target in targets if ":events:" not in target["arn"]]
    with_account = (arn for arn in candidates if arn and ":".join(arn.split(":")[4:5]).isdigit())
    return next(with_account, None)


def desired_from(options: Plain, current: Plain | None) -> Plain:
    """Return the values that the options ask for, in the form of the rule that was read."""
    found = current or {}
    return {
        "state": wanted_state(options, found.get("state", "")),
        "description": options["description"],
        "event_pattern": parse_pattern(options["event_pattern"]),
        "schedule_expression": options["schedule_expression"],
        "role_arn": options["role_arn"],
        "targets": wanted_targets(options["targets"], found.get("targets", [])),
        "tags": desired_tags(found.get("tags"), options["tags"], options["purge_tags"]),
    }


def wanted_state(options: Plain, found: str) -> str | None:
    """Return the state to reach; one of several enabled ones stays what it is, unless it is chosen."""
    enabled, everything = options["enabled"], options["all_management_events"]
    if enabled is None and (everything is None or found == DISABLED):
        return None
    if enabled is False:
        return DISABLED
    if everything is not None:
        return ALL_MANAGEMENT if everything else ENABLED
    return found if found.startswith(ENABLED) else ENABLED


def wanted_targets(targets: list[Plain] | None, found: list[Plain]) -> list[Plain] | None:
    """Return the targets that the option asks for, None when they are left alone."""
    present = {target["id"]: target for target in found}
    return None if targets is None else by_id(wanted_target(target, present.get(target["id"])) for target in targets)


def wanted_target(target: Plain, found: Plain | None) -> Plain:
    """Return one target of the option in the form of those that are read."""
    transformer, retries = target["input_transformer"], target["retry_policy"] or {}
    paths = (transformer or {}).get("input_paths_map") or {}
    # Another resource may not take the parameters of the one before.
    other = found["other_parameters"] if found and found["arn"] == target["arn"] else {}
    return {
        **{name: target[name] or None for name in TEXTS},
        "input_transformer": transformer
        and {
            "input_paths_map": {name: str(path) for name, path in paths.items()},
            "input_template": transformer["input_template"],
        },
        "retry_policy": {
            name: default if retries.get(name) is None else retries[name] for name, default in RETRIES.items()
        },
        "other_parameters": other,
    }


def target_view(target: Plain) -> Plain:
    """Return a target as it is returned and compared; None is what it does not have."""
    transformer, retries = target.get("InputTransformer"), target.get("RetryPolicy", {})
    return {
        **{name: member(target, *members) for name, members in TEXTS.items()},
        "input_transformer": transformer
        and {
            "input_paths_map": transformer.get("InputPathsMap", {}),
            "input_template": transformer["InputTemplate"],
        },
        "retry_policy": {name: retries.get(camel(name), default) for name, default in RETRIES.items()},
        "other_parameters": {name: value for name, value in target.items() if name not in KNOWN},
    }


def target_request(target: Plain) -> Plain:
    """Return a target as PutTargets takes it, which replaces all of the one that has its id."""
    request = dict(target["other_parameters"])
    for name, (first, *rest) in TEXTS.items():
        if target[name] is not None:
            request[first] = {rest[0]: target[name]} if rest else target[name]
    if target["input_transformer"]:
        request["InputTransformer"] = {camel(name): value for name, value in target["input_transformer"].items()}
    if target["retry_policy"] != RETRIES:
        request["RetryPolicy"] = {camel(name): value for name, value in target["retry_policy"].items()}
    return request


def rule_request(rule: Plain) -> Plain:
    """Return a rule as PutRule takes it, which resets everything that is not in the request."""
    members = {
        "EventPattern": json.dumps(rule["event_pattern"]) if rule["event_pattern"] else None,
        "ScheduleExpression": rule["schedule_expression"],
        "State": rule["state"],
        "Description": rule["description"],
        "RoleArn": rule["role_arn"],
    }
    return {name: value for name, value in members.items() if value}


def by_id(targets: t.Iterable[Plain]) -> list[Plain]:
    """Return targets in the order in which they are compared."""
    return sorted(targets, key=lambda target: str(target["id"]))


def camel(name: str) -> str:
    """Return a name of ours as AWS writes it."""
    return "".join(part.capitalize() for part in name.split("_"))


def member(resource: Plain, first: str, second: str | None = None) -> t.Any:
    """Return a member of what AWS answered, or a member of that, None when there is none."""
    found = resource.get(first)
    return (found or {}).get(second) if second else found


def check_options(options: Plain) -> None:
    """Stop at options that cannot work, before AWS is asked for anything.

    :raises AnsibleAWSError: naming option, value and what to do.
    """
    check_arn("role_arn", options["role_arn"], ROLE)
    for target in options["targets"] or []:
        check_arn(f"role_arn of the target {target['id']}", target["role_arn"], ROLE)
    refuse_repeated("targets", "id", options["targets"] or [])
    parse_pattern(options["event_pattern"])


def check_trigger(rule: Plain) -> None:
    """Stop when a rule would have nothing that triggers it.

    :raises AnsibleAWSError: naming the options.
    """
    if not rule["event_pattern"] and not rule["schedule_expression"]:
        raise AnsibleAWSError(
            message=f"The rule {rule['name']} would have neither event_pattern nor schedule_expression. Set one."
        )
