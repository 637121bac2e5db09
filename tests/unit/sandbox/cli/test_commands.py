# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The command line as a user meets it, without anything real behind the emulator."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from sandbox import account, lifecycle, ports, processes
from sandbox.state import Sandbox, SandboxError

Run = Callable[..., subprocess.CompletedProcess[str]]
REAL_LOOKING = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "token",
    "AWS_PROFILE": "production",
    "AWS_REGION": "us-east-1",
    "AWS_ENDPOINT_URL": "https://192.0.2.1",
    "HTTP_PROXY": "http://192.0.2.1:3128",
    "http_proxy": "http://192.0.2.1:3128",
}


def test_life(sandbox: Sandbox, run: Run) -> None:
    assert "is up" in run("up", "--api-only", SANDBOX_AUTH_BINARY="/x/auth").stdout
    assert {"supabase/gotrue:v2.196.0", "postgrest/postgrest:v14.17"} <= set(sandbox.read()["images"])
    pid = processes.record(sandbox, "aws")
    again = run("up", "--api-only")
    assert (again.returncode, processes.record(sandbox, "aws")) == (0, pid)
    assert "runs already" in again.stdout
    status = json.loads(run("status", "--json").stdout)
    assert (status["healthy"], status["api_only"], status["clusters"]) == (True, True, [])
    assert "nothing real behind" in run("status").stdout
    assert "aws" in run("logs").stdout
    assert "/sandbox/health" in run("logs", "aws").stdout
    assert run("reset").stdout == f"Sandbox '{sandbox.name}' is empty.\n"
    down = run("down")
    assert "stopped aws" in down.stdout
    assert not sandbox.folder.exists()
    assert "nothing to do" in run("down").stdout
    assert list(sandbox.folder.parent.glob(f".{sandbox.name}*")) == []


