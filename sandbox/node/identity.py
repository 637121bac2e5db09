# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The EKS pod identity agent: http://169.254.170.23/v1/credentials, which only pods can reach.

https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html: the token is the pod's service account token
with the audience pods.eks.amazonaws.com; the answer is what the container credential provider of the SDKs reads.
"""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.node.api import Api, ApiError
from sandbox.node.config import FARGATE_NODE
from sandbox.node.network import Fabric

Json = dict[str, Any]

ADDRESS = "169.254.170.23"
PORT = 80
AUDIENCE = "pods.eks.amazonaws.com"
_PATH = "/v1/credentials"
_SECONDS = 30.0
# linux/in.h; Python has no name for it.
_IP_FREEBIND = 15

logger = logging.getLogger(__name__)


class Refused(Exception):
    """No credentials, with the HTTP status and message for the pod."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def review(api: Api, token: str) -> Json:
    """Whose token it is: {namespace, serviceAccount, pod, podUid}. Raises Refused when it is not a pod's for us.

    Pods on Fargate get nothing: AWS runs no agent there
    (https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html, restrictions).
    """
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": token, "audiences": [AUDIENCE]},
    }
    try:
        status: Json = api.create("/apis/authentication.k8s.io/v1/tokenreviews", body).get("status", {})
    except ApiError as error:
        raise Refused(500, f"TokenReview failed: {error}") from error
    parts = status.get("user", {}).get("username", "").split(":")
    if not status.get("authenticated") or AUDIENCE not in status.get("audiences", []) or len(parts) != 4:
        raise Refused(403, "Service account token cannot be verified: it is not a valid token for this audience.")
    extra = status["user"].get("extra", {})
    if _first(extra, "authentication.kubernetes.io/node-name") == FARGATE_NODE:
        raise Refused(404, "Pods on Fargate have no pod identity agent: use an IAM role for the service account.")
    return {
        "namespace": parts[2],
        "serviceAccount": parts[3],
        "pod": _first(extra, "authentication.kubernetes.io/pod-name"),
        "podUid": _first(extra, "authentication.kubernetes.io/pod-uid"),
    }


def emulator_credentials(port: Callable[[], int], cluster: str, who: Json) -> Json:
    """Ask the emulated EKS Auth for credentials of `who`. Raises Refused when there is no usable association."""
    connection = http.client.HTTPConnection("127.0.0.1", port(), timeout=_SECONDS)
    try:
        path = f"/sandbox/clusters/{cluster}/pod-identity"
        connection.request("POST", path, json.dumps(who), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
    except OSError as error:
        raise Refused(500, f"emulated AWS does not answer: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise Refused(response.status, answer.decode(errors="replace"))
    credentials: Json = json.loads(answer)
    return credentials


class CredentialsServer(ThreadingHTTPServer):
    """Serves credentials at the agent's address in the fabric; `credentials(token)` answers or raises Refused."""

    daemon_threads = True

    def __init__(self, fabric: Fabric, credentials: Callable[[str], Json]) -> None:
        super().__init__((ADDRESS, PORT), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = fabric.socket()
        self.credentials = credentials

    def start(self) -> None:
        """Serve in a thread of the host's network, from where the API server and the emulator can be reached."""
        # The fabric gets the address together with those of Services, maybe later.
        self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        self.socket.bind((ADDRESS, PORT))
        self.socket.listen()
        threading.Thread(target=self.serve_forever, name="credentials", daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: CredentialsServer
    server_version = "eks-pod-identity-agent"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = _SECONDS

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != _PATH:
            self._answer(404, {"message": "not found"})
            return
        token = self.headers.get("Authorization", "")
        if not token:
            self._answer(400, {"message": "Service account token is empty: no Authorization header."})
            return
        try:
            self._answer(200, self.server.credentials(token))
        except Refused as error:
            logger.warning("credentials refused: %s", error)
            self._answer(error.status, {"message": str(error)})

    def log_message(self, template: str, *args: Any) -> None:
        logger.debug(template, *args)

    def _answer(self, status: int, body: Json) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def _first(extra: Json, key: str) -> str | None:
    values = extra.get(key) or [None]
    value: str | None = values[0]
    return value
