# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Every connection that the network policies allow, and that they allow no other."""

from __future__ import annotations

import functools
import json
import re
from typing import Any

import pytest

from tests.unit.chart import rendering
from tests.unit.chart.rendering import Manifest, named, of_kind

POLICY: dict[str, Any] = {
    "albCidrs": ["10.40.0.0/24", "10.40.1.0/24"],
    "clientNamespaces": ["shop"],
    "awsCidrs": ["198.51.100.0/24"],
    "authCidrs": ["203.0.113.0/24"],
}
DATABASE = ["10.40.8.0/24", "10.40.9.0/24"]
RESOLVERS = ["kube-system/kube-dns", "169.254.20.10/32"]
INTERNET = "0.0.0.0/0 but 10.0.0.0/8 100.64.0.0/10 169.254.0.0/16 172.16.0.0/12 192.168.0.0/16"
SERVICES = ["auth", "rest", "realtime", "storage", "imgproxy", "functions", "meta", "studio"]
COMPONENTS = {"gateway", "bootstrap", *SERVICES}
Edge = tuple[str, str, str]

# From, to, port.
EDGES: list[Edge] = [
    *((cidr, "gateway", "TCP 8000") for cidr in POLICY["albCidrs"]),
    ("namespace shop", "gateway", "TCP 8000"),
    ("studio", "gateway", "TCP 8000"),
    ("functions", "gateway", "TCP 8000"),
    ("gateway", "auth", "TCP 9999"),
    ("gateway", "rest", "TCP 3000"),
    ("gateway", "realtime", "TCP 4000"),
    ("gateway", "storage", "TCP 5000"),
    ("gateway", "functions", "TCP 9000"),
    ("gateway", "meta", "TCP 8080"),
    ("gateway", "studio", "TCP 3000"),
    ("studio", "meta", "TCP 8080"),
    ("storage", "imgproxy", "TCP 5001"),
    *(("realtime", "realtime", f"TCP {port}") for port in (4369, 5369, 9100)),
    *(
        (name, cidr, "TCP 5432")
        for name in ("auth", "rest", "realtime", "storage", "meta", "bootstrap")
        for cidr in DATABASE
    ),
    ("storage", "198.51.100.0/24", "TCP 443"),
    ("imgproxy", "198.51.100.0/24", "TCP 443"),
    ("storage", "169.254.170.23/32", "TCP 80"),
    *(("auth", "203.0.113.0/24", f"TCP {port}") for port in (443, 465, 587)),
    ("functions", INTERNET, "TCP 443"),
    *(
        (name, resolver, f"{protocol} 53")
        for name in ("gateway", "bootstrap", *SERVICES)
        for resolver in RESOLVERS
        for protocol in ("TCP", "UDP")
    ),
]


@functools.cache
def render(values: str = "{}") -> list[Manifest]:
    """The chart with these values (JSON) on top of the table's."""
    merged: dict[str, Any] = {"networkPolicy": POLICY}
    for section, own in json.loads(values).items():
        merged[section] = {**merged.get(section, {}), **own}
    return rendering.supabase(**merged)


