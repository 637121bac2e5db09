# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the connection warm against local: site.yml with nothing to change, in turns, in a sandbox of its own."""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import site
from tests.processes import warm_processes
from tests.stages.integration import sandbox

NAME = "bench-warm"
CONNECTIONS = ("ansible.builtin.local", "supastack.aws.warm")
PROMISED = 0.40
MIB = 1024


@dataclass(frozen=True)
class Run:
    """One run of site.yml: how long it took, and what the warm process occupied at most, in KiB.

    Resident memory counts what it shares with its forks as its own; of the proportional one, only its share.
    """

    seconds: float
    resident: int = 0
    proportional: int = 0


class Watch(threading.Thread):
    """Looks at the memory of the warm processes that start from now on."""

    def __init__(self) -> None:
        super().__init__()
        self.resident = self.proportional = 0
        self._earlier = warm_processes()
        self._ended = threading.Event()

    def run(self) -> None:
        """Look twice a second until the end."""
        while not self._ended.wait(0.5):
            for pid in warm_processes() - self._earlier:
                try:
                    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
                except OSError:
                    continue
                self.resident = max(self.resident, field(rollup, "Rss"))
                self.proportional = max(self.proportional, field(rollup, "Pss"))

    def stop(self) -> None:
        """End, and wait for it."""
        self._ended.set()
        self.join()


def field(text: str, name: str) -> int:
    """Number in a line of a file in /proc."""
    found = re.search(rf"^{name}:\s+(\d+)", text, re.MULTILINE)
    return int(found.group(1)) if found else 0


def converge(connection: str) -> Run:
    """Run site.yml, which must find nothing to do."""
    watch = Watch()
    watch.start()
    started = time.monotonic()
    try:
        printed = site_yml(connection)
    finally:
        watch.stop()
    site.require_no_change(connection, printed)
    return Run(time.monotonic() - started, watch.resident, watch.proportional)


def site_yml(connection: str) -> str:
    """Run site.yml and return what it prints."""
    return site.run(NAME, connection, f"ansible_connection={connection}")


def measure(rounds: int) -> list[tuple[Run, Run]]:
    """Make a converged environment, then run local and warm in turns, each one first in every other round."""
    with sandbox(NAME) as failure:
        if failure:
            raise site.BenchError(failure)
        # The second one, with nothing left to do, writes down what the measured ones begin with, as every run does.
        for _run in range(2):
            site_yml(CONNECTIONS[1])
        pairs = []
        for number in range(rounds):
            first, second = (converge(connection) for connection in CONNECTIONS[:: -1 if number % 2 else 1])
            pairs.append((second, first) if number % 2 else (first, second))
        return pairs


def table(pairs: Sequence[tuple[Run, Run]], ratio: float) -> list[str]:
    """What was measured, and the ratio of the medians."""
    lines = ["round   local s   warm s   warm ÷ local"]
    for number, (local, warm) in enumerate(pairs, start=1):
        lines.append(f"{number:5} {local.seconds:9.1f} {warm.seconds:8.1f} {warm.seconds / local.seconds:14.2f}")
    resident, proportional = (
        max(getattr(warm, kind) for _local, warm in pairs) for kind in ("resident", "proportional")
    )
    return [
        *lines,
        f"ratio of the medians: {ratio:.2f} (promised: {PROMISED:.2f})",
        f"memory of the warm process: {resident / MIB:.0f} MiB resident, {proportional / MIB:.0f} MiB proportional",
    ]


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when warm needs no more than the promised share of local's time."""
    parser = argparse.ArgumentParser(prog="tests/bench/warm.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each of the two runs (default: %(default)s)")
    rounds = parser.parse_args(arguments).rounds
    if rounds < 1:
        parser.error(f"--rounds is {rounds}: give at least 1")
    try:
        pairs = measure(rounds)
    except site.BenchError as error:
        print(error, file=sys.stderr)
        return 1
    local, warm = (statistics.median(run.seconds for run in runs) for runs in zip(*pairs, strict=True))
    print("\n".join(table(pairs, warm / local)))
    return 0 if warm / local <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
