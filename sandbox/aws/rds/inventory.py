# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What other processes of the sandbox may know about its DB instances: one `instance.json` per instance."""

from __future__ import annotations

import json
import shutil
from typing import Any

from sandbox import processes
from sandbox.state import Sandbox, write_atomically

_FILE = "instance.json"


def write(sandbox: Sandbox, facts: dict[str, Any]) -> None:
    """Record an instance under its `identifier`."""
    path = sandbox.path("postgres", facts["identifier"], _FILE)
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_atomically(path, json.dumps(facts, indent=2, sort_keys=True) + "\n")


def remove(sandbox: Sandbox, identifier: str) -> None:
    """Forget an instance and all that is left of it."""
    shutil.rmtree(sandbox.path("postgres", identifier), ignore_errors=True)


def instances(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The sandbox's DB instances for status and environment, by identifier.

    Keys: identifier, region, status, address and port (as AWS reports them), local_port (on 127.0.0.1; None when
    nothing real runs), running, process (name of process and log), engine_version (asked for), server_version
    (what runs), master_username, database, parameter_group, force_ssl, not_loaded (preload libraries the build lacks),
    not_applied (parameter -> reason), error (why it failed; empty otherwise). Never a password.
    """
    found = []
    for path in sorted(sandbox.path("postgres").glob(f"*/{_FILE}")):
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found.append({**facts, "running": processes.alive(sandbox, facts["process"])})
    return found
