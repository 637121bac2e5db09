# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject logs_resource_policy."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.integration.fuzz.subject import Clients, Options, Subject, Wishes

POLICIES = tuple(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "logs:PutLogEvents", "Resource": "*"},
        ],
    }
    for service in ("events.amazonaws.com", "delivery.logs.amazonaws.com")
)


def prepare(_clients: Clients) -> Options:
    return {}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def wishes(_world: Options) -> Wishes:
    return st.fixed_dictionaries({"policy": st.sampled_from(POLICIES)})


def observe(clients: Clients, options: Options) -> Options | None:
    pages = clients("logs").get_paginator("describe_resource_policies").paginate()
    policies = [policy for page in pages for policy in page["resourcePolicies"]]
    found = [policy for policy in policies if policy["policyName"] == options["name"]]
    return {"policy": json.loads(found[0]["policyDocument"])} if found else None


SUBJECT = Subject(
    module="logs_resource_policy",
    key="resource_policy",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
