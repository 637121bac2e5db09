# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup kubernetes_connection: a real API server, and networks with something in the way."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import ssl
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.supastack.aws.plugins.lookup import kubernetes_connection

from sandbox import processes
from sandbox.kubernetes.control_plane import ControlPlane, Endpoint, Settings
from sandbox.pki import Authority
from sandbox.state import Sandbox
from tests.unit.plugins.lookup import http_server
from tools.toolchain import tool

V1 = "client.authentication.k8s.io/v1"
VERSION: tuple[int, dict[str, str], str] = (200, {}, '{"gitVersion": "v1.35.4"}')


class Cluster:
    """An API server, and service accounts of it."""

    def __init__(self, folder: Path) -> None:
        self.sandbox = Sandbox("connection", folder / "connection")
        self.sandbox.update(ports={})
        self.plane = ControlPlane(self.sandbox, "connection")
        self.endpoint: Endpoint

    def kubectl(self, *arguments: str) -> str:
        """What a command of its administrator prints."""
        command = [str(tool("kubectl")), "--kubeconfig", str(self.plane.admin_kubeconfig), *arguments]
        return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        made.endpoint = made.plane.start(Settings("172.21.0.0/16", "https://issuer.example", "https://127.0.0.1:1"))
        made.kubectl("create", "serviceaccount", "reader")
        # Of its own: the rules of view are brought together some time after the start.
        made.kubectl("create", "clusterrole", "reader", "--verb=list", "--resource=namespaces")
        made.kubectl(
            "create", "clusterrolebinding", "reader", "--clusterrole=reader", "--serviceaccount=default:reader"
        )
        made.kubectl("create", "serviceaccount", "nobody")
        yield made
    finally:
        made.plane.stop()
        assert processes.stop_all(made.sandbox) == []


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.load_or_create(tmp_path_factory.mktemp("authority"), "Tests of kubernetes_connection")


@pytest.fixture
def server(authority: Authority, tmp_path: Path) -> Iterator[http_server.Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("server", ["127.0.0.1"], folder=tmp_path))
    with http_server.serving(context) as running:
        yield running


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the proxy of whoever runs the tests."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


def printing(content: Any, *more: str) -> list[str]:
    """A program that prints something, and what else its lines do."""
    text = content if isinstance(content, str) else json.dumps(content)
    return [sys.executable, "-c", "\n".join([f"print({text!r})", "import os, sys", *more])]


def presenting(token: str) -> list[str]:
    """A program that prints a token as the one of AWS does."""
    return printing({"apiVersion": V1, "kind": "ExecCredential", "status": {"token": token}})


def tried(url: str, pem: str, command: list[str], **options: Any) -> dict[str, Any]:
    """Call the lookup as Ansible does, by its name."""
    options = {"certificate_authority": base64.b64encode(pem.encode()).decode(), "command": command, **options}
    [result] = lookup_loader.get("supastack.aws.kubernetes_connection").run([url], variables={}, **options)
    return dict(result)


@pytest.mark.parametrize(
    ("account", "problem", "version", "lists"),
    [("reader", "", "v1.35.4", True), ("nobody", "", "v1.35.4", False), ("", "unauthorized", "", False)],
)
def test_a_real_api_lets_in_whom_it_knows(
    cluster: Cluster, account: str, problem: str, version: str, lists: bool
) -> None:
    token = cluster.kubectl("create", "token", account) if account else "k8s-aws-v1.unknown"
    result = tried(cluster.endpoint.url, cluster.endpoint.ca_pem, presenting(token))
    assert (result["problem"], result["version"], result["lists_namespaces"]) == (problem, version, lists), result
    assert abs(result["clock_seconds"]) <= 2
    assert token not in json.dumps(result)


def test_another_authority_is_not_trusted(cluster: Cluster, authority: Authority) -> None:
    result = tried(cluster.endpoint.url, authority.certificate_pem, presenting("token"))
    assert (result["problem"], "certificate verify failed" in result["detail"]) == ("tls", True)


@pytest.mark.parametrize(
    ("status", "ahead", "problem", "detail"),
    [
        (401, 400, "clock", "400 s ahead"),
        (401, -1000, "clock", "1000 s behind"),
        (401, -600, "unauthorized", "401: who?"),
        (503, 400, "answer", "503: who?"),
    ],
)
def test_a_clock_that_is_wrong_is_what_a_refusal_means(
    server: http_server.Server,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    ahead: int,
    problem: str,
    detail: str,
) -> None:
    monkeypatch.setitem(http_server.ANSWERS, "/version", (status, {}, "who?"))
    # The server's own clock, in this process too, must stay right.
    lookup = lookup_loader.get("supastack.aws.kubernetes_connection")
    clock = types.SimpleNamespace(time=lambda: time.time() + ahead)
    monkeypatch.setitem(lookup.run.__globals__, "time", clock)
    result = tried(server.url, authority.certificate_pem, presenting("token"))
    assert result["problem"] == problem
    # The server's date has no fractions.
    assert detail.split()[-1] in result["detail"]
    assert abs(result["clock_seconds"] - ahead) <= 2


