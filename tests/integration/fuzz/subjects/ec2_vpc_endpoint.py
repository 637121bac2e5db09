# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject ec2_vpc_endpoint, as interface endpoints; the integration target has gateway endpoints."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

# One name for all, since the tags that come back hold it.
NAME = "fuzz-vpc-endpoint"
FIXED = {"service_name": "com.amazonaws.eu-west-1.ecr.api", "vpc_endpoint_type": "interface"}
POLICIES = [
    {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*"}]}
    for effect in ("Allow", "Deny")
]


def prepare(clients: Clients) -> Options:
    """A network with a fourth subnet, in the zone of the first, and two security groups."""
    ec2, made = clients("ec2"), network(clients)
    in_vpc = {"VpcId": made["vpc_id"]}
    twin = ec2.create_subnet(**in_vpc, CidrBlock="10.90.9.0/24", AvailabilityZone="eu-west-1a")["Subnet"]["SubnetId"]
    names = ("fuzz-one", "fuzz-two")
    groups = [ec2.create_security_group(**in_vpc, GroupName=name, Description=name)["GroupId"] for name in names]
    return {**made, "twin": twin, "security_group_ids": groups}


def place(world: Options, _text: str) -> Options:
    return {"name": NAME, "vpc_id": world["vpc_id"]}


def fixed(_world: Options) -> Wishes:
    return st.just(FIXED)


def wishes(world: Options) -> Wishes:
    """At most one subnet of each zone; where the first zone's changes, the old one has to go first."""
    of_zone_a = st.sampled_from([[], world["subnet_ids"][:1], [world["twin"]]])
    of_others = st.lists(st.sampled_from(world["subnet_ids"][1:]), unique=True)
    return some(
        subnet_ids=st.tuples(of_zone_a, of_others).map(lambda parts: [*parts[0], *parts[1]]),
        security_group_ids=st.lists(st.sampled_from(world["security_group_ids"]), unique=True, min_size=1),
        private_dns_enabled=st.booleans(),
        policy=st.sampled_from(POLICIES),
        tags=TAGS.map(lambda tags: {**tags, "Name": NAME}),
    )


def observe(clients: Clients, options: Options) -> Options | None:
    """Read what the endpoint says of itself."""
    ec2 = clients("ec2")
    filters = [{"Name": "vpc-id", "Values": [options["vpc_id"]]}, {"Name": "tag:Name", "Values": [NAME]}]
    found: list[dict[str, Any]] = ec2.describe_vpc_endpoints(Filters=filters)["VpcEndpoints"]
    if not found:
        return None
    (endpoint,) = found
    return {
        "service_name": endpoint["ServiceName"],
        "vpc_endpoint_type": endpoint["VpcEndpointType"].lower(),
        "subnet_ids": endpoint["SubnetIds"],
        "security_group_ids": [group["GroupId"] for group in endpoint["Groups"]],
        "private_dns_enabled": endpoint["PrivateDnsEnabled"],
        "policy": json.loads(endpoint["PolicyDocument"]),
        "tags": tags_of(endpoint["Tags"]),
    }


SUBJECT = Subject(
    module="ec2_vpc_endpoint",
    key="vpc_endpoint",
    prepare=prepare,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
)
