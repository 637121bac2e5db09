# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject logs_log_group."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some


def prepare(clients: Clients) -> Options:
    return {"key_arns": [clients("kms").create_key()["KeyMetadata"]["Arn"] for _number in range(2)]}


def place(_world: Options, text: str) -> Options:
    return {"name": f"/fuzz/{text}"}


def wishes(world: Options) -> Wishes:
    return some(
        kms_key_arn=st.sampled_from(["", *world["key_arns"]]),
        retention_in_days=st.sampled_from([0, 1, 90, 3653]),
        tags=TAGS,
    )


def observe(clients: Clients, options: Options) -> Options | None:
    logs = clients("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=options["name"])["logGroups"]
    if not groups:
        return None
    tags = logs.list_tags_for_resource(resourceArn=groups[0]["arn"].removesuffix(":*"))["tags"]
    return {
        "kms_key_arn": groups[0].get("kmsKeyId", ""),
        "retention_in_days": groups[0].get("retentionInDays", 0),
        "tags": tags,
    }


SUBJECT = Subject(
    module="logs_log_group",
    key="log_group",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
