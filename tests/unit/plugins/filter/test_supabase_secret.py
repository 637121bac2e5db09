# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter supabase_secret, its tokens verified with PyJWT, which shares no code with it."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt as pyjwt
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter import supabase_keys
from ansible_collections.supastack.aws.plugins.filter import supabase_secret as plugin
from ansible_collections.supastack.aws.plugins.plugin_utils._supabase_secrets import MEMBERS, rule_problem

GENERATED = [name for name in MEMBERS if name not in ("SUPABASE_API_KEYS", "SUPABASE_SMTP")]
SECRET = "correct-horse-battery-staple-and-more"


def complete(name: str, **arguments: Any) -> str:
    """Call the filter as Ansible does, by its name."""
    return plugin.FilterModule().filters()["supabase_secret"](name, **arguments)


def keys(text: str) -> dict[str, str]:
    """Return the JSON keys of a secret."""
    found = json.loads(text)
    assert all(isinstance(value, str) for value in found.values())
    return dict(found)


@pytest.fixture
def jwt() -> str:
    return complete("SUPABASE_JWT")


@pytest.fixture
def api_keys(jwt: str) -> str:
    return complete("SUPABASE_API_KEYS", jwt=jwt)


@pytest.mark.parametrize("name", GENERATED)
def test_without_a_source_all_is_generated(name: str) -> None:
    found = keys(complete(name))
    assert set(found) == set(MEMBERS[name])
    assert rule_problem(name, found) == ""
    assert complete(name) != complete(name)


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_stored_stays_as_it_is(name: str) -> None:
    stored = json.dumps(json.loads(complete(name)), indent=2)
    assert complete(name, stored=stored) == stored


def test_the_generators_make_the_keys_that_are_known() -> None:
    assert set(supabase_keys.GENERATORS) == set(GENERATED)
    assert set(supabase_keys.DATABASE_ROLES) == set(MEMBERS["SUPABASE_DB_ROLES"])


def test_a_bare_text_is_the_password_of_the_database() -> None:
    assert keys(complete("SUPABASE_DB", given="s3cret-pass")) == {"username": "postgres", "password": "s3cret-pass"}


def test_a_bare_text_that_is_stored_becomes_json() -> None:
    assert keys(complete("SUPABASE_DB", stored="s3cret-pass")) == {"username": "postgres", "password": "s3cret-pass"}


def test_keys_that_nobody_knows_stay_and_missing_ones_come() -> None:
    stored = '{"authenticator": "stored-password", "reporting": "of-somebody-else"}'
    found = keys(complete("SUPABASE_DB_ROLES", given={"supabase_admin": "given-password"}, stored=stored))
    assert found["authenticator"] == "stored-password"
    assert found["reporting"] == "of-somebody-else"
    assert found["supabase_admin"] == "given-password"
    assert set(found) == {*MEMBERS["SUPABASE_DB_ROLES"], "reporting"}


def test_a_given_secret_is_not_completed_where_nobody_can() -> None:
    smtp = dict.fromkeys(MEMBERS["SUPABASE_SMTP"], "x") | {"port": 587}
    assert keys(complete("SUPABASE_SMTP", given=smtp))["port"] == "587"


@pytest.mark.parametrize("text", ["any text, {{ no template }}", "[1, 2]", "12"])
def test_text_of_a_secret_of_the_users_own_stays_text(text: str) -> None:
    assert complete("MY_TOKEN", given=text, stored="{}") == text


def test_json_of_a_secret_of_the_users_own_is_merged() -> None:
    assert keys(complete("MY_TOKEN", given='{"a": "1"}', stored='{"b": "2"}')) == {"a": "1", "b": "2"}
    assert keys(complete("MY_TOKEN", given={"a": "1"}, stored="text")) == {"a": "1"}


def symmetric_key(document: str) -> str:
    """Return the HS256 secret in a set of keys."""
    found = json.loads(document)
    entries = found["keys"] if isinstance(found, dict) else found
    (key,) = [entry["k"] for entry in entries if entry["kty"] == "oct"]
    return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)).decode()


def test_another_jwt_secret_is_in_both_sets_and_the_signing_key_stays(jwt: str) -> None:
    found = keys(complete("SUPABASE_JWT", given={"secret": SECRET}, stored=jwt))
    assert found["secret"] == symmetric_key(found["keys"]) == symmetric_key(found["jwks"]) == SECRET
    assert json.loads(found["keys"])[0] == json.loads(keys(jwt)["keys"])[0]
    assert "d" not in json.loads(found["jwks"])["keys"][0]


