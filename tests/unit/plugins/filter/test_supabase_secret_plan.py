# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters secret_fingerprints and supabase_secret_plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.filter import secret_fingerprints, supabase_secret_plan

KEY = "a-key-that-is-a-secret-itself"
BASE = {"supastack:environment": "production"}
NAMES = {"SUPABASE_DB": "production-supabase-db", "MY_TOKEN": "production-my-token"}


def fingerprints(sources: dict[str, Any], **arguments: Any) -> dict[str, str]:
    """Call the filter as Ansible does, by its name."""
    return secret_fingerprints.FilterModule().filters()["secret_fingerprints"](sources, **arguments)


def plan(found: list[dict[str, Any]], sources: dict[str, str] | None = None, **arguments: Any) -> list[dict[str, Any]]:
    """Call the filter as Ansible does, by its name."""
    function = supabase_secret_plan.FilterModule().filters()["supabase_secret_plan"]
    return function(NAMES, **{"found": found, "sources": sources or {}, "tags": BASE, **arguments})


def applied(tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the secrets that there are when a plan was carried out."""
    return [{"name": task["name"], "tags": task["tags"]} for task in tasks]


def test_a_ciphertext_is_told_from_another_but_not_by_its_white_space() -> None:
    first, folded, other = fingerprints({"A": "AQICAHh", "B": "AQIC\n  AHh\n", "C": "AQICAHi"}).values()
    assert first == folded != other
    assert first.startswith("ciphertext:")
    assert len(first) < 256


def test_a_value_is_told_from_another_by_who_has_the_key() -> None:
    first = fingerprints({"A": {"x": "1", "y": "2"}, "B": {"x": "1", "y": "2"}}, key=KEY)
    assert first == fingerprints({"A": {"y": "2", "x": "1"}, "B": {"y": "2", "x": "1"}}, key=KEY)
    assert first["A"] != first["B"]
    assert first["A"] != fingerprints({"A": {"x": "1", "y": "3"}}, key=KEY)["A"]
    assert first["A"] != fingerprints({"A": {"x": "1", "y": "2"}}, key=f"{KEY}2")["A"]
    assert first["A"].startswith("value:")


def test_without_its_key_a_fingerprint_is_not_known() -> None:
    assert fingerprints({"A": "x"}, key="") == {"A": "value:known-after-apply"}


def test_what_does_not_exist_is_written_with_its_source() -> None:
    database, token = plan([], {"MY_TOKEN": "value:1"})
    assert database | {"tags": None} == {
        "key": "SUPABASE_DB",
        "name": "production-supabase-db",
        "exists": False,
        "given": False,
        "write": True,
        "tags": None,
    }
    assert len(database["tags"].pop("supastack:keys")) == 8
    assert database["tags"] == {**BASE, "supastack:source": "generated"}
    assert token["given"] is True
    assert token["tags"] == {**BASE, "supastack:source": "value:1"}


@pytest.mark.parametrize("sources", [{}, {"SUPABASE_DB": "ciphertext:1", "MY_TOKEN": "value:1"}])
def test_what_was_written_is_left_alone(sources: dict[str, str]) -> None:
    assert plan(applied(plan([], sources)), sources) == []


def test_a_secret_keeps_the_source_that_is_given_no_longer() -> None:
    assert plan(applied(plan([], {"SUPABASE_DB": "ciphertext:1"}))) == []


def test_a_changed_source_is_written() -> None:
    (task,) = plan(applied(plan([], {"SUPABASE_DB": "ciphertext:1"})), {"SUPABASE_DB": "ciphertext:2"})
    assert (task["key"], task["exists"], task["given"], task["write"]) == ("SUPABASE_DB", True, True, True)
    assert task["tags"]["supastack:source"] == "ciphertext:2"


def test_other_tags_alone_write_no_value() -> None:
    tasks = plan(applied(plan([])), tags={**BASE, "team": "platform"})
    assert [(task["write"], task["given"]) for task in tasks] == [(False, False), (False, False)]


def test_a_secret_of_an_older_release_is_completed() -> None:
    (task,) = plan([*applied(plan([]))[1:], {"name": NAMES["SUPABASE_DB"], "tags": BASE}])
    assert (task["key"], task["given"], task["write"]) == ("SUPABASE_DB", False, True)


def test_what_another_version_signed_is_written() -> None:
    found = applied(plan([], signed_by="version-1"))
    assert plan(found, signed_by="version-1") == []
    tasks = plan(found, signed_by="version-2")
    assert [(task["write"], task["tags"]["supastack:signed-by"]) for task in tasks] == [(True, "version-2")] * 2
