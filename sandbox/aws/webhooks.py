# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The HTTPS listener that API servers call: /token/<cluster> and /admission/<cluster>."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.aws.eks import fargate_profiles
from sandbox.aws.eks.lifecycle import control_plane, find_cluster
from sandbox.aws.eks.store import Cluster
from sandbox.aws.runtime import Runtime
from sandbox.kubernetes import admission, rbac, token_webhook
from sandbox.kubernetes.client import Api
from sandbox.kubernetes.control_plane import webhooks_authority

Json = dict[str, Any]
_LOGGER = logging.getLogger(__name__)


def serve(runtime: Runtime, port: int) -> None:
    """Listen on 127.0.0.1:`port` in a background thread."""
    authority = webhooks_authority(runtime.sandbox)
    certificate, key = authority.issue("webhooks", ["127.0.0.1", "localhost"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_class(runtime))
    server.daemon_threads = True
    # A client that connects and says nothing must not hold up the others: each thread does its own handshake.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, name="webhooks", daemon=True).start()


def review_token(runtime: Runtime, cluster_name: str, body: Json) -> Json:
    """Answer a TokenReview, and let roles of namespace-scoped policies exist where they are granted."""
    cluster = find_cluster(cluster_name)

    def namespaces() -> list[str]:
        listed = _api(runtime, cluster_name).get("/api/v1/namespaces") or {"items": []}
        return [item["metadata"]["name"] for item in listed["items"]]

    answer = token_webhook.review(body, cluster, runtime.aws_port, namespaces)
    if cluster is not None and answer["status"]["authenticated"]:
        _bind_namespaces(runtime, cluster, answer, namespaces)
    return answer


def review_pod(runtime: Runtime, cluster_name: str, body: Json) -> Json:
    """Answer the AdmissionReview of a pod."""
    cluster = find_cluster(cluster_name)

    def association(namespace: str, service_account: str) -> Json | None:
        for found in cluster.associations.values() if cluster else ():
            if (found["namespace"], found["serviceAccount"]) == (namespace, service_account):
                return found
        return None

    def annotations(namespace: str, service_account: str) -> dict[str, str]:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}"
        found = _api(runtime, cluster_name).get(path) or {"metadata": {}}
        return dict(found["metadata"].get("annotations") or {})

    def profile(namespace: str, labels: Mapping[str, str]) -> str | None:
        return fargate_profiles.matching(cluster, namespace, labels) if cluster else None

    endpoint = f"http://aws.{runtime.region}.amazonaws.com"
    return admission.handle(body, association, annotations, profile, region=runtime.region, endpoint_url=endpoint)


def _bind_namespaces(runtime: Runtime, cluster: Cluster, answer: Json, namespaces: Callable[[], list[str]]) -> None:
    principal = answer["status"]["user"]["extra"]["canonicalArn"][0]
    for policy, namespace in token_webhook.namespace_groups(cluster.entries[principal], namespaces):
        path = rbac.namespace_bindings(namespace)
        _api(runtime, cluster.name).create(path, rbac.binding(policy, namespace))


def _api(runtime: Runtime, cluster_name: str) -> Api:
    return Api(control_plane(runtime, cluster_name).admin_kubeconfig)


class _Handler(BaseHTTPRequestHandler):
    """Answers reviews; `runtime` is set by the class that `_handler_class` derives."""

    protocol_version = "HTTP/1.1"
    runtime: Runtime

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind, _unused, cluster_name = self.path.partition("?")[0].strip("/").partition("/")
        if kind not in _REVIEWS:
            self._answer(HTTPStatus.NOT_FOUND, {"message": f"There is no webhook at {self.path}."})
            return
        try:
            self._answer(HTTPStatus.OK, _REVIEWS[kind](self.runtime, cluster_name, json.loads(body)))
        except Exception as error:
            # The API server quotes this answer to whoever made the request; the log has the rest.
            _LOGGER.exception("Webhook %s failed", self.path)
            self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"message": f"{type(error).__name__}: {error}"})

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Requests are not logged: there is one for almost every API call, and their bodies hold tokens."""

    def _answer(self, status: HTTPStatus, body: Json) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


_REVIEWS = {"token": review_token, "admission": review_pod}


def _handler_class(runtime: Runtime) -> type[_Handler]:
    return type("Handler", (_Handler,), {"runtime": runtime})
