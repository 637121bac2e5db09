# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Verification of presigned GetCallerIdentity requests against botocore's own signer."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from sandbox.aws import sigv4
from sandbox.aws.identity import Caller
from sandbox.aws.sigv4 import Denied, verify

PORT = 5000
KEY, SECRET = "AKIAEXAMPLE", "secret"
CLUSTER = {"x-k8s-aws-id": "cluster"}


def in_minutes(minutes: int) -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)


@pytest.fixture(autouse=True)
def one_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(access_key_id: str) -> Caller | None:
        token = "token" if access_key_id.startswith("ASIA") else None
        return Caller("arn", "arn", "id", "1", SECRET, token) if access_key_id.endswith("EXAMPLE") else None

    monkeypatch.setattr(sigv4, "find_caller", find)


def presign(
    *,
    host: str = f"127.0.0.1:{PORT}",
    key: str = KEY,
    secret: str = SECRET,
    token: str | None = None,
    service: str = "sts",
    action: str = "GetCallerIdentity",
    expires: int = 60,
) -> str:
    request = AWSRequest("GET", f"http://{host}/?Action={action}&Version=2011-06-15", headers=dict(CLUSTER))
    SigV4QueryAuth(Credentials(key, secret, token), service, "eu-west-1", expires=expires).add_auth(request)
    return str(request.url)


@pytest.mark.parametrize(
    "host",
    [f"127.0.0.1:{PORT}", f"localhost:{PORT}", "sts.eu-west-1.amazonaws.com", "aws.eu-west-1.amazonaws.com"],
)
def test_valid(host: str) -> None:
    assert verify(presign(host=host), CLUSTER, PORT).arn == "arn"


def test_valid_with_session_token() -> None:
    assert verify(presign(key="ASIAEXAMPLE", token="token"), CLUSTER, PORT).arn == "arn"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"host": "example.org"}, "InvalidEndpoint"),
        ({"host": "127.0.0.1:1"}, "InvalidEndpoint"),
        ({"host": "sts.eu-west-1.amazonaws.com.example.org"}, "InvalidEndpoint"),
        ({"key": "AKIAUNKNOWN"}, "InvalidClientTokenId"),
        ({"secret": "wrong"}, "SignatureDoesNotMatch"),
        ({"service": "s3"}, "InvalidClientTokenId"),
        ({"action": "AssumeRole"}, "InvalidAction"),
        ({"expires": 901}, "AuthorizationQueryParametersError"),
        ({"key": "ASIAEXAMPLE"}, "InvalidClientTokenId"),
        ({"key": "ASIAEXAMPLE", "token": "other"}, "InvalidClientTokenId"),
    ],
)
def test_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Denied) as denied:
        verify(presign(**changes), CLUSTER, PORT)
    assert denied.value.code == code


def test_header_of_another_cluster() -> None:
    with pytest.raises(Denied, match="does not match"):
        verify(presign(), {"x-k8s-aws-id": "other"}, PORT)


def test_missing_header() -> None:
    with pytest.raises(Denied, match="not all sent"):
        verify(presign(), {}, PORT)


@pytest.mark.parametrize("minutes", [16, -6])
def test_too_old_and_not_yet_valid(minutes: int) -> None:
    with pytest.raises(Denied, match=r"Signature expired|not yet current"):
        verify(presign(), CLUSTER, PORT, in_minutes(minutes))


def test_expires_does_not_shorten_the_fifteen_minutes() -> None:
    assert verify(presign(expires=60), CLUSTER, PORT, in_minutes(14)).arn == "arn"


@pytest.mark.parametrize("part", ["X-Amz-Date", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders"])
def test_missing_parts(part: str) -> None:
    with pytest.raises(Denied):
        verify(presign().replace(part, "X-Amz-Other"), CLUSTER, PORT)


def test_another_parameter_breaks_the_signature() -> None:
    with pytest.raises(Denied, match="does not match"):
        verify(presign() + "&Extra=1", CLUSTER, PORT)
