# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The end of the user's journey: destroy.yml on the environment that the files before this one used."""

from __future__ import annotations

import re
import sys

import pytest

from tests.e2e.journey import Journey
from tools.toolchain import tool

EVERYTHING = [
    part
    for flag in ("s3_force_destroy", "rds_skip_final_snapshot", "kms_secrets_delete_keys")
    for part in ("-e", f"{flag}=true")
]
CONFIRMED = ["-e", "supabase_destroy_confirm=sandbox", *EVERYTHING]


def changed(printed: str) -> int:
    """How many tasks changed something, or would have."""
    return int(re.findall(r"changed=(\d+)", printed)[-1])


@pytest.mark.parametrize("given", [[], ["-e", "supabase_destroy_confirm=production"]], ids=["none", "another"])
def test_nothing_goes_that_nobody_named(journey: Journey, exports: dict[str, str], given: list[str]) -> None:
    assert exports
    printed = journey.play("destroy", *given, *EVERYTHING, code=2)
    assert f"Nothing was changed. To destroy it, add -e supabase_destroy_confirm={journey.sandbox.name}" in printed
    assert changed(printed) == 0


def test_the_plan_tells_what_would_go_and_changes_nothing(journey: Journey, exports: dict[str, str]) -> None:
    assert exports
    planned = journey.play("destroy", *CONFIRMED, "--check", "--diff")
    assert changed(planned) > 40
    assert re.search(r" \d{2,} would go", planned)
    journey.query(tool("kubectl"), "get", "namespace", "supabase", "--output=json")


def test_the_teardown_leaves_nothing(journey: Journey, exports: dict[str, str]) -> None:
    assert exports
    printed = journey.play("destroy", *CONFIRMED)
    assert changed(printed) > 40
    assert re.search(r" 0 left\b", printed)
    left = journey.run(sys.executable, "-m", "sandbox", "env").stderr
    assert "no EKS cluster is ACTIVE" in left
    assert "no RDS instance runs here" in left


def test_a_second_one_changes_nothing(journey: Journey, exports: dict[str, str]) -> None:
    assert exports
    printed = journey.play("destroy", *CONFIRMED)
    assert changed(printed) == 0
    assert re.search(r" 0 left\b", printed)
