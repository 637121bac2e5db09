# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""DescribeInstanceTypes answers what moto knows, from what was written before."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.ec2.models.instance_types import INSTANCE_TYPES

from sandbox.aws import instance_types

TYPES = ["m7g.large", "t3.micro", "p4d.24xlarge"]


@pytest.fixture
def ec2(aws: Any) -> Any:
    return aws.client("ec2")


def test_all_that_moto_knows_of_a_type(ec2: Any) -> None:
    for _time in range(2):
        found = ec2.describe_instance_types(InstanceTypes=TYPES)["InstanceTypes"]
        assert {item["InstanceType"]: item for item in found} == {name: INSTANCE_TYPES[name] for name in TYPES}


def test_filters(ec2: Any) -> None:
    def names(*values: str) -> set[str]:
        filters = [{"Name": "instance-type", "Values": list(values)}]
        return {item["InstanceType"] for item in ec2.describe_instance_types(Filters=filters)["InstanceTypes"]}

    assert names("t3.micro", "t3.nano") == {"t3.micro", "t3.nano"}
    assert names("t0.none") == set()


def test_an_unknown_type_is_refused(ec2: Any) -> None:
    with pytest.raises(ClientError, match="InvalidInstanceType"):
        ec2.describe_instance_types(InstanceTypes=["t0.none"])


def test_each_type_is_written_once(ec2: Any) -> None:
    ec2.describe_instance_types(InstanceTypes=TYPES)
    written = instance_types._item.cache_info().misses
    ec2.describe_instance_types(InstanceTypes=TYPES)
    assert instance_types._item.cache_info().misses == written
