# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Corrections of moto, one function per gap. Each has a canary test that fails when moto closes the gap."""

from __future__ import annotations

from sandbox.aws.patches import ec2, eks, kms, s3

PATCHES = (*ec2.PATCHES, *eks.PATCHES, *kms.PATCHES, *s3.PATCHES)


def apply_patches() -> None:
    """Must run before the first request to a patched service."""
    for patch in PATCHES:
        patch()
