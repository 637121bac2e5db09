# Copyright: (c) 2026, Supastack contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt and decrypt values with KMS: the API calls, and what their errors mean.

No message and no exception in here holds a value: the SDK's errors quote no more than the length of a blob.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.supastack.aws.plugins.module_utils._difference import Plain
from ansible_collections.supastack.aws.plugins.module_utils._errors import (
    SDK_ERRORS,
    error_code,
    failing_to,
    none_when,
)
from ansible_collections.supastack.aws.plugins.module_utils._kms_envelope import (
    Context,
    UndecryptableError,
    as_text,
    needs_envelope,
    parse,
    seal,
    unseal,
    wipe,
)
from ansible_collections.supastack.aws.plugins.module_utils._placeholders import is_unknown, predicted_arn
from ansible_collections.supastack.aws.plugins.module_utils._retries import retry_while, unthrottled

# Source: KMS API reference, DescribeKey, KeyId.
KEY_ID = re.compile(r"(mrk-)?[0-9a-fA-F-]{32,36}|alias/[\w/-]+|arn:[\w-]+:kms:[\w-]+:\d{12}:(key|alias)/[\w/-]+")
# KMS shows a new alias everywhere within seconds.
SETTLING_SECONDS = 15
# Source: KMS developer guide, "Key states of AWS KMS keys": those in which Encrypt and GenerateDataKey work.
USABLE_STATES = ("Enabled", "Updating")
RESCUE = "Cancel its deletion and enable it, for example with amazon.aws.kms_key and state=present"
REMEDIES = {
    "Disabled": "Enable it, for example with amazon.aws.kms_key and enabled=true",
    "PendingDeletion": RESCUE,
}
# What stands in the way of Decrypt, by error code.
OBSTACLES = {
    "AccessDeniedException": "it needs kms:Decrypt on the KMS key that made it, and that key must be in {region}",
    "DisabledException": f"its KMS key is disabled. {REMEDIES['Disabled']}",
    "IncorrectKeyException": "it was made with another KMS key than the one that key_id names",
    "KMSInvalidStateException": f"its KMS key cannot be used. {RESCUE}",
    "NotFoundException": "there is no such KMS key in {region}. Correct key_id or region",
}


@dataclasses.dataclass(frozen=True)
class Opened:
    """A decrypted value, and what its ciphertext was made with."""

    value: bytes = dataclasses.field(repr=False)
    key_arn: str
    envelope: bool


def checked_context(context: t.Mapping[t.Any, t.Any]) -> Context:
    """Return the encryption context as text; numbers become text.

    :raises AnsibleAWSError: naming a value that is neither.
    """
    for name, value in context.items():
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise AnsibleAWSError(
                message=f"encryption_context has {value!r} as {name}, but KMS takes text only. Put the value in quotes."
            )
    return {str(name): str(value) for name, value in context.items()}


@failing_to("describe the KMS key {key_id}")
@none_when("NotFoundException", "InvalidArnException")
@unthrottled
def describe_key(client: t.Any, key_id: str, timeout: float) -> Plain:
    """Return the key as KMS describes it, waiting for one that was made just before.

    :param timeout: seconds.
    """
    answer = retry_while(
        lambda error: error_code(error) == "NotFoundException",
        lambda: client.describe_key(KeyId=key_id),
        timeout,
        pause=1,
    )
    return dict(answer["KeyMetadata"])


def usable_key(client: t.Any, key_id: str, check_mode: bool) -> str:
    """Return the ARN of the key that key_id names; in check mode, the key need not exist yet.

    :raises AnsibleAWSError: when there is no such key, or it cannot encrypt now, or never can.
    """
    if check_mode and is_unknown(key_id):
        return predicted_arn(client, "kms", "")
    if not KEY_ID.fullmatch(key_id):
        raise AnsibleAWSError(
            message=f"key_id is {key_id!r}, which cannot name a KMS key. "
            "Give the id or the ARN of a key, alias/<name>, or the ARN of an alias."
        )
    key = describe_key(client, key_id, 0 if check_mode else SETTLING_SECONDS)
    if key is None and check_mode:
        return predicted_arn(client, "kms", "")
    if key is None:
        raise AnsibleAWSError(
            message=f"key_id is {key_id!r}, but there is no such KMS key in {client.meta.region_name}. "
            "Create it first, for example with amazon.aws.kms_key, or correct key_id or region."
        )
    check_key(key_id, key)
    return str(key["Arn"])


