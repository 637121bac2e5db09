# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, Supastack contributors
"""Which cases a process takes, and what it found in them.

SHARD: `i/n` for the i-th of n shares of the sweep; RESUME_SEED: where a sample kills.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field

SEED = int(os.environ.get("RESUME_SEED", "0"))
# Each test is run in so many parts, for the processes of pytest.
PARTS = 2


def shard() -> tuple[int, int]:
    """The share that was asked for, from 0, and of how many. Raises ValueError for any other text than i/n."""
    text = os.environ.get("SHARD", "1/1")
    number, _slash, count = text.partition("/")
    if not (number.isdigit() and count.isdigit() and 1 <= int(number) <= int(count)):
        raise ValueError(f"SHARD is {text!r}: use i/n, for example 2/4, with i from 1 to n.")
    return int(number) - 1, int(count)


def chance(*about: object) -> random.Random:
    """What a sample is drawn with: the same for the same seed."""
    return random.Random(repr((SEED, *about)))


@dataclass
class Tally:
    """Cases so far. `part` of PARTS parts takes every so manieth of the shard's."""

    part: int = 0
    seen: int = 0
    taken: int = 0
    failures: list[str] = field(default_factory=list)

    def mine(self) -> bool:
        """Whether the next case is for this process."""
        number, count = shard()
        mine = self.seen % (count * PARTS) == number * PARTS + self.part
        self.seen += 1
        return mine

    def add(self, case: str, problem: str) -> None:
        """Count a case and remember what was wrong."""
        self.taken += 1
        if problem:
            self.failures.append(f"{case}: {problem}")

    @property
    def identical(self) -> int:
        """In how many cases nothing was wrong."""
        return self.taken - len(self.failures)
