# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's S3."""

from __future__ import annotations

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.models import FakeBucket, PublicAccessBlock, S3Backend
from moto.s3.responses import S3Response

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


def patch_log_delivery_by_policy() -> None:
    """PutBucketLogging ends with AttributeError (500) when the target's policy has a statement about everybody.

    Symptom: a bucket that denies all that comes without TLS cannot take the access logs of another one. Stock moto
    also knows no list of resources and no wildcard in one.
    Source: S3 user guide, "Permissions for log delivery": a bucket policy lets logging.s3.amazonaws.com put objects.
    """

    def allows(
        _original: Callable[..., bool], _self: FakeBucket, target_bucket: FakeBucket, target_prefix: str | None
    ) -> bool:
        log = f"{target_bucket.arn}/{target_prefix or ''}2026-11-26-00-00-00-0123456789ABCDEF"
        statements = json.loads(target_bucket.policy)["Statement"] if target_bucket.policy else []
        return any(_lets_logs_in(statement, log) for statement in statements)

    wrap(FakeBucket, "_log_permissions_enabled_policy", allows)


def _lets_logs_in(statement: dict[str, Any], log: str) -> bool:
    principal = statement.get("Principal")
    services = _listed(principal.get("Service")) if isinstance(principal, dict) else []
    return (
        statement["Effect"] == "Allow"
        and "logging.s3.amazonaws.com" in services
        and any(fnmatchcase("s3:PutObject", action) for action in _listed(statement.get("Action")))
        and any(fnmatchcase(log, resource) for resource in _listed(statement.get("Resource")))
    )


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value or ""]


def patch_newer_noncurrent_versions() -> None:
    """A lifecycle rule forgets how many newer noncurrent versions it keeps.

    Source: S3 API reference, NoncurrentVersionExpiration, NewerNoncurrentVersions.
    """

    def set_lifecycle(original: Callable[..., None], self: FakeBucket, rules: list[dict[str, Any]]) -> None:
        original(self, rules)
        for rule, kept in zip(rules, self.rules, strict=True):
            vars(kept)["newer_versions"] = (rule.get("NoncurrentVersionExpiration") or {}).get(_NEWER)

    def serialized(original: Callable[..., Any], self: S3Response, action_result: ActionResult) -> Any:
        found = action_result.result
        if self.data.get("Action") == "GetBucketLifecycleConfiguration" and isinstance(found, dict):
            for rule, kept in zip(found["Rules"], self.backend.get_bucket_lifecycle(self.bucket_name), strict=True):
                if vars(kept).get("newer_versions"):
                    rule["NoncurrentVersionExpiration"][_NEWER] = vars(kept)["newer_versions"]
        return original(self, action_result)

    wrap(FakeBucket, "set_lifecycle", set_lifecycle)
    wrap(S3Response, "serialized", serialized)


_NEWER = "NewerNoncurrentVersions"


def patch_replication_rules() -> None:
    """GetBucketReplication answers with an empty filter and no delete markers, whatever the rules say, and without the
    criteria for objects that KMS encrypted.

    Source: S3 API reference, ReplicationRule.
    """

    def get_bucket_replication(original: Callable[..., Any], self: S3Response) -> Any:
        replication = self.backend.get_bucket_replication(self.bucket_name)
        if not replication:
            return original(self)
        self.data["Action"] = "GetBucketReplication"
        rules = [_replication_rule(rule) for rule in replication["Rule"]]
        found = {"ReplicationConfiguration": {"Role": replication["Role"], "Rules": rules}}
        return self.serialized(ActionResult(found))

    wrap(S3Response, "get_bucket_replication", get_bucket_replication)


def _replication_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule as the API has it, from its XML, in which an empty text is None."""
    chosen = {name: value or "" for name, value in (rule.get("Filter") or {}).items()}
    return {**rule, "Filter": chosen} if "Filter" in rule else rule


def patch_versioning_of_replicated_bucket() -> None:
    """The versioning of a bucket with a replication configuration can be suspended.

    Source: S3 user guide, "Additional considerations for replication configurations": to disable versioning, remove the
    replication configuration first; until then S3 returns an error.
    """

    def put_bucket_versioning(original: Callable[..., None], self: S3Backend, bucket_name: str, status: str) -> None:
        if status != "Enabled" and self.get_bucket_replication(bucket_name):
            message = (
                "A replication configuration is present on this bucket, so you cannot change the versioning state."
            )
            raise S3ClientError("InvalidBucketState", message)
        original(self, bucket_name, status)

    wrap(S3Backend, "put_bucket_versioning", put_bucket_versioning)


def patch_empty_tag_values() -> None:
    """GetBucketTagging leaves the value of a tag out when it is empty.

    Source: S3 API reference, Tag: Key and Value are both required.
    """

    def bucket_tagging(original: Callable[..., dict[str, str | None]], self: S3Response) -> dict[str, str]:
        return {key: value or "" for key, value in original(self).items()}

    wrap(S3Response, "_bucket_tagging_from_body", bucket_tagging)


PATCHES = (
    patch_conditional_deny,
    patch_settings_of_new_bucket,
    patch_log_delivery_by_policy,
    patch_newer_noncurrent_versions,
    patch_replication_rules,
    patch_versioning_of_replicated_bucket,
    patch_empty_tag_values,
)
