# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What AWS Load Balancer Controller makes of Ingresses: load balancer, listeners, rules, target groups as plain data.

Annotations, defaults and names are the controller's (source: docs/guide/ingress/annotations.md of its repository,
v3.5.0). An annotation that has no effect here is an error, never silence.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.standins.kubernetes_api import Object

PREFIX = "alb.ingress.kubernetes.io/"
_SUPPORTED = {
    *("scheme", "target-type", "listen-ports", "certificate-arn", "subnets", "inbound-cidrs", "ip-address-type"),
    *("group.name", "group.order", "ssl-redirect", "ssl-policy", "backend-protocol", "tags", "load-balancer-name"),
    *("load-balancer-attributes", "target-group-attributes", "success-codes", "wafv2-acl-arn"),
    *("healthcheck-path", "healthcheck-port", "healthcheck-protocol", "healthcheck-interval-seconds"),
    *("healthcheck-timeout-seconds", "healthy-threshold-count", "unhealthy-threshold-count"),
}
_NOT_FOUND = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"}}


class BuildError(Exception):
    """Ingresses ask for something that cannot be built."""


@dataclass(frozen=True)
class TargetGroup:
    """A target group. `key` is its resource tag; `targets` are address and port of each pod that is ready."""

    key: str
    name: str
    namespace: str
    service: Object
    protocol: str
    port: int
    health: Mapping[str, Any]
    attributes: Mapping[str, str]
    targets: tuple[tuple[str, int], ...]


@dataclass
class Listener:
    """A listener. Its actions name target groups by key; a rule is its conditions by field, and a key."""

    port: int
    protocol: str
    certificates: list[str]
    ssl_policy: str
    default: Object
    rules: list[tuple[dict[str, list[str]], str]] = field(default_factory=list)


@dataclass
class Model:
    """All that one group of Ingresses needs."""

    name: str
    scheme: str = "internal"
    ip_address_type: str = "ipv4"
    subnets: list[str] = field(default_factory=list)
    cidrs: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    web_acl: str = ""
    listeners: dict[int, Listener] = field(default_factory=dict)
    target_groups: dict[str, TargetGroup] = field(default_factory=dict)


@dataclass(frozen=True)
class Backends:
    """Services and EndpointSlices of the cluster."""

    services: Mapping[tuple[str, str], Object]
    slices: Iterable[Object]

    def port(self, namespace: str, backend: Object) -> Object:
        """The Service's port that a backend names. Raises BuildError."""
        service = self.services.get((namespace, backend["name"]))
        if service is None:
            raise BuildError(f"Service {namespace}/{backend['name']} does not exist")
        wanted = backend.get("port", {})
        for port in service["spec"].get("ports", []):
            if port["port"] == wanted.get("number") or wanted.get("name") == port.get("name", ""):
                return dict(port)
        raise BuildError(f"Service {namespace}/{backend['name']} has no port {json.dumps(wanted)}")

    def targets(self, namespace: str, service: str, port: Object) -> tuple[tuple[str, int], ...]:
        """Addresses of the pods behind a Service's port that are ready."""
        found = set()
        for item in self.slices:
            metadata = item["metadata"]
            if (metadata["namespace"], metadata.get("labels", {}).get("kubernetes.io/service-name")) != (
                namespace,
                service,
            ):
                continue
            numbers = [
                entry["port"] for entry in item.get("ports") or [] if entry.get("name", "") == port.get("name", "")
            ]
            for endpoint in item.get("endpoints") or []:
                if endpoint.get("conditions", {}).get("ready", True):
                    found |= {(address, number) for address in endpoint["addresses"] for number in numbers}
        return tuple(sorted(found))


def group_of(ingress: Object) -> str:
    """The group that an Ingress is in; without one it is the only one of its own, `<namespace>/<name>`."""
    metadata = ingress["metadata"]
    own = f"{metadata['namespace']}/{metadata['name']}"
    return str(metadata.get("annotations", {}).get(f"{PREFIX}group.name", own))


