# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""What copies of an emulated account are told, and where."""

from __future__ import annotations

from dataclasses import dataclass, field

# The folder of the sandbox with a socket for each copy.
COPIES = "copies"
# What a request can meet. It is dropped before it is acted upon; lost is only the answer.
THROTTLED, BROKEN, DENIED, DROPPED, LOST = FAULTS = ("throttled", "broken", "denied", "dropped", "lost")


@dataclass
class Orders:
    """What is to happen while a copy serves.

    `keep` names the copies that are made after each call that may have changed something, before it is answered, or
    only after number `only` of them. `kill` is a process whose descendants are killed then.
    `fault` is what request number `at` meets.
    `calls` are the requests so far, `changes` those among them that may have changed something.
    """

    keep: str = ""
    only: int = 0
    kill: int = 0
    fault: str = ""
    at: int = 0
    calls: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
