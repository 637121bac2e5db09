# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IAM OIDC providers: the API calls and the plain data in which they are compared."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.tagging import ansible_dict_to_boto3_tag_list
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference, Plain, distinct
from ansible_collections.supastack.aws.plugins.module_utils._errors import error_code, failing_to, none_when
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import UNKNOWN, is_unknown, placeholder
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled
from ansible_collections.supastack.aws.plugins.module_utils._tags import Tags, tag_changes, tags_of

R = t.TypeVar("R")

SCHEME = "https://"
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
URL = re.compile(
    r"https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?"  # the host
    r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*"  # the path, without empty, . and .. segments
)
LONGEST_URL = 255
LONGEST_CLIENT_ID = 255
MOST_CLIENT_IDS = 100
THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}")
MOST_THUMBPRINTS = 5
# EKS serves the issuer of a new cluster, which IAM then reads, within this time.
SETTLING_SECONDS = 120


def check_options(options: Plain, check_mode: bool) -> None:
    """Refuse values that IAM does not take. Check mode lets those pass that are only predicted.

    :raises AnsibleAWSError: naming the option, its value and what to do.
    """
    url, client_ids, thumbprints = options["url"], options["client_ids"] or [], options["thumbprints"]
    if not (check_mode and is_unknown(url)) and (len(url) > LONGEST_URL or not URL.fullmatch(url)):
        raise AnsibleAWSError(
            message=f"url is {url!r}, but IAM takes {SCHEME}, a host name in lower case and a path, at most "
            f"{LONGEST_URL} characters and without port, query, fragment and slash at the end. Give the oidc_issuer of "
            "the cluster, such as https://oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF."
        )
    if len(client_ids) > MOST_CLIENT_IDS or not all(0 < len(name) <= LONGEST_CLIENT_ID for name in client_ids):
        raise AnsibleAWSError(
            message=f"client_ids is {client_ids!r}, but IAM takes at most {MOST_CLIENT_IDS}, each of 1 to "
            f"{LONGEST_CLIENT_ID} characters. Give the audiences of the tokens, such as sts.amazonaws.com."
        )
    if thumbprints is not None and not 0 < len(thumbprints) <= MOST_THUMBPRINTS:
        raise AnsibleAWSError(
            message=f"thumbprints is {thumbprints!r}, but IAM keeps 1 to {MOST_THUMBPRINTS} of them. Leave the "
            "option out to keep those that IAM has, or to let IAM find the one of a new provider."
        )
    for thumbprint in thumbprints or []:
        if not (check_mode and is_unknown(thumbprint)) and not THUMBPRINT.fullmatch(thumbprint):
            raise AnsibleAWSError(
                message=f"thumbprints has {thumbprint!r}, which is not the SHA-1 hash of a certificate. Give its 40 "
                "hexadecimal digits without colons, or leave the option out."
            )


def issuer_of(url: str) -> str:
    """Return a URL in the form in which IAM identifies the provider: without its scheme."""
    return url.removeprefix(SCHEME)


def hashes(thumbprints: t.Iterable[str] | None) -> list[str] | None:
    """Return thumbprints in the form in which they are compared."""
    return None if thumbprints is None else distinct(thumbprint.lower() for thumbprint in thumbprints)


@failing_to("list the OIDC providers")
@unthrottled
def list_arns(client: t.Any) -> list[str]:
    """Return the ARNs of all providers of the account."""
    return [provider["Arn"] for provider in client.list_open_id_connect_providers()["OpenIDConnectProviderList"]]


@failing_to("describe the OIDC provider {arn}")
@none_when("NoSuchEntity")
@unthrottled
def get_provider(client: t.Any, arn: str) -> Plain:
    """Return one provider as IAM describes it."""
    return dict(client.get_open_id_connect_provider(OpenIDConnectProviderArn=arn))


def read(client: t.Any, url: str, arns: t.Iterable[str]) -> Plain | None:
    """Return the provider of a URL as the module returns and compares it, None when there is none.

    :param arns: those of all providers; the last part of an ARN is the URL without its scheme.
    """
    issuer = issuer_of(url)
    for arn in arns:
        if arn.partition(":oidc-provider/")[2] == issuer:
            provider = get_provider(client, arn)
            return None if provider is None else view(arn, issuer, provider)
    return None


