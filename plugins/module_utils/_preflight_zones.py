# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of availability zones, of the instance types that they have, and of the addresses of other VPCs."""

from __future__ import annotations

import fnmatch
import ipaddress

from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._preflight import Check, Clients, Finding, checks_of
from ansible_collections.supastack.aws.plugins.module_utils._tags import ENVIRONMENT_TAG

# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, "Subnet requirements for clusters"
ZONES_WITHOUT_EKS = ("use1-az3", "usw1-az2", "cac1-az3")
ENVIRONMENT_TAG_FILTER = f"tag:{ENVIRONMENT_TAG}"
ENDS = ("RequesterVpcInfo", "AccepterVpcInfo")


def zones_of_region(clients: Clients) -> dict[str, str]:
    """Return the ids of the region's zones by their names, which differ between accounts."""
    found = clients("ec2").describe_availability_zones()["AvailabilityZones"]
    return {zone["ZoneName"]: zone["ZoneId"] for zone in sorted(found, key=lambda zone: zone["ZoneName"])}


def chosen_zones(clients: Clients, options: Plain) -> list[str]:
    """Return the zones of the environment: those that it names, or the region's first two."""
    return list(options["availability_zones"] or list(zones_of_region(clients))[:2])


def zones(clients: Clients, options: Plain) -> list[Finding]:
    """Check that the zones exist and that EKS can use them."""
    known = zones_of_region(clients)
    chosen = options["availability_zones"] or list(known)[:2]
    usable = [name for name, identifier in known.items() if identifier not in ZONES_WITHOUT_EKS]
    fix = f"Choose network_availability_zones among {', '.join(usable)}."
    missing = [zone for zone in chosen if zone not in known]
    barred = [zone for zone in chosen if zone in known and zone not in usable]
    findings = []
    if missing:
        findings.append(
            Finding("error", "availability zones", f"{clients.region} has no {', '.join(missing)} for you.", fix)
        )
    if barred:
        problem = f"EKS takes no subnets in {', '.join(f'{zone} ({known[zone]})' for zone in barred)}."
        findings.append(Finding("error", "availability zones", problem, fix))
    return findings


def offered_types(clients: Clients, names: list[str]) -> dict[str, set[str]]:
    """Return the instance types of these names, which may have wildcards, by the zones that have them."""
    pages = (
        clients("ec2")
        .get_paginator("describe_instance_type_offerings")
        .paginate(LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": names}])
    )
    found: dict[str, set[str]] = {}
    for offering in (item for page in pages for item in page["InstanceTypeOfferings"]):
        found.setdefault(offering["Location"], set()).add(offering["InstanceType"])
    return found


def nodes_of(clients: Clients, environment: str, zone: str, names: list[str]) -> bool:
    """Return whether the environment has instances of these types in a zone."""
    filters = {
        ENVIRONMENT_TAG_FILTER: [environment],
        "instance-state-name": ["pending", "running"],
        "availability-zone": [zone],
        "instance-type": names,
    }
    asked = [{"Name": name, "Values": values} for name, values in filters.items()]
    return bool(clients("ec2").describe_instances(Filters=asked)["Reservations"])


def zone_types(clients: Clients, options: Plain, zone: str, there: set[str]) -> list[Finding]:
    """Return what a zone, which has these types, lacks of those that nodes may be of."""
    names = options["nodes"]["instance_types"]
    missing = [name for name in names if not fnmatch.filter(there, name)]
    if not there:
        running = nodes_of(clients, options["environment"], zone, names)
        problem = f"{zone} has none of {', '.join(names)}{' any more, but some run there' if running else ''}."
        fix = "Choose other instance types or other zones; aws ec2 describe-instance-type-offerings lists them."
        return [Finding("warning" if running else "error", "instance types", problem, fix)]
    if any("*" not in name for name in missing):
        fix = "Nothing, if the others do; or choose a type that all zones have."
        return [Finding("warning", "instance types", f"{zone} has no {', '.join(missing)}.", fix)]
    return []


def instance_types(clients: Clients, options: Plain) -> list[Finding]:
    """Check that each zone has instances for nodes."""
    offered = offered_types(clients, options["nodes"]["instance_types"])
    return [
        finding
        for zone in chosen_zones(clients, options)
        for finding in zone_types(clients, options, zone, offered.get(zone, set()))
    ]


def blocks_of(vpc: Plain) -> list[str]:
    """Return the addresses of a VPC."""
    blocks = [item for item in vpc["CidrBlockAssociationSet"] if item["CidrBlockState"]["State"] == "associated"]
    return [block["CidrBlock"] for block in blocks]


def taken_blocks(clients: Clients) -> list[tuple[str, str]]:
    """Return the addresses of the region's VPCs, and of those elsewhere that they are peered with; each with whose."""
    ec2 = clients("ec2")
    vpcs = [vpc for page in ec2.get_paginator("describe_vpcs").paginate() for vpc in page["Vpcs"]]
    taken = [(vpc["VpcId"], block) for vpc in vpcs for block in blocks_of(vpc)]
    known = {vpc["VpcId"] for vpc in vpcs}
    active = [{"Name": "status-code", "Values": ["active"]}]
    pages = ec2.get_paginator("describe_vpc_peering_connections").paginate(Filters=active)
    ends = [item[end] for page in pages for item in page["VpcPeeringConnections"] for end in ENDS]
    peers = [end for end in ends if end["VpcId"] not in known]
    return taken + [(f"the peer {end['VpcId']}", item["CidrBlock"]) for end in peers for item in end["CidrBlockSet"]]


def addresses(clients: Clients, options: Plain) -> list[Finding]:
    """Check that a new VPC could be joined to those that there are. AWS itself lets any have the same addresses."""
    own = clients("ec2").describe_vpcs(Filters=[{"Name": ENVIRONMENT_TAG_FILTER, "Values": [options["environment"]]}])
    if own["Vpcs"]:
        return []
    wanted = ipaddress.IPv4Network(options["cidr_block"])
    taken = [
        f"{name} ({block})" for name, block in taken_blocks(clients) if wanted.overlaps(ipaddress.IPv4Network(block))
    ]
    if not taken:
        return []
    problem = f"{wanted} overlaps {', '.join(taken)}: the two could never be joined, by peering or a transit gateway."
    fix = "Choose another network_cidr now, since it cannot be changed later; or leave it, if they are never to meet."
    return [Finding("warning", "addresses", problem, fix)]


def zone_checks(options: Plain) -> list[Check]:
    """Return the checks of zones and addresses that the options ask for."""
    zones_read = "ec2:DescribeAvailabilityZones"
    joined = "ec2:DescribeVpcs, ec2:DescribeVpcPeeringConnections"
    return checks_of(
        options,
        [
            (True, "availability zones", zones_read, zones),
            (
                options["nodes"],
                "instance types",
                f"ec2:DescribeInstanceTypeOfferings, ec2:DescribeInstances, {zones_read}",
                instance_types,
            ),
            (options["make_vpc"], "addresses", joined, addresses),
        ],
    )