def check_key(key_id: str, key: Plain) -> None:
    """Refuse a key that cannot encrypt.

    :raises AnsibleAWSError: naming what it is and the remedy.
    """
    if (key["KeyUsage"], key["KeySpec"]) != ("ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"):
        raise AnsibleAWSError(
            message=f"key_id is {key_id!r}, a KMS key of type {key['KeySpec']} for {key['KeyUsage']}. "
            "Give a symmetric key for encryption (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT)."
        )
    if key["KeyState"] not in USABLE_STATES:
        remedy = REMEDIES.get(key["KeyState"], "Wait until it is Enabled")
        raise AnsibleAWSError(message=f"key_id is {key_id!r}, a KMS key in the state {key['KeyState']}. {remedy}.")


@failing_to("encrypt with the KMS key {key_id}")
@unthrottled
def encrypt(client: t.Any, key_id: str, value: bytes, context: Context) -> tuple[bytes, str]:
    """Return the encrypted value and the ARN of its key."""
    answer = client.encrypt(KeyId=key_id, Plaintext=value, EncryptionContext=context)
    return answer["CiphertextBlob"], answer["KeyId"]


@failing_to("make a data key with the KMS key {key_id}")
@unthrottled
def generate_data_key(client: t.Any, key_id: str, context: Context) -> tuple[bytearray, bytes, str]:
    """Return a new data key, the same encrypted, and the ARN of the key that encrypted it."""
    answer = client.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
    return bytearray(answer.pop("Plaintext")), answer["CiphertextBlob"], answer["KeyId"]


def make_ciphertext(client: t.Any, key_id: str, value: bytes, context: Context) -> tuple[str, str]:
    """Return a value as a new ciphertext, and the ARN of its key."""
    if not needs_envelope(value):
        blob, key_arn = encrypt(client, key_id, value, context)
        return as_text(blob), key_arn
    data_key, blob, key_arn = generate_data_key(client, key_id, context)
    try:
        return seal(value, data_key, blob, context), key_arn
    finally:
        wipe(data_key)


@unthrottled
def decrypt(client: t.Any, request: Plain) -> Plain:
    """Return the answer of Decrypt."""
    return dict(client.decrypt(**request))


def refusal(error: Exception, region: str) -> AnsibleAWSError:
    """Return what an error of Decrypt means."""
    code = error_code(error)
    if code == "InvalidCiphertextException":
        reason = f"was made with another encryption context, or it is damaged (KMS answers {code})"
        return UndecryptableError(message=reason)
    obstacle = OBSTACLES.get(code, "").format(region=region)
    message = "Failed to decrypt the ciphertext" + (f": {obstacle}" if obstacle else "")
    return AnsibleAWSError(message=message, exception=error)


def open_ciphertext(client: t.Any, text: str, context: Context, key_id: str | None = None) -> Opened:
    """Return what a ciphertext holds.

    :param key_id: the only key that it may have been made with; any key when it is None.
    :raises UndecryptableError: when it was made with another context, is damaged or is no ciphertext.
    :raises AnsibleAWSError: when KMS refuses for another reason, which the message names.
    """
    parts = parse(text)
    request = {"CiphertextBlob": parts.blob, "EncryptionContext": context, **({"KeyId": key_id} if key_id else {})}
    try:
        answer = decrypt(client, request)
    except SDK_ERRORS as error:
        raise refusal(error, client.meta.region_name) from error
    if not parts.header:
        return Opened(answer["Plaintext"], answer["KeyId"], envelope=False)
    data_key = bytearray(answer.pop("Plaintext"))
    try:
        return Opened(unseal(parts, data_key, context), answer["KeyId"], envelope=True)
    finally:
        wipe(data_key)