def test_other_kind_of_running_sandbox(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    refused = run("up")
    assert refused.returncode == 1
    assert "not with --api-only (runs with it)" in refused.stderr
    assert processes.alive(sandbox, "aws")
    refused = run("up", "--api-only", "--log-requests")
    assert refused.returncode == 1
    assert "not with --log-requests (runs without it)" in refused.stderr
    port = str(sandbox.read()["ports"]["gateway"] + 1)
    refused = run("up", "--api-only", SANDBOX_PORT_GATEWAY=port)
    assert refused.returncode == 1
    assert f"not with SANDBOX_PORT_GATEWAY={port} (is " in refused.stderr


def test_half_dead_sandbox_starts_fresh(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    account.client(sandbox, "kms").create_key()
    record = processes.record(sandbox, "aws")
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    assert run("status").returncode == 1
    fresh = run("up", "--api-only")
    assert "half-dead" in fresh.stdout
    assert fresh.returncode == 0
    assert account.client(sandbox, "kms").list_keys()["Keys"] == []


def test_down_after_a_crash_leaves_nothing(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    processes.start(sandbox, "other", ["sh", "-c", "setsid sleep 600 & wait"])
    record = processes.record(sandbox, "aws")
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    assert run("down").returncode == 0
    assert processes.marked(sandbox) == []
    assert not sandbox.folder.exists()


def test_down_without_a_folder_still_stops(sandbox: Sandbox, run: Run) -> None:
    processes.start(sandbox, "other", ["sleep", "600"])
    subprocess.run(["rm", "-r", str(sandbox.folder)], check=True)
    assert "1 processes stopped" in run("down").stdout
    assert processes.marked(sandbox) == []


def test_taken_port_before_anything_starts(sandbox: Sandbox, run: Run) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        refused = run("up", "--api-only", SANDBOX_PORT_GATEWAY=port)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"sandbox: SANDBOX_PORT_GATEWAY is {port}: ")
    assert len(refused.stderr.splitlines()) == 1
    assert not sandbox.folder.exists()


def test_two_sandboxes_cannot_have_one_gateway_port(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    port = str(sandbox.read()["ports"]["gateway"])
    other = Sandbox(f"{sandbox.name}-2", sandbox.folder.with_name(f"{sandbox.name}-2"))
    refused = run("up", "--api-only", SANDBOX_NAME=other.name, SANDBOX_PORT_GATEWAY=port)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"sandbox: SANDBOX_PORT_GATEWAY is {port}: ")
    assert not other.folder.exists()


def test_gateway_port_taken_while_the_emulator_starts(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = ports.choose
    with socket.socket() as listener:

        def take(names: Iterable[str]) -> dict[str, int]:
            chosen = choose(names)
            listener.bind(("127.0.0.1", chosen["gateway"]))
            listener.listen()
            return chosen

        monkeypatch.setattr(ports, "choose", take)
        with pytest.raises(SandboxError, match=r"did not start(.|\n)*SANDBOX_PORT_GATEWAY is [0-9]+: .*Free that port"):
            list(lifecycle.up(sandbox, api_only=True))


@pytest.mark.parametrize(
    ("variable", "value"),
    [("SANDBOX_NAME", "No Name"), ("SANDBOX_PORT_AWS", "x"), ("SANDBOX_RDS_BYPASSRLS", "perhaps")],
)
def test_bad_input(sandbox: Sandbox, run: Run, variable: str, value: str) -> None:
    refused = run("up", "--api-only", **{variable: value})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"sandbox: {variable} is '{value}': ")
    assert not sandbox.folder.exists()


@pytest.mark.parametrize("command", ["status", "env", "reset", "logs"])
def test_commands_without_a_sandbox(sandbox: Sandbox, run: Run, command: str) -> None:
    refused = run(command)
    assert refused.returncode == 1
    assert (
        f"There is no sandbox named '{sandbox.name}' here: run `SANDBOX_NAME={sandbox.name} make demo`"
        in refused.stderr
    )


def test_unknown_log(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    assert "choose one of aws" in run("logs", "none").stderr


def test_two_sandboxes_side_by_side(sandbox: Sandbox, run: Run) -> None:
    other = Sandbox(f"{sandbox.name}-2", sandbox.folder.with_name(f"{sandbox.name}-2"))
    try:
        assert run("up", "--api-only").returncode == 0
        assert run("up", "--api-only", SANDBOX_NAME=other.name).returncode == 0
        assert set(sandbox.read()["ports"].values()).isdisjoint(other.read()["ports"].values())
        account.client(sandbox, "kms").create_key()
        assert account.client(other, "kms").list_keys()["Keys"] == []
        list(lifecycle.down(other))
        assert lifecycle.is_healthy(sandbox)
    finally:
        list(lifecycle.down(other))


def test_real_looking_settings_are_never_used(sandbox: Sandbox, run: Run, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text("[default]\nendpoint_url = https://192.0.2.1\n")
    for command in (["up", "--api-only"], ["status"], ["env"], ["reset"]):
        done = run(*command, **REAL_LOOKING)
        assert done.returncode == 0, done.stderr
        assert "EXAMPLE" not in done.stdout
    requests = (sandbox.logs / "aws.log").read_text()
    assert "Traceback" not in requests
    pids = processes.marked(sandbox)
    environments = [Path(f"/proc/{pid}/environ").read_bytes() for pid in pids]
    assert pids
    assert not any(b"EXAMPLE" in environment or b"AWS_PROFILE" in environment for environment in environments)


def test_env_without_cluster_and_database(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    account.client(sandbox, "secretsmanager").create_secret(
        Name=f"{sandbox.name}-supabase-api-keys", SecretString=json.dumps({"anon": "a'b", "service_role": "s"})
    )
    done = run("env")
    assert "KUBECONFIG: no EKS cluster is ACTIVE" in done.stderr
    assert "DATABASE_URL: no RDS instance runs here" in done.stderr
    script = (
        done.stdout + 'printf "%s\n" "$AWS_ENDPOINT_URL" "$SUPABASE_ANON_KEY" "$SUPABASE_URL" "${AWS_PROFILE-none}"'
    )
    shell = subprocess.run(["sh", "-c", script], env=REAL_LOOKING, capture_output=True, text=True, check=True)
    state = sandbox.read()
    assert shell.stdout.splitlines() == [state["aws_endpoint_url"], "a'b", state["gateway_url"], "none"]


def test_env_wins_over_whatever_the_shell_has(sandbox: Sandbox, run: Run) -> None:
    run("up", "--api-only")
    shell = {
        **REAL_LOOKING,
        "AWS_ENDPOINT_URL_STS": "https://192.0.2.1",
        "AWS_DEFAULT_PROFILE": "production",
        "AWS_CA_BUNDLE": "/none",
        "AWS_odd.name": "x",
        "HELM_KUBECONTEXT": "production",
        "NO_PROXY": "intranet",
        "no_proxy": "intranet",
    }
    script = f"{run('env', **shell).stdout}\nenv"
    done = subprocess.run(["sh", "-c", script], env=shell, capture_output=True, text=True, check=True)
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {name for name in found if name.isidentifier() and name.startswith(("AWS_", "HELM_"))} == {
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert found["AWS_ENDPOINT_URL"] == sandbox.read()["aws_endpoint_url"]
    assert found["NO_PROXY"] == found["no_proxy"] == "intranet,127.0.0.1,localhost"
