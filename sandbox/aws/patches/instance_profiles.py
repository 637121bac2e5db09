# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's IAM: instance profiles."""

from __future__ import annotations

from collections.abc import Callable

from moto.core.responses import ActionResult
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


PATCHES = (patch_path_of_instance_profiles,)
