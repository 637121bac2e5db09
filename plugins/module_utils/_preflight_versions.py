# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that EKS and RDS offer what an environment asks for: versions, add-ons, database machines."""

from __future__ import annotations

import datetime
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import none_when
from ansible_collections.supastack.aws.plugins.module_utils._preflight import Check, Clients, Finding, checks_of
from ansible_collections.supastack.aws.plugins.module_utils._preflight_zones import chosen_zones

# Enough to plan an upgrade in, which is one version at a time.
SUPPORT_DAYS = 60
STORAGE = "gp3"
# What an add-on's version may be beside one of those that EKS offers: supastack.aws.eks_addon.
NOT_PINNED = (None, "", "default", "latest")


@none_when("ResourceNotFoundException")
def running_cluster(clients: Clients, name: str) -> Plain:
    """Return the cluster, None when there is none."""
    return dict(clients("eks").describe_cluster(name=name)["cluster"])


@none_when("ResourceNotFoundException")
def installed_addon(clients: Clients, cluster: str, name: str) -> Plain:
    """Return an add-on of the cluster, None when it has none."""
    return dict(clients("eks").describe_addon(clusterName=cluster, addonName=name)["addon"])


@none_when("DBInstanceNotFound")
def running_instance(clients: Clients, identifier: str) -> Plain:
    """Return the database's instance, None when there is none."""
    return dict(clients("rds").describe_db_instances(DBInstanceIdentifier=identifier)["DBInstances"][0])


@none_when("ResourceNotFoundException", "InvalidParameterException")
def addon_versions(clients: Clients, name: str, version: str) -> list[str]:
    """Return the versions of an add-on that EKS offers for a Kubernetes version, the newest first."""
    pages = clients("eks").get_paginator("describe_addon_versions").paginate(addonName=name, kubernetesVersion=version)
    return [item["addonVersion"] for page in pages for found in page["addons"] for item in found["addonVersions"]]


@none_when("InvalidParameterCombination", "InvalidParameterValue")
def engine_versions(clients: Clients, database: Plain) -> list[str]:
    """Return the versions that RDS offers of those that the database's means."""
    request = {"Engine": database["engine"], "EngineVersion": database["engine_version"]}
    pages = clients("rds").get_paginator("describe_db_engine_versions").paginate(**request)
    return [item["EngineVersion"] for page in pages for item in page["DBEngineVersions"]]


def severity(runs: bool) -> str:
    """Return how bad it is that something is not offered: what runs goes on, what is new cannot be made."""
    return "warning" if runs else "error"


def kubernetes(clients: Clients, options: Plain) -> list[Finding]:
    """Check that EKS offers the Kubernetes version, and for how long."""
    cluster = options["cluster"]
    version = cluster["version"]
    pages = clients("eks").get_paginator("describe_cluster_versions").paginate()
    offered = {found["clusterVersion"]: found for page in pages for found in page["clusterVersions"]}
    subject, fix = f"Kubernetes {version}", "Set eks_kubernetes_version to"
    found = offered.get(version, {"versionStatus": "none"})
    standard = sorted(name for name, item in offered.items() if item["versionStatus"] == "STANDARD_SUPPORT")
    if found["versionStatus"] != "STANDARD_SUPPORT":
        running = running_cluster(clients, cluster["name"]) or {}
        problem = "It has left standard support; extended support costs 365 USD a month more."
        if version not in offered:
            problem = f"EKS does not offer it in {clients.region}."
        extended = version in offered and cluster["upgrade_support_type"] == "EXTENDED"
        worst = severity(extended or running.get("version") == version)
        return [Finding(worst, subject, problem, f"{fix} one of {', '.join(standard)}.")]
    end = found.get("endOfStandardSupportDate")
    days = (end - datetime.datetime.now(tz=datetime.UTC)).days if end else SUPPORT_DAYS
    if days >= SUPPORT_DAYS:
        return []
    return [Finding("warning", subject, f"Its standard support ends in {days} days.", f"{fix} {standard[-1]} soon.")]


def addon_findings(clients: Clients, addon: Plain, cluster: Plain) -> list[Finding]:
    """Return whether EKS offers an add-on, in the version that is asked for, for a Kubernetes version."""
    version = cluster["version"]
    pinned = None if addon["version"] in NOT_PINNED else addon["version"]
    offered = addon_versions(clients, addon["name"], version)
    if offered and (not pinned or pinned in offered):
        return []
    there = installed_addon(clients, cluster["name"], addon["name"]) or {}
    worst = severity(bool(there) and (not pinned or there["addonVersion"] == pinned))
    problem = f"EKS does not offer {pinned if offered else 'it'} for Kubernetes {version}."
    fix = "Take it out of eks_addons; aws eks describe-addon-versions lists what there is."
    if offered:
        fix = f"Pin one of {', '.join(offered[:5])} in eks_addons, or none."
    return [Finding(worst, f"add-on {addon['name']}", problem, fix)]


