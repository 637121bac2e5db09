# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's CloudTrail."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.cloudtrail.models import CloudTrailBackend, Trail
from moto.cloudtrail.responses import CloudTrailResponse

from sandbox.aws.wrap import wrap

_DEFAULT_SELECTORS: dict[str, Any] = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


def patch_trail_deleted_by_arn() -> None:
    """DeleteTrail knows trails by name only, and is silent about those that it does not know.

    Symptom: a play that removes a trail by its ARN removes it in each run, and the trail stays.
    Source: CloudTrail API reference, DeleteTrail: Name is the name or the ARN; TrailNotFoundException.
    """

    def delete(original: Callable[..., None], self: CloudTrailBackend, name: str) -> None:
        original(self, self.get_trail(name).trail_name)

    wrap(CloudTrailBackend, "delete_trail", delete)


def patch_trails_described_by_name() -> None:
    """DescribeTrails answers with every trail, whichever was asked for.

    Symptom: a play takes the first trail of the account for the one that it names.
    Source: CloudTrail API reference, DescribeTrails, trailNameList: a name is one of the region, an ARN of any.
    """

    def describe(original: Callable[..., str], self: CloudTrailResponse) -> str:
        trails = json.loads(original(self))["trailList"]
        wanted = self._get_param("trailNameList")
        if wanted:
            here = [trail["HomeRegion"] == self.region and trail["Name"] in wanted for trail in trails]
            trails = [trail for trail, named in zip(trails, here, strict=True) if named or trail["TrailARN"] in wanted]
        return json.dumps({"trailList": trails})

    wrap(CloudTrailResponse, "describe_trails", describe)


def patch_custom_event_selectors() -> None:
    """A trail with event selectors of its own says that it has none.

    Source: CloudTrail API reference, Trail, HasCustomEventSelectors; user guide, "Logging management events": without
    any, a trail has all management events and no others.
    """

    def description(
        original: Callable[..., dict[str, Any]], self: Trail, include_region: bool = False
    ) -> dict[str, Any]:
        basic = [{**_DEFAULT_SELECTORS, **selector} for selector in self.event_selectors]
        custom = basic not in ([], [_DEFAULT_SELECTORS]) or bool(self.advanced_event_selectors)
        return {**original(self, include_region), "HasCustomEventSelectors": custom}

    wrap(Trail, "description", description)


PATCHES = (patch_trail_deleted_by_arn, patch_trails_described_by_name, patch_custom_event_selectors)
