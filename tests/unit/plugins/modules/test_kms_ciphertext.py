# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module kms_ciphertext."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.supastack.aws.plugins.module_utils import _kms_envelope
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import parse, seal, unseal
from ansible_collections.supastack.aws.plugins.modules import kms_ciphertext

SECRET = "correct-horse-battery-staple"
LONG = f"{SECRET}-" * 200
CONTEXT = {"environment": "production", "name": "SUPABASE_SMTP"}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
OTHER_KEY = KEY.replace("0123-", "abcd-")
ALIAS = "alias/production-supabase"
DATA_KEY = bytes(range(32))
# As real ones begin; the rest has no meaning here.
BLOB = b"\x01\x02\x02\x00new"
OLD = base64.b64encode(b"\x01\x02\x02\x00old").decode()
NEW = base64.b64encode(BLOB).decode()
UNKNOWN = "ciphertext-known-after-apply"

OPTIONS: dict[str, Any] = {"key_id": ALIAS, "plaintext": SECRET, "encryption_context": CONTEXT}
AGAIN = {**OPTIONS, "ciphertext": OLD}
REPLACE = {**AGAIN, "replace_undecryptable": True}
Call = tuple[str, dict[str, Any], Any]
UNFIT = "InvalidCiphertextException: "
NO_KEY = f"NotFoundException: Alias arn:aws:kms:eu-west-1:123456789012:{ALIAS} is not found."


def describe(key_id: str = ALIAS, answer: str | None = None, **members: Any) -> Call:
    """Return the expected DescribeKey call."""
    key = {
        "KeyId": KEY.rpartition("/")[2],
        "Arn": KEY,
        "KeyState": "Enabled",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
    }
    return ("describe_key", {"KeyId": key_id}, answer or {"KeyMetadata": {**key, **members}})


def decrypt(answer: str, key: str = KEY, ciphertext: str = OLD) -> Call:
    """Return the expected Decrypt call, answering a value, or an error if there is a colon in it."""
    request = {"CiphertextBlob": base64.b64decode(ciphertext), "EncryptionContext": CONTEXT}
    return ("decrypt", request, answer if ": " in answer else {"Plaintext": answer.encode(), "KeyId": key})


ENCRYPT: Call = (
    "encrypt",
    {"KeyId": ALIAS, "Plaintext": SECRET.encode(), "EncryptionContext": CONTEXT},
    {"CiphertextBlob": BLOB, "KeyId": KEY},
)


def generate() -> Call:
    """Return the expected GenerateDataKey call, whose answer the module takes the data key out of."""
    request = {"KeyId": ALIAS, "KeySpec": "AES_256", "EncryptionContext": CONTEXT}
    return ("generate_data_key", request, {"Plaintext": DATA_KEY, "CiphertextBlob": BLOB, "KeyId": KEY})


MADE = {"ciphertext": NEW, "key_arn": KEY, "encryption_context": CONTEXT, "envelope": False}

MATRIX: dict[str, tuple[dict[str, Any], list[Call], list[Call], bool, str]] = {
    # options, reads, writes, changed, the ciphertext returned
    "create": (OPTIONS, [describe()], [ENCRYPT], True, NEW),
    "no ciphertext yet": ({**AGAIN, "ciphertext": ""}, [describe()], [ENCRYPT], True, NEW),
    "no-op": (AGAIN, [describe(), decrypt(SECRET)], [], False, OLD),
    "another value": (AGAIN, [describe(), decrypt("another")], [ENCRYPT], True, NEW),
    "another key": (AGAIN, [describe(), decrypt(SECRET, OTHER_KEY)], [ENCRYPT], True, NEW),
    "another context": (REPLACE, [describe(), decrypt(UNFIT)], [ENCRYPT], True, NEW),
    "no ciphertext at all": ({**REPLACE, "ciphertext": "%"}, [describe()], [ENCRYPT], True, NEW),
}


