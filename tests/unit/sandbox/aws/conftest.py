# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""A running emulator without anything real behind it, and an account with what a cluster needs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import account, lifecycle
from sandbox.aws.runtime import durations
from sandbox.state import Sandbox


@dataclass(frozen=True)
class Account:
    """The emulated account with a VPC of two subnets in two zones and a cluster role."""

    sandbox: Sandbox
    vpc_id: str
    subnet_ids: list[str]
    cluster_role: str
    key_arn: str

    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = account.client(self.sandbox, service)
        return self.clients[service]

    def role(self, *actions: str, service: str = "pods.eks.amazonaws.com") -> str:
        """A new role that lets `service` do `actions`."""
        return _role(self.client("iam"), f"role-{uuid.uuid4().hex[:8]}", service, actions)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox("unit-aws", tmp_path_factory.mktemp("emulator") / "unit-aws")
    list(lifecycle.up(sandbox, api_only=True))
    yield sandbox
    list(lifecycle.down(sandbox))


@pytest.fixture(scope="session")
def aws(emulator: Sandbox) -> Account:
    return _account(emulator)


@pytest.fixture(scope="session")
def slow_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account in which a cluster takes two seconds to be made, and everything else its share of that."""
    sandbox = Sandbox("unit-slow-aws", tmp_path_factory.mktemp("emulator") / "unit-slow-aws")
    list(lifecycle.up(sandbox, api_only=True, time_scale=2 / durations()["eks_cluster_create"]))
    yield _account(sandbox)
    list(lifecycle.down(sandbox))


def _account(emulator: Sandbox) -> Account:
    ec2 = account.client(emulator, "ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet_ids = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.20.{number}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for number, zone in enumerate(["eu-west-1a", "eu-west-1b"])
    ]
    role = _role(account.client(emulator, "iam"), "cluster-role", "eks.amazonaws.com", ["sts:AssumeRole"])
    key_arn = account.client(emulator, "kms").create_key()["KeyMetadata"]["Arn"]
    return Account(emulator, vpc_id, subnet_ids, role, key_arn)


@pytest.fixture
def new_cluster(aws: Account) -> Callable[..., str]:
    """Create a cluster with more or other members than the least and return its name."""

    def create(**members: Any) -> str:
        name = f"cluster-{uuid.uuid4().hex[:8]}"
        least = {"roleArn": aws.cluster_role, "resourcesVpcConfig": {"subnetIds": aws.subnet_ids}}
        aws.client("eks").create_cluster(
            name=name, **{**least, "accessConfig": {"authenticationMode": "API"}, **members}
        )
        return name

    return create


def _role(iam: Any, name: str, service: str, actions: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"])


@pytest.fixture(scope="session")
def checkout() -> Path:
    return Path(__file__).resolve().parents[4]
