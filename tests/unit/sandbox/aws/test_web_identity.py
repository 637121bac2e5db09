# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which tokens of service accounts get which role."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.iam.models import IAMBackend
from moto.sts.exceptions import STSClientError

from sandbox.aws.web_identity import check

Json = dict[str, Any]

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/1"
SUBJECT = "system:serviceaccount:kube-system:karpenter"
TRUSTED = {"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com", f"{ISSUER}:sub": SUBJECT}}


def _token(**claims: Any) -> str:
    whole = {
        "iss": f"https://{ISSUER}",
        "sub": SUBJECT,
        "aud": ["sts.amazonaws.com"],
        "exp": time.time() + 86400,
        **claims,
    }
    return f"e30.{base64.urlsafe_b64encode(json.dumps(whole).encode()).decode().rstrip('=')}.c2ln"


@pytest.fixture
def iam() -> IAMBackend:
    """IAM with a provider for the issuer."""
    backend = IAMBackend("aws", "123456789012")
    backend.create_open_id_connect_provider(f"https://{ISSUER}", [], ["sts.amazonaws.com"], [])
    return backend


def _role(iam: IAMBackend, *statements: Json) -> str:
    provider = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
    least = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": {"Federated": provider}}
    policy = {"Version": "2012-10-17", "Statement": [{**least, **statement} for statement in statements]}
    name = f"role-{uuid.uuid4().hex[:8]}"
    role = iam.create_role(name, json.dumps(policy), "/", None, "", [], "3600")
    return str(role.arn)


def _signed(_claims: Json, _token: str, _audiences: list[str]) -> bool:
    return True


def _code(iam: IAMBackend, role: str, token: str, *, signed: bool = True) -> str:
    with pytest.raises(STSClientError) as refused:
        check(iam, role, token, lambda *_arguments: signed)
    return str(refused.value.code)


@pytest.mark.parametrize(
    "condition",
    [
        TRUSTED,
        {"StringEquals": {f"{ISSUER}:sub": ["someone:else", SUBJECT]}},
        {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:*:karpenter"}},
        {"StringEquals": {f"{ISSUER.upper()}:SUB": SUBJECT}},
        {"StringNotEquals": {f"{ISSUER}:sub": "someone:else"}},
        {"StringNotLike": {f"{ISSUER}:sub": "someone:*"}},
        {},
    ],
)
def test_trusted_service_account_gets_the_role(iam: IAMBackend, condition: Json) -> None:
    claims, provider = check(iam, _role(iam, {"Condition": condition}), _token(), _signed)
    assert (claims["sub"], provider.url) == (SUBJECT, ISSUER)


@pytest.mark.parametrize(
    "statement",
    [
        {"Condition": {"StringEquals": {f"{ISSUER}:sub": "system:serviceaccount:default:karpenter"}}},
        {"Condition": {"StringEquals": {f"{ISSUER}:aud": "other"}}},
        {"Condition": {"StringLike": {f"{ISSUER}:sub": "system:serviceaccount:default:*"}}},
        {"Condition": {"StringNotEquals": {f"{ISSUER}:sub": SUBJECT}}},
        {"Condition": {"StringEquals": {"oidc.eks.eu-west-1.amazonaws.com/id/2:sub": SUBJECT}}},
        {"Condition": {"Bool": {f"{ISSUER}:sub": SUBJECT}}},
        {"Action": "sts:AssumeRole"},
        {"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/other"}},
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Principal": "*"},
        {"Effect": "Deny"},
    ],
)
def test_role_that_does_not_trust_it(iam: IAMBackend, statement: Json) -> None:
    assert _code(iam, _role(iam, statement), _token()) == "AccessDenied"


def test_denial_wins(iam: IAMBackend) -> None:
    assert _code(iam, _role(iam, {"Condition": TRUSTED}, {"Effect": "Deny"}), _token()) == "AccessDenied"


def test_role_that_does_not_exist(iam: IAMBackend) -> None:
    assert _code(iam, "arn:aws:iam::123456789012:role/none", _token()) == "AccessDenied"


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("none", "InvalidIdentityToken"),
        ("e30.bm9uZQ.c2ln", "InvalidIdentityToken"),
        ("e30.W10.c2ln", "InvalidIdentityToken"),
        (_token(iss="https://elsewhere.example"), "InvalidIdentityToken"),
        (_token(aud="other"), "InvalidIdentityToken"),
        (_token(exp=1), "ExpiredTokenException"),
    ],
)
def test_tokens_that_are_no_good(iam: IAMBackend, token: str, code: str) -> None:
    assert _code(iam, _role(iam, {}), token) == code


def test_forged_token(iam: IAMBackend) -> None:
    assert _code(iam, _role(iam, {}), _token(), signed=False) == "InvalidIdentityToken"


def test_nobody_can_vouch_for_a_token_where_no_cluster_runs(aws: Any) -> None:
    sts = aws.client("sts")
    request = {"RoleArn": aws.cluster_role, "RoleSessionName": "session"}
    with pytest.raises(ClientError, match="No OpenIDConnect provider found"):
        sts.assume_role_with_web_identity(**request, WebIdentityToken=_token(iss="https://none.example"))
    iam, url = aws.client("iam"), f"https://oidc.example/id/{uuid.uuid4().hex}"
    iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])
    with pytest.raises(ClientError, match="could not be validated"):
        sts.assume_role_with_web_identity(**request, WebIdentityToken=_token(iss=url))
