# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Sandboxes of this checkout under names of their own, removed after each test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import lifecycle
from sandbox.state import CHECKOUT, Sandbox

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def name() -> str:
    return f"unit-{os.getpid()}"


@pytest.fixture
def sandbox(name: str) -> Iterator[Sandbox]:
    sandbox = Sandbox(name, CHECKOUT / ".sandbox" / name)
    yield sandbox
    list(lifecycle.down(sandbox))


@pytest.fixture
def run(name: str, tmp_path: Path) -> Run:
    """Run `python -m sandbox` as a user does."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {**os.environ, "SANDBOX_NAME": name, "HOME": str(tmp_path), **environment}
        # The tools are looked up below HOME otherwise.
        variables.setdefault("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        command = [sys.executable, "-m", "sandbox", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, env=variables, cwd=CHECKOUT, timeout=120, check=False
        )

    return call