def finalizer_of(group: str) -> str:
    """What keeps an Ingress until its part in AWS is gone."""
    return "ingress.k8s.aws/resources" if "/" in group else f"group.ingress.k8s.aws/{group}"


def digest(*parts: Any) -> str:
    """Ten characters that tell models apart."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:10]


def name_of(cluster: str, group: str) -> str:
    """Name of a group's load balancer and security group, at most 32 characters."""
    parts = [re.sub(r"[^A-Za-z0-9]", "", part) for part in group.split("/")]
    lengths = [8, 8] if len(parts) == 2 else [17]
    cut = [part[:length] for part, length in zip(parts, lengths, strict=True)]
    return "-".join(["k8s", *cut, digest(cluster, group)])


def build(cluster: str, group: str, ingresses: Iterable[Object], backends: Backends, target_type: str) -> Model:
    """What the Ingresses of a group need together. Raises BuildError naming the Ingress."""
    model = Model(name_of(cluster, group))
    members = sorted(ingresses, key=lambda item: (int(_Annotations(item).get("group.order", "0")), group_name(item)))
    for ingress in members:
        try:
            _Builder((cluster, group), model, ingress, backends, target_type).add()
        except (BuildError, ValueError, TypeError) as error:
            raise BuildError(f"Ingress {group_name(ingress)}: {error}") from error
    return model


def group_name(ingress: Object) -> str:
    """An Ingress' namespace and name."""
    return f"{ingress['metadata']['namespace']}/{ingress['metadata']['name']}"


class _Annotations:
    def __init__(self, ingress: Object) -> None:
        found = ingress["metadata"].get("annotations", {})
        self._found = {key.removeprefix(PREFIX): value for key, value in found.items() if key.startswith(PREFIX)}

    def unsupported(self) -> list[str]:
        return sorted(PREFIX + key for key in set(self._found) - _SUPPORTED)

    def get(self, key: str, default: str = "") -> str:
        return str(self._found.get(key, default))

    def list(self, key: str) -> list[str]:
        return [part.strip() for part in self.get(key).split(",") if part.strip()]

    def map(self, key: str) -> dict[str, str]:
        return dict(part.split("=", 1) for part in self.list(key))


