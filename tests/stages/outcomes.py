# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test's outcome is, and how outcomes become the closing line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from xml.etree import ElementTree


class Status(Enum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Outcome:
    """One test's end; stage and test together are the name that tests/skips.txt uses."""

    stage: str
    test: str
    status: Status
    reason: str = ""

    @property
    def name(self) -> str:
        """Name of the test across all stages."""
        return f"{self.stage}::{self.test}"


def read_skips(file: Path) -> dict[str, str]:
    """Test name -> reason. Raises ValueError for a line without a reason."""
    allowed: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match line.split("  ", 1):
            case [name, reason] if reason.strip():
                allowed[name.strip()] = reason.strip()
            case unfit:
                raise ValueError(f"{file}:{number}: no reason given in {unfit}. Write: <stage>::<test>  <why>")
    return allowed


def judge(outcomes: Iterable[Outcome], allowed: dict[str, str]) -> list[Outcome]:
    """The outcomes, with every skip that is not allowed turned into a failure."""
    return [
        replace(outcome, status=Status.FAILED, reason=f"skipped ({outcome.reason}), but not named in tests/skips.txt")
        if outcome.status is Status.SKIPPED and outcome.name not in allowed
        else outcome
        for outcome in outcomes
    ]


def closing_line(outcomes: Sequence[Outcome]) -> str:
    """N passed, N failed, N skipped."""
    counts = [(sum(outcome.status is status for outcome in outcomes), status.value) for status in Status]
    return ", ".join(f"{count} {word}" for count, word in counts)


def read_junit(stage: str, files: Iterable[Path]) -> list[Outcome]:
    """Outcomes of the test cases in JUnit XML files, as pytest and ansible-test write them."""
    outcomes = []
    for file in files:
        # The files were written a moment ago by the test program that this one started.
        for case in ElementTree.parse(file).getroot().iter("testcase"):
            classname, name = case.get("classname", ""), case.get("name", "")
            outcomes.append(Outcome(stage, f"{classname}::{name}" if classname else name, *status_of(case)))
    return outcomes


def status_of(case: ElementTree.Element) -> tuple[Status, str]:
    """Status and reason of one JUnit test case."""
    for tag, status in (("failure", Status.FAILED), ("error", Status.FAILED), ("skipped", Status.SKIPPED)):
        found = case.find(tag)
        if found is not None:
            reason = found.get("message") or found.text or ""
            return status, " ".join(reason.split())[:200]
    return Status.PASSED, ""
