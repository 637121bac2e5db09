# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Startup, readiness and liveness probes: how one is made, and what a series of results means.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.node.podspec import named_port

Json = dict[str, Any]
Execute = Callable[[Sequence[str], float], tuple[int | None, str]]

_MESSAGE_LIMIT = 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Timing:
    """The thresholds of a probe; times in seconds, defaults as in the API."""

    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    success_threshold: int = 1
    failure_threshold: int = 3

    @classmethod
    def of(cls, probe: Json) -> Timing:
        """The timing of a probe of a PodSpec (zero means the default, as in the API)."""
        return cls(
            initial_delay=probe.get("initialDelaySeconds") or 0.0,
            period=probe.get("periodSeconds") or cls.period,
            timeout=probe.get("timeoutSeconds") or cls.timeout,
            success_threshold=probe.get("successThreshold") or cls.success_threshold,
            failure_threshold=probe.get("failureThreshold") or cls.failure_threshold,
        )


class Series:
    """Counts results; `state` changes when a threshold is reached. It begins as None: nothing known."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._last: bool | None = None
        self._run = 0
        self.state: bool | None = None

    def add(self, success: bool) -> bool:
        """Count one result and return whether `state` has changed."""
        self._run = self._run + 1 if success == self._last else 1
        self._last = success
        threshold = self._timing.success_threshold if success else self._timing.failure_threshold
        if self._run < threshold or self.state == success:
            return False
        self.state = success
        return True


@dataclass(frozen=True)
class Target:
    """Where probes of one container go: its pod's address, sockets that reach it, and commands inside it."""

    pod_ip: str
    container: Json
    make_socket: Callable[[], socket.socket]
    execute: Execute


def check(probe: Json, target: Target, timeout: float) -> tuple[bool, str]:
    """Make one probe (or hook) and return success and, on failure, what happened."""
    try:
        if action := probe.get("exec"):
            code, output = target.execute(action.get("command", []), timeout)
            return code == 0, output.strip()[:_MESSAGE_LIMIT]
        if action := probe.get("httpGet"):
            return _http(action, target, timeout)
        _connect(target, probe["tcpSocket"], timeout).close()
    except (OSError, http.client.HTTPException) as error:
        return False, str(error) or type(error).__name__
    return True, ""


def _http(action: Json, target: Target, timeout: float) -> tuple[bool, str]:
    host = action.get("host") or target.pod_ip
    connection = http.client.HTTPConnection(host, timeout=timeout)
    stream = _connect(target, action, timeout)
    if action.get("scheme", "HTTP").upper() == "HTTPS":
        stream = _unverified().wrap_socket(stream)
    connection.sock = stream
    headers = {item["name"]: item["value"] for item in action.get("httpHeaders", [])}
    headers.setdefault("User-Agent", "kube-probe/1.35")
    headers.setdefault("Accept", "*/*")
    headers.setdefault("Connection", "close")
    headers.setdefault("Host", f"{host}:{_port(target, action)}")
    try:
        connection.putrequest("GET", action.get("path") or "/", skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        status = connection.getresponse().status
    finally:
        connection.close()
    return 200 <= status < 400, f"HTTP probe failed with statuscode: {status}"


def _connect(target: Target, action: Json, timeout: float) -> socket.socket:
    stream = target.make_socket()
    stream.settimeout(timeout)
    try:
        stream.connect((action.get("host") or target.pod_ip, _port(target, action)))
    except OSError:
        stream.close()
        raise
    return stream


def _port(target: Target, action: Json) -> int:
    port = named_port(target.container, action["port"])
    if port is None:
        raise OSError(f"container has no port named {action['port']!r}")
    return port


def _unverified() -> ssl.SSLContext:
    # The kubelet does not verify certificates of HTTPS probes either.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Prober(threading.Thread):
    """Makes one probe again and again until stopped.

    `report(success, message)` is called in this thread for each single result, `changed(state)` when a threshold is
    reached. `gate`, when given, is waited for first: other probes begin when the startup probe has succeeded.
    """

    def __init__(
        self,
        name: str,
        probe: Json,
        target: Target,
        report: Callable[[bool, str], None],
        changed: Callable[[bool], None],
        gate: threading.Event | None = None,
    ) -> None:
        super().__init__(name=f"probe-{name}", daemon=True)
        self._probe = probe
        self._probe_target = target
        self._report = report
        self._changed = changed
        self._gate = gate
        self._stop_event = threading.Event()

    def stop(self) -> None:
        """Make no further probe; one that is under way has no effect any more."""
        self._stop_event.set()
        if self._gate is not None:
            self._gate.set()

    def run(self) -> None:
        timing = Timing.of(self._probe)
        series = Series(timing)
        # The delay counts from the container's start, not from the end of the startup probe.
        if self._stop_event.wait(timing.initial_delay):
            return
        if self._gate is not None:
            self._gate.wait()
        while not self._stop_event.is_set():
            success, message = check(self._probe, self._probe_target, timing.timeout)
            if self._stop_event.is_set():
                return
            self._report(success, message)
            if series.add(success):
                self._changed(success)
            self._stop_event.wait(timing.period)
