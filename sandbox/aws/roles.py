# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Roles of moto's IAM, and which services may assume them."""

from __future__ import annotations

import json
from typing import Any

from moto.iam.models import IAMBackend, Role


def find_role(iam: IAMBackend, role_arn: str) -> Role | None:
    """The role with this ARN, None when there is none."""
    return next((role for role in iam.get_roles() if role.arn == role_arn), None)


def trusts(iam: IAMBackend, role_arn: str, service: str) -> bool:
    """Whether there is such a role and `service`, such as eks.amazonaws.com, may assume it."""
    role = find_role(iam, role_arn)
    return role is not None and bool(trusted_actions(role, service))


def trusted_actions(role: Role, service: str) -> set[str]:
    """What the trust policy of a role lets `service` do, such as sts:AssumeRole."""
    policy: Any = role.assume_role_policy_document
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    return {
        action
        for statement in _as_list(document.get("Statement"))
        if statement.get("Effect") == "Allow" and service in _services(statement)
        for action in _as_list(statement.get("Action"))
    }


def _services(statement: dict[str, Any]) -> list[Any]:
    principal = statement.get("Principal")
    return _as_list(principal.get("Service")) if isinstance(principal, dict) else []


def _as_list(value: Any) -> list[Any]:
    """Policies write one element as itself and several as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