def peer(manifests: list[Manifest], item: Manifest) -> str:
    """One peer of a rule by its name in the table. A component's is exactly the selector of its Service."""
    if block := item.get("ipBlock"):
        return str(block["cidr"]) + (" but " + " ".join(block["except"]) if "except" in block else "")
    labels = item.get("podSelector", {}).get("matchLabels", {})
    if "namespaceSelector" not in item:
        return component(manifests, labels)
    namespace = item["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
    return f"{namespace}/{labels['k8s-app']}" if labels else f"namespace {namespace}"


def component(manifests: list[Manifest], labels: dict[str, str]) -> str:
    """The component whose Service has that selector."""
    if labels == {"app.kubernetes.io/name": "bootstrap", "app.kubernetes.io/part-of": "supabase"}:
        return "bootstrap"
    services = [item for item in of_kind(manifests, "Service") if item["spec"]["selector"] == labels]
    assert len(services) == 1, f"no Service selects {labels}, and VPC CNI finds Services by their selectors"
    return str(services[0]["metadata"]["name"]).removeprefix("supabase-")


def allowed(manifests: list[Manifest]) -> tuple[set[Edge], set[Edge]]:
    """What pods may send, and what they may receive."""
    sent, received = set(), set()
    for policy in of_kind(manifests, "NetworkPolicy"):
        spec = policy["spec"]
        for direction, other in (("egress", "to"), ("ingress", "from")):
            for rule in spec.get(direction, []):
                own = component(manifests, spec["podSelector"]["matchLabels"])
                # A rule without peers would mean everybody, one without ports everything.
                assert rule[other] and rule["ports"]
                for item in rule[other]:
                    for port in rule["ports"]:
                        number = f"{port['protocol']} {port['port']}"
                        if direction == "egress":
                            sent.add((own, peer(manifests, item), number))
                        else:
                            received.add((peer(manifests, item), own, number))
    return sent, received


def expected(gone: set[str]) -> tuple[set[Edge], set[Edge]]:
    """The same by the table, without these components."""
    there = {edge for edge in EDGES if not gone & {edge[0], edge[1]}}
    return {edge for edge in there if edge[0] in COMPONENTS}, {edge for edge in there if edge[1] in COMPONENTS}


@pytest.mark.parametrize("edge", EDGES, ids=" > ".join)
def test_edge(edge: Edge) -> None:
    sent, received = allowed(render())
    assert edge in sent or edge[0] not in COMPONENTS, f"{edge[0]} may not send"
    assert edge in received or edge[1] not in COMPONENTS, f"{edge[1]} may not receive"


def test_no_other_edge() -> None:
    sent, received = allowed(render())
    assert (sent | received) - set(EDGES) == set()


@pytest.mark.parametrize("off", SERVICES)
def test_service_that_is_off_takes_its_edges_along(off: str) -> None:
    gone = {off, "studio"} if off == "meta" else {off}
    manifests = render(json.dumps({name: {"enabled": False} for name in gone}))
    assert allowed(manifests) == expected(gone)


@pytest.mark.parametrize(
    ("values", "gone", "new"),
    [
        ({"database": {"port": 6432}}, ("rest", DATABASE[0], "TCP 5432"), ("rest", DATABASE[0], "TCP 6432")),
        ({"gateway": {"port": 8001}}, ("studio", "gateway", "TCP 8000"), ("studio", "gateway", "TCP 8001")),
        (
            {"networkPolicy": {"authPorts": [2525]}},
            ("auth", "203.0.113.0/24", "TCP 587"),
            ("auth", "203.0.113.0/24", "TCP 2525"),
        ),
        # Who names a private network means it.
        (
            {"networkPolicy": {"functionsCidrs": ["10.0.0.0/8"]}},
            ("functions", INTERNET, "TCP 443"),
            ("functions", "10.0.0.0/8", "TCP 443"),
        ),
        ({"networkPolicy": {"functionsCidrs": []}}, ("functions", INTERNET, "TCP 443"), None),
        ({"networkPolicy": {"clientNamespaces": []}}, ("namespace shop", "gateway", "TCP 8000"), None),
        ({"networkPolicy": {"albCidrs": []}}, ("10.40.0.0/24", "gateway", "TCP 8000"), None),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_values_move_edges(values: dict[str, Any], gone: Edge, new: Edge | None) -> None:
    sent, received = allowed(render(json.dumps(values)))
    assert gone not in sent | received
    assert new is None or new in sent


def test_every_pod_is_denied_what_is_not_allowed() -> None:
    manifests = render()
    policies = {item["metadata"]["name"]: item["spec"] for item in of_kind(manifests, "NetworkPolicy")}
    assert policies["supabase-default-deny"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert {tuple(spec["policyTypes"]) for spec in policies.values()} == {("Ingress", "Egress")}
    for deployment in of_kind(manifests, "Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"].items()
        own = {name for name, spec in policies.items() if spec["podSelector"].get("matchLabels", {}).items() <= labels}
        assert own == {"supabase-default-deny", deployment["metadata"]["name"]}


def test_service_has_the_port_of_its_pods() -> None:
    # VPC CNI compares a packet before the Service's address becomes a pod's.
    manifests = render()
    for service in of_kind(manifests, "Service"):
        name = service["metadata"]["name"]
        (container,) = named(manifests, "Deployment", name)["spec"]["template"]["spec"]["containers"]
        (port,) = (item["containerPort"] for item in container["ports"] if item["name"] == "http")
        assert [item["port"] for item in service["spec"]["ports"]] == [port], name


def test_services_that_a_pod_is_told_of_are_in_reach() -> None:
    manifests, told = render(), set()
    for name, spec in rendering.pod_specs(manifests):
        own = name.removeprefix("Deployment/supabase-")
        for url in re.findall(r"http://supabase-([a-z]+):([0-9]+)", json.dumps(spec["containers"])):
            told.add((own, url[0], f"TCP {url[1]}"))
    assert ("studio", "meta", "TCP 8080") in told
    assert told <= set(EDGES)


def test_realtime_pods_listen_where_their_peers_may_call() -> None:
    (container,) = named(render(), "Deployment", "supabase-realtime")["spec"]["template"]["spec"]["containers"]
    assert {item["containerPort"] for item in container["ports"]} == {4000, 4369, 5369, 9100}
    flags = next(item["value"] for item in container["env"] if item["name"] == "ERL_AFLAGS")
    assert "inet_dist_listen_min 9100 inet_dist_listen_max 9100" in flags


def test_policies_can_be_left_to_others() -> None:
    values = {"database": {"host": "db.example.com"}, "storage": {"bucket": "demo-supabase", "region": "eu-west-1"}}
    without = rendering.render(rendering.SUPABASE, {**values, "networkPolicy": {"enabled": False}})
    assert not of_kind(without, "NetworkPolicy")
    with pytest.raises(rendering.RenderError, match="/networkPolicy/databaseCidrs"):
        rendering.render(rendering.SUPABASE, values)
