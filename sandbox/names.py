# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""AWS-shaped host names that pods can reach: each leads to one loopback port of this machine, and to nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sandbox.state import Sandbox, locked, write_atomically


@dataclass(frozen=True)
class Name:
    """`host:port` as pods see it; `target_port` is on this machine's 127.0.0.1."""

    host: str
    port: int
    target_port: int


def published(sandbox: Sandbox) -> list[Name]:
    """All published names. The file changes its mtime with every change, so that readers can watch it."""
    try:
        entries = json.loads(sandbox.path("names.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Name(**entry) for entry in entries]


def publish(sandbox: Sandbox, host: str, port: int, target_port: int) -> None:
    """Let pods reach `host:port`; replaces the target of a name that is published already."""
    _change(sandbox, host, port, Name(host, port, target_port))


def withdraw(sandbox: Sandbox, host: str, port: int) -> None:
    """Take a name away again; unknown ones are ignored."""
    _change(sandbox, host, port, None)


def _change(sandbox: Sandbox, host: str, port: int, replacement: Name | None) -> None:
    path = sandbox.path("names.json")
    with locked(path):
        kept = [name for name in published(sandbox) if (name.host, name.port) != (host, port)]
        if replacement is not None:
            kept.append(replacement)
        write_atomically(path, json.dumps([asdict(name) for name in kept], indent=2) + "\n")
