# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The token of the cluster's API: in no output when the API server cannot be reached."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = ("cluster_services", "supabase_helm")
# What a token begins with.
TOKEN = "k8s-aws-v1"
UNREACHABLE: dict[str, Any] = {
    "supabase_aws_region": "eu-west-1",
    "supabase_aws_access_key": "AKIAIOSFODNN7EXAMPLE",
    "supabase_aws_secret_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "supabase_helm_cluster": {
        "exists": True,
        "cluster_name": "demo-supabase",
        "endpoint": "https://127.0.0.1:9",
        "certificate_authority": "",
    },
    "supabase_helm_secret_store": "supabase",
    "supabase_helm_secret_names": {},
    "supabase_helm_key_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:demo-api-keys-AbCdEf",
    "supabase_helm_database": {},
}


def reach(folder: Path, *options: str, **environment: str) -> str:
    """Run the first task of supabase_helm that asks the API server; return what it printed."""
    role = {"name": "supastack.aws.supabase_helm", "tasks_from": "namespace"}
    task = {"ansible.builtin.include_role": {**role, "rolespec_validate": False}}
    variables = {**UNREACHABLE, "ansible_python_interpreter": sys.executable}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [task]}
    playbook = folder / "reach.yml"
    playbook.write_text(yaml.safe_dump([play]))
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", playbook, *options],
        cwd=CHECKOUT,
        env={**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("options", [(), ("-vv",)], ids=["normal", "vv"])
def test_the_failure_can_be_read_without_the_token(tmp_path: Path, options: tuple[str, ...]) -> None:
    printed = reach(tmp_path, *options)
    assert "Connection refused" in printed
    assert TOKEN not in printed


@pytest.mark.parametrize(
    ("options", "callback"), [(("-vvv",), "default"), (("-vvvv",), "default"), ((), "ansible.posix.json")]
)
def test_where_arguments_are_printed_the_result_is_hidden(
    tmp_path: Path, options: tuple[str, ...], callback: str
) -> None:
    printed = reach(tmp_path, *options, ANSIBLE_STDOUT_CALLBACK=callback)
    assert "output has been hidden" in printed
    assert TOKEN not in printed


def blocks_of(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the blocks of a file, those in blocks too."""
    found = [entry for entry in entries if "block" in entry]
    inner = [task for entry in found for part in ("block", "rescue", "always") for task in entry.get(part, [])]
    return found + (blocks_of(inner) if inner else [])


@pytest.mark.parametrize("role", ROLES)
def test_whatever_gets_the_token_is_hidden(role: str) -> None:
    files = (CHECKOUT / "roles" / role / "tasks").glob("*.yml")
    blocks = [block for file in files for block in blocks_of(yaml.safe_load(file.read_text()))]
    logged_in = [block for block in blocks if f"__{role}_api" in str(block.get("module_defaults"))]
    assert logged_in
    for block in logged_in:
        assert block["no_log"] == f"{{{{ __{role}_shows_arguments }}}}", block["name"]
