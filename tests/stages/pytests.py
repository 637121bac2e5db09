# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages units, integration and e2e: folders of pytest tests."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.stages.outcomes import Outcome, Status, read_junit
from tests.stages.programs import OUTPUT, stream
from tools.places import CHECKOUT

# pytest's own code for a run that found no test; the runner reports that itself.
NO_TESTS = 5


def run(stage: str, folder: Path, *options: str) -> list[Outcome]:
    """Runs the tests of a folder and returns one outcome per test."""
    if not folder.is_dir():
        return []
    report = OUTPUT / "junit" / f"{stage}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        f"--junitxml={report}",
        *options,
        folder.relative_to(CHECKOUT),
    ]
    code = stream(command).code
    outcomes = read_junit(stage, [report]) if report.is_file() else []
    failures = [outcome for outcome in outcomes if outcome.status is Status.FAILED]
    if code not in (0, NO_TESTS) and not failures:
        outcomes.append(Outcome(stage, "pytest", Status.FAILED, f"ended with code {code}"))
    return outcomes
