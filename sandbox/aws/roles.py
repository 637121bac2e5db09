# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Roles of moto's IAM, and which services may assume them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.iam.models import IAMBackend, Role


@dataclass(frozen=True)
class Statement:
    """A statement of a trust policy; `services` and `federated` are its principals of these two kinds."""

    effect: str
    actions: list[str]
    services: list[str]
    federated: list[str]
    condition: dict[str, Any]


def find_role(iam: IAMBackend, role_arn: str) -> Role | None:
    """The role with this ARN, None when there is none."""
    return next((role for role in iam.get_roles() if role.arn == role_arn), None)


def trusts(iam: IAMBackend, role_arn: str, service: str) -> bool:
    """Whether there is such a role and `service`, such as eks.amazonaws.com, may assume it."""
    role = find_role(iam, role_arn)
    return role is not None and bool(trusted_actions(role, service))


def trusted_actions(role: Role, service: str) -> set[str]:
    """What the trust policy of a role lets `service` do, such as sts:AssumeRole."""
    found = [item for item in statements(role) if item.effect == "Allow" and service in item.services]
    return {action for item in found for action in item.actions}


def statements(role: Role) -> list[Statement]:
    """The statements of a role's trust policy."""
    policy: Any = role.assume_role_policy_document
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    return [_statement(item) for item in _as_list(document.get("Statement"))]


def _statement(item: dict[str, Any]) -> Statement:
    named = item.get("Principal")
    principals = named if isinstance(named, dict) else {}
    return Statement(
        effect=item.get("Effect", ""),
        actions=_as_list(item.get("Action")),
        services=_as_list(principals.get("Service")),
        federated=_as_list(principals.get("Federated")),
        condition=item.get("Condition") or {},
    )


def _as_list(value: Any) -> list[Any]:
    """Policies write one element as itself and several as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
