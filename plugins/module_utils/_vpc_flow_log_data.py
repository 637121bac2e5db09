# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VPC flow logs: the plain data in which they are compared, and what is said of options before anything is called."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._arns import ROLE, check_arn
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._ec2 import tag_specification
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import (
    UNKNOWN,
    is_unknown,
    placeholder,
    predicted_arn,
)
from ansible_collections.supastack.aws.plugins.module_utils._tags import own_tags, tags_of

CLOUDWATCH = "cloud-watch-logs"
S3 = "s3"
FIREHOSE = "kinesis-data-firehose"
RESOURCE_TYPES = {"vpc": "VPC", "subnet": "Subnet", "eni": "NetworkInterface"}
# The service in the ARN of a destination, and what EC2 calls such a destination.
DESTINATION_TYPES = {"logs": CLOUDWATCH, "s3": S3, "firehose": FIREHOSE}
DESTINATION_ARNS = {
    CLOUDWATCH: r"arn:[\w-]+:logs:[\w-]+:\d{12}:log-group:[\w./#-]+(:\*)?",
    S3: r"arn:[\w-]+:s3:::[\w.-]+(/.*)?",
    FIREHOSE: r"arn:[\w-]+:firehose:[\w-]+:\d{12}:deliverystream/[\w.-]+",
}
DESTINATION_FORMS = {
    CLOUDWATCH: "arn:aws:logs:REGION:ACCOUNT:log-group:NAME",
    S3: "arn:aws:s3:::BUCKET or arn:aws:s3:::BUCKET/PREFIX",
    FIREHOSE: "arn:aws:firehose:REGION:ACCOUNT:deliverystream/NAME",
}
FIELD = r"\$\{[^\s{}]+\}"
# What EC2 takes when a request does not say (VPC user guide, "Flow log records": the fields of version 2).
DEFAULT_FIELDS = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
)
DEFAULT_FORMAT = " ".join(f"${{{field}}}" for field in DEFAULT_FIELDS.split())
DEFAULT_INTERVAL = 600
DEFAULT_OPTIONS: Plain = {"file_format": "plain-text", "hive_compatible_partitions": False, "per_hour_partition": False}
OPTION_MEMBERS = {
    "file_format": "FileFormat",
    "hive_compatible_partitions": "HiveCompatiblePartitions",
    "per_hour_partition": "PerHourPartition",
}
# The values of a flow log that is to be made which only EC2 can tell.
NEW = {
    "flow_log_id": placeholder("fl"),
    "deliver_logs_status": UNKNOWN,
    "deliver_logs_error_message": UNKNOWN,
}


def resource_type(resource_id: str) -> str:
    """Return what EC2 calls the kind of a resource, by the prefix of its identifier; empty for an unknown kind."""
    return RESOURCE_TYPES.get(resource_id.partition("-")[0], UNKNOWN if is_unknown(resource_id) else "")


def destination_type(options: Plain) -> str:
    """Return what EC2 calls the kind of the destination, by its ARN unless the option tells; empty for none of them."""
    arn = options["log_destination"]
    service = f"{arn}:::".split(":")[2]
    return str(options["destination_type"] or DESTINATION_TYPES.get(service, UNKNOWN if is_unknown(arn) else ""))


def plain_arn(arn: str) -> str:
    """Return the ARN of a destination without the endings that change nothing."""
    return arn.removesuffix(":*").rstrip("/")


def plain_format(text: str) -> str:
    """Return a format with its fields one space apart; an empty one stands for the default."""
    return " ".join(text.split()) or DEFAULT_FORMAT


def check_options(options: Plain) -> None:
    """Refuse options that EC2 would refuse, as far as they can be told without asking it.

    :raises AnsibleAWSError: naming the option, its value and the remedy.
    """
    for problem in (resource_problem, destination_problem, role_problem, settings_problem):
        message = problem(options)
        if message:
            raise AnsibleAWSError(message=message)
    check_arn("role_arn", options["role_arn"], ROLE)


def resource_problem(options: Plain) -> str | None:
    """Return what is wrong with the resource."""
    if resource_type(options["resource_id"] or ""):
        return None
    return (
        f"resource_id is {options['resource_id']!r}, which is not the identifier of a VPC (vpc-...), a subnet "
        "(subnet-...) or a network interface (eni-...). Correct resource_id."
    )


def destination_problem(options: Plain) -> str | None:
    """Return what is wrong with the destination."""
    arn, kind = options["log_destination"], destination_type(options)
    if is_unknown(arn) or (kind and re.fullmatch(DESTINATION_ARNS[kind], arn or "")):
        return None
    form = DESTINATION_FORMS.get(kind, " or ".join(DESTINATION_FORMS.values()))
    return f"log_destination is {arn!r}, but must have the form {form}. Correct log_destination or destination_type."


