# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The user's journey: one command from nothing to an API that answers, any client against it, nothing left behind.

It takes place in a second checkout below a folder that only its owner may enter: root runs the database and the pods as
other users, who must get at their programs and files all the same.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
import requests

from sandbox import processes
from sandbox.state import Sandbox
from tools.toolchain import tool, venv_command

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = "e2e-demo"
# Of the form that a person's own credentials have, from AWS' documentation: they must neither be used nor be printed.
STRANGER = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}
Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Journey:
    """A checkout, and the demo that ran in it."""

    checkout: Path
    demo: Finished

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox that the demo left running."""
        return Sandbox(NAME, self.checkout / ".sandbox" / NAME)


def run(checkout: Path, *command: str | Path) -> Finished:
    """Run a program in a checkout, with a stranger's AWS credentials around it."""
    surroundings = {**os.environ, **STRANGER, "SANDBOX_NAME": NAME}
    return subprocess.run(command, cwd=checkout, env=surroundings, capture_output=True, text=True, check=False)


def query(exports: dict[str, str], *command: str | Path) -> Any:
    """Run a client that has nothing but the exported variables; return the JSON that it prints."""
    printed = subprocess.run(command, env=exports, capture_output=True, text=True, check=False)
    assert printed.returncode == 0, printed.stderr
    return json.loads(printed.stdout)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project below a closed folder, set up by sharing what set-up made for this checkout."""
    closed = tmp_path_factory.mktemp("closed")
    closed.chmod(0o700)
    copy = closed / "checkout"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.strip("\0").split("\0"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(CHECKOUT / name, copy / name)
    (copy / ".venv").symlink_to(CHECKOUT / ".venv")
    (copy / "tools" / "npm" / "node_modules").symlink_to((CHECKOUT / "tools" / "npm" / "node_modules").resolve())
    set_up = run(copy, sys.executable, "-m", "tools.setup", "collection")
    assert set_up.returncode == 0, set_up.stderr
    return copy


@pytest.fixture(scope="module")
def journey(checkout: Path) -> Iterator[Journey]:
    """The finished demo, whatever its exit code; afterwards nothing may be left."""
    travelled = Journey(checkout, run(checkout, sys.executable, "-m", "sandbox", "demo"))
    yield travelled
    stopped = run(checkout, sys.executable, "-m", "sandbox", "down")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert processes.marked(travelled.sandbox) == []
    assert not travelled.sandbox.folder.exists()


@pytest.fixture(scope="module")
def exports(journey: Journey) -> dict[str, str]:
    """What a user's shell has after evaluating the exports."""
    assert journey.demo.returncode == 0, journey.demo.stdout[-6000:] + journey.demo.stderr[-2000:]
    printed = run(journey.checkout, sys.executable, "-m", "sandbox", "env")
    assert printed.returncode == 0, printed.stderr
    shown = run(journey.checkout, "sh", "-c", f"{printed.stdout}\nenv -0")
    assert shown.returncode == 0, shown.stderr
    return dict(line.split("=", 1) for line in shown.stdout.split("\0") if "=" in line)


def test_the_demo_ends_green_with_a_summary(journey: Journey) -> None:
    assert journey.demo.returncode == 0, journey.demo.stdout[-6000:] + journey.demo.stderr[-2000:]
    assert len(re.findall("failed=0", journey.demo.stdout)) == 2
    for part in ("Created", "Use it", "Real, and simulated", "Minutes"):
        assert part in journey.demo.stdout


def test_no_secret_is_printed_or_logged(journey: Journey, exports: dict[str, str]) -> None:
    password = exports["DATABASE_URL"].split(":", 2)[2].split("@")[0]
    keys = {exports[f"SUPABASE_{role}_KEY"] for role in ("ANON", "SERVICE_ROLE")}
    secrets = {*keys, password, exports["AWS_SECRET_ACCESS_KEY"], *STRANGER.values()}
    logs = [file.read_text(errors="replace") for file in journey.sandbox.logs.glob("**/*.log")]
    assert len(secrets) == 6
    for text in (journey.demo.stdout, journey.demo.stderr, *logs):
        assert [secret for secret in secrets if secret in text] == []


def test_the_api_answers(exports: dict[str, str]) -> None:
    url = f"{exports['SUPABASE_URL']}/rest/v1/"
    answer = requests.get(url, headers={"apikey": exports["SUPABASE_SERVICE_ROLE_KEY"]}, timeout=10)
    assert (answer.status_code, "swagger" in answer.json()) == (200, True)
    assert requests.get(url, timeout=10).status_code == 401


def test_the_database_is_reached_over_verified_tls_by_no_superuser(exports: dict[str, str]) -> None:
    with psycopg.connect(exports["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT rolsuper, ssl FROM pg_roles, pg_stat_ssl WHERE rolname = current_user AND pid = pg_backend_pid()"
        ).fetchone()
    assert row == (False, True)


def test_kubectl_and_helm_see_the_release(exports: dict[str, str]) -> None:
    pods = query(exports, tool("kubectl"), "get", "pods", "--namespace=supabase", "--output=json")["items"]
    ready = {
        pod["metadata"]["labels"].get("app.kubernetes.io/name")
        for pod in pods
        for condition in pod["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("Ready", "True")
    }
    assert {"gateway", "rest", "meta"} <= ready
    releases = query(exports, tool("helm"), "list", "--all-namespaces", "--output=json")
    assert {release["name"]: release["status"] for release in releases} == {
        "aws-load-balancer-controller": "deployed",
        "external-secrets": "deployed",
        "karpenter": "deployed",
        "karpenter-crd": "deployed",
        "supabase": "deployed",
    }


def test_an_aws_client_sees_the_account(exports: dict[str, str]) -> None:
    eks = boto3.Session(
        aws_access_key_id=exports["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exports["AWS_SECRET_ACCESS_KEY"],
        region_name=exports["AWS_REGION"],
    ).client("eks", endpoint_url=exports["AWS_ENDPOINT_URL"])
    [cluster] = eks.list_clusters()["clusters"]
    assert eks.describe_cluster(name=cluster)["cluster"]["status"] == "ACTIVE"


def test_the_sandbox_needs_less_than_two_gibibytes(journey: Journey) -> None:
    status = json.loads(run(journey.checkout, sys.executable, "-m", "sandbox", "status", "--json").stdout)
    assert 0 < status["memory_mib"] <= 2048


def test_one_role_runs_alone(journey: Journey) -> None:
    options = ("-i", "inventories/sandbox", "--tags", "rds")
    ran = run(journey.checkout, venv_command("ansible-playbook"), "playbooks/site.yml", *options)
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr
    assert re.search("changed=0 .*failed=0", ran.stdout)
