# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages units, integration and e2e: folders of pytest tests."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

from tests.stages.outcomes import Outcome, Status, read_junit
from tests.stages.programs import OUTPUT, Finished, stream
from tools.places import CHECKOUT

# pytest's own code for a run that found no test; the runner reports that itself.
NO_TESTS = 5
# How much of tests/e2e/test_secrets.py is run: a sample, or the whole of it.
SECRETS_SCOPE = "SECRETS_SCOPE"
WHOLE = "whole"
# At how many messages tests/e2e/test_bootstrap_killed.py ends the bootstrap, and on which versions of PostgreSQL.
BOOTSTRAP_SCOPE = {"BOOTSTRAP_KILLS": "all", "BOOTSTRAP_MAJORS": "15 16 17"}


def run(stage: str, place: Path, *options: str) -> list[Outcome]:
    """Runs the tests of a folder or a file and returns one outcome per test."""
    if not place.exists():
        return []
    report = OUTPUT / "junit" / f"{place.stem}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"--junitxml={report}",
        *options,
        place.relative_to(CHECKOUT),
    ]
    code = stream(command).code
    outcomes = read_junit(stage, [report]) if report.is_file() else []
    failures = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    if code not in (0, NO_TESTS) and not failures:
        outcomes.append(Outcome(stage, "pytest", Status.FAILED, f"ended with code {code}"))
    return outcomes


def sweep_secrets(stage: str, file: Path) -> list[Outcome]:
    """Looks for secrets of the whole stack, of which the stage e2e looks at a sample."""
    os.environ[SECRETS_SCOPE] = WHOLE
    return run(stage, file)


def sweep_bootstrap(stage: str, file: Path, *options: str) -> list[Outcome]:
    """Kills the bootstrap at each of its messages, of which the stage e2e takes a sample; the environment may say
    less."""
    for name, value in BOOTSTRAP_SCOPE.items():
        os.environ.setdefault(name, value)
    return run(stage, file, *options)


def run_units(stage: str, folder: Path, *options: str) -> list[Outcome]:
    """Runs the unit tests, those of plugins/ by themselves, and adds the outcome of whether these reach all of it.

    Measuring makes tests half as slow again, which the others are spared.
    """
    plugins = folder / "plugins"
    shutil.rmtree(OUTPUT / "coverage", ignore_errors=True)
    (OUTPUT / "coverage").mkdir(parents=True)
    outcomes = run(stage, folder, f"--ignore={plugins}", *options)
    # The report judges the coverage, so that pytest's own code speaks of the tests alone.
    outcomes += run(stage, plugins, "--cov", "--cov-report=", "--cov-fail-under=0", *options)
    report = stream([sys.executable, "-m", "coverage", "report"])
    return [*outcomes, judge_coverage(stage, report)]


def judge_coverage(stage: str, report: Finished) -> Outcome:
    """Outcome of coverage's report; a failed one names the lines and branches that no test reached."""
    test = "coverage of plugins"
    if report.code == 0:
        return Outcome(stage, test, Status.PASSED)
    missing = re.findall(r"^(plugins/\S+) .*% +(\S.*)$", report.text, re.MULTILINE)
    listed = "; ".join(f"{file}: {lines}" for file, lines in missing)
    reason = f"no test reaches {listed}" if listed else f"coverage cannot tell it: {report.text.strip()}"
    return Outcome(stage, test, Status.FAILED, reason)
