# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The difference, which decides what every module does."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Difference

Plain = dict[str, Any]

CASES: list[tuple[Plain | None, Plain | None, bool, bool, set[str], Plain, Plain]] = [
    # current, desired, creates, deletes, names, before, after
    (None, None, False, False, set(), {}, {}),
    (None, {"a": 1, "b": None}, True, False, set(), {}, {"a": 1}),
    ({"a": 1}, None, False, True, set(), {"a": 1}, {}),
    ({"a": 1, "c": 3}, {"a": 1}, False, False, set(), {"a": 1}, {"a": 1}),
    ({"a": 1}, {"a": 2}, False, False, {"a"}, {"a": 1}, {"a": 2}),
    ({"a": 1}, {"a": None}, False, False, set(), {}, {}),
    ({"a": [1]}, {"a": []}, False, False, {"a"}, {"a": [1]}, {"a": []}),
    ({"a": 1}, {"b": False}, False, False, {"b"}, {"b": None}, {"b": False}),
]


@pytest.mark.parametrize(("current", "desired", "creates", "deletes", "names", "before", "after"), CASES)
def test_decision(
    current: Plain | None,
    desired: Plain | None,
    creates: bool,
    deletes: bool,
    names: set[str],
    before: Plain,
    after: Plain,
) -> None:
    difference = Difference(current, desired)
    assert difference.creates is creates
    assert difference.deletes is deletes
    assert difference.names == names
    assert difference.changed is (creates or deletes or bool(names))
    assert difference.diff() == {"before": before, "after": after}


def test_prediction_of_a_new_resource_lays_the_wanted_values_over_the_unknown_ones() -> None:
    difference = Difference(None, {"a": 1, "b": None})
    assert difference.prediction({"a": 0, "id": "x-known-after-apply"}) == {"a": 1, "id": "x-known-after-apply"}


def test_prediction_of_an_existing_resource_keeps_what_is_not_compared() -> None:
    assert Difference({"a": 1, "id": "x-1"}, {"a": 2}).prediction({"id": "unknown"}) == {"a": 2, "id": "x-1"}


def test_touches_asks_for_any_of_the_names() -> None:
    difference = Difference({"a": 1, "b": 1}, {"a": 2, "b": 1})
    assert difference.touches("a", "b")
    assert not difference.touches("b")
    assert not Difference(None, {"a": 2}).touches("a")


def test_desired_leaves_out_what_is_left_alone() -> None:
    assert Difference(None, {"a": 1, "b": None}).desired("a", "b", "c") == {"a": 1}


def test_refusal_names_field_values_and_remedy() -> None:
    with pytest.raises(AnsibleAWSError) as refusal:
        Difference({"a": "old"}, {"a": "new"}).refuse_change("a", "Make another one.")
    assert str(refusal.value) == "a is 'old' and cannot be changed to 'new' on an existing resource. Make another one."


@pytest.mark.parametrize("desired", ["old", None, "role-known-after-apply"])
def test_no_refusal_without_a_certain_difference(desired: str | None) -> None:
    Difference({"a": "old"}, {"a": desired}).refuse_change("a", "Make another one.")
