# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter supabase_secret_problems."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.filter import supabase_secret_problems as plugin

SECRET = "correct-horse-battery-staple"
CIPHERTEXT = base64.b64encode(bytes(range(160))).decode()
SMTP = {
    "host": "smtp.example.com",
    "port": 587,
    "username": "mailer",
    "password": SECRET,
    "admin_email": "admin@example.com",
    "sender_name": "Supabase",
}


def problems(secrets: dict[str, Any], **arguments: Any) -> list[str]:
    """Call the filter as Ansible does, by its name, and look for the secret in what it says."""
    found = plugin.FilterModule().filters()["supabase_secret_problems"](secrets, **arguments)
    assert "battery" not in " ".join(found)
    return found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUPABASE_DB", SECRET),
        ("SUPABASE_DB", {"username": "postgres", "password": "!#$%&'()*+,-.:;<=>?[]^_`{|}~"}),
        ("SUPABASE_DB", '{"password": "from-a-json-text"}'),
        ("SUPABASE_DB_ROLES", {"authenticator": "Aa0._~-Aa0", "reporting": "any thing"}),
        ("SUPABASE_JWT", {"secret": "s" * 32}),
        ("SUPABASE_SMTP", SMTP),
        ("SUPABASE_REALTIME", {"db_enc_key": "0123456789abcdef"}),
        ("MY_TOKEN", "any text"),
        ("MY_TOKEN", "x" * 65536),
        ("MY_TOKEN", {"a": "b"}),
    ],
)
def test_good_values(name: str, value: Any) -> None:
    assert problems({name: value}) == []


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("SUPABASE_DB", "", "is empty. Give a value, or leave the secret out"),
        ("SUPABASE_DB", None, "is empty"),
        ("SUPABASE_DB", {}, "is empty"),
        ("SUPABASE_DB", " \n", "is empty. Give a value, or leave the secret out"),
        ("MY_TOKEN", " ", "is empty"),
        ("SUPABASE_DASHBOARD", {"password": ""}, "is empty in password"),
        ("SUPABASE_DB", f"{SECRET}/", "has a password that does not fit: it has to be 8 to 128 printable ASCII"),
        ("SUPABASE_DB", f'{SECRET}"', "double quote"),
        ("SUPABASE_DB", f"{SECRET}@", "and @, as RDS wants"),
        ("SUPABASE_DB", f"{SECRET} x", "without blank"),
        ("SUPABASE_DB", f"{SECRET}é", "printable ASCII"),
        ("SUPABASE_DB", "battery", "8 to 128"),
        ("SUPABASE_DB", SECRET * 5, "8 to 128"),
        ("SUPABASE_DB", {"username": "battery", "password": SECRET}, "has a username that does not fit"),
        ("SUPABASE_DB_ROLES", {"authenticator": f"{SECRET}%"}, "authenticator that does not fit"),
        ("SUPABASE_DB_ROLES", SECRET, "with the keys authenticator, supabase_admin"),
        ("SUPABASE_JWT", {"secret": SECRET}, "at least 32"),
        ("SUPABASE_JWT", {"secret": SECRET * 2, "keys": "[]"}, "Give all three"),
        ("SUPABASE_JWT", {"secret": SECRET * 2, "keys": [SECRET]}, "has no text as keys"),
        ("SUPABASE_DASHBOARD", {"pg_meta_crypto_key": "battery"}, "at least 32"),
        ("SUPABASE_DASHBOARD", {"password": True}, "has no text as password"),
        ("SUPABASE_DASHBOARD", [SECRET], "is of the type list"),
        ("SUPABASE_REALTIME", {"secret_key_base": SECRET}, "at least 64"),
        ("SUPABASE_REALTIME", {"db_enc_key": SECRET}, "exactly 16"),
        ("SUPABASE_SMTP", {**SMTP, "port": "battery"}, "a port number"),
        ("SUPABASE_SMTP", {"host": SECRET, "port": 25}, "lacks username, password, admin_email, sender_name"),
        ("MY_TOKEN", 12, "is of the type int"),
        ("MY_TOKEN", "x" * 65537, "is longer than the 65536 bytes"),
        ("SUPABASE_DBB", SECRET, "is not known. Secrets of Supabase are SUPABASE_API_KEYS"),
        ("my_token", SECRET, "is no name of a secret"),
        ("MY__TOKEN", SECRET, "single underscores"),
        ("MY_SECRET", SECRET, "ends with an underscore and six characters"),
        (1, SECRET, "is no name of a secret"),
    ],
)
def test_bad_ones_are_named_with_the_fix(name: Any, value: Any, reason: str) -> None:
    (message,) = problems({"MY_TOKEN_OF_MINE": "fine", name: value})
    assert message.startswith(f"{name} ")
    assert reason in message
    assert message.endswith(".")


@pytest.mark.parametrize("text", [CIPHERTEXT, f"{CIPHERTEXT[:40]}\n  {CIPHERTEXT[40:]}\n"])
def test_good_ciphertexts(text: str) -> None:
    assert problems({"SUPABASE_DB": text, "MY_TOKEN": text}, ciphertexts=True) == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "is no ciphertext: give the text that playbooks/encrypt.yml printed"),
        (None, "is no ciphertext"),
        ({"password": SECRET}, "is no ciphertext"),
        (SECRET, "is not base64: it is cut off, or it is not a ciphertext. Encrypt the value again"),
        (CIPHERTEXT[:-1], "is not base64"),
        (CIPHERTEXT[:40], "is too short for a ciphertext: it is cut off"),
        ("supastack/envelope/1AAAA", "is an envelope that was cut off"),
    ],
)
def test_bad_ciphertexts(value: Any, reason: str) -> None:
    (message,) = problems({"SUPABASE_DB": value}, ciphertexts=True)
    assert message.startswith("SUPABASE_DB ")
    assert reason in message


def test_each_bad_one_is_told() -> None:
    assert len(problems({"SUPABASE_DB": "", "MY_TOKEN": "", "MY_OTHER": "fine"})) == 2
