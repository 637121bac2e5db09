# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module iam_oidc_provider."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import iam_oidc_provider

ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF"
URL = f"https://{ISSUER}"
ARN = f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"
# Another provider whose URL begins alike.
OTHER = f"{ARN}0"
PLACE = {"OpenIDConnectProviderArn": ARN}
THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280"
NEW_THUMBPRINT = "06b25927c42a721631c1efd9431e648fa62e1e39"
OPTIONS: dict[str, Any] = {
    "url": URL,
    "client_ids": ["sts.amazonaws.com"],
    "thumbprints": [THUMBPRINT.upper()],
    "tags": {"team": "platform"},
}
ABSENT = {"url": URL, "state": "absent"}
Call = tuple[str, dict[str, Any], Any]


def listed(*arns: str) -> Call:
    """Return the expected call that lists the providers."""
    return ("list_open_id_connect_providers", {}, {"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]})


def described(
    client_ids: list[str] | None = None, thumbprint: str = THUMBPRINT, tags: dict[str, str] | None = None
) -> Call:
    """Return the expected call that describes the provider."""
    provider = {
        "Url": ISSUER,
        "ClientIDList": ["sts.amazonaws.com"] if client_ids is None else client_ids,
        "ThumbprintList": [thumbprint],
        "Tags": [
            {"Key": key, "Value": value} for key, value in ({"team": "platform"} if tags is None else tags).items()
        ],
    }
    return ("get_open_id_connect_provider", PLACE, provider)


def read(*arguments: Any) -> list[Call]:
    """Return the expected calls that read the provider."""
    return [listed(OTHER, ARN), described(*arguments)]


MISSING = listed(OTHER)
CREATE_REQUEST = {
    "Url": URL,
    "ClientIDList": ["sts.amazonaws.com"],
    "ThumbprintList": [THUMBPRINT],
    "Tags": [{"Key": "team", "Value": "platform"}],
}
CREATED = {"OpenIDConnectProviderArn": ARN}
CREATE: Call = ("create_open_id_connect_provider", CREATE_REQUEST, CREATED)
ADD: Call = ("add_client_id_to_open_id_connect_provider", {**PLACE, "ClientID": "b"}, {})
REMOVE: Call = ("remove_client_id_from_open_id_connect_provider", {**PLACE, "ClientID": "sts.amazonaws.com"}, {})
RENEW: Call = ("update_open_id_connect_provider_thumbprint", {**PLACE, "ThumbprintList": [NEW_THUMBPRINT]}, {})
UNTAG: Call = ("untag_open_id_connect_provider", {**PLACE, "TagKeys": ["team"]}, {})
TAG: Call = ("tag_open_id_connect_provider", {**PLACE, "Tags": [{"Key": "size", "Value": "1"}]}, {})
DELETE: Call = ("delete_open_id_connect_provider", PLACE, {})
CHANGED: dict[str, Any] = {"url": URL, "client_ids": ["b"], "thumbprints": [NEW_THUMBPRINT], "tags": {"size": 1}}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned provider
    "create": (
        OPTIONS,
        [MISSING],
        [CREATE, *read()],
        True,
        {"arn": ARN, "url": URL, "issuer": ISSUER, "client_ids": ["sts.amazonaws.com"], "thumbprints": [THUMBPRINT]},
    ),
    "no-op": (OPTIONS, read(), [], False, {"arn": ARN, "url": URL, "tags": {"team": "platform"}}),
    "update": (
        CHANGED,
        read(),
        [ADD, REMOVE, RENEW, UNTAG, TAG, described(["b"], NEW_THUMBPRINT, {"size": "1"})],
        True,
        {"client_ids": ["b"], "thumbprints": [NEW_THUMBPRINT], "tags": {"size": "1"}},
    ),
    "change one client id": (
        {"url": URL, "client_ids": ["b", "a"]},
        read(["sts.amazonaws.com", "a"]),
        [ADD, REMOVE, described(["a", "b"])],
        True,
        {"client_ids": ["a", "b"], "thumbprints": [THUMBPRINT], "tags": {"team": "platform"}},
    ),
    "clear": (
        {"url": URL, "client_ids": [], "tags": {}},
        read(),
        [REMOVE, UNTAG, described([], THUMBPRINT, {})],
        True,
        {"client_ids": [], "thumbprints": [THUMBPRINT], "tags": {}},
    ),
    "nothing named": ({"url": URL}, read(["b", "a"]), [], False, {"client_ids": ["a", "b"]}),
    "delete": (ABSENT, read(), [DELETE], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, provider = MATRIX[case]
    outcome = run_module(iam_oidc_provider, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "oidc_provider", provider)


def test_prediction_is_the_real_provider(run_module: Callable[..., Any]) -> None:
    real = run_module(iam_oidc_provider, OPTIONS, read()).result["oidc_provider"]
    assert run_module(iam_oidc_provider, OPTIONS, [MISSING], check_mode=True).result["oidc_provider"] == real


def test_what_only_iam_knows_is_predicted_as_unknown(run_module: Callable[..., Any]) -> None:
    outcome = run_module(iam_oidc_provider, {"url": URL}, [listed()], check_mode=True, region="cn-north-1")
    assert outcome.result["oidc_provider"] == {
        "arn": "arn:aws-cn:iam::known-after-apply",
        "url": URL,
        "issuer": ISSUER,
        "client_ids": ["sts.amazonaws.com"],
        "thumbprints": ["thumbprint-known-after-apply"],
        "tags": {},
    }


@pytest.mark.parametrize("state", ["present", "absent"])
def test_check_mode_takes_the_issuer_of_a_cluster_that_does_not_exist(
    run_module: Callable[..., Any], state: str
) -> None:
    options = {
        "url": "oidc-issuer-known-after-apply",
        "thumbprints": ["thumbprint-known-after-apply"],
        "state": state,
    }
    outcome = run_module(iam_oidc_provider, options, [MISSING], check_mode=True)
    assert outcome.result["changed"] is (state == "present")
    assert "url is 'oidc-issuer-known-after-apply'" in run_module(iam_oidc_provider, options).message


def test_a_new_provider_takes_tokens_for_sts(run_module: Callable[..., Any]) -> None:
    create = (CREATE[0], {"Url": URL, "ClientIDList": ["sts.amazonaws.com"]}, CREATED)
    outcome = run_module(iam_oidc_provider, {"url": URL, "tags": {}}, [MISSING, create, *read(None, THUMBPRINT, {})])
    assert outcome.result["oidc_provider"]["thumbprints"] == [THUMBPRINT]


def test_a_new_provider_without_client_ids(run_module: Callable[..., Any]) -> None:
    create = (CREATE[0], {"Url": URL}, CREATED)
    steps = [MISSING, create, *read([], THUMBPRINT, {})]
    outcome = run_module(iam_oidc_provider, {"url": URL, "client_ids": []}, steps)
    assert outcome.result["oidc_provider"]["client_ids"] == []


def test_tags_are_kept_on_request(run_module: Callable[..., Any]) -> None:
    options = {"url": URL, "tags": {"size": "1"}, "purge_tags": False}
    both = described(None, THUMBPRINT, {"team": "platform", "size": "1"})
    outcome = run_module(iam_oidc_provider, options, [*read(), TAG, both])
    assert outcome.result["oidc_provider"]["tags"] == {"team": "platform", "size": "1"}


@pytest.mark.parametrize("code", ["OpenIdIdpCommunicationError", "ConcurrentModification"])
def test_an_issuer_that_is_not_served_yet_is_tried_again(run_module: Callable[..., Any], code: str) -> None:
    steps = [MISSING, (*CREATE[:2], f"{code}: later"), CREATE, *read()]
    assert run_module(iam_oidc_provider, OPTIONS, steps).result["changed"] is True


def test_an_issuer_that_is_never_served_is_quoted(run_module: Callable[..., Any]) -> None:
    refused = (*CREATE[:2], "OpenIdIdpCommunicationError: cannot reach the issuer")
    message = run_module(iam_oidc_provider, OPTIONS, [MISSING, *[refused] * 25]).message
    assert f"Failed to create the OIDC provider of {URL}" in message
    assert "cannot reach the issuer" in message


def test_a_new_provider_is_waited_for_until_iam_shows_it(run_module: Callable[..., Any]) -> None:
    gone = (*described()[:2], "NoSuchEntity: not yet")
    steps = [MISSING, CREATE, MISSING, listed(ARN), gone, *read()]
    assert run_module(iam_oidc_provider, OPTIONS, steps).result["oidc_provider"]["arn"] == ARN


def test_a_new_provider_that_does_not_show_is_named(run_module: Callable[..., Any]) -> None:
    message = run_module(iam_oidc_provider, OPTIONS, [MISSING, CREATE, *[MISSING] * 13]).message
    assert f"waiting for the OIDC provider of {URL} to show: IAM does not show it" in message


@pytest.mark.parametrize(
    ("found", "writes", "changed"),
    [(read(), [], False), (read(["a"]), [(*ADD[:1], {**PLACE, "ClientID": "sts.amazonaws.com"}, {})], True)],
)
def test_a_provider_that_iam_did_not_show_is_adopted(
    run_module: Callable[..., Any], found: list[Call], writes: list[Call], changed: bool
) -> None:
    taken = (*CREATE[:2], f"EntityAlreadyExists: Provider with url {URL} already exists.")
    if writes:
        writes = [*writes, (REMOVE[0], {**PLACE, "ClientID": "a"}, {}), described()]
    outcome = run_module(iam_oidc_provider, OPTIONS, [MISSING, taken, *found, *writes])
    assert outcome.result["changed"] is changed
    assert outcome.result["oidc_provider"]["client_ids"] == ["sts.amazonaws.com"]


def test_a_missing_permission_is_named(run_module: Callable[..., Any]) -> None:
    denied = (*CREATE[:2], "AccessDenied: not authorized to perform: iam:CreateOpenIDConnectProvider")
    assert "iam:CreateOpenIDConnectProvider" in run_module(iam_oidc_provider, OPTIONS, [MISSING, denied]).message


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "example.com",
        "https://",
        "https://example.com/",
        "https://example.com//id",
        "https://example.com/../id",
        "https://example.com:8443/id",
        "https://user@example.com",
        "https://example.com/id?a=b",
        "https://example.com/id#a",
        "https://Example.com/id",
        "https://example.com/i d",
        "https://example.com/id\n",
        f"https://example.com/{'a' * 240}",
    ],
)
def test_a_url_that_iam_does_not_take_is_refused(run_module: Callable[..., Any], url: str) -> None:
    message = run_module(iam_oidc_provider, {"url": url}).message
    assert message.startswith(f"url is {url!r}")
    assert "https://oidc.eks.eu-west-1.amazonaws.com/id/" in message


@pytest.mark.parametrize("client_ids", [[""], ["a" * 256], [str(number) for number in range(101)]])
def test_client_ids_that_iam_does_not_take_are_refused(run_module: Callable[..., Any], client_ids: list[str]) -> None:
    message = run_module(iam_oidc_provider, {"url": URL, "client_ids": client_ids}).message
    assert message.startswith("client_ids is [")


@pytest.mark.parametrize(
    ("thumbprints", "text"),
    [
        ([], "thumbprints is [], but IAM keeps 1 to 5 of them"),
        ([THUMBPRINT] * 6, "but IAM keeps 1 to 5 of them"),
        ([f"9E:{THUMBPRINT}"], "thumbprints has '9E:9e99"),
        ([THUMBPRINT[:39] + "g"], "is not the SHA-1 hash of a certificate"),
    ],
)
def test_thumbprints_that_iam_does_not_take_are_refused(
    run_module: Callable[..., Any], thumbprints: list[str], text: str
) -> None:
    assert text in run_module(iam_oidc_provider, {"url": URL, "thumbprints": thumbprints}).message