@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
@pytest.mark.parametrize("case", MATRIX)
def test_matrix(run_module: Callable[..., Any], case: str, check_mode: bool) -> None:
    options, reads, writes, changed, ciphertext = MATRIX[case]
    outcome = run_module(kms_ciphertext, options, reads if check_mode else reads + writes, check_mode=check_mode)
    assert outcome.exit_code == 0, outcome.result
    assert outcome.result["changed"] is changed
    assert (outcome.result["diff"]["before"] != outcome.result["diff"]["after"]) is changed
    predicted = UNKNOWN if changed and check_mode else ciphertext
    assert outcome.result["ciphertext"] == {**MADE, "ciphertext": predicted}
    assert SECRET not in json.dumps(outcome.result)


def test_the_difference_shows_what_a_ciphertext_is_made_with(run_module: Callable[..., Any]) -> None:
    diff = run_module(kms_ciphertext, AGAIN, [describe(), decrypt(SECRET, OTHER_KEY), ENCRYPT]).result["diff"]
    made_with = {"encryption_context": CONTEXT, "envelope": False}
    assert diff["before"] == {"ciphertext": "as given", "key_arn": OTHER_KEY, **made_with}
    assert diff["after"] == {"ciphertext": UNKNOWN, "key_arn": KEY, **made_with}


def test_a_long_value_is_an_envelope(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "plaintext": LONG}
    made = run_module(kms_ciphertext, options, [describe(), generate()]).result
    assert made["ciphertext"]["envelope"] is True
    text = made["ciphertext"]["ciphertext"]
    assert text.startswith("supastack/envelope/1")
    assert parse(text).blob == BLOB
    assert unseal(parse(text), DATA_KEY, CONTEXT).decode() == LONG
    predicted = run_module(kms_ciphertext, options, [describe()], check_mode=True).result
    assert predicted["ciphertext"] == {**made["ciphertext"], "ciphertext": UNKNOWN}
    assert predicted["diff"] == made["diff"]


def opening(key: bytes = DATA_KEY) -> Call:
    """Return the expected Decrypt call of an envelope's data key."""
    request = {"CiphertextBlob": BLOB, "EncryptionContext": CONTEXT}
    return ("decrypt", request, {"Plaintext": key, "KeyId": KEY})


@pytest.mark.parametrize("value", [LONG, "short enough for KMS"])
def test_an_envelope_that_holds_the_value_is_kept(run_module: Callable[..., Any], value: str) -> None:
    text = seal(value.encode(), DATA_KEY, BLOB, CONTEXT)
    outcome = run_module(kms_ciphertext, {**OPTIONS, "plaintext": value, "ciphertext": text}, [describe(), opening()])
    assert outcome.result["changed"] is False
    assert outcome.result["ciphertext"] == {**MADE, "ciphertext": text, "envelope": True}


def test_an_envelope_of_another_value_is_replaced(run_module: Callable[..., Any]) -> None:
    options = {**OPTIONS, "ciphertext": seal(LONG.encode(), DATA_KEY, BLOB, CONTEXT)}
    result = run_module(kms_ciphertext, options, [describe(), opening(), ENCRYPT]).result
    assert (result["changed"], result["ciphertext"]) == (True, MADE)
    assert "horse" not in json.dumps(result)


