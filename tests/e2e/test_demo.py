# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The user's journey: one command from nothing to an API that answers, any client against it, nothing left behind."""

from __future__ import annotations

import json
import re
import sys

import boto3
import psycopg
import requests

from tests.e2e.journey import STRANGER, Journey
from tools.toolchain import tool


def test_the_demo_ends_green_with_a_summary(journey: Journey) -> None:
    assert journey.demo.returncode == 0, journey.demo.stdout[-6000:] + journey.demo.stderr[-2000:]
    assert len(re.findall("failed=0", journey.demo.stdout)) == 2
    for part in ("Created", "Use it", "Real, and simulated", "Images that are only simulated", "Minutes"):
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


def test_kubectl_and_helm_see_the_release(journey: Journey) -> None:
    pods = journey.query(tool("kubectl"), "get", "pods", "--namespace=supabase", "--output=json")["items"]
    ready = {
        pod["metadata"]["labels"].get("app.kubernetes.io/name")
        for pod in pods
        for condition in pod["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("Ready", "True")
    }
    assert {"gateway", "rest", "meta"} <= ready
    releases = journey.query(tool("helm"), "list", "--all-namespaces", "--output=json")
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
    status = json.loads(journey.run(sys.executable, "-m", "sandbox", "status", "--json").stdout)
    assert 0 < status["memory_mib"] <= 2048


def test_one_role_runs_alone(journey: Journey) -> None:
    assert re.search("changed=0 .*failed=0", journey.play("site", "--tags", "rds"))


def test_kubectl_gets_in_by_the_kubeconfig_from_any_shell(journey: Journey) -> None:
    path = journey.checkout / "kube" / "config"
    # Without the AWS CLI, which a machine may have or not.
    wanted = ("-e", f"kubeconfig_file={path}", "-e", "kubeconfig_aws_command=")
    assert "changed=2 " in journey.play("kubeconfig", *wanted, "--check", "--diff")
    assert not path.exists()
    printed = journey.play("kubeconfig", *wanted)
    assert "changed=2 " in printed
    assert f"kubectl --context {journey.sandbox.name}-supabase reaches Kubernetes v1.35.4" in printed
    assert "changed=0 " in journey.play("kubeconfig", *wanted)
    # A stranger's AWS credentials are in this shell, and no exports of the sandbox.
    listed = journey.run(tool("kubectl"), "--kubeconfig", path, "get", "nodes", "--output=name")
    assert listed.returncode == 0, listed.stderr
    assert "node/" in listed.stdout
