# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter supabase_keys, verified with PyJWT, which shares no code with it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from typing import Any

import jwt as pyjwt
import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.supastack.aws.plugins.filter import supabase_keys as plugin

FIVE_YEARS = 5 * 365 * 24 * 3600
# Amazon RDS refuses / " @ and the blank in a master password of 8 to 128 characters; a URI needs no escaping for these.
PASSWORD = re.compile(r"[A-Za-z0-9]{32,128}")


def generate(name: str, **arguments: Any) -> dict[str, str]:
    """Call the filter as Ansible does, by its name."""
    return plugin.FilterModule().filters()["supabase_keys"](name, **arguments)


@pytest.fixture
def jwt() -> dict[str, str]:
    return generate("SUPABASE_JWT")


@pytest.fixture
def api_keys(jwt: dict[str, str]) -> dict[str, str]:
    return generate("SUPABASE_API_KEYS", jwt=jwt)


def public_key(jwt: dict[str, str]) -> pyjwt.PyJWK:
    """Return the P-256 key that verifiers get."""
    return pyjwt.PyJWK(next(key for key in json.loads(jwt["jwks"])["keys"] if key["kty"] == "EC"))


def test_database_master() -> None:
    keys = generate("SUPABASE_DB")
    assert set(keys) == {"username", "password"}
    assert keys["username"] == "postgres"
    assert PASSWORD.fullmatch(keys["password"])


def test_database_roles_have_one_password_each() -> None:
    keys = generate("SUPABASE_DB_ROLES")
    assert set(keys) == {"authenticator", "supabase_admin", "supabase_auth_admin", "supabase_storage_admin"}
    assert len(set(keys.values())) == len(keys)
    assert all(PASSWORD.fullmatch(password) for password in keys.values())


def test_dashboard() -> None:
    keys = generate("SUPABASE_DASHBOARD")
    assert set(keys) == {"username", "password", "pg_meta_crypto_key"}
    assert keys["username"] == "supabase"
    assert PASSWORD.fullmatch(keys["password"])
    assert len(keys["pg_meta_crypto_key"]) >= 32


def test_realtime() -> None:
    keys = generate("SUPABASE_REALTIME")
    assert set(keys) == {"secret_key_base", "db_enc_key"}
    assert re.fullmatch("[A-Za-z0-9]{64}", keys["secret_key_base"])
    assert re.fullmatch("[A-Za-z0-9]{16}", keys["db_enc_key"])


def test_s3_protocol() -> None:
    keys = generate("SUPABASE_S3_PROTOCOL")
    assert set(keys) == {"access_key_id", "secret_access_key"}
    assert re.fullmatch("[0-9a-f]{32}", keys["access_key_id"])
    assert re.fullmatch("[0-9a-f]{64}", keys["secret_access_key"])


def test_every_call_makes_new_values() -> None:
    assert generate("SUPABASE_DB")["password"] != generate("SUPABASE_DB")["password"]
    assert generate("SUPABASE_JWT")["keys"] != generate("SUPABASE_JWT")["keys"]


def test_jwt_secret_is_long_enough_for_hs256(jwt: dict[str, str]) -> None:
    assert set(jwt) == {"secret", "keys", "jwks"}
    assert len(jwt["secret"]) >= 32


def test_private_keys_are_what_auth_reads(jwt: dict[str, str]) -> None:
    private, symmetric = json.loads(jwt["keys"])
    assert private["kty"] == "EC"
    assert private["crv"] == "P-256"
    assert private["alg"] == "ES256"
    assert private["use"] == "sig"
    assert private["key_ops"] == ["sign", "verify"]
    assert private["kid"]
    assert set(symmetric) == {"kty", "k", "alg"}
    assert symmetric["alg"] == "HS256"
    assert base64.urlsafe_b64decode(symmetric["k"] + "==").decode() == jwt["secret"]


def test_key_set_of_verifiers_cannot_sign(jwt: dict[str, str]) -> None:
    public, symmetric = json.loads(jwt["jwks"])["keys"]
    private = json.loads(jwt["keys"])[0]
    assert "d" not in public
    assert public["key_ops"] == ["verify"]
    assert {name: public[name] for name in ("kid", "x", "y")} == {name: private[name] for name in ("kid", "x", "y")}
    assert symmetric == json.loads(jwt["keys"])[1]


