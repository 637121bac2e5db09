# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject ec2_security_group."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

DESCRIPTION = "of the fuzz test"
RANGES = st.sampled_from(["0.0.0.0/0", "10.90.0.0/16"])
TEXTS = {"description": st.sampled_from(["one", "two", None])}
PORTS = st.sampled_from([{"from_port": 0, "to_port": 65535}, {"from_port": 443, "to_port": 443}])
TYPES = st.sampled_from([{"from_port": -1, "to_port": -1}, {"from_port": 8, "to_port": -1}])


def prepare(clients: Clients) -> Options:
    """A VPC with a group to which rules may lead."""
    made = network(clients)
    group = clients("ec2").create_security_group(GroupName="fuzz-other", Description="d", VpcId=made["vpc_id"])
    return {**made, "group_id": group["GroupId"]}


def place(world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}", "vpc_id": world["vpc_id"]}


def of(protocol: str, details: st.SearchStrategy[Options], group_id: str) -> st.SearchStrategy[Options]:
    """Rules of one protocol."""
    peers = [{"cidr": RANGES}, {"group_id": st.just(group_id)}]
    peer = st.one_of([st.fixed_dictionaries({"protocol": st.just(protocol), **TEXTS, **each}) for each in peers])
    return st.builds(lambda rule, ports: {**rule, **ports}, peer, details)


def other_end(rule: Options) -> Any:
    """What makes a rule another one than the next: all but its description."""
    return sorted((name, str(value)) for name, value in rule.items() if name != "description")


def rules(world: Options) -> st.SearchStrategy[list[Options]]:
    """Rules of which no two differ in the description alone."""
    nothing: st.SearchStrategy[Options] = st.just({})
    forms = [("all", nothing), ("50", nothing), ("tcp", PORTS), ("udp", PORTS), ("icmp", TYPES)]
    form = st.one_of([of(protocol, details, world["group_id"]) for protocol, details in forms])
    return st.lists(form, max_size=5, unique_by=lambda rule: str(other_end(rule)))


def wishes(world: Options) -> Wishes:
    return some(ingress=rules(world), egress=rules(world), tags=TAGS)


def observe(clients: Clients, options: Options) -> Options | None:
    filters = [{"Name": name, "Values": [options[key]]} for name, key in (("group-name", "name"), ("vpc-id", "vpc_id"))]
    found = clients("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]
    if not found:
        return None
    (group,) = found
    return {
        "description": group["Description"],
        "ingress": [rule for permission in group["IpPermissions"] for rule in single(permission)],
        "egress": [rule for permission in group["IpPermissionsEgress"] for rule in single(permission)],
        "tags": tags_of(group.get("Tags", [])),
    }


def single(permission: dict[str, Any]) -> list[Options]:
    """The rules of a permission in the form of the options."""
    what = {
        "protocol": "all" if permission["IpProtocol"] == "-1" else permission["IpProtocol"],
        "from_port": permission.get("FromPort"),
        "to_port": permission.get("ToPort"),
    }
    ends = [{"cidr": item["CidrIp"], "description": item.get("Description")} for item in permission["IpRanges"]]
    groups = permission["UserIdGroupPairs"]
    return [
        {**what, **end}
        for end in ends + [{"group_id": item["GroupId"], "description": item.get("Description")} for item in groups]
    ]


SUBJECT = Subject(
    module="ec2_security_group",
    key="security_group",
    prepare=prepare,
    place=place,
    fixed=lambda _world: st.just({"description": DESCRIPTION}),
    wishes=wishes,
    observe=observe,
)
