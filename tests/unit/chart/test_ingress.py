# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The Ingresses that AWS Load Balancer Controller makes load balancers of."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
import yaml

from tests.unit.chart import rendering
from tests.unit.chart.rendering import Manifest, RenderError, named, of_kind

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/0b1c2d3e-0000-4000-8000-000000000000"
OTHER = CERTIFICATE[:-1] + "1"
WEB_ACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/supabase/0b1c2d3e-0000-4000-8000-000000000000"
API, STUDIO = "api.example.com", "studio.example.com"
BASE: dict[str, Any] = {
    "gateway": {"trustedProxies": 1},
    "networkPolicy": {"albCidrs": ["10.40.0.0/24"]},
    "ingress": {"enabled": True, "host": API, "certificateArns": [CERTIFICATE]},
}
WITH_STUDIO: dict[str, Any] = {
    "gateway": {"studioHost": STUDIO},
    "ingress": {"studio": {"host": STUDIO, "cidrs": ["203.0.113.7/32", "198.51.100.0/24"]}},
}
WITHOUT_CERTIFICATE: dict[str, Any] = {"ingress": {"host": "", "certificateArns": [], "allowHttp": True}}
PREFIX = "alb.ingress.kubernetes.io/"
HTTPS = {
    "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
    "ssl-redirect": "443",
    "certificate-arn": CERTIFICATE,
    "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
}
CHECK = {
    "healthcheck-path": "/auth/v1/.well-known/jwks.json",
    "success-codes": "200",
    "healthcheck-interval-seconds": "10",
    "healthcheck-timeout-seconds": "5",
    "healthy-threshold-count": "2",
    "unhealthy-threshold-count": "3",
}
ALWAYS = {
    "scheme": "internet-facing",
    "target-type": "ip",
    "load-balancer-attributes": "idle_timeout.timeout_seconds=300,routing.http.drop_invalid_header_fields.enabled=true",
    "target-group-attributes": "deregistration_delay.timeout_seconds=60",
    **CHECK,
}


def merged(*layers: dict[str, Any]) -> dict[str, Any]:
    """Values with each layer's sections on top of those before."""
    values: dict[str, Any] = {}
    for layer in layers:
        values |= {section: {**values.get(section, {}), **own} for section, own in layer.items()}
    return values


@functools.cache
def _render(values: str) -> list[Manifest]:
    return rendering.supabase(**json.loads(values))


def render(*layers: dict[str, Any]) -> list[Manifest]:
    """The chart with an Ingress and those values."""
    return _render(json.dumps(merged(BASE, *layers)))


def told(*layers: dict[str, Any], name: str = "gateway") -> dict[str, str]:
    """What the controller is told of one of the Ingresses, without its prefix."""
    found = named(render(*layers), "Ingress", f"supabase-{name}")["metadata"]["annotations"]
    assert all(key.startswith(PREFIX) for key in found)
    return {key.removeprefix(PREFIX): value for key, value in found.items()}


def test_there_is_none_unless_asked_for() -> None:
    assert not of_kind(rendering.supabase(), "Ingress")


def test_everything_about_a_host_with_a_certificate() -> None:
    (ingress,) = of_kind(render(), "Ingress")
    assert told() == ALWAYS | HTTPS
    backend = {"service": {"name": "supabase-gateway", "port": {"number": 8000}}}
    assert ingress["spec"] == {
        "ingressClassName": "alb",
        "rules": [{"host": API, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}],
    }


def test_without_domain_and_certificate_by_http_only() -> None:
    assert told(WITHOUT_CERTIFICATE) == ALWAYS | {"listen-ports": '[{"HTTP": 80}]'}
    (rule,) = named(render(WITHOUT_CERTIFICATE), "Ingress", "supabase-gateway")["spec"]["rules"]
    assert "host" not in rule


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {
                "ingress": {
                    "certificateArns": [CERTIFICATE, OTHER],
                    "scheme": "internal",
                    "inboundCidrs": ["203.0.113.7/32", "198.51.100.0/24"],
                    "subnets": ["subnet-0a", "subnet-0b"],
                    "tags": {"team": "shop", "env": "demo"},
                    "wafAclArn": WEB_ACL,
                    "idleTimeoutSeconds": 4000,
                    "deregistrationDelaySeconds": 90,
                }
            },
            {
                "certificate-arn": f"{CERTIFICATE},{OTHER}",
                "scheme": "internal",
                "inbound-cidrs": "203.0.113.7/32,198.51.100.0/24",
                "subnets": "subnet-0a,subnet-0b",
                "tags": "env=demo,team=shop",
                "wafv2-acl-arn": WEB_ACL,
                "load-balancer-attributes": ALWAYS["load-balancer-attributes"].replace("300", "4000"),
                "target-group-attributes": "deregistration_delay.timeout_seconds=90",
            },
        ),
        (
            {"ingress": {"securityGroups": ["sg-0a", "sg-0b"], "wafAclArn": "none"}, "auth": {"enabled": False}},
            {
                "security-groups": "sg-0a,sg-0b",
                "manage-backend-security-group-rules": "true",
                "wafv2-acl-arn": "none",
                "healthcheck-path": "/rest/v1/",
                "success-codes": "401",
            },
        ),
        (
            {"auth": {"enabled": False}, "rest": {"enabled": False}},
            {"healthcheck-path": "/rest/v1/", "success-codes": "404"},
        ),
    ],
    ids=["networks", "groups", "no rest"],
)
def test_options(values: dict[str, Any], expected: dict[str, str]) -> None:
    assert told(values) == ALWAYS | HTTPS | expected


