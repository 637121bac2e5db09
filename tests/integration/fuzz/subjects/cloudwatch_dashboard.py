# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject cloudwatch_dashboard."""

from __future__ import annotations

import json

from hypothesis import strategies as st

from tests.integration.fuzz.subject import Clients, Options, Subject, Wishes

TEXT = {"type": "text", "x": 0, "y": 0, "width": 6, "height": 2, "properties": {"markdown": "hello"}}


def prepare(_clients: Clients) -> Options:
    return {}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}"}


def wishes(_world: Options) -> Wishes:
    bodies = st.sampled_from([{"widgets": []}, {"widgets": [TEXT]}, {"widgets": [TEXT], "start": "-PT3H"}])
    return st.fixed_dictionaries({"body": bodies})


def observe(clients: Clients, options: Options) -> Options | None:
    cloudwatch = clients("cloudwatch")
    entries = cloudwatch.list_dashboards(DashboardNamePrefix=options["name"])["DashboardEntries"]
    if options["name"] not in [entry["DashboardName"] for entry in entries]:
        return None
    return {"body": json.loads(cloudwatch.get_dashboard(DashboardName=options["name"])["DashboardBody"])}


SUBJECT = Subject(
    module="cloudwatch_dashboard",
    key="dashboard",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
)
