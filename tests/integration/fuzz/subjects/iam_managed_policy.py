# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject iam_managed_policy."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, tags_of

PATH = "/fuzz/"


def policy(action: str, resources: list[str]) -> Options:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": resources}]}


def prepare(clients: Clients) -> Options:
    return {"account": clients("sts").get_caller_identity()["Account"]}


def place(world: Options, text: str) -> Options:
    return {"name": f"{world['account']}-{text}", "path": PATH}


def fixed(_world: Options) -> Wishes:
    return st.fixed_dictionaries({"description": st.sampled_from(["", "Reads", "Writes & reads"])})


def wishes(_world: Options) -> Wishes:
    resources = st.lists(st.sampled_from(["arn:aws:s3:::a", "arn:aws:s3:::b%2Fc", "*"]), min_size=1, unique=True)
    document = st.builds(policy, st.sampled_from(["s3:ListBucket", "s3:GetObject"]), resources)
    return st.fixed_dictionaries({"policy": document}, optional={"tags": TAGS, "prune_versions": st.booleans()})


def observe(clients: Clients, options: Options) -> Options | None:
    iam = clients("iam")
    account = options["name"].partition("-")[0]
    arn = f"arn:aws:iam::{account}:policy{options['path']}{options['name']}"
    try:
        found = iam.get_policy(PolicyArn=arn)["Policy"]
    except iam.exceptions.NoSuchEntityException:
        return None
    version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        "description": found.get("Description", ""),
        "document": version["Document"],
        "tags": tags_of(found["Tags"]),
    }


def as_asked(_wanted: Options, found: Options) -> Options:
    """What was found, with the document under the name of the option too."""
    return {**found, "policy": found["document"]}


SUBJECT = Subject(
    module="iam_managed_policy",
    key="policy",
    prepare=prepare,
    place=place,
    fixed=fixed,
    wishes=wishes,
    observe=observe,
    controls=("prune_versions",),
    as_asked=as_asked,
)
