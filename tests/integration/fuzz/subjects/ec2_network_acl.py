# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject ec2_network_acl."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.integration.fuzz.cluster import network
from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

# One name for all, since the tags that come back hold it.
NAME = "fuzz-network-acl"
NUMBERS = {"-1": "all", "1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6"}
OF_IPV4 = {"cidr_block": st.sampled_from(["0.0.0.0/0", "10.90.0.0/16"])}
OF_IPV6 = {"ipv6_cidr_block": st.sampled_from(["::/0", "2001:db8::/64"])}
TYPES = {"icmp_type": st.sampled_from([-1, 8]), "icmp_code": st.just(-1)}
PORTS = {"from_port": st.sampled_from([0, 443]), "to_port": st.sampled_from([443, 65535])}


def of(protocol: str, block: dict[str, Any], details: dict[str, Any]) -> st.SearchStrategy[Options]:
    """Rules of one protocol, without their numbers."""
    action = st.sampled_from(["allow", "deny"])
    return st.fixed_dictionaries({"action": action, "protocol": st.just(protocol), **block, **details})


FORMS = (
    of("all", OF_IPV4, {})
    | of("50", OF_IPV6, {})
    | of("tcp", OF_IPV4, PORTS)
    | of("udp", OF_IPV6, PORTS)
    | of("icmp", OF_IPV4, TYPES)
    | of("icmpv6", OF_IPV6, TYPES)
)
FEW = st.dictionaries(st.sampled_from([1, 100, 110, 32766]), FORMS, max_size=4)
# Two such lists do not fit into the quota beside each other.
MANY = st.sampled_from([1, 5, 20]).map(
    lambda first: {
        number: {"action": "allow", "protocol": "all", "cidr_block": "10.0.0.0/8"}
        for number in range(first, first + 20)
    }
)
RULES = (FEW | MANY).map(lambda rules: [{"rule_number": number, **rule} for number, rule in rules.items()])


def place(world: Options, _text: str) -> Options:
    return {"name": NAME, "vpc_id": world["vpc_id"]}


def wishes(world: Options) -> Wishes:
    return some(
        ingress=RULES,
        egress=RULES,
        subnet_ids=st.lists(st.sampled_from(world["subnet_ids"]), unique=True),
        tags=TAGS.map(lambda tags: {**tags, "Name": NAME}),
    )


def observe(clients: Clients, options: Options) -> Options | None:
    """Read from all network ACLs of the VPC, so that a subnet is seen that none has, or two."""
    filters = [{"Name": "vpc-id", "Values": [options["vpc_id"]]}]
    acls = clients("ec2").describe_network_acls(Filters=filters)["NetworkAcls"]
    placed = [association["SubnetId"] for acl in acls for association in acl["Associations"]]
    assert len(placed) == len(set(placed)) == 3
    found = [acl for acl in acls if tags_of(acl["Tags"]).get("Name") == options["name"]]
    if not found:
        return None
    (acl,) = found
    return {
        "ingress": [rule(entry) for entry in acl["Entries"] if not entry["Egress"] and entry["RuleNumber"] < 32767],
        "egress": [rule(entry) for entry in acl["Entries"] if entry["Egress"] and entry["RuleNumber"] < 32767],
        "subnet_ids": [association["SubnetId"] for association in acl["Associations"]],
        "tags": tags_of(acl["Tags"]),
    }


def rule(entry: dict[str, Any]) -> Options:
    """A rule in the form of the options."""
    ports, icmp = entry.get("PortRange", {}), entry.get("IcmpTypeCode", {})
    return {
        "rule_number": entry["RuleNumber"],
        "action": entry["RuleAction"],
        "protocol": NUMBERS.get(entry["Protocol"], entry["Protocol"]),
        "cidr_block": entry.get("CidrBlock"),
        "ipv6_cidr_block": entry.get("Ipv6CidrBlock"),
        "from_port": ports.get("From"),
        "to_port": ports.get("To"),
        "icmp_type": icmp.get("Type"),
        "icmp_code": icmp.get("Code"),
    }


SUBJECT = Subject(
    module="ec2_network_acl",
    key="network_acl",
    prepare=network,
    place=place,
    wishes=wishes,
    observe=observe,
)
