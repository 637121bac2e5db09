# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What every stand-in needs in its pod: the API server, probes, and a loop. It imports nothing else of the sandbox, so
that it runs in a pod that sees this package only."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

Object = dict[str, Any]


class ApiError(Exception):
    """The API server answered with an error; status 0 when it did not answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Api(Protocol):
    """The part of the Kubernetes API that is needed."""

    def call(self, method: str, path: str, body: Object | None = None) -> Object:
        """Send a request and return the answer's body. Raises ApiError."""


@dataclass(frozen=True)
class ClusterApi:
    """The API server as a pod reaches it, with the token of its service account, which the kubelet renews."""

    host: str
    port: int
    folder: Path = SERVICE_ACCOUNT

    @classmethod
    def of_this_pod(cls) -> ClusterApi:
        """By the variables that the kubelet gives every pod."""
        return cls(os.environ["KUBERNETES_SERVICE_HOST"], int(os.environ["KUBERNETES_SERVICE_PORT"]))

    def call(self, method: str, path: str, body: Object | None = None) -> Object:
        """Send a request and return the answer's body. Raises ApiError."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        connection = http.client.HTTPSConnection(self.host, self.port, context=context, timeout=20)
        content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
        token = (self.folder / "token").read_text(encoding="ascii")
        headers = {"Authorization": f"Bearer {token}", "Content-Type": content_type, "Accept": "application/json"}
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            content: Object = json.loads(answer.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ApiError(0, f"{method} {path}: {error}") from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise ApiError(answer.status, str(content.get("message", answer.reason)))
        return content


def now() -> str:
    """The time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_event(api: Api, about: Object, kind: str, reason: str, message: str, component: str) -> None:
    """Write an event about an object. Raises ApiError."""
    metadata, time_of_it = about["metadata"], now()
    reference = {"apiVersion": about["apiVersion"], "kind": about["kind"]}
    reference |= {key: metadata[key] for key in ("namespace", "name", "uid") if key in metadata}
    # Events about what has no namespace are in this one.
    namespace = metadata.get("namespace", "default")
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{uuid.uuid4().hex[:16]}", "namespace": namespace},
        "involvedObject": reference,
        "type": kind,
        "reason": reason,
        "message": message[:1024],
        "source": {"component": component},
        "firstTimestamp": time_of_it,
        "lastTimestamp": time_of_it,
        "count": 1,
    }
    api.call("POST", f"/api/v1/namespaces/{namespace}/events", event)


def log(message: str) -> None:
    """One line with the time."""
    print(f"{now()} {message}", flush=True)


def serve_health(port: int, ready: Callable[[], bool]) -> ThreadingHTTPServer:
    """Answer probes: /healthz always, /readyz once `ready`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            healthy = self.path == "/healthz" or (self.path == "/readyz" and ready())
            status = 200 if healthy else 503 if self.path == "/readyz" else 404
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_arguments: Any, **_named: Any) -> None:
            """Probes are not worth a line each."""

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def run(once: Callable[[], None], pauses: Iterable[float]) -> None:
    """Pass over all objects again and again; an API server that does not answer is waited for."""
    for pause in pauses:
        try:
            once()
        except ApiError as error:
            log(f"the API server does not answer: {error}")
        time.sleep(pause)