@pytest.mark.parametrize("sets", ["", "no json", "[]", "[1]", '{"keys": []}'])
def test_a_jwt_secret_without_usable_sets_gets_them(sets: str) -> None:
    found = keys(complete("SUPABASE_JWT", stored=json.dumps({"secret": SECRET, **({"keys": sets} if sets else {})})))
    assert found["secret"] == symmetric_key(found["jwks"]) == SECRET
    assert json.loads(found["keys"])[0]["key_ops"] == ["sign", "verify"]


def test_a_whole_jwt_is_taken_as_it_is_given(jwt: str) -> None:
    given = keys(complete("SUPABASE_JWT"))
    assert keys(complete("SUPABASE_JWT", given=given, stored=jwt)) == given


def assert_signed(api_keys: str, jwt: str) -> None:
    """Assert that every token is signed with these keys, and valid now, for its role."""
    public = pyjwt.PyJWKSet.from_dict({"keys": [json.loads(keys(jwt)["jwks"])["keys"][0]]}).keys[0]
    found = keys(api_keys)
    for role in ("anon", "service_role"):
        legacy = pyjwt.decode(found[role], keys(jwt)["secret"], algorithms=["HS256"], options={"require": ["exp"]})
        modern = pyjwt.decode(found[f"{role}_asymmetric"], public, algorithms=["ES256"], options={"require": ["exp"]})
        assert legacy["role"] == modern["role"] == role
        assert legacy["iss"] == modern["iss"] == "supabase"


def test_api_keys_are_signed_and_stay(jwt: str, api_keys: str) -> None:
    assert_signed(api_keys, jwt)
    assert complete("SUPABASE_API_KEYS", jwt=jwt, stored=api_keys) == api_keys
    assert complete("SUPABASE_API_KEYS", jwt=keys(jwt), stored=api_keys) == api_keys


def test_with_another_secret_only_its_tokens_are_signed_anew(jwt: str, api_keys: str) -> None:
    other = complete("SUPABASE_JWT", given={"secret": SECRET}, stored=jwt)
    anew = complete("SUPABASE_API_KEYS", jwt=other, stored=api_keys)
    assert_signed(anew, other)
    changed = {name for name, value in keys(anew).items() if keys(api_keys)[name] != value}
    assert changed == {"anon", "service_role"}


def test_with_another_signing_key_only_its_tokens_are_signed_anew(jwt: str, api_keys: str) -> None:
    other = json.dumps(supabase_keys.jwt_keys(keys(jwt)["secret"]))
    anew = complete("SUPABASE_API_KEYS", jwt=other, stored=api_keys)
    assert_signed(anew, other)
    changed = {name for name, value in keys(anew).items() if keys(api_keys)[name] != value}
    assert changed == {"anon_asymmetric", "service_role_asymmetric"}


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "e30.e30.AAAA", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA"])
def test_what_is_no_token_is_replaced(jwt: str, api_keys: str, token: str) -> None:
    stored = json.dumps({**keys(api_keys), "anon": token, "anon_asymmetric": token})
    assert_signed(complete("SUPABASE_API_KEYS", jwt=jwt, stored=stored), jwt)


def test_tokens_that_are_given_stay(jwt: str, api_keys: str) -> None:
    other = complete("SUPABASE_JWT")
    assert keys(complete("SUPABASE_API_KEYS", jwt=other, given=api_keys)) == keys(api_keys)


def test_a_jwt_written_by_hand_signs_as_it_will_be_completed(api_keys: str) -> None:
    by_hand = json.dumps({"secret": SECRET})
    found = keys(complete("SUPABASE_API_KEYS", jwt=by_hand, stored=api_keys))
    assert pyjwt.decode(found["anon"], SECRET, algorithms=["HS256"])["role"] == "anon"


def test_api_keys_need_the_jwt() -> None:
    with pytest.raises(AnsibleFilterError, match="needs jwt="):
        complete("SUPABASE_API_KEYS")


@pytest.mark.parametrize("arguments", [{"given": SECRET}, {"stored": SECRET}, {"given": {"secret": [SECRET]}}])
def test_what_is_no_value_is_refused_without_showing_it(arguments: dict[str, Any]) -> None:
    with pytest.raises(AnsibleFilterError, match="SUPABASE_JWT") as failure:
        complete("SUPABASE_JWT", **arguments)
    assert "battery" not in str(failure.value)