@pytest.mark.parametrize(
    ("ciphertext", "answer", "reason"),
    [
        (OLD, [decrypt(UNFIT)], "was made with another encryption context"),
        (SECRET, [], "is not base64"),
        (OLD[:-1], [], "is not base64"),
        (base64.b64encode(bytes(6145)).decode(), [], "has an unknown format"),
        (f"supastack/envelope/2{OLD}", [], "an envelope that a newer release made"),
        (f"supastack/envelope/1{OLD}", [], "an envelope that was cut off"),
        (seal(LONG.encode(), DATA_KEY, BLOB, CONTEXT), [opening(bytes(32))], "is an envelope that is damaged"),
        (UNKNOWN, [], "is not base64"),
    ],
)
def test_a_ciphertext_that_cannot_be_decrypted_is_refused(
    run_module: Callable[..., Any], ciphertext: str, answer: list[Call], reason: str
) -> None:
    message = run_module(kms_ciphertext, {**AGAIN, "ciphertext": ciphertext}, [describe(), *answer]).message
    assert message.startswith("ciphertext ")
    assert reason in message
    assert "replace_undecryptable" in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        ("AccessDeniedException: no", ["kms:Decrypt", "eu-west-1", "(AccessDeniedException)"]),
        (f"DisabledException: {KEY} is disabled.", ["its KMS key is disabled", "enabled=true"]),
        (f"KMSInvalidStateException: {KEY} is pending deletion.", ["Cancel its deletion", "pending deletion."]),
        ("ExpiredTokenException: expired", ["Failed to decrypt the ciphertext", "(ExpiredTokenException)"]),
    ],
)
def test_what_stands_in_the_way_of_decrypting_is_no_reason_to_replace(
    run_module: Callable[..., Any], answer: str, texts: list[str]
) -> None:
    message = run_module(kms_ciphertext, REPLACE, [describe(), decrypt(answer)]).message
    assert [text for text in texts if text not in message] == []


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"plaintext": ""}, ["plaintext is empty"]),
        ({"plaintext": "x" * 65537}, ["65537 bytes", "no more than 65536"]),
        ({"plaintext": "é" * 32769}, ["65538 bytes"]),
        ({"encryption_context": {"name": ["a"]}}, ["encryption_context", "['a'] as name", "quotes"]),
        ({"encryption_context": {"name": True}}, ["True as name"]),
        ({"key_id": "production-supabase"}, ["key_id is 'production-supabase'", "alias/<name>"]),
        ({"key_id": "arn:aws:kms:eu-west-1:123456789012:production"}, ["key_id is 'arn:aws"]),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True], ids=["real", "check"])
def test_bad_input_is_named_before_any_call(
    run_module: Callable[..., Any], options: dict[str, Any], texts: list[str], check_mode: bool
) -> None:
    outcome = run_module(kms_ciphertext, {**OPTIONS, **options}, check_mode=check_mode)
    assert [text for text in texts if text not in outcome.message] == []
    assert SECRET not in json.dumps(outcome.result)


def test_numbers_in_the_context_are_text(run_module: Callable[..., Any]) -> None:
    context = {"name": "SUPABASE_SMTP", "port": "587"}
    encrypt: Call = (ENCRYPT[0], {**ENCRYPT[1], "EncryptionContext": context}, ENCRYPT[2])
    options = {**OPTIONS, "encryption_context": {**context, "port": 587}}
    result = run_module(kms_ciphertext, options, [describe(), encrypt]).result
    assert result["ciphertext"]["encryption_context"] == context


@pytest.mark.parametrize("key_id", [KEY.rpartition("/")[2], KEY, f"{KEY.rpartition(':')[0]}:{ALIAS}"])
def test_every_way_to_name_a_key(run_module: Callable[..., Any], key_id: str) -> None:
    encrypt: Call = (ENCRYPT[0], {**ENCRYPT[1], "KeyId": key_id}, ENCRYPT[2])
    result = run_module(kms_ciphertext, {**OPTIONS, "key_id": key_id}, [describe(key_id), encrypt]).result
    assert result["ciphertext"] == MADE


@pytest.mark.parametrize(
    ("members", "texts"),
    [
        ({"KeyState": "Disabled"}, ["state Disabled", "enabled=true"]),
        ({"KeyState": "PendingDeletion"}, ["state PendingDeletion", "Cancel its deletion"]),
        ({"KeyState": "Creating"}, ["state Creating", "Wait"]),
        ({"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048"}, ["RSA_2048 for SIGN_VERIFY", "symmetric"]),
    ],
)
def test_a_key_that_cannot_encrypt(run_module: Callable[..., Any], members: dict[str, str], texts: list[str]) -> None:
    message = run_module(kms_ciphertext, AGAIN, [describe(**members)]).message
    assert message.startswith(f"key_id is '{ALIAS}'")
    assert [text for text in texts if text not in message] == []


def test_a_key_that_does_not_show_yet_is_waited_for(run_module: Callable[..., Any]) -> None:
    steps = [describe(answer=NO_KEY), describe(answer=NO_KEY), describe(), ENCRYPT]
    assert run_module(kms_ciphertext, OPTIONS, steps).result["ciphertext"] == MADE


@pytest.mark.parametrize("answer", [NO_KEY, "InvalidArnException: Invalid ARN"])
def test_a_key_that_does_not_exist(run_module: Callable[..., Any], answer: str) -> None:
    tries = 16 if answer == NO_KEY else 1
    message = run_module(kms_ciphertext, OPTIONS, [describe(answer=answer)] * tries).message
    assert message.startswith(f"key_id is '{ALIAS}', but there is no such KMS key in eu-west-1.")


