# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage molecule: each scenario's sequence, one test per action."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.stages.outcomes import Outcome, Status
from tests.stages.programs import capture, environment, stream
from tools.places import CHECKOUT

STAGE = "molecule"
SCENARIOS = CHECKOUT / "molecule"
# Each has a sandbox of its own and waits for emulated AWS half of its time: three keep two cores busy.
AT_ONCE = 3
# What a change in these folders can break is the whole stack.
WHOLE_STACK = ("inventories/", "playbooks/", "plugins/", "sandbox/", "molecule/default/", "tools/")


def run(scenarios: Sequence[str]) -> list[Outcome]:
    """Runs each scenario's test sequence; outcomes in the order of the scenarios."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        return [outcome for outcomes in threads.map(run_scenario, scenarios) for outcome in outcomes]


def run_scenario(scenario: str) -> list[Outcome]:
    """Runs one scenario and returns one outcome per action."""
    command = ["molecule", "test", "--scenario-name", scenario]
    finished = stream(command, env=environment(NO_COLOR="1"), prefix=f"{scenario}: ")
    outcomes = read_actions(scenario, finished.text)
    if finished.code != 0 and all(outcome.status is not Status.FAILED for outcome in outcomes):
        outcomes.append(Outcome(STAGE, scenario, Status.FAILED, f"ended with code {finished.code}"))
    return outcomes


def all_scenarios() -> list[str]:
    """The scenarios of this checkout; the whole stack first."""
    found = [file.parent.name for file in SCENARIOS.glob("*/molecule.yml")]
    return sorted(found, key=lambda name: (name != "default", name))


def touched_scenarios() -> list[str]:
    """The scenarios whose subject differs from the last commit."""
    changed = capture(["git", "status", "--porcelain", "--untracked-files=all"]).text.splitlines()
    return scenarios_for((line[3:].rpartition(" -> ")[2] for line in changed), all_scenarios())


def scenarios_for(paths: Iterable[str], scenarios: Sequence[str]) -> list[str]:
    """Scenarios that test the changed files: a role's own one where it has one, else the whole stack."""
    wanted = set()
    for path in paths:
        folder, name = (*Path(path).parts, "", "")[:2]
        if folder in {"roles", "molecule"} and name in scenarios:
            wanted.add(name)
        elif folder == "roles" or path.startswith(WHOLE_STACK):
            wanted.add("default")
    return [scenario for scenario in scenarios if scenario in wanted]


def read_actions(scenario: str, printed: str) -> list[Outcome]:
    """Outcomes in the details that molecule prints at its end; actions without a playbook are no tests."""
    outcomes = []
    for action, state in re.findall(rf"^{re.escape(scenario)} > (\S+): Executed: (.+)$", printed, re.MULTILINE):
        if not state.startswith("Missing"):
            outcomes.append(Outcome(STAGE, f"{scenario}::{action}", status_of(state), state))
    return outcomes


def status_of(state: str) -> Status:
    """molecule's completion state; all but these two are failures (Failed, Partial, Disabled)."""
    words = {"Successful": Status.PASSED, "Skipped": Status.SKIPPED}
    return words.get(state.split()[0], Status.FAILED)
