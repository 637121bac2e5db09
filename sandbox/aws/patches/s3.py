# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's S3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend

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


def patch_settings_of_new_bucket() -> None:
    """A new bucket has neither a public access block nor ownership controls nor default encryption.

    Symptom: what check mode predicts of a new bucket is not what comes.
    Source: S3 user guide, "Default settings for new S3 buckets FAQ": since April 2023 Block Public Access is on and
    Object Ownership is BucketOwnerEnforced; "Default encryption FAQ": objects are encrypted by SSE-S3.
    """

    def create_bucket(original: Callable[..., FakeBucket], self: S3Backend, *arguments: Any, **named: Any) -> Any:
        bucket = original(self, *arguments, **named)
        # moto declares a dictionary, and keeps a text.
        vars(bucket)["ownership_rule"] = "BucketOwnerEnforced"
        bucket.public_access_block = PublicAccessBlock(*["True"] * 4)
        bucket.encryption = {"Rule": {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}}
        return bucket

    wrap(S3Backend, "create_bucket", create_bucket)


PATCHES = (patch_conditional_deny, patch_settings_of_new_bucket)
