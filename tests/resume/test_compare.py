# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The comparison of accounts: blind for names that AWS made up, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox import account
from tests.resume.account import Copy
from tests.resume.compare import State, difference

CIDRS = ("10.0.0.0/24", "10.0.1.0/24")


@pytest.fixture(scope="module")
def copies(origin: Copy) -> Iterator[Callable[[], Copy]]:
    """Return a function that gives an account with the same things under other names."""
    made: list[Copy] = []

    def make() -> Copy:
        made.append(origin.copy(f"compared-{len(made)}"))
        with made[-1].serving():
            world(made[-1])
        return made[-1]

    yield make
    for copy in made:
        copy.end()


def world(copy: Copy) -> None:
    """Two subnets of a VPC, each with a route table, a role, a secret and a key."""
    ec2 = account.client(copy.sandbox, "ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for name, cidr in zip("ab", CIDRS, strict=True):
        tags = [{"Key": "Name", "Value": name}]
        table = ec2.create_route_table(VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock=cidr, AvailabilityZone="eu-west-1a")["Subnet"]["SubnetId"]
        ec2.create_tags(Resources=[table], Tags=tags)
        ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
    account.client(copy.sandbox, "iam").create_role(RoleName="reader", AssumeRolePolicyDocument="{}")
    account.client(copy.sandbox, "secretsmanager").create_secret(Name="login", SecretString='{"password": "a"}')
    account.client(copy.sandbox, "kms").create_key()


def vpcs(state: State) -> set[str]:
    return {str(value) for _thing, name, value in state.facts if name == "vpc_id"}


def swap_route_tables(client: Callable[[str], Any]) -> None:
    ec2 = client("ec2")
    found = [
        (item["RouteTableAssociationId"], table["RouteTableId"])
        for table in ec2.describe_route_tables(Filters=[{"Name": "tag:Name", "Values": ["a", "b"]}])["RouteTables"]
        for item in table["Associations"]
        if item.get("SubnetId")
    ]
    for (association, _old), (_association, table) in zip(found, reversed(found), strict=True):
        ec2.replace_route_table_association(AssociationId=association, RouteTableId=table)


def make_another(client: Callable[[str], Any]) -> None:
    client("kms").create_key()


def tag(client: Callable[[str], Any]) -> None:
    client("iam").tag_role(RoleName="reader", Tags=[{"Key": "team", "Value": "a"}])


def attach_policy_of_aws(client: Callable[[str], Any]) -> None:
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    client("iam").attach_role_policy(RoleName="reader", PolicyArn=policy)


def forget_member(client: Callable[[str], Any]) -> None:
    client("secretsmanager").put_secret_value(SecretId="login", SecretString="{}")


def test_same_things_under_other_names_are_equal(copies: Callable[[], Copy]) -> None:
    one, other = copies().state(), copies().state()
    assert vpcs(one) != vpcs(other)
    assert difference(one, other) == ""


@pytest.mark.parametrize("change", [swap_route_tables, make_another, tag, attach_policy_of_aws, forget_member])
def test_whatever_is_changed_is_found(change: Callable[[Any], None], copies: Callable[[], Copy]) -> None:
    copy = copies()
    before: State = copy.state()
    with copy.serving():
        change(lambda service: account.client(copy.sandbox, service))
    assert difference(before, copy.state()) != ""
