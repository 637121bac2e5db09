# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject iam_service_linked_role."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.subject import Clients, Options, Subject, Wishes, some

# The service with the most roles in one account: each sequence has its own.
SERVICE = "autoscaling.amazonaws.com"


def prepare(clients: Clients) -> Options:
    """A role without a suffix, which must never be taken for one with it."""
    clients("iam").create_service_linked_role(AWSServiceName=SERVICE)
    return {}


def place(_world: Options, text: str) -> Options:
    return {"service_name": SERVICE, "custom_suffix": text}


def wishes(_world: Options) -> Wishes:
    return some(description=st.sampled_from(["", "one", "\u00e9"]))


def observe(clients: Clients, options: Options) -> Options | None:
    pages = clients("iam").get_paginator("list_roles").paginate(PathPrefix=f"/aws-service-role/{SERVICE}/")
    for role in (role for page in pages for role in page["Roles"]):
        if role["RoleName"] == f"AWSServiceRoleForAutoScaling_{options['custom_suffix']}":
            return {"description": role.get("Description", "")}
    return None


SUBJECT = Subject(
    module="iam_service_linked_role",
    key="service_linked_role",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
