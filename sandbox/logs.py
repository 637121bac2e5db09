# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Log files of a sandbox: its own processes and the components of its clusters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from sandbox.state import Sandbox, SandboxError

_POLL_SECONDS = 0.3


def files(sandbox: Sandbox) -> dict[str, Path]:
    """Log files by name: `aws`, `node-<cluster>`, `kube-apiserver-<cluster>`, …"""
    found = {path.stem: path for path in sandbox.path("logs").glob("*.log")}
    for path in sandbox.path("clusters").glob("*/logs/*.log"):
        found[f"{path.stem}-{path.parent.parent.name}"] = path
    return dict(sorted(found.items()))


def find(sandbox: Sandbox, name: str) -> Path:
    """The log file of that name; raises SandboxError that lists the names there are."""
    known = files(sandbox)
    if name not in known:
        raise SandboxError(f"There is no log named {name!r}: choose one of {', '.join(known) or '(none yet)'}.")
    return known[name]


def read(path: Path, follow: bool) -> Iterator[str]:
    """Lines of `path`; with `follow` also those to come, until interrupted."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        while True:
            yield from stream
            if not follow:
                return
            time.sleep(_POLL_SECONDS)
