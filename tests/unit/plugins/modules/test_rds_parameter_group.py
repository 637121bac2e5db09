# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module rds_parameter_group."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import rds_parameter_group

NAME = "production-postgres17"
ARN = f"arn:aws:rds:eu-west-1:123456789012:pg:{NAME}"
GROUP = {"DBParameterGroupName": NAME}
OPTIONS: dict[str, Any] = {
    "name": NAME,
    "family": "postgres17",
    "description": "Supabase",
    "parameters": {"rds.force_ssl": True, "max_wal_senders": 10},
    "tags": {"team": "platform"},
}
ABSENT = {"name": NAME, "state": "absent"}
MISSING = ("describe_db_parameter_groups", GROUP, "DBParameterGroupNotFound: none")
Call = tuple[str, dict[str, Any], Any]


def parameter(name: str, value: str | None, kind: str = "dynamic", modifiable: bool = True) -> dict[str, Any]:
    """Return a parameter as RDS describes it; None stands for the engine's default."""
    described = {"ParameterName": name, "ApplyType": kind, "IsModifiable": modifiable}
    return described if value is None else {**described, "ParameterValue": value}


def read(
    ssl: str | None = "1", senders: str | None = "10", family: str = "postgres17", tag: str | None = "platform"
) -> list[Call]:
    """Return the expected calls that read a group with its parameters on two pages."""
    group = {**GROUP, "DBParameterGroupArn": ARN, "DBParameterGroupFamily": family, "Description": "Supabase"}
    static = parameter("max_wal_senders", senders, "static")
    return [
        ("describe_db_parameter_groups", GROUP, {"DBParameterGroups": [group]}),
        ("describe_db_parameters", GROUP, {"Parameters": [parameter("rds.force_ssl", ssl)], "Marker": "next"}),
        ("describe_db_parameters", {**GROUP, "Marker": "next"}, {"Parameters": [static, parameter("other", "x")]}),
        ("list_tags_for_resource", {"ResourceName": ARN}, {"TagList": [{"Key": "team", "Value": tag}] if tag else []}),
    ]


def bare_read() -> list[Call]:
    """Return the expected calls that read a group of which no parameter is asked for."""
    return [call for call in read() if call[0] != "describe_db_parameters"]


def modify(**methods: tuple[str, str, str]) -> Call:
    """Return the expected ModifyDBParameterGroup call, from (name, value, apply method)."""
    changes = [{"ParameterName": n, "ParameterValue": v, "ApplyMethod": m} for n, v, m in methods.values()]
    return ("modify_db_parameter_group", {**GROUP, "Parameters": changes}, {})


SENDERS = ("max_wal_senders", "10", "pending-reboot")
SSL = ("rds.force_ssl", "1", "immediate")
CREATE: Call = (
    "create_db_parameter_group",
    {
        **GROUP,
        "DBParameterGroupFamily": "postgres17",
        "Description": "Supabase",
        "Tags": [{"Key": "team", "Value": "platform"}],
    },
    {},
)
UNTAG: Call = ("remove_tags_from_resource", {"ResourceName": ARN, "TagKeys": ["team"]}, {})
RETAG: list[Call] = [
    ("add_tags_to_resource", {"ResourceName": ARN, "Tags": [{"Key": "team", "Value": "platform"}]}, {}),
]
VALUES = {"parameters": {"rds.force_ssl": "1", "max_wal_senders": "10"}, "tags": {"team": "platform"}, "name": NAME}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned group
    "create": (OPTIONS, [MISSING], [CREATE, *read("0", None), modify(a=SENDERS, b=SSL), *read()], True, VALUES),
    "no-op": (OPTIONS, read(), [], False, {**VALUES, "arn": ARN, "family": "postgres17"}),
    "update": (OPTIONS, read(senders="5", tag="x"), [*RETAG, modify(a=SENDERS), *read()], True, VALUES),
    "clear tags": ({**OPTIONS, "tags": {}}, read(), [UNTAG, *read(tag=None)], True, {**VALUES, "tags": {}}),
    "delete": (ABSENT, bare_read(), [("delete_db_parameter_group", GROUP, {})], True, None),
    "delete missing": (ABSENT, [MISSING], [], False, None),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, group = MATRIX[case]
    outcome = run_module(rds_parameter_group, options, reads if check_mode else reads + writes, check_mode=check_mode)
    outcome.assert_made(changed, "parameter_group", group)


def test_prediction_has_the_keys_of_a_real_group(run_module: Callable[..., Any]) -> None:
    real = run_module(rds_parameter_group, OPTIONS, read()).result["parameter_group"]
    predicted = run_module(rds_parameter_group, OPTIONS, [MISSING], check_mode=True).result["parameter_group"]
    assert set(predicted) == set(real)


def test_an_unknown_parameter_is_refused_in_check_mode_too(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "parameters": {"rds.force_ssl": 1, "max_wal_senders": 10, "max_coffee": 3}}
    message = run_module(rds_parameter_group, options, read(), check_mode=True).message
    assert "max_coffee" in message and NAME in message


def test_another_family_is_refused(run_module: Callable[..., Any]) -> None:
    message = run_module(rds_parameter_group, OPTIONS, read(family="postgres16")).message
    assert all(part in message for part in ("family", "'postgres16'", "'postgres17'"))


def test_more_parameters_than_one_call_takes(run_module: Callable[..., Any]) -> None:
    names = [f"p{number:02}" for number in range(21)]
    described: list[Call] = [
        bare_read()[0],
        ("describe_db_parameters", GROUP, {"Parameters": [parameter(name, None) for name in names]}),
        bare_read()[1],
    ]
    changes = [{"ParameterName": name, "ParameterValue": "1", "ApplyMethod": "immediate"} for name in names]
    writes: list[Call] = [
        ("modify_db_parameter_group", {**GROUP, "Parameters": changes[:20]}, {}),
        ("modify_db_parameter_group", {**GROUP, "Parameters": changes[20:]}, {}),
    ]
    options = {"name": NAME, "family": "postgres17", "parameters": dict.fromkeys(names, 1)}
    assert run_module(rds_parameter_group, options, [*described, *writes, *described]).exit_code == 0
