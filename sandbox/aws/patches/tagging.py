# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's Resource Groups Tagging API."""

from __future__ import annotations

from collections.abc import Iterator

from moto.core.base_backend import BackendDict
from moto.core.resource_tagging import TaggableResourcesMixin
from moto.resourcegroupstaggingapi import models
from moto.utilities.utils import get_partition


def patch_resources_of_unused_region() -> None:
    """GetResources in a region makes all that moto keeps of it, in each service that is used in any region.

    Symptom: who looks for a tag in all regions waits ten seconds.
    Source: Resource Groups Tagging API reference, GetResources: a region where nobody has anything answers at once.
    """

    def used(account_id: str, region_name: str) -> Iterator[TaggableResourcesMixin]:
        for services in list(BackendDict._instances):  # type: ignore[misc]
            taggable = isinstance(services.backend, type) and issubclass(services.backend, TaggableResourcesMixin)
            if taggable and account_id in services:
                # Only asking for what is not there would make it.
                kept = dict(services[account_id].items())
                place = region_name if region_name in services[account_id].regions else get_partition(region_name)
                if place in kept:
                    yield kept[place]

    setattr(models, "iter_taggable_backends", used)  # noqa: B010


PATCHES = (patch_resources_of_unused_region,)
