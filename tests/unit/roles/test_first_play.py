# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What site.yml asks before its inputs: an environment to work on, and a shell that leads nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_MAP, AUTH_PROXY_HEADERS_SPEC

CHECKOUT = Path(__file__).resolve().parents[3]


def ran(playbook: str | Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook in a shell that has these variables for the Kubernetes modules and no others."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("K8S_AUTH_")}
    return subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", playbook, *options],
        cwd=CHECKOUT,
        env={**inherited, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("--check",)], ids=["run", "check"])
@pytest.mark.parametrize("playbook", ["site", "destroy", "smoke", "preflight", "encrypt", "decrypt", "kubeconfig"])
def test_an_inventory_without_environment_is_refused(playbook: str, options: tuple[str, ...]) -> None:
    done = ran(f"playbooks/{playbook}.yml", "-i", "localhost,", *options)
    assert done.returncode == 2, done.stdout + done.stderr
    message = " ".join(done.stdout.split())
    assert "has no host in the group supabase_environments: use -i inventories/production" in message
    assert "ok=0 changed=0" in message


def shell_play(folder: Path) -> Path:
    """Write a playbook that only looks at the shell."""
    tasks = CHECKOUT / "playbooks" / "tasks" / "shell.yml"
    playbook = folder / "shell.yml"
    play = {"hosts": "localhost", "gather_facts": False}
    playbook.write_text(yaml.safe_dump([{**play, "tasks": [{"ansible.builtin.import_tasks": str(tasks)}]}]))
    return playbook


@pytest.mark.parametrize("value", ["https://127.0.0.1:1", ""], ids=["set", "empty"])
def test_a_shell_that_leads_to_another_cluster_is_refused(tmp_path: Path, value: str) -> None:
    shell = {"K8S_AUTH_HOST": value, "K8S_AUTH_CONTEXT": value}
    done = ran(shell_play(tmp_path), "-i", "localhost,", "-c", "local", **shell)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "unset K8S_AUTH_CONTEXT K8S_AUTH_HOST" in " ".join(done.stdout.split())


def test_another_shell_is_not(tmp_path: Path) -> None:
    done = ran(shell_play(tmp_path), "-i", "localhost,", "-c", "local")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_variable_that_the_modules_read_is_refused(tmp_path: Path) -> None:
    headers = {f"proxy_headers_{name}" for name in AUTH_PROXY_HEADERS_SPEC}
    read = {*AUTH_ARG_MAP, *AUTH_ARG_MAP.values(), *headers, "impersonate_user", "impersonate_groups"}
    names = {f"K8S_AUTH_{name.upper()}" for name in read - {"proxy_headers"}}
    done = ran(shell_play(tmp_path), "-i", "localhost,", "-c", "local", **dict.fromkeys(names, "x"))
    assert names <= set(" ".join(done.stdout.split()).partition("unset ")[2].split())
