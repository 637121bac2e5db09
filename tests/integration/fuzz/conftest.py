# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An emulated account for the fuzz tests, and the table of API calls at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from sandbox import lifecycle
from sandbox.aws.runtime import durations
from sandbox.state import Sandbox
from tests.integration.fuzz.loading import load_collections
from tests.integration.fuzz.running import Account
from tests.integration.fuzz.subject import Options, Subject

load_collections()

CALLS = "api calls"
calls: dict[str, list[str]] = {}


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An emulated account with nothing real behind it."""
    sandbox = Sandbox("fuzz", tmp_path_factory.mktemp("emulator") / "fuzz")
    list(lifecycle.up(sandbox, api_only=True))
    yield Account(sandbox)
    list(lifecycle.down(sandbox))


@pytest.fixture(scope="session")
def slow_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An emulated account in which making a cluster takes two seconds, and everything else its share of that."""
    sandbox = Sandbox("slow", tmp_path_factory.mktemp("emulator") / "slow")
    list(lifecycle.up(sandbox, api_only=True, time_scale=2 / durations()["eks_cluster_create"]))
    yield Account(sandbox)
    list(lifecycle.down(sandbox))


@pytest.fixture(scope="session")
def prepared(account: Account) -> Callable[[Subject], Options]:
    """Return a function that makes what a module's resources refer to, once."""
    worlds: dict[str, Options] = {}

    def prepare(subject: Subject) -> Options:
        if subject.module not in worlds:
            worlds[subject.module] = subject.prepare(account.client)
        return worlds[subject.module]

    return prepare


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect what test_calls reports; through the report it also comes from other processes."""
    for name, value in report.user_properties:
        if name == CALLS and report.when == "call":
            row = str(value).split("\t")
            calls[row[0]] = row[1:]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of API calls."""
    if calls:
        terminalreporter.section("API calls of a run that changes nothing")
        terminalreporter.write_line(f"{'module':32} {'calls':>5}  {'needed':>6}  operations")
        for module, (made, needed, operations) in sorted(calls.items()):
            terminalreporter.write_line(f"{module:32} {made:>5}  {needed:>6}  {operations}")
