# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""TokenReviews: which tokens are good, and which user and groups come out."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from plugins.lookup.eks_token import sign_token
from sandbox.aws import sigv4
from sandbox.aws.eks.policies import access_policy_arn
from sandbox.aws.eks.store import AccessEntry
from sandbox.aws.identity import Caller
from sandbox.kubernetes import token_webhook
from sandbox.kubernetes.token_webhook import review

PORT = 5000
USER = "arn:aws:iam::123456789012:user/me"
ROLE = "arn:aws:iam::123456789012:role/path/pod"
SESSION = "arn:aws:sts::123456789012:assumed-role/pod/session-1"
CALLERS = {
    "AKIAUSER": Caller(USER, USER, "AIDA1", "123456789012", "secret", None),
    "ASIAROLE": Caller(SESSION, ROLE, "AROA1:session-1", "123456789012", "secret", "token"),
    "AKIANOENTRY": Caller("arn:aws:iam::1:user/x", "arn:aws:iam::1:user/x", "AIDA2", "1", "secret", None),
}


class FakeCluster:
    """The two members of a cluster that a review reads."""

    name = "cluster"

    def __init__(self) -> None:
        self.entries = {
            USER: _entry(USER, "me", ["viewers"]),
            ROLE: _entry(ROLE, "arn:aws:sts::123456789012:assumed-role/pod/{{SessionName}}", []),
        }


def _entry(principal: str, username: str, groups: list[str]) -> AccessEntry:
    return AccessEntry({"principalArn": principal, "username": username, "kubernetesGroups": groups})


@pytest.fixture(autouse=True)
def known_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigv4, "find_caller", CALLERS.get)


def token(key: str = "AKIAUSER", cluster: str = "cluster", **options: Any) -> str:
    session = CALLERS[key].session_token if key in CALLERS else None
    return sign_token(
        cluster,
        {
            "region": "eu-west-1",
            "access_key": key,
            "secret_key": "secret",
            "session_token": session,
            "endpoint_url": f"http://127.0.0.1:{PORT}",
            **options,
        },
    ).token


def ask(text: str, cluster: Any = None, namespaces: list[str] | None = None) -> dict[str, Any]:
    subject: Any = cluster or FakeCluster()
    answer = review({"spec": {"token": text}}, subject, PORT, lambda: namespaces or [])
    assert (answer["apiVersion"], answer["kind"]) == ("authentication.k8s.io/v1", "TokenReview")
    status: dict[str, Any] = answer["status"]
    return status


@pytest.mark.parametrize("endpoint", [f"http://127.0.0.1:{PORT}", None])
def test_user_of_our_lookups_token(endpoint: str | None) -> None:
    status = ask(token(endpoint_url=endpoint))
    assert status["authenticated"] is True
    assert status["user"]["username"] == "me"
    assert status["user"]["groups"] == ["viewers"]
    assert status["user"]["uid"] == "aws-iam-authenticator:123456789012:AIDA1"


def test_role_session_has_its_name() -> None:
    user = ask(token("ASIAROLE"))["user"]
    assert user["username"] == "arn:aws:sts::123456789012:assumed-role/pod/session-1"
    assert user["extra"]["canonicalArn"] == [ROLE]


def _without_cluster_header() -> str:
    url = f"http://127.0.0.1:{PORT}/?Action=GetCallerIdentity&X-Amz-SignedHeaders=host"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (lambda: token(cluster="other"), "does not match"),
        (lambda: token("AKIAUNKNOWN"), "security token included in the request is invalid"),
        (lambda: token("AKIANOENTRY"), "no access entry"),
        (lambda: token(secret_key="wrong"), "does not match"),
        (lambda: token("ASIAROLE", session_token="other"), "security token included in the request is invalid"),
        (lambda: token(endpoint_url="http://192.0.2.1"), "not an STS endpoint"),
        (lambda: "eyJhbGciOi", "not an EKS token"),
        (lambda: "k8s-aws-v1.%%%", "base64url|does not sign"),
        (lambda: "k8s-aws-v1." + "a" * 5000, "not an EKS token"),
        (_without_cluster_header, "does not sign the header"),
    ],
)
def test_refused(text: Any, error: str) -> None:
    status = ask(text())
    assert status["authenticated"] is False
    assert "user" not in status
    assert re.search(error, status["error"])


def test_cluster_that_is_gone() -> None:
    answer = review({"spec": {"token": token()}}, None, PORT, list)
    assert answer["status"]["authenticated"] is False


def test_policies_become_groups() -> None:
    cluster = FakeCluster()
    for name, scope in (
        ("AmazonEKSAdminPolicy", {"type": "cluster", "namespaces": []}),
        ("AmazonEKSViewPolicy", {"type": "namespace", "namespaces": ["team-*", "gone"]}),
    ):
        arn = access_policy_arn("aws", name)
        cluster.entries[USER].policies[arn] = {"policyArn": arn, "accessScope": scope}
    groups = ask(token(), cluster, ["default", "team-a", "team-b"])["user"]["groups"]
    assert groups == [
        "viewers",
        "eks:access-policy:AmazonEKSAdminPolicy",
        "eks:access-policy:AmazonEKSViewPolicy:team-a",
        "eks:access-policy:AmazonEKSViewPolicy:team-b",
    ]


def test_namespaces_are_not_listed_for_cluster_wide_policies() -> None:
    def fail() -> list[str]:
        raise AssertionError("no policy is limited to namespaces")

    assert token_webhook.namespace_groups(FakeCluster().entries[USER], fail) == []
