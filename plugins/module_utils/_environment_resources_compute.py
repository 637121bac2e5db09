# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of network, machine, load balancer, cluster and database that an environment may leave behind."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_ask import Kind, Path, Tagger
from ansible_collections.supastack.aws.plugins.module_utils._environment_resources_details import (
    cluster_detail,
    is_no_default,
    with_tags,
)

RDS_TAGS = Tagger("list_tags_for_resource", "ResourceName", member="TagList")
OF_EKS = ("addon", "nodegroup", "fargateprofile", "podidentityassociation", "access-entry", "identityproviderconfig")


def ec2(kind: str, member: str, identifier: Path, prefix: str, arn_type: str = "", **more: t.Any) -> Kind:
    """Return a kind of EC2, whose descriptions all have the tags in them."""
    words = re.findall("[A-Z][a-z]+", member.rpartition(".")[2])
    method = "_".join(["describe", *words]).lower()
    arn = f"arn:{{partition}}:ec2:{{region}}:{{account}}:{arn_type or kind}/{{id}}"
    return Kind("ec2", kind, method, member, identifier, f"ec2:{prefix}", arn=arn, **more)


def in_vpc(kind: str, member: str, identifier: Path, prefix: str, arn_type: str = "", **more: t.Any) -> Kind:
    """Return a kind of EC2 whose resources are in a VPC, and keep it from being deleted."""
    return ec2(kind, member, identifier, prefix, arn_type, parents=("VpcId",), **more)


def balancing(kind: str, method: str, noun: str, **more: t.Any) -> Kind:
    """Return a kind of Elastic Load Balancing, whose names say nothing of the environment."""
    return Kind(
        "elbv2",
        kind,
        method,
        f"{noun}s",
        f"{noun}Name",
        f"elasticloadbalancing:{kind.replace('-', '')}",
        name=f"{noun}Name",
        arn=f"{noun}Arn",
        tags=Tagger("describe_tags", "ResourceArns", member="TagDescriptions.Tags"),
        parents=("VpcId",),
        all=True,
        **more,
    )


def rds(kind: str, noun: str, known_as: str, name: str, **more: t.Any) -> Kind:
    """Return a kind of RDS; noun is what its attributes begin with."""
    words = re.findall("DB|[A-Z][a-z]+", noun)
    method = "_".join(["describe", *words]).lower() + "s"
    return Kind("rds", kind, method, f"{noun}s", name, f"rds:{known_as}", name=name, arn=f"{noun}Arn", **more)


COMPUTE = (
    ec2("vpc", "Vpcs", "VpcId", "vpc"),
    in_vpc("subnet", "Subnets", "SubnetId", "subnet"),
    # What AWS makes with a VPC goes with it: the main route table, the default network ACL and security group.
    in_vpc("route-table", "RouteTables", "RouteTableId", "rtb", counts=is_no_default),
    ec2("internet-gateway", "InternetGateways", "InternetGatewayId", "igw"),
    in_vpc("network-acl", "NetworkAcls", "NetworkAclId", "acl", counts=is_no_default),
    in_vpc(
        "security-group",
        "SecurityGroups",
        "GroupId",
        "sg",
        name="GroupName",
        counts=is_no_default,
        children=("ec2:sgr",),
    ),
    in_vpc("nat-gateway", "NatGateways", "NatGatewayId", "nat", "natgateway", state="State"),
    ec2("elastic-ip", "Addresses", "AllocationId", "eipalloc", state="PublicIp"),
    in_vpc("vpc-endpoint", "VpcEndpoints", "VpcEndpointId", "vpce", state="State"),
    ec2("flow-log", "FlowLogs", "FlowLogId", "fl", "vpc-flow-log", state="FlowLogStatus", parents=("ResourceId",)),
    in_vpc(
        "network-interface",
        "NetworkInterfaces",
        "NetworkInterfaceId",
        "eni",
        name="Description",
        tags="TagSet",
        state="Status",
    ),
    ec2("instance", "Reservations.Instances", "InstanceId", "i", state="State.Name"),
    ec2("volume", "Volumes", "VolumeId", "vol", state="State", key="KmsKeyId", parents=("Attachments.InstanceId",)),
    # An account may have thousands, of which only those with the right tags are of interest.
    ec2("snapshot", "Snapshots", "SnapshotId", "snap", state="State", key="KmsKeyId", request=with_tags),
    ec2("launch-template", "LaunchTemplates", "LaunchTemplateId", "lt", name="LaunchTemplateName"),
    ec2(
        "spot-request",
        "SpotInstanceRequests",
        "SpotInstanceRequestId",
        "sir",
        "spot-instances-request",
        state="State",
    ),
    ec2("fleet", "Fleets", "FleetId", "fleet", state="FleetState"),
    balancing(
        "load-balancer",
        "describe_load_balancers",
        "LoadBalancer",
        state="State.Code",
        children=("elasticloadbalancing:listener", "elasticloadbalancing:listener-rule"),
    ),
    balancing("target-group", "describe_target_groups", "TargetGroup"),
    Kind(
        "eks",
        "cluster",
        "list_clusters",
        "clusters",
        "",
        "eks:cluster",
        name=str,
        arn="arn:{partition}:eks:{region}:{account}:cluster/{id}",
        tags=Tagger("describe_cluster", "name", "id", "cluster.tags"),
        state="State",
        key="Key",
        detail=cluster_detail,
        children=tuple(f"eks:{kind}" for kind in OF_EKS),
    ),
    rds(
        "db-instance",
        "DBInstance",
        "db",
        "DBInstanceIdentifier",
        tags="TagList",
        state="DBInstanceStatus",
        key="KmsKeyId",
    ),
    rds(
        "db-snapshot",
        "DBSnapshot",
        "snapshot",
        "DBSnapshotIdentifier",
        tags="TagList",
        state="Status",
        key="KmsKeyId",
        request={"SnapshotType": "manual"},
    ),
    # Those of an instance that is there go with it.
    Kind(
        "rds",
        "db-automated-backup",
        "describe_db_instance_automated_backups",
        "DBInstanceAutomatedBackups",
        "DbiResourceId",
        "rds:auto-backup",
        name="DBInstanceIdentifier",
        arn="DBInstanceAutomatedBackupsArn",
        tags="TagList",
        state="Status",
        key="KmsKeyId",
        counts=lambda item: item.get("Status") == "retained",
    ),
    rds("db-subnet-group", "DBSubnetGroup", "subgrp", "DBSubnetGroupName", tags=RDS_TAGS),
    rds("db-parameter-group", "DBParameterGroup", "pg", "DBParameterGroupName", tags=RDS_TAGS),
)
