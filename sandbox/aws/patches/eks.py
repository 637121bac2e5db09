# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of what we keep of moto's EKS: node groups and Fargate profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.eks.models import EKSBackend

from sandbox.aws.wrap import wrap


def patch_lists_of_unknown_cluster() -> None:
    """ListNodegroups and ListFargateProfiles of a cluster that does not exist end with KeyError (500).

    Source: EKS API reference, ListFargateProfiles, errors: ResourceNotFoundException.
    """

    def listing(original: Callable[..., Any], self: EKSBackend, cluster_name: str, *rest: Any, **named: Any) -> Any:
        self.describe_cluster(cluster_name)
        return original(self, cluster_name, *rest, **named)

    for name in ("list_nodegroups", "list_fargate_profiles"):
        wrap(EKSBackend, name, listing)


PATCHES = (patch_lists_of_unknown_cluster,)
