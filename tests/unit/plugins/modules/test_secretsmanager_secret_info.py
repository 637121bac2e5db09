# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module secretsmanager_secret_info."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.modules import secretsmanager_secret_info

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:production-supabase-db-AbCdEf"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
VERSION = "01234567-89ab-cdef-0123-456789abcdef"
NAMES = {"names": ["production-supabase-db", "production-supabase-jwt"]}
MISSING = ("describe_secret", {"SecretId": "production-supabase-jwt"}, "ResourceNotFoundException: none")


def described(**extra: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the expected DescribeSecret call of the secret that exists."""
    answer = {"ARN": ARN, "Name": "production-supabase-db", "Tags": [{"Key": "team", "Value": "platform"}], **extra}
    return ("describe_secret", {"SecretId": "production-supabase-db"}, answer)


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_tells_what_exists_and_never_the_value(run_module: Callable[..., Any], check_mode: bool) -> None:
    versions = {"0" * 32: ["AWSPREVIOUS"], VERSION: ["OURS", "AWSCURRENT"]}
    steps = [described(KmsKeyId=KEY, VersionIdsToStages=versions), MISSING]
    outcome = run_module(secretsmanager_secret_info, NAMES, steps, check_mode=check_mode)
    assert outcome.result["changed"] is False
    assert outcome.result["secrets"] == [
        {
            "arn": ARN,
            "name": "production-supabase-db",
            "kms_key_id": KEY,
            "version_id": VERSION,
            "scheduled_for_deletion": False,
            "tags": {"team": "platform"},
        }
    ]


def test_a_secret_without_a_value_has_no_version(run_module: Callable[..., Any]) -> None:
    outcome = run_module(secretsmanager_secret_info, NAMES, [described(), MISSING])
    assert outcome.result["secrets"][0]["version_id"] == ""


def test_a_secret_in_its_recovery_window_is_marked(run_module: Callable[..., Any]) -> None:
    steps = [described(DeletedDate=datetime(2026, 11, 23)), MISSING]
    assert run_module(secretsmanager_secret_info, NAMES, steps).result["secrets"][0]["scheduled_for_deletion"] is True


def test_secrets_are_found_by_all_their_tags_and_each_once(run_module: Callable[..., Any]) -> None:
    def listed(name: str, **tags: str) -> dict[str, Any]:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        dates = {"DeletedDate": datetime(2026, 11, 23), "SecretVersionsToStages": {VERSION: ["AWSCURRENT"]}}
        return {"ARN": f"{ARN[:-21]}{name}-AbCdEf", "Name": name, "Tags": pairs, **dates}

    known = {**listed("x", team="platform", size="1"), "ARN": ARN}
    secrets = [
        known,
        listed("other", team="platform", size="2"),
        listed("none"),
        listed("old", team="platform", size="1"),
    ]
    request = {"Filters": [{"Key": "tag-key", "Values": ["team"]}], "IncludePlannedDeletion": True}
    steps = [described(), MISSING, ("list_secrets", request, {"SecretList": secrets})]
    options = {**NAMES, "tags": {"team": "platform", "size": 1}}
    found = run_module(secretsmanager_secret_info, options, steps).result["secrets"]
    assert [secret["name"] for secret in found] == ["production-supabase-db", "old"]
    assert (found[1]["version_id"], found[1]["scheduled_for_deletion"]) == (VERSION, True)
    found = run_module(secretsmanager_secret_info, {"tags": {"team": "data"}}, steps[2:]).result["secrets"]
    assert found == []


def test_another_error_names_the_secret(run_module: Callable[..., Any]) -> None:
    steps = [("describe_secret", {"SecretId": "production-supabase-db"}, "AccessDeniedException: no")]
    assert "describe the secret production-supabase-db" in run_module(secretsmanager_secret_info, NAMES, steps).message
