# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""The log of whole requests: only when it is asked for, for its owner alone, and nothing is lost by reading a body."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from sandbox import account, lifecycle
from sandbox.aws import request_log
from sandbox.aws.request_log import Entry
from sandbox.state import Sandbox


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    sandbox = Sandbox("unit-requests", tmp_path_factory.mktemp("emulator") / "unit-requests")
    list(lifecycle.up(sandbox, api_only=True, log_requests=True))
    yield sandbox
    list(lifecycle.down(sandbox))


def having(sandbox: Sandbox, text: bytes) -> list[Entry]:
    return [entry for entry in request_log.read(sandbox) if text in entry.body]


def test_no_log_by_default(emulator: Sandbox) -> None:
    account.client(emulator, "kms").list_keys()
    assert not request_log.path(emulator).exists()
    with pytest.raises(FileNotFoundError):
        list(request_log.read(emulator))


def test_whom_a_request_was_for_and_what_it_said(logged: Sandbox) -> None:
    account.client(logged, "secretsmanager").create_secret(Name="hidden", SecretString="a-value-of-a-secret")
    [entry] = having(logged, b"a-value-of-a-secret")
    assert (entry.service, entry.method, entry.url) == ("secretsmanager", "POST", f"{address(logged)}/")
    assert entry.headers["X-Amz-Target"] == "secretsmanager.CreateSecret"


def test_the_body_still_reaches_the_service(logged: Sandbox) -> None:
    s3 = account.client(logged, "s3")
    s3.create_bucket(Bucket="bodies", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="bodies", Key="a/key?", Body=b"content of the object")
    assert s3.get_object(Bucket="bodies", Key="a/key?")["Body"].read() == b"content of the object"
    [entry] = having(logged, b"content of the object")
    assert (entry.service, entry.method) == ("s3", "PUT")
    assert entry.url.endswith("/bodies/a/key%3F")


def test_requests_that_are_signed_by_nobody_or_wrongly(logged: Sandbox) -> None:
    requests.post(f"{address(logged)}/", data="unsigned", timeout=10)
    authorization = "AWS4-HMAC-SHA256 Credential=AKIA/no/scope, Signature=none"
    requests.post(f"{address(logged)}/", data="badly signed", headers={"Authorization": authorization}, timeout=10)
    assert [entry.service for text in (b"unsigned", b"badly signed") for entry in having(logged, text)] == ["", ""]


def test_only_its_owner_may_read_it(logged: Sandbox) -> None:
    assert request_log.path(logged).stat().st_mode & 0o777 == 0o600


def address(sandbox: Sandbox) -> str:
    url: str = sandbox.read()["aws_endpoint_url"]
    return url
