# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A proxy in the caller's shell: the sandbox is reached past it, or the play says what to set before it asks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from sandbox import proxies

CHECKOUT = Path(__file__).resolve().parents[3]
PROXY = "http://192.0.2.1:3128"
SANDBOX = {
    "supabase_aws_endpoint_url": "http://127.0.0.1:5000",
    "supabase_aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "supabase_aws_secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


def ran(folder: Path, variables: dict[str, str], **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the tasks in a shell that has these variables and no other proxy settings."""
    tasks = CHECKOUT / "playbooks" / "tasks" / "connection.yml"
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables}
    playbook = folder / "connection.yml"
    playbook.write_text(yaml.safe_dump([{**play, "tasks": [{"ansible.builtin.import_tasks": str(tasks)}]}]))
    inherited = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", playbook],
        cwd=CHECKOUT,
        env={**inherited, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
def test_proxy_in_the_way_is_refused_with_the_fix(tmp_path: Path, name: str) -> None:
    done = ran(tmp_path, SANDBOX, **{name: PROXY}, NO_PROXY="intranet")
    assert done.returncode == 2, done.stdout + done.stderr
    message = " ".join(done.stdout.split())
    assert f"{name} would send what is meant for the sandbox on 127.0.0.1 to a proxy" in message
    wanted = "intranet,127.0.0.1,localhost"
    assert f"export NO_PROXY={wanted} no_proxy={wanted}" in message


def test_the_spelling_that_clients_prefer_counts(tmp_path: Path) -> None:
    done = ran(tmp_path, SANDBOX, HTTP_PROXY=PROXY, NO_PROXY="127.0.0.1", no_proxy="intranet")
    assert done.returncode == 2, done.stdout + done.stderr


@pytest.mark.parametrize(
    "bypass", [{"NO_PROXY": "intranet, 127.0.0.1"}, {"no_proxy": "*"}, proxies.bypass({"NO_PROXY": "intranet"})]
)
def test_proxy_that_is_bypassed_is_none_of_ours(tmp_path: Path, bypass: dict[str, str]) -> None:
    done = ran(tmp_path, SANDBOX, HTTP_PROXY=PROXY, HTTPS_PROXY=PROXY, **bypass)
    assert done.returncode == 0, done.stdout + done.stderr


def test_aws_may_be_behind_a_proxy(tmp_path: Path) -> None:
    done = ran(tmp_path, {}, HTTPS_PROXY=PROXY)
    assert done.returncode == 0, done.stdout + done.stderr
