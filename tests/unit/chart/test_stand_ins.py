# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The sandbox's charts of other projects, with the very values that cluster_services gives them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.node import images
from sandbox.standins import external_secrets
from tests.unit.chart import pod_security
from tests.unit.chart.rendering import CHECKOUT, named, of_kind, pod_specs
from tests.unit.roles.templating import evaluate
from tests.unit.roles.test_cluster_services import INPUTS
from tools.toolchain import tool

NAMES = ("aws-load-balancer-controller", "external-dns", "external-secrets")
FOLDERS = {name: CHECKOUT / "sandbox" / "charts" / name for name in NAMES}


def release(name: str) -> dict[str, Any]:
    """A release of the role, by name."""
    # Plain text, without what Ansible knows about it.
    found = json.loads(evaluate("cluster_services", "__cluster_services_releases | to_json", **INPUTS))
    (wanted,) = (item for item in found if item["name"] == name)
    return dict(wanted)


def rendered(name: str, folder: Path, **more: Any) -> list[dict[str, Any]]:
    """The objects of a release of the role."""
    wanted = release(name)
    done = subprocess.run(
        [
            tool("helm"),
            "template",
            wanted["name"],
            FOLDERS[name],
            f"--namespace={wanted['namespace']}",
            "--include-crds",
            f"--values={_values(folder, {**wanted['release_values'], **more})}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [item for item in yaml.safe_load_all(done.stdout) if item]


def _values(folder: Path, values: dict[str, Any]) -> Path:
    file = folder / "values.yaml"
    file.write_text(yaml.safe_dump(values))
    return file


@pytest.mark.parametrize("name", FOLDERS)
def test_the_chart_has_the_version_that_production_gets(name: str) -> None:
    chart = yaml.safe_load((FOLDERS[name] / "Chart.yaml").read_text())
    assert (chart["name"], chart["version"]) == (name, release(name)["version"])


@pytest.mark.parametrize("name", FOLDERS)
def test_the_pod_has_the_service_account_that_gets_the_role(name: str, tmp_path: Path) -> None:
    identities = evaluate("cluster_services", "__cluster_services_identities", **INPUTS)
    (identity,) = (item for item in identities if item["name"] == name)
    manifests = rendered(name, tmp_path)
    account = named(manifests, "ServiceAccount", identity["service_account"])
    assert account["metadata"]["namespace"] == identity["namespace"]
    ((_workload, spec),) = pod_specs(manifests)
    assert spec["serviceAccountName"] == identity["service_account"]


@pytest.mark.parametrize("name", FOLDERS)
def test_the_stand_in_runs_for_the_image_of_production(name: str, tmp_path: Path) -> None:
    ((_workload, spec),) = pod_specs(rendered(name, tmp_path))
    image = images.find(spec["containers"][0]["image"], {})
    assert image is not None
    assert "stand-in" in image.program


@pytest.mark.parametrize("name", FOLDERS)
def test_the_pod_meets_the_restricted_standard_and_can_be_waited_for(name: str, tmp_path: Path) -> None:
    manifests = rendered(name, tmp_path)
    ((_workload, spec),) = pod_specs(manifests)
    assert list(pod_security.violations(spec)) == []
    (deployment,) = of_kind(manifests, "Deployment")
    assert deployment["metadata"]["labels"]["app.kubernetes.io/instance"] == name


@pytest.mark.parametrize("name", FOLDERS)
def test_a_run_that_goes_over_every_object_is_accepted(name: str, tmp_path: Path) -> None:
    assert rendered(name, tmp_path, **{"global": {"supastackRecovery": True}}) == rendered(name, tmp_path)


def test_arguments_of_the_load_balancer_controller(tmp_path: Path) -> None:
    ((_workload, spec),) = pod_specs(rendered("aws-load-balancer-controller", tmp_path))
    assert spec["containers"][0]["args"] == [
        "--cluster-name=demo-supabase",
        "--ingress-class=alb",
        "--aws-region=eu-west-1",
        "--aws-vpc-id=vpc-0123",
        "--default-target-type=ip",
    ]


def test_the_class_of_ingresses_is_the_controllers(tmp_path: Path) -> None:
    manifests = rendered("aws-load-balancer-controller", tmp_path)
    assert named(manifests, "IngressClass", "alb")["spec"]["controller"] == "ingress.k8s.aws/alb"
    definitions = {item["metadata"]["name"] for item in of_kind(manifests, "CustomResourceDefinition")}
    assert definitions == {"targetgroupbindings.elbv2.k8s.aws", "ingressclassparams.elbv2.k8s.aws"}


def test_arguments_of_external_dns(tmp_path: Path) -> None:
    ((_workload, spec),) = pod_specs(rendered("external-dns", tmp_path))
    assert spec["containers"][0]["args"] == [
        "--interval=1m",
        "--source=ingress",
        "--policy=sync",
        "--registry=txt",
        "--txt-owner-id=demo-supabase",
        "--txt-prefix=external-dns-%{record_type}.",
        "--domain-filter=example.com",
        "--provider=aws",
        "--ingress-class=alb",
        "--zone-id-filter=Z0123456789ABC",
    ]


@pytest.mark.parametrize(
    ("name", "module"), [("external-dns", "external_dns"), ("aws-load-balancer-controller", "load_balancer")]
)
def test_the_stand_in_takes_every_argument_of_its_chart(name: str, module: str, tmp_path: Path) -> None:
    source = (CHECKOUT / "sandbox" / "standins" / f"{module}.py").read_text()
    ((_workload, spec),) = pod_specs(rendered(name, tmp_path))
    given = {argument.partition("=")[0] for argument in spec["containers"][0]["args"]}
    assert given <= set(re.findall(r'"(--[a-z-]+)"', source))


def test_the_stand_in_for_external_secrets_takes_the_arguments_of_its_chart_and_no_others(tmp_path: Path) -> None:
    ((_workload, spec),) = pod_specs(rendered("external-secrets", tmp_path))
    arguments = spec["containers"][0]["args"]
    external_secrets.parse(arguments)
    for number, argument in enumerate(arguments):
        for replaced in ([], [argument.replace("=false", "=true")], [argument, "--metrics-addr=:8080"]):
            with pytest.raises(SystemExit):
                external_secrets.parse([*arguments[:number], *replaced, *arguments[number + 1 :]])


def test_the_definitions_of_external_secrets_are_those_that_the_controller_serves(tmp_path: Path) -> None:
    manifests = rendered("external-secrets", tmp_path, installCRDs=True)
    definitions = {item["metadata"]["name"]: item["spec"] for item in of_kind(manifests, "CustomResourceDefinition")}
    assert {
        name: (spec["names"]["kind"], spec["scope"], [version["name"] for version in spec["versions"]])
        for name, spec in definitions.items()
    } == {
        "clustersecretstores.external-secrets.io": ("ClusterSecretStore", "Cluster", ["v1"]),
        "externalsecrets.external-secrets.io": ("ExternalSecret", "Namespaced", ["v1"]),
        "generatorstates.generators.external-secrets.io": ("GeneratorState", "Namespaced", ["v1alpha1"]),
    }
    for name, spec in definitions.items():
        assert name == f"{spec['names']['plural']}.{spec['group']}"
    # What upstream's definition adds to an object, and what a role therefore finds in it the next time.
    spec = definitions["externalsecrets.external-secrets.io"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
        "spec"
    ]
    assert dict(_defaults(spec)) == {
        ".refreshInterval": "1h0m0s",
        ".target": {"creationPolicy": "Owner", "deletionPolicy": "Retain"},
        ".target.creationPolicy": "Owner",
        ".target.deletionPolicy": "Retain",
        ".target.template.engineVersion": "v2",
        ".target.template.mergePolicy": "Replace",
    }


def _defaults(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    if "default" in schema:
        yield path, schema["default"]
    for name, field in schema.get("properties", {}).items():
        yield from _defaults(field, f"{path}.{name}")


def test_external_secrets_may_do_what_the_real_controller_does(tmp_path: Path) -> None:
    """Learned from the real one: it ends, or reports nothing, without any of these."""
    (role,) = of_kind(rendered("external-secrets", tmp_path), "ClusterRole")
    allowed = {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {
        ("external-secrets.io", "externalsecrets", "patch"),
        ("generators.external-secrets.io", "generatorstates", "watch"),
        ("", "namespaces", "watch"),
        ("", "serviceaccounts", "get"),
        ("", "events", "create"),
    } <= allowed
    assert not {verb for _group, resource, verb in allowed if resource == "serviceaccounts/token"}
