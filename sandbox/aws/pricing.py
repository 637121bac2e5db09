# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The price list service, which moto lacks: GetProducts for instances of EC2, as Karpenter asks it for prices.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html; the price list's form:
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html.
"""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import Any

from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS, INSTANCE_TYPES
from werkzeug.wrappers import Request, Response

from sandbox.aws.models import validation_errors
from sandbox.aws.patches.prices import on_demand_price

SERVICE = "pricing"
_TARGET = "AWSPriceListService.GetProducts"
_LARGEST_PAGE = 100

Json = dict[str, Any]


class Invalid(Exception):
    """What is wrong with a request: an error code of the service and a message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def answer(request: Request) -> Response:
    """The answer to a request that is signed for the price list service."""
    try:
        target = request.headers.get("X-Amz-Target", "")
        if target != _TARGET:
            raise Invalid("UnknownOperationException", f"{target} is not implemented in the sandbox.")
        return _json(get_products(request.get_json(force=True)))
    except Invalid as error:
        return _json({"__type": error.code, "message": str(error)}, HTTPStatus.BAD_REQUEST)


def get_products(params: Json) -> Json:
    """A page of the products that match all filters. Raises Invalid."""
    if problem := validation_errors(SERVICE, "GetProducts", params):
        raise Invalid("InvalidParameterException", problem)
    if params["ServiceCode"] != "AmazonEC2":
        raise Invalid("InvalidParameterException", f"The sandbox has prices of AmazonEC2, not {params['ServiceCode']}.")
    wanted = {item["Field"]: item["Value"] for item in params.get("Filters", [])}
    if "regionCode" not in wanted:
        raise Invalid("InvalidParameterException", "There are prices of one region at a time: filter by regionCode.")
    products = [product for product in _products(wanted["regionCode"]) if _matches(product["product"], wanted)]
    first = _first(params.get("NextToken"))
    last = first + min(params.get("MaxResults", _LARGEST_PAGE), _LARGEST_PAGE)
    page: Json = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(product) for product in products[first:last]]}
    if last < len(products):
        page["NextToken"] = str(last)
    return page


def _first(token: str | None) -> int:
    if token is None:
        return 0
    if not token.isdecimal():
        raise Invalid("InvalidNextTokenException", f"{token!r} is no token of this service.")
    return int(token)


def _products(region: str) -> list[Json]:
    """An on-demand Linux product for every instance type that the region offers."""
    offered = {item["InstanceType"] for item in INSTANCE_TYPE_OFFERINGS["region"].get(region, [])}
    return [_product(name, region) for name in sorted(offered & set(INSTANCE_TYPES))]


def _product(instance_type: str, region: str) -> Json:
    metal = bool(INSTANCE_TYPES[instance_type].get("BareMetal"))
    sku = hashlib.sha256(f"{region} {instance_type}".encode()).hexdigest()[:16].upper()
    attributes = {
        "regionCode": region,
        "servicecode": "AmazonEC2",
        "instanceType": instance_type,
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "tenancy": "Dedicated" if metal else "Shared",
    }
    dimension = {"unit": "Hrs", "pricePerUnit": {"USD": f"{on_demand_price(instance_type):.10f}"}}
    return {
        "product": {
            "productFamily": "Compute Instance (bare metal)" if metal else "Compute Instance",
            "attributes": attributes,
            "sku": sku,
        },
        "serviceCode": "AmazonEC2",
        "terms": {"OnDemand": {f"{sku}.HOUR": {"sku": sku, "priceDimensions": {f"{sku}.HOUR.UNIT": dimension}}}},
    }


def _matches(product: Json, wanted: dict[str, str]) -> bool:
    found = {"productFamily": product["productFamily"], "serviceCode": "AmazonEC2", **product["attributes"]}
    return all(found.get(field) == value for field, value in wanted.items())


def _json(body: Json, code: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(json.dumps(body), code, content_type="application/x-amz-json-1.1")
