# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Engine versions that the emulated RDS offers: RDS' minor versions of the majors that a real server runs here."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.responses import RDSResponse

ENGINE = "postgres"
# Minor versions from the releases of February 2025 to those of May 2026; RDS retires the oldest ones in between.
_MINORS = {15: range(12, 19), 16: range(8, 15), 17: range(4, 11)}
_DEFAULT_MAJOR = 17
VERSIONS = tuple(f"{major}.{minor}" for major, minors in _MINORS.items() for minor in minors)


def major_of(version: str) -> int:
    """17 of 17.10."""
    return int(version.partition(".")[0])


def family_of(version: str) -> str:
    """The parameter group family of an engine version."""
    return f"{ENGINE}{major_of(version)}"


def newest(major: int) -> str:
    """The version that RDS takes when only the major version is asked for."""
    return f"{major}.{_MINORS[major][-1]}"


def resolve(version: str | None) -> str:
    """The full version for what CreateDBInstance was asked for. Raises InvalidParameterCombination as RDS does."""
    if not version:
        return newest(_DEFAULT_MAJOR)
    if version.isdigit() and int(version) in _MINORS:
        return newest(int(version))
    if version not in VERSIONS:
        raise InvalidParameterCombination(f"Cannot find version {version} for {ENGINE}")
    return version


def describe(engine: str | None, version: str | None, family: str | None, default_only: bool) -> list[dict[str, Any]]:
    """DescribeDBEngineVersions: a major version selects all its minors."""
    if engine not in (None, ENGINE):
        return []
    wanted = [known for known in VERSIONS if version in (None, known, str(major_of(known)))]
    if default_only:
        wanted = [known for known in wanted if known == newest(major_of(known) if version else _DEFAULT_MAJOR)]
    return [_description(known) for known in wanted if family in (None, family_of(known))]


def describe_db_engine_versions(response: RDSResponse) -> ActionResult:
    """The handler that moto lacks."""
    asked = response.params
    found = describe(
        asked.get("Engine"),
        asked.get("EngineVersion"),
        asked.get("DBParameterGroupFamily"),
        bool(asked.get("DefaultOnly")),
    )
    return ActionResult({"DBEngineVersions": found})


def _description(version: str) -> dict[str, Any]:
    position = VERSIONS.index(version)
    return {
        "Engine": ENGINE,
        "MajorEngineVersion": str(major_of(version)),
        "EngineVersion": version,
        "DBParameterGroupFamily": family_of(version),
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {version}",
        "ValidUpgradeTarget": [_upgrade_target(version, target) for target in VERSIONS[position + 1 :]],
        "ExportableLogTypes": ["iam-db-auth-error", "postgresql", "upgrade"],
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": True,
        "Status": "available",
    }


def _upgrade_target(version: str, target: str) -> dict[str, Any]:
    return {
        "Engine": ENGINE,
        "EngineVersion": target,
        "Description": f"PostgreSQL {target}",
        "AutoUpgrade": False,
        "IsMajorVersionUpgrade": major_of(target) != major_of(version),
    }
