# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The stand-in for external-dns against moto's Route 53 and a small API server in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sandbox.standins import external_dns as dns
from tests.unit.sandbox.standins.memory_api import MemoryApi

CLUSTER = "demo-supabase"
INGRESS = "/apis/networking.k8s.io/v1/namespaces/supabase/ingresses"
BALANCER = "k8s-supabase-1.eu-west-1.elb.amazonaws.com"
OWNER = {"Type": "TXT", "ResourceRecords": [{"Value": f'"heritage=external-dns,external-dns/owner={CLUSTER}"'}]}
PREFIX = "external-dns-%{record_type}."


class World:
    """A hosted zone, and an Ingress that has a load balancer."""

    def __init__(self, route53: Any) -> None:
        self.api = MemoryApi()
        self.route53 = route53
        self.zone = self.create_zone("example.com")
        self.lines: list[str] = []
        options = dns.Options(CLUSTER, "sync", PREFIX, ("example.com",), (self.zone,), ("alb",))
        self.controller = dns.Controller(self.api, route53, options, self.lines.append)
        self.apply()

    def create_zone(self, name: str) -> str:
        """A hosted zone: its id."""
        created = self.route53.create_hosted_zone(Name=name, CallerReference=name)
        return str(created["HostedZone"]["Id"].rpartition("/")[2])

    def options(self, **changed: Any) -> None:
        """Run with other arguments."""
        self.controller.options = replace(self.controller.options, **changed)

    def apply(self, name: str = "supabase", *, host: str = "example.com", entry: dict[str, str] | None = None) -> None:
        """Apply an Ingress whose load balancer is known by that entry of its status."""
        status = {"loadBalancer": {"ingress": [entry if entry is not None else {"hostname": BALANCER}]}}
        spec = {"ingressClassName": "alb", "rules": [{"host": host}]}
        self.api.put(
            f"{INGRESS}/{name}", {"metadata": {"name": name, "namespace": "supabase"}, "spec": spec, "status": status}
        )

    def change(self, action: str, **record: Any) -> None:
        """Change a record as somebody else."""
        changes = [{"Action": action, "ResourceRecordSet": record}]
        self.route53.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch={"Changes": changes})

    def records(self, zone: str | None = None) -> dict[tuple[str, str], Any]:
        """The records of the zone that Route 53 has not made itself."""
        found = self.route53.list_resource_record_sets(HostedZoneId=zone or self.zone)["ResourceRecordSets"]
        return {(item["Name"], item["Type"]): item for item in found if item["Type"] not in {"NS", "SOA"}}

    def run(self) -> list[str]:
        """One pass: what it logged."""
        self.lines.clear()
        self.controller.run_once()
        return list(self.lines)


