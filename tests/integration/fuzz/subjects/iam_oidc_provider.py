# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject iam_oidc_provider."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

HOST = "oidc.eks.eu-west-1.amazonaws.com"


def prepare(_clients: Clients) -> Options:
    return {}


def place(_world: Options, text: str) -> Options:
    return {"url": f"https://{HOST}/id/{text.upper()}"}


def wishes(_world: Options) -> Wishes:
    thumbprints = st.sampled_from([digit * 40 for digit in "0af"])
    return some(
        client_ids=st.lists(st.sampled_from(["sts.amazonaws.com", "a", "B"]), unique=True),
        thumbprints=st.lists(thumbprints, min_size=1, unique=True),
        tags=TAGS,
    )


def observe(clients: Clients, options: Options) -> Options | None:
    iam = clients("iam")
    issuer = options["url"].removeprefix("https://")
    for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        if provider["Arn"].endswith(f":oidc-provider/{issuer}"):
            found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
            return {
                "client_ids": found["ClientIDList"],
                "thumbprints": found["ThumbprintList"],
                "tags": tags_of(found["Tags"]),
            }
    return None


SUBJECT = Subject(
    module="iam_oidc_provider",
    key="oidc_provider",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
