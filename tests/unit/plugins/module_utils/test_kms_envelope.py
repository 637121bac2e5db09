# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text in which kms_ciphertext and kms_decrypt keep an encrypted value."""

from __future__ import annotations

import base64
import importlib.util
import os
import re
import struct
import sys
from typing import Any

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils import _kms_ciphertext, _kms_envelope
from ansible_collections.supastack.aws.plugins.module_utils._kms_ciphertext import make_ciphertext, open_ciphertext
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import (
    MAX_DIRECT_BYTES,
    MAX_VALUE_BYTES,
    UndecryptableError,
    parse,
    seal,
    unseal,
)
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import example, given, settings
from hypothesis import strategies as st

KEY = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
DATA_KEY = bytes(range(32))
BLOB = b"\x01\x02\x02\x00encrypted data key"
# All that is ever said of a text that is no ciphertext.
MESSAGES = {
    "is not base64: it is cut off, or it is not a ciphertext",
    "is an envelope that was cut off",
    "has an unknown format: it is an envelope that a newer release made",
    "has an unknown format: it is no envelope, and too long for KMS (N bytes)",
}


class Kms:
    """A KMS of one key that knows what it encrypted, and under which context."""

    def __init__(self) -> None:
        self.meta = type("Meta", (), {"region_name": "eu-west-1"})
        self._known: dict[bytes, tuple[bytes, dict[str, str]]] = {}

    def encrypt(self, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:
        """Answer as Encrypt does, within the same limits."""
        assert 1 <= len(Plaintext) <= 4096
        blob = b"\x01\x02\x02\x00" + os.urandom(16)
        self._known[blob] = (Plaintext, EncryptionContext)
        return {"CiphertextBlob": blob, "KeyId": KEY}

    def generate_data_key(self, KeyId: str, KeySpec: str, EncryptionContext: dict[str, str]) -> dict[str, Any]:
        """Answer as GenerateDataKey does."""
        assert KeySpec == "AES_256"
        key = os.urandom(32)
        return {**self.encrypt(KeyId, key, EncryptionContext), "Plaintext": key}

    def decrypt(self, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> dict[str, Any]:
        """Answer as Decrypt does."""
        value, context = self._known.get(CiphertextBlob, (b"", None))
        if context != EncryptionContext:
            raise ClientError({"Error": {"Code": "InvalidCiphertextException", "Message": ""}}, "Decrypt")
        return {"Plaintext": value, "KeyId": KEY}


KMS = Kms()
# Every run tries the same.
TRY = settings(derandomize=True, deadline=None, database=None)
VALUES = st.builds(
    lambda text, times: (text.encode() * times)[:MAX_VALUE_BYTES],
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
    # One of these lengths is just what KMS encrypts itself, and one just more.
    st.sampled_from([1, 100, MAX_DIRECT_BYTES, MAX_DIRECT_BYTES + 1, MAX_VALUE_BYTES]),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
CONTEXTS = st.dictionaries(TEXTS, TEXTS, max_size=3)


@TRY
@given(VALUES, CONTEXTS, CONTEXTS)
def test_what_is_encrypted_is_decrypted_with_its_context_only(
    value: bytes, context: dict[str, str], other: dict[str, str]
) -> None:
    text, key_arn = make_ciphertext(KMS, KEY, value, context)
    assert "\n" not in text
    opened = open_ciphertext(KMS, text, dict(reversed(context.items())))
    assert (opened.value, opened.key_arn, opened.envelope) == (value, key_arn, len(value) > MAX_DIRECT_BYTES)
    if other != context:
        with pytest.raises(UndecryptableError, match="another encryption context"):
            open_ciphertext(KMS, text, other)


@TRY
@given(st.data())
def test_every_change_of_an_envelope_is_noticed(data: st.DataObject) -> None:
    text, _key_arn = make_ciphertext(KMS, KEY, b"x" * (MAX_DIRECT_BYTES + 1), {"name": "a"})
    damaged = bytearray(base64.b64decode(text))
    change = data.draw(st.sampled_from(["flip", "cut", "add"]))
    if change == "flip":
        bit = data.draw(st.integers(0, len(damaged) * 8 - 1))
        damaged[bit // 8] ^= 1 << bit % 8
    elif change == "cut":
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    else:
        damaged += data.draw(st.binary(min_size=1, max_size=20))
    with pytest.raises(UndecryptableError):
        open_ciphertext(KMS, base64.b64encode(damaged).decode(), {"name": "a"})


@TRY
@given(
    st.text() | st.text(st.sampled_from("supatckenvlo/1=+ ")) | st.builds("supastack/envelope/1{}".format, st.text())
)
@example("ciphertext")
def test_no_text_is_quoted_or_crashes(text: str) -> None:
    try:
        parts = parse(text)
    except UndecryptableError as error:
        assert re.sub(r"\d+ bytes", "N bytes", str(error)) in MESSAGES
    else:
        assert parts.blob


def test_layout_of_version_1() -> None:
    value, context = "é".encode() * 3000, {"name": "ü", "environment": "production"}
    data = base64.b64decode(seal(value, DATA_KEY, BLOB, context))
    prefix, length = struct.unpack(">15sH", data[:17])
    assert base64.b64encode(prefix) == b"supastack/envelope/1"
    assert data[17 : 17 + length] == BLOB
    nonce, content = data[17 + length : 29 + length], data[29 + length :]
    header = data[: 17 + length]
    aad = header + b'{"environment":"production","name":"\\u00fc"}'
    assert AESGCM(DATA_KEY).decrypt(nonce, content, aad) == value


def test_an_envelope_made_before_is_still_opened() -> None:
    text = "supastack/envelope/1ABYBAgIAZW5jcnlwdGVkIGRhdGEga2V5AAECAwQFBgcICQoLMcFyd7CANI2HNS4490lHsqR1ARmmgw=="
    assert unseal(parse(text), DATA_KEY, {"name": "a"}).decode() == "välue"


def test_nonces_differ() -> None:
    nonces = {parse(seal(b"x", DATA_KEY, BLOB, {})).nonce for _number in range(100)}
    assert len(nonces) == 100


def test_white_space_of_folded_text_means_nothing() -> None:
    text = seal(b"x", DATA_KEY, BLOB, {})
    assert parse(f"{text[:30]}\n  {text[30:]} ") == parse(text)


def test_data_keys_are_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    value = b"x" * (MAX_DIRECT_BYTES + 1)
    seen: list[bytearray] = []

    def keeping(function: Any) -> Any:
        def call(first: Any, data_key: bytearray, *others: Any) -> Any:
            seen.append(data_key)
            return function(first, data_key, *others)

        return call

    monkeypatch.setattr(_kms_ciphertext, "seal", keeping(seal))
    monkeypatch.setattr(_kms_ciphertext, "unseal", keeping(unseal))
    text, _key_arn = make_ciphertext(KMS, KEY, value, {})
    assert open_ciphertext(KMS, text, {}).value == value
    assert seen == [bytearray(32)] * 2


def test_a_value_does_not_show_when_it_is_printed() -> None:
    text, _key_arn = make_ciphertext(KMS, KEY, b"secret", {})
    assert "secret" not in repr(open_ciphertext(KMS, text, {}))


def test_without_the_library_only_envelopes_are_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    specification = importlib.util.spec_from_file_location("without", str(_kms_envelope.__file__))
    assert specification is not None
    assert specification.loader is not None
    without = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "without", without)
    specification.loader.exec_module(without)
    assert without.parse("AQIC").blob == b"\x01\x02\x02"
    with pytest.raises(AnsibleAWSError, match="cryptography"):
        without.parse(seal(b"x", DATA_KEY, BLOB, {}))
