# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The kubelet's HTTPS server on loopback: container logs, for the API server only."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sandbox.node import logs
from sandbox.node.config import HOST_IP

# The group that the API server's kubelet client certificate has.
_ALLOWED_ORGANIZATION = "system:masters"
_SECONDS = 3600.0

logger = logging.getLogger(__name__)


class NotFound(Exception):
    """There is no such pod, container or log; the message is for the user of kubectl."""


@dataclass(frozen=True)
class LogSource:
    """A log file, and whether its container is still running."""

    path: Path
    running: Callable[[], bool]


# (namespace, pod, container, previous) -> source; raises NotFound.
FindLog = Callable[[str, str, str, bool], LogSource]


class KubeletServer(ThreadingHTTPServer):
    """Serves /containerLogs/<namespace>/<pod>/<container> to clients with a certificate of the cluster."""

    daemon_threads = True

    def __init__(self, find_log: FindLog, ca_file: str, certificate: tuple[str, str]) -> None:
        super().__init__((HOST_IP, 0), _Handler)
        self.find_log = find_log
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=ca_file)
        # kwok's certificate authority lacks the extensions that OpenSSL's strict mode (Python 3.13 on) asks for.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_cert_chain(*certificate)
        # The handshake is left to the thread of the connection, so that a silent client blocks no other.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        """The port that the Node object publishes."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, name="kubelet-server", daemon=True).start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("connection from %s ended early", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: KubeletServer
    protocol_version = "HTTP/1.1"
    server_version = "supastack-process-node"
    sys_version = ""
    timeout = _SECONDS

    def do_GET(self) -> None:
        self._dispatch()

    def do_POST(self) -> None:
        self._dispatch()

    def log_message(self, template: str, *args: Any) -> None:
        logger.debug(template, *args)

    def _dispatch(self) -> None:
        if not self._authorized():
            self._refuse(403, "Only the API server may ask the kubelet.")
            return
        url = urlsplit(self.path)
        parts = url.path.strip("/").split("/")
        if self.command != "GET" or parts[0] != "containerLogs" or len(parts) != 4:
            self._refuse(501, "The process node serves logs only: no exec, attach or port-forward.")
            return
        self._logs(parts[1], parts[2], parts[3], {key: values[-1] for key, values in parse_qs(url.query).items()})

    def _authorized(self) -> bool:
        assert isinstance(self.connection, ssl.SSLSocket)
        certificate = self.connection.getpeercert() or {}
        subject = certificate.get("subject", ())
        assert isinstance(subject, tuple)
        return any(("organizationName", _ALLOWED_ORGANIZATION) in names for names in subject)

    def _logs(self, namespace: str, pod: str, container: str, query: dict[str, str]) -> None:
        try:
            source = self.server.find_log(namespace, pod, container, query.get("previous") == "true")
        except NotFound as error:
            self._refuse(404, str(error))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for text in logs.read(source.path, options(query), source.running):
            if text:
                self.wfile.write(f"{len(text):x}\r\n".encode() + text + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, status: int, message: str) -> None:
        payload = message.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


def options(query: dict[str, str]) -> logs.Options:
    """The log options in a query of the kubelet's API (PodLogOptions)."""
    since = None
    if "sinceTime" in query:
        since = datetime.fromisoformat(query["sinceTime"]).timestamp()
    elif "sinceSeconds" in query:
        since = datetime.now().timestamp() - float(query["sinceSeconds"])
    return logs.Options(
        follow=query.get("follow") == "true",
        timestamps=query.get("timestamps") == "true",
        tail=int(query["tailLines"]) if "tailLines" in query else None,
        since=since,
        limit_bytes=int(query["limitBytes"]) if "limitBytes" in query else None,
    )