@dataclass
class _Builder:
    owner: tuple[str, str]
    model: Model
    ingress: Object
    backends: Backends
    target_type: str

    def add(self) -> None:
        """Add one Ingress to the model."""
        self.annotations = _Annotations(self.ingress)
        if unsupported := self.annotations.unsupported():
            raise BuildError(f"not supported here: {', '.join(unsupported)}")
        if (target_type := self.annotations.get("target-type", self.target_type)) != "ip":
            raise BuildError(f"supported here: target-type ip, not {target_type}")
        self._load_balancer()
        spec = self.ingress["spec"]
        default = self._forward(spec["defaultBackend"]["service"]) if "defaultBackend" in spec else None
        rules = [rule for item in spec.get("rules", []) for rule in self._rules(item)]
        redirect = self.annotations.get("ssl-redirect")
        ports = self._ports()
        if redirect and ports.get(int(redirect)) != "HTTPS":
            raise BuildError(f"ssl-redirect names port {redirect}, on which listen-ports has no HTTPS")
        for port, protocol in ports.items():
            listener = self._listener(port, protocol)
            if redirect and protocol == "HTTP":
                config = {"Port": redirect, "Protocol": "HTTPS", "StatusCode": "HTTP_301"}
                listener.default = {"Type": "redirect", "RedirectConfig": config}
                continue
            listener.rules += rules
            if default:
                listener.default = {"Type": "forward", "TargetGroupArn": default}

    def _load_balancer(self) -> None:
        model, annotations = self.model, self.annotations
        model.name = annotations.get("load-balancer-name", model.name)
        model.scheme = annotations.get("scheme", model.scheme)
        model.ip_address_type = annotations.get("ip-address-type", model.ip_address_type)
        model.subnets = annotations.list("subnets") or model.subnets
        cidrs = annotations.list("inbound-cidrs") or ["0.0.0.0/0"]
        model.cidrs = sorted({*model.cidrs, *(str(ipaddress.ip_network(cidr)) for cidr in cidrs)})
        model.attributes |= annotations.map("load-balancer-attributes")
        model.tags |= annotations.map("tags")
        model.web_acl = annotations.get("wafv2-acl-arn", model.web_acl)

    def _ports(self) -> dict[int, str]:
        default = '[{"HTTPS": 443}]' if self.annotations.get("certificate-arn") else '[{"HTTP": 80}]'
        entries = json.loads(self.annotations.get("listen-ports", default))
        return {int(port): protocol for entry in entries for protocol, port in entry.items()}

    def _listener(self, port: int, protocol: str) -> Listener:
        certificates = self.annotations.list("certificate-arn") if protocol == "HTTPS" else []
        if protocol == "HTTPS" and not certificates:
            raise BuildError("HTTPS needs certificate-arn here: certificates are not looked for by host")
        policy = self.annotations.get("ssl-policy", "ELBSecurityPolicy-2016-08") if protocol == "HTTPS" else ""
        wanted = Listener(port, protocol, certificates, policy, dict(_NOT_FOUND))
        listener = self.model.listeners.setdefault(port, wanted)
        if listener.protocol != protocol:
            raise BuildError(f"port {port} is {listener.protocol} for another Ingress of the group")
        listener.certificates += [item for item in certificates if item not in listener.certificates]
        return listener

    def _rules(self, item: Object) -> Iterable[tuple[dict[str, list[str]], str]]:
        host = {"host-header": [item["host"]]} if item.get("host") else {}
        for path in item.get("http", {}).get("paths", []):
            value = path.get("path") or "/"
            patterns = [value]
            if path["pathType"] == "Prefix":
                patterns = ["/*"] if value == "/" else [value.rstrip("/"), f"{value.rstrip('/')}/*"]
            yield {**host, "path-pattern": patterns}, self._forward(path["backend"]["service"])

    def _forward(self, backend: Object) -> str:
        """Key of the target group of a backend, which is added to the model."""
        namespace, annotations = self.ingress["metadata"]["namespace"], self.annotations
        port = self.backends.port(namespace, backend)
        protocol = annotations.get("backend-protocol", "HTTP")
        number = port["targetPort"] if isinstance(port.get("targetPort"), int) else 1
        key = f"{group_name(self.ingress)}-{backend['name']}:{backend['port'].get('name', port['port'])}"
        health = {
            "HealthCheckPath": annotations.get("healthcheck-path", "/"),
            "HealthCheckPort": annotations.get("healthcheck-port", "traffic-port"),
            "HealthCheckProtocol": annotations.get("healthcheck-protocol", protocol),
            "HealthCheckIntervalSeconds": int(annotations.get("healthcheck-interval-seconds", "15")),
            "HealthCheckTimeoutSeconds": int(annotations.get("healthcheck-timeout-seconds", "5")),
            "HealthyThresholdCount": int(annotations.get("healthy-threshold-count", "2")),
            "UnhealthyThresholdCount": int(annotations.get("unhealthy-threshold-count", "2")),
            "Matcher": {"HttpCode": annotations.get("success-codes", "200")},
        }
        parts = [re.sub(r"[^A-Za-z0-9]", "", part)[:8] for part in (namespace, backend["name"])]
        # What cannot be changed on a target group is part of its name, so that another one takes its place.
        name = "-".join(["k8s", *parts, digest(self.owner, key, protocol, number)])
        self.model.target_groups[key] = TargetGroup(
            key=key,
            name=name,
            namespace=namespace,
            service=backend,
            protocol=protocol,
            port=number,
            health=health,
            attributes=annotations.map("target-group-attributes"),
            targets=self.backends.targets(namespace, backend["name"], port),
        )
        return key
