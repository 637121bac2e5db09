# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What the emulator's request handlers need to know about the sandbox they run in."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from sandbox.aws.tally import Tally
from sandbox.gateway import Gateway
from sandbox.state import Sandbox

_DURATIONS = Path(__file__).resolve().parent.parent / "durations.yml"


@functools.cache
def durations() -> dict[str, float]:
    """Seconds that AWS takes for each kind of change, from durations.yml."""
    found: dict[str, float] = yaml.safe_load(_DURATIONS.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Runtime:
    """The settings of the emulator process, read once from the state folder when it starts.

    `webhooks_url` is where the API servers find token and admission webhooks; `api_only` starts nothing real;
    `time_scale` is the share of AWS' own durations that changes take, 0 for none; `log_requests` writes down each
    request with its body (request_log.py); `gateway` is for a cluster's node.
    `calls` counts by service what the sandbox's user asked of AWS, `changes` by duration what took its time.
    """

    sandbox: Sandbox
    region: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    api_only: bool
    aws_port: int
    webhooks_url: str
    time_scale: float = 0
    log_requests: bool = False
    gateway: Gateway | None = None
    calls: Tally = field(default_factory=Tally)
    changes: Tally = field(default_factory=Tally)

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
            time_scale=state["options"]["time_scale"],
            log_requests=state["options"]["log_requests"],
        )

    def seconds(self, change: str) -> float:
        """How long a change of durations.yml takes in this sandbox."""
        self.changes.add(change)
        return durations()[change] * self.time_scale
