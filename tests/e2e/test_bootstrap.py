# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""All phases of the database bootstrap on every version of PostgreSQL that it supports, from nothing, in a minute."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tests.unit.bootstrap import database as db

PHASES = ("before", "realtime", "after")
SECONDS = 60


def bootstrap(major: int, dumps: dict[str, str]) -> list[dict[str, Any]]:
    """The reports of the self-checks."""
    with db.running(major) as database:
        results = [db.run_bootstrap(database, phase, environment=dumps) for phase in PHASES]
        assert [result.returncode for result in results] == [0, 0, 0], [result.stderr for result in results]
        return [db.report(result) for result in results]


def test_every_self_check_is_green_within_a_minute(tmp_path: Path) -> None:
    dumps = db.realtime_dumps(tmp_path, 15)
    started = time.monotonic()
    reports = [report for major in (15, 16, 17) for report in bootstrap(major, dumps)]
    seconds = time.monotonic() - started
    print("version  phase     mismatches")
    for report in reports:
        print(f"{report['server_version_num']}   {report['phase']:8}  {report['mismatches'] or 'none'}")
    assert [(report["server_version_num"] // 10000, report["phase"], report["mismatches"]) for report in reports] == [
        (major, phase, []) for major in (15, 16, 17) for phase in PHASES
    ]
    assert seconds < SECONDS