def role_problem(options: Plain) -> str | None:
    """Return what is wrong with the role (EC2: "DeliverLogsPermissionArn is not applicable for s3 delivery")."""
    role, kind = options["role_arn"], destination_type(options)
    if kind == CLOUDWATCH and not role:
        return (
            f"role_arn is not set, but the destination type {kind!r} needs a role with which EC2 writes to the log "
            "group. Set role_arn to the ARN of a role that vpc-flow-logs.amazonaws.com may assume."
        )
    if role and kind not in (CLOUDWATCH, UNKNOWN):
        return f"role_arn is {role!r}, but EC2 takes no role for the destination type {kind!r}. Remove role_arn."
    return None


def settings_problem(options: Plain) -> str | None:
    """Return what is wrong with the format or with the options of the destination."""
    text, kind = options["log_format"], destination_type(options)
    if text and not all(re.fullmatch(FIELD, field) for field in text.split()):
        return (
            f"log_format is {text!r}, which is not a list of fields such as ${{srcaddr}} with spaces between them. "
            "Correct log_format."
        )
    if options["destination_options"] and kind not in (S3, UNKNOWN):
        return (
            f"destination_options is {options['destination_options']!r}, but the destination type is {kind!r} and "
            f"only {S3!r} has such options. Remove destination_options."
        )
    return None


def options_view(described: t.Mapping[str, t.Any]) -> Plain:
    """Return the described options of a bucket as the module returns and compares them."""
    return {name: described.get(member, DEFAULT_OPTIONS[name]) for name, member in OPTION_MEMBERS.items()}


def view(client: t.Any, flow_log: t.Mapping[str, t.Any]) -> Plain:
    """Return a described flow log as the module returns and compares it."""
    kind = flow_log.get("LogDestinationType", CLOUDWATCH)
    role = flow_log.get("DeliverLogsPermissionArn", "")
    # A flow log that was made with the name of its log group is described without LogDestination.
    group = predicted_arn(client, "logs", f"log-group:{flow_log.get('LogGroupName')}", role)
    return {
        "name": tags_of(flow_log).get("Name"),
        "flow_log_id": flow_log["FlowLogId"],
        "resource_id": flow_log["ResourceId"],
        "resource_type": resource_type(flow_log["ResourceId"]),
        "destination_type": kind,
        "log_destination": plain_arn(flow_log.get("LogDestination") or group),
        "role_arn": role,
        "traffic_type": flow_log.get("TrafficType"),
        "log_format": plain_format(flow_log.get("LogFormat", "")),
        "max_aggregation_interval": flow_log.get("MaxAggregationInterval", DEFAULT_INTERVAL),
        "destination_options": options_view(flow_log.get("DestinationOptions", {})) if kind == S3 else {},
        "deliver_logs_status": flow_log.get("DeliverLogsStatus"),
        "deliver_logs_error_message": flow_log.get("DeliverLogsErrorMessage", ""),
        "tags": tags_of(flow_log),
    }


def unknown_view(options: Plain) -> Plain:
    """Return the predicted return values of a flow log that does not exist, before the options are laid over them."""
    return {
        "name": options["name"],
        **NEW,
        "role_arn": "",
        "log_format": DEFAULT_FORMAT,
        "max_aggregation_interval": DEFAULT_INTERVAL,
        "destination_options": {},
    }


def desired_settings(options: Plain, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return what the options ask for of that which EC2 cannot change, in the form of a flow log that was read."""
    kind = destination_type(options)
    text = options["log_format"]
    return {
        "resource_id": options["resource_id"],
        "resource_type": resource_type(options["resource_id"]),
        "destination_type": kind,
        "log_destination": plain_arn(options["log_destination"]),
        "role_arn": options["role_arn"] if kind in (CLOUDWATCH, UNKNOWN) else "",
        "traffic_type": options["traffic_type"],
        "log_format": None if text is None else plain_format(text),
        "max_aggregation_interval": options["max_aggregation_interval"],
        "destination_options": desired_options(options["destination_options"], current) if kind == S3 else {},
    }


def desired_options(wanted: t.Mapping[str, t.Any] | None, current: t.Mapping[str, t.Any] | None) -> Plain:
    """Return the options of a bucket to end with; those that are not wanted stay as they are, if there are any."""
    given = {name: value for name, value in (wanted or {}).items() if value is not None}
    return {**DEFAULT_OPTIONS, **(current or {}).get("destination_options", {}), **given}


def request(values: t.Mapping[str, t.Any]) -> Plain:
    """Return the CreateFlowLogs request for the values of one flow log."""
    members: Plain = {
        "ResourceIds": [values["resource_id"]],
        "ResourceType": values["resource_type"],
        "TrafficType": values["traffic_type"],
        "LogDestinationType": values["destination_type"],
        "LogDestination": values["log_destination"],
        "MaxAggregationInterval": values["max_aggregation_interval"],
        "TagSpecifications": tag_specification("vpc-flow-log", own_tags(values["tags"])),
    }
    if values["role_arn"]:
        members["DeliverLogsPermissionArn"] = values["role_arn"]
    if values["log_format"] != DEFAULT_FORMAT:
        members["LogFormat"] = values["log_format"]
    if values["destination_options"]:
        members["DestinationOptions"] = {
            OPTION_MEMBERS[name]: value for name, value in values["destination_options"].items()
        }
    return members
