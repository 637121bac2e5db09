# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The converged sandbox that three files share: they run one after the other in one process, the teardown last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.e2e.journey import Journey, copy_of_the_project

SHARING = ("test_demo.py", "test_supabase.py", "test_teardown.py")


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist ships no types
    """Each file for itself, but for those that share a sandbox."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return "the demo's sandbox" if file.endswith(SHARING) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling | None:
    """Take the place of --dist loadfile."""
    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """The demo, which is run when somebody first wants it."""
    travelled = Journey(copy_of_the_project(tmp_path_factory.mktemp("closed")))
    yield travelled
    travelled.end()


@pytest.fixture
def exports(journey: Journey) -> dict[str, str]:
    """What a user's shell has after evaluating the exports."""
    return journey.exports
