# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the account's quotas have room for what an environment still lacks."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import SDK_ERRORS, error_code
from ansible_collections.supastack.aws.plugins.module_utils._preflight import Check, Clients, Finding, checks_of
from ansible_collections.supastack.aws.plugins.module_utils._preflight_zones import chosen_zones
from ansible_collections.supastack.aws.plugins.module_utils._tags import ENVIRONMENT_TAG

READ = "servicequotas:GetServiceQuota, servicequotas:GetAWSDefaultServiceQuota"


@dataclasses.dataclass(frozen=True)
class Quota:
    """A quota: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html."""

    service: str
    code: str
    name: str


VPCS = Quota("vpc", "L-F678F1CE", "VPCs")
ADDRESSES = Quota("ec2", "L-0263D0A3", "Elastic IP addresses")
NAT_GATEWAYS = Quota("vpc", "L-FE5A380F", "NAT gateways of a zone")
CLUSTERS = Quota("eks", "L-1194D53C", "EKS clusters")
VCPUS = {
    "on-demand": Quota("ec2", "L-1216C47A", "vCPUs of on-demand instances"),
    "spot": Quota("ec2", "L-34B43A08", "vCPUs of spot instances"),
}
# The instance families that both count: https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
STANDARD_FAMILY = re.compile(r"^(a|c|d|h|i|im|is|m|r|t|z)[0-9]")
LIVING_GATEWAYS = [{"Name": "state", "Values": ["pending", "available"]}]
LIVING_INSTANCES = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]


