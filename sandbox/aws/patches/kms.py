# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's KMS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.kms.models import KmsBackend

from sandbox.aws.wrap import wrap

_NOT_WHILE_PENDING = (
    "disable_key",
    "disable_key_rotation",
    "enable_key",
    "enable_key_rotation",
    "put_key_policy",
    "schedule_key_deletion",
    "tag_resource",
    "untag_resource",
    "update_key_description",
)


def patch_schedule_deletion_by_arn() -> None:
    """ScheduleKeyDeletion knows keys by id only and ends with KeyError (500) for an ARN.

    Source: KMS API reference, ScheduleKeyDeletion, KeyId: "Specify the key ID or key ARN of the KMS key".
    """

    def schedule(original: Callable[..., float], self: KmsBackend, key_id: str, pending_window_in_days: int) -> float:
        return original(self, self.get_key_id(key_id), pending_window_in_days)

    wrap(KmsBackend, "schedule_key_deletion", schedule)


def patch_key_state_by_arn() -> None:
    """EnableKey, DisableKey and CancelKeyDeletion know keys by id only and end with KeyError (500) for an ARN.

    Symptom: amazon.aws.kms_key with `enabled: false` fails.
    Source: KMS API reference, DisableKey, KeyId: "Specify the key ID or key ARN of the KMS key".
    """

    def change(original: Callable[..., None], self: KmsBackend, key_id: str) -> None:
        original(self, self.get_key_id(key_id))

    for name in ("enable_key", "disable_key", "cancel_key_deletion"):
        wrap(KmsBackend, name, change)


def patch_use_of_unusable_key() -> None:
    """Encrypt, Decrypt and GenerateDataKey work with a key that is disabled or pending deletion.

    Source: KMS developer guide, "Key states of AWS KMS keys": DisabledException, and KMSInvalidStateException.
    """

    def encrypt(original: Callable[..., Any], self: KmsBackend, key_id: str, **rest: Any) -> Any:
        _require_usable(self, self.any_id_to_key_id(key_id))
        return original(self, key_id=key_id, **rest)

    def decrypt(original: Callable[..., tuple[bytes, str]], self: KmsBackend, **arguments: Any) -> tuple[bytes, str]:
        plaintext, arn = original(self, **arguments)
        _require_usable(self, self.get_key_id(arn))
        return plaintext, arn

    wrap(KmsBackend, "encrypt", encrypt)
    wrap(KmsBackend, "decrypt", decrypt)


def patch_changes_of_key_pending_deletion() -> None:
    """A key that is pending deletion can be enabled, tagged and changed, and its deletion scheduled once more.

    Symptom: a play that marks a key after its deletion, or enables it without cancelling that, passes here.
    Source: KMS developer guide, "Key states of AWS KMS keys": KMSInvalidStateException for these.
    """

    def change(original: Callable[..., Any], self: KmsBackend, key_id: str, *rest: Any, **named: Any) -> Any:
        key = self.keys.get(self.any_id_to_key_id(key_id))
        if key is not None and key.key_state == "PendingDeletion":
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
        return original(self, key_id, *rest, **named)

    for name in _NOT_WHILE_PENDING:
        wrap(KmsBackend, name, change)


def patch_decrypt_with_another_key() -> None:
    """Decrypt with the KeyId of another key than the ciphertext's answers AccessDeniedException.

    Source: KMS API reference, Decrypt, errors: IncorrectKeyException.
    """

    def decrypt(
        original: Callable[..., Any], self: KmsBackend, key_id: str | None = None, **arguments: Any
    ) -> tuple[bytes, str]:
        plaintext, arn = original(self, **arguments)
        if key_id is not None and self.any_id_to_key_id(key_id) != self.get_key_id(arn):
            message = "The key ID in the request does not identify a CMK that can perform this operation."
            raise JsonRESTError("IncorrectKeyException", message)
        return plaintext, arn

    wrap(KmsBackend, "decrypt", decrypt)


def _require_usable(backend: KmsBackend, key_id: str) -> None:
    key = backend.keys.get(key_id)
    if key is not None and key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    if key is not None and key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")


PATCHES = (
    patch_schedule_deletion_by_arn,
    patch_key_state_by_arn,
    patch_use_of_unusable_key,
    patch_changes_of_key_pending_deletion,
    patch_decrypt_with_another_key,
)
