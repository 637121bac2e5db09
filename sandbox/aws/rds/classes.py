# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Instance classes that the emulated RDS offers for PostgreSQL, as DescribeOrderableDBInstanceOptions tells them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.ec2.models import ec2_backends
from moto.rds.responses import RDSResponse

from sandbox.aws.rds import engine

# A choice of the classes in use in November 2026, each for every version of engine.py and in every zone. RDS itself
# offers more, and in places less:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Support.html
_BURSTABLE = ("micro", "small", "medium", "large", "xlarge", "2xlarge")
_STEADY = ("large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge")
_FAMILIES = {
    **dict.fromkeys(("t3", "t4g"), _BURSTABLE),
    **dict.fromkeys(("m6g", "m6i", "m7g", "m7i", "m8g", "r6g", "r6i", "r7g", "r7i", "r8g"), _STEADY),
}
CLASSES = tuple(f"db.{family}.{size}" for family, sizes in _FAMILIES.items() for size in sizes)
# Smallest and largest GiB: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html
_STORAGE = {"gp2": (20, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536)}


def describe_orderable_db_instance_options(
    original: Callable[..., ActionResult], response: RDSResponse
) -> ActionResult:
    """moto's own answer for any other engine."""
    asked = response.params
    if asked.get("Engine") != engine.ENGINE:
        return original(response)
    zones = ec2_backends[response.current_account][response.region].describe_availability_zones()
    names = [{"Name": str(zone.name)} for zone in zones]
    options = [
        _option(version, name, storage, names)
        for version in engine.VERSIONS
        if asked.get("EngineVersion") in (None, version)
        for name in CLASSES
        if asked.get("DBInstanceClass") in (None, name)
        for storage in _STORAGE
    ]
    return PaginatedResult({"OrderableDBInstanceOptions": options})


def _option(version: str, name: str, storage: str, zones: list[dict[str, str]]) -> dict[str, Any]:
    least, most = _STORAGE[storage]
    return {
        "Engine": engine.ENGINE,
        "EngineVersion": version,
        "DBInstanceClass": name,
        "LicenseModel": "postgresql-license",
        "AvailabilityZones": zones,
        "MultiAZCapable": True,
        "ReadReplicaCapable": True,
        "Vpc": True,
        "StorageType": storage,
        "MinStorageSize": least,
        "MaxStorageSize": most,
        "SupportsStorageEncryption": True,
        "SupportsIops": storage != "gp2",
        "SupportsStorageThroughput": storage == "gp3",
        "SupportsStorageAutoscaling": True,
        "SupportsEnhancedMonitoring": True,
        "SupportsPerformanceInsights": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsKerberosAuthentication": True,
    }
