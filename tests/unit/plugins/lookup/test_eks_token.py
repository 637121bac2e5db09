# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup eks_token."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.supastack.aws.plugins.lookup import eks_token

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY"
OPTIONS = {"region": "eu-west-1", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Hide the credentials and settings of whoever runs the tests."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    eks_token.CACHE.clear()


def look_up(*terms: Any, **options: Any) -> list[str]:
    """Call the lookup as Ansible does, by its name."""
    tokens: list[str] = lookup_loader.get("supastack.aws.eks_token").run(list(terms), variables={}, **options)
    return tokens


def url_of(token: str) -> str:
    """Return the presigned URL that a token carries."""
    prefix, _dot, encoded = token.rpartition(".")
    assert prefix == "k8s-aws-v1"
    assert "=" not in encoded
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def query_of(token: str) -> dict[str, str]:
    """Return the query of the presigned URL."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url_of(token)).query, strict_parsing=True).items()}


def expected_signature(token: str, cluster_name: str) -> str:
    """Sign the token's request again by Signature Version 4, as AWS' documentation describes it."""
    parts = urlsplit(url_of(token))
    query = query_of(token)
    date, scope = query["X-Amz-Date"], query["X-Amz-Credential"].partition("/")[2]
    canonical_query = "&".join(sorted(pair for pair in parts.query.split("&") if "X-Amz-Signature=" not in pair))
    headers = f"host:{parts.netloc}\nx-k8s-aws-id:{cluster_name}\n"
    body = hashlib.sha256(b"").hexdigest()
    request = f"GET\n/\n{canonical_query}\n{headers}\nhost;x-k8s-aws-id\n{body}"
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{SECRET_KEY}".encode()
    for part in (*scope.split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def test_token_is_a_signed_request_for_the_callers_identity() -> None:
    (token,) = look_up("production", **OPTIONS)
    query = query_of(token)
    assert url_of(token).startswith("https://sts.eu-west-1.amazonaws.com/?")
    assert query["Action"] == "GetCallerIdentity"
    assert query["X-Amz-SignedHeaders"] == "host;x-k8s-aws-id"
    assert query["X-Amz-Credential"].startswith(f"{ACCESS_KEY}/")
    assert query["X-Amz-Credential"].endswith("/eu-west-1/sts/aws4_request")
    assert int(query["X-Amz-Expires"]) == 60
    assert SECRET_KEY not in url_of(token)


def test_the_cluster_name_is_signed() -> None:
    (token,) = look_up("production", **OPTIONS)
    assert query_of(token)["X-Amz-Signature"] == expected_signature(token, "production")
    assert query_of(token)["X-Amz-Signature"] != expected_signature(token, "staging")


def test_one_token_per_cluster() -> None:
    tokens = look_up("production", "staging", **OPTIONS)
    assert len(set(tokens)) == 2


def test_session_token_is_part_of_the_request() -> None:
    (token,) = look_up("production", session_token="temporary", **OPTIONS)
    assert query_of(token)["X-Amz-Security-Token"] == "temporary"


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
    ],
)
def test_regional_endpoint(region: str, host: str) -> None:
    (token,) = look_up("production", **{**OPTIONS, "region": region})
    assert urlsplit(url_of(token)).netloc == host


def test_endpoint_url_names_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    (token,) = look_up("production", endpoint_url="http://127.0.0.1:5000/", **OPTIONS)
    assert url_of(token).startswith("http://127.0.0.1:5000/?Action=")


def test_endpoint_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")
    (token,) = look_up("production", **OPTIONS)
    assert urlsplit(url_of(token)).netloc == "sts.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_credentials_and_region_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv(variable, "eu-central-1")
    (token,) = look_up("production")
    assert query_of(token)["X-Amz-Credential"].startswith("AKIAENVIRONMENT/")
    assert "/eu-central-1/" in query_of(token)["X-Amz-Credential"]


def test_profile(tmp_path: Any) -> None:
    (tmp_path / "credentials").write_text(
        f"[ops]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = {SECRET_KEY}\n", encoding="utf-8"
    )
    (token,) = look_up("production", region="eu-west-1", profile="ops")
    assert query_of(token)["X-Amz-Credential"].startswith("AKIAPROFILE/")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"region": "eu-west-1"}, "no AWS credentials found"),
        ({"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}, "region is not set"),
        ({"region": "eu-west-1", "access_key": ACCESS_KEY}, "got access_key only"),
        ({**OPTIONS, "region": "nowhere"}, "'nowhere' is no region"),
        ({**OPTIONS, "profile": "ops"}, "profile and access_key, secret_key exclude each other"),
        ({"region": "eu-west-1", "profile": "nobody"}, "nobody"),
        ({**OPTIONS, "endpoint_url": "127.0.0.1:5000"}, "endpoint_url is '127.0.0.1:5000'"),
    ],
)
def test_refusals_say_what_to_do(options: dict[str, str], message: str) -> None:
    with pytest.raises(AnsibleLookupError, match=message):
        look_up("production", **options)


@pytest.mark.parametrize("term", ["", None, 7])
def test_terms_must_be_cluster_names(term: Any) -> None:
    with pytest.raises(AnsibleLookupError, match="name of an EKS cluster"):
        look_up(term, **OPTIONS)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup = lookup_loader.get("supastack.aws.eks_token")
    monkeypatch.setitem(lookup.run.__globals__, "HAS_BOTOCORE", False)
    with pytest.raises(AnsibleLookupError, match="pip install boto3"):
        lookup.run(["production"], variables={}, **OPTIONS)


class Clock:
    """A clock that stands at the time it is set to."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        """Return the time in seconds since 1970."""
        return self.now


def test_token_is_used_again_until_a_minute_before_it_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(1_000_000.0)
    monkeypatch.setattr(eks_token, "time", clock)
    made: list[str] = []
    monkeypatch.setattr(eks_token, "sign_token", counting(eks_token.sign_token, made))
    look_up("production", **OPTIONS)
    clock.now += 14 * 60 - 1
    look_up("production", **OPTIONS)
    assert made == ["production"]
    clock.now += 1
    look_up("production", **OPTIONS)
    assert made == ["production", "production"]


@pytest.mark.parametrize(
    "other", [{"region": "eu-west-2"}, {"secret_key": "other"}, {"endpoint_url": "http://127.0.0.1:5000"}]
)
def test_token_is_not_used_for_other_options(other: dict[str, str]) -> None:
    first, second = look_up("production", **OPTIONS), look_up("production", **{**OPTIONS, **other})
    assert query_of(first[0])["X-Amz-Signature"] != query_of(second[0])["X-Amz-Signature"]


def test_token_is_not_used_for_another_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    first = look_up("production", region="eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAI44QH8DHBEXAMPLE")
    second = look_up("production", region="eu-west-1")
    assert "AKIAI44QH8DHBEXAMPLE" in query_of(second[0])["X-Amz-Credential"]
    assert first != second


def test_token_goes_with_renewed_credentials() -> None:
    look_up("production", **OPTIONS)
    signed = next(iter(eks_token.CACHE.values()))
    signed.credentials.access_key = "ASIAIOSFODNN7EXAMPLE"
    look_up("production", **OPTIONS)
    signed_again = next(iter(eks_token.CACHE.values()))
    assert signed_again.access_key == ACCESS_KEY
    assert signed_again is not signed


def counting(function: Any, names: list[str]) -> Any:
    """Return a function that does the same and notes the names of the clusters."""

    def call(cluster_name: str, options: Any) -> Any:
        names.append(cluster_name)
        return function(cluster_name, options)

    return call
