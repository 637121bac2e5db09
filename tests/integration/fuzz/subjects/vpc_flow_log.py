# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject vpc_flow_log."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network, role
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, tags_of

# One name for all, since the tags that come back hold it.
NAME = "fuzz-flow-log"
REGION = "eu-west-1"
SERVICE = "vpc-flow-logs.amazonaws.com"
FORMATS = ["${interface-id} ${srcaddr} ${dstaddr}", "${srcaddr}"]
OPTIONS: dict[str, list[Any]] = {
    "file_format": ["plain-text", "parquet"],
    "hive_compatible_partitions": [False, True],
    "per_hour_partition": [False, True],
}


def prepare(clients: Clients) -> Options:
    made = network(clients)
    account = clients("sts").get_caller_identity()["Account"]
    clients("logs").create_log_group(logGroupName=NAME)
    clients("s3").create_bucket(Bucket=NAME, CreateBucketConfiguration={"LocationConstraint": REGION})
    return {
        "resource_ids": [made["vpc_id"], made["subnet_ids"][0]],
        "role_arns": [role(clients, [SERVICE]) for _number in range(2)],
        # Nothing has made the second log group: the delivery fails.
        "groups": [f"arn:aws:logs:{REGION}:{account}:log-group:{name}" for name in (NAME, f"{NAME}-none")],
        "buckets": [f"arn:aws:s3:::{NAME}", f"arn:aws:s3:::{NAME}/flow"],
    }


def place(_world: Options, _text: str) -> Options:
    return {"name": NAME}


def wishes(world: Options) -> Wishes:
    either = {
        "traffic_type": st.sampled_from(["ALL", "ACCEPT", "REJECT"]),
        "log_format": st.sampled_from(FORMATS),
        "max_aggregation_interval": st.sampled_from([60, 600]),
        "tags": TAGS.map(lambda tags: {**tags, "Name": NAME}),
    }
    options = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in OPTIONS.items()})
    resource = {"resource_id": st.sampled_from(world["resource_ids"])}
    groups = {
        "log_destination": st.sampled_from(world["groups"]),
        "role_arn": st.sampled_from(world["role_arns"]),
    }
    buckets = {"log_destination": st.sampled_from(world["buckets"])}
    return st.fixed_dictionaries({**resource, **groups}, optional=either) | st.fixed_dictionaries(
        {**resource, **buckets}, optional={**either, "destination_type": st.just("s3"), "destination_options": options}
    )


def observe(clients: Clients, options: Options) -> Options | None:
    filters = [{"Name": "tag:Name", "Values": [options["name"]]}]
    found = clients("ec2").describe_flow_logs(Filter=filters)["FlowLogs"]
    assert len(found) < 2
    if not found:
        return None
    described = found[0].get("DestinationOptions", {})
    return {
        "resource_id": found[0]["ResourceId"],
        "destination_type": found[0]["LogDestinationType"],
        "log_destination": found[0]["LogDestination"],
        "role_arn": found[0].get("DeliverLogsPermissionArn", ""),
        "traffic_type": found[0]["TrafficType"],
        "log_format": found[0]["LogFormat"],
        "max_aggregation_interval": found[0]["MaxAggregationInterval"],
        "destination_options": {
            name: described.get("".join(part.capitalize() for part in name.split("_"))) for name in OPTIONS
        },
        "tags": tags_of(found[0]["Tags"]),
    }


SUBJECT = Subject(
    module="vpc_flow_log",
    key="flow_log",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
