# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which objects the charts render to."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.chart import pod_security, rendering
from tests.unit.chart.rendering import EXTERNAL_SECRETS, SUPABASE, of_kind, pod_specs, render
from tests.unit.chart.variants import SERVICES, variant


def test_every_file_is_where_the_role_looks_when_it_digests_the_chart() -> None:
    files = {path for path in SUPABASE.rglob("*") if path.is_file()}
    assert files <= {path for pattern in ("*", "files/*", "templates/*") for path in SUPABASE.glob(pattern)}


def test_objects_of_the_default_values() -> None:
    manifests = list(variant("defaults"))
    found = {
        kind: {item["metadata"]["name"].removeprefix("supabase-") for item in of_kind(manifests, kind)}
        for kind in {item["kind"] for item in manifests} - {"NetworkPolicy"}
    }
    assert found == {
        "Deployment": set(SERVICES),
        "Service": set(SERVICES),
        "ServiceAccount": set(SERVICES),
        "PodDisruptionBudget": {"gateway", "auth", "rest", "storage"},
        "ConfigMap": {"gateway", "realtime", "functions"},
    }
    assert {item["metadata"]["namespace"] for item in manifests} == {"supabase"}


def test_admin_interface_of_the_gateway_stays_on_loopback() -> None:
    manifests = list(variant("defaults"))
    config = yaml.safe_load(rendering.named(manifests, "ConfigMap", "supabase-gateway")["data"]["envoy.yaml"])
    assert config["admin"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 9901}
    container = dict(pod_specs(manifests))["Deployment/supabase-gateway"]["containers"][0]
    assert {port["containerPort"] for port in container["ports"]} == {8000, 9902}


@pytest.fixture(scope="module")
def stand_in() -> list[rendering.Manifest]:
    return render(EXTERNAL_SECRETS, {"serviceAccount": {"name": "external-secrets"}}, namespace="external-secrets")


def test_stand_in_for_external_secrets_has_upstream_names(stand_in: list[rendering.Manifest]) -> None:
    definitions = {item["metadata"]["name"]: item["spec"] for item in of_kind(stand_in, "CustomResourceDefinition")}
    assert {name: (spec["names"]["kind"], spec["scope"]) for name, spec in definitions.items()} == {
        "clustersecretstores.external-secrets.io": ("ClusterSecretStore", "Cluster"),
        "externalsecrets.external-secrets.io": ("ExternalSecret", "Namespaced"),
        "generatorstates.generators.external-secrets.io": ("GeneratorState", "Namespaced"),
    }
    versions = {name: [version["name"] for version in spec["versions"]] for name, spec in definitions.items()}
    assert versions == {name: ["v1alpha1" if "generators" in name else "v1"] for name in definitions}
    rendering.named(stand_in, "ServiceAccount", "external-secrets")
    spec = dict(pod_specs(stand_in))["Deployment/external-secrets"]
    assert spec["serviceAccountName"] == "external-secrets"
    assert spec["containers"][0]["image"] == "ghcr.io/external-secrets/external-secrets:v2.9.0"
    assert list(pod_security.violations(spec)) == []
