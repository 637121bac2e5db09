# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What Services mean: which addresses are listened on, where connections go, and which names pods see in /etc/hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.names import Name

Json = dict[str, Any]

CLUSTER_DOMAIN = "cluster.local"
# Published names get addresses of the range for benchmarks (RFC 2544), which no network routes.
_NAME_ADDRESS = "198.18.{}.{}"
_SLICE_SERVICE = "kubernetes.io/service-name"
_API_SERVICE = ("default", "kubernetes")


@dataclass(frozen=True, order=True)
class Backend:
    """Where a connection goes: a pod's address in the fabric, or a port of the host's loopback."""

    address: str
    port: int
    on_host: bool = False


Listener = tuple[str, int]


@dataclass(frozen=True)
class Record:
    """An address and the names it has. `short` is the name that only pods of `namespace` use."""

    address: str
    names: tuple[str, ...]
    namespace: str | None = None
    short: str | None = None


def cluster_ips(services: Iterable[Json]) -> set[str]:
    """The addresses of all Services that have one."""
    return {address for service in services if (address := _cluster_ip(service))}


def listeners(services: Iterable[Json], slices: Iterable[Json], api_port: int) -> dict[Listener, list[Backend]]:
    """Backends by address and port of every TCP port of every Service; `api_port` is the API server's on the host."""
    by_service = _by_service(slices)
    found: dict[Listener, list[Backend]] = {}
    for service in services:
        key = (service["metadata"]["namespace"], service["metadata"]["name"])
        address = _cluster_ip(service)
        for port in service["spec"].get("ports", []):
            if address is None or port.get("protocol", "TCP") != "TCP":
                continue
            # Its endpoint is a loopback address, which EndpointSlices cannot hold.
            is_api = key == _API_SERVICE
            backends = [Backend("127.0.0.1", api_port, True)] if is_api else _backends(by_service.get(key, []), port)
            found[address, port["port"]] = backends
    return found


def service_backends(
    services: Iterable[Json], slices: Iterable[Json], namespace: str, name: str, port_number: int
) -> list[Backend]:
    """The ready backends of one port of one Service."""
    for service in services:
        if (service["metadata"]["namespace"], service["metadata"]["name"]) == (namespace, name):
            mine = _by_service(slices).get((namespace, name), [])
            ports = [port for port in service["spec"].get("ports", []) if port["port"] == port_number]
            return [backend for port in ports for backend in _backends(mine, port)]
    return []


def name_addresses(names: Iterable[Name], known: Mapping[str, str]) -> dict[str, str]:
    """An address for each published host: the one it has in `known`, or a new one."""
    addresses = dict(known)
    for name in names:
        number = len(addresses) + 1
        addresses.setdefault(name.host, _NAME_ADDRESS.format(number // 256, number % 256))
    return addresses


def records(
    services: Iterable[Json], slices: Iterable[Json], names: Iterable[Name], addresses: Mapping[str, str]
) -> list[Record]:
    """All names that pods can resolve, in a stable order."""
    by_service = _by_service(slices)
    found = [Record(addresses[name.host], (name.host,)) for name in names]
    for service in services:
        namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
        if address := _cluster_ip(service):
            found.append(_record(address, namespace, name))
        elif service["spec"].get("clusterIP") == "None":
            found += _headless(namespace, name, by_service.get((namespace, name), []))
    return sorted(set(found), key=lambda record: (record.names, record.address))


def hosts_file(namespace: str, pod_ip: str, hostname: str, aliases: Iterable[Json], known: Iterable[Record]) -> str:
    """The content of a pod's /etc/hosts."""
    lines = ["127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback", f"{pod_ip}\t{hostname}"]
    lines += [f"{alias['ip']}\t{' '.join(alias.get('hostnames', []))}" for alias in aliases]
    for record in known:
        own = (record.short,) if record.short and record.namespace == namespace else ()
        lines.append(f"{record.address}\t{' '.join((*own, *record.names))}")
    return "\n".join(lines) + "\n"


def _record(address: str, namespace: str, name: str) -> Record:
    full = f"{name}.{namespace}"
    return Record(address, (full, f"{full}.svc", f"{full}.svc.{CLUSTER_DOMAIN}"), namespace, name)


def _headless(namespace: str, name: str, slices: list[Json]) -> list[Record]:
    found = []
    for endpoint in _ready(slices):
        address = endpoint["addresses"][0]
        found.append(_record(address, namespace, name))
        if hostname := endpoint.get("hostname"):
            found.append(_record(address, namespace, f"{hostname}.{name}"))
    return found


def _cluster_ip(service: Json) -> str | None:
    address: str | None = service["spec"].get("clusterIP")
    return None if address in (None, "", "None") or service["spec"].get("type") == "ExternalName" else address


def _by_service(slices: Iterable[Json]) -> dict[tuple[str, str], list[Json]]:
    found: dict[tuple[str, str], list[Json]] = {}
    for item in slices:
        name = item["metadata"].get("labels", {}).get(_SLICE_SERVICE)
        if name and item.get("addressType") == "IPv4":
            found.setdefault((item["metadata"]["namespace"], name), []).append(item)
    return found


def _ready(slices: Iterable[Json]) -> list[Json]:
    endpoints = [endpoint for item in slices for endpoint in item.get("endpoints") or []]
    # "nil should be interpreted as true": EndpointConditions.ready
    return [endpoint for endpoint in endpoints if endpoint.get("conditions", {}).get("ready") is not False]


def _backends(slices: list[Json], port: Json) -> list[Backend]:
    found: set[Backend] = set()
    for item in slices:
        numbers = [entry["port"] for entry in item.get("ports") or [] if entry.get("name", "") == port.get("name", "")]
        for endpoint in _ready([item]):
            found.update(Backend(address, number) for address in endpoint["addresses"] for number in numbers)
    return sorted(found)
