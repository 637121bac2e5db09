# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A sandbox in a folder of its own, and real servers in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import processes
from sandbox.state import Sandbox


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A started sandbox without an emulator; whatever runs in it is stopped afterwards."""
    folder: Path = tmp_path_factory.mktemp("postgres") / "unit-postgres"
    folder.mkdir(mode=0o700)
    sandbox = Sandbox.at(folder)
    sandbox.update(options={"api_only": False, "time_scale": 0, "log_requests": False, "rds_bypassrls": True})
    yield sandbox
    processes.stop_all(sandbox)
