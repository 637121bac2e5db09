# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter helm_values_errors."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.filter.helm_values_errors import FilterModule

# As Ansible finds it, by its name.
helm_values_errors = FilterModule().filters()["helm_values_errors"]
DEFAULTS: dict[str, Any] = {"rest": {"pool": 10, "limits": {"cpu": 1}}}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["rest"],
    "properties": {
        "rest": {
            "type": "object",
            "required": ["pool"],
            "properties": {
                "pool": {"type": "integer", "minimum": 1},
                "limits": {"type": "object"},
                "schemas": {"items": {"type": "string"}},
            },
        }
    },
}


def errors(values: dict[str, Any]) -> list[str]:
    """What the schema refuses of values over DEFAULTS."""
    found: list[str] = helm_values_errors(values, DEFAULTS, SCHEMA)
    return found


@pytest.mark.parametrize(
    "values", [{}, {"rest": {}}, {"rest": {"pool": 5, "schemas": ["public"]}}, {"rest": {"limits": {"cpu": None}}}]
)
def test_what_the_schema_accepts_has_no_errors(values: dict[str, Any]) -> None:
    assert errors(values) == []


def test_every_place_is_told_in_order() -> None:
    assert errors({"rest": {"schemas": ["public", 2], "pool": 0}, "surprise": 1}) == [
        "Additional properties are not allowed ('surprise' was unexpected)",
        "rest.pool: 0 is less than the minimum of 1",
        "rest.schemas.1: 2 is not of type 'string'",
    ]


def test_null_removes_a_default_as_helm_does() -> None:
    assert errors({"rest": {"limits": None, "schemas": None}}) == []
    assert errors({"rest": {"pool": None}}) == ["rest: 'pool' is a required property"]


def test_defaults_stay_as_they_are() -> None:
    errors({"rest": {"limits": None, "pool": 5}})
    assert DEFAULTS == {"rest": {"pool": 10, "limits": {"cpu": 1}}}


def test_mapping_takes_the_place_of_what_is_none() -> None:
    assert errors({"rest": {"pool": {"size": 1}}}) == ["rest.pool: {'size': 1} is not of type 'integer'"]


def test_draft_is_the_one_that_the_schema_names() -> None:
    schema = {"properties": {"list": {"prefixItems": [{"type": "string"}]}}}
    values = {"list": [1]}
    assert helm_values_errors(values, {}, {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    # Before that draft there was no such keyword, so nothing is refused.
    assert helm_values_errors(values, {}, {"$schema": "http://json-schema.org/draft-07/schema#", **schema}) == []


def test_long_value_does_not_fill_the_message() -> None:
    (line,) = errors({"rest": {"pool": "a" * 10000}})
    assert line.startswith("rest.pool: 'aaa")
    assert len(line) < 400
