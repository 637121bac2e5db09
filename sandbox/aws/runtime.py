# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the emulator's request handlers need to know about the sandbox they run in."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.state import Sandbox


@dataclass(frozen=True)
class Runtime:
    """The settings of the emulator process, read once from the state folder when it starts.

    `webhooks_url` is where the API servers find token and admission webhooks; `api_only` starts nothing real.
    """

    sandbox: Sandbox
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    api_only: bool
    aws_port: int
    webhooks_url: str

    @classmethod
    def read(cls, sandbox: Sandbox) -> Runtime:
        """Raises SandboxError when the sandbox has no state."""
        state = sandbox.read()
        return cls(
            sandbox=sandbox,
            region=state["region"],
            account_id=state["account_id"],
            access_key_id=state["access_key_id"],
            secret_access_key=state["secret_access_key"],
            api_only=state["options"]["api_only"],
            aws_port=state["ports"]["aws"],
            webhooks_url=f"https://127.0.0.1:{state['ports']['webhooks']}",
        )
