# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text in which an encrypted value is kept.

A value of up to 4096 bytes is encrypted by KMS itself, and the text is the CiphertextBlob of Encrypt in base64. A
longer one is put in an envelope: KMS makes a data key, and with that the value is encrypted here. The text is again
base64 (RFC 4648, section 4), of these bytes in envelopes of version 1:

  15    prefix, which is supastack/envelope/1 in base64: the text begins so, and the digit is the version
  2     number N of the bytes that follow, big-endian
  N     CiphertextBlob of GenerateDataKey, KeySpec AES_256, with the encryption context
  12    random nonce
  rest  the value's UTF-8 bytes, encrypted with AES-256-GCM and the data key, then the tag of 16 bytes

Additional authenticated data: all bytes before the nonce, then the encryption context as one JSON object with its keys
sorted by code point, without blanks, and with everything but ASCII escaped.

AWS documents no form for a CiphertextBlob. The chance that one begins with the 15 bytes of the prefix is 1 in 2^120.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError

try:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    HAS_CRYPTOGRAPHY = True
except ImportError:
    HAS_CRYPTOGRAPHY = False

Context = dict[str, str]

# What Encrypt takes. Source: KMS API reference, Encrypt, Plaintext.
MAX_DIRECT_BYTES = 4096
# What a secret can hold. Source: Secrets Manager API reference, CreateSecret, SecretString.
MAX_VALUE_BYTES = 65536
# Source: KMS API reference, Decrypt, CiphertextBlob.
MAX_BLOB_BYTES = 6144

FAMILY = "supastack/envelope/"
PREFIX = base64.b64decode(f"{FAMILY}1")
LENGTH_BYTES = 2
NONCE_BYTES = 12
TAG_BYTES = 16


class UndecryptableError(AnsibleAWSError):  # type: ignore[misc]  # amazon.aws ships no types
    """A ciphertext that no permission helps to decrypt. The message completes a sentence: "It ..."."""


@dataclasses.dataclass(frozen=True)
class Parts:
    """What a ciphertext consists of.

    :param blob: what KMS decrypts: the value, or the data key of an envelope.
    :param header: the bytes before the nonce of an envelope, empty when there is no envelope.
    """

    blob: bytes
    header: bytes = b""
    nonce: bytes = b""
    content: bytes = b""


def needs_envelope(value: bytes) -> bool:
    """Return whether a value is too long for KMS."""
    return len(value) > MAX_DIRECT_BYTES


def require_cryptography() -> None:
    """Stop where an envelope can neither be made nor opened.

    :raises AnsibleAWSError: naming the package to install.
    """
    if not HAS_CRYPTOGRAPHY:
        reason = f"for values of more than {MAX_DIRECT_BYTES} bytes"
        raise AnsibleAWSError(message=missing_required_lib("cryptography", reason=reason))


def as_text(data: bytes) -> str:
    """Return a ciphertext as it is kept."""
    return base64.b64encode(data).decode("ascii")


def parse(text: str) -> Parts:
    """Return the parts of a ciphertext. White space, such as YAML leaves of a folded text, means nothing.

    :raises UndecryptableError: when it is in neither form. The message never quotes the text, which may be a value
        that somebody forgot to encrypt.
    :raises AnsibleAWSError: for an envelope, when the package cryptography is missing.
    """
    compact = "".join(text.split())
    try:
        data = base64.b64decode(compact, validate=True)
    except ValueError:
        data = b""
    if not data:
        raise UndecryptableError(message="is not base64: it is cut off, or it is not a ciphertext")
    if compact.startswith(FAMILY):
        require_cryptography()
        return parse_envelope(data)
    if len(data) > MAX_BLOB_BYTES:
        raise UndecryptableError(
            message=f"has an unknown format: it is no envelope, and too long for KMS ({len(data)} bytes)"
        )
    return Parts(data)


def parse_envelope(data: bytes) -> Parts:
    """Return the parts of an envelope.

    :raises UndecryptableError: when it is of another version or too short.
    """
    if not data.startswith(PREFIX):
        raise UndecryptableError(message="has an unknown format: it is an envelope that a newer release made")
    key_start = len(PREFIX) + LENGTH_BYTES
    key_end = key_start + int.from_bytes(data[len(PREFIX) : key_start], "big")
    content_start = key_end + NONCE_BYTES
    if key_end == key_start or len(data) < content_start + TAG_BYTES:
        raise UndecryptableError(message="is an envelope that was cut off")
    return Parts(data[key_start:key_end], data[:key_end], data[key_end:content_start], data[content_start:])


def authenticated(header: bytes, context: t.Mapping[str, str]) -> bytes:
    """Return the additional authenticated data of an envelope."""
    return header + json.dumps(dict(context), sort_keys=True, separators=(",", ":")).encode("ascii")


def seal(value: bytes, data_key: bytes | bytearray, blob: bytes, context: t.Mapping[str, str]) -> str:
    """Return a value as an envelope.

    :param data_key: 32 bytes, used for nothing else.
    :param blob: the same data key, encrypted by KMS.
    """
    header = PREFIX + len(blob).to_bytes(LENGTH_BYTES, "big") + blob
    nonce = os.urandom(NONCE_BYTES)
    content = AESGCM(data_key).encrypt(nonce, value, authenticated(header, context))
    return as_text(header + nonce + content)


def unseal(parts: Parts, data_key: bytes | bytearray, context: t.Mapping[str, str]) -> bytes:
    """Return the value of an envelope.

    :raises UndecryptableError: when anything in it was changed.
    """
    try:
        return bytes(AESGCM(data_key).decrypt(parts.nonce, parts.content, authenticated(parts.header, context)))
    except InvalidTag:
        raise UndecryptableError(message="is an envelope that is damaged") from None


def wipe(secret: bytearray) -> None:
    """Overwrite a secret in memory. Copies that the AWS SDK and the cipher made are out of Python's reach."""
    secret[:] = bytes(len(secret))
