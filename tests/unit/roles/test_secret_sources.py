# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which secrets a run finds, writes and publishes, and when the database gets its password again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.roles.templating import evaluate

BASE = {
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "supabase_account_id": "123456789012",
    "ansible_check_mode": False,
    "__kms_secrets_sources": {},
}
ALWAYS = [
    "SUPABASE_DB",
    "SUPABASE_DB_ROLES",
    "SUPABASE_JWT",
    "SUPABASE_DASHBOARD",
    "SUPABASE_REALTIME",
    "SUPABASE_S3_PROTOCOL",
    "SUPABASE_API_KEYS",
]


def found(*names: str, dying: bool = False, **tags: str) -> dict[str, Any]:
    """Return the result of the task that finds secrets."""
    secrets = [
        {"name": name, "version_id": f"version-of-{name}", "scheduled_for_deletion": dying, "tags": tags}
        for name in names
    ]
    return {"secrets": secrets}


def role(expression: str, **variables: Any) -> Any:
    """Return what an expression of the role is."""
    return evaluate("kms_secrets", expression, **{**BASE, "__kms_secrets_found": found(), **variables})


def test_without_anything_all_but_the_mail_server_is_made() -> None:
    assert role("__kms_secrets_keys") == ALWAYS
    assert [task["key"] for task in role("__kms_secrets_plan + __kms_secrets_signed_plan")] == ALWAYS


@pytest.mark.parametrize(
    "variables",
    [
        {"kms_secrets_values": {"SUPABASE_SMTP": {}}},
        {"kms_secrets_ciphertexts": {"SUPABASE_SMTP": "AQIC"}},
        {"__kms_secrets_found": found("demo-supabase-smtp")},
    ],
)
def test_the_mail_server_is_a_secret_when_somebody_gave_it(variables: dict[str, Any]) -> None:
    assert set(role("__kms_secrets_names", **variables).items()) >= {("SUPABASE_SMTP", "demo-supabase-smtp")}
    assert role("__kms_secrets_keys", **variables)[-1] == "SUPABASE_API_KEYS"


def test_one_that_somebody_deleted_is_none_and_stands_in_nobodys_way() -> None:
    gone = found("demo-supabase-smtp", dying=True)
    assert role("__kms_secrets_keys", __kms_secrets_found=gone) == ALWAYS
    assert role("__kms_secrets_dying", __kms_secrets_found=gone) == []


@pytest.mark.parametrize("name", ["demo-supabase-db", "demo-supabase-fingerprint"])
def test_one_that_is_needed_does(name: str) -> None:
    assert role("__kms_secrets_dying", __kms_secrets_found=found(name, dying=True)) == [name]


def test_only_ciphertexts_that_were_not_written_are_opened() -> None:
    texts = {"SUPABASE_DB": "AQIC", "SUPABASE_JWT": "AQID"}
    given = {"kms_secrets_ciphertexts": texts}
    source = role("(kms_secrets_ciphertexts | supastack.aws.secret_fingerprints).SUPABASE_DB", **given)
    known = found("demo-supabase-db", **{"supastack:source": source})
    assert role("__kms_secrets_new_ciphertexts", **given, __kms_secrets_found=known) == ["SUPABASE_JWT"]


def test_check_mode_knows_no_version_of_what_is_to_be_written() -> None:
    known = found("demo-supabase-jwt")
    assert role("__kms_secrets_jwt_version", __kms_secrets_found=known) == "version-of-demo-supabase-jwt"
    predicted = role("__kms_secrets_jwt_version", __kms_secrets_found=known, ansible_check_mode=True)
    assert predicted == "version-known-after-apply"


def test_the_last_look_counts() -> None:
    known = {"__kms_secrets_found": found(), "__kms_secrets_stored": {"skipped": True}}
    assert role("__kms_secrets_described", **known) == []
    known["__kms_secrets_stored"] = found("demo-supabase-db")
    assert role("__kms_secrets_described", **known) == found("demo-supabase-db")["secrets"]
    made = found("demo-supabase-db", "demo-supabase-api-keys")
    assert role("__kms_secrets_described", **known, __kms_secrets_made=made) == made["secrets"]


@pytest.mark.parametrize(
    ("instances", "due"),
    [
        ([], True),
        ([{"tags": {}}], True),
        ([{"tags": {"supastack:secret-version": "version-1"}}], True),
        ([{"tags": {"supastack:secret-version": "version-2"}}], False),
    ],
    ids=["new", "of an older release", "another version", "this version"],
)
def test_the_database_gets_its_password_when_it_has_another_version(instances: list[Any], due: bool) -> None:
    variables = {"__rds_found": {"instances": instances}, "rds_master_secret_version": "version-2"}
    assert evaluate("rds", "__rds_password_due", **BASE, **variables) is due
