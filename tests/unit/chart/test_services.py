# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What holds for the workloads of the supabase chart in every variant of its values."""

from __future__ import annotations

import json
import re
import shutil
from functools import cache, reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.chart import pod_security
from tests.unit.chart.rendering import REQUIRED, SUPABASE, Manifest, named, of_kind, render, supabase
from tests.unit.chart.variants import (
    DIGEST,
    SERVICES,
    VARIANTS,
    deployments,
    environment,
    pod,
    references,
    variant,
)

MIGRATING = ("auth", "realtime", "storage")
# By component: path or program of the startup, readiness and liveness probe. What only answers that it runs is no
# readiness of a service with a database.
PROBES = {
    "gateway": (None, "/ready", "/ready"),
    "auth": ("/health", "wget", "/health"),
    "rest": (None, "/ready", "/live"),
    "realtime": ("/healthcheck", "curl", "/healthcheck"),
    "storage": ("/status", "wget", "/status"),
    "imgproxy": (None, "/health", "/health"),
    "functions": ("/_internal/health", "/_internal/health", "/_internal/health"),
    "meta": ("/health", "/config/version", "/health"),
    "studio": ("/api/platform/profile", "/api/platform/profile", "/api/platform/profile"),
}
DEFAULTS: dict[str, Any] = yaml.safe_load((SUPABASE / "values.yaml").read_text())
every_variant = pytest.mark.parametrize("name", VARIANTS)


def problems(name: str, spec: Manifest) -> list[str]:
    """What is wrong with a pod."""
    found = list(pod_security.violations(spec))
    if spec["automountServiceAccountToken"] is not False:
        found.append("has a token of the API")
    if {item["topologyKey"] for item in spec["topologySpreadConstraints"]} != {
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    }:
        found.append("is not spread")
    for constraint in spec["topologySpreadConstraints"]:
        if constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/name"] != name:
            found.append("is spread among others")
    volumes = {item["name"] for item in spec["volumes"]}
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        resources = container["resources"]
        mounts = {item["name"]: item for item in container["volumeMounts"]}
        if container["securityContext"]["readOnlyRootFilesystem"] is not True:
            found.append("writes to its root")
        if mounts["tmp"]["mountPath"] != "/tmp" or not mounts.keys() <= volumes:
            found.append("lacks a volume")
        if resources["requests"].keys() != {"cpu", "memory"} or "memory" not in resources["limits"]:
            found.append("is not bounded")
        if not re.search(r":[^:/@]+(@sha256:[0-9a-f]{64})?$", container["image"]) or ":latest" in container["image"]:
            found.append("has no pinned image")
        found += [f"{key} twice" for key in _twice([item["name"] for item in container["env"]])]
    return found


def _twice(names: list[str]) -> set[str]:
    return {name for name in names if names.count(name) > 1}


@every_variant
def test_every_pod_is_hardened_bounded_and_spread(name: str) -> None:
    enabled = {service for service in SERVICES if VARIANTS[name].get(service, {}).get("enabled", True)}
    found = {
        component: problems(component, item["spec"]["template"]["spec"])
        for component, item in deployments(variant(name)).items()
    }
    assert found == {component: [] for component in enabled}


