# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Run as a program: stock moto's server, and whether it answers what our application answers instead."""

from __future__ import annotations

import json
import sys
import uuid
from typing import Any

import boto3
import requests
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer


def _prices(pricing: Any) -> bool:
    try:
        return bool(pricing.get_products(ServiceCode="AmazonEC2")["PriceList"])
    except ClientError:
        return False


def main() -> None:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    session: Any = boto3.session.Session(
        aws_access_key_id=f"AKIA{uuid.uuid4().hex[:16].upper()}", aws_secret_access_key="x", region_name="eu-west-1"
    )
    sts = session.client("sts", endpoint_url=endpoint)
    url = sts.generate_presigned_url("get_caller_identity", HttpMethod="GET")
    presigned = requests.get(url, timeout=10).text
    session_of_nobody = sts.assume_role_with_web_identity(
        RoleArn="arn:aws:iam::123456789012:role/none", RoleSessionName="none", WebIdentityToken="none"
    )
    found = {
        "presigned_caller_identity": "GetCallerIdentityResult" not in presigned,
        "unknown_access_key": sts.get_caller_identity()["Arn"].endswith("user/moto"),
        "web_identity": "Credentials" in session_of_nobody,
        "price_list": not _prices(session.client("pricing", endpoint_url=endpoint)),
    }
    server.stop()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
