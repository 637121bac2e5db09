# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage integration: each target, a role of test tasks, and the fuzz test of the modules, against the emulated AWS; and
the connection plugin against the one that it stands in for; and a run that is interrupted."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sandbox import lifecycle
from sandbox.state import Sandbox
from tests.stages import pytests
from tests.stages.outcomes import Outcome, Status
from tests.stages.programs import capture, environment
from tools.places import CHECKOUT

STAGE = "integration"
FOLDER = CHECKOUT / "tests" / "integration"
RESUME = CHECKOUT / "tests" / "resume"
# The tests there that every run has: what compares accounts, and one interrupted run of the whole stack.
RESUME_SAMPLE = "test_compare or test_interrupted_stack"
# A target with this line in its aliases file needs the real control plane and the real database.
REAL = "sandbox/real"
# With this one it changes what the account has once, so that no other target may run meanwhile.
ALONE = "sandbox/alone"
SWEEP_EXAMPLES = "300"
# Targets use names of their own, and each keeps one core busy.
WORKERS = 2


def run() -> list[Outcome]:
    """Runs the targets, those that need nothing real first, then the tests of modules and of connections."""
    targets = sorted(file.parent.parent for file in FOLDER.glob("targets/*/tasks/main.yml"))
    real = [target for target in targets if asks_for(target, REAL)]
    emulated = [target for target in targets if target not in real]
    outcomes = run_in_sandbox("integration", emulated, "--api-only") + run_in_sandbox("integration-real", real)
    for folder in ("fuzz", "connection"):
        outcomes += pytests.run(STAGE, FOLDER / folder, "-n", "2")
    return outcomes + pytests.run(STAGE, RESUME, "-n", "2", "-k", RESUME_SAMPLE)


def sweep() -> list[Outcome]:
    """Runs the fuzz test alone, with many new examples instead of the few that every run tries."""
    os.environ.setdefault("FUZZ_EXAMPLES", SWEEP_EXAMPLES)
    return pytests.run("fuzz", FOLDER / "fuzz", "-n", "2", "-k", "test_every_state")


def sweep_resumes() -> list[Outcome]:
    """Interrupts roles and modules everywhere, of which the stage integration has one sample."""
    # A play's test takes as long as those of many modules.
    return pytests.run("resume", RESUME, "-n", "2", "--dist", "worksteal")


def asks_for(target: Path, alias: str) -> bool:
    """Whether the target has a line in its aliases file."""
    aliases = target / "aliases"
    return aliases.is_file() and alias in aliases.read_text(encoding="utf-8").split()


def run_in_sandbox(name: str, targets: Sequence[Path], *options: str) -> list[Outcome]:
    """Starts a sandbox of the tests' own, runs the targets in it, and removes it."""
    if not targets:
        return []
    with sandbox(name, *options) as failure:
        if failure:
            return [Outcome(STAGE, target.name, Status.FAILED, failure) for target in targets]
        env = environment(SANDBOX_NAME=name, ANSIBLE_ROLES_PATH=str(FOLDER / "targets"), **connection(name))
        alone = [target for target in targets if asks_for(target, ALONE)]
        with ThreadPoolExecutor(WORKERS) as pool:
            outcomes = list(pool.map(lambda target: run_target(target, env), [t for t in targets if t not in alone]))
        return [*outcomes, *[run_target(target, env) for target in alone], *ended(name)]


def ended(name: str) -> list[Outcome]:
    """A failure when the emulated AWS ended meanwhile, which explains those of the targets."""
    emulated = Sandbox.at(CHECKOUT / ".sandbox" / name)
    if lifecycle.is_healthy(emulated):
        return []
    log = (emulated.logs / f"{lifecycle.EMULATOR}.log").read_text(encoding="utf-8", errors="replace")
    print(f"--- the emulated AWS of {name} has ended\n{log[-4000:]}", flush=True)
    last = (log.splitlines() or ["it logged nothing"])[-1]
    return [Outcome(STAGE, f"sandbox {name}", Status.FAILED, f"the emulated AWS has ended, last: {last[:200]}")]


@contextmanager
def sandbox(name: str, *options: str) -> Iterator[str]:
    """A running sandbox; gives the reason when it does not start, an empty text when it does."""
    env = environment(SANDBOX_NAME=name)
    command = [sys.executable, "-m", "sandbox"]
    try:
        started = capture([*command, "up", *options], env=env)
        if started.code != 0:
            print(started.text, flush=True)
        yield f"sandbox up ended with code {started.code}" if started.code else ""
    finally:
        capture([*command, "down"], env=env)


def connection(name: str) -> dict[str, str]:
    """Variables that lead every AWS client to the sandbox."""
    state = json.loads((CHECKOUT / ".sandbox" / name / "state.json").read_text(encoding="utf-8"))
    return {
        "AWS_ENDPOINT_URL": state["aws_endpoint_url"],
        "AWS_REGION": state["region"],
        "AWS_ACCESS_KEY_ID": state["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": state["secret_access_key"],
    }


def run_target(target: Path, env: dict[str, str]) -> Outcome:
    """Runs one target's tasks; another one runs meanwhile, so that each is printed as a whole."""
    playbook = FOLDER / "run_target.yml"
    finished = capture(
        ["ansible-playbook", "-i", "localhost,", "-e", f"integration_target={target.name}", playbook], env=env
    )
    print(f"--- {target.name}\n{finished.text}", flush=True)
    if finished.code == 0:
        return Outcome(STAGE, target.name, Status.PASSED)
    errors = re.findall(r"^\[ERROR\]: (.+)$", finished.text, re.MULTILINE)
    return Outcome(STAGE, target.name, Status.FAILED, errors[-1] if errors else f"ended with code {finished.code}")
