# Copyright: (c) 2026, Supastack contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures site.yml from an empty account against what AWS itself makes it wait for, in a sandbox of its own."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox import account
from sandbox.aws.runtime import durations
from sandbox.state import Sandbox, SandboxError
from tests.bench import graph, site
from tests.stages.integration import sandbox
from tests.stages.programs import OUTPUT
from tools.places import CHECKOUT

NAME = "bench-converge"
MODEL = Path(__file__).with_suffix(".yml")
TIME_SCALE = 0.2
PROMISED = 1.25
MOST_PHASES = 3


@dataclass(frozen=True)
class Run:
    """One run of site.yml: its seconds, its AWS calls by service, and the phases that took longest."""

    seconds: float
    calls: Mapping[str, int]
    phases: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Measured:
    """An environment made from nothing, and then found as it should be."""

    compute: str
    path: graph.CriticalPath
    first: Run
    second: Run

    @property
    def ratio(self) -> float:
        """How much longer the run took than AWS forces it to."""
        return self.first.seconds / (TIME_SCALE * self.path.seconds)


def measure(model: graph.Model, compute: str) -> Measured:
    """Run site.yml twice. Raises GraphError, BenchError or SandboxError when that cannot be measured."""
    edges = model.of(compute)
    path = graph.critical_path(edges, durations())
    with sandbox(NAME, "--time-scale", str(TIME_SCALE)) as failure:
        if failure:
            raise site.BenchError(failure)
        first, _printed = run(compute)
        graph.check_taken(edges, counts("changes"))
        second, printed = run(compute)
        site.require_no_change(compute, printed)
    return Measured(compute, path, first, second)


def run(compute: str) -> tuple[Run, str]:
    """Run site.yml as for production but for sizes; also returns what it printed."""
    timeline = OUTPUT / f"{NAME}.json"
    timeline.parent.mkdir(parents=True, exist_ok=True)
    before = Counter(counts("calls"))
    started = time.monotonic()
    variables = json.dumps({"eks_compute": compute, "rds_multi_az": True, "observability_cloudtrail": "none"})
    printed = site.run(NAME, compute, variables, ANSIBLE_TIMELINE_FILE=str(timeline))
    seconds = time.monotonic() - started
    calls = Counter(counts("calls")) - before
    return Run(seconds, calls, longest(json.loads(timeline.read_text(encoding="utf-8")))), printed


def counts(what: str) -> dict[str, int]:
    """What the emulator has counted so far: calls by service, or changes by duration."""
    counted: dict[str, int] = account.ask(Sandbox.at(CHECKOUT / ".sandbox" / NAME), "GET", "/sandbox/status")[what]
    return counted


def longest(timeline: Mapping[str, Any]) -> list[tuple[str, float]]:
    """The phases of a timeline that took longest, and their seconds."""
    phases = [(phase["name"], phase["seconds"]) for host in timeline["hosts"].values() for phase in host["phases"]]
    return sorted(phases, key=lambda phase: -phase[1])[:MOST_PHASES]


def table(results: Sequence[Measured]) -> list[str]:
    """What was measured, and what it is compared with."""
    lines = ["eks_compute      path s   wall s   wall ÷ (scale * path)   AWS calls   no-op s   no-op AWS calls"]
    for item in results:
        first, second = item.first, item.second
        lines.append(
            f"{item.compute:15} {item.path.seconds:7.0f} {first.seconds:8.1f} {item.ratio:23.3f}"
            f" {sum(first.calls.values()):11} {second.seconds:9.1f} {sum(second.calls.values()):17}"
        )
    lines.append(f"time scale: {TIME_SCALE}; promised: {PROMISED:.2f} at most")
    for item in results:
        steps = " → ".join(f"{step} {durations()[graph.kind(step)]:.0f}" for step in item.path.steps)
        phases = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in item.first.phases)
        calls = ", ".join(f"{count} of {service}" for service, count in sorted(item.first.calls.items()))
        lines += ["", item.compute, f"  path:   {steps}", f"  phases: {phases}", f"  calls:  {calls}"]
    return lines


def main(arguments: Sequence[str]) -> int:
    """Returns 0 when each run needs no more than the promised multiple of what AWS forces."""
    model = graph.Model.read(MODEL)
    parser = argparse.ArgumentParser(prog="tests/bench/converge.py", description=__doc__)
    parser.add_argument("--compute", choices=model.compute, help="only this eks_compute (default: each)")
    chosen = parser.parse_args(arguments).compute
    results, failed = [], False
    for compute in [chosen] if chosen else model.compute:
        try:
            results.append(measure(model, compute))
        except (graph.GraphError, site.BenchError, SandboxError) as error:
            print(f"{compute}: {error}", file=sys.stderr)
            failed = True
    if results:
        print("\n".join(table(results)))
    return 1 if failed or any(item.ratio > PROMISED for item in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
