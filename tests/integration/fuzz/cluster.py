# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What subjects share: a network, roles and a cluster."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence

from tests.integration.fuzz.subject import Clients, Options

SERVICES = ("eks.amazonaws.com", "ec2.amazonaws.com", "eks-fargate-pods.amazonaws.com", "pods.eks.amazonaws.com")


def network(clients: Clients) -> Options:
    """A VPC with two private subnets in two availability zones."""
    ec2 = clients("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.90.{number}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for number, zone in enumerate("abc")
    ]
    return {"vpc_id": vpc_id, "subnet_ids": [subnet["Subnet"]["SubnetId"] for subnet in subnets]}


def role(clients: Clients, services: Sequence[str] = SERVICES) -> str:
    """The ARN of a new role that these services may assume, unless told otherwise all around EKS."""
    actions = ["sts:AssumeRole", "sts:TagSession"]
    statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": actions}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    name = f"fuzz-{uuid.uuid4().hex[:8]}"
    return str(clients("iam").create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"])


def cluster(clients: Clients) -> Options:
    """An ACTIVE cluster with a network and two roles: cluster_name, vpc_id, subnet_ids, role_arns."""
    made = network(clients)
    role_arns = [role(clients), role(clients)]
    name = f"fuzz-{uuid.uuid4().hex[:8]}"
    clients("eks").create_cluster(
        name=name,
        version="1.35",
        roleArn=role_arns[0],
        resourcesVpcConfig={"subnetIds": made["subnet_ids"][:2]},
        accessConfig={"authenticationMode": "API"},
    )
    return {**made, "cluster_name": name, "role_arns": role_arns}
