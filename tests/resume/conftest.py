# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""An emulated account for each process, and the line that counts the cases of all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sandbox.state import CHECKOUT, Sandbox
from tests.integration.fuzz.loading import load_collections
from tests.resume.account import Copy, account
from tests.resume.sweep import Tally

load_collections()

COUNTED = "interrupted"
counted: list[tuple[int, int]] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each of two processes, which begin with a half of the tests each, a part of those that take longest."""

    def order(item: pytest.Item) -> tuple[int, bool]:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        return parameters.get("part", 0), item.path.stem != "test_plays"

    items.sort(key=order)


@pytest.fixture(scope="session")
def origin(worker_id: str) -> Iterator[Copy]:
    """An empty account."""
    name = f"resume-{worker_id}"
    with account(Sandbox(name, CHECKOUT / ".sandbox" / name)) as empty:
        yield empty


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[Tally], None]:
    """Return a function that counts the cases of a test and fails if one of them did."""

    def judge(tally: Tally) -> None:
        record_property(COUNTED, f"{tally.taken} {tally.identical}")
        assert not tally.failures, "\n\n".join(tally.failures)

    return judge


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what the tests count; through the report it also comes from other processes."""
    for name, value in report.user_properties:
        if name == COUNTED and report.when == "call":
            taken, identical = map(int, str(value).split())
            counted.append((taken, identical))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many cases there were."""
    if counted:
        taken, identical = (sum(numbers) for numbers in zip(*counted, strict=True))
        terminalreporter.write_line(f"interrupted {taken} times, {identical} identical end states")
