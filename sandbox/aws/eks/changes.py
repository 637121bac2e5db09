# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Changes that take EKS some time: begun by one call, seen as done by the calls after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """One change under way. `kind` is the noun, such as addon, and `subject` the name of the one that changes."""

    kind: str
    subject: str
    due: float
    finish: Callable[[], None]


class Changes:
    """The changes under way in one cluster, in the order in which they began."""

    def __init__(self) -> None:
        self._under_way: list[Change] = []

    def begin(self, kind: str, subject: str, seconds: float, finish: Callable[[], None]) -> None:
        """Let `finish` make the change after `seconds`; at once, that is at the next call, when they are 0."""
        self._under_way.append(Change(kind, subject, time.monotonic() + seconds, finish))

    def settle(self) -> None:
        """Finish what is due."""
        now = time.monotonic()
        due = [change for change in self._under_way if change.due <= now]
        self._under_way = [change for change in self._under_way if change not in due]
        for change in due:
            change.finish()

    def subject(self, kind: str) -> str | None:
        """The name of one of this kind that is changing, None when none is."""
        return next((change.subject for change in self._under_way if change.kind == kind), None)
