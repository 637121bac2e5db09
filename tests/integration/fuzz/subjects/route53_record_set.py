# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject route53_record_set."""

from __future__ import annotations

import uuid

from hypothesis import strategies as st

from tests.integration.fuzz.subject import Clients, Options, Subject, Wishes

BALANCERS = ("one.eu-west-1.elb.amazonaws.com", "two.eu-west-1.elb.amazonaws.com")


def prepare(clients: Clients) -> Options:
    """A public hosted zone, beside a private one of the same name."""
    name = f"fuzz-{uuid.uuid4().hex[:8]}.com"
    route53 = clients("route53")
    vpc = {"VPCRegion": "eu-west-1", "VPCId": "vpc-0123456789abcdef0"}
    # The emulator takes it for a public one without the flag, which to AWS says nothing new.
    private = {"PrivateZone": True}
    route53.create_hosted_zone(Name=name, CallerReference=f"{name}-private", VPC=vpc, HostedZoneConfig=private)
    zone = route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]
    return {"hosted_zone_name": name, "hosted_zone_id": zone["Id"].rpartition("/")[2]}


def place(world: Options, text: str) -> Options:
    zone = "hosted_zone_name" if text < "8" else "hosted_zone_id"
    return {zone: world[zone], "name": f"{text}.{world['hosted_zone_name']}", "type": "A"}


def wishes(_world: Options) -> Wishes:
    addresses = st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2", "192.0.2.3"]), min_size=1, unique=True)
    records = st.fixed_dictionaries({"records": addresses}, optional={"ttl": st.sampled_from([60, 3600])})
    target = st.fixed_dictionaries(
        {
            "dns_name": st.sampled_from(BALANCERS),
            "hosted_zone_id": st.just("Z32O12XQLNTSW2"),
            "evaluate_target_health": st.booleans(),
        }
    )
    return records | st.fixed_dictionaries({"alias_target": target})


def observe(clients: Clients, options: Options) -> Options | None:
    route53 = clients("route53")
    zone_id = options.get("hosted_zone_id")
    if zone_id is None:
        zones = route53.list_hosted_zones_by_name(DNSName=options["hosted_zone_name"])["HostedZones"]
        (zone_id,) = (zone["Id"] for zone in zones if not zone["Config"]["PrivateZone"])
    start = {"StartRecordName": options["name"], "StartRecordType": "A", "MaxItems": "1"}
    found = route53.list_resource_record_sets(HostedZoneId=zone_id, **start)["ResourceRecordSets"]
    record_sets = [item for item in found if (item["Name"], item["Type"]) == (f"{options['name']}.", "A")]
    if not record_sets:
        return None
    (record_set,) = record_sets
    target = record_set.get("AliasTarget")
    return {
        "ttl": record_set.get("TTL"),
        "records": [item["Value"] for item in record_set.get("ResourceRecords", [])],
        "alias_target": target
        and {
            "dns_name": target["DNSName"],
            "hosted_zone_id": target["HostedZoneId"],
            "evaluate_target_health": target["EvaluateTargetHealth"],
        },
    }


SUBJECT = Subject(
    module="route53_record_set",
    key="record_set",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
