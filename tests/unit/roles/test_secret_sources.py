# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which secrets a run finds, writes and publishes, and when the database gets its password again."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.unit.roles.templating import CHECKOUT, evaluate, render, trusted

BASE = {
    "supabase_environment": "demo",
    "supabase_aws_region": "eu-west-1",
    "supabase_account_id": "123456789012",
    "ansible_check_mode": False,
    "__kms_secrets_sources": {},
    "kms_secrets_database_going": False,
    "kms_secrets_buckets_going": [],
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


MARK = {"supastack:deleted-by": "kms_secrets"}
OWN: dict[str, Any] = {"supastack:environment": "demo"}
OTHER: dict[str, Any] = {"supastack:environment": "demo-two"}


def test_what_the_role_gave_up_is_taken_back_and_then_no_longer_to_be_written() -> None:
    names = ["demo-supabase-db", "demo-supabase-smtp", "demo-old", "demo-supabase-fingerprint"]
    known = {"__kms_secrets_found": found(*names, dying=True, **MARK)}
    assert role("__kms_secrets_dying", **known) == []
    assert role("__kms_secrets_given_up | map(attribute='name')", **known) == [names[0], names[1], names[3]]
    assert role("__kms_secrets_keys", **known)[-2:] == ["SUPABASE_SMTP", "SUPABASE_API_KEYS"]
    for check_mode, compared in ((False, ["SUPABASE_DB"]), (True, [])):
        values = {"kms_secrets_values": {"SUPABASE_DB": "x"}, "ansible_check_mode": check_mode}
        assert role("__kms_secrets_compared_values | list", **known, **values) == compared


def using(kind: str, name: str, owner: str = "demo", **more: Any) -> dict[str, Any]:
    """Return something that the key encrypts."""
    tags = {"supastack:environment": owner} if owner else {}
    return {"type": kind, "name": name, "arn": f"arn:{name}", "tags": tags} | {
        "empty": None,
        "of_instance": None,
        "problem": None,
        **more,
    }


USERS = [
    using("secret", "demo-supabase-db"),
    using("log_group", "own-logs"),
    using("sns_topic", "own-topic"),
    using("rds_instance", "demo-supabase"),
    using("rds_snapshot", "rds:demo", of_instance="demo-supabase"),
    using("rds_snapshot", "final"),
    using("s3_bucket", "full", empty=False),
    using("s3_bucket", "empty", empty=True),
    using("s3_bucket", "closed", "", problem="AccessDenied: no."),
    using("log_group", "strange-logs", ""),
    using("rds_instance", "demo-two-supabase", "demo-two"),
    using("secret", "demo-two-supabase-db", "demo-two"),
]
ALWAYS_REFUSED = ["final", "closed", "strange-logs", "demo-two-supabase", "demo-two-supabase-db"]
OF_DATABASE = ["demo-supabase", "rds:demo"]
GONE = {"__kms_secrets_all_else_is_gone": True}


@pytest.mark.parametrize(
    ("variables", "refused"),
    [
        ({}, [*OF_DATABASE, "full", *ALWAYS_REFUSED]),
        ({"kms_secrets_database_going": True}, ["full", *ALWAYS_REFUSED]),
        ({"kms_secrets_buckets_going": ["full", "own-logs"]}, [*OF_DATABASE, *ALWAYS_REFUSED]),
        (
            {"kms_secrets_users_going": ["final", "arn:full", "arn:strange-logs"]},
            [*OF_DATABASE, "closed", *ALWAYS_REFUSED[3:]],
        ),
        (GONE, ["own-logs", "own-topic", *OF_DATABASE, "full", "empty", *ALWAYS_REFUSED]),
    ],
    ids=["all before it", "without a last snapshot", "with objects", "named", "all behind it"],
)
def test_the_key_stays_for_what_stays(variables: dict[str, Any], refused: list[str]) -> None:
    known = {"__kms_secrets_usage": {"users": USERS}, **variables}
    assert set(role("__kms_secrets_blockers | map(attribute='name')", **known)) == set(refused)


def test_a_refusal_names_everything_with_its_way_out() -> None:
    known = {"__kms_secrets_usage": {"users": USERS}}
    text = " ".join(role("__kms_secrets_blocker_lines", **known).split())
    assert "rds_instance demo-supabase: set rds_skip_final_snapshot to true" in text
    assert "s3_bucket full: set s3_force_destroy to true" in text
    assert "for that of the trail observability_force_destroy_trail." in text
    assert "aws rds delete-db-snapshot --db-snapshot-identifier final." in text
    assert "s3_bucket closed could not be looked at (AccessDenied: no): let these credentials read it" in text
    assert "rds_instance demo-two-supabase: restore it from a snapshot" in text
    assert "--secret-id arn:demo-two-supabase-db " in text
    # Asked for nothing, or when the key is gone, nothing is looked for.
    assert role("__kms_secrets_blockers", __kms_secrets_usage={"skipped": True}) == []


@pytest.mark.parametrize(
    ("state", "owner", "living", "strange"),
    [
        ("Enabled", "demo", 1, 0),
        ("PendingDeletion", "demo", 0, 0),
        ("Enabled", "demo-two", 1, 1),
        ("Disabled", "", 1, 1),
    ],
)
def test_only_a_key_of_the_environment_goes_and_only_once(state: str, owner: str, living: int, strange: int) -> None:
    tags = {"supastack:environment": owner} if owner else {}
    keys = {"kms_keys": [{"key_arn": "arn:key", "key_state": state, "tags": tags}]}
    assert role("__kms_secrets_living_keys | length", __kms_secrets_found_key=keys) == living
    assert role("__kms_secrets_strange_keys | length", __kms_secrets_found_key=keys) == strange


def test_secrets_of_the_environment_go_and_only_once() -> None:
    secrets = [
        *found("b", "a", **OWN)["secrets"],
        *found("gone", dying=True, **OWN)["secrets"],
        *found("c", **OTHER)["secrets"],
        *found("d")["secrets"],
    ]
    assert role("__kms_secrets_leaving", __kms_secrets_found={"secrets": secrets}) == ["a", "b"]


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


def tasks(file: str) -> list[dict[str, Any]]:
    """Return the tasks of a file of the role."""
    return list(yaml.safe_load((CHECKOUT / "roles" / "kms_secrets" / "tasks" / file).read_text(encoding="utf-8")))


def asked(task: dict[str, Any], **variables: Any) -> tuple[bool, str]:
    """Return whether an assertion holds, and its message, which Ansible evaluates in both cases."""
    known = {**BASE, "__kms_secrets_found": found(), **task.get("vars", {}), **variables}
    condition = "{{ " + task["ansible.builtin.assert"]["that"] + " }}"
    told = render("kms_secrets", [condition, task["ansible.builtin.assert"]["fail_msg"]], **trusted(known))
    return told[0], " ".join(told[1].split())


NO_KEY: dict[str, Any] = {"__kms_secrets_found_key": {"kms_keys": []}}
KEY = {"key_arn": "arn:aws:kms:eu-west-1:123456789012:key/1234", "key_id": "1234"}


@pytest.mark.parametrize("state", [None, "Enabled", "Creating"])
def test_with_nothing_wrong_nothing_is_refused(state: str | None) -> None:
    keys = {"__kms_secrets_found_key": {"kms_keys": [{**KEY, "key_state": state}] if state else []}}
    assert [asked(task, **keys)[0] for task in tasks("check.yml")] == [True] * 4


@pytest.mark.parametrize(("state", "way"), [("Disabled", "enable-key"), ("PendingDeletion", "cancel-key-deletion")])
def test_a_key_that_cannot_be_used_is_refused_with_the_way_out(state: str, way: str) -> None:
    fine, message = asked(tasks("check.yml")[0], __kms_secrets_found_key={"kms_keys": [{**KEY, "key_state": state}]})
    assert not fine
    assert f"aws kms {way} --key-id 1234" in message
    assert ("aws kms enable-key with the same id" in message) is (state == "PendingDeletion")


def test_a_deleted_secret_is_refused_with_the_way_out() -> None:
    fine, message = asked(tasks("check.yml")[1], __kms_secrets_found=found("demo-supabase-db", dying=True), **NO_KEY)
    assert not fine
    assert "restore-secret --secret-id demo-supabase-db" in message


def test_a_ciphertext_without_a_key_is_refused() -> None:
    fine, message = asked(tasks("check.yml")[2], kms_secrets_ciphertexts={"SUPABASE_DB": "AQIC"}, **NO_KEY)
    assert not fine
    assert "has SUPABASE_DB, but there is no key alias/demo-supabase in eu-west-1" in message


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_published(check_mode: bool) -> None:
    task = tasks("publish.yml")[0]
    known = {**BASE, **NO_KEY, **task["vars"], "ansible_check_mode": check_mode}
    known["__kms_secrets_found"] = {"secrets": [{**found("demo-supabase-db")["secrets"][0], "arn": "arn:of-it"}]}
    published = render("kms_secrets", task["ansible.builtin.set_fact"]["kms_secrets_outputs"], **trusted(known))
    assert list(published["secret_names"]) == ALWAYS
    assert published["secret_arns"]["SUPABASE_DB"] == "arn:of-it"
    assert published["secret_arns"]["SUPABASE_JWT"].endswith(":secret:demo-supabase-jwt-known-after-apply")
    version = "version-known-after-apply" if check_mode else "version-of-demo-supabase-db"
    assert published["secret_versions"]["SUPABASE_DB"] == version
    assert published["secret_versions"]["SUPABASE_JWT"] == "version-known-after-apply"


def test_a_generated_secret_has_its_text() -> None:
    item = {"key": "SUPABASE_DB", "name": "demo-supabase-db", "exists": False, "given": False}
    assert set(json.loads(role("__kms_secrets_item_text", item=item))) == {"username", "password"}
    brought = {"item": {**item, "given": True}, "kms_secrets_values": {"SUPABASE_DB": "correct-horse"}}
    assert json.loads(role("__kms_secrets_item_text", **brought))["password"] == "correct-horse"
