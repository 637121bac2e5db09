# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Reset empties the account and keeps what clients were told."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import account, lifecycle
from sandbox.state import Sandbox, SandboxError


def test_reset_empties_the_account(tmp_path: Path) -> None:
    sandbox = Sandbox("unit-reset", tmp_path / "unit-reset")
    list(lifecycle.up(sandbox, api_only=True))
    try:
        before = sandbox.read()
        account.client(sandbox, "kms").create_key()
        account.client(sandbox, "iam").create_user(UserName="other")
        lifecycle.reset(sandbox)
        assert sandbox.read() == before
        assert account.client(sandbox, "kms").list_keys()["Keys"] == []
        users = account.client(sandbox, "iam").list_users()["Users"]
        assert [user["UserName"] for user in users] == ["supastack"]
        assert account.client(sandbox, "sts").get_caller_identity()["Arn"].endswith(":user/supastack")
    finally:
        list(lifecycle.down(sandbox))


def test_reset_of_a_sandbox_that_is_not_up(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="There is no sandbox named 'none' here"):
        lifecycle.reset(Sandbox("none", tmp_path / "none"))