def test_studio_is_closed_by_default() -> None:
    manifests = render()
    assert rendering.named(manifests, "Deployment", "supabase-studio")
    assert [item["metadata"]["name"] for item in of_kind(manifests, "Ingress")] == ["supabase-gateway"]
    # Any host comes through a load balancer without one: the gateway itself has to keep Studio from it.
    envoy = named(render(WITHOUT_CERTIFICATE), "ConfigMap", "supabase-gateway")["data"]["envoy.yaml"]
    assert "access: dashboard" not in envoy


def test_studio_has_a_load_balancer_of_its_own_for_its_networks() -> None:
    ingress = named(render(WITH_STUDIO), "Ingress", "supabase-studio")
    assert told(WITH_STUDIO, name="studio") == ALWAYS | HTTPS | {"inbound-cidrs": "203.0.113.7/32,198.51.100.0/24"}
    assert told(WITH_STUDIO) == ALWAYS | HTTPS
    (rule,) = ingress["spec"]["rules"]
    assert (rule["host"], rule["http"]["paths"][0]["backend"]["service"]["name"]) == (STUDIO, "supabase-gateway")
    # Who may reach the API may not reach Studio by that.
    api = {"ingress": {"securityGroups": ["sg-0a"], **WITH_STUDIO["ingress"]}}
    assert "security-groups" not in told(WITH_STUDIO, api, name="studio")


def test_pods_outlive_their_registration() -> None:
    for values, sleep in (({}, 75), ({"ingress": {"deregistrationDelaySeconds": 20}}, 35)):
        spec = named(render(values), "Deployment", "supabase-gateway")["spec"]
        pod = spec["template"]["spec"]
        assert pod["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": sleep}}}
        assert pod["terminationGracePeriodSeconds"] == sleep + 30
        assert spec["minReadySeconds"] == 30
    alone = named(rendering.supabase(), "Deployment", "supabase-gateway")["spec"]
    assert "minReadySeconds" not in alone
    assert alone["template"]["spec"]["containers"][0]["lifecycle"] == {"preStop": {"sleep": {"seconds": 5}}}


def test_gateway_waits_longer_than_the_load_balancer() -> None:
    manifests = render({"ingress": {"idleTimeoutSeconds": 4000}})
    config = yaml.safe_load(named(manifests, "ConfigMap", "supabase-gateway")["data"]["envoy.yaml"])
    manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    timeouts = (manager["common_http_protocol_options"]["idle_timeout"], manager["stream_idle_timeout"])
    assert timeouts == ("4060s", "4060s")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([{"gateway": {"enabled": False}}], "gateway.enabled false"),
        ([WITHOUT_CERTIFICATE, {"ingress": {"allowHttp": False}}], "name a certificate, or set ingress.allowHttp"),
        ([{"networkPolicy": {"albCidrs": []}}], "networkPolicy.albCidrs is empty"),
        ([{"ingress": {"securityGroups": ["sg-0a"], "inboundCidrs": ["10.0.0.0/8"]}}], "set one of them"),
        ([{"gateway": {"trustedProxies": 0}}], "gateway.trustedProxies is 0"),
        ([{"gateway": {"studioHost": STUDIO}}], "make them the same, or both empty"),
        ([{"gateway": {"studioHost": "*"}}], "make them the same, or both empty"),
        ([WITH_STUDIO, {"ingress": {"host": ""}}], "give each a host of its own"),
        ([WITH_STUDIO, {"ingress": {"host": STUDIO}}], "give each a host of its own"),
        ([WITH_STUDIO, {"ingress": {"studio": {"host": STUDIO, "cidrs": []}}}], "ingress.studio.cidrs is empty"),
        ([WITH_STUDIO, {"ingress": {"certificateArns": [], "allowHttp": True}}], "password is not sent in the clear"),
        ([WITH_STUDIO, {"studio": {"enabled": False}}], "studio.enabled is false"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_that_do_not_go_together(values: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(RenderError) as error:
        render(*values)
    assert message in str(error.value)


def test_each_wrong_value_is_named() -> None:
    wrong = {
        "sslPolicy": "ELBSecurityPolicy-2016-08",
        "certificateArns": ["certificate"],
        "host": "*.example.com",
        "scheme": "public",
        "subnets": ["subnet-0a"],
        "wafAclArn": WEB_ACL.replace("regional", "global"),
        "tags": {"team": "a,b"},
        "idleTimeoutSeconds": 4001,
        "inboundCidrs": ["everywhere"],
    }
    with pytest.raises(RenderError) as error:
        render({"ingress": wrong})
    assert {name for name in wrong if f"'/ingress/{name}" not in str(error.value)} == set()
