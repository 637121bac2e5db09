# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml as the benchmarks run it: in a sandbox of their own."""

from __future__ import annotations

from tests.stages.programs import capture, environment


class BenchError(Exception):
    """Nothing can be measured."""


def run(sandbox: str, what: str, extra_variables: str, **variables: str) -> str:
    """Run site.yml and return what it prints; raises BenchError when it fails.

    `what` names the run in the error, `extra_variables` is for Ansible, `variables` for its environment.
    """
    command = ["ansible-playbook", "playbooks/site.yml", "-i", "inventories/sandbox", "-e", extra_variables]
    finished = capture(command, env=environment(SANDBOX_NAME=sandbox, **variables))
    if finished.code != 0:
        raise BenchError(f"{what}: site.yml ended with code {finished.code}\n{finished.text}")
    return finished.text


def require_no_change(what: str, printed: str) -> None:
    """Raise BenchError unless a run found nothing to do."""
    if "changed=0 " not in printed:
        raise BenchError(f"{what}: site.yml changed something\n{printed}")