def limit_of(clients: Clients, quota: Quota) -> float:
    """Return the account's quota in the region."""
    client, names = clients("service-quotas"), {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        return float(client.get_service_quota(**names)["Quota"]["Value"])
    except SDK_ERRORS as error:
        # What was never changed has, for some quotas, only the value of all accounts.
        if error_code(error) != "NoSuchResourceException":
            raise
    return float(client.get_aws_default_service_quota(**names)["Quota"]["Value"])


def increase(clients: Clients, quota: Quota, value: float) -> str:
    """Return how to get more."""
    return (
        f"aws service-quotas request-service-quota-increase --region {clients.region} --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {value:g}; it takes minutes to days. Or delete what is not used."
    )


def room(clients: Clients, quota: Quota, used: int, wanted: int, place: str = "") -> list[Finding]:
    """Return whether so many fit beside those that are used by others."""
    limit = limit_of(clients, quota)
    if used + wanted <= limit:
        return []
    problem = f"{wanted} needed{place}, but others use {used} of {limit:g}."
    return [Finding("error", f"quota {quota.name}", problem, increase(clients, quota, used + wanted))]


def foreign(resources: t.Iterable[Plain], environment: str) -> list[Plain]:
    """Return the resources that are not the environment's own."""
    own = {"Key": ENVIRONMENT_TAG, "Value": environment}
    return [resource for resource in resources if own not in resource.get("Tags", [])]


def listed(clients: Clients, operation: str, key: str, **request: t.Any) -> list[Plain]:
    """Return what EC2 lists on all pages."""
    pages = clients("ec2").get_paginator(operation).paginate(**request)
    return [item for page in pages for item in page[key]]


def vpcs(clients: Clients, options: Plain) -> list[Finding]:
    """Check the quota of VPCs."""
    used = foreign(listed(clients, "describe_vpcs", "Vpcs"), options["environment"])
    return room(clients, VPCS, len(used), 1)


def addresses(clients: Clients, options: Plain) -> list[Finding]:
    """Check the quota of Elastic IP addresses."""
    used = foreign(clients("ec2").describe_addresses()["Addresses"], options["environment"])
    return room(clients, ADDRESSES, len(used), int(options["elastic_ips"]))


def nat_gateways(clients: Clients, options: Plain) -> list[Finding]:
    """Check the quota of NAT gateways in each zone that gets one."""
    gateways = listed(clients, "describe_nat_gateways", "NatGateways", Filter=LIVING_GATEWAYS)
    subnets = [{"Name": "subnet-id", "Values": sorted({gateway["SubnetId"] for gateway in gateways})}]
    found = listed(clients, "describe_subnets", "Subnets", Filters=subnets) if gateways else []
    zone_of = {subnet["SubnetId"]: subnet["AvailabilityZone"] for subnet in found}
    used = collections.Counter(zone_of[gateway["SubnetId"]] for gateway in foreign(gateways, options["environment"]))
    fullest = max(chosen_zones(clients, options)[: int(options["nat_gateways"])], key=lambda zone: used[zone])
    return room(clients, NAT_GATEWAYS, used[fullest], 1, f" in {fullest}")


def clusters(clients: Clients, options: Plain) -> list[Finding]:
    """Check the quota of EKS clusters."""
    pages = clients("eks").get_paginator("list_clusters").paginate()
    used = {name for page in pages for name in page["clusters"]} - {options["cluster"]["name"]}
    return room(clients, CLUSTERS, len(used), 1)


def vcpus_in_use(clients: Clients, environment: str) -> dict[str, int]:
    """Return the vCPUs of other's instances by how they were bought."""
    reservations = listed(clients, "describe_instances", "Reservations", Filters=LIVING_INSTANCES)
    used: dict[str, int] = collections.Counter()
    for instance in foreign([item for found in reservations for item in found["Instances"]], environment):
        if STANDARD_FAMILY.match(instance["InstanceType"]):
            options = instance.get("CpuOptions", {})
            bought = "spot" if instance.get("InstanceLifecycle") == "spot" else "on-demand"
            used[bought] += options.get("CoreCount", 0) * options.get("ThreadsPerCore", 1)
    return used


def wanted_vcpus(clients: Clients, nodes: Plain) -> tuple[int, int]:
    """Return the vCPUs that nodes need at least, and those that they may grow to."""
    minimum, maximum = int(nodes["minimum"]), int(nodes["maximum"])
    if not nodes["counted_in_instances"]:
        return minimum, maximum
    types = clients("ec2").describe_instance_types(InstanceTypes=nodes["instance_types"])["InstanceTypes"]
    largest = max(found["VCpuInfo"]["DefaultVCpus"] for found in types)
    return minimum * largest, maximum * largest


def vcpus(clients: Clients, options: Plain) -> list[Finding]:
    """Check the quotas of vCPUs. Where nodes may be bought in several ways, one is enough to begin with."""
    least, most = wanted_vcpus(clients, options["nodes"])
    used = vcpus_in_use(clients, options["environment"])
    limits = {bought: limit_of(clients, VCPUS[bought]) for bought in options["nodes"]["capacity_types"]}
    left = {bought: limit - used[bought] for bought, limit in limits.items()}
    findings = []
    for bought, free in left.items():
        if free < most:
            severity = "error" if max(left.values()) < least else "warning"
            problem = f"{free:g} are left. Nodes need {least} and may grow to {most}."
            fix = increase(clients, VCPUS[bought], limits[bought] - free + most)
            findings.append(Finding(severity, f"quota {VCPUS[bought].name}", problem, fix))
    return findings


def quota_checks(options: Plain) -> list[Check]:
    """Return the checks of quotas that the options ask for."""
    asked: list[tuple[t.Any, str, str, t.Callable[[Clients, Plain], list[Finding]]]] = [
        (options["make_vpc"], VPCS.name, "ec2:DescribeVpcs", vpcs),
        (options["elastic_ips"] not in (0, "0"), ADDRESSES.name, "ec2:DescribeAddresses", addresses),
        (
            options["nat_gateways"] not in (0, "0"),
            NAT_GATEWAYS.name,
            "ec2:DescribeNatGateways, ec2:DescribeSubnets",
            nat_gateways,
        ),
        (options["cluster"], CLUSTERS.name, "eks:ListClusters", clusters),
        (options["nodes"], "vCPUs of instances", "ec2:DescribeInstances, ec2:DescribeInstanceTypes", vcpus),
    ]
    return checks_of(
        options, [(wanted, f"quota {name}", f"{READ}, {reading}", ask) for wanted, name, reading, ask in asked]
    )
