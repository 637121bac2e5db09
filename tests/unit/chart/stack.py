# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The chart's three services as real processes on loopback, with the environment that their PodSpecs give them."""

from __future__ import annotations

import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.unit.bootstrap.database import Database
from tests.unit.chart import rendering
from tools.toolchain import envoy, node, node_module, postgrest

Secrets = dict[str, dict[str, str]]


def free_ports(count: int) -> list[int]:
    """Distinct TCP ports of the loopback interface that nothing listens on now."""
    sockets = [socket.socket() for _number in range(count)]
    try:
        for item in sockets:
            item.bind(("127.0.0.1", 0))
        return [int(item.getsockname()[1]) for item in sockets]
    finally:
        for item in sockets:
            item.close()


@dataclass(frozen=True)
class Answer:
    """An HTTP answer. `headers` have lower-case names."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Stack:
    """The running services."""

    folder: Path
    secrets: Secrets
    ports: dict[str, int]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def request(
        self, path: str, *, method: str = "GET", body: str | None = None, port: str = "gateway", **headers: str
    ) -> Answer:
        """One request; underscores in names of headers become hyphens."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[port]}{path}",
            method=method,
            data=body.encode() if body else None,
            headers={name.replace("_", "-"): value for name, value in headers.items()},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _lower(error.headers), error.read().decode())

    def log(self, name: str) -> str:
        """What that process has printed."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8")

    def start(
        self, name: str, command: Sequence[str | Path], environment: dict[str, str], cwd: Path | None = None
    ) -> None:
        """Start a process whose output goes to `<name>.log`."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(command, env=environment, cwd=cwd, stdout=log, stderr=log))

    def wait(self, name: str, port: str, path: str) -> None:
        """Wait until the readiness probe of a service passes."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self.request(path, port=port).status == 200:
                    return
            except (urllib.error.URLError, ConnectionError):
                pass
            time.sleep(0.05)
        raise AssertionError(f"{name} is not ready: {self.log(name)}")


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def environment_of(spec: rendering.Manifest, secrets: Secrets, config_maps: Secrets) -> dict[str, str]:
    """The environment of a pod's only container, resolved as the kubelet does it."""
    resolved = {}
    for item in spec["containers"][0].get("env", []):
        source = item.get("valueFrom", {})
        if "secretKeyRef" in source:
            resolved[item["name"]] = secrets[source["secretKeyRef"]["name"]][source["secretKeyRef"]["key"]]
        elif "configMapKeyRef" in source:
            resolved[item["name"]] = config_maps[source["configMapKeyRef"]["name"]][source["configMapKeyRef"]["key"]]
        else:
            resolved[item["name"]] = item["value"]
    return resolved


def loopback_envoy(config: str, folder: Path, ports: dict[str, int]) -> str:
    """Envoy's configuration with every address on loopback and every port a free one; nothing else is changed."""
    parsed = yaml.safe_load(config)
    replaced = {8000: "gateway", 9902: "health", 9901: "admin", 3000: "rest", 8080: "meta"}

    def visit(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                visit(item)
        elif isinstance(value, dict):
            if "port_value" in value:
                value.update(address="127.0.0.1", port_value=ports[replaced[value["port_value"]]])
            if value.get("filename") == "/etc/envoy/gateway.lua":
                value["filename"] = str(folder / "gateway.lua")
            for item in value.values():
                visit(item)

    visit(parsed)
    return yaml.safe_dump(parsed)


def _start_gateway(stack: Stack, manifests: list[rendering.Manifest], environment: dict[str, str]) -> None:
    data = rendering.named(manifests, "ConfigMap", "supabase-gateway")["data"]
    (stack.folder / "gateway.lua").write_text(data["gateway.lua"], encoding="utf-8")
    config = stack.folder / "envoy.yaml"
    config.write_text(loopback_envoy(data["envoy.yaml"], stack.folder, stack.ports), encoding="utf-8")
    command: list[str | Path] = [envoy(), "--config-path", config, "--disable-hot-restart", "--concurrency", "1"]
    command += ["--file-flush-interval-msec", "10"]
    stack.start("gateway", command, environment)


@contextmanager
def running(database: Database, secrets: Secrets, folder: Path) -> Iterator[Stack]:
    """Gateway, PostgREST and postgres-meta in front of `database`, stopped at the end."""
    names = ("gateway", "health", "admin", "rest", "rest_admin", "meta")
    stack = Stack(folder, secrets, dict(zip(names, free_ports(len(names)), strict=True)))
    manifests = rendering.supabase(database={"host": "127.0.0.1", "port": database.server.port})
    specs = {name.removeprefix("Deployment/supabase-"): spec for name, spec in rendering.pod_specs(manifests)}
    config_maps = {"supabase-database-ca": {"ca.pem": database.ca_path.read_text(encoding="ascii")}}
    environments = {name: environment_of(spec, secrets, config_maps) for name, spec in specs.items()}
    environments["rest"] |= {
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(stack.ports["rest"]),
        "PGRST_ADMIN_SERVER_HOST": "127.0.0.1",
        "PGRST_ADMIN_SERVER_PORT": str(stack.ports["rest_admin"]),
        "PGSSLROOTCERT": str(database.ca_path),
    }
    environments["meta"] |= {"PG_META_HOST": "127.0.0.1", "PG_META_PORT": str(stack.ports["meta"])}
    try:
        _start_gateway(stack, manifests, environments["gateway"])
        stack.start("rest", [postgrest()], environments["rest"])
        package = node_module("@supabase/postgres-meta")
        stack.start("meta", [node(), "dist/server/server.js"], environments["meta"], cwd=package)
        stack.wait("gateway", "health", "/ready")
        stack.wait("rest", "rest_admin", "/ready")
        stack.wait("meta", "meta", "/config/version")
        yield stack
    finally:
        for process in stack.processes:
            process.terminate()
        for process in stack.processes:
            process.wait(timeout=20)
