# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Machine images of EKS with the parameters that name them, and what instances cost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.eks.catalog import VERSIONS
from sandbox.aws.eks.nodegroup_settings import _RELEASES
from sandbox.aws.patches.images import RELEASES

Json = dict[str, Any]
PATH = "/aws/service/eks/optimized-ami/{version}/amazon-linux-2023/{architecture}/standard/{name}/image_id"


def _parameter(aws: Any, version: str, architecture: str, name: str) -> str:
    path = PATH.format(version=version, architecture=architecture, name=name)
    return str(aws.client("ssm").get_parameter(Name=path)["Parameter"]["Value"])


@pytest.mark.parametrize("version", list(VERSIONS))
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_recommended_image_is_the_newest(aws: Any, version: str, architecture: str) -> None:
    image = aws.client("ec2").describe_images(ImageIds=[_parameter(aws, version, architecture, "recommended")])
    found = image["Images"][0]
    assert found["Name"] == f"amazon-eks-node-al2023-{architecture}-standard-{version}-v{RELEASES[0]}"
    assert (found["Architecture"], found["RootDeviceName"]) == (architecture, "/dev/xvda")
    assert (found["ImageOwnerAlias"], found["State"], found["Public"]) == ("amazon", "available", True)


def test_older_image_by_its_name(aws: Any) -> None:
    name = f"amazon-eks-node-al2023-x86_64-standard-1.35-v{RELEASES[1]}"
    older = _parameter(aws, "1.35", "x86_64", name)
    assert older != _parameter(aws, "1.35", "x86_64", "recommended")
    path = PATH.format(version="1.35", architecture="x86_64", name=name)
    assert aws.client("ssm").get_parameters(Names=[path])["Parameters"][0]["Value"] == older


def test_images_are_as_old_as_the_releases_of_node_groups() -> None:
    assert [release.rpartition("-")[2] for release in _RELEASES] == list(RELEASES)


@pytest.mark.parametrize(
    "path",
    [
        PATH.format(version="1.10", architecture="x86_64", name="recommended"),
        PATH.format(version="1.35", architecture="x86_64", name="amazon-eks-node-al2023-x86_64-standard-1.35-v1"),
        "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended",
        "/own/parameter",
    ],
)
def test_other_parameters_do_not_exist(aws: Any, path: str) -> None:
    with pytest.raises(ClientError, match="ParameterNotFound"):
        aws.client("ssm").get_parameter(Name=path)


def test_own_parameters_are_kept(aws: Any) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/own/kept", Value="1", Type="String")
    assert ssm.get_parameter(Name="/own/kept")["Parameter"]["Value"] == "1"


def test_registered_image_keeps_architecture_and_root_device(aws: Any) -> None:
    ec2 = aws.client("ec2")
    image = ec2.register_image(Name="own", Architecture="arm64", RootDeviceName="/dev/xvda")["ImageId"]
    found = ec2.describe_images(ImageIds=[image])["Images"][0]
    assert (found["Architecture"], found["RootDeviceName"]) == ("arm64", "/dev/xvda")
    plain = ec2.register_image(Name="plain")["ImageId"]
    assert ec2.describe_images(ImageIds=[plain])["Images"][0]["RootDeviceName"] == "/dev/sda1"


def _products(aws: Any, **filters: str) -> list[Json]:
    listed = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in filters.items()]
    pages = aws.client("pricing").get_paginator("get_products").paginate(ServiceCode="AmazonEC2", Filters=listed)
    return [json.loads(item) for page in pages for item in page["PriceList"]]


def _price(product: Json) -> float:
    terms = next(iter(product["terms"]["OnDemand"].values()))
    return float(next(iter(terms["priceDimensions"].values()))["pricePerUnit"]["USD"])


def test_larger_instances_cost_more_and_arm_costs_less(aws: Any) -> None:
    found = {
        product["product"]["attributes"]["instanceType"]: _price(product)
        for product in _products(aws, regionCode="eu-west-1", tenancy="Shared")
    }
    assert len(found) > 500
    assert 0.05 < found["m7g.large"] < found["m7i.large"] < found["m7i.xlarge"] < 0.5
    assert not any(name.endswith(".metal") for name in found)
    metal = _products(aws, regionCode="eu-west-1", productFamily="Compute Instance (bare metal)")
    assert min(map(_price, metal)) > found["m7i.large"]


def test_spot_costs_a_third_to_a_half_and_differs_between_zones(aws: Any) -> None:
    on_demand = _price(_products(aws, regionCode="eu-west-1", instanceType="m7i.large")[0])
    history = aws.client("ec2").describe_spot_price_history(InstanceTypes=["m7i.large"])["SpotPriceHistory"]
    prices = {item["AvailabilityZone"]: float(item["SpotPrice"]) for item in history}
    assert len(set(prices.values())) == len(prices) > 1
    assert all(0.29 * on_demand < price < 0.51 * on_demand for price in prices.values())
    assert {item["Timestamp"].year for item in history} != {2006}


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"ServiceCode": "AmazonS3"}, "prices of AmazonEC2"),
        ({"ServiceCode": "AmazonEC2"}, "filter by regionCode"),
        (
            {
                "ServiceCode": "AmazonEC2",
                "NextToken": "x",
                "Filters": [{"Type": "TERM_MATCH", "Field": "regionCode", "Value": "eu-west-1"}],
            },
            "no token",
        ),
    ],
)
def test_prices_that_there_are_not(aws: Any, members: Json, problem: str) -> None:
    with pytest.raises(ClientError, match=problem):
        aws.client("pricing").get_products(**members)


def test_other_operations_of_the_price_list(aws: Any) -> None:
    with pytest.raises(ClientError, match="not implemented in the sandbox"):
        aws.client("pricing").describe_services()
