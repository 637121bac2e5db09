# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The admission webhook: workload identity and Fargate."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.kubernetes import admission

Json = dict[str, Any]
NewPod = Callable[..., Json]

KNOWN = "postgrest/postgrest:v14.17"
ROLE = "arn:aws:iam::123456789012:role/irsa"


def _handle(
    pod: Json,
    association: object | None = None,
    annotations: dict[str, str] | None = None,
    profiles: dict[tuple[str, str], str] | None = None,
) -> Json:
    """The PodSpec after the answer's patch."""
    spec: Json = _patched(pod, association, annotations, profiles)["spec"]
    return spec


def _patched(
    pod: Json,
    association: object | None,
    annotations: dict[str, str] | None,
    profiles: dict[tuple[str, str], str] | None,
) -> Json:
    """The pod after the answer's patch; `profiles` are the Fargate profiles by namespace and label `app`."""
    review = {"request": {"uid": "r-1", "namespace": "supabase", "object": pod}}
    asked = []

    def associations(namespace: str, service_account: str) -> object | None:
        asked.append((namespace, service_account))
        return association

    answer = admission.handle(
        review,
        associations,
        lambda _namespace, _account: annotations or {},
        lambda namespace, labels: (profiles or {}).get((namespace, labels["app"])),
        region="eu-west-1",
        endpoint_url="http://aws.example",
    )
    response = answer["response"]
    assert (answer["kind"], response["uid"], response["allowed"]) == ("AdmissionReview", "r-1", True)
    assert set(asked) <= {("supabase", pod["spec"].get("serviceAccountName", "default"))}
    changed = {"metadata": dict(pod["metadata"]), "spec": dict(pod["spec"])}
    for operation in json.loads(base64.b64decode(response.get("patch", base64.b64encode(b"[]")))):
        assert operation["op"] == "add"
        part, name = operation["path"].removeprefix("/").split("/")
        changed[part][name] = operation["value"]
    return changed


def _env(container: Json) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container.get("env", [])}


def test_pod_identity(new_pod: NewPod) -> None:
    pod = new_pod(spec={"initContainers": [{"name": "init", "image": KNOWN}]})
    spec = _handle(pod, association={"roleArn": "x"})
    folder = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
    for container in (spec["initContainers"][0], spec["containers"][0]):
        assert _env(container) == {
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{folder}/eks-pod-identity-token",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": "http://aws.example",
            "AWS_ENDPOINT_URL_STS": "http://aws.example",
        }
        assert container["volumeMounts"] == [{"name": "eks-pod-identity-token", "mountPath": folder, "readOnly": True}]
    token = spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert token == {"audience": "pods.eks.amazonaws.com", "expirationSeconds": 86400, "path": "eks-pod-identity-token"}


def test_irsa(new_pod: NewPod) -> None:
    spec = _handle(new_pod(), annotations={"eks.amazonaws.com/role-arn": ROLE})
    env = _env(spec["containers"][0])
    assert env["AWS_ROLE_ARN"] == ROLE
    assert env["AWS_WEB_IDENTITY_TOKEN_FILE"] == "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"
    assert "AWS_CONTAINER_CREDENTIALS_FULL_URI" not in env
    assert spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["audience"] == "sts.amazonaws.com"


def test_association_wins_over_irsa(new_pod: NewPod) -> None:
    spec = _handle(new_pod(), association={}, annotations={"eks.amazonaws.com/role-arn": ROLE})
    assert "AWS_ROLE_ARN" not in _env(spec["containers"][0])


def test_without_identity_nothing_of_aws_is_added(new_pod: NewPod) -> None:
    spec = _handle(new_pod())
    assert "env" not in spec["containers"][0]
    assert "volumes" not in spec


def test_own_variables_are_kept(new_pod: NewPod) -> None:
    own = [{"name": "AWS_REGION", "value": "us-east-1"}]
    spec = _handle(new_pod(env=own), association={})
    assert _env(spec["containers"][0])["AWS_REGION"] == "us-east-1"


def test_default_service_account_and_untouched_input(new_pod: NewPod) -> None:
    pod = new_pod()
    del pod["spec"]["serviceAccountName"]
    before = json.dumps(pod)
    _handle(pod, association={})
    assert json.dumps(pod) == before


def test_pod_of_a_fargate_profile(new_pod: NewPod) -> None:
    pod = _patched(new_pod(), None, {"eks.amazonaws.com/role-arn": ROLE}, {("supabase", "rest"): "first"})
    assert pod["metadata"]["labels"] == {"app": "rest", "eks.amazonaws.com/fargate-profile": "first"}
    assert pod["spec"]["schedulerName"] == "fargate-scheduler"
    assert (pod["spec"]["priorityClassName"], pod["spec"]["priority"]) == ("system-node-critical", 2000001000)
    assert _env(pod["spec"]["containers"][0])["AWS_ROLE_ARN"] == ROLE


def test_pod_identity_gives_nothing_on_fargate(new_pod: NewPod) -> None:
    spec = _handle(new_pod(), association={"roleArn": "x"}, profiles={("supabase", "rest"): "first"})
    assert "env" not in spec["containers"][0]
    assert "volumes" not in spec


def test_every_other_pod_is_left_to_the_scheduler(new_pod: NewPod) -> None:
    spec = _handle(new_pod(image="nginx:1"), profiles={("other", "rest"): "first"})
    assert spec.keys().isdisjoint({"nodeSelector", "tolerations", "schedulerName", "priority"})


@pytest.mark.parametrize("owner", ["DaemonSet", "Node"])
def test_pods_with_a_node_of_their_own_do_not_go_to_fargate(new_pod: NewPod, owner: str) -> None:
    pod = new_pod()
    pod["metadata"]["ownerReferences"] = [{"kind": owner}]
    assert "schedulerName" not in _handle(pod, profiles={("supabase", "rest"): "first"})
    assert "schedulerName" not in _handle(new_pod(spec={"nodeName": "n"}), profiles={("supabase", "rest"): "first"})


def test_webhook_configuration() -> None:
    webhook = admission.webhook_configuration("PEM", "https://127.0.0.1:9/admission/c")["webhooks"][0]
    assert base64.b64decode(webhook["clientConfig"]["caBundle"]) == b"PEM"
    assert webhook["clientConfig"]["url"] == "https://127.0.0.1:9/admission/c"
    assert webhook["failurePolicy"] == "Fail"
