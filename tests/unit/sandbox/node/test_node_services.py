# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Services as listeners, backends and names."""

from __future__ import annotations

from typing import Any

from sandbox.names import Name
from sandbox.node import services
from sandbox.node.services import Backend

Json = dict[str, Any]


def _service(name: str, ip: str | None, ports: list[Json], namespace: str = "supabase", **spec: Any) -> Json:
    return {"metadata": {"namespace": namespace, "name": name}, "spec": {"clusterIP": ip, "ports": ports, **spec}}


def _slice(name: str, endpoints: list[Json], ports: list[Json], namespace: str = "supabase") -> Json:
    metadata = {"namespace": namespace, "name": f"{name}-x", "labels": {"kubernetes.io/service-name": name}}
    return {"metadata": metadata, "addressType": "IPv4", "endpoints": endpoints, "ports": ports}


REST = _service("supabase-rest", "10.96.0.9", [{"name": "http", "port": 3000}, {"name": "admin", "port": 3001}])
REST_SLICE = _slice(
    "supabase-rest",
    [
        {"addresses": ["10.244.0.3"], "conditions": {"ready": True}},
        {"addresses": ["10.244.0.4"], "conditions": {"ready": False}},
        {"addresses": ["10.244.0.5"]},
    ],
    [{"name": "http", "port": 30}, {"name": "admin", "port": 31}],
)


def test_ready_endpoints_by_port_name() -> None:
    table = services.listeners([REST], [REST_SLICE], 6443)
    assert table["10.96.0.9", 3000] == [Backend("10.244.0.3", 30), Backend("10.244.0.5", 30)]
    assert table["10.96.0.9", 3001] == [Backend("10.244.0.3", 31), Backend("10.244.0.5", 31)]


def test_services_without_a_tcp_listener() -> None:
    silent = [
        _service("headless", "None", [{"port": 1}]),
        _service("external", None, [{"port": 1}], type="ExternalName"),
        _service("dns", "10.96.0.10", [{"port": 53, "protocol": "UDP"}]),
    ]
    assert services.listeners(silent, [], 6443) == {}
    assert services.cluster_ips(silent) == {"10.96.0.10"}


def test_a_service_of_the_same_name_elsewhere_is_another() -> None:
    other = _slice("supabase-rest", [{"addresses": ["10.244.0.9"]}], [{"name": "http", "port": 30}], "other")
    assert services.listeners([REST], [other], 6443)["10.96.0.9", 3000] == []


def test_the_api_server_is_on_the_host() -> None:
    api = _service("kubernetes", "10.96.0.1", [{"name": "https", "port": 443}], "default")
    assert services.listeners([api], [], 6443) == {("10.96.0.1", 443): [Backend("127.0.0.1", 6443, True)]}


def test_backends_of_one_service_port() -> None:
    found = services.service_backends([REST], [REST_SLICE], "supabase", "supabase-rest", 3000)
    assert [backend.address for backend in found] == ["10.244.0.3", "10.244.0.5"]
    assert services.service_backends([REST], [REST_SLICE], "supabase", "no-such", 3000) == []


def test_names_keep_their_address() -> None:
    first = services.name_addresses([Name("b.example", 80, 1), Name("b.example", 443, 2)], {})
    assert first == {"b.example": "198.18.0.1"}
    both = services.name_addresses([Name("a.example", 80, 1), Name("b.example", 80, 1)], first)
    assert both == {"b.example": "198.18.0.1", "a.example": "198.18.0.2"}


def test_hosts_file() -> None:
    name = Name("db.rds.amazonaws.com", 5432, 1)
    headless = _service("workers", "None", [])
    endpoints = [{"addresses": ["10.244.0.8"], "hostname": "w-0"}]
    known = services.records(
        [REST, headless, _service("web", "10.96.0.7", [], "other")],
        [_slice("workers", endpoints, [])],
        [name],
        {name.host: "198.18.0.1"},
    )
    aliases = [{"ip": "192.0.2.1", "hostnames": ["one", "two"]}]
    text = services.hosts_file("supabase", "10.244.0.2", "rest-abc", aliases, known)
    lines = text.splitlines()
    assert lines[0] == "127.0.0.1\tlocalhost"
    assert "10.244.0.2\trest-abc" in lines
    assert "192.0.2.1\tone two" in lines
    full = "supabase-rest.supabase supabase-rest.supabase.svc supabase-rest.supabase.svc.cluster.local"
    assert f"10.96.0.9\tsupabase-rest {full}" in lines
    assert "10.96.0.7\tweb.other web.other.svc web.other.svc.cluster.local" in lines
    assert "198.18.0.1\tdb.rds.amazonaws.com" in lines
    assert any(line.startswith("10.244.0.8\tw-0.workers w-0.workers.supabase ") for line in lines)
