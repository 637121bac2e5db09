# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The sets of values that the chart is rendered with, each once."""

from __future__ import annotations

from functools import cache
from typing import Any

from tests.unit.chart.rendering import Manifest, of_kind, supabase

SERVICES = ("gateway", "auth", "rest", "realtime", "storage", "imgproxy", "functions", "meta", "studio")
SCALING = ("gateway", "auth", "rest", "storage", "imgproxy", "functions")
ARN = "arn:aws:acm:eu-west-1:123456789012:certificate/00000000-0000-4000-8000-000000000000"
DIGEST = "@sha256:" + "0" * 64
OAUTH = {
    "google": {"clientId": "g", "secret": {"name": "oauth", "key": "google"}},
    "keycloak": {
        "clientId": "k",
        "secret": {"name": "oauth-keycloak", "key": "k", "version": "1"},
        "url": "https://id.example.com/realms/x",
        "redirectUri": "https://api.example.com/auth/v1/callback",
    },
}
CODE = {
    "hello": {
        "index.ts": 'import "../_shared/cors.ts";\nDeno.serve(() => new Response("hi"));\n',
        "lib/a.ts": "{{ no }}",
    },
    "hook": {"index.js": "export {};\n"},
    "_shared": {"cors.ts": "export {};\n"},
}
INGRESS: dict[str, Any] = {
    "publicUrl": "https://api.example.com",
    "gateway": {"studioHost": "studio.example.com", "trustedProxies": 1},
    "networkPolicy": {"albCidrs": ["10.40.0.0/24"]},
    "ingress": {
        "enabled": True,
        "host": "api.example.com",
        "certificateArns": [ARN],
        "studio": {"host": "studio.example.com", "cidrs": ["192.0.2.0/24"]},
    },
}
VARIANTS: dict[str, dict[str, Any]] = {
    "defaults": {},
    **{f"without {name}": {name: {"enabled": False}} for name in SERVICES if name != "meta"},
    "without meta": {"meta": {"enabled": False}, "studio": {"enabled": False}},
    "nothing": {name: {"enabled": False} for name in SERVICES},
    "auth": {
        "auth": {
            "siteUrl": "https://app.example.com",
            "redirectUrls": ["https://app.example.com/**", "com.example.app://callback"],
            "disableSignup": True,
            "email": False,
            "autoconfirm": True,
            "anonymousUsers": True,
            "jwtExpirySeconds": 604800,
            "smtp": True,
            "oauth": OAUTH,
            "environmentFrom": [{"name": "auth-own", "version": "1"}],
            "pool": 7,
        }
    },
    "functions": {
        "functions": {"code": CODE, "public": ["hook"], "environmentFrom": [{"name": "functions-own"}]},
    },
    "replicas": {**{name: {"replicas": 3} for name in SERVICES}, "priorityClassName": "supabase"},
    "autoscaling": {
        **{name: {"autoscaling": {"enabled": True}, "replicas": 2} for name in SCALING},
        "gateway": {"autoscaling": {"enabled": True}, "priorityClassName": "supabase"},
    },
    "digest": {"images": {name: f"registry.example.com:5000/supabase/{name}:v1{DIGEST}" for name in SERVICES}},
    "large numbers": {
        "rest": {"maxRows": 12_345_678, "pool": 1000},
        "storage": {"fileSizeLimitBytes": 5_368_709_120},
        "realtime": {"limits": {"bytesPerSecond": 100_000_000, "concurrentUsers": 1_000_000}},
        "functions": {"timeoutSeconds": 86400, "workerSeconds": 86400, "workerMemoryMb": 1_048_576},
    },
    "no waiting": {"terminationDelaySeconds": 0, "networkPolicy": {"enabled": False}},
    "graphql": {"rest": {"graphql": True, "schemas": ["public", "api"], "extraSearchPath": []}},
    "ingress": INGRESS,
}


@cache
def variant(name: str) -> tuple[Manifest, ...]:
    """The objects of a variant: shared, so not to be changed."""
    return tuple(supabase(**VARIANTS[name]))


def deployments(manifests: tuple[Manifest, ...] | list[Manifest]) -> dict[str, Manifest]:
    """Deployments by component."""
    return {item["metadata"]["name"].removeprefix("supabase-"): item for item in of_kind(list(manifests), "Deployment")}


def pod(name: str, component: str) -> Manifest:
    """The PodSpec of a component in a variant."""
    spec: Manifest = deployments(variant(name))[component]["spec"]["template"]["spec"]
    return spec


def environment(spec: Manifest, container: str = "containers") -> dict[str, Any]:
    """The environment of a pod's first container: text, or the reference."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in spec[container][0]["env"]}


def references(spec: Manifest) -> set[str]:
    """Secrets and ConfigMaps that a pod reads, as kind/name."""
    found = set()
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for item in container.get("env", []):
            source = item.get("valueFrom", {})
            kinds = [kind for kind in ("secret", "configMap") if f"{kind}KeyRef" in source]
            found |= {f"{kind}/{source[f'{kind}KeyRef']['name']}" for kind in kinds}
        found |= {f"secret/{item['secretRef']['name']}" for item in container.get("envFrom", [])}
    found |= {f"configMap/{item['configMap']['name']}" for item in spec["volumes"] if "configMap" in item}
    return found