def orderable(clients: Clients, database: Plain, version: str) -> list[Plain]:
    """Return what RDS offers of a database's class, in a VPC and with its kind of storage."""
    request = {
        "Engine": database["engine"],
        "EngineVersion": version,
        "DBInstanceClass": database["instance_class"],
        "Vpc": True,
    }
    pages = clients("rds").get_paginator("describe_orderable_db_instance_options").paginate(**request)
    return [item for page in pages for item in page["OrderableDBInstanceOptions"] if item["StorageType"] == STORAGE]


def shortcomings(offer: Plain, database: Plain, zones: list[str]) -> dict[str, str]:
    """Return what a database asks for that an offer lacks, by the member of an instance that has it all the same."""
    wanted = {
        "MultiAZCapable": ("MultiAZ", "a standby in a second zone (rds_multi_az)", database["multi_az"]),
        "SupportsStorageEncryption": ("StorageEncrypted", "encrypted storage", True),
        "SupportsPerformanceInsights": (
            "PerformanceInsightsEnabled",
            "Performance Insights (rds_performance_insights)",
            database["insights"],
        ),
        "SupportsEnhancedMonitoring": (
            "MonitoringInterval",
            "enhanced monitoring (rds_monitoring_interval)",
            database["monitoring"],
        ),
    }
    lacks = {has: text for member, (has, text, asked) in wanted.items() if asked and not offer[member]}
    there = {zone["Name"] for zone in offer["AvailabilityZones"]}
    absent = [zone for zone in zones if zone not in there]
    # An instance moves between its zones: with a standby it needs two of them, without one a single one.
    if len(zones) - len(absent) < (2 if database["multi_az"] else 1):
        lacks["AvailabilityZone"] = f"enough zones ({', '.join(absent)} has none)"
    return lacks


def class_findings(clients: Clients, options: Plain, version: str) -> list[Finding]:
    """Return whether RDS has the database's class for an engine version, with what the database needs."""
    database, zones = options["database"], chosen_zones(clients, options)
    offers = orderable(clients, database, version)
    lacks = min((shortcomings(offer, database, zones) for offer in offers), key=len, default={})
    if offers and not lacks:
        return []
    problem = f"It does not have {', '.join(lacks.values())}."
    if not offers:
        problem = f"RDS has none for {database['engine']} {version} with {STORAGE} storage in {clients.region}."
    instance = running_instance(clients, database["identifier"]) or {}
    runs = instance.get("DBInstanceClass") == database["instance_class"] and all(instance.get(has) for has in lacks)
    fix = "Set rds_instance_class; aws rds describe-orderable-db-instance-options lists what there is."
    return [Finding(severity(runs), f"database class {database['instance_class']}", problem, fix)]


def postgresql(clients: Clients, options: Plain) -> list[Finding]:
    """Check that RDS offers the engine version, and the class with what the database needs."""
    database = options["database"]
    offered = engine_versions(clients, database)
    if offered:
        newest = max(offered, key=lambda version: [int(part) for part in version.split(".")])
        return class_findings(clients, options, newest)
    instance = running_instance(clients, database["identifier"]) or {}
    runs = f"{instance.get('EngineVersion', '')}.".startswith(f"{database['engine_version']}.")
    fix = f"Set rds_engine_version; aws rds describe-db-engine-versions --engine {database['engine']} lists them."
    subject = f"database {database['engine']} {database['engine_version']}"
    return [Finding(severity(runs), subject, f"RDS does not offer it in {clients.region}.", fix)]


def version_checks(options: Plain) -> list[Check]:
    """Return the checks of versions that the options ask for."""
    cluster = options["cluster"] or {"version": "", "addons": []}

    def addon_check(addon: Plain) -> t.Callable[[Clients, Plain], list[Finding]]:
        return lambda clients, options: addon_findings(clients, addon, options["cluster"])

    addons = [
        (True, f"add-on {addon['name']}", "eks:DescribeAddonVersions, eks:DescribeAddon", addon_check(addon))
        for addon in cluster["addons"] or []
    ]
    control_plane = "eks:DescribeClusterVersions, eks:DescribeCluster"
    engine = "rds:DescribeDBEngineVersions, rds:DescribeOrderableDBInstanceOptions, rds:DescribeDBInstances"
    return checks_of(
        options,
        [
            (options["cluster"], f"Kubernetes {cluster['version']}", control_plane, kubernetes),
            *addons,
            (options["database"], "database", engine, postgresql),
        ],
    )
