# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module logs_resource_policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import logs_resource_policy

NAME = "production-events"
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]}
TEXT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}'
# The same in other words.
SAME = TEXT.replace('"logs:PutLogEvents"', '["logs:PutLogEvents"]')
OPTIONS: dict[str, Any] = {"name": NAME, "policy": POLICY}
ABSENT = {"name": NAME, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]
OTHER = {"policyName": f"{NAME}-old", "policyDocument": TEXT}
MISSING: Call = ("describe_resource_policies", {}, {"resourcePolicies": [OTHER]})
PUT: Call = ("put_resource_policy", {"policyName": NAME, "policyDocument": TEXT}, {})


def found(text: str) -> Call:
    """Return the expected call that reads a policy."""
    return (
        "describe_resource_policies",
        {},
        {"resourcePolicies": [OTHER, {**OTHER, "policyName": NAME} | {"policyDocument": text}]},
    )


EMPTY = '{"Version":"2012-10-17","Statement":[]}'
MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes, changed, part of the returned policy
    "create": (OPTIONS, [MISSING], [PUT], True, OPTIONS),
    "no-op": (OPTIONS, [found(TEXT)], [], False, OPTIONS),
    "same in other words": (OPTIONS, [found(SAME)], [], False, {"name": NAME}),
    "leave alone": ({"name": NAME}, [found(TEXT)], [], False, OPTIONS),
    "update": (OPTIONS, [found(EMPTY)], [PUT], True, OPTIONS),
    "delete": (ABSENT, [found(TEXT)], [("delete_resource_policy", {"policyName": NAME}, {})], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, policy = MATRIX[case]
    outcome = run_module(logs_resource_policy, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "resource_policy", policy)


def test_a_new_policy_says_something(run_module: Callable[..., Any]) -> None:
    message = run_module(logs_resource_policy, {"name": NAME}, [MISSING]).message
    assert message == f"There is no resource policy {NAME} yet. Set policy to what it should say."
