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


def fixed(world: Options) -> Wishes:
    return st.fixed_dictionaries({"subnet_id": st.sampled_from(world["subnet_ids"])})


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
    return {"subnet_id": live[0]["SubnetId"], "tags": tags[0] if tags[0] == tags[1] else tags}


SUBJECT = Subject(
    module="ec2_nat_gateway",
    key="nat_gateway",
    prepare=network,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
)
