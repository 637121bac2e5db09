# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject rds_parameter_group."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.integration.fuzz.subject import TAGS, Clients, Options, Subject, Wishes, some, tags_of

PARAMETERS = {
    "rds.force_ssl": ["0", "1"],
    "rds.logical_replication": ["1"],
    "max_wal_senders": ["12", "20"],
    "log_min_duration_statement": ["500", "-1"],
}


def prepare(_clients: Clients) -> Options:
    return {}


def place(_world: Options, text: str) -> Options:
    return {"name": f"fuzz-{text}", "family": "postgres17"}


def wishes(_world: Options) -> Wishes:
    one = {name: st.sampled_from(values) for name, values in PARAMETERS.items()}
    return some(parameters=st.fixed_dictionaries({}, optional=one), tags=TAGS)


def as_asked(wanted: Options, found: Options) -> Options:
    """Parameters that are not named are left alone."""
    named = wanted.get("parameters", {})
    return {**found, "parameters": {name: found["parameters"].get(name) for name in named}}


def observe(clients: Clients, options: Options) -> Options | None:
    rds = clients("rds")
    try:
        group = rds.describe_db_parameter_groups(DBParameterGroupName=options["name"])["DBParameterGroups"][0]
    except rds.exceptions.DBParameterGroupNotFoundFault:
        return None
    pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=options["name"])
    parameters = {item["ParameterName"]: item.get("ParameterValue") for page in pages for item in page["Parameters"]}
    tags = rds.list_tags_for_resource(ResourceName=group["DBParameterGroupArn"])["TagList"]
    return {"parameters": parameters, "tags": tags_of(tags)}


SUBJECT = Subject(
    module="rds_parameter_group",
    key="parameter_group",
    prepare=prepare,
    place=place,
    wishes=wishes,
    observe=observe,
    as_asked=as_asked,
)
