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


def defaults(*parameters: dict[str, Any]) -> Call:
    """Return the expected call that reads what a new group of the family has."""
    answer = {"EngineDefaults": {"DBParameterGroupFamily": "postgres17", "Parameters": list(parameters)}}
    return ("describe_engine_default_parameters", {"DBParameterGroupFamily": "postgres17"}, answer)


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

DEFAULTS = defaults(parameter("rds.force_ssl", "0"), parameter("max_wal_senders", None, "static"))

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, dict[str, Any] | None]] = {
    # options, reads, writes (with the reads that follow them), changed, part of the returned group
    "create": (OPTIONS, [MISSING, DEFAULTS], [CREATE, modify(a=SENDERS, b=SSL), *read()], True, VALUES),
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
    predicted = run_module(rds_parameter_group, OPTIONS, [MISSING, DEFAULTS], check_mode=True).result["parameter_group"]
    assert set(predicted) == set(real)


def test_an_unknown_parameter_is_refused_in_check_mode_too(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "parameters": {"rds.force_ssl": 1, "max_wal_senders": 10, "max_coffee": 3}}
    message = run_module(rds_parameter_group, options, read(), check_mode=True).message
    assert "max_coffee" in message and NAME in message


def test_a_group_of_nothing_but_defaults(run_module: Callable[..., Any]) -> None:
    options = {"name": NAME, "family": "postgres17", "description": "Supabase", "tags": {"team": "platform"}}
    run_module(rds_parameter_group, options, [MISSING, CREATE, *bare_read()]).assert_made(True, "parameter_group", {})


UNUSABLE: dict[str, tuple[Any, dict[str, Any], str]] = {
    # value, what RDS tells besides, part of the message
    "fixed": ("on", {"IsModifiable": False}, "it cannot be set"),
    "too large": (9, {"DataType": "integer", "AllowedValues": "-1-8"}, "it is '9', but must be of -1-8"),
    "too small": (-2, {"DataType": "integer", "AllowedValues": "-1-8"}, "it is '-2', but must be of -1-8"),
    "no number": ("64MB", {"DataType": "integer", "AllowedValues": "0-8"}, "it is '64MB', but must be of 0-8"),
    "no fraction": ("half", {"DataType": "float", "AllowedValues": "0-1"}, "it is 'half', but must be of 0-1"),
    "no such word": ("loud", {"DataType": "string", "AllowedValues": "none,all"}, "it is 'loud', but must be of none"),
    "one of several": ("a,c", {"DataType": "string", "AllowedValues": "a,b"}, "it is 'a,c', but must be of a,b"),
}


@pytest.mark.parametrize("case", UNUSABLE)
@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_a_value_that_rds_refuses_is_told_before_anything_is_made(
    run_module: Callable[..., Any], case: str, check_mode: bool
) -> None:
    value, told, part = UNUSABLE[case]
    options = {"name": NAME, "family": "postgres17", "parameters": {"it": value}}
    steps = [MISSING, defaults({**parameter("it", None), **told})]
    assert part in run_module(rds_parameter_group, options, steps, check_mode=check_mode).message


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (0.5, {"DataType": "float", "AllowedValues": "0-1"}),
        (8, {"DataType": "integer", "AllowedValues": "anything"}),
        ("{DBInstanceClassMemory/32768}", {"DataType": "integer", "AllowedValues": "16-1073741823"}),
        ("a,b", {"DataType": "string", "AllowedValues": "a,b,c"}),
        ("mine", {"DataType": "string", "AllowedValues": "[a-z]+"}),
        (True, {"DataType": "boolean", "AllowedValues": "0,1"}),
    ],
)
def test_a_value_that_rds_may_take(run_module: Callable[..., Any], value: Any, told: dict[str, Any]) -> None:
    options = {"name": NAME, "family": "postgres17", "parameters": {"it": value}}
    steps = [MISSING, defaults({**parameter("it", None), **told})]
    assert run_module(rds_parameter_group, options, steps, check_mode=True).result["changed"] is True


def test_a_value_that_rds_made_another_of_is_told(run_module: Callable[..., Any]) -> None:
    steps = [*read(senders="5"), modify(a=SENDERS), *read(senders="12")]
    message = run_module(rds_parameter_group, OPTIONS, steps).message
    assert "max_wal_senders is '12' after it was set to '10'" in message


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
    after = ("describe_db_parameters", GROUP, {"Parameters": [parameter(name, "1") for name in names]})
    steps = [*described, *writes, described[0], after, described[2]]
    assert run_module(rds_parameter_group, options, steps).exit_code == 0
