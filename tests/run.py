# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs stages of tests and ends with one line that counts them all: python -m tests.run STAGE [STAGE ...]."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

from tests.stages import integration, lint, molecule, pytests, sanity
from tests.stages.outcomes import Outcome, Status, closing_line, judge, read_skips
from tools.places import CHECKOUT

TESTS = CHECKOUT / "tests"
STAGES: dict[str, Callable[[], list[Outcome]]] = {
    "lint": lint.run,
    "sanity": sanity.run,
    "units": lambda: pytests.run_units("units", TESTS / "unit", "-n", "2", "--dist", "loadfile"),
    "integration": integration.run,
    "molecule": lambda: molecule.run(molecule.all_scenarios()),
    "e2e": lambda: pytests.run("e2e", TESTS / "e2e", "-n", "2", "--dist", "loadfile"),
    "fuzz": integration.sweep,
    "secrets": lambda: pytests.sweep_secrets("secrets", TESTS / "e2e" / "test_secrets.py"),
    "bootstrap": lambda: pytests.sweep_bootstrap("bootstrap", TESTS / "e2e" / "test_bootstrap_killed.py", "-n", "2"),
    "resume": integration.sweep_resumes,
}
CHECK = "check"
# Each of these keeps little more than one core busy, so that neighbours among them run at once.
ON_ONE_CORE = {"lint", "sanity"}


def run_stage(name: str, stage: Callable[[], list[Outcome]]) -> list[Outcome]:
    """Runs one stage and prints how it went; a stage without a test is a failure."""
    print(f"=== {name}", flush=True)
    started = time.monotonic()
    try:
        outcomes = judge(stage(), read_skips(TESTS / "skips.txt"))
    except Exception as error:
        # Whatever went wrong in one stage, the others run, and the closing line comes.
        traceback.print_exc()
        outcomes = [Outcome(name, "the stage itself", Status.FAILED, f"{type(error).__name__}: {error}")]
    if not outcomes:
        outcomes = [Outcome(name, "no test", Status.FAILED, "the stage found no test to run")]
    print(f"=== {name}: {closing_line(outcomes)} in {time.monotonic() - started:.0f} s", flush=True)
    return outcomes


def run_stages(names: Sequence[str]) -> list[Outcome]:
    """Runs stages in their order, those that leave a core free at once; outcomes in the order of the stages."""
    outcomes: list[Outcome] = []
    for at_once, group in groupby(names, key=ON_ONE_CORE.__contains__):
        with ThreadPoolExecutor(None if at_once else 1) as threads:
            for found in threads.map(lambda name: run_stage(name, STAGES[name]), group):
                outcomes += found
    return outcomes


def run_check() -> list[Outcome]:
    """What to run before each commit; scenarios only where their subject was touched."""
    outcomes = run_stages(["lint", "units"])
    touched = molecule.touched_scenarios()
    if touched:
        outcomes += run_stage("molecule", lambda: molecule.run(touched))
    return outcomes


def summary(outcomes: Sequence[Outcome]) -> list[str]:
    """Skips and failures with their reasons, the failures of each stage in one line, then the closing line."""
    wanted = (Status.SKIPPED, Status.FAILED)
    lines = [f"{o.status.value}: {o.name}: {o.reason}" for status in wanted for o in outcomes if o.status is status]
    failed = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    # Of a long output, often only the end is kept.
    for stage in dict.fromkeys(outcome.stage for outcome in failed):
        names = [outcome.test for outcome in failed if outcome.stage == stage]
        lines.append(f"failed in {stage}: {len(names)} ({', '.join(names)})")
    return [*lines, closing_line(outcomes)]


def main(arguments: Sequence[str]) -> int:
    """Runs the stages named. Returns 0 when every test passed or was allowed to be skipped."""
    parser = argparse.ArgumentParser(prog="tests/run.py", description=__doc__)
    parser.add_argument("stages", nargs="+", choices=[*STAGES, CHECK])
    chosen = parser.parse_args(arguments).stages
    if CHECK in chosen and len(chosen) > 1:
        parser.error(f"{CHECK} is run by itself")
    try:
        outcomes = run_check() if CHECK in chosen else run_stages(chosen)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print("\n".join(summary(outcomes)), flush=True)
    return 1 if any(outcome.status is Status.FAILED for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
