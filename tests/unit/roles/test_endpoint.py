# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Whether this machine reaches the Kubernetes API: asked once the cluster is there, and told in one error."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]


def ran(folder: Path, endpoint: str, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run the role's tasks of the endpoint for a cluster that is up, unless the variables say otherwise."""
    values = {
        "supabase_environment": "demo",
        "supabase_aws_region": "eu-west-1",
        "supabase_account_id": "123456789012",
        "eks_public_access_cidrs": ["203.0.113.7/32"],
        "eks_endpoint_probe_seconds": 1,
        "__eks_ready": {"cluster": {"exists": True, "status": "ACTIVE", "endpoint": endpoint}},
        "ansible_python_interpreter": sys.executable,
        **variables,
    }
    role = {"name": "supastack.aws.eks", "tasks_from": "endpoint", "rolespec_validate": False}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": values}
    playbook = folder / "endpoint.yml"
    playbook.write_text(yaml.safe_dump([{**play, "tasks": [{"ansible.builtin.include_role": role}]}]))
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", playbook, *options],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def listener() -> Iterator[str]:
    """Return the URL of something that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed() -> str:
    """Return the URL of a port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"https://127.0.0.1:{port}"


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_an_api_that_answers_is_enough(tmp_path: Path, listener: str, options: tuple[str, ...]) -> None:
    done = ran(tmp_path, listener, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped=0" in done.stdout
    assert "changed=0" in done.stdout


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
def test_a_controller_outside_is_told_what_to_do(tmp_path: Path, closed: str, options: tuple[str, ...]) -> None:
    done = ran(tmp_path, closed, *options)
    assert done.returncode == 2, done.stdout + done.stderr
    message = " ".join(done.stdout.split())
    assert f"The Kubernetes API {closed} took no connection from this machine within 1 seconds" in message
    assert 'eks_public_access_cidrs ["203.0.113.7/32"]' in message
    assert "group_vars/all/eks.yml" in message


@pytest.mark.parametrize(
    "variables",
    [
        {"__eks_ready": {"cluster": {"exists": False, "status": "known-after-apply", "endpoint": "endpoint-known"}}},
        {"__eks_ready": {"cluster": {"exists": True, "status": "CREATING", "endpoint": None}}},
        {"eks_endpoint_probe_seconds": 0},
    ],
    ids=["no cluster", "not yet", "switched off"],
)
def test_nobody_is_asked_where_there_is_no_answer(tmp_path: Path, closed: str, variables: dict[str, Any]) -> None:
    done = ran(tmp_path, closed, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "skipped=1" in done.stdout
