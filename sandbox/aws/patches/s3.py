# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from sandbox.aws.wrap import wrap


def patch_conditional_deny() -> None:
    """A Deny statement with a condition that moto cannot evaluate denies every request.

    Symptom: after a TLS-only bucket policy (`aws:SecureTransport: false`) every object call ends with 403, by https
    too. Here such a statement says nothing; conditions are checked as documents, not by requests.
    Source: IAM user guide, "IAM JSON policy elements: Condition": a statement applies when its condition is true.
    """

    def is_action_permitted(
        original: Callable[..., PermissionResult], self: IAMPolicyStatement, *arguments: Any, **named: Any
    ) -> PermissionResult:
        statement = self._statement
        if statement.get("Effect") == "Deny" and set(statement.get("Condition") or {}) - {"StringEquals"}:
            return PermissionResult.NEUTRAL
        return original(self, *arguments, **named)

    wrap(IAMPolicyStatement, "is_action_permitted", is_action_permitted)


PATCHES = (patch_conditional_deny,)