@pytest.mark.parametrize("key_id", [ALIAS, KEY.rpartition("/")[0] + "/known-after-apply"])
def test_prediction_for_a_key_that_does_not_exist_yet(run_module: Callable[..., Any], key_id: str) -> None:
    steps = [describe(answer=NO_KEY)] if key_id == ALIAS else []
    predicted = run_module(kms_ciphertext, {**OPTIONS, "key_id": key_id}, steps, check_mode=True).result["ciphertext"]
    assert predicted == {**MADE, "ciphertext": UNKNOWN, "key_arn": "arn:aws:kms:eu-west-1:known-after-apply"}


@pytest.mark.parametrize(
    "options", [{"ciphertext": UNKNOWN}, {"encryption_context": {**CONTEXT, "id": "vpc-known-after-apply"}}]
)
def test_predicted_options_are_not_sent_to_kms(run_module: Callable[..., Any], options: dict[str, Any]) -> None:
    result = run_module(kms_ciphertext, {**AGAIN, **options}, [describe()], check_mode=True).result
    assert (result["changed"], result["ciphertext"]["ciphertext"]) == (True, UNKNOWN)


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (describe(answer="AccessDeniedException: not kms:DescribeKey"), f"describe the KMS key {ALIAS}"),
        (ENCRYPT, f"encrypt with the KMS key {ALIAS}"),
    ],
)
def test_a_missing_permission_is_named(run_module: Callable[..., Any], step: Call, text: str) -> None:
    before = [] if step[0] == "describe_key" else [describe()]
    denied = (step[0], step[1], f"AccessDeniedException: User is not authorized to perform: kms:{step[0]}")
    outcome = run_module(kms_ciphertext, OPTIONS, [*before, denied])
    assert f"Failed to {text}" in outcome.message
    assert "is not authorized to perform: kms:" in outcome.message
    assert SECRET not in json.dumps(outcome.result)
    assert outcome.result["invocation"]["module_args"]["plaintext"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def test_no_data_key_is_no_long_ciphertext(run_module: Callable[..., Any]) -> None:
    method, request, _answer = generate()
    denied = (method, request, "AccessDeniedException: kms:GenerateDataKey")
    outcome = run_module(kms_ciphertext, {**OPTIONS, "plaintext": LONG}, [describe(), denied])
    assert f"make a data key with the KMS key {ALIAS}" in outcome.message
    assert "horse" not in json.dumps(outcome.result)


@pytest.mark.parametrize("options", [{"plaintext": LONG}, {"ciphertext": seal(b"x", DATA_KEY, BLOB, CONTEXT)}])
def test_a_missing_library_is_named(
    run_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    monkeypatch.setattr(_kms_envelope, "HAS_CRYPTOGRAPHY", False)
    steps = [] if "plaintext" in options else [describe()]
    message = run_module(kms_ciphertext, {**OPTIONS, **options}, steps).message
    assert "cryptography" in message
    assert "more than 4096 bytes" in message


def test_a_short_value_needs_no_library(run_module: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kms_envelope, "HAS_CRYPTOGRAPHY", False)
    assert run_module(kms_ciphertext, AGAIN, [describe(), decrypt(SECRET)]).result["changed"] is False


def test_masking_of_the_value_does_not_damage_the_ciphertext(run_module: Callable[..., Any]) -> None:
    value = NEW[:1]
    encrypt: Call = (ENCRYPT[0], {**ENCRYPT[1], "Plaintext": value.encode()}, ENCRYPT[2])
    result = run_module(kms_ciphertext, {**OPTIONS, "plaintext": value}, [describe(), encrypt]).result
    assert result["ciphertext"] == MADE
    assert "plaintext" not in result["invocation"]["module_args"]


def test_a_value_that_is_also_the_credentials_stays_masked(run_module: Callable[..., Any]) -> None:
    credentials = {"access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": SECRET}
    result = run_module(kms_ciphertext, {**OPTIONS, **credentials}, [describe(), ENCRYPT]).result
    assert result["ciphertext"] == MADE
    assert SECRET not in json.dumps(result)
