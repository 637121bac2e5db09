# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject ec2_nat_gateway."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

# One name for all, since the tags that come back hold it.
NAME = "fuzz-nat-gateway"


def place(_world: Options, _text: str) -> Options:
    return {"name": NAME}


def prepare(clients: Clients) -> Options:
    """A network, and an address of the user's own, which must outlive every sequence without a tag."""
    address = clients("ec2").allocate_address(Domain="vpc")["AllocationId"]
    return {**network(clients), "allocation_id": address}


def fixed(world: Options) -> Wishes:
    kinds = [{}, {"connectivity_type": "private"}, {"allocation_id": world["allocation_id"]}]
    subnets = st.sampled_from(world["subnet_ids"])
    return st.builds(lambda subnet, kind: {"subnet_id": subnet, **kind}, subnets, st.sampled_from(kinds))


def wishes(_world: Options) -> Wishes:
    return some(tags=TAGS.map(lambda tags: {**tags, "Name": NAME}))


def observe(clients: Clients, options: Options) -> Options | None:
    """The tags are those of the NAT gateway if its address has the same, so that a difference is seen."""
    ec2, wanted = clients("ec2"), [{"Name": "tag:Name", "Values": [options["name"]]}]
    gateways = ec2.describe_nat_gateways(Filter=wanted)["NatGateways"]
    live = [gateway for gateway in gateways if gateway["State"] not in ("deleting", "deleted")]
    addresses = ec2.describe_addresses(Filters=wanted)["Addresses"]
    if not live and not addresses:
        return None
    tags = [tags_of(resource["Tags"]) for resource in (*live, *addresses)]
    return {
        "subnet_id": live[0]["SubnetId"],
        "connectivity_type": live[0]["ConnectivityType"],
        "allocation_id": live[0]["NatGatewayAddresses"][0].get("AllocationId"),
        "tags": tags[0] if tags[0] == tags[-1] else tags,
    }


SUBJECT = Subject(
    module="ec2_nat_gateway",
    key="nat_gateway",
    prepare=prepare,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
)