@pytest.fixture(scope="module")
def route53() -> Iterator[Any]:
    """One client for all tests: it reads the model of its service."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.client(
            "route53", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="a-long-secret-of-the-tests"
        )


@pytest.fixture
def world(route53: Any) -> Iterator[World]:
    """A fresh account and API server."""
    with mock_aws():
        yield World(route53)


def test_a_host_becomes_an_alias_with_an_owner(world: World) -> None:
    world.run()
    records = world.records()
    assert set(records) == {("example.com.", "A"), ("external-dns-cname.example.com.", "TXT")}
    alias = records["example.com.", "A"]["AliasTarget"]
    assert alias["DNSName"].rstrip(".") == BALANCER
    assert alias["EvaluateTargetHealth"] is True
    (value,) = records["external-dns-cname.example.com.", "TXT"]["ResourceRecords"]
    owner = f"heritage=external-dns,external-dns/owner={CLUSTER},external-dns/resource=ingress/supabase/supabase"
    assert value == {"Value": f'"{owner}"'}


def test_a_second_pass_changes_nothing(world: World) -> None:
    assert len(world.run()) == 2
    assert world.run() == []


@pytest.mark.parametrize(
    ("entry", "kind", "value"),
    [({"ip": "203.0.113.7"}, "A", "203.0.113.7"), ({"hostname": "gw.example.org"}, "CNAME", "gw.example.org")],
    ids=["address", "name"],
)
def test_other_targets(world: World, entry: dict[str, str], kind: str, value: str) -> None:
    world.apply(host="api.example.com", entry=entry)
    world.run()
    records = world.records()
    assert records["api.example.com.", kind]["ResourceRecords"] == [{"Value": value}]
    assert (f"external-dns-{kind.lower()}.api.example.com.", "TXT") in records


def test_without_a_load_balancer_there_is_nothing_to_point_to(world: World) -> None:
    world.apply(entry={})
    world.run()
    assert world.records() == {}


def test_all_names_of_an_ingress(world: World) -> None:
    ingress = world.api.objects[f"{INGRESS}/supabase"]
    ingress["spec"]["tls"] = [{"hosts": ["tls.example.com"]}]
    ingress["metadata"]["annotations"] = {dns.HOSTNAMES: "a.example.com., B.example.com"}
    world.run()
    names = {name for name, kind in world.records() if kind == "A"}
    assert names == {"example.com.", "tls.example.com.", "a.example.com.", "b.example.com."}


def test_a_wildcard_is_found_again(world: World) -> None:
    world.apply(host="*.example.com")
    world.run()
    assert world.run() == []


def test_a_new_load_balancer_is_followed(world: World) -> None:
    world.run()
    other = "k8s-other-1.eu-west-1.elb.amazonaws.com"
    world.apply(entry={"hostname": other})
    world.run()
    assert world.records()["example.com.", "A"]["AliasTarget"]["DNSName"].rstrip(".") == other


@pytest.mark.parametrize(("policy", "gone"), [("sync", True), ("upsert-only", False), ("create-only", False)])
def test_records_of_an_ingress_that_is_gone(world: World, policy: str, gone: bool) -> None:
    world.options(policy=policy)
    world.run()
    world.api.delete(f"{INGRESS}/supabase")
    world.run()
    assert (world.records() == {}) is gone


@pytest.mark.parametrize(("policy", "followed"), [("upsert-only", True), ("create-only", False)])
def test_a_changed_target_by_policy(world: World, policy: str, followed: bool) -> None:
    world.options(policy=policy)
    world.run()
    world.apply(entry={"hostname": "k8s-other-1.eu-west-1.elb.amazonaws.com"})
    world.run()
    target = world.records()["example.com.", "A"]["AliasTarget"]["DNSName"]
    assert target.startswith("k8s-other") is followed


def test_a_record_of_somebody_else_is_left_as_it_is(world: World) -> None:
    world.change("CREATE", Name="example.com.", Type="A", TTL=60, ResourceRecords=[{"Value": "198.51.100.1"}])
    world.change("CREATE", Name="own.example.com.", Type="A", TTL=60, ResourceRecords=[{"Value": "198.51.100.2"}])
    before = world.records()
    assert world.run() == [f"example.com A is not of {CLUSTER}: left as it is"]
    world.api.delete(f"{INGRESS}/supabase")
    world.run()
    assert world.records() == before


def test_a_record_of_another_cluster_is_left_as_it_is(world: World) -> None:
    world.options(owner="other")
    world.run()
    before = world.records()
    world.options(owner=CLUSTER)
    world.apply(entry={"hostname": "k8s-other-1.eu-west-1.elb.amazonaws.com"})
    world.run()
    world.api.delete(f"{INGRESS}/supabase")
    world.run()
    assert world.records() == before


def test_a_record_that_somebody_deleted_is_made_anew(world: World) -> None:
    world.change("CREATE", Name="external-dns-cname.example.com.", **{**OWNER, "TTL": 60})
    world.run()
    assert ("example.com.", "A") in world.records()
    assert world.records()["external-dns-cname.example.com.", "TXT"]["TTL"] == dns.TTL


def test_an_ingress_of_another_class_is_left_out(world: World) -> None:
    world.api.objects[f"{INGRESS}/supabase"]["spec"]["ingressClassName"] = "nginx"
    world.run()
    assert world.records() == {}


@pytest.mark.parametrize("host", ["example.org", "notexample.com"])
def test_a_name_of_another_domain_is_left_out(world: World, host: str) -> None:
    other = world.create_zone(host)
    world.options(zones=())
    world.apply(host=host)
    world.run()
    assert world.records(other) == {} and world.records() == {}


def test_the_zone_with_the_longest_name_gets_the_record(world: World) -> None:
    inner = world.create_zone("in.example.com")
    world.options(zones=())
    world.apply(host="api.in.example.com")
    world.run()
    assert world.records() == {}
    assert ("api.in.example.com.", "A") in world.records(inner)


def test_the_older_ingress_keeps_a_name(world: World) -> None:
    world.apply("younger", entry={"hostname": "k8s-younger-1.eu-west-1.elb.amazonaws.com"})
    world.api.objects[f"{INGRESS}/supabase"]["metadata"]["creationTimestamp"] = "2026-11-26T10:00:00Z"
    world.api.objects[f"{INGRESS}/younger"]["metadata"]["creationTimestamp"] = "2026-11-26T11:00:00Z"
    world.run()
    assert world.records()["example.com.", "A"]["AliasTarget"]["DNSName"].startswith("k8s-supabase")


def test_what_aws_refuses_is_logged(world: World) -> None:
    world.route53.delete_hosted_zone(Id=world.zone)
    world.options(zones=())
    assert world.run() == []
    world.controller.route53 = boto3.client("route53", endpoint_url="http://127.0.0.1:9", region_name="eu-west-1")
    assert world.run()[0].startswith("Route 53: ")


@pytest.mark.parametrize(
    ("prefix", "name"),
    [(PREFIX, "external-dns-cname.api.example.com"), ("", "cname-api.example.com"), ("x.", "x.cname-api.example.com")],
)
def test_names_of_owners(prefix: str, name: str) -> None:
    assert dns.Options(CLUSTER, prefix=prefix).owner_name("api.example.com", "CNAME") == name


@pytest.mark.parametrize(("text", "seconds"), [("1m", 60), ("1m30s", 90), ("2h", 7200)])
def test_durations(text: str, seconds: float) -> None:
    assert dns.duration(text) == seconds


def test_no_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="'soon' is no duration"):
        dns.duration("soon")