@every_variant
def test_every_pod_ends_gracefully(name: str) -> None:
    for component, item in deployments(variant(name)).items():
        spec = item["spec"]["template"]["spec"]
        delay = VARIANTS[name].get("terminationDelaySeconds", 5)
        if name == "ingress" and component == "gateway":
            # The load balancer's deregistration delay, and time for the controller to notice.
            delay = 75
        hook = {"preStop": {"sleep": {"seconds": delay}}} if delay else None
        assert (component, spec["containers"][0].get("lifecycle")) == (component, hook)
        assert spec["terminationGracePeriodSeconds"] == delay + 30
        assert item["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


@every_variant
def test_replicas_budgets_and_autoscalers_agree(name: str) -> None:
    manifests = list(variant(name))
    budgets = {item["metadata"]["name"] for item in of_kind(manifests, "PodDisruptionBudget")}
    scaled = {
        item["spec"]["scaleTargetRef"]["name"]: item["spec"] for item in of_kind(manifests, "HorizontalPodAutoscaler")
    }
    several = set()
    for component, item in deployments(manifests).items():
        values = {**DEFAULTS[component], **VARIANTS[name].get(component, {})}
        full = f"supabase-{component}"
        autoscaled = values.get("autoscaling", {}).get("enabled", False)
        assert (full in scaled) is autoscaled
        # An upgrade must not put back the autoscaler's number.
        assert item["spec"].get("replicas") == (None if autoscaled else values["replicas"])
        if autoscaled:
            most = DEFAULTS[component]["autoscaling"]["maxReplicas"]
            assert (scaled[full]["minReplicas"], scaled[full]["maxReplicas"]) == (values["replicas"], most)
        if values["replicas"] > 1:
            several.add(full)
    # With one replica a budget could only keep its node from being drained.
    assert budgets == several
    for item in of_kind(manifests, "PodDisruptionBudget"):
        assert item["spec"]["maxUnavailable"] == 1 and item["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


@every_variant
def test_selectors_name_one_component_and_ports_exist(name: str) -> None:
    manifests = list(variant(name))
    pods = {component: item["spec"]["template"] for component, item in deployments(manifests).items()}
    for item in [*of_kind(manifests, "Service"), *of_kind(manifests, "PodDisruptionBudget")]:
        selector = item["spec"]["selector"]
        labels = selector.get("matchLabels", selector).items()
        matching = [key for key, template in pods.items() if labels <= template["metadata"]["labels"].items()]
        assert [f"supabase-{key}" for key in matching] == [item["metadata"]["name"]]
    services = {item["metadata"]["name"].removeprefix("supabase-") for item in of_kind(manifests, "Service")}
    assert services == pods.keys()
    for template in pods.values():
        ports = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
        probes = [value for key, value in template["spec"]["containers"][0].items() if key.endswith("Probe")]
        assert "http" in ports and {probe["httpGet"]["port"] for probe in probes if "httpGet" in probe} <= ports
    accounts = {item["metadata"]["name"]: item for item in of_kind(manifests, "ServiceAccount")}
    assert accounts.keys() == {template["spec"]["serviceAccountName"] for template in pods.values()}
    assert not any(item["automountServiceAccountToken"] for item in accounts.values())


@every_variant
def test_no_secret_is_in_the_objects(name: str) -> None:
    manifests = list(variant(name))
    assert not of_kind(manifests, "Secret")
    text = json.dumps(manifests)
    assert not re.search(r"eyJ[A-Za-z0-9_-]{8}|sb_(secret|publishable)_[A-Za-z0-9]", text)
    for item in deployments(manifests).values():
        spec = item["spec"]["template"]["spec"]
        for container in [*spec.get("initContainers", []), *spec["containers"]]:
            plain = {item["name"] for item in container["env"] if "value" in item}
            assert not {key for key in plain if re.search(r"PASS|SECRET|_KEY$|KEYS$|JWKS", key)}


@pytest.mark.parametrize("service", SERVICES)
def test_service_that_is_off_leaves_nothing(service: str) -> None:
    manifests = list(variant(f"without {service}"))
    # Functions and Studio call the gateway by its name, and cannot do without.
    others = [item for item in manifests if item["kind"] != "Deployment"] if service == "gateway" else manifests
    text = json.dumps(others)
    traces = rf'supabase-{service}:|cluster: {service}\b|"app.kubernetes.io/name": "{service}"'
    assert re.search(traces, json.dumps(variant("defaults"))) and not re.search(traces, text)
    account = pod("defaults", service)["serviceAccountName"]
    assert not {item["metadata"]["name"] for item in manifests} & {f"supabase-{service}", account}


def test_everything_can_be_off() -> None:
    assert {item["kind"] for item in variant("nothing")} <= {"NetworkPolicy"}


@pytest.mark.parametrize("service", SERVICES)
def test_probes_ask_what_they_are_for(service: str) -> None:
    container = pod("defaults", service)["containers"][0]
    found = []
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        probe = container.get(kind)
        command = probe and " ".join(probe.get("exec", {}).get("command", []))
        program = re.search(r"\b(wget|curl)\b", command or "")
        found.append(program.group() if program else probe and probe["httpGet"]["path"])
        if probe:
            # Where a shell limits the time itself, the kubelet's limit comes after.
            own = re.search(r"(?:timeout|-m) (\d+)", command or "")
            assert probe["timeoutSeconds"] > (int(own.group(1)) if own else 2)
    assert tuple(found) == PROBES[service]
    if service in MIGRATING:
        assert container["startupProbe"]["periodSeconds"] * container["startupProbe"]["failureThreshold"] >= 300
    # Longer than a restart of the database: a liveness probe that fails with it would add an outage of its own.
    assert container["livenessProbe"]["periodSeconds"] * container["livenessProbe"]["failureThreshold"] >= 60


def test_edge_runtime_ends_in_order_within_the_pods_time() -> None:
    spec = pod("functions", "functions")
    arguments = dict(item.lstrip("-").split("=") for item in spec["containers"][0]["args"] if "=" in item)
    after_hook = spec["terminationGracePeriodSeconds"] - 5
    assert 0 < int(arguments["graceful-exit-timeout"]) < after_hook
    assert arguments["user-worker-request-idle-timeout"] == "150000"
    large = pod("large numbers", "functions")["containers"][0]["args"]
    assert "--user-worker-request-idle-timeout=86400000" in large


def test_priority_class_of_a_service_wins_over_the_charts() -> None:
    manifests = supabase(priorityClassName="all", auth={"priorityClassName": "own"})
    found = {key: item["spec"]["template"]["spec"]["priorityClassName"] for key, item in deployments(manifests).items()}
    assert found == {service: "own" if service == "auth" else "all" for service in SERVICES}
    assert "priorityClassName" not in pod("defaults", "auth")


def test_images_may_be_pinned_by_digest() -> None:
    for service in SERVICES:
        spec = pod("digest", service)
        images = {item["image"] for item in [*spec.get("initContainers", []), *spec["containers"]]}
        assert images == {f"registry.example.com:5000/supabase/{service}:v1{DIGEST}"}


# Who reads what, which is who restarts when it changes. Values by their path, then components.
READERS: list[tuple[str, list[str]]] = [
    ("database.ca", ["auth", "meta", "realtime", "rest", "storage"]),
    ("secrets.database", ["meta", "studio"]),
    ("secrets.databaseRoles", ["auth", "realtime", "rest", "storage"]),
    ("secrets.jwt", ["auth", "functions", "realtime", "rest", "storage", "studio"]),
    ("secrets.apiKeys", ["functions", "gateway", "storage", "studio"]),
    ("secrets.dashboard", ["gateway", "meta", "studio"]),
    ("secrets.realtime", ["realtime"]),
    ("secrets.s3Protocol", ["storage"]),
    ("secrets.smtp", ["auth"]),
]


@cache
def marked() -> dict[str, Manifest]:
    """The Deployments of variant auth, which reads every Secret, with each object's own path as its version."""
    values: dict[str, Any] = {**VARIANTS["auth"], "database": {"ca": {"version": "marked database.ca"}}}
    values["secrets"] = {
        path.removeprefix("secrets."): {"version": f"marked {path}"} for path, _readers in READERS if path[0] == "s"
    }
    return deployments(supabase(**values))


@pytest.mark.parametrize(("path", "readers"), READERS, ids=[path for path, _readers in READERS])
def test_new_version_restarts_exactly_the_readers(path: str, readers: list[str]) -> None:
    own = reduce(dict.__getitem__, path.split("."), DEFAULTS)
    read = f"configMap/{own['configMap']}" if "configMap" in own else f"secret/{own['name']}"
    templates = {name: item["spec"]["template"] for name, item in marked().items()}
    reading = sorted(name for name, template in templates.items() if read in references(template["spec"]))
    changing = sorted(name for name, template in templates.items() if f"marked {path}" in _annotations(template))
    assert (reading, changing) == (readers, readers)


def _annotations(template: Manifest) -> list[str]:
    return list(template["metadata"].get("annotations", {}).values())


def own(version: str) -> list[dict[str, str]]:
    """A Secret of the user's."""
    return [{"name": "own", "version": version}]


def provider(version: str) -> dict[str, Any]:
    """A provider whose Secret has this version."""
    return {"x": {"clientId": "x", "secret": {"name": "x", "key": "x", "version": version}}}


# Values before and after, and who restarts.
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    # No mail is sent, and the number of pods is none of a pod's business.
    "what nobody reads": (
        {},
        {"secrets": {"smtp": {"version": "2"}}, "rest": {"timeoutSeconds": 61}, "auth": {"replicas": 3}},
        ["gateway"],
    ),
    # The gateway knows the dashboard's password only where there is one.
    "without Studio": (
        {"studio": {"enabled": False}},
        {"studio": {"enabled": False}, "secrets": {"dashboard": {"version": "2"}}},
        ["meta"],
    ),
    "Auth's Secret, code": (
        {"auth": {"environmentFrom": own("1")}, "functions": {"code": {"a": {"index.ts": "1"}}}},
        {"auth": {"environmentFrom": own("2")}, "functions": {"code": {"a": {"index.ts": "2"}}}},
        ["auth", "functions"],
    ),
    "provider, Secret of functions": (
        {"auth": {"oauth": provider("1")}, "functions": {"environmentFrom": own("1")}},
        {"auth": {"oauth": provider("2")}, "functions": {"environmentFrom": own("2")}},
        ["auth", "functions"],
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_pods_restart_only_for_what_they_read(change: str) -> None:
    before, after, expected = CHANGES[change]
    old, new = (deployments(supabase(**values) if values else variant("defaults")) for values in (before, after))
    assert sorted(key for key in new if old[key]["spec"]["template"] != new[key]["spec"]["template"]) == expected


def test_new_version_of_the_chart_restarts_nothing(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SUPABASE, tmp_path / "supabase"))
    chart = (copy / "Chart.yaml").read_text()
    (copy / "Chart.yaml").write_text(re.sub(r"(?m)^version: .*$", "version: 9.9.9+0123456789abcdef", chart))
    changed = deployments(render(copy, REQUIRED))
    for name, item in deployments(variant("defaults")).items():
        assert changed[name]["spec"] == item["spec"]
        assert changed[name]["metadata"]["labels"]["helm.sh/chart"] == "supabase-9.9.9_0123456789abcdef"


def test_only_storage_takes_an_aws_identity() -> None:
    accounts = {name: pod("defaults", name)["serviceAccountName"] for name in SERVICES}
    assert accounts == {name: "storage" if name == "storage" else f"supabase-{name}" for name in SERVICES}
    renamed = supabase(storage={"serviceAccountName": "files"})
    assert named(renamed, "ServiceAccount", "files")
    assert not any(key.startswith("AWS_") for key in environment(pod("defaults", "storage")))
