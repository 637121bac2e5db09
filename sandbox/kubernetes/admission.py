# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What EKS' own mutating webhooks add to pods: workload identity, and what sends them to Fargate.

Identity follows the Amazon EKS Pod Identity webhook (https://github.com/aws/amazon-eks-pod-identity-webhook): an
association wins over the IRSA annotation, variables that a container sets itself are kept, init containers are
included, pods without either get nothing. A pod that matches a Fargate profile gets the profile's label, Fargate's
scheduler and priority (https://docs.aws.amazon.com/eks/latest/userguide/fargate-getting-started.html shows such a pod),
and no pod identity, which does not exist there. Every other pod is left to the default scheduler.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.node.fargate import SCHEDULER

CREDENTIALS_URI = "http://169.254.170.23/v1/credentials"
POD_IDENTITY_AUDIENCE = "pods.eks.amazonaws.com"
IRSA_AUDIENCE = "sts.amazonaws.com"
IRSA_ROLE_ANNOTATION = "eks.amazonaws.com/role-arn"
TOKEN_SECONDS = 86400
PROFILE_LABEL = "eks.amazonaws.com/fargate-profile"

_POD_IDENTITY_FOLDER = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount"
_IRSA_FOLDER = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
_FARGATE = {
    "schedulerName": SCHEDULER,
    # A node that has one pod must not be given to another.
    "priorityClassName": "system-node-critical",
    "priority": 2000001000,
}

Json = dict[str, Any]


@dataclass(frozen=True)
class _Identity:
    """The variables, the token volume and its mount that one way of workload identity adds."""

    env: dict[str, str]
    volume: str
    folder: str
    token_path: str
    audience: str


def handle(
    review: Json,
    associations: Callable[[str, str], object | None],
    service_account_annotations: Callable[[str, str], Mapping[str, str]],
    fargate_profile: Callable[[str, Mapping[str, str]], str | None],
    *,
    region: str,
    endpoint_url: str,
) -> Json:
    """Answer the AdmissionReview `review` (admission.k8s.io/v1) of a pod that is being created.

    `associations(namespace, service_account)` is the EKS pod identity association or None;
    `service_account_annotations(namespace, service_account)` are the annotations of that ServiceAccount, where IRSA's
    `eks.amazonaws.com/role-arn` is looked up; `fargate_profile(namespace, labels)` is the name of the profile that
    takes such a pod, or None. `endpoint_url` is the AWS endpoint as pods see it.
    """
    request: Json = review["request"]
    pod: Json = copy.deepcopy(request["object"])
    metadata, spec = pod["metadata"], pod["spec"]
    namespace = request.get("namespace") or metadata.get("namespace") or "default"
    service_account = spec.get("serviceAccountName") or "default"
    profile = None if _is_placed(pod) else fargate_profile(namespace, metadata.get("labels") or {})
    if profile is not None:
        metadata["labels"] = {**(metadata.get("labels") or {}), PROFILE_LABEL: profile}
        spec.update(_FARGATE)
    association = associations(namespace, service_account) if profile is None else None
    identity = _identity(association, service_account_annotations(namespace, service_account))
    if identity is not None:
        _add_identity(spec, identity, region, endpoint_url)
    return _response(request["uid"], request["object"], pod)


def webhook_configuration(ca_pem: str, url: str) -> Json:
    """The MutatingWebhookConfiguration that sends every new pod to `url` (HTTPS), trusted by `ca_pem`.

    It fails closed: a pod stored without its identity or placement would run differently and not say why.
    """
    webhook = {
        "name": "pods.sandbox.supastack.dev",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": url, "caBundle": base64.b64encode(ca_pem.encode()).decode()},
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "Namespaced",
            }
        ],
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "supastack-sandbox"},
        "webhooks": [webhook],
    }


def _identity(association: object | None, annotations: Mapping[str, str]) -> _Identity | None:
    if association is not None:
        token = f"{_POD_IDENTITY_FOLDER}/eks-pod-identity-token"
        env = {
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": CREDENTIALS_URI,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
        }
        return _Identity(
            env, "eks-pod-identity-token", _POD_IDENTITY_FOLDER, "eks-pod-identity-token", POD_IDENTITY_AUDIENCE
        )
    role_arn = annotations.get(IRSA_ROLE_ANNOTATION)
    if role_arn:
        env = {
            "AWS_STS_REGIONAL_ENDPOINTS": "regional",
            "AWS_ROLE_ARN": role_arn,
            "AWS_WEB_IDENTITY_TOKEN_FILE": f"{_IRSA_FOLDER}/token",
        }
        return _Identity(env, "aws-iam-token", _IRSA_FOLDER, "token", IRSA_AUDIENCE)
    return None


def _add_identity(spec: Json, identity: _Identity, region: str, endpoint_url: str) -> None:
    token = {"audience": identity.audience, "expirationSeconds": TOKEN_SECONDS, "path": identity.token_path}
    volume = {"name": identity.volume, "projected": {"sources": [{"serviceAccountToken": token}]}}
    _append_by_name(spec, "volumes", volume)
    mount = {"name": identity.volume, "mountPath": identity.folder, "readOnly": True}
    env = {**identity.env, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    # Go's SDK asks STS for the credentials of a web identity before it reads the name that is for all services.
    env.update({"AWS_ENDPOINT_URL": endpoint_url, "AWS_ENDPOINT_URL_STS": endpoint_url})
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        for name, value in env.items():
            _append_by_name(container, "env", {"name": name, "value": value})
        _append_by_name(container, "volumeMounts", mount)


def _append_by_name(holder: Json, key: str, item: Json) -> None:
    items = holder.setdefault(key, [])
    if all(existing["name"] != item["name"] for existing in items):
        items.append(copy.deepcopy(item))


def _is_placed(pod: Json) -> bool:
    """Whether a node has been chosen: the DaemonSet controller has pinned its pods to one each, and a node its own."""
    owners = {owner["kind"] for owner in pod["metadata"].get("ownerReferences", [])}
    return bool(pod["spec"].get("nodeName") or owners & {"DaemonSet", "Node"})


def _response(uid: str, before: Json, after: Json) -> Json:
    # JSON Patch "add" replaces a member that exists (RFC 6902 §4.1), so one operation per changed field is enough.
    patch = [
        {"op": "add", "path": f"/{part}/{key}", "value": value}
        for part in ("metadata", "spec")
        for key, value in after[part].items()
        if before[part].get(key) != value
    ]
    response: Json = {"uid": uid, "allowed": True}
    if patch:
        response["patchType"] = "JSONPatch"
        response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
