# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module cloudwatch_dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import cloudwatch_dashboard

NAME = "production"
OPTIONS: dict[str, Any] = {"name": NAME, "body": {"widgets": [], "start": "-PT3H"}}
ABSENT = {"name": NAME, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
OF_IT = {"DashboardName": NAME}
MISSING: Call = ("get_dashboard", OF_IT, "ResourceNotFound: none")
PUT: Call = ("put_dashboard", {**OF_IT, "DashboardBody": '{"widgets":[],"start":"-PT3H"}'}, {})


def found(text: str = '{"start": "-PT3H",\n "widgets": []}') -> Call:
    """Return the expected call that reads a dashboard."""
    return ("get_dashboard", OF_IT, {"DashboardBody": text})


MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes, changed, part of the returned dashboard
    "create": (OPTIONS, [MISSING], [PUT], True, OPTIONS),
    "no-op": (OPTIONS, [found()], [], False, OPTIONS),
    "leave alone": ({"name": NAME}, [found()], [], False, OPTIONS),
    "update": (OPTIONS, [found("{}")], [PUT], True, OPTIONS),
    "delete": (ABSENT, [found()], [("delete_dashboards", {"DashboardNames": [NAME]}, {})], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, dashboard = MATRIX[case]
    outcome = run_module(cloudwatch_dashboard, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "dashboard", dashboard)


@pytest.mark.parametrize(
    ("options", "steps", "fix"),
    [
        ({"name": NAME, "body": "{"}, [], "valid JSON"),
        ({"name": NAME, "body": "[]"}, [], "must be an object such as {'widgets': []}"),
        ({"name": NAME}, [MISSING], "Set body to what it should show"),
    ],
)
def test_a_body_that_shows_nothing_is_refused(
    run_module: Callable[..., Any], options: dict[str, Any], steps: list[Call], fix: str
) -> None:
    assert fix in run_module(cloudwatch_dashboard, options, steps).message
