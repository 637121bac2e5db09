# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Prices of instances, which moto has none of: made up, of realistic size, and the same in every sandbox."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.ec2.responses.spot_instances import SpotInstances

from sandbox.aws.wrap import wrap

# US dollars an hour, near to what general purpose types of the last generations cost in us-east-1.
_PER_VCPU = 0.0385
_PER_GIB = 0.003
_PER_ACCELERATOR = 0.9
_ARM_SHARE = 0.8


def on_demand_price(instance_type: str) -> float:
    """An hour's price of a Linux instance in US dollars. Raises KeyError for a type that moto does not know."""
    found = INSTANCE_TYPES[instance_type]
    architectures = found.get("ProcessorInfo", {}).get("SupportedArchitectures", [])
    accelerators = sum(item["Count"] for item in found.get("GpuInfo", {}).get("Gpus", []))
    price = _PER_VCPU * found["VCpuInfo"]["DefaultVCpus"] + _PER_GIB * found["MemoryInfo"]["SizeInMiB"] / 1024
    share = _ARM_SHARE if "arm64" in architectures else 1.0
    return round(float(price * share + _PER_ACCELERATOR * accelerators), 4)


def spot_price(instance_type: str, zone: str) -> float:
    """30 to 50 % of the on-demand price, a share of its own for each type and zone."""
    digest = hashlib.sha256(f"{instance_type} {zone}".encode()).digest()
    return round(on_demand_price(instance_type) * (0.3 + 0.2 * digest[0] / 255), 6)


def patch_spot_prices() -> None:
    """DescribeSpotPriceHistory says 0.00001 dollars for everything, in 2006.

    Symptom: Karpenter takes any spot instance for free, and sees no saving in a smaller one.
    Source: EC2 user guide, "Spot Instances", pricing: "up to a 90% discount", a price for each type and zone.
    """

    def history(original: Callable[..., ActionResult], self: SpotInstances) -> ActionResult:
        result: Any = original(self).result
        now = datetime.datetime.now(tz=datetime.UTC)
        prices = [
            {
                **item,
                "SpotPrice": f"{spot_price(item['InstanceType'], item['AvailabilityZone']):.6f}",
                "Timestamp": now,
            }
            for item in result["SpotPriceHistory"]
            if item["InstanceType"] in INSTANCE_TYPES
        ]
        return ActionResult({"SpotPriceHistory": prices})

    wrap(SpotInstances, "describe_spot_price_history", history)


PATCHES = (patch_spot_prices,)
