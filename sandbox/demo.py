# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""`demo`: from nothing to a Supabase API that answers, with the play that production uses."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sandbox import lifecycle, proxies, summary
from sandbox.state import CHECKOUT, Sandbox
from tools.toolchain import venv_command

INVENTORY = "inventories/sandbox"
# Settings of the caller that would lead the play to another account, cluster or chart repository.
_FOREIGN_SETTINGS = ("AWS_", "K8S_AUTH_", "KUBE", "HELM_")


def run(sandbox: Sandbox, set_up_seconds: float | None = None) -> int:
    """Bring the sandbox up, converge site.yml, run the smoke test, print the summary; the code of the failing phase.

    `set_up_seconds` is how long set-up took before this program could start, for the table of phases.
    """
    phases: list[tuple[str, float]] = [] if set_up_seconds is None else [("set-up", set_up_seconds)]
    steps: list[tuple[str, Callable[[], int]]] = [
        ("sandbox", lambda: _up(sandbox)),
        ("site.yml", lambda: _play(sandbox, "site")),
        ("smoke test", lambda: _play(sandbox, "smoke")),
    ]
    for name, step in steps:
        print(f"\n==> {name}", flush=True)
        started = time.monotonic()
        code = step()
        phases.append((name, time.monotonic() - started))
        if code:
            print(_failure(sandbox, name, code), flush=True)
            return code
    for line in summary.render(sandbox, phases):
        print(line)
    return 0


def _up(sandbox: Sandbox) -> int:
    for line in lifecycle.up(sandbox, api_only=False):
        print(line, flush=True)
    return 0


def _play(sandbox: Sandbox, name: str) -> int:
    command = [str(venv_command("ansible-playbook")), f"playbooks/{name}.yml", "-i", INVENTORY]
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN_SETTINGS)}
    own = {"SANDBOX_NAME": sandbox.name, "ANSIBLE_LOG_PATH": str(_log(sandbox, name))}
    environment = {**inherited, **proxies.bypass(os.environ), **own}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=False).returncode


def _log(sandbox: Sandbox, name: str) -> Path:
    return sandbox.logs / f"{name}.log"


def _failure(sandbox: Sandbox, phase: str, code: int) -> str:
    name = {"site.yml": "site", "smoke test": "smoke"}.get(phase, lifecycle.EMULATOR)
    return (
        f"\nThe demo stopped: {phase} ended with exit code {code}. Its output is above and in {_log(sandbox, name)}.\n"
        f"What the emulated AWS answered: {_log(sandbox, lifecycle.EMULATOR)}; "
        f"all logs: {sandbox.prefix}.venv/bin/python -m sandbox logs.\n"
        f"The sandbox is still up: run `{sandbox.prefix}make demo` again to go on, or "
        f"`{sandbox.prefix}make demo-down` to remove it."
    )
