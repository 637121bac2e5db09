# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's IAM: instance profiles."""

from __future__ import annotations

from collections.abc import Callable

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from sandbox.aws.wrap import wrap


def patch_path_of_instance_profiles() -> None:
    """ListInstanceProfiles ignores PathPrefix and answers the instance profiles of everybody.

    Symptom: Karpenter, which removes those below its own path that no EC2NodeClass needs, removes all others as well.
    Source: IAM API reference, ListInstanceProfiles, PathPrefix.
    """

    def list_profiles(original: Callable[..., ActionResult], self: IamResponse) -> ActionResult:
        prefix = self._get_param("PathPrefix")
        if not prefix:
            return original(self)
        found = [profile for profile in self.backend.get_instance_profiles() if profile.path.startswith(prefix)]
        return ActionResult({"InstanceProfiles": found})

    wrap(IamResponse, "list_instance_profiles", list_profiles)


def patch_role_of_no_instance_profile() -> None:
    """RemoveRoleFromInstanceProfile answers 500 for a role that the instance profile does not have.

    Symptom: the SDK repeats a request whose answer was lost, and cannot read the page of HTML that it is answered.
    Source: IAM API reference, RemoveRoleFromInstanceProfile, errors: NoSuchEntity.
    """

    def remove(original: Callable[..., None], self: IAMBackend, profile_name: str, role_name: str) -> None:
        if self.get_role(role_name) not in self.get_instance_profile(profile_name).roles:
            raise NotFoundException(f"The role {role_name} is not in the instance profile {profile_name}.")
        original(self, profile_name, role_name)

    wrap(IAMBackend, "remove_role_from_instance_profile", remove)


PATCHES = (patch_path_of_instance_profiles, patch_role_of_no_instance_profile)
