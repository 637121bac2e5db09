# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stage lint: one test per tool."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.stages.outcomes import Outcome, Status
from tests.stages.programs import capture, own_files
from tools.places import CHECKOUT

STAGE = "lint"
# Named through the link, because only there do the plugins have the names by which they import each other.
PLUGINS = Path(".collections/ansible_collections/supastack/aws/plugins")
WORKERS = 2


def run() -> list[Outcome]:
    """Runs every tool; two at a time, as the slowest two take most of the time."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda item: check(*item), commands().items()))


def commands() -> dict[str, list[str | Path]]:
    """Tool -> command, slowest first."""
    return {
        "ansible-lint": ["ansible-lint", "--offline", "--strict", "--nocolor"],
        "mypy": ["mypy", "tools", "sandbox", "tests", PLUGINS],
        "ruff check": ["ruff", "check", "."],
        "ruff format": ["ruff", "format", "--check", "."],
        "yamllint": ["yamllint", "--strict", *own_files("*.yml", "*.yaml", ".yamllint", ".ansible-lint")],
        "shellcheck": ["shellcheck", *shell_scripts()],
        "antsibull-changelog": ["antsibull-changelog", "lint"],
    }


def shell_scripts() -> list[Path]:
    """Files with a shell's name in their first line."""
    return [file for file in own_files() if is_shell_script(CHECKOUT / file)]


def is_shell_script(file: Path) -> bool:
    """Whether the first line starts a shell."""
    with file.open("rb") as content:
        first = content.readline(100).split()
    return bool(first) and first[0].startswith(b"#!") and any(word.endswith((b"/sh", b"bash")) for word in first)


def check(name: str, command: list[str | Path]) -> Outcome:
    """Runs one tool; what it prints matters only when it fails."""
    finished = capture(command)
    if finished.code == 0:
        return Outcome(STAGE, name, Status.PASSED)
    print(f"--- {name}: {without_notes(finished.text)}", flush=True)
    return Outcome(STAGE, name, Status.FAILED, f"ended with code {finished.code}")


def without_notes(printed: str) -> str:
    """What a tool printed but mypy's notes: for boto3 these list each of some 400 overloads."""
    return "".join(line for line in printed.splitlines(keepends=True) if ": note: " not in line)
