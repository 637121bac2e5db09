# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the charts render to, and which values they refuse."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.unit.chart import pod_security, rendering
from tests.unit.chart.rendering import EXTERNAL_SECRETS, SUPABASE, RenderError, of_kind, pod_specs, render, supabase

SERVICES = ("gateway", "rest", "meta")
VERSIONS = {
    "database": {"ca": {"version": "ca-1"}},
    "secrets": {
        "database": {"version": "db-1"},
        "databaseRoles": {"version": "roles-1"},
        "jwt": {"version": "jwt-1"},
        "apiKeys": {"version": "keys-1"},
        "dashboard": {"version": "dashboard-1"},
    },
}


def spec_of(manifests: list[rendering.Manifest], component: str) -> rendering.Manifest:
    """The PodSpec of a component."""
    return dict(pod_specs(manifests))[f"Deployment/supabase-{component}"]


def environment(spec: rendering.Manifest) -> dict[str, Any]:
    """The environment of a pod's first container: text, or the reference."""
    return {item["name"]: item.get("value", item.get("valueFrom")) for item in spec["containers"][0]["env"]}


def test_every_file_is_where_the_role_looks_when_it_digests_the_chart() -> None:
    files = {path for path in SUPABASE.rglob("*") if path.is_file()}
    assert files <= {path for pattern in ("*", "files/*", "templates/*") for path in SUPABASE.glob(pattern)}


def test_objects_of_the_default_values() -> None:
    manifests = supabase()
    found = {
        kind: {item["metadata"]["name"] for item in of_kind(manifests, kind)}
        for kind in {item["kind"] for item in manifests}
    }
    all_three = {f"supabase-{service}" for service in SERVICES}
    assert found == {
        "Deployment": all_three,
        "Service": all_three,
        "ServiceAccount": all_three,
        # postgres-meta has one replica: a budget could only keep its node from being drained.
        "PodDisruptionBudget": {"supabase-gateway", "supabase-rest"},
        "ConfigMap": {"supabase-gateway"},
    }
    assert {item["metadata"]["namespace"] for item in manifests} == {"supabase"}


@pytest.mark.parametrize("service", SERVICES)
def test_service_that_is_off_leaves_nothing(service: str) -> None:
    manifests = supabase(**{service: {"enabled": False}})
    assert not [item for item in manifests if item["metadata"]["name"] == f"supabase-{service}"]
    if service != "gateway":
        envoy = rendering.named(manifests, "ConfigMap", "supabase-gateway")["data"]["envoy.yaml"]
        assert f"cluster: {service}" not in envoy and f"supabase-{service}" not in envoy


@pytest.mark.parametrize("chart", [SUPABASE, EXTERNAL_SECRETS], ids=lambda chart: chart.name)
def test_every_workload_meets_the_restricted_standard(chart: Any) -> None:
    manifests = supabase() if chart == SUPABASE else render(chart, {})
    specs = dict(pod_specs(manifests))
    assert specs
    assert {name: list(pod_security.violations(spec)) for name, spec in specs.items()} == {name: [] for name in specs}