@pytest.mark.parametrize("role", ["anon", "service_role"])
def test_symmetric_tokens_verify(jwt: dict[str, str], api_keys: dict[str, str], role: str) -> None:
    claims = pyjwt.decode(api_keys[role], jwt["secret"], algorithms=["HS256"])
    assert set(claims) == {"role", "iss", "iat", "exp"}
    assert claims["role"] == role
    assert claims["iss"] == "supabase"
    assert claims["exp"] - claims["iat"] == FIVE_YEARS
    assert abs(claims["iat"] - time.time()) < 60


@pytest.mark.parametrize("role", ["anon", "service_role"])
def test_asymmetric_tokens_verify(jwt: dict[str, str], api_keys: dict[str, str], role: str) -> None:
    token = api_keys[f"{role}_asymmetric"]
    assert pyjwt.get_unverified_header(token)["kid"] == public_key(jwt).key_id
    claims = pyjwt.decode(token, public_key(jwt), algorithms=["ES256"])
    assert claims["role"] == role
    assert claims["exp"] - claims["iat"] == FIVE_YEARS


def test_tokens_of_another_jwt_secret_do_not_verify(api_keys: dict[str, str]) -> None:
    other = generate("SUPABASE_JWT")
    with pytest.raises(pyjwt.InvalidSignatureError):
        pyjwt.decode(api_keys["anon"], other["secret"], algorithms=["HS256"])
    with pytest.raises(pyjwt.InvalidSignatureError):
        pyjwt.decode(api_keys["anon_asymmetric"], public_key(other), algorithms=["ES256"])


@pytest.mark.parametrize(("name", "prefix"), [("publishable", "sb_publishable_"), ("secret", "sb_secret_")])
def test_opaque_keys_carry_their_checksum(api_keys: dict[str, str], name: str, prefix: str) -> None:
    key = api_keys[name]
    assert re.fullmatch(prefix + r"[A-Za-z0-9_-]{22}_[A-Za-z0-9_-]{8}", key)
    digest = hashlib.sha256(f"supabase-self-hosted|{key[:-9]}".encode()).digest()
    assert key[-8:] == base64.urlsafe_b64encode(digest).decode()[:8]


def test_the_same_jwt_read_back_from_json_signs(jwt: dict[str, str]) -> None:
    keys = generate("SUPABASE_API_KEYS", jwt=json.loads(json.dumps(jwt)))
    assert set(keys) == {
        "anon",
        "service_role",
        "publishable",
        "secret",
        "anon_asymmetric",
        "service_role_asymmetric",
    }


def test_unknown_secret_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match=r"'SUPABASE_X'.*SUPABASE_API_KEYS.*SUPABASE_JWT"):
        generate("SUPABASE_X")


def test_api_keys_need_the_jwt() -> None:
    with pytest.raises(AnsibleFilterError, match="needs jwt="):
        generate("SUPABASE_API_KEYS")


def test_jwt_is_refused_elsewhere(jwt: dict[str, str]) -> None:
    with pytest.raises(AnsibleFilterError, match="remove it for 'SUPABASE_DB'"):
        generate("SUPABASE_DB", jwt=jwt)


@pytest.mark.parametrize(
    "jwt",
    [
        {},
        {"secret": "s3cr3t-value"},
        {"secret": "s3cr3t-value", "keys": "not json"},
        {"secret": "s3cr3t-value", "keys": "{}"},
        {"secret": "s3cr3t-value", "keys": "[]"},
        {"secret": "s3cr3t-value", "keys": '[{"kty": "oct"}]'},
        {"secret": "s3cr3t-value", "keys": '[{"key_ops": ["sign"], "d": 1, "kid": "a"}]'},
        {"secret": "s3cr3t-value", "keys": '[{"key_ops": ["sign"], "d": "AQ"}]'},
    ],
)
def test_unusable_jwt_is_refused_without_quoting_it(jwt: dict[str, str]) -> None:
    with pytest.raises(AnsibleFilterError, match="whole value of SUPABASE_JWT") as refusal:
        generate("SUPABASE_API_KEYS", jwt=jwt)
    assert "s3cr3t-value" not in str(refusal.value)


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "HAS_CRYPTOGRAPHY", False)
    with pytest.raises(AnsibleFilterError, match="pip install cryptography"):
        generate("SUPABASE_JWT")
