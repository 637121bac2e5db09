# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Stand-in for external-dns: it keeps the records of Ingress hosts in Route 53, as its own pod's identity.

What it does it does for real, with the arguments, records and ownership of external-dns (source: registry/txt and
provider/aws of its repository, v0.21): an alias A record to a load balancer, a CNAME to any other name, an A record to
an address, and beside each a TXT record that says who owns it. Source ingress, provider aws, registry txt; policies
sync, upsert-only and create-only. It imports this package only, which is all that its pod sees of the sandbox.
"""

from __future__ import annotations

import argparse
import ipaddress
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.standins.kubernetes_api import Api, ClusterApi, Object, log, run, serve_health

INGRESSES = "/apis/networking.k8s.io/v1/ingresses"
HOSTNAMES = "external-dns.alpha.kubernetes.io/hostname"
HEALTH_PORT = 7979
# Of all load balancers in moto; each region of AWS has its own.
# https://docs.aws.amazon.com/general/latest/gr/elb.html
EMULATED_ZONE = "Z2P70J7EXAMPLE"
TTL = 300
_BALANCER = re.compile(r"\.elb\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$|\.elb\.amazonaws\.com(\.cn)?$")
_HERITAGE = "heritage=external-dns,external-dns/owner="
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}


@dataclass(frozen=True)
class Endpoint:
    """A record that an Ingress wants. `resource` says which, as the TXT record does."""

    name: str
    type: str
    targets: tuple[str, ...]
    resource: str

    @property
    def alias(self) -> bool:
        """Whether it is an alias of a load balancer."""
        return self.type == "A" and not _is_address(self.targets[0])

    def record(self) -> Object:
        """As Route 53 has it."""
        own = {"Name": f"{self.name}.", "Type": self.type}
        if self.alias:
            target = {"HostedZoneId": EMULATED_ZONE, "DNSName": f"{self.targets[0]}.", "EvaluateTargetHealth": True}
            return {**own, "AliasTarget": target}
        return {**own, "TTL": TTL, "ResourceRecords": [{"Value": target} for target in self.targets]}


def duration(text: str) -> float:
    """Seconds of a Go duration such as 1m30s. Raises ValueError."""
    if not re.fullmatch(r"(\d+[hms])+", text):
        raise ValueError(f"{text!r} is no duration")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([hms])", text))


def _is_address(target: str) -> bool:
    try:
        ipaddress.IPv4Address(target)
    except ValueError:
        return False
    return True


def within(name: str, domain: str) -> bool:
    """Whether a name is a domain or lies below it."""
    return name == domain or name.endswith(f".{domain}")


def hosts_of(ingress: Object) -> set[str]:
    """The names that an Ingress is to be found by."""
    spec, annotations = ingress["spec"], ingress["metadata"].get("annotations", {})
    found = {rule["host"] for rule in spec.get("rules", []) if rule.get("host")}
    found |= {host for item in spec.get("tls", []) for host in item.get("hosts", [])}
    found |= {host.strip() for host in annotations.get(HOSTNAMES, "").split(",") if host.strip()}
    return {host.rstrip(".").lower() for host in found}


def endpoints_of(ingress: Object) -> Iterator[Endpoint]:
    """The records of an Ingress; none before it has a load balancer."""
    metadata = ingress["metadata"]
    resource = f"ingress/{metadata['namespace']}/{metadata['name']}"
    entries = ingress.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    addresses = tuple(sorted(item["ip"] for item in entries if item.get("ip")))
    names = tuple(sorted(item["hostname"] for item in entries if item.get("hostname")))
    for host in sorted(hosts_of(ingress)):
        if names:
            kind = "A" if _BALANCER.search(names[0]) else "CNAME"
            yield Endpoint(host, kind, names[:1], resource)
        elif addresses:
            yield Endpoint(host, "A", addresses, resource)


@dataclass(frozen=True)
class Options:
    """The arguments of external-dns that are supported here."""

    owner: str
    policy: str = "sync"
    prefix: str = ""
    domains: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    ingress_classes: tuple[str, ...] = ()

    def wants(self, ingress: Object) -> bool:
        """Whether an Ingress is of a class that is looked at."""
        annotated = ingress["metadata"].get("annotations", {}).get("kubernetes.io/ingress.class")
        return not self.ingress_classes or ingress["spec"].get("ingressClassName", annotated) in self.ingress_classes

    def covers(self, name: str) -> bool:
        """Whether a name is in a domain that is looked after."""
        return not self.domains or any(within(name, domain) for domain in self.domains)

    def owner_name(self, name: str, kind: str) -> str:
        """Name of the TXT record that says who owns a record: `kind` goes where the prefix has it, else in front."""
        if "%{record_type}" in self.prefix:
            return self.prefix.replace("%{record_type}", kind.lower()) + name
        return f"{self.prefix}{kind.lower()}-{name}"

    def owner_record(self, endpoint: Endpoint) -> Object:
        """The TXT record beside an endpoint. An alias is written as the CNAME that it stands for."""
        value = f'"{_HERITAGE}{self.owner},external-dns/resource={endpoint.resource}"'
        name = self.owner_name(endpoint.name, "CNAME" if endpoint.alias else endpoint.type)
        return {"Name": f"{name}.", "Type": "TXT", "TTL": TTL, "ResourceRecords": [{"Value": value}]}


@dataclass
class Zone:
    """A hosted zone with its records by name and type."""

    id: str
    name: str
    records: dict[tuple[str, str], Object] = field(default_factory=dict)

    def owner(self, options: Options, name: str, kind: str) -> str | None:
        """Who owns a record, by the TXT record beside it."""
        alias = "AliasTarget" in self.records.get((name, kind), {})
        entry = self.records.get((options.owner_name(name, "CNAME" if alias else kind), "TXT"))
        value = entry["ResourceRecords"][0]["Value"].strip('"') if entry else ""
        return value.removeprefix(_HERITAGE).partition(",")[0] if value.startswith(_HERITAGE) else None


@dataclass
class Controller:
    """Brings the zones into the state that the Ingresses describe, one pass after the other."""

    api: Api
    route53: Any
    options: Options
    log: Callable[[str], None] = print

    def run_once(self) -> None:
        """One pass. Raises ApiError when the Ingresses cannot be listed; what AWS refuses is logged."""
        items = self.api.call("GET", INGRESSES)["items"]
        ingresses = [item for item in items if self.options.wants(item)]
        wanted: dict[tuple[str, str], Endpoint] = {}
        for ingress in sorted(ingresses, key=lambda item: str(item["metadata"].get("creationTimestamp"))):
            for endpoint in endpoints_of(ingress):
                if self.options.covers(endpoint.name):
                    # The older of two Ingresses keeps a name that both want.
                    wanted.setdefault((endpoint.name, endpoint.type), endpoint)
        try:
            self._apply(wanted)
        except (BotoCoreError, ClientError) as error:
            self.log(f"Route 53: {error}")

    def _apply(self, wanted: dict[tuple[str, str], Endpoint]) -> None:
        zones = list(self._zones())
        placed: dict[str, dict[tuple[str, str], Endpoint]] = {zone.id: {} for zone in zones}
        for key, endpoint in wanted.items():
            # The zone with the longest name that fits.
            if fitting := [zone for zone in zones if within(endpoint.name, zone.name)]:
                placed[max(fitting, key=lambda zone: len(zone.name)).id][key] = endpoint
        for zone in zones:
            if changes := list(self._changes(zone, placed[zone.id])):
                self.route53.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch={"Changes": changes})
                for change in changes:
                    record = change["ResourceRecordSet"]
                    self.log(f"{zone.name}: {change['Action']} {record['Type']} {record['Name']}")

    def _zones(self) -> Iterator[Zone]:
        for page in self.route53.get_paginator("list_hosted_zones").paginate():
            for item in page["HostedZones"]:
                zone = Zone(item["Id"].rpartition("/")[2], item["Name"].rstrip("."))
                if (self.options.zones and zone.id not in self.options.zones) or not self._concerns(zone):
                    continue
                pages = self.route53.get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone.id)
                for record in (record for page in pages for record in page["ResourceRecordSets"]):
                    name = record["Name"].rstrip(".").replace("\\052", "*")
                    zone.records[name, record["Type"]] = record
                yield zone

    def _concerns(self, zone: Zone) -> bool:
        domains = self.options.domains
        return not domains or any(within(zone.name, domain) or within(domain, zone.name) for domain in domains)

    def _changes(self, zone: Zone, wanted: dict[tuple[str, str], Endpoint]) -> Iterator[Object]:
        for (name, kind), endpoint in wanted.items():
            present, record = zone.records.get((name, kind)), endpoint.record()
            owner_record = self.options.owner_record(endpoint)
            if present is None:
                yield from _all("CREATE", record)
                # A TXT record may be left from a record that somebody else deleted.
                yield from _all("UPSERT", owner_record)
            elif zone.owner(self.options, name, kind) != self.options.owner:
                self.log(f"{name} {kind} is not of {self.options.owner}: left as it is")
            elif self.options.policy != "create-only" and not _same(present, record):
                yield from _all("UPSERT", record, owner_record)
        if self.options.policy == "sync":
            for (name, kind), record in zone.records.items():
                ours = kind in {"A", "CNAME"} and zone.owner(self.options, name, kind) == self.options.owner
                if ours and (name, kind) not in wanted and self.options.covers(name):
                    owner = self.options.owner_name(name, "CNAME" if "AliasTarget" in record else kind)
                    yield from _all("DELETE", record, zone.records[owner, "TXT"])


def _all(action: str, *records: Object) -> Iterable[Object]:
    return [{"Action": action, "ResourceRecordSet": record} for record in records]


def _same(present: Object, wanted: Object) -> bool:
    """Whether a record points where it should."""
    if "AliasTarget" in wanted:
        target = present.get("AliasTarget", {}).get("DNSName", "").rstrip(".").lower()
        return bool(target == wanted["AliasTarget"]["DNSName"].rstrip(".").lower())
    values = sorted(item["Value"] for item in present.get("ResourceRecords", []))
    return values == sorted(item["Value"] for item in wanted["ResourceRecords"])


def main(arguments: list[str] | None = None) -> None:
    """Run in a pod until it ends."""
    parser = argparse.ArgumentParser(prog="external-dns")
    parser.add_argument("--interval", type=duration, default=60.0)
    parser.add_argument("--source", choices=["ingress"], required=True)
    parser.add_argument("--provider", choices=["aws"], required=True)
    parser.add_argument("--registry", choices=["txt"], default="txt")
    parser.add_argument("--policy", choices=["sync", "upsert-only", "create-only"], default="sync")
    parser.add_argument("--txt-owner-id", required=True)
    parser.add_argument("--txt-prefix", default="")
    for name in ("--domain-filter", "--zone-id-filter", "--ingress-class"):
        parser.add_argument(name, action="append", default=[])
    given = parser.parse_args(arguments)
    options = Options(
        given.txt_owner_id,
        given.policy,
        given.txt_prefix,
        tuple(given.domain_filter),
        tuple(given.zone_id_filter),
        tuple(given.ingress_class),
    )
    controller = Controller(ClusterApi.of_this_pod(), boto3.client("route53"), options, log)
    serve_health(HEALTH_PORT, lambda: True)
    log(f"stand-in for external-dns, Python {sys.version.split()[0]}")
    run(controller.run_once, iter(lambda: given.interval, None))


if __name__ == "__main__":
    main()
