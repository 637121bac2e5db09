# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What status, summary and demo print, from data made up here."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from sandbox import account, demo, env, lifecycle, logs, status, summary
from sandbox.state import Sandbox

CLUSTER: dict[str, Any] = {
    "name": "views-eks",
    "status": "ACTIVE",
    "version": "1.36",
    "running_version": "v1.35.4",
    "endpoint": "https://127.0.0.1:1",
    "certificate_authority": "Q0E=",
    "real": True,
    "nodes": [
        {"name": "fargate", "compute": "Fargate", "instance_id": "", "instance_type": "", "ready": True},
        {
            "name": "ip-1",
            "compute": "node group w",
            "instance_id": "i-1",
            "instance_type": "t3.medium",
            "ready": False,
        },
    ],
    "pods": [
        {"namespace": "supabase", "name": "rest-0", "phase": "Running", "runs_as": status.REAL, "images": ["i:1"]},
        {"namespace": "x", "name": "y", "phase": "Running", "runs_as": status.SIMULATED, "images": ["other:2", "i:1"]},
        {
            "namespace": "x",
            "name": "z",
            "phase": "Running",
            "runs_as": status.SIMULATED,
            "images": ["other:2", "docker.io/supabase/gotrue:v2.196.0"],
        },
    ],
}
DATABASE: dict[str, Any] = {
    "identifier": "views-supabase",
    "status": "available",
    "engine_version": "17.4",
    "server_version": "17.6",
    "local_port": 5432,
    "running": True,
    "database": "postgres",
    "not_loaded": ["pgaudit"],
}
DATA: dict[str, Any] = {
    "name": "views",
    "healthy": True,
    "api_only": False,
    "folder": "/folder",
    "aws_endpoint_url": "http://127.0.0.1:2",
    "gateway_url": "http://127.0.0.1:3",
    "ports": {},
    "processes": [{"name": "aws", "pid": 7, "memory_mib": 100.4}],
    "memory_mib": 100.4,
    "clusters": [CLUSTER],
    "databases": [DATABASE],
    "calls": {"ec2": 2, "iam": 1},
    "changes": {},
    "images": {
        "i:1": {"program": "PostgREST", "here": "12.0.2", "production": "14.17", "note": "Older than production."}
    },
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = Sandbox("views", tmp_path / "views")
    sandbox.update(
        environment="views", gateway_url="http://127.0.0.1:3", region="eu-west-1", rds_ca_bundle="/a folder/ca.crt",
        aws_endpoint_url="http://127.0.0.1:2", access_key_id="AKIA", secret_access_key="s",
    )  # fmt: skip
    return sandbox


def test_status_shows_real_and_simulated() -> None:
    text = "\n".join(status.render(DATA))
    assert "views-eks" in text
    for row in (
        ["views-eks", "ACTIVE", "1.36", "v1.35.4", "https://127.0.0.1:1"],
        ["views-supabase", "available", "17.4", "17.6", "5432"],
        ["fargate", "Fargate", "-", "-", "Ready"],
        ["ip-1", "node group w", "i-1", "t3.medium", "NotReady"],
        ["supabase/rest-0", "Running", "real process"],
        ["x/y", "Running", "simulated"],
        ["i:1", "PostgREST", "12.0.2", "14.17"],
    ):
        assert "  ".join(row) in "\n".join("  ".join(line.split("  ")) for line in _squeeze(text))
    assert "accepted but not loaded: pgaudit" in text
    assert "1 processes, 100 MiB" in text
    assert "calls    3 (2 of ec2, 1 of iam)" in text
    assert "PostgREST  Older than production." in text


SIMULATED_ROWS = [
    f"  {'image':34}  pods  would run by",
    "  docker.io/supabase/gotrue:v2.196.0  1     SANDBOX_AUTH_BINARY",
    f"  {'other:2':34}  2     nothing here",
]


def test_images_that_nothing_runs_for_say_what_would() -> None:
    assert list(status.simulated(DATA)) == ["", "Images that are only simulated", *SIMULATED_ROWS]
    assert "\n".join(SIMULATED_ROWS) in "\n".join(status.render(DATA))
    assert list(status.simulated({**DATA, "clusters": []})) == []


def test_images_of_a_pod_are_those_of_init_containers_too() -> None:
    containers = {"initContainers": [{"image": "a"}], "containers": [{"image": "b"}, {"image": "c"}]}
    pod = {"metadata": {"namespace": "x", "name": "y"}, "spec": containers, "status": {}}
    assert status._pod(pod)["images"] == ["a", "b", "c"]


def test_status_of_emulated_apis_shows_no_real_image() -> None:
    text = "\n".join(status.render({**DATA, "api_only": True}))
    assert "real processes" not in text
    assert "14.17" not in text


def test_programs_with_the_same_difference_share_a_line() -> None:
    images = [{"program": name, "note": note} for name, note in (("A", "x"), ("B", "y"), ("C", "x"))]
    assert list(status.differences(images))[-2:] == ["  A, C     x", "  B        y"]
    assert list(status.differences([])) == []


def test_status_of_a_dead_sandbox() -> None:
    assert "NOT HEALTHY" in next(iter(status.render({**DATA, "healthy": False})))


def _squeeze(text: str) -> list[str]:
    return ["  ".join(part.strip() for part in line.split("  ") if part.strip()) for line in text.splitlines()]


def test_env_has_everything(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "views-supabase-api-keys": '{"anon": "A", "service_role": "S"}',
        "views-supabase-db": '{"username": "postgres", "password": "p@ss/w:rd"}',
    }

    class Client:
        def get_secret_value(self, SecretId: str) -> dict[str, str]:
            return {"SecretString": secrets[SecretId]}

    monkeypatch.setattr(account, "client", lambda *_unused: Client())
    monkeypatch.setattr(account, "ask", lambda *_unused: {"clusters": [CLUSTER], "databases": [DATABASE]})
    lines, remarks = env.render(sandbox)
    assert remarks == []
    values = dict(line.removeprefix("export ").split("=", 1) for line in lines[1:])
    assert values["SUPABASE_ANON_KEY"] == "A"
    assert values["SUPABASE_SERVICE_ROLE_KEY"] == "S"
    assert values["DATABASE_URL"] == (
        "'postgresql://postgres:p%40ss%2Fw%3Ard@127.0.0.1:5432/postgres?sslmode=verify-full&sslrootcert=/a%20folder/ca.crt'"
    )
    assert Path(values["KUBECONFIG"]).stat().st_mode & 0o077 == 0
    assert "s3cret" not in Path(values["KUBECONFIG"]).read_text()


def test_kubeconfig_prefers_the_environments_cluster(sandbox: Sandbox) -> None:
    other = {**CLUSTER, "name": "a-other"}
    config = env.kubeconfig(sandbox, [other, CLUSTER])
    assert config["current-context"] == "views-eks"
    assert [user["user"]["exec"]["args"][-1] for user in config["users"]] == ["a-other", "views-eks"]


def test_summary(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "collect", lambda _unused: DATA)
    monkeypatch.setattr(summary, "_created", lambda *_unused: iter([("network", "vpc-1")]))
    text = "\n".join(summary.render(sandbox, [("sandbox", 3.0), ("site.yml", 120.0)]))
    for part in (
        "vpc-1",
        "http://127.0.0.1:3",
        'eval "$(SANDBOX_NAME=views make -s sandbox-env)"',
        "real v1.35.4",
        "real PostgreSQL 17.6",
        "PostgREST",
        "Older than production.",
        "pod x/y",
        "\n".join(SIMULATED_ROWS),
        "simulated",
        "2.0",
        "100 MiB",
    ):
        assert part in text


@pytest.mark.parametrize(("failing", "code", "log"), [("site.yml", 2, "site.log"), ("smoke.yml", 3, "smoke.log")])
def test_demo_passes_on_the_code_of_the_failing_phase(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failing: str,
    code: int,
    log: str,
) -> None:
    environments = []

    def run(command: list[str], **named: Any) -> subprocess.CompletedProcess[str]:
        environments.append(named["env"])
        return subprocess.CompletedProcess(command, code if command[1].endswith(failing) else 0)

    foreign = {"AWS_ACCESS_KEY_ID", "K8S_AUTH_HOST", "KUBECONFIG", "HELM_KUBECONTEXT"}
    for name in foreign:
        monkeypatch.setenv(name, "production")
    monkeypatch.setattr(lifecycle, "up", lambda *_unused, **__: iter(["up"]))
    monkeypatch.setattr(subprocess, "run", run)
    assert demo.run(sandbox) == code
    output = capsys.readouterr().out
    assert f"exit code {code}" in output
    assert log in output
    assert all(foreign.isdisjoint(environment) for environment in environments)
    assert all("127.0.0.1" in environment["NO_PROXY"].split(",") for environment in environments)
    assert all(environment["SANDBOX_NAME"] == "views" for environment in environments)


def test_logs_of_clusters_are_listed(sandbox: Sandbox) -> None:
    folder = sandbox.path("clusters", "c", "logs")
    folder.mkdir(parents=True)
    (folder / "etcd.log").write_text("one\ntwo\n")
    assert list(logs.files(sandbox)) == ["etcd-c"]
    assert list(logs.read(logs.find(sandbox, "etcd-c"), follow=False)) == ["one\n", "two\n"]
