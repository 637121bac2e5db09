# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Shell exports by which any client works against the running sandbox."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import yaml
from botocore.exceptions import ClientError

from sandbox import account, proxies
from sandbox.state import CHECKOUT, Sandbox, write_atomically

# Unset in any case: the shell that evaluates the lines may have them when this process does not.
_USUAL_SETTINGS = ("AWS_PROFILE", "AWS_SESSION_TOKEN")
_CLUSTER_SETTINGS = ("HELM_KUBE", "K8S_AUTH_")


@dataclass(frozen=True)
class Missing:
    """A variable that cannot be given yet, and why."""

    names: str
    reason: str


def render(sandbox: Sandbox, foreign_settings: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """Lines for a shell to evaluate, and remarks on what does not exist yet.

    `foreign_settings` are the caller's AWS variables, which would be mixed with the sandbox's: they are unset.
    Secrets are read from the emulated Secrets Manager now, so a changed one needs a new call.
    """
    lines: list[str] = []
    remarks: list[str] = []
    for entry in _entries(sandbox):
        if isinstance(entry, Missing):
            remarks.append(f"# {entry.names}: {entry.reason}")
        else:
            lines.append(f"export {entry[0]}={shlex.quote(entry[1])}")
    return [_unset(foreign_settings), *lines], remarks


def _unset(foreign_settings: Iterable[str]) -> str:
    cluster_settings = [name for name in os.environ if name.startswith(_CLUSTER_SETTINGS)]
    names = {*_USUAL_SETTINGS, *foreign_settings, *cluster_settings}
    # A shell cannot unset a name that it cannot spell.
    return " ".join(["unset", *sorted(name for name in names if name.isascii() and name.isidentifier())])


def _entries(sandbox: Sandbox) -> Iterator[tuple[str, str] | Missing]:
    state = sandbox.read()
    status = account.ask(sandbox, "GET", "/sandbox/status")
    yield "AWS_ENDPOINT_URL", state["aws_endpoint_url"]
    yield "AWS_REGION", state["region"]
    yield "AWS_DEFAULT_REGION", state["region"]
    yield "AWS_ACCESS_KEY_ID", state["access_key_id"]
    yield "AWS_SECRET_ACCESS_KEY", state["secret_access_key"]
    yield from proxies.bypass(os.environ).items()
    yield _kubeconfig(sandbox, status["clusters"])
    yield from _supabase(sandbox, state)
    yield _database(sandbox, status["databases"])


def _kubeconfig(sandbox: Sandbox, clusters: list[dict[str, Any]]) -> tuple[str, str] | Missing:
    active = [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]
    if not active:
        return Missing("KUBECONFIG", "no EKS cluster is ACTIVE.")
    path = sandbox.path("kubeconfig")
    write_atomically(path, yaml.safe_dump(kubeconfig(sandbox, active)))
    return "KUBECONFIG", str(path)


def kubeconfig(sandbox: Sandbox, clusters: list[dict[str, Any]]) -> dict[str, Any]:
    """A kubeconfig with a context for each cluster. It holds no secret: a program makes a token for each call."""
    names = [cluster["name"] for cluster in clusters]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _preferred(names, sandbox.read()["environment"]),
        "clusters": [
            {
                "name": cluster["name"],
                "cluster": {
                    "server": cluster["endpoint"],
                    "certificate-authority-data": cluster["certificate_authority"],
                },
            }
            for cluster in clusters
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "users": [{"name": name, "user": {"exec": _token_program(sandbox.folder, name)}} for name in names],
    }


def _token_program(folder: Path, cluster_name: str) -> dict[str, Any]:
    return {
        "apiVersion": "client.authentication.k8s.io/v1",
        "interactiveMode": "Never",
        "command": sys.executable,
        "args": ["-m", "sandbox.kubernetes.exec_token", "--state", str(folder), "--cluster", cluster_name],
        # The lookup that makes tokens imports its collection by name.
        "env": [{"name": "PYTHONPATH", "value": os.pathsep.join([str(CHECKOUT), str(CHECKOUT / ".collections")])}],
    }


def _preferred(names: list[str], environment: str) -> str:
    """The environment's own cluster if there is one, else the first."""
    own = [name for name in names if name == environment or name.startswith(f"{environment}-")]
    return (own or names)[0]


def _supabase(sandbox: Sandbox, state: dict[str, Any]) -> Iterator[tuple[str, str] | Missing]:
    yield "SUPABASE_URL", state["gateway_url"]
    keys = _secret(sandbox, f"{state['environment']}-supabase-api-keys")
    if isinstance(keys, Missing):
        yield Missing("SUPABASE_ANON_KEY, SUPABASE_SERVICE_ROLE_KEY", keys.reason)
        return
    yield "SUPABASE_ANON_KEY", keys["anon"]
    yield "SUPABASE_SERVICE_ROLE_KEY", keys["service_role"]


def _database(sandbox: Sandbox, databases: list[dict[str, Any]]) -> tuple[str, str] | Missing:
    state = sandbox.read()
    running = {item["identifier"]: item for item in databases if item["local_port"] and item["running"]}
    if not running:
        return Missing("DATABASE_URL", "no RDS instance runs here.")
    instance = running[_preferred(list(running), state["environment"])]
    secret = _secret(sandbox, f"{state['environment']}-supabase-db")
    if isinstance(secret, Missing):
        return Missing("DATABASE_URL", secret.reason)
    login = f"{quote(secret['username'], safe='')}:{quote(secret['password'], safe='')}"
    options = urlencode({"sslmode": "verify-full", "sslrootcert": state["rds_ca_bundle"]}, safe="/", quote_via=quote)
    url = f"postgresql://{login}@127.0.0.1:{instance['local_port']}/{instance['database']}?{options}"
    return "DATABASE_URL", url


def _secret(sandbox: Sandbox, name: str) -> dict[str, str] | Missing:
    try:
        answer = account.client(sandbox, "secretsmanager").get_secret_value(SecretId=name)
    except ClientError as error:
        return Missing("", f"secret {name} cannot be read ({error.response['Error']['Code']}).")
    content: dict[str, str] = json.loads(answer["SecretString"])
    return content
