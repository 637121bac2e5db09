# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Gaps of moto's KMS."""

from __future__ import annotations

from collections.abc import Callable

from moto.kms.models import KmsBackend

from sandbox.aws.wrap import wrap


def patch_schedule_deletion_by_arn() -> None:
    """ScheduleKeyDeletion knows keys by id only and ends with KeyError (500) for an ARN.

    Source: KMS API reference, ScheduleKeyDeletion, KeyId: "Specify the key ID or key ARN of the KMS key".
    """

    def schedule(original: Callable[..., float], self: KmsBackend, key_id: str, pending_window_in_days: int) -> float:
        return original(self, self.get_key_id(key_id), pending_window_in_days)

    wrap(KmsBackend, "schedule_key_deletion", schedule)


PATCHES = (patch_schedule_deletion_by_arn,)