def view(arn: str, issuer: str, provider: t.Mapping[str, t.Any]) -> Plain:
    """Return a described provider as the module returns and compares it."""
    return {
        "arn": arn,
        "url": f"{SCHEME}{issuer}",
        "issuer": issuer,
        "client_ids": distinct(provider.get("ClientIDList", [])),
        "thumbprints": hashes(provider.get("ThumbprintList", [])),
        "tags": tags_of(provider),
    }


def unknown_view(client: t.Any, url: str, arns: t.Iterable[str]) -> Plain:
    """Return the predicted return values of a provider that does not exist.

    :param arns: those of all providers, from which the account is taken. Without any, the ARN is not known.
    """
    issuer = issuer_of(url)
    account = next((arn.split(":")[4] for arn in arns), None)
    resource = f"{account}:oidc-provider/{issuer}" if account else UNKNOWN
    return {
        "arn": f"arn:{client.meta.partition}:iam::{resource}",
        "url": url,
        "issuer": issuer,
        "client_ids": [],
        "thumbprints": [placeholder("thumbprint")],
        "tags": {},
    }


def settled(call: t.Callable[[], R]) -> R:
    """Return what a call returns, repeating it while IAM cannot read the issuer yet or is busy with the provider."""
    passing = ("OpenIdIdpCommunicationError", "ConcurrentModification")
    return retry_while(lambda error: error_code(error) in passing, call, SETTLING_SECONDS)


@failing_to("create the OIDC provider of {url}")
@none_when("EntityAlreadyExists")
@unthrottled
def create_provider(client: t.Any, url: str, values: t.Mapping[str, t.Any]) -> str:
    """Create a provider and return its ARN; None when there is one that IAM did not show before."""
    members = {
        "ClientIDList": values["client_ids"],
        "ThumbprintList": values.get("thumbprints"),
        "Tags": ansible_dict_to_boto3_tag_list(values.get("tags") or {}),
    }
    request = {"Url": url, **{member: value for member, value in members.items() if value}}
    return str(settled(lambda: client.create_open_id_connect_provider(**request))["OpenIDConnectProviderArn"])


@failing_to("add the client id {client_id} to {arn}")
@unthrottled
def add_client_id(client: t.Any, arn: str, client_id: str) -> None:
    """Accept tokens for one more audience."""
    settled(lambda: client.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID=client_id))


@failing_to("remove the client id {client_id} from {arn}")
@unthrottled
def remove_client_id(client: t.Any, arn: str, client_id: str) -> None:
    """Accept tokens for one audience no longer."""
    request = {"OpenIDConnectProviderArn": arn, "ClientID": client_id}
    settled(lambda: client.remove_client_id_from_open_id_connect_provider(**request))


@failing_to("set the thumbprints of {arn}")
@unthrottled
def set_thumbprints(client: t.Any, arn: str, thumbprints: list[str]) -> None:
    """Replace the thumbprints."""
    request = {"OpenIDConnectProviderArn": arn, "ThumbprintList": thumbprints}
    settled(lambda: client.update_open_id_connect_provider_thumbprint(**request))


@failing_to("tag {arn}")
@unthrottled
def set_tags(client: t.Any, arn: str, current: Tags, desired: Tags) -> None:
    """Set and remove tags."""
    to_set, to_remove = tag_changes(current, desired)
    if to_remove:
        settled(lambda: client.untag_open_id_connect_provider(OpenIDConnectProviderArn=arn, TagKeys=to_remove))
    if to_set:
        tags = ansible_dict_to_boto3_tag_list(to_set)
        settled(lambda: client.tag_open_id_connect_provider(OpenIDConnectProviderArn=arn, Tags=tags))


def update_provider(client: t.Any, current: Plain, difference: Difference) -> None:
    """Write what differs. Client ids are added before others are removed, so that a provider is never without any."""
    arn, desired = current["arn"], difference.desired("client_ids", "thumbprints", "tags")
    if difference.touches("client_ids"):
        for client_id in desired["client_ids"]:
            if client_id not in current["client_ids"]:
                add_client_id(client, arn, client_id)
        for client_id in current["client_ids"]:
            if client_id not in desired["client_ids"]:
                remove_client_id(client, arn, client_id)
    if difference.touches("thumbprints"):
        set_thumbprints(client, arn, desired["thumbprints"])
    if difference.touches("tags"):
        set_tags(client, arn, current["tags"], desired["tags"])


@failing_to("delete the OIDC provider {arn}")
@none_when("NoSuchEntity")
@unthrottled
def delete_provider(client: t.Any, arn: str) -> None:
    """Delete a provider; roles that trust it stay as they are."""
    client.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
