# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""inventories/production, as shipped, converges on the emulator, and nothing that it does leaves this machine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PRODUCTION = CHECKOUT / "inventories" / "production"
SANDBOX = "e2e-production"
OPERATORS = "operators"

# All that may differ from what a user deploys.
FIVE_LINES = {
    "supabase_aws_region",
    "supabase_account_id",
    "supabase_domain",
    "eks_public_access_cidrs",
    "eks_admin_principal_arns",
}
CONNECTION = {"supabase_aws_endpoint_url", "supabase_aws_access_key", "supabase_aws_secret_key"}
STAND_INS = {
    "load_balancer": "aws-load-balancer-controller",
    "external_secrets": "external-secrets",
    "external_dns": "external-dns",
}
KARPENTER = {"karpenter": "karpenter", "karpenter_crd": "karpenter-crd"}
CHART_LOCATIONS = {f"cluster_services_{name}_chart" for name in (*STAND_INS, *KARPENTER)}
CA_BUNDLE = {"rds_ca_bundle"}


def overrides(state: dict[str, Any]) -> dict[str, Any]:
    """Return what takes the place of production's values."""
    return {
        "supabase_aws_region": state["region"],
        "supabase_account_id": state["account_id"],
        "supabase_domain": "",
        "eks_public_access_cidrs": ["203.0.113.7/32"],
        "eks_admin_principal_arns": [f"arn:aws:iam::{state['account_id']}:role/{OPERATORS}"],
        "supabase_aws_endpoint_url": state["aws_endpoint_url"],
        "supabase_aws_access_key": state["access_key_id"],
        "supabase_aws_secret_key": state["secret_access_key"],
        **{
            f"cluster_services_{name}_chart": str(CHECKOUT / "sandbox" / "charts" / chart)
            for name, chart in STAND_INS.items()
        },
        **{f"cluster_services_{name}_chart": state["charts"][chart] for name, chart in KARPENTER.items()},
        "rds_ca_bundle": state["rds_ca_bundle"],
    }


class Outside:
    """A proxy that lets nobody through and remembers who asked: whatever is not for loopback ends here."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.asked: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self.listener.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(4096).split(b"\r\n", 1)[0].decode(errors="replace"))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    def environment(self) -> dict[str, str]:
        """Return the variables that send everything but loopback here."""
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        return dict.fromkeys(names, url) | dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the virtual environment in the checkout."""
    return subprocess.run(
        [Path(sys.executable).parent / arguments[0], *arguments[1:]],
        cwd=CHECKOUT,
        env={**os.environ, "SANDBOX_NAME": SANDBOX, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def create_role(state: dict[str, Any], name: str) -> None:
    """Create an IAM role: EKS gives access to principals that exist only."""
    iam = boto3.client(
        "iam",
        region_name=state["region"],
        endpoint_url=state["aws_endpoint_url"],
        aws_access_key_id=state["access_key_id"],
        aws_secret_access_key=state["secret_access_key"],
    )
    principal = {"AWS": f"arn:aws:iam::{state['account_id']}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))


@pytest.fixture(scope="module")
def state() -> Iterator[dict[str, Any]]:
    """Return the state of a sandbox that is up."""
    run("python", "-m", "sandbox", "down")
    started = run("python", "-m", "sandbox", "up")
    assert started.returncode == 0, started.stdout + started.stderr
    values = json.loads((CHECKOUT / ".sandbox" / SANDBOX / "state.json").read_text())
    create_role(values, OPERATORS)
    yield values
    stopped = run("python", "-m", "sandbox", "down")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr


def converge(state: dict[str, Any], folder: Path, *options: str, **environment: str) -> str:
    """Run site.yml with production's inventory and the overrides; return what it printed."""
    variables = folder / "group_vars" / "supabase_environments.yml"
    variables.parent.mkdir(mode=0o700)
    variables.write_text(yaml.safe_dump(overrides(state)))
    (folder / "hosts.yml").write_text("supabase_environments: {}\n")
    inventories: list[str | Path] = ["-i", PRODUCTION, "-i", folder / "hosts.yml"]
    ran = run("ansible-playbook", "playbooks/site.yml", *inventories, *options, **environment)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr
    return ran.stdout


def test_only_these_values_may_differ() -> None:
    texts = ("region", "account_id", "aws_endpoint_url", "access_key_id", "secret_access_key", "rds_ca_bundle")
    example = {**dict.fromkeys(texts, ""), "charts": dict.fromkeys(KARPENTER.values(), "")}
    assert set(overrides(example)) == FIVE_LINES | CONNECTION | CHART_LOCATIONS | CA_BUNDLE


def test_the_five_lines_are_marked_in_the_inventory() -> None:
    files = (PRODUCTION / "group_vars" / "all").glob("*.yml")
    blocks = [block for file in files for block in file.read_text().split("\n\n") if "# EDIT." in block]
    assert {block.strip().splitlines()[-1].partition(":")[0] for block in blocks} == FIVE_LINES


@pytest.mark.parametrize("options", [(), ("--check", "--diff")], ids=["converge", "plan"])
def test_production_converges_on_the_emulator(state: dict[str, Any], tmp_path: Path, options: tuple[str, ...]) -> None:
    outside = Outside()
    # Real-looking credentials of the caller's shell, as in AWS' own documentation.
    shell = {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLETOKEN",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "https://aws.example.com",
        "AWS_URL": "https://aws.example.com",
        "HELM_DRIVER": "memory",
        "HELM_KUBEAPISERVER": "https://127.0.0.1:1",
        "HELM_KUBECONTEXT": "elsewhere",
        "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "true",
        "KUBECONFIG": "/elsewhere",
    }
    printed = converge(state, tmp_path, *options, **shell, **outside.environment())
    assert "failed=0" in printed
    assert outside.asked == []
    if options:
        assert "changed=0" in printed
