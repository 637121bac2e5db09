# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's IAM: managed policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from moto.core.responses import ActionResult
from moto.iam.exceptions import DeleteConflictException, EntityAlreadyExists
from moto.iam.models import IAMBackend, ManagedPolicy
from moto.iam.responses import IamResponse

from sandbox.aws.wrap import wrap

_BOUNDARY = "PermissionsBoundary"


def patch_encoding_of_policy_document() -> None:
    """GetPolicyVersion answers the document as it is, so that the SDK, which decodes it, reads another one.

    Symptom: a document with %2F comes back with a slash.
    Source: IAM API reference, PolicyVersion, Document: "URL-encoded compliant with RFC 3986".
    """

    def get(_original: Callable[..., ActionResult], self: IamResponse) -> ActionResult:
        version = self.backend.get_policy_version(self._get_param("PolicyArn"), self._get_param("VersionId"))
        answer = {
            "Document": quote(version.document, safe=""),
            "VersionId": version.version_id,
            "IsDefaultVersion": version.is_default,
            "CreateDate": version.create_date,
        }
        return ActionResult({"PolicyVersion": answer})

    wrap(IamResponse, "get_policy_version", get)


def patch_policy_name_on_another_path() -> None:
    """The same name can be given to a policy on another path, or in another case.

    Source: IAM API reference, CreatePolicy, PolicyName: "IAM user, group, role, and policy names must be unique within
    the account. Names are not distinguished by case."
    """

    def create(
        original: Callable[..., ManagedPolicy], self: IAMBackend, description: str, path: str, document: str, *rest: Any
    ) -> ManagedPolicy:
        name, *_tags = rest
        prefix = f":{self.account_id}:"
        taken = {policy.name.casefold() for arn, policy in self.managed_policies.items() if prefix in arn}
        if name.casefold() in taken:
            raise EntityAlreadyExists(f"A policy called {name} already exists. Duplicate names are not allowed.")
        return original(self, description, path, document, *rest)

    wrap(IAMBackend, "create_policy", create)


def patch_policy_usage_filter() -> None:
    """ListEntitiesForPolicy ignores PolicyUsageFilter and never shows whose permissions a policy bounds.

    moto keeps a permissions boundary for roles only.
    Source: IAM API reference, ListEntitiesForPolicy, PolicyUsageFilter; without it, both usages are answered.
    """

    def entities(original: Callable[..., ActionResult], self: IamResponse) -> ActionResult:
        usage = self._get_param("PolicyUsageFilter")
        bounded = _bounded(self.backend, self._get_param("PolicyArn"))
        if usage == _BOUNDARY:
            members: dict[str, Any] = {"PolicyUsers": [], "PolicyRoles": bounded, "PolicyGroups": []}
            return ActionResult({**members, "IsTruncated": False})
        answer = original(self)
        if not usage:
            result: Any = answer.result
            roles = result["PolicyRoles"]
            roles.extend(role for role in bounded if role not in roles)
        return answer

    wrap(IamResponse, "list_entities_for_policy", entities)


def patch_deletion_of_policy_in_use() -> None:
    """DeletePolicy deletes a policy that is attached, and one that has other versions than the default one.

    Source: IAM API reference, DeletePolicy: "Before you can delete a managed policy, you must first detach the policy
    from all users, groups, and roles that it is attached to. In addition, you must delete all the policy's versions."
    The texts are those of AWS, as many users of other tools report them.
    """

    def delete(original: Callable[..., None], self: IAMBackend, policy_arn: str) -> None:
        policy = self.get_policy(policy_arn)
        holders: list[Any] = [*self.get_roles(), *self.users.values(), *self.groups.values()]
        if any(policy_arn in holder.managed_policies for holder in holders) or _bounded(self, policy_arn):
            raise DeleteConflictException("Cannot delete a policy attached to entities.")
        if len(policy.versions) > 1:
            raise DeleteConflictException(
                "This policy has more than one version. Before you delete a policy, you must delete the policy's "
                "versions. The default version is deleted with the policy."
            )
        original(self, policy_arn)

    wrap(IAMBackend, "delete_policy", delete)


def patch_tag_keys_of_policy() -> None:
    """Tag keys that differ only in case are taken for one key, which is true of roles and users only.

    Source: IAM user guide, "Tags for AWS Identity and Access Management resources", case sensitivity.
    """

    def by_key(self: IAMBackend, tags: list[dict[str, str]]) -> dict[str, dict[str, str]]:
        return {tag["Key"]: tag for tag in tags if self._tag_verification([tag])}

    def create(original: Callable[..., ManagedPolicy], self: IAMBackend, *rest: Any) -> ManagedPolicy:
        *members, tags = rest
        found = by_key(self, tags)
        policy = original(self, *members, [])
        policy.tags = found
        return policy

    def tag(_original: Callable[..., None], self: IAMBackend, policy_arn: str, tags: list[dict[str, str]]) -> None:
        self.get_policy(policy_arn).tags.update(by_key(self, tags))

    def untag(_original: Callable[..., None], self: IAMBackend, policy_arn: str, tag_keys: list[str]) -> None:
        policy = self.get_policy(policy_arn)
        for key in tag_keys:
            policy.tags.pop(key, None)

    for name, wrapper in (("create", create), ("tag", tag), ("untag", untag)):
        wrap(IAMBackend, f"{name}_policy", wrapper)


def _bounded(backend: IAMBackend, arn: str) -> list[Any]:
    """The roles whose permissions a policy bounds."""
    return [role for role in backend.get_roles() if role.permissions_boundary_arn == arn]


PATCHES = (
    patch_encoding_of_policy_document,
    patch_policy_name_on_another_path,
    patch_policy_usage_filter,
    patch_deletion_of_policy_in_use,
    patch_tag_keys_of_policy,
)