@pytest.mark.parametrize("service", SERVICES)
def test_pod_is_hardened_and_bounded(service: str) -> None:
    spec = spec_of(supabase(), service)
    container = spec["containers"][0]
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
    assert container["resources"]["requests"].keys() == {"cpu", "memory"} and container["resources"]["limits"]["memory"]
    assert container["readinessProbe"]["httpGet"]["path"] and container["livenessProbe"]["httpGet"]["path"]
    assert {item["topologyKey"] for item in spec["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }


@pytest.mark.parametrize("service", SERVICES)
def test_service_selects_its_own_pods_only(service: str) -> None:
    manifests = supabase()
    selector = rendering.named(manifests, "Service", f"supabase-{service}")["spec"]["selector"]
    matching = [
        item["metadata"]["name"]
        for item in of_kind(manifests, "Deployment")
        if selector.items() <= item["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert matching == [f"supabase-{service}"]


def test_secrets_enter_by_reference_only() -> None:
    manifests = supabase(**VERSIONS)
    references = {
        service: {
            name: (value["secretKeyRef"]["name"], value["secretKeyRef"]["key"])
            for name, value in environment(spec_of(manifests, service)).items()
            if isinstance(value, dict) and "secretKeyRef" in value
        }
        for service in SERVICES
    }
    keys = "supabase-api-keys"
    assert references == {
        "gateway": {
            "SUPABASE_ANON_KEY": (keys, "anon"),
            "SUPABASE_SERVICE_ROLE_KEY": (keys, "service_role"),
            "SUPABASE_PUBLISHABLE_KEY": (keys, "publishable"),
            "SUPABASE_SECRET_KEY": (keys, "secret"),
            "SUPABASE_ANON_JWT": (keys, "anon_asymmetric"),
            "SUPABASE_SERVICE_ROLE_JWT": (keys, "service_role_asymmetric"),
        },
        "rest": {"PGPASSWORD": ("supabase-db-roles", "authenticator"), "PGRST_JWT_SECRET": ("supabase-jwt", "jwks")},
        "meta": {
            "PG_META_DB_USER": ("supabase-db", "username"),
            "PG_META_DB_PASSWORD": ("supabase-db", "password"),
            "CRYPTO_KEY": ("supabase-dashboard", "pg_meta_crypto_key"),
        },
    }
    assert not of_kind(manifests, "Secret")


def test_database_connections_verify_certificate_and_name() -> None:
    manifests = supabase()
    rest, meta = environment(spec_of(manifests, "rest")), environment(spec_of(manifests, "meta"))
    assert (rest["PGSSLMODE"], meta["PG_META_DB_SSL_MODE"]) == ("verify-full", "verify-full")
    assert rest["PGSSLROOTCERT"] == "/etc/supabase/database-ca/ca.pem"
    assert meta["PG_META_DB_SSL_ROOT_CERT"] == {"configMapKeyRef": {"name": "supabase-database-ca", "key": "ca.pem"}}
    assert rest["PGHOST"] == meta["PG_META_DB_HOST"] == "db.example.com"


@pytest.mark.parametrize(
    ("changed", "restarted"),
    [
        ({"database": {"ca": {"version": "2"}}}, {"rest", "meta"}),
        ({"secrets": {"database": {"version": "2"}}}, {"meta"}),
        ({"secrets": {"databaseRoles": {"version": "2"}}}, {"rest"}),
        ({"secrets": {"jwt": {"version": "2"}}}, {"rest"}),
        ({"secrets": {"apiKeys": {"version": "2"}}}, {"gateway"}),
        ({"secrets": {"dashboard": {"version": "2"}}}, {"meta"}),
        ({"rest": {"timeoutSeconds": 61}}, {"gateway"}),
        ({"chartDigest": "2"}, set()),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_pods_restart_exactly_when_what_they_read_changes(changed: dict[str, Any], restarted: set[str]) -> None:
    templates = {
        item["metadata"]["name"].removeprefix("supabase-"): item["spec"]["template"]
        for item in of_kind(supabase(), "Deployment")
    }
    after = {
        item["metadata"]["name"].removeprefix("supabase-"): item["spec"]["template"]
        for item in of_kind(supabase(**changed), "Deployment")
    }
    assert {name for name in SERVICES if templates[name] != after[name]} == restarted


def test_no_key_and_no_password_is_in_a_config_map() -> None:
    text = yaml.safe_dump(of_kind(supabase(), "ConfigMap"))
    assert "eyJ" not in text and "sb_secret_" not in text and "password" not in text


def test_admin_interface_of_the_gateway_stays_on_loopback() -> None:
    config = yaml.safe_load(rendering.named(supabase(), "ConfigMap", "supabase-gateway")["data"]["envoy.yaml"])
    assert config["admin"]["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 9901}
    ports = {port["containerPort"] for port in spec_of(supabase(), "gateway")["containers"][0]["ports"]}
    assert ports == {8000, 9902}


def test_replicas_of_two_or_more_get_a_budget() -> None:
    manifests = supabase(meta={"replicas": 2}, rest={"replicas": 1})
    assert {item["metadata"]["name"] for item in of_kind(manifests, "PodDisruptionBudget")} == {
        "supabase-gateway",
        "supabase-meta",
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"surprise": 1}, "additional properties 'surprise' not allowed"),
        ({"rest": {"replica": 3}}, "additional properties 'replica' not allowed"),
        ({"rest": {"replicas": 0}}, "'/rest/replicas': minimum"),
        ({"rest": {"replicas": "2"}}, "'/rest/replicas': got string, want integer"),
        ({"rest": {"schemas": []}}, "'/rest/schemas': minItems"),
        ({"rest": {"schemas": ["public; DROP"]}}, "'/rest/schemas/0'"),
        ({"gateway": {"port": 80}}, "'/gateway/port': minimum"),
        ({"publicUrl": "supabase.example.com"}, "'/publicUrl'"),
        ({"publicUrl": "https://supabase.example.com/"}, "'/publicUrl'"),
        ({"database": {"host": ""}}, "'/database/host'"),
        ({"database": {"host": "db.example.com", "port": 99999}}, "'/database/port'"),
        ({"images": {"rest": "postgrest/postgrest:latest"}}, "'/images/rest'"),
        ({"images": {"rest": "postgrest/postgrest"}}, "'/images/rest'"),
        ({"secrets": {"jwt": {"name": "Not A Name"}}}, "'/secrets/jwt/name'"),
        ({"secrets": {"jwt": {"value": "eyJ"}}}, "additional properties 'value' not allowed"),
        ({"meta": {"resources": {"limits": {"memory": "lots"}}}}, "'/meta/resources/limits/memory'"),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_wrong_values_are_refused_by_name(values: dict[str, Any], message: str) -> None:
    with pytest.raises(RenderError) as error:
        supabase(**values)
    assert message in str(error.value)


def test_database_host_has_no_default() -> None:
    with pytest.raises(RenderError, match="/database/host"):
        render(SUPABASE, {})


def test_image_may_be_pinned_by_digest() -> None:
    image = "postgrest/postgrest:v14.17@sha256:" + "0" * 64
    assert spec_of(supabase(images={"rest": image}), "rest")["containers"][0]["image"] == image


@pytest.mark.parametrize("rows", [1, 1000, 1_000_000, 12_345_678])
def test_row_limit_is_written_as_a_whole_number(rows: int) -> None:
    assert environment(spec_of(supabase(rest={"maxRows": rows}), "rest"))["PGRST_DB_MAX_ROWS"] == str(rows)


def test_stand_in_for_external_secrets_has_upstream_names() -> None:
    manifests = render(EXTERNAL_SECRETS, {"serviceAccount": {"name": "external-secrets"}}, namespace="external-secrets")
    definitions = {item["metadata"]["name"]: item["spec"] for item in of_kind(manifests, "CustomResourceDefinition")}
    assert {name: (spec["names"]["kind"], spec["scope"]) for name, spec in definitions.items()} == {
        "clustersecretstores.external-secrets.io": ("ClusterSecretStore", "Cluster"),
        "externalsecrets.external-secrets.io": ("ExternalSecret", "Namespaced"),
    }
    assert all([version["name"] for version in spec["versions"]] == ["v1"] for spec in definitions.values())
    rendering.named(manifests, "ServiceAccount", "external-secrets")
    spec = dict(pod_specs(manifests))["Deployment/external-secrets"]
    assert spec["serviceAccountName"] == "external-secrets"
    assert spec["containers"][0]["image"] == "ghcr.io/external-secrets/external-secrets:v2.9.0"