@pytest.mark.parametrize(
    ("version", "namespaces", "detail"),
    [
        (VERSION, (500, {}, "x" * 500), "500: " + "x" * 295 + "…"),
        ((200, {}, "<html>"), VERSION, "not that of a Kubernetes API"),
    ],
)
def test_another_answer_is_told(
    server: http_server.Server,
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    version: tuple[Any, ...],
    namespaces: tuple[Any, ...],
    detail: str,
) -> None:
    monkeypatch.setitem(http_server.ANSWERS, "/version", version)
    monkeypatch.setitem(http_server.ANSWERS, "/api/v1/namespaces", namespaces)
    result = tried(server.url, authority.certificate_pem, presenting("token"))
    assert (result["problem"], detail in result["detail"]) == ("answer", True), result


def test_a_certificate_of_another_time_is_a_wrong_clock() -> None:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: certificate is not yet valid")
    error.verify_code = 9
    assert kubernetes_connection.network_problem(error).kind == "clock"


@contextlib.contextmanager
def silent(queue: int) -> Iterator[str]:
    """A port where nobody answers; with a full queue, the kernel does not even take a connection."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.create_server(("127.0.0.1", 0), backlog=queue))
        for _number in range(0 if queue else 3):
            client = opened.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("queue", [0, 5], ids=["dropped", "taken"])
def test_silence_is_told_with_the_kind_of_address(authority: Authority, queue: int) -> None:
    with silent(queue) as url:
        result = tried(url, authority.certificate_pem, presenting("token"), timeout=0.3)
    assert (result["problem"], result["private"], result["clock_seconds"]) == ("timeout", True, None)


@pytest.mark.parametrize(
    ("url", "problem"),
    [("https://127.0.0.1:9", "unreachable"), ("https://nothing.invalid", "name")],
)
def test_no_connection_is_told(authority: Authority, url: str, problem: str) -> None:
    result = tried(url, authority.certificate_pem, presenting("token"))
    assert (result["problem"], bool(result["detail"])) == (problem, True)


@pytest.mark.parametrize(
    ("url", "private"),
    [("https://10.0.0.1", True), ("https://8.8.8.8:1", False), ("https://nothing.invalid", False)],
)
def test_private_addresses(url: str, private: bool) -> None:
    assert kubernetes_connection.is_private(url) is private


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        (["/nonexistent/aws"], "/nonexistent/aws: No such file or directory"),
        (printing("", "sys.exit('Token has expired,\\n log in')"), "Token has expired, log in"),
        (printing("", "sys.exit(3)"), "ended with code 3"),
        (printing("s3cret"), "printed no ExecCredential"),
        (printing({"apiVersion": f"{V1}alpha1", "status": {"token": "s3cret"}}), f"of {V1}alpha1, not of {V1}"),
        (printing("", "import time", "time.sleep(5)"), "took longer than 0.5 seconds"),
    ],
)
def test_a_program_without_a_credential_is_told(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, command: list[str], detail: str
) -> None:
    # The lookup that Ansible loads by name is another Python module than the imported one.
    lookup = lookup_loader.get("supastack.aws.kubernetes_connection")
    monkeypatch.setitem(lookup.run.__globals__, "EXEC_SECONDS", 0.5 if "sleep" in command[-1] else 30)
    result = tried("https://127.0.0.1:9", authority.certificate_pem, command)
    assert (result["problem"], detail in result["detail"]) == ("credentials", True), result
    assert "s3cret" not in json.dumps(result)


def test_the_program_gets_its_variables_and_what_kubectl_tells_it(authority: Authority) -> None:
    program = printing("", "sys.exit(os.environ['AWS_CONFIG_FILE'] + os.environ['KUBERNETES_EXEC_INFO'])")
    options = {"environment": {"AWS_CONFIG_FILE": "/dev/null"}}
    told = tried("https://127.0.0.1:9", authority.certificate_pem, program, **options)["detail"]
    path, brace, information = told.partition("{")
    assert (path, json.loads(brace + information)["apiVersion"]) == ("/dev/null", V1)


@pytest.mark.parametrize(
    ("url", "pem", "message"),
    [("http://127.0.0.1", "", "give the URL of an API server"), ("https://127.0.0.1", "nothing", "no PEM certificate")],
)
def test_wrong_options_are_errors(url: str, pem: str, message: str) -> None:
    with pytest.raises(AnsibleLookupError, match=message):
        tried(url, pem, presenting("token"))
