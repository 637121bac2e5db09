# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The gateway and services of the chart as real processes on loopback, with the environment of their PodSpecs."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.unit.bootstrap.database import AUTHENTICATOR_PASSWORD, MASTER_PASSWORD, Database
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
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=20)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            lower = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, lower, answer.read().decode())
        finally:
            connection.close()

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
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        raise AssertionError(f"{name} is not ready: {self.log(name)}")

    def stop(self) -> None:
        """End every process."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=20)


def generated_secrets() -> Secrets:
    """The secrets as the role kms_secrets generates them, by their names in the cluster."""
    # A plug-in of a collection can only be imported beside Ansible's own loader, so another Python does it.
    program = (
        "import json; from ansible_collections.supastack.aws.plugins.filter.supabase_keys import supabase_keys as make;"
        "jwt = make('SUPABASE_JWT'); print(json.dumps({'supabase-jwt': jwt,"
        "'supabase-api-keys': make('SUPABASE_API_KEYS', jwt=jwt), 'supabase-dashboard': make('SUPABASE_DASHBOARD')}))"
    )
    path = {"PYTHONPATH": str(rendering.CHECKOUT / ".collections")}
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, env={**os.environ, **path}
    )
    secrets: Secrets = json.loads(result.stdout)
    return secrets


def secrets_of_the_database() -> Secrets:
    """The secrets that PostgREST and postgres-meta log in with."""
    return {
        "supabase-db": {"username": "postgres", "password": MASTER_PASSWORD},
        "supabase-db-roles": {"authenticator": AUTHENTICATOR_PASSWORD},
    }


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
    own = {8000: "gateway", 9902: "health", 9901: "admin"}

    def visit(value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                visit(item)
        elif isinstance(value, dict):
            if "port_value" in value:
                name = own.get(value["port_value"]) or value["address"].removeprefix("supabase-")
                value.update(address="127.0.0.1", port_value=ports[name])
            if value.get("filename") == "/etc/envoy/gateway.lua":
                value["filename"] = str(folder / "gateway.lua")
            for item in value.values():
                visit(item)

    visit(parsed)
    return yaml.safe_dump(parsed)


def start_gateway(stack: Stack, manifests: list[rendering.Manifest]) -> None:
    """Start Envoy with what the chart gives it, and wait until it is ready."""
    data = rendering.named(manifests, "ConfigMap", "supabase-gateway")["data"]
    (stack.folder / "gateway.lua").write_text(data["gateway.lua"], encoding="utf-8")
    config = stack.folder / "envoy.yaml"
    config.write_text(loopback_envoy(data["envoy.yaml"], stack.folder, stack.ports), encoding="utf-8")
    command: list[str | Path] = [envoy(), "--config-path", config, "--disable-hot-restart", "--concurrency", "1"]
    command += ["--file-flush-interval-msec", "10"]
    spec = dict(rendering.pod_specs(manifests))["Deployment/supabase-gateway"]
    stack.start("gateway", command, environment_of(spec, stack.secrets, {}))
    stack.wait("gateway", "health", "/ready")


# What cannot run here, as the chart's values switch it off.
OTHERS: dict[str, Any] = {
    name: {"enabled": False} for name in ("auth", "realtime", "storage", "imgproxy", "functions", "studio")
}


def health_check(**values: Any) -> tuple[str, str]:
    """The path that the load balancer asks to know whether a gateway serves, and the status that it takes for yes."""
    values |= {
        "gateway": {"trustedProxies": 1},
        "ingress": {"enabled": True, "allowHttp": True},
        "networkPolicy": {"albCidrs": ["10.40.0.0/24"]},
    }
    ingress = rendering.named(rendering.supabase(**values), "Ingress", "supabase-gateway")
    annotations = ingress["metadata"]["annotations"]
    path, codes = (annotations[f"alb.ingress.kubernetes.io/{name}"] for name in ("healthcheck-path", "success-codes"))
    return path, codes


@contextmanager
def running(database: Database, secrets: Secrets, folder: Path) -> Iterator[Stack]:
    """Gateway, PostgREST and postgres-meta in front of `database`, stopped at the end."""
    names = ("gateway", "health", "admin", "rest", "rest_admin", "meta")
    stack = Stack(folder, secrets, dict(zip(names, free_ports(len(names)), strict=True)))
    manifests = rendering.supabase(database={"host": "127.0.0.1", "port": database.server.port}, **OTHERS)
    specs = {name.removeprefix("Deployment/supabase-"): spec for name, spec in rendering.pod_specs(manifests)}
    config_maps = {"supabase-database-ca": {"ca.pem": database.ca_path.read_text(encoding="ascii")}}
    environments = {name: environment_of(specs[name], secrets, config_maps) for name in ("rest", "meta")}
    environments["rest"] |= {
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(stack.ports["rest"]),
        "PGRST_ADMIN_SERVER_HOST": "127.0.0.1",
        "PGRST_ADMIN_SERVER_PORT": str(stack.ports["rest_admin"]),
        "PGSSLROOTCERT": str(database.ca_path),
    }
    environments["meta"] |= {"PG_META_HOST": "127.0.0.1", "PG_META_PORT": str(stack.ports["meta"])}
    try:
        start_gateway(stack, manifests)
        stack.start("rest", [postgrest()], environments["rest"])
        package = node_module("@supabase/postgres-meta")
        stack.start("meta", [node(), "dist/server/server.js"], environments["meta"], cwd=package)
        stack.wait("rest", "rest_admin", "/ready")
        stack.wait("meta", "meta", "/config/version")
        yield stack
    finally:
        stack.stop()
